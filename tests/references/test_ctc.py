"""The forward recursion against the enumeration of all paths."""

from itertools import product

import numpy as np
import pytest
from mpmath import mp
from polyloss_conformance.references.ctc import by_enumeration, by_recursion


def rows(steps: int, classes: int) -> list[list[mp.mpf]]:
    weights = np.random.default_rng(steps * 10 + classes).uniform(0.1, 1, (steps, classes))
    return [[mp.mpf(w) / mp.mpf(row.sum()) for w in row.tolist()] for row in weights]


@pytest.mark.parametrize(("steps", "classes"), [(1, 2), (2, 2), (3, 2), (1, 3), (3, 3), (4, 3), (3, 4)])
def test_recursion_is_enumeration(steps, classes):
    p = rows(steps, classes)
    for length in range(steps + 2):
        for labels in product(range(classes - 1), repeat=length):
            assert mp.almosteq(by_recursion(p, labels), by_enumeration(p, labels), abs_eps=mp.mpf("1e-14")), labels


@pytest.mark.parametrize(("steps", "classes"), [(3, 3), (4, 2)])
def test_all_labellings_together_are_certain(steps, classes):
    p = rows(steps, classes)
    labellings = [labels for length in range(steps + 1) for labels in product(range(classes - 1), repeat=length)]
    normal = mp.fprod(sum(row) for row in p)
    assert mp.almosteq(sum(by_recursion(p, labels) for labels in labellings), normal)


@pytest.mark.parametrize("blank", [0, 1, 2])
def test_blank_anywhere(blank):
    p = rows(3, 3)
    moved = [[*row[:blank], row[2], *row[blank:2]] for row in p]  # the last class goes to the blank's place
    for length in range(4):
        for labels in product(range(2), repeat=length):
            elsewhere = [label + (label >= blank) for label in labels]
            assert by_recursion(moved, elsewhere, blank) == by_recursion(p, labels)
            assert mp.almosteq(by_enumeration(moved, elsewhere, blank), by_enumeration(p, labels))


def test_by_hand():
    p = [[mp.mpf("0.5"), mp.mpf("0.25"), mp.mpf("0.25")], [mp.mpf("0.25"), mp.mpf("0.5"), mp.mpf("0.25")]]
    assert by_recursion(p, []) == mp.mpf("0.0625")  # blank, blank
    assert by_recursion(p, [0, 1]) == mp.mpf("0.25")  # 0, 1
    assert by_recursion(p, [0]) == mp.mpf("0.3125")  # 00, 0-, -0: 1/8 + 1/8 + 1/16


def test_no_path():
    p = rows(2, 3)
    assert by_recursion(p, [0, 0]) == 0
    assert by_recursion(p, [0, 1, 0]) == 0
    assert by_recursion([], [0]) == 0
    assert by_recursion([], []) == 1
    assert by_enumeration([], []) == 1
    assert by_enumeration([], [0]) == 0
