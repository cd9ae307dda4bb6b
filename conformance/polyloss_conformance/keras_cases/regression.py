"""The cases of the losses of real numbers. Those of `MeanSquaredError` go through what all losses share: ranks, weights, masks, dtypes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.keras_cases.common import ALL, FULL, PAIR, SINGLE, name_of, pair, plan
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle, signs

# --- draws ----------------------------------------------------------------------------------------------------------------------


def _drawn(true: Callable[[Rng, Shape], Array], pred: Callable[[Rng, Shape], Array]) -> Draw:
    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"y_true": true(rng, shapes["y_true"]), "y_pred": pred(rng, shapes["y_pred"])}

    return draw


def _cycled(true: Sequence[float], pred: Sequence[float]) -> Draw:
    return _drawn(lambda rng, shape: cycle(shape, true), lambda rng, shape: cycle(shape, pred))


def _normal(scale: float = 1.0, shift: float = 0.0) -> Callable[[Rng, Shape], Array]:
    return lambda rng, shape: rng.normal(size=shape) * scale + shift


def _uniform(low: float, high: float) -> Callable[[Rng, Shape], Array]:
    return lambda rng, shape: rng.uniform(low, high, shape)


def _whole(low: int, high: int, parts: int = 1) -> Callable[[Rng, Shape], Array]:
    """Multiples of 1 / parts: ties are likely."""
    return lambda rng, shape: rng.integers(low * parts, high * parts + 1, shape) / parts


def _far(rng: Rng, shape: Shape) -> Array:
    return signs(rng, shape) * 1e4


_ORDINARY = _drawn(_normal(), _normal(1.5))
_ANY: dict[str, Draw] = {
    "ordinary": _ORDINARY,
    "second": _ORDINARY,
    "wide": _drawn(_normal(20.0), _normal(20.0, 5.0)),
    "near": _drawn(_normal(1e-3), _normal(1e-3)),
    "ties": _drawn(_whole(-1, 1, 2), _whole(-1, 1, 2)),
    "whole": _drawn(_whole(0, 3), _whole(-3, 3)),
    "extreme": _drawn(_far, _far),
    "equal": _cycled([0.5], [0.5]),
    "half-range": _cycled([0.0], [300.0, 300.0, 0.0, 0.0, 0.0]),
}
_MAGNITUDES = {"extreme": 1e4, "half-range": 300.0}

_SQUARES: dict[str, Draw] = {name: _ANY[name] for name in ("ordinary", "second", "near", "ties", "equal")}
_SQUARED = {"ordinary": 16.0, "second": 16.0}
"""What cancels in the gradient of a weight by whose sum is divided: squared errors."""

_POSITIVE: dict[str, Draw] = {
    "ordinary": _drawn(_uniform(0.1, 4.0), _uniform(0.1, 4.0)),
    "second": _drawn(_uniform(0.1, 4.0), _uniform(0.1, 4.0)),
    "small": _drawn(_uniform(1e-4, 1e-2), _uniform(1e-4, 1e-2)),
    "zeros": _cycled([0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.5, 2.0, 1.0]),
    "counts": _drawn(_whole(0, 5), _uniform(0.5, 5.0)),
    "ties": _drawn(_whole(1, 2, 2), _whole(1, 2, 2)),
    "extreme": _cycled([1e4, 0.25, 1e4, 1.0], [1e4, 1e4, 0.5, 1.0, 2e4]),
    "unequal": _drawn(_uniform(0.0, 0.5), _uniform(2.0, 30.0)),
}
_NEGATIVE: dict[str, Draw] = {
    "negative": _cycled([-1.0, 0.5, -0.25, 2.0], [0.5, -2.0, -0.75, 1.0, 3.0]),
    "both-below": _cycled([-0.5, -1.0], [-2.0, -1e4, -1.0]),
}
_PERCENTAGES: dict[str, Draw] = {
    "ordinary": _drawn(
        lambda rng, shape: signs(rng, shape) * rng.uniform(0.5, 4.0, shape),
        _normal(1.5),
    ),
    "second": _drawn(_uniform(0.5, 4.0), _uniform(0.5, 4.0)),
    "positive": _drawn(_uniform(0.5, 2.0), _uniform(0.1, 4.0)),
    "negative": _drawn(_uniform(-3.0, -0.5), _uniform(-1.0, 1.0)),
    "zeros": _cycled([0.0, 1.0, -2.0, 0.5], [0.5, 1.0, 0.0, -0.25, 1e-3]),
    "all-zero": _cycled([0.0], [0.0]),
    "ties": _drawn(_whole(1, 2, 2), _whole(1, 2, 2)),
    "extreme": _cycled([1e4, -1e4, 1.0], [-1e4, 1e4, 1.0, 100.0]),
    "whole": _drawn(_whole(1, 9), _whole(-9, 9)),
}


def _vectors(scale: float) -> Draw:
    """Parallel, opposite and orthogonal pairs, row by row."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        true = rng.integers(1, 4, shapes["y_true"]).astype(float)
        factors = cycle(shapes["y_pred"][:1], [2.0, -0.5]).reshape([-1] + [1] * (len(shapes["y_pred"]) - 1))
        return {"y_true": true * scale, "y_pred": np.resize(true, shapes["y_pred"]) * factors * scale}

    return draw


def _with_zero_rows(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    values = _ORDINARY(rng, shapes, config)
    values["y_pred"][:1] = 0.0
    return values


def _with_zero_labels(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    values = _ORDINARY(rng, shapes, config)
    values["y_true"][-1:] = 0.0
    return values


_COSINES: dict[str, Draw] = {
    "ordinary": _ORDINARY,
    "second": _ORDINARY,
    "whole": _drawn(_whole(-3, 3), _whole(1, 3)),
    "zero-pred": _with_zero_rows,
    "zero-true": _with_zero_labels,
    "all-zero": _cycled([0.0], [0.0]),
    "parallel": _vectors(1.0),
    "large": _vectors(1e4),
    "unequal": _drawn(_normal(1e3), _normal(1e-2)),
}
_LENGTHS: dict[str, Draw] = {
    "huge": _vectors(1e30),
    "tiny": _vectors(1e-9),
}
"""Vectors whose squares overflow, and of a length below epsilon."""

# --- layouts --------------------------------------------------------------------------------------------------------------------

_NONE = {"reduction": "none"}
_BY_WEIGHT = {"reduction": "mean_with_sample_weight"}


def _common(*options: Mapping[str, Any]) -> list[Layout]:
    """What every loss is put through, and 2x3 with each of these options."""
    many = pair((2, 3, 2))
    return [
        Layout("2x3", pair((2, 3)), dtypes=ALL, quick=True),
        Layout("2x3-none", pair((2, 3)), _NONE, dtypes=FULL),
        Layout("3x4-sum", pair((3, 4)), {"reduction": "sum"}, dtypes=SINGLE),
        Layout("2x3-strided", pair((2, 3)), dtypes=("float64",), strided=True),
        Layout("2x3-sw=2", pair((2, 3), sample_weight=(2,)), dtypes=("float32", "float16"), quick=True),
        Layout("2x3x2-sw=2x1-none", {**many, "sample_weight": (2, 1)}, _NONE, dtypes=("float64",)),
        Layout("2x3x2-mask=2x3", {**many, "mask": (2, 3)}, dtypes=SINGLE),
        Layout("2-2x1-none", {"y_true": (2,), "y_pred": (2, 1)}, _NONE, dtypes=SINGLE),
        *(
            Layout("2x3-" + ",".join(f"{k}={v}" for k, v in one.items()), pair((2, 3)), one, dtypes=FULL)
            for one in options
        ),
    ]


def _by_weight() -> list[Layout]:
    """Divided by the sum of the weights."""
    of: list[tuple[Shape, dict[str, Shape]]] = [
        ((2, 3), {"sample_weight": (2,)}),
        ((2, 3), {"sample_weight": (2, 1), "mask": (2,)}),
        ((3,), {"sample_weight": (2,)}),
        ((2, 3, 2), {"sample_weight": (2, 1)}),
        ((2, 3, 2), {"sample_weight": (2, 3)}),
        ((2, 3, 2), {"mask": (2, 3, 1)}),
        ((2, 3, 2), {"sample_weight": (2, 1), "mask": (2, 3)}),
    ]
    given = {"sample_weight": "sw", "mask": "mask"}
    return [
        Layout(
            "-".join([name_of(shape), *(f"{given[k]}={name_of(v)}" for k, v in others.items()), "by-weight"]),
            pair(shape, **others),
            _BY_WEIGHT,
            dtypes=FULL if len(others) == 2 else SINGLE,
        )
        for shape, others in of
    ]


def _reductions() -> list[Layout]:
    shape = (2, 3)
    return [
        *(
            Layout(f"2x3-sw=2-{r}", pair(shape, sample_weight=(2,)), {"reduction": r}, dtypes=SINGLE)
            for r in ("mean", "sum", "none", None)
        ),
        *(
            Layout(f"2x3-mask=2-sw=2x1-{r}", pair(shape, sample_weight=(2, 1), mask=(2,)), {"reduction": r}, dtypes=SINGLE)
            for r in ("mean", "sum", "none")
        ),
        *(Layout(f"2x3-{r}", pair(shape), {"reduction": r}, dtypes=SINGLE) for r in ("mean", "mean_with_sample_weight")),
        Layout("2x3-number", pair(shape), call={"sample_weight": 2.5}, dtypes=SINGLE),
        Layout("2x3-number-by-weight", pair(shape), _BY_WEIGHT, call={"sample_weight": 3}, dtypes=SINGLE),
    ]  # fmt: skip


def _weights() -> list[Layout]:
    """Weights of every rank against losses of shape (2,), (2, 2), (2, 3)."""
    of = [
        ((2, 3), (), {}),
        ((2, 3), (2, 1), {}),
        ((2, 3), (1, 2), _NONE),
        ((2, 2, 3), (2,), _NONE),
        ((2, 2, 3), (2, 1), {}),
        ((2, 3, 2), (3,), {}),
        ((2, 3, 2), (2, 3), {}),
        ((2, 3, 2), (2, 3, 1), {}),
        ((3,), (), {}),
        ((3,), (1,), _NONE),
    ]
    return [
        Layout(
            f"{name_of(shape)}-sw={name_of(weight)}{'-' + config['reduction'] if config else ''}",
            pair(shape, sample_weight=weight),
            config,
            dtypes=SINGLE,
        )
        for shape, weight, config in of
    ]


def _one_number() -> list[Layout]:
    """A loss without axes, which Keras does not divide by its weight."""
    shapes = pair((3,), sample_weight=())
    return [Layout("3-sw=0d-by-weight", shapes, _BY_WEIGHT, dtypes=SINGLE, draws=("ordinary", "ties", "wide"))]


def _masks() -> list[Layout]:
    return [
        Layout("2x3-mask=2", pair((2, 3), mask=(2,)), dtypes=("float32", "float16"), quick=True),
        Layout("2x3-mask=2x1-none", pair((2, 3), mask=(2, 1)), _NONE, dtypes=SINGLE),
        Layout("2x3-mask=2-uint8", pair((2, 3), mask=(2,)), dtypes=SINGLE, dtypes_of={"mask": "uint8"}),
        Layout("2x3x2-mask=2x1", pair((2, 3, 2), mask=(2, 1)), dtypes=SINGLE),
        Layout("2x3x2-mask=2x3-sw=2x3", pair((2, 3, 2), sample_weight=(2, 3), mask=(2, 3)), dtypes=("float64",)),
    ]


def _ranks() -> list[Layout]:
    """Labels and predictions of other ranks than 2, and of different ranks or sizes."""
    of: list[tuple[Shape, Shape]] = [
        ((3,), (3,)),
        ((1, 3), (1, 3)),
        ((2, 1, 3, 2), (2, 1, 3, 2)),
        ((2, 1), (2,)),
        ((2, 3), (2, 3, 1)),
        ((2, 3, 1), (2, 3)),
        ((3,), (2, 3)),
        ((1, 3), (2, 3)),
        ((2, 3), (2, 1)),
    ]
    return [
        Layout(
            name_of(pred) if true == pred else f"{name_of(true)}-{name_of(pred)}",
            {"y_true": true, "y_pred": pred},
            _NONE if index % 3 == 0 else {},
            dtypes=SINGLE,
        )
        for index, (true, pred) in enumerate(of)
    ]


def _empty() -> list[Layout]:
    return [
        Layout(f"0x3-{r}", pair((0, 3)), {"reduction": r}, dtypes=SINGLE, draws=("ordinary",))
        for r in ("sum_over_batch_size", "sum", "none")
    ]


def _mixed() -> list[Layout]:
    """Inputs of another dtype than the loss's."""
    return [
        Layout("2x3-int32-labels", pair((2, 3)), dtypes=("float32", "float16"), dtypes_of={"y_true": "int32"}),
        Layout("2x3-bool-labels", pair((2, 3)), dtypes=SINGLE, dtypes_of={"y_true": "bool"}),
        Layout("2x3-float64-labels", pair((2, 3)), dtypes=SINGLE, dtypes_of={"y_true": "float64"}),
        Layout("2x3-float16-pred", pair((2, 3)), dtypes=("float32", "float64"), dtypes_of={"y_pred": "float16"}),
        Layout(
            "2x3-int32-weight",
            pair((2, 3), sample_weight=(2,)),
            dtypes=SINGLE,
            dtypes_of={"y_true": "int32", "sample_weight": "int32"},
        ),
    ]


_WHOLE: dict[str, Draw] = {
    "counts": _drawn(_whole(0, 3), _whole(0, 3, 4)),
    "second": _drawn(_whole(0, 3), _whole(-3, 3, 4)),
    "flags": _drawn(_whole(0, 1), _whole(0, 1, 4)),
    "equal": _cycled([1.0], [1.0]),
    "large": _cycled([100.0, 7.0], [96.0, -20.0, 50.0]),
}

# --- plans ----------------------------------------------------------------------------------------------------------------------


def plans() -> Iterable[Plan]:
    """One for each loss, and one for its labels that are no floats."""
    shared = [*_reductions(), *_weights(), *_masks(), *_ranks(), *_empty()]
    squares = {**_MAGNITUDES, "wide": 20.0}
    yield plan("MeanSquaredError", [*_common(), *shared], _ANY, (*PAIR, "sample_weight"), magnitude=squares)
    yield plan("MeanSquaredError", _by_weight(), _SQUARES, (*PAIR, "sample_weight"), magnitude=_SQUARED)
    yield plan("MeanSquaredError", _one_number(), _ANY, PAIR)
    yield plan("MeanSquaredError", _mixed(), _WHOLE, ("y_pred",))
    yield plan("MeanAbsoluteError", [*_common(), *_ranks()[3:6]], _ANY, PAIR, magnitude=_MAGNITUDES)
    per_cent = dict.fromkeys(_PERCENTAGES, 64.0)
    yield plan("MeanAbsolutePercentageError", _common(), _PERCENTAGES, PAIR, magnitude=per_cent)
    yield plan("MeanSquaredLogarithmicError", _common(), {**_POSITIVE, **_NEGATIVE}, PAIR)
    deltas = ({"delta": 0.5}, {"delta": 2}, {"delta": 100}, {"delta": 0.3})
    yield plan("Huber", _common(*deltas), _ANY, PAIR, magnitude=_MAGNITUDES)
    yield plan("LogCosh", [*_common(), *_ranks()[3:6]], _ANY, PAIR, magnitude=_MAGNITUDES)
    axes = [
        Layout("2x3-axis=0", pair((2, 3)), {"axis": 0, **_NONE}, dtypes=FULL),
        Layout(
            "1x3-axis=0", pair((1, 3)), {"axis": 0, **_NONE}, dtypes=SINGLE, draws=("whole", "parallel", "all-zero")
        ),
        Layout("2x3x2-axis=1", pair((2, 3, 2)), {"axis": 1}, dtypes=SINGLE),
        Layout("2x3x2-axis=-2-sw=2", pair((2, 3, 2), sample_weight=(2,)), {"axis": -2}, dtypes=SINGLE),
    ]
    usual = tuple(_COSINES)
    lengths = Layout(
        "2x3-lengths", pair((2, 3)), _NONE, dtypes=("float32", "float64", "bfloat16"), draws=tuple(_LENGTHS)
    )
    layouts = [*(replace(one, draws=one.draws or usual) for one in (*_common(), *axes)), lengths]
    yield plan("CosineSimilarity", layouts, {**_COSINES, **_LENGTHS}, PAIR, magnitude={"unequal": 1000.0})
    short = {name: _vectors(scale) for name, scale in {"1e-6": 1e-6, "3e-8": 3e-8}.items()}
    yield plan("CosineSimilarity", [Layout("2x3-short", pair((2, 3)), _NONE, dtypes=FULL)], short, ())
    yield plan("Poisson", [*_common(), *_ranks()[3:6]], _POSITIVE, PAIR)
    yield plan("Poisson", _mixed()[:1], {"counts": _WHOLE["counts"]}, ("y_pred",))
