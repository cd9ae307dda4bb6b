"""What the references of the zoo share: the reduction, and what is a constant for the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, total
from polyloss_conformance.references.reference import Config, Reference

zoo = partial(Reference, module="polyloss.zoo", release="")
"""A reference of an item; its `paper` is the source."""

REDUCED = r"\ell = \operatorname{mean}_n l_n,\ \sum_n l_n \text{ or } (l_n)_n \qquad "

NEAR = "1e-30"
"""Below any difference of numbers that are tested, and above the step of the slopes."""


def fixed(values: Array) -> Array:
    """`values`, which are inputs, without the step of the slopes: a constant for the gradient (stop-gradient).

    What is computed from them alone is a constant too.
    """
    return each(lambda x: mp.mpf(float(x)) if not abs(x) <= mp.mpf(NEAR) else mp.zero, values)


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
