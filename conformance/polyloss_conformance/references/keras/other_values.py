"""The unreduced hinges, overlaps, distances and alignments of ``keras.losses``: loops over exact numbers, of tensors of one rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references import ctc
from polyloss_conformance.references.exact import (
    Number,
    constant,
    each,
    exp,
    log,
    log1p_exp,
    log_softmax,
    mean,
    relu,
    total,
)
from polyloss_conformance.references.keras.common import EPSILON, computed_in
from polyloss_conformance.references.reference import Config, Inputs


def _rows(values: Callable[[list[Number], list[Number]], Number], true: Array, pred: Array) -> Array:
    """`values` of the last axes, for every place of the others."""
    (y, x) = np.broadcast_arrays(true, pred)
    found = np.empty(x.shape[:-1], dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = values(list(y[place]), list(x[place]))
    return found


# --- hinges ---------------------------------------------------------------------------------------------------------------------


def _signs(true: Array) -> Array:
    """-1 and 1 for 0 and 1, if there is nothing else in the whole tensor."""
    if all(constant(y) in (0, 1) for y in true.flat):
        return each(lambda y: 2 * y - 1, true)
    return true


def hinge(true: Array, pred: Array, config: Config) -> Array:
    """The mean over the last axis."""
    return _rows(lambda ys, xs: mean([relu(1 - y * x) for y, x in zip(ys, xs, strict=True)]), _signs(true), pred)


def squared_hinge(true: Array, pred: Array, config: Config) -> Array:
    """The mean over the last axis."""
    return _rows(lambda ys, xs: mean([relu(1 - y * x) ** 2 for y, x in zip(ys, xs, strict=True)]), _signs(true), pred)


def _of_classes(ys: list[Number], xs: list[Number]) -> Number:
    right = total(y * x for y, x in zip(ys, xs, strict=True))
    wrong = max((1 - y) * x for y, x in zip(ys, xs, strict=True))
    return relu(wrong - right + 1)


def categorical_hinge(true: Array, pred: Array, config: Config) -> Array:
    """The best wrong class against the right one."""
    return _rows(_of_classes, true, pred)


# --- overlaps --------------------------------------------------------------------------------------------------------------------

Pair = tuple[Number, Number]


def _regions(true: Array, pred: Array, axis: int | Sequence[int] | None) -> dict[tuple[int, ...], list[Pair]]:
    """The pairs of label and prediction of each region, by its place among the axes that remain."""
    if true.shape != pred.shape:
        raise ValueError(f"shapes {true.shape} and {pred.shape}")
    axes = range(pred.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = {one % pred.ndim for one in axes}
    found: dict[tuple[int, ...], list[Pair]] = {} if len(gone) < pred.ndim else {(): []}
    for place in np.ndindex(pred.shape):
        kept = tuple(i for d, i in enumerate(place) if d not in gone)
        found.setdefault(kept, []).append((true[place], pred[place]))
    return found


def _overlaps(
    loss: Callable[[list[Pair]], Number], true: Array, pred: Array, axis: int | Sequence[int] | None
) -> Array:
    regions = _regions(true, pred, axis)
    sizes = [1 + max(place[d] for place in regions) for d in range(len(next(iter(regions))))]
    found = np.empty(sizes, dtype=object)
    for place, pairs in regions.items():
        found[place] = loss(pairs)
    return found


def dice(true: Array, pred: Array, config: Config, epsilon: Number = None) -> Array:
    """1 less twice the overlap over the sizes."""
    epsilon = computed_in(config, EPSILON) if epsilon is None else epsilon

    def loss(pairs: list[Pair]) -> Number:
        sizes = total(y for y, _ in pairs) + total(x for _, x in pairs)
        overlap = total(y * x for y, x in pairs)
        return 1 - 2 * overlap / (sizes + epsilon) if sizes + epsilon else mp.nan

    return _overlaps(loss, true, pred, config.get("axis"))


def tversky(true: Array, pred: Array, config: Config) -> Array:
    """1 less the index: alpha weighs what is found wrongly, beta what is missed."""
    epsilon = computed_in(config, EPSILON)
    (true, pred) = np.broadcast_arrays(true, pred)
    (alpha, beta) = (mp.mpf(config.get(name, 0.5)) for name in ("alpha", "beta"))

    def loss(pairs: list[Pair]) -> Number:
        found = total(y * x for y, x in pairs)
        wrongly = total((1 - y) * x for y, x in pairs)
        missed = total(y * (1 - x) for y, x in pairs)
        return 1 - found / (found + alpha * wrongly + beta * missed + epsilon)

    return _overlaps(loss, true, pred, config.get("axis"))


# --- distances -------------------------------------------------------------------------------------------------------------------


def _log_sum(terms: list[Number]) -> Number:
    return log(total(exp(term) for term in terms)) if terms else -mp.inf


def circle(inputs: Inputs, config: Config) -> Array:
    """One loss for each embedding; 0, whatever the embeddings, where it has no partner of its label or none of another."""
    own = inputs["y_pred"]
    labels = [int(label) for label in inputs["y_true"].flat]
    among = inputs.get("ref_embeddings", own)
    names = [int(label) for label in inputs["ref_labels"].flat] if "ref_labels" in inputs else labels
    (gamma, margin) = (mp.mpf(config.get("gamma", 80)), mp.mpf(config.get("margin", 0.4)))
    found = np.empty(len(own), dtype=object)
    for i, (row, label) in enumerate(zip(own, labels, strict=True)):
        (near, far) = ([], [])
        for j, (other, name) in enumerate(zip(among, names, strict=True)):
            if i == j and label == name and config.get("remove_diagonal", True):
                continue
            distance = relu(1 - total(a * b for a, b in zip(row, other, strict=True)))
            fixed = distance
            if config.get("fixed_weights", True):
                fixed = relu(1 - total(constant(a) * constant(b) for a, b in zip(row, other, strict=True)))
            if name == label:
                near.append(gamma * relu(margin + fixed) * (distance - margin))
            else:
                far.append(gamma * relu(1 + margin - fixed) * (1 - margin - distance))
        found[i] = log1p_exp(_log_sum(near) + _log_sum(far)) if near and far else mp.zero
    return found


# --- alignments ------------------------------------------------------------------------------------------------------------------


def ctc_loss(true: Array, pred: Array, config: Config) -> Array:
    """Class 0 is the blank and the padding; infinite, whatever the logits, where the frames do not suffice."""
    found = np.empty(len(pred), dtype=object)
    for n, frames in enumerate(pred):
        labels = [int(label) for label in true[n] if label != 0]
        repeats = sum(a == b for a, b in pairwise(labels))
        if len(labels) + repeats > len(frames):
            found[n] = mp.inf
        else:
            rows = [[exp(x) for x in row] for row in log_softmax(frames, -1)]
            found[n] = -log(ctc.by_recursion(rows, labels, 0))
    return found


# --- functions of one's own ------------------------------------------------------------------------------------------------------


def _elementwise(term: Callable[[Number, Number], Number]) -> Callable[[Array, Array, Config], Array]:
    return lambda true, pred, config: each(term, true, pred)


def _huber(true: Array, pred: Array, config: Config) -> Array:
    delta = mp.mpf(config.get("delta", 1.0))

    def term(y: Number, x: Number) -> Number:
        error = abs(y - x)
        return error**2 / 2 if error <= delta else delta * error - delta**2 / 2

    return _rows(lambda ys, xs: mean([term(y, x) for y, x in zip(ys, xs, strict=True)]), true, pred)


OWN: dict[str, Callable[[Array, Array, Config], Array]] = {
    "absolute": _elementwise(lambda y, x: abs(y - x)),
    "scaled": lambda true, pred, config: each(
        lambda y, x: mp.mpf(config.get("scale", 1)) * (y - x) * (y - x), true, pred
    ),
    "product": _elementwise(lambda y, x: y * x),
    "rows": lambda true, pred, config: _rows(
        lambda ys, xs: total(abs(y - x) for y, x in zip(ys, xs, strict=True)), true, pred
    ),
    "total": lambda true, pred, config: np.asarray(
        total((y - x) ** 2 for y, x in zip(*(side.flat for side in np.broadcast_arrays(true, pred)), strict=True)),
        dtype=object,
    ),
    "huber": _huber,
}
"""Unreduced, by the names that cases give them."""
