"""Connectionist temporal classification: the probability of a labelling, by recursion and by enumeration of all paths.

Both take ``rows``, for each time step the probabilities of all classes, ``labels``, the labelling without blanks, and ``blank``, the class
that is the blank: the last unless given.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, product

from mpmath import mp

from polyloss_conformance.references.exact import Number, total


def by_recursion(rows: Sequence[Sequence[Number]], labels: Sequence[int], blank: int | None = None) -> Number:
    """The forward recursion of Graves et al. (2006), equations 5 to 8, in plain probabilities."""
    if not rows:
        return mp.mpf(0 if labels else 1)
    blank = len(rows[0]) - 1 if blank is None else blank
    path = [blank]
    for label in labels:
        path += [label, blank]
    forward = [
        rows[0][symbol] * (1 if s < 2 else 0) for s, symbol in enumerate(path)
    ]  # times 0, not 0: NaN passes through
    for row in rows[1:]:
        step = []
        for s, symbol in enumerate(path):
            reached = forward[s]
            if s >= 1:
                reached += forward[s - 1]
            if s >= 2 and symbol != path[s - 2]:
                reached += forward[s - 2]
            step.append(reached * row[symbol])
        forward = step
    return total(forward[-2:])


def by_enumeration(rows: Sequence[Sequence[Number]], labels: Sequence[int], blank: int | None = None) -> Number:
    """The sum over all ``C**T`` paths of those that read `labels` once repetitions are merged and blanks removed."""
    blank = len(rows[0]) - 1 if rows and blank is None else blank
    classes = range(len(rows[0])) if rows else range(0)
    probability = mp.zero
    for path in product(classes, repeat=len(rows)):
        if [symbol for symbol, _ in groupby(path) if symbol != blank] == list(labels):
            probability += mp.fprod(row[symbol] for row, symbol in zip(rows, path, strict=True))
    return probability
