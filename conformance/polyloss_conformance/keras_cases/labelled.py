"""The cases of the losses of numbered labels: embeddings that are compared, and sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.keras_cases.common import FULL, SINGLE, plan
from polyloss_conformance.keras_cases.other import BY_WEIGHT, MEAN, NONE, SUM
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle

Maker = Callable[[Rng, Shape], Array]

# --- circle ----------------------------------------------------------------------------------------------------------------------

_LENGTH = 0.9375
"""Of embeddings: a distance of exactly 0 would be a kink, and rounding would say on which side of it."""


def _random(rng: Rng, shape: Shape) -> Array:
    rows = rng.normal(size=shape)
    return np.asarray(_LENGTH * rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def _axes(rng: Rng, shape: Shape) -> Array:
    """Equal, opposite and orthogonal, of length 1."""
    axes = np.vstack([np.eye(shape[-1])[:1], np.eye(shape[-1]), -np.eye(shape[-1])])
    return np.resize(axes, shape)


def _wide(rng: Rng, shape: Shape) -> Array:
    return 3.0 * _random(rng, shape)


def _zeros(rng: Rng, shape: Shape) -> Array:
    return _random(rng, shape) * cycle((shape[0], 1), [0.0, 1.0])


def _circle(labels: Sequence[int], embeddings: Maker = _random, others: Sequence[int] = (1, 0, 2)) -> Draw:
    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values: Values = {
            "y_true": cycle(shapes["y_true"], labels),
            "y_pred": embeddings(rng, shapes["y_pred"]),
        }
        if "ref_labels" in shapes:
            values["ref_labels"] = cycle(shapes["ref_labels"], others)
            values["ref_embeddings"] = embeddings(rng, shapes["ref_embeddings"])
        return values

    return draw


_CIRCLES: dict[str, Draw] = {
    "ordinary": _circle((0, 1, 0, 1)),
    "ordinary-2": _circle((0, 0, 1, 1)),
    "ordinary-3": _circle((2, 0, 0, 2)),
    "alone": _circle((0, 0, 0, 1)),
    "three-labels": _circle((0, 1, 2, 0)),
    "one-label": _circle((7,)),
    "no-partners": _circle((0, 1, 2, 3), others=(4, 5, 6)),
    "far-labels": _circle((-5, 1000000, -5, 1000000)),
    "rounded-labels": _circle((16777216, 16777217, 2049, 2048)),
    "axes": _circle((0, 0, 1, 1), _axes),
    "axes-2": _circle((0, 1, 0, 1), _axes),
    "zero-vectors": _circle((0, 1, 1, 0), _zeros),
    "wide": _circle((0, 1, 0, 1), _wide),
}
_NEAR = tuple(name for name in _CIRCLES if name not in ("far-labels", "rounded-labels", "wide"))
_PARTNERS = ("ordinary", "ordinary-2", "ordinary-3", "alone", "three-labels", "zero-vectors")


def _circles(gamma: Mapping[str, Any]) -> Iterable[Layout]:
    shapes: dict[str, Shape] = {"y_true": (4,), "y_pred": (4, 3)}
    whole: Any = {"label_dtype": "int32"}
    native = {**gamma, "fixed_weights": False}
    yield Layout("4x3", shapes, gamma, dtypes=SINGLE, **whole, quick=True)
    yield Layout("4x3-none-native", shapes, {**native, **NONE}, dtypes=FULL, **whole, quick=True)
    yield Layout("4x3-native-weights=4", {**shapes, "sample_weight": (4,)}, native, dtypes=SINGLE, **whole, draws=_NEAR)


def _more_circles() -> Iterable[Layout]:
    shapes: dict[str, Shape] = {"y_true": (4,), "y_pred": (4, 3)}
    column: dict[str, Shape] = {"y_true": (4, 1), "y_pred": (4, 3)}
    small = {"gamma": 4.0}
    native = {**small, "fixed_weights": False}
    whole: Any = {"label_dtype": "int32"}
    yield Layout("4x3-half", shapes, small, dtypes=("float16", "bfloat16"), **whole, draws=_PARTNERS)
    yield Layout("4x1-4x3-sum", column, {**native, **SUM}, dtypes=SINGLE, **whole)
    yield Layout("4x3-diagonal-none", shapes, {**native, **NONE, "remove_diagonal": False}, dtypes=SINGLE, **whole)
    yield Layout("4x3-diagonal", shapes, {**small, "remove_diagonal": False}, dtypes=SINGLE, **whole)
    margin = {**small, "margin": 0.125, **MEAN}
    yield Layout("4x3-margin=0.125-mask", {**shapes, "mask": (4,)}, margin, dtypes=SINGLE, **whole, draws=_NEAR)
    below = {**native, "margin": -0.5, **SUM}
    yield Layout(
        "4x3-margin=-0.5-weights=4x1", {**shapes, "sample_weight": (4, 1)}, below, dtypes=SINGLE, **whole, draws=_NEAR
    )
    weights = {**shapes, "sample_weight": (4,), "mask": (4,)}
    yield Layout("4x3-by-weight-mask-weights", weights, {**native, **BY_WEIGHT}, dtypes=SINGLE, **whole, draws=_NEAR)
    yield Layout("4x3-float-labels", shapes, native, dtypes=SINGLE, draws=_NEAR)


def _circle_plans() -> Iterable[Plan]:
    (wrt, exact) = (("y_pred",), ("y_true",))
    yield plan("Circle", tuple(_circles({})), _CIRCLES, wrt, magnitude=dict.fromkeys(_CIRCLES, 160.0), exact=exact)
    small = tuple(replace(one, name=f"gamma=4-{one.name}", quick=False) for one in _circles({"gamma": 4.0}))
    yield plan(
        "Circle",
        (*small, *_more_circles()),
        _CIRCLES,
        wrt,
        magnitude=dict.fromkeys(_CIRCLES, 8.0) | {"wide": 400.0},
        exact=exact,
    )
    shapes: dict[str, Shape] = {"y_true": (4,), "y_pred": (4, 3), "ref_labels": (3,), "ref_embeddings": (3, 3)}
    draws = ("ordinary", "three-labels", "no-partners", "axes", "zero-vectors")
    layouts = (
        Layout(
            "4x3-3x3-none",
            shapes,
            {**NONE, "gamma": 4.0, "remove_diagonal": False},
            dtypes=FULL,
            label_dtype="int32",
            draws=draws,
        ),
        Layout(
            "4x3-3x3-none-native",
            shapes,
            {**NONE, "gamma": 4.0, "fixed_weights": False},
            dtypes=SINGLE,
            label_dtype="int32",
            draws=draws,
        ),
    )
    labels = ("y_true", "ref_labels")
    yield plan(
        "Circle", layouts, _CIRCLES, ("y_pred", "ref_embeddings"), magnitude=dict.fromkeys(_CIRCLES, 8.0), exact=labels
    )


# --- sequences -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sequence:
    """The labels of the samples in turn, and how the logits are drawn."""

    labels: Sequence[Sequence[int]]
    logits: Maker = lambda rng, shape: rng.normal(size=shape) * 1.5

    def __call__(self, rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        (count, length) = shapes["y_true"]
        rows = np.zeros((count, length))
        for n in range(count):
            labels = list(self.labels[n % len(self.labels)])[:length]
            rows[n, : len(labels)] = np.minimum(labels, shapes["y_pred"][-1] - 1)
        return {"y_true": rows, "y_pred": self.logits(rng, shapes["y_pred"])}


_SEQUENCES: dict[str, Draw] = {
    "ordinary": _Sequence(((1, 2, 3), (2, 1))),
    "ordinary-2": _Sequence(((3, 1, 2), (1, 3, 2))),
    "ordinary-3": _Sequence(((1,), (3,))),
    "ordinary-4": _Sequence(((1, 2, 1), (3, 1, 3))),
    "ordinary-5": _Sequence(((2, 3), (3, 2, 1))),
    "repeats": _Sequence(((1, 1, 2), (2, 2))),
    "exact-fit": _Sequence(((2, 2, 1), (1, 2, 2))),
    "no-labels": _Sequence(((), (1, 2))),
    "no-labels-at-all": _Sequence(((), ())),
    "uniform": _Sequence(((1, 2, 3), (2, 1)), lambda rng, shape: np.zeros(shape)),
    "shifted": _Sequence(((1, 2, 3), (2, 1)), lambda rng, shape: 100.0 + rng.normal(size=shape)),
    "certain": _Sequence(((1, 2, 3), (2, 1)), lambda rng, shape: 20.0 * (rng.uniform(size=shape) > 0.7)),
    "impossible": _Sequence(((1, 1, 1), (1, 2, 3))),
    "all-impossible": _Sequence(((1, 1, 1), (2, 2, 2))),
    "extreme": _Sequence(((1, 2, 3), (2, 1)), lambda rng, shape: cycle(shape, [1e4, -1e4, 0.0, 1e3, -20.0, 5.0, 1e4])),
}
_POSSIBLE = tuple(name for name in _SEQUENCES if "impossible" not in name)
_MILD = tuple(name for name in _POSSIBLE if name != "extreme")


def _ctc_plans() -> Iterable[Plan]:
    shapes: dict[str, Shape] = {"y_true": (2, 3), "y_pred": (2, 4, 4)}
    whole: Any = {"label_dtype": "int32"}
    means = (
        Layout("2x4x4", shapes, dtypes=FULL, **whole, quick=True),
        Layout("2x4x4-half", shapes, dtypes=("float16", "bfloat16"), **whole, draws=_MILD),
        Layout(
            "2x4x4-by-weight-weights=2x1",
            {**shapes, "sample_weight": (2, 1)},
            BY_WEIGHT,
            dtypes=SINGLE,
            **whole,
            draws=_MILD,
        ),
        Layout("2x4x4-mean-weight=0.5", shapes, MEAN, {"sample_weight": 0.5}, SINGLE, draws=_MILD),
    )
    alone = (
        Layout("2x4x4-none", shapes, NONE, dtypes=SINGLE, quick=True),
        Layout("3x2x3-none", {"y_true": (3, 1), "y_pred": (3, 2, 3)}, NONE, dtypes=SINGLE, **whole, draws=_POSSIBLE),
    )
    masked = (
        Layout("2x4x4-mask=2", {**shapes, "mask": (2,)}, dtypes=SINGLE, **whole, draws=_MILD[:8]),
        Layout("2x4x4-sum-mask=2x1", {**shapes, "mask": (2, 1)}, SUM, dtypes=SINGLE, **whole, draws=_MILD[:4]),
    )
    weighted = (Layout("2x4x4-sum-weights=2", {**shapes, "sample_weight": (2,)}, SUM, dtypes=SINGLE, draws=_MILD),)
    # The terms of a gradient, which cancel, are as large as what multiplies the loss: an upstream gradient of up to 2, and a weight.
    for layouts, factor in ((means, 1.0), (alone, 2.0), (masked, 2.0), (weighted, 4.0)):
        sizes = dict.fromkeys(_SEQUENCES, factor) | {"extreme": 1e4, "certain": 20.0, "shifted": 100.0}
        yield plan("CTC", layouts, _SEQUENCES, ("y_pred",), magnitude=sizes, exact=("y_true",))


def plans() -> Iterable[Plan]:
    """For each loss one or more."""
    yield from _circle_plans()
    yield from _ctc_plans()
