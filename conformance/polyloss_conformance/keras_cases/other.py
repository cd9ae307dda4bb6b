"""The cases of the hinges, of the overlaps of regions, and of functions of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.keras_cases.common import ALL, FULL, PAIR, SINGLE, pair, plan
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle, signs

NONE: Mapping[str, Any] = {"reduction": "none"}
SUM: Mapping[str, Any] = {"reduction": "sum"}
MEAN: Mapping[str, Any] = {"reduction": "mean"}
BY_WEIGHT: Mapping[str, Any] = {"reduction": "mean_with_sample_weight"}

Maker = Any
"""``(rng, shape) -> values``."""


def drawn(true: Maker, pred: Maker) -> Draw:
    """Labels and predictions, each drawn in its own shape."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"y_true": true(rng, shapes["y_true"]), "y_pred": pred(rng, shapes["y_pred"])}

    return draw


def constant(*values: float) -> Maker:
    """`values` over and over."""
    return lambda rng, shape: cycle(shape, values)


def scores(rng: Rng, shape: Shape) -> Array:
    """Scores of both signs, about 1.5 wide."""
    return rng.normal(size=shape) * 1.5


def bits(rng: Rng, shape: Shape) -> Array:
    """0 and 1 at random."""
    return rng.integers(0, 2, shape).astype(float)


def shares(rng: Rng, shape: Shape) -> Array:
    """Numbers between 0 and 1."""
    return rng.uniform(0.05, 0.95, shape)


# --- hinges ----------------------------------------------------------------------------------------------------------------------

_HINGES: dict[str, Draw] = {
    "signs": drawn(signs, scores),
    "signs-2": drawn(signs, scores),
    "bits": drawn(bits, scores),
    "bits-2": drawn(bits, scores),
    "ones": drawn(constant(1.0), scores),
    "zeros": drawn(constant(0.0), scores),
    "three-labels": drawn(constant(0.0, 1.0, -1.0), scores),
    "soft": drawn(shares, scores),
    "margin": drawn(constant(1.0, -1.0, 1.0, 2.0, -0.5), constant(1.0, -1.0, 0.5, 0.5, -2.0)),
    "margin-of-bits": drawn(constant(1.0, 0.0, 0.0), constant(1.0, -1.0, 1.0, -1.0)),
    "extreme": drawn(signs, constant(1e4, -1e4, 1e-4, 0.0)),
    "silent": drawn(signs, constant(0.0)),
}
_WHOLE = ("signs", "bits", "ones", "zeros", "three-labels", "margin", "margin-of-bits")
"""The draws whose labels are integers."""
_MODERATE = tuple(name for name in _HINGES if name != "extreme")
_FEW = ("signs", "bits", "soft", "margin", "margin-of-bits", "three-labels", "ones")


def _hinges(draws: Mapping[str, Draw]) -> Iterable[Layout]:
    cube = (2, 3, 2)
    few = tuple(name for name in _FEW if name in draws)
    yield Layout("2x3", pair((2, 3)), dtypes=("float32", "float64"), quick=True)
    moderate = tuple(name for name in draws if name in _MODERATE)
    yield Layout("2x3-half", pair((2, 3)), dtypes=("float16", "bfloat16"), draws=moderate, quick=True)
    yield Layout("3x4-none", pair((3, 4)), NONE, dtypes=SINGLE)
    yield Layout("2x3-sum-weights=2", pair((2, 3), sample_weight=(2,)), SUM, dtypes=SINGLE, quick=True)
    yield Layout("2x3x2-none-weights=2x3", pair(cube, sample_weight=(2, 3)), NONE, dtypes=SINGLE, draws=few)
    yield Layout("2x3x2-by-weight-weights=2x1", pair(cube, sample_weight=(2, 1)), BY_WEIGHT, dtypes=SINGLE, draws=few)
    yield Layout("2x3x2-mean-weights=3", pair(cube, sample_weight=(3,)), MEAN, dtypes=SINGLE, draws=few)
    yield Layout("2x3-mask=2", pair((2, 3), mask=(2,)), dtypes=SINGLE, draws=few)
    masked = pair(cube, sample_weight=(2, 3), mask=(2, 3))
    yield Layout("2x3x2-by-weight-mask-weights", masked, BY_WEIGHT, dtypes=SINGLE, draws=few)


_AXES = (
    Layout("3", pair((3,)), NONE, dtypes=SINGLE, draws=_FEW),
    Layout("2x1-2-none", {"y_true": (2, 1), "y_pred": (2,)}, NONE, dtypes=SINGLE, draws=_FEW),
    Layout("2-2x1", {"y_true": (2,), "y_pred": (2, 1)}, dtypes=SINGLE, draws=_FEW),
    Layout("2x3x1-2x3", {"y_true": (2, 3, 1), "y_pred": (2, 3)}, SUM, dtypes=("float64",), draws=_FEW),
    Layout("2x1-2x3", {"y_true": (2, 1), "y_pred": (2, 3)}, dtypes=SINGLE, draws=_FEW),
    Layout("2x3-weight=0.5", pair((2, 3)), call={"sample_weight": 0.5}, dtypes=SINGLE, draws=_FEW),
    Layout("2x3-none-weights=2x1", pair((2, 3), sample_weight=(2, 1)), NONE, dtypes=SINGLE, draws=_FEW),
)


def _hinge_plans() -> Iterable[Plan]:
    yield plan("Hinge", (*_hinges(_HINGES), *_AXES), _HINGES, PAIR)
    yield plan("SquaredHinge", tuple(_hinges(_HINGES)), _HINGES, PAIR, magnitude={"extreme": 1e4})
    whole = (
        Layout("2x3-int32", pair((2, 3)), dtypes=SINGLE, label_dtype="int32", draws=_WHOLE),
        Layout("2x3-uint8-half", pair((2, 3)), SUM, {}, ("float16",), "uint8", draws=("bits", "ones", "zeros")),
    )
    yield plan("Hinge", whole, _HINGES, ("y_pred",), exact=("y_true",))
    wider = Layout("2x3-float16-in-float32", pair((2, 3)), dtypes=SINGLE, dtypes_of={"y_pred": "float16"}, draws=_WHOLE)
    yield plan("SquaredHinge", (wider,), _HINGES, PAIR)


# --- one class against the others ------------------------------------------------------------------------------------------------


def one_hot(rng: Rng, shape: Shape) -> Array:
    """A 1 in each row."""
    return np.asarray(np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])])


_CLASSES: dict[str, Draw] = {
    "one-hot": drawn(one_hot, scores),
    "one-hot-2": drawn(one_hot, scores),
    "one-hot-3": drawn(one_hot, scores),
    "signs": drawn(signs, scores),
    "soft": drawn(shares, scores),
    "no-class": drawn(constant(0.0), scores),
    "all-classes": drawn(constant(1.0), scores),
    "tie": drawn(constant(1.0, 0.0, 0.0), constant(0.5, 0.25, 0.25)),
    "margin": drawn(constant(1.0, 0.0, 0.0), constant(2.0, 1.0, 0.5)),
    "margin-of-tie": drawn(constant(1.0, 0.0, 0.0), constant(2.0, 1.0, 1.0)),
    "beyond": drawn(constant(1.0, 0.0, 0.0), constant(4.0, 1.0, -1.0)),
    "negative": drawn(constant(0.0, 1.0, 0.0), constant(-3.0, -1.0, -2.0)),
    "silent": drawn(one_hot, constant(0.0)),
    "extreme": drawn(one_hot, constant(1e4, -1e4, 0.0, 1e4)),
}
_SOME_CLASSES = ("one-hot", "one-hot-2", "soft", "tie", "margin", "beyond", "signs", "no-class")


def _class_plans() -> Iterable[Plan]:
    cube = (2, 3, 3)
    some: Any = {"draws": _SOME_CLASSES}
    layouts = (
        Layout("2x3", pair((2, 3)), dtypes=ALL, quick=True),
        Layout("3x3-None", pair((3, 3)), {"reduction": None}, dtypes=FULL),
        Layout("2x3-sum-weights=2x1", pair((2, 3), sample_weight=(2, 1)), SUM, dtypes=SINGLE, quick=True),
        Layout("2x3-by-weight-weights=2", pair((2, 3), sample_weight=(2,)), BY_WEIGHT, dtypes=("float64",)),
        Layout("2x3x3-none-weights=2x3", pair(cube, sample_weight=(2, 3)), NONE, dtypes=SINGLE, **some),
        Layout("2x3x3-mean-mask=2x3", pair(cube, mask=(2, 3)), MEAN, dtypes=SINGLE, **some),
        Layout("2x3x3-weights=3", pair(cube, sample_weight=(3,)), dtypes=("bfloat16",), **some),
        Layout("3", pair((3,)), dtypes=SINGLE, **some),
        Layout("2x3-weight=2", pair((2, 3)), SUM, {"sample_weight": 2.0}, SINGLE, **some),
        Layout("1x3-2x3", {"y_true": (1, 3), "y_pred": (2, 3)}, NONE, dtypes=SINGLE, **some),
    )
    yield plan("CategoricalHinge", layouts, _CLASSES, PAIR, magnitude={"extreme": 1e4})
    whole = tuple(name for name in _CLASSES if name not in ("soft",))
    integers = (Layout("2x3-int32", pair((2, 3)), dtypes=SINGLE, label_dtype="int32", draws=whole),)
    yield plan("CategoricalHinge", integers, _CLASSES, ("y_pred",), magnitude={"extreme": 1e4}, exact=("y_true",))


# --- regions ---------------------------------------------------------------------------------------------------------------------

_REGIONS: dict[str, Draw] = {
    "bits": drawn(bits, shares),
    "bits-2": drawn(bits, shares),
    "bits-3": drawn(bits, shares),
    "soft": drawn(shares, shares),
    "sure": drawn(bits, bits),
    "nothing": drawn(constant(0.0), constant(0.0)),
    "nothing-there": drawn(constant(0.0), shares),
    "nothing-found": drawn(bits, constant(0.0)),
    "everything": drawn(constant(1.0), constant(1.0)),
    "apart": drawn(constant(1.0, 0.0), constant(0.0, 1.0)),
    "half-found": drawn(constant(1.0, 1.0, 0.0, 0.0), constant(1.0, 0.0, 1.0, 0.0)),
    "faint": drawn(constant(1e-6, 2e-7, 0.0), constant(1e-7, 3e-6, 0.0, 1e-8)),
    "outside": drawn(bits, constant(1.25, -0.25, 0.5, 2.0)),
}
_SOME_REGIONS = ("bits", "bits-2", "soft", "nothing-there", "nothing-found", "everything", "apart", "half-found")


def _region_layouts(*options: Mapping[str, Any]) -> Iterable[Layout]:
    """The first of `options` in every way, the others in few."""
    cube = (2, 3, 2)
    some: Any = {"dtypes": SINGLE, "draws": _SOME_REGIONS}
    (usual, *others) = options
    yield Layout("2x3", pair((2, 3)), usual, dtypes=FULL, quick=True)
    yield Layout("2x3-half", pair((2, 3)), usual, dtypes=("float16", "bfloat16"), quick=True)
    yield Layout("2x3-none-axis=-1", pair((2, 3)), {**usual, **NONE, "axis": -1}, dtypes=SINGLE, quick=True)
    yield Layout("2x3x2-none-axis=12", pair(cube), {**usual, **NONE, "axis": (1, 2)}, dtypes=("float64",))
    weighted = {**usual, **SUM, "axis": [1, 2]}
    yield Layout("2x3x2-sum-axis=12-weights=2", pair(cube, sample_weight=(2,)), weighted, **some)
    by_weight = {**usual, **BY_WEIGHT, "axis": 0}
    yield Layout("2x3x2-by-weight-axis=0-weights=3x2", pair(cube, sample_weight=(3, 2)), by_weight, **some)
    yield Layout("2x3-axis=1-mask=2", pair((2, 3), mask=(2,)), {**usual, "axis": 1}, **some)
    yield Layout("2x3-weight=3", pair((2, 3)), {**usual, **SUM}, {"sample_weight": 3.0}, **some)
    for option in others:
        name = ",".join(f"{key}={value}" for key, value in option.items())
        yield Layout(f"2x3-{name}", pair((2, 3)), option, dtypes=SINGLE)
        yield Layout(f"2x3-none-axis=1-{name}", pair((2, 3)), {**option, **NONE, "axis": 1}, dtypes=("float64",))


def _region_plans() -> Iterable[Plan]:
    ranks = (
        Layout("2x3x1-2x3-none-axis=-1", {"y_true": (2, 3, 1), "y_pred": (2, 3)}, {**NONE, "axis": -1}, dtypes=SINGLE),
        Layout("2-2x1", {"y_true": (2,), "y_pred": (2, 1)}, dtypes=SINGLE, draws=_SOME_REGIONS),
        Layout("2x3-by-weight-weight=3", pair((2, 3)), BY_WEIGHT, {"sample_weight": 3.0}, SINGLE, draws=_SOME_REGIONS),
    )
    yield plan("Dice", (*_region_layouts({}), *ranks), _REGIONS, PAIR)
    options: list[dict[str, Any]] = [
        {},
        {"alpha": 0.25, "beta": 0.75},
        {"alpha": 0.9, "beta": 0.1},
        {"alpha": 0.75, "beta": 0.75},
    ]
    enlarged: Any = {"dtypes": SINGLE, "draws": _SOME_REGIONS}
    unequal = (
        Layout("1x3-2x3", {"y_true": (1, 3), "y_pred": (2, 3)}, options[1], **enlarged),
        Layout("2x3-2x1-none-axis=1", {"y_true": (2, 3), "y_pred": (2, 1)}, {**NONE, "axis": 1}, **enlarged),
    )
    yield plan("Tversky", (*_region_layouts(*options), *unequal), _REGIONS, PAIR)
    whole = (
        Layout("2x3-uint8", pair((2, 3)), dtypes=SINGLE, label_dtype="uint8", draws=("bits", "sure", "everything")),
    )
    yield plan("Dice", whole, _REGIONS, ("y_pred",), exact=("y_true",))


# --- functions of one's own ------------------------------------------------------------------------------------------------------

_NUMBERS: dict[str, Draw] = {
    "ordinary": drawn(scores, scores),
    "ordinary-2": drawn(scores, scores),
    "ordinary-3": drawn(scores, scores),
    "zeros": drawn(constant(0.0), scores),
    "ties": drawn(constant(1.0, 2.0, -1.0), constant(1.0, 0.0, -1.0)),
    "equal": drawn(constant(0.5, -0.5), constant(0.5, -0.5)),
    "far": drawn(constant(1e3, -1e3), constant(-1e3, 1e3, 0.0)),
    "small": drawn(constant(0.0), constant(1e-4, -1e-3, 3e-5)),
}


def _own_layouts() -> Iterable[Layout]:
    cube = (2, 3, 2)

    def own(function: str, **more: Any) -> dict[str, Any]:
        return {"fn": function, **more}

    yield Layout("absolute-2x3", pair((2, 3)), own("absolute"), dtypes=ALL, quick=True)
    yield Layout(
        "absolute-2x3-none-weights=2x1", pair((2, 3), sample_weight=(2, 1)), own("absolute", **NONE), dtypes=SINGLE
    )
    yield Layout("absolute-2x3-weights=3", pair((2, 3), sample_weight=(3,)), own("absolute", **MEAN), dtypes=SINGLE)
    yield Layout("absolute-2x3-by-weight-mask", pair((2, 3), mask=(2, 3)), own("absolute", **BY_WEIGHT), dtypes=SINGLE)
    both = pair((2, 3), sample_weight=(2, 1), mask=(2, 3))
    yield Layout("absolute-2x3-mask-weights=2x1", both, own("absolute"), dtypes=SINGLE, quick=True)
    yield Layout("absolute-2x1-2-none", {"y_true": (2, 1), "y_pred": (2,)}, own("absolute", **NONE), dtypes=SINGLE)
    yield Layout("absolute-2x3-2x3x1", {"y_true": (2, 3), "y_pred": (2, 3, 1)}, own("absolute", **SUM), dtypes=SINGLE)
    yield Layout("absolute-2x1-weights=2", pair((2, 1), sample_weight=(2,)), own("absolute", **NONE), dtypes=SINGLE)
    yield Layout("scaled=3-2x3", pair((2, 3)), own("scaled", scale=3.0, **SUM), dtypes=("float64",))
    yield Layout("scaled=0.5-3x4-weights=4", pair((3, 4), sample_weight=(4,)), own("scaled", scale=0.5), dtypes=SINGLE)
    yield Layout("rows-2x3x2-none-weights=3", pair(cube, sample_weight=(3,)), own("rows", **NONE), dtypes=SINGLE)
    yield Layout("rows-2x3x2-mask=2x3", pair(cube, mask=(2, 3)), own("rows"), dtypes=SINGLE)
    yield Layout(
        "rows-2x3-none-weights=2x1", pair((2, 3), sample_weight=(2, 1)), own("rows", **NONE), dtypes=("float64",)
    )
    yield Layout("total-2x3", pair((2, 3)), own("total"), dtypes=SINGLE)
    yield Layout("total-2x3-weights=2", pair((2, 3), sample_weight=(2,)), own("total", **MEAN), dtypes=SINGLE)
    yield Layout("huber-2x3", pair((2, 3)), own("huber", delta=2.0), dtypes=("float32", "float16"), quick=True)


def plans() -> Iterable[Plan]:
    """For each loss one or more."""
    yield from _hinge_plans()
    yield from _class_plans()
    yield from _region_plans()
    yield plan("LossFunctionWrapper", tuple(_own_layouts()), _NUMBERS, PAIR, magnitude={"far": 1e3})
