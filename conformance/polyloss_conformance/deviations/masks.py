"""How MXNet's numbers deviate, element by element, as the recorded deviations have it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from polyloss_conformance.cases import Array, Case, epsilon
from polyloss_conformance.deviations.record import Evidence, Masks

LARGEST = {"float64": 1.797e308, "float32": 3.4028e38, "float16": 65504.0}
"""Of each dtype."""

ACCURACY = 128.0
"""ULP within which the approximations of oneDNN stay."""


def given(case: Case, name: str) -> Array:
    """The values of an input."""
    return np.asarray(case.inputs[name].values, dtype=np.float64)


def weights(case: Case) -> float:
    """The constructor's weight."""
    weight = case.config.get("weight")
    return 1.0 if weight is None else float(weight)


def by_sample(evidence: Evidence, samples: Array, batch_axis: int = 0) -> dict[str, Array]:
    """Everything of these samples that is not finite: their values, and their part of every gradient of a tensor of samples."""
    masks = {"value": _not_finite(evidence, "value") & np.reshape(samples, evidence.right.shape)}
    for name in evidence.gradients:
        got = evidence.got(f"gradient {name}")
        mask = np.broadcast_to(samples.any(), got.shape)
        if got.ndim and got.shape[batch_axis] == samples.size:
            mask = _along(samples, got.ndim, batch_axis) & mask
        masks[f"gradient {name}"] = mask & ~np.isfinite(got)
    return masks


def _not_finite(evidence: Evidence, what: str) -> Array:
    return ~np.isfinite(evidence.got(what))


def _along(samples: Array, ndim: int, axis: int) -> Array:
    shape = [1] * ndim
    shape[axis] = samples.size
    return np.reshape(samples, shape)


def samples_of(elements: Array, batch_axis: int) -> Array:
    """Whether any element of each sample is true."""
    return np.asarray(np.moveaxis(elements, batch_axis, 0).reshape(elements.shape[batch_axis], -1).any(axis=1))


# --- one function per deviation -----------------------------------------------------------------------------------------------------


def slope_at_zero(evidence: Evidence) -> Masks:
    """At a logit of 0 MXNet's slope is that of the formula with relu'(0) = 0 and abs'(0) = 0, and softrelu's part is lost."""
    case = evidence.case
    pred = given(case, "pred")
    if "pred" not in evidence.gradients:
        return {}
    label = given(case, "label").reshape(pred.shape)
    axis = case.config.get("batch_axis", 0)
    upstream = _along(case.upstream(evidence.right.shape), pred.ndim, axis)
    scale = weights(case) * upstream * evidence.right.size / pred.size
    if "sample_weight" in case.inputs:
        scale = scale * given(case, "sample_weight")
    lost = -0.5 * np.ones(pred.shape)
    if "pos_weight" in case.inputs:
        lost = 0.5 * (1 + (given(case, "pos_weight") - 1) * label)
    right = evidence.gradients["pred"].lower
    off: Array = abs(evidence.got("gradient pred") - (right + scale * lost))
    return {"gradient pred": (pred == 0) & (off <= 16 * epsilon(case.dtype) * np.maximum(1, abs(scale * lost)))}


def zero_rows(evidence: Evidence) -> Masks:
    """NaN in the gradient with respect to a row that is all zero."""
    masks = {}
    for name in ("input1", "input2"):
        if name in evidence.gradients:
            rows = given(evidence.case, "input2").shape
            zero = (given(evidence.case, name).reshape(rows) == 0).all(axis=-1, keepdims=True)
            mask = np.broadcast_to(zero, rows).reshape(given(evidence.case, name).shape)
            masks[f"gradient {name}"] = mask & np.isnan(evidence.got(f"gradient {name}"))
    return masks


def infeasible(evidence: Evidence) -> Masks:
    """The value 0 where no path reads as the label, and anything for a gradient there."""
    endless = np.isposinf(evidence.right)
    masks = {"value": endless & (evidence.got("value") == 0)}
    if "pred" in evidence.gradients:
        got = evidence.got("gradient pred")
        axis = 0 if evidence.case.config.get("layout", "NTC") == "NTC" else 1
        masks["gradient pred"] = np.broadcast_to(_along(endless, got.ndim, axis), got.shape)
    if "sample_weight" in evidence.gradients:
        masks["gradient sample_weight"] = np.isnan(evidence.gradients["sample_weight"].lower)
    return masks


def everything(evidence: Evidence) -> Masks:
    """Any number whatever: memory that nobody wrote."""
    masks = {f"gradient {name}": np.ones(slopes.lower.shape, bool) for name, slopes in evidence.gradients.items()}
    return {"value": np.ones(evidence.right.shape, bool), **masks}


def certain(evidence: Evidence) -> Masks:
    """The softmax itself, in place of its difference from the expected occupancy, which is 1."""
    case = evidence.case
    got, right = evidence.got("gradient pred"), evidence.gradients["pred"].lower
    axis = 0 if case.config.get("layout", "NTC") == "NTC" else 1
    scale = weights(case) * case.upstream(evidence.right.shape)
    if "sample_weight" in case.inputs:
        scale = scale * given(case, "sample_weight")
    full = _along(np.asarray(scale), got.ndim, axis)
    return {"gradient pred": abs(got - right - full) <= 16 * epsilon(case.dtype) * np.maximum(1, abs(full))}


def steep(evidence: Evidence) -> Masks:
    """NaN in the gradient where twice the difference is beyond the largest number."""
    case = evidence.case
    pred = given(case, "pred")
    difference = abs(pred - given(case, "label").reshape(pred.shape))
    masks = {}
    for name in ("pred", "label"):
        if name in evidence.gradients:
            mask = (2 * difference > LARGEST[case.dtype]).reshape(given(case, name).shape)
            masks[f"gradient {name}"] = mask & np.isnan(evidence.got(f"gradient {name}"))
    return masks


def halves_without_epsilon(hit: Callable[[Case], Array]) -> Callable[[Evidence], Masks]:
    """Numbers that are not finite in the samples with an element for which `hit` is true."""

    def masks(evidence: Evidence) -> Masks:
        elements = hit(evidence.case)
        if evidence.right.size == 1:
            return by_sample(evidence, np.array([elements.any()])) | _gradients_not_finite(evidence)
        axis = evidence.case.config.get("batch_axis", 0)
        return by_sample(evidence, samples_of(elements, axis), axis) | _gradients_not_finite(evidence)

    return masks


def _gradients_not_finite(evidence: Evidence) -> dict[str, Array]:
    return {f"gradient {name}": _not_finite(evidence, f"gradient {name}") for name in evidence.gradients}


def approximated(evidence: Evidence) -> Masks:
    """Errors of a size that an approximation explains."""
    return {what: errors <= ACCURACY for what, errors in evidence.errors().items()}


def all_nan(evidence: Evidence) -> Masks:
    """NaN, and nothing but NaN."""
    whats = ("value", *(f"gradient {name}" for name in evidence.gradients))
    if not all(np.isnan(evidence.got(what)).all() for what in whats):
        return {}
    return {what: np.isnan(evidence.got(what)) for what in whats}


def overflowing(case: Case, pairs: tuple[tuple[str, str], ...]) -> Array:
    """Whether the squared distance of any of these pairs of inputs is above the largest number, for each sample."""
    shape = case.inputs[pairs[0][0]].values.shape
    axis = case.config.get("batch_axis", 0)
    found = np.zeros(shape[axis], bool)
    for left, right in pairs:
        difference = given(case, left).reshape(shape) - given(case, right).reshape(shape)
        squares = np.moveaxis(difference, axis, 0).reshape(shape[axis], -1) ** 2
        found |= squares.sum(axis=1) > LARGEST.get(case.dtype, np.inf)
    return found
