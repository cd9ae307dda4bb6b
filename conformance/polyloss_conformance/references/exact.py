"""Arithmetic for the references: object arrays of mpmath numbers, element by element.

Numbers follow IEEE 754 where it speaks: NaN passes through, ``log 0`` is minus infinity, the logarithm of a negative number is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array, Case

DIGITS = 60
"""Decimal digits with which a reference value is computed, at least."""

Number = Any
"""An mpmath ``mpf``; mpmath has no types."""

NEAR = "1e-30"
"""Below any difference of numbers that are tested, and above the step of the slopes."""

_KEPT = 1 << 16


def exact(values: Any) -> Array:
    """`values` as an object array of mpmath numbers, each exactly the number that was given."""
    array = np.asarray(values, dtype=object)
    return each(lambda x: x if isinstance(x, mp.mpf) else mp.mpf(float(x) if isinstance(x, np.floating) else x), array)


def inputs_of(case: Case) -> dict[str, Array]:
    """The inputs of `case` as exact numbers."""
    return {name: exact(given.values.tolist()).reshape(given.values.shape) for name, given in case.inputs.items()}


def each(function: Callable[..., Number], *arrays: Array) -> Array:
    """`function` of every element, the arrays broadcast against each other from the last axis on."""
    with np.errstate(invalid="ignore"):  # of infinities NaN is made on purpose
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def constant(x: Number) -> Number:
    """The input `x` without the step of the slopes: what is computed from it is a constant for the gradient."""
    return mp.zero if abs(x) <= mp.mpf(NEAR) else mp.mpf(float(x))


def reshape_like(array: Array, like: Array) -> Array:
    """The elements of `array`, in order, in the shape of `like`.

    Raises:
        ValueError: the numbers of elements differ.
    """
    return array.reshape(like.shape)


def total(terms: Iterable[Number]) -> Number:
    """The sum; 0 of nothing."""
    return sum(terms, mp.zero)


def mean(terms: Sequence[Number]) -> Number:
    """The arithmetic mean; NaN of nothing."""
    return total(terms) / len(terms) if len(terms) else mp.nan


def per_sample(loss: Array, batch_axis: int, reduce: Callable[[list[Number]], Number]) -> Array:
    """`reduce` of all elements of each sample: shape ``(batch size,)``."""
    samples = np.moveaxis(loss, batch_axis, 0)
    out = np.empty(len(samples), dtype=object)
    for n in range(len(samples)):
        out[n] = reduce(list(samples[n : n + 1].flat))
    return out


def weighted(loss: Array, config: Mapping[str, Any], inputs: Mapping[str, Array]) -> Array:
    """`loss` times ``sample_weight``, broadcast, times the constructor's ``weight``: both optional."""
    if "sample_weight" in inputs:
        loss = each(lambda term, w: term * w, loss, inputs["sample_weight"])
    weight = config.get("weight")
    if weight is not None:
        loss = each(lambda term: term * mp.mpf(weight), loss)
    return loss


def relu(x: Number) -> Number:
    """max(x, 0)."""
    return mp.zero if x < 0 else x


@lru_cache(maxsize=_KEPT)
def _exp(x: Number, precision: int) -> Number:
    return mp.exp(x)


@lru_cache(maxsize=_KEPT)
def _log(x: Number, precision: int) -> Number:
    return mp.log(x)


def exp(x: Number) -> Number:
    """e to the x."""
    return _exp(x, mp.prec) if x == x else x


def log(x: Number) -> Number:
    """The natural logarithm."""
    return _log(x, mp.prec) if x >= 0 else mp.nan


def log1p_exp(x: Number) -> Number:
    """log(1 + exp(x)), Gluon's softrelu."""
    small = exp(-abs(x))
    return relu(x) + (small if small < mp.eps else log(1 + small))


def log_softmax(pred: Array, axis: int) -> Array:
    """Every element less the logarithm of the sum of the exponentials along `axis`."""
    rows = np.moveaxis(pred, axis, -1)
    out = np.empty(rows.shape, dtype=object)
    for index in np.ndindex(rows.shape[:-1]):
        normalizer = log(total(exp(x) for x in rows[index]))
        for c, x in enumerate(rows[index]):
            out[(*index, c)] = x - normalizer
    return np.moveaxis(out, -1, axis)
