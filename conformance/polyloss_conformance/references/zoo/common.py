"""What the references of the zoo share: the reduction, and what is a constant for the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import NEAR, Number, constant, each, exp, total
from polyloss_conformance.references.reference import Config, Reference

zoo = partial(Reference, module="polyloss.zoo", release="")
"""A reference of an item; its `paper` is the source."""

REDUCED = r"\ell = \operatorname{mean}_n l_n,\ \sum_n l_n \text{ or } (l_n)_n \qquad "


def fixed(values: Array) -> Array:
    """`values`, which are inputs, without the step of the slopes: a constant for the gradient (stop-gradient).

    What is computed from them alone is a constant too.
    """
    return each(constant, values)


def cosine(x: Sequence[Number], y: Sequence[Number]) -> Number:
    """The cosine of two vectors; 0 if one is the zero vector, also where the step of a slope has moved it."""
    lengths = [mp.sqrt(total(a * a for a in v)) for v in (x, y)]
    if min(lengths) <= mp.mpf(NEAR):
        return mp.zero
    return total(a * b for a, b in zip(x, y, strict=True)) / (lengths[0] * lengths[1])


def softmax(values: Sequence[Number]) -> list[Number]:
    """``e^x_i / sum_j e^x_j``."""
    top = max(values)
    heights = [exp(x - top) for x in values]
    whole = total(heights)
    return [height / whole for height in heights]


def reduced(values: Array | Sequence[Number], config: Config, default: str = "mean", count: Any = None) -> Array:
    """`values` by the reduction of `config`; the mean divides by `count`, or by how many there are, and is 0 over nothing."""
    values = np.asarray(values, dtype=object)
    mode = config.get("reduction", default)
    if mode == "none":
        return values
    found = total(values.flat)
    if mode == "mean":
        count = values.size if count is None else count
        found = found / count if count else found
    return np.asarray(found, dtype=object)
