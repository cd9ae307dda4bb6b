"""What the references of ``keras.losses`` share: ranks, masks, weights, the reduction, and the numbers of the compute dtype.

Written from the code of Keras 3.15, ``keras/src/losses/loss.py``, as loops over elements.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, total
from polyloss_conformance.references.reference import Call, Config, Inputs, Reference, Value

keras = partial(Reference, module="keras.losses", release="Keras 3.15")

EPSILON = 1e-7
"""Keras's ``keras.config.epsilon()``."""

REDUCED = r"\ell = \frac{\sum_n w_n l_n}{N},\ \frac{\sum_n w_n l_n}{\sum_n w_n},\ \sum_n w_n l_n \text{ or } (w_n l_n)_n \qquad "

Unreduced = Callable[[Array, Array, Config], Array | tuple[Array, Array | None]]
"""From y_true, y_pred and the configuration to the unreduced loss, or that and a mask of 0 and 1 on it."""


def loss(unreduced: Unreduced, ranks: bool = True) -> Value:
    """The call of the class: both in one rank (unless not `ranks`), `unreduced`, masks and weights, the reduction."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        (true, pred) = (inputs["y_true"], inputs["y_pred"])
        if ranks:
            (true, pred) = same_rank(true, pred)
        found = unreduced(true, pred, config)
        (values, own) = found if isinstance(found, tuple) else (found, None)
        masks = [mask for mask in (inputs.get("mask"), own) if mask is not None]
        mask = each(lambda *flags: mp.mpf(all(flags)), *masks) if masks else None
        weight = inputs.get("sample_weight")
        if weight is None and call.get("sample_weight") is not None:
            weight = np.asarray(mp.mpf(call["sample_weight"]), dtype=object)
        return reduced(values, weight, mask, config.get("reduction", "sum_over_batch_size"))

    return value


def same_rank(first: Array, second: Array) -> tuple[Array, Array]:
    """Both in one rank, where one has an axis more and that has size 1: it goes, unless the other has a single axis, which gains one."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        return (first, second[:, None]) if second.ndim == 1 else (first[..., 0], second)
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        return (first[:, None], second) if first.ndim == 1 else (first, second[..., 0])
    return first, second


def reduced(values: Array, weight: Array | None, mask: Array | None, reduction: str | None) -> Array:
    """`values` times mask and weight, reduced.

    For a mean a mask weighs each valid element by the number of all elements of the mask over that of the valid ones.
    """
    if mask is not None:
        share = mp.one
        if reduction in ("sum_over_batch_size", "mean"):
            share = ratio(mp.mpf(mask.size), total(mask.flat))
        masking = each(lambda flag: flag * share, mask)
        weight = masking if weight is None else each(_product, *same_rank(masking, weight))
    if weight is not None:
        (values, weight) = same_rank(values, weight)
        values = each(_product, values, weight)
    if reduction in (None, "none"):
        return values
    found = total(values.flat)
    if reduction in ("sum_over_batch_size", "mean"):
        found = ratio(found, mp.mpf(values.size))
    elif reduction == "mean_with_sample_weight":
        found = ratio(found, mp.mpf(values.size) if weight is None else total(weight.flat))
    return np.asarray(found, dtype=object)


def _product(value: Number, weight: Number) -> Number:
    return value * weight


def ratio(numerator: Number, denominator: Number) -> Number:
    """The quotient, 0 where the denominator is 0."""
    return numerator / denominator if denominator != 0 else mp.zero * numerator


def along(reduce: Callable[[list[Number]], Number], values: Array, axis: int = -1) -> Array:
    """`reduce` of the elements of each line along `axis`, which goes."""
    rows = np.moveaxis(values, axis, -1)
    out = np.empty(rows.shape[:-1], dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = reduce(list(rows[index]))
    return out


def computed_in(config: Config, number: float) -> Number:
    """`number` as the dtype in which the loss is computed holds it: float64, or for every other dtype float32."""
    return mp.mpf(number if config.get("dtype") == "float64" else float(np.float32(number)))
