"""What a run measures: cells, each a loss of a framework in a mode at a size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from benchmarks.frameworks import Framework
from benchmarks.spec import SIZES

QUICK = ("tiny", "medium")
"""The sizes of a quick run, which is eager, forward with backward alone, and takes of losses with sizes of their own the least."""


class Cell(NamedTuple):
    """A loss in a mode at a size; `loss` is the name of its spec."""

    mode: str
    size: str
    loss: str


def cells(kind: type[Framework], quick: bool) -> list[Cell]:
    """Everything there is to measure of a framework."""
    found = []
    for mode in ("eager",) if quick else ("eager", *kind.compiled):
        for size in kind.slow.get(mode, QUICK if quick else SIZES):
            found += [
                Cell(mode, size, spec.name)
                for spec in kind.specs
                if size in spec.sizes and not (quick and spec.only and size != QUICK[0])
            ]
    return found


def chosen(
    kind: type[Framework], quick: bool, modes: Collection[str], sizes: Collection[str], losses: Collection[str]
) -> list[Cell]:
    """Those with one of these modes, sizes and classes of losses; no choice is all of them."""
    names = {spec.name for spec in kind.specs if not losses or spec.loss in losses}
    return [
        cell
        for cell in cells(kind, quick)
        if (not modes or cell.mode in modes) and (not sizes or cell.size in sizes) and cell.loss in names
    ]


def counts(kinds: Collection[type[Framework]], quick: bool) -> Counter[tuple[str, str, str]]:
    """How many losses there are to measure, by framework, mode and size."""
    return Counter((kind.name, cell.mode, cell.size) for kind in kinds for cell in cells(kind, quick))


def passes(kind: type[Framework], mode: str, quick: bool) -> tuple[str, ...]:
    """What is timed of a cell: ``forward``, and ``both``, forward with backward."""
    return ("both",) if quick or mode in kind.slow else ("forward", "both")


def peaked(cell: Cell, quick: bool) -> bool:
    """Whether memory is measured of a cell: not where there is next to none."""
    return not quick and cell.size != "tiny"
