"""The cases of the losses of probabilities and of class scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.keras_cases.common import ALL, FULL, PAIR, SINGLE, name_of, pair, plan
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle

Config = Mapping[str, Any]
Shapes = Mapping[str, Shape]
Kind = Callable[[Rng, Shape, Config], Array]
"""Values of a shape."""

HALVES = ("float16", "bfloat16")
EXTREME = [1e4, -1e4, 0.0, 1e4, 88.0, -1e4, -88.0, 1e4, 1e-4, 20.0, -20.0]
CONFIDENT = [1e-3, 0.999, 0.25, 1e-6, 0.75, 0.96875]
BOUNDS = [float(np.float32(1e-7)), 0.5, float(np.float32(1 - 1e-7)), 0.25]
"""Where probabilities of float32 are bounded."""
MAGNITUDE = {"extreme": 2e4, "extreme-hot": 2e4, "steep": 100.0, "wrong": 2e4, "labels-outside": 8.0}


def _config(config: Config) -> str:
    return ",".join(
        f"{key}={'-'.join(map(str, given)) if isinstance(given, (list, tuple)) else given}"
        for key, given in config.items()
    )


def layout(shape: Shape, config: Config | None = None, prefix: str = "", **more: Any) -> Layout:
    """Labels and predictions of one shape; the other inputs by their shapes."""
    others: dict[str, Shape] = {key: more.pop(key) for key in ("sample_weight", "mask", "y_true") if key in more}
    said = [f"{key}{name_of(given)}" for key, given in others.items()]
    name = "-".join(part for part in (prefix, name_of(shape), *said, _config(config or {})) if part)
    return Layout(name, {**pair(shape), **others}, config or {}, **more)


def _axis(config: Config, shape: Shape) -> int:
    given = config.get("axis", -1)
    return int(given) if isinstance(given, int) else -1


def both(labels: Kind, predictions: Kind) -> Draw:
    """A draw of labels and of predictions."""

    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        return {"y_true": labels(rng, shapes["y_true"], config), "y_pred": predictions(rng, shapes["y_pred"], config)}

    return draw


def _cycled(values: Sequence[float]) -> Kind:
    return lambda rng, shape, config: cycle(shape, values)


def _normal(scale: float) -> Kind:
    return lambda rng, shape, config: rng.normal(size=shape) * scale


def _soft(rng: Rng, shape: Shape, config: Config) -> Array:
    return rng.uniform(0.05, 0.95, shape)


# --- two classes ------------------------------------------------------------------------------------------------------------------


def _hard(rng: Rng, shape: Shape, config: Config) -> Array:
    return rng.integers(0, 2, shape).astype(float)


def _certain(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """0 and 1 for 0 and 1, in all four ways."""
    return {"y_true": cycle(shapes["y_true"], [1, 1, 0, 0, 1]), "y_pred": cycle(shapes["y_pred"], [1, 0, 1, 0, 0.5])}


def _same(rng: Rng, shapes: Shapes, config: Config) -> Values:
    values = np.round(_soft(rng, shapes["y_pred"], config) * 128) / 128
    return {"y_true": values, "y_pred": values}


def _told(sign: float) -> Draw:
    """Logits of great size that are right, or wrong."""

    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        labels = _hard(rng, shapes["y_true"], config)
        size = np.resize([1e4, 30.0, 100.0], shapes["y_pred"])
        return {"y_true": labels, "y_pred": sign * size * (2 * labels - 1)}

    return draw


TWO_PROBABILITIES: dict[str, Draw] = {
    "ordinary": both(_soft, _soft),
    "second": both(_soft, _soft),
    "hard": both(_hard, _soft),
    "third": both(_hard, _soft),
    "certain": _certain,
    "confident": both(_soft, _cycled(CONFIDENT)),
    "confident-hard": both(_hard, _cycled(CONFIDENT)),
    "equal": _same,
    "half": both(_soft, _cycled([0.5])),
}
OUTSIDE: dict[str, Draw] = {
    "outside": both(_soft, _cycled([-0.5, 1.5, 0.25, 2.0])),
    "bounds": both(_soft, _cycled(BOUNDS)),
    "labels-outside": both(_normal(2), _soft),
}
"""Where no power is taken."""
TWO_LOGITS: dict[str, Draw] = {
    "ordinary": both(_soft, _normal(2)),
    "second": both(_soft, _normal(2)),
    "hard": both(_hard, _normal(2)),
    "third": both(_hard, _normal(2)),
    "zeros": both(_soft, _cycled([0.0])),
    "extreme": both(_soft, _cycled(EXTREME)),
    "steep": both(_hard, _normal(30)),
    "flat": both(_soft, _normal(1e-3)),
    "right": _told(1.0),
    "wrong": _told(-1.0),
}
WEIGHTED: tuple[dict[str, Any], ...] = (
    {"sample_weight": (2,)},
    {"sample_weight": (2, 1)},
    {"sample_weight": ()},
    {"mask": (2,)},
    {"sample_weight": (2,), "mask": (2,)},
)
"""Other inputs for a batch of two."""


def _weighted(shape: Shape, draws: Sequence[str], first: int, **more: Any) -> list[Layout]:
    """Three of `WEIGHTED`, from `first` on, each with a reduction to a mean of its own."""
    chosen = [WEIGHTED[(first + step) % len(WEIGHTED)] for step in range(3)]
    means = ("mean_with_sample_weight", "mean", "sum_over_batch_size")
    return [
        layout(shape, {"reduction": mean}, draws=draws, dtypes=SINGLE, **more, **others)
        for mean, others in zip(means, chosen, strict=True)
    ]


def _whole_numbers(shape: Shape, draws: Sequence[str]) -> list[Layout]:
    """Labels that are no floats, and predictions that are narrower than the loss."""
    kinds = ({"y_true": "int64"}, {"y_true": "bool", "y_pred": "float16"})
    return [layout(shape, {}, "-".join(kind.values()), draws=draws, dtypes=SINGLE, dtypes_of=kind) for kind in kinds]


def _binary(loss: str, options: Sequence[Config], probabilities: Mapping[str, Draw]) -> Iterable[Plan]:
    some = ["ordinary", "hard", "certain", "confident", "half"]
    layouts = [
        layout((2, 3), dtypes=ALL, quick=True),
        layout((2, 3), options[0], dtypes=FULL),
        *(
            layout((2, 3), config, dtypes=("float64",) if config.get("gamma") == 1 else SINGLE)
            for config in options[1:]
        ),
        *(layout((2, 3), {"reduction": reduction}, dtypes=FULL) for reduction in ("none", "sum")),
        *_weighted((2, 3), some, len(options)),
        layout((2, 3, 2), {"axis": 1, "reduction": "none"}, dtypes=SINGLE),
        layout((2, 3, 2), {"axis": (1, 2)}, dtypes=SINGLE, draws=some, sample_weight=(2,)),
        layout((2, 3, 2), {"reduction": "mean"}, dtypes=SINGLE, draws=some, sample_weight=(3,), mask=(2, 3)),
    ]
    if loss == "BinaryCrossentropy":
        layouts += [
            layout((3,), {"axis": None}, dtypes=SINGLE, draws=some),
            layout((2, 1), {"reduction": "none"}, "column", dtypes=SINGLE, draws=some, y_true=(2,)),
            layout((0, 2, 3), {"reduction": "mean"}, dtypes=SINGLE, draws=some[:1]),
        ]
    yield plan(loss, layouts, probabilities, PAIR, magnitude=MAGNITUDE)
    logits = {"from_logits": True}
    layouts = [
        layout((2, 3), logits, dtypes=ALL, quick=True),
        *(layout((2, 3), {**logits, **config}, dtypes=SINGLE) for config in options),
        layout((2, 3, 2), {**logits, "axis": 0}, dtypes=SINGLE),
        layout((2, 3), {**logits, "reduction": "mean_with_sample_weight"}, sample_weight=(2, 1), dtypes=("float64", "float16")),
    ]  # fmt: skip
    yield plan(loss, layouts, TWO_LOGITS, PAIR, magnitude=MAGNITUDE)
    hard = {name: TWO_PROBABILITIES[name] for name in ("hard", "third")}
    yield plan(loss, _whole_numbers((2, 3), list(hard)), hard, ("y_pred",))


_SMOOTH = ({"label_smoothing": 0.25}, {"label_smoothing": 1.0})
_FOCAL: tuple[Config, ...] = (
    {"gamma": 1.5, "apply_class_balancing": True},
    {"gamma": 0.5, "apply_class_balancing": True, "alpha": 0.75, "label_smoothing": 0.25},
    {"gamma": 0.0},
    {"gamma": 1.0},
    {"gamma": 5.0, "apply_class_balancing": True, "alpha": 0.0},
)


# --- classes ------------------------------------------------------------------------------------------------------------------


def _shares(rng: Rng, shape: Shape, config: Config) -> Array:
    weights = rng.uniform(0.05, 1, shape)
    return np.asarray(weights / weights.sum(axis=_axis(config, shape), keepdims=True))


def _one_hot(rng: Rng, shape: Shape, config: Config) -> Array:
    axis = _axis(config, shape) % len(shape)
    labels = rng.integers(0, shape[axis], [size for place, size in enumerate(shape) if place != axis])
    return np.moveaxis(np.eye(shape[axis])[labels], -1, axis)


def _row(numbers: Sequence[float]) -> Kind:
    """The first row of classes all these numbers, over and over; the others probabilities."""

    def values(rng: Rng, shape: Shape, config: Config) -> Array:
        found = _shares(rng, shape, config)
        turned = np.moveaxis(found, _axis(config, shape), -1)
        if turned.size:
            turned[(0,) * (turned.ndim - 1)] = cycle(turned.shape[-1:], numbers)
        return found

    return values


MANY_PROBABILITIES: dict[str, Draw] = {
    "ordinary": both(_shares, _shares),
    "hot": both(_one_hot, _shares),
    "second": both(_one_hot, _shares),
    "certain": both(_one_hot, _one_hot),
    "third": both(_one_hot, _one_hot),
    "unnormalized": both(_shares, lambda rng, shape, config: rng.uniform(0.5, 3, shape)),
    "labels-outside": both(_normal(2), _shares),
    "confident": both(_shares, _row([1e-3, 0.9, 1e-6, 0.1])),
    "no-label": both(_row([0.0]), _shares),
    "even": both(_shares, _cycled([0.25])),
}
ZERO_ROW: dict[str, Draw] = {"zero-row": both(_shares, _row([0.0])), "zero-row-hot": both(_one_hot, _row([0.0]))}
MANY_LOGITS: dict[str, Draw] = {
    "ordinary": both(_shares, _normal(2)),
    "hot": both(_one_hot, _normal(2)),
    "second": both(_shares, _normal(2)),
    "extreme": both(_shares, _cycled(EXTREME)),
    "extreme-hot": both(_one_hot, _cycled(EXTREME)),
    "steep": both(_shares, _normal(30)),
    "even": both(_one_hot, _cycled([0.5])),
    "flat": both(_one_hot, _normal(1e-3)),
    "labels-outside": both(_normal(2), _normal(2)),
    "no-label": both(_row([0.0]), _normal(2)),
}


def _categorical(loss: str, options: Sequence[Config], beyond: Sequence[Config]) -> Iterable[Plan]:
    draws = {**MANY_PROBABILITIES, **ZERO_ROW}
    some = ["ordinary", "hot", "certain", "confident"]
    layouts = [
        layout((3, 4), dtypes=ALL, quick=True),
        layout((3, 4), options[0], dtypes=FULL),
        *(layout((3, 4), config, dtypes=SINGLE) for config in options[1:]),
        *(layout((3, 4), {"reduction": reduction}, dtypes=FULL) for reduction in ("none", "sum")),
        *_weighted((2, 3), some, len(options)),
        layout((2, 3, 2), {"axis": 1, "reduction": "none"}, dtypes=SINGLE),
        layout((2, 3, 2), {"reduction": "sum"}, dtypes=SINGLE, draws=some, sample_weight=(2, 3)),
        layout((2, 3, 2), {"reduction": "mean"}, dtypes=SINGLE, draws=some, sample_weight=(3,), mask=(2, 3)),
        *(layout((2, 3, 2), {"axis": 1, **config}, dtypes=SINGLE, draws=some) for config in beyond),
    ]
    if loss == "CategoricalCrossentropy":
        layouts += [
            layout((3,), dtypes=SINGLE, draws=some),
            layout((0, 2, 3), {"reduction": "mean"}, dtypes=SINGLE, draws=some[:1]),
        ]
    yield plan(loss, layouts, draws, PAIR, magnitude=MAGNITUDE)
    logits = {"from_logits": True}
    layouts = [
        layout((3, 4), logits, dtypes=ALL, quick=True),
        *(layout((3, 4), {**logits, **config}, dtypes=SINGLE) for config in options),
        layout((2, 3, 2), {**logits, "axis": 1}, dtypes=SINGLE),
        layout((3, 4), {**logits, "reduction": "mean_with_sample_weight"}, sample_weight=(3, 1), dtypes=("float64", "float16")),
    ]  # fmt: skip
    yield plan(loss, layouts, MANY_LOGITS, PAIR, magnitude=MAGNITUDE)
    hot = {name: MANY_PROBABILITIES[name] for name in ("hot", "second")}
    yield plan(loss, _whole_numbers((3, 4), list(hot)), hot, ("y_pred",))


_FOCAL_CLASSES: tuple[Config, ...] = (
    {"alpha": [0.5, 2.0, 1.0, 0.25], "gamma": 1.5},
    {"label_smoothing": 0.25, "gamma": 0.0},
    {"gamma": 0.5, "alpha": 1.0},
    {"gamma": 5.0, "alpha": 0.0},
)


# --- class numbers ------------------------------------------------------------------------------------------------------------


def _numbers(rng: Rng, shapes: Shapes, config: Config) -> Array:
    return rng.integers(0, shapes["y_pred"][_axis(config, ())], shapes["y_true"]).astype(float)


def numbered(predictions: Kind, ignored: Sequence[int] | None = ()) -> Draw:
    """Class numbers; at these places (None: everywhere) the class that is ignored."""

    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        labels = _numbers(rng, shapes, config)
        if ignored is None:
            labels[...] = config["ignore_class"]
        for place in ignored or ():
            labels.reshape(-1)[place : place + 1] = config["ignore_class"]
        return {"y_true": labels, "y_pred": predictions(rng, shapes["y_pred"], config)}

    return draw


NUMBERED: dict[str, Draw] = {
    "ordinary": numbered(_shares),
    "second": numbered(_shares),
    "third": numbered(_shares),
    "certain": numbered(_one_hot),
    "certain-second": numbered(_one_hot),
    "unnormalized": numbered(lambda rng, shape, config: rng.uniform(0.05, 0.9, shape)),
    "confident": numbered(_row([1e-3, 0.9, 1e-6, 0.1])),
    "even": numbered(_cycled([0.25])),
    "zero-row": numbered(_row([0.0])),
    "outside": numbered(_row([1.5, -0.5, 0.25, 0.5])),
}
NUMBERED_LOGITS: dict[str, Draw] = {
    "ordinary": numbered(_normal(2)),
    "second": numbered(_normal(2)),
    "third": numbered(_normal(2)),
    "extreme": numbered(_cycled(EXTREME)),
    "steep": numbered(_normal(30)),
    "even": numbered(_cycled([0.5])),
    "flat": numbered(_normal(1e-3)),
}


def _ignoring(predictions: Kind) -> dict[str, Draw]:
    return {
        "ignored-first": numbered(predictions, (0,)),
        "ignored-others": numbered(predictions, (1, 2)),
        "ignored-all": numbered(predictions, None),
    }


def _labels(shape: Shape, config: Config, prefix: str = "", column: bool = False, **more: Any) -> Layout:
    """Class numbers without the axis of the classes, or with size 1 there."""
    axis = _axis(config, shape) % len(shape)
    labels = (*shape[:axis], *((1,) if column else ()), *shape[axis + 1 :])
    kind = more.pop("label_dtype", "int64")
    return layout(shape, config, prefix, y_true=labels, label_dtype=kind, **more)


def _sparse() -> Iterable[Plan]:
    loss = "SparseCategoricalCrossentropy"
    draws = {**NUMBERED, **_ignoring(_shares)}
    (usual, all_of) = (list(NUMBERED), list(draws))
    some = ["ordinary", "second", "certain", "confident"]
    layouts = [
        _labels((3, 4), {}, dtypes=ALL, quick=True, draws=usual),
        *(
            _labels((3, 4), {"ignore_class": ignored, "reduction": reduction}, dtypes=kinds, draws=all_of)
            for ignored, reduction, kinds in ((1, "sum_over_batch_size", FULL), (-1, "none", SINGLE), (255, "sum", ("float64",)))
        ),
        *(_labels((3, 4), {"reduction": reduction}, dtypes=SINGLE, draws=usual) for reduction in ("none", "mean")),
        *(_labels((3, 4), {}, kind, label_dtype=kind, dtypes=SINGLE, draws=usual[:2]) for kind in ("int32", "uint8", "float32")),
        *_weighted((2, 3), some, 0, y_true=(2,), label_dtype="int64"),
        _labels((3, 4), {"reduction": "none"}, "column", column=True, dtypes=SINGLE, draws=some),
        _labels((2, 3, 2), {"ignore_class": 0}, dtypes=SINGLE, draws=[*all_of[-3:], *some], mask=(2, 3)),
        _labels((2, 3, 2), {"axis": 1, "reduction": "none"}, dtypes=SINGLE, draws=usual),
        _labels((2, 3, 2), {"axis": 1, "ignore_class": 2}, "column", column=True, dtypes=SINGLE, draws=all_of),
        _labels((2, 3, 2), {"reduction": "sum"}, "column", column=True, dtypes=SINGLE, draws=some, sample_weight=(2, 3)),
        _labels((4,), {}, dtypes=SINGLE, draws=some),
        _labels((0, 2, 3), {"reduction": "mean"}, dtypes=SINGLE, draws=some[:1]),
    ]  # fmt: skip
    yield plan(loss, layouts, draws, ("y_pred",), exact=("y_true",))
    draws = {**NUMBERED_LOGITS, **_ignoring(_normal(2))}
    (logits, usual) = ({"from_logits": True}, list(NUMBERED_LOGITS))
    layouts = [
        _labels((3, 4), logits, dtypes=ALL, quick=True, draws=usual),
        _labels((3, 4), {**logits, "ignore_class": 1}, dtypes=("float64", "bfloat16")),
        _labels(
            (3, 4), {**logits, "ignore_class": -1, "reduction": "mean_with_sample_weight"}, dtypes=SINGLE, mask=(3,)
        ),
        _labels((3, 4), {**logits, "reduction": "sum"}, dtypes=("float16",), draws=usual, sample_weight=(3, 1)),
        _labels((2, 3, 2), {**logits, "axis": 1}, dtypes=SINGLE, draws=usual),
        _labels((2, 3, 2), logits, dtypes=("float64",), draws=usual),
    ]
    yield plan(loss, layouts, draws, ("y_pred",), exact=("y_true",), magnitude=MAGNITUDE)


def _generalized() -> Iterable[Plan]:
    draws = {name: NUMBERED[name] for name in NUMBERED if name not in ("zero-row", "outside")}
    draws |= {"impossible": numbered(_one_hot), "no-class": numbered(_row([0.0]))}
    usual = list(draws)
    layouts = [
        _labels((3, 4), {}, dtypes=ALL, quick=True),
        _labels((3, 4), {"q": 0.75, "reduction": "none"}, dtypes=FULL),
        _labels((3, 4), {"q": 0.25, "reduction": "sum"}, dtypes=FULL),
        _labels((3, 4), {"q": 0.9990234375}, dtypes=SINGLE),
        *_weighted((2, 3), usual[:4], 2, y_true=(2,), label_dtype="int64"),
        _labels((3, 4), {}, "column", column=True, dtypes=SINGLE, draws=usual[:3]),
        _labels((3, 4), {"reduction": "sum"}, "column", column=True, dtypes=("float64",), draws=usual[:3]),
        _labels((2, 3, 2), {"reduction": "none"}, dtypes=SINGLE),
        *(_labels((3, 4), {}, kind, label_dtype=kind, dtypes=SINGLE, draws=usual[:3]) for kind in ("int32", "uint8", "float32")),
    ]  # fmt: skip
    yield plan("CategoricalGeneralizedCrossEntropy", layouts, draws, ("y_pred",), exact=("y_true",))


# --- distributions --------------------------------------------------------------------------------------------------------------


def _divergences() -> Iterable[Plan]:
    draws = {
        **{name: MANY_PROBABILITIES[name] for name in ("ordinary", "hot", "certain", "third", "confident", "even")},
        "second": both(_shares, _shares),
        "equal": _same,
        "outside": both(_cycled([-0.5, 0.5, 1.5, 0.75]), _cycled([0.5, 1.5, 0.25])),
        "bounds": both(_cycled([BOUNDS[0], 1.0, 0.5]), _cycled([1.0, BOUNDS[0]])),
        "zeros": both(_cycled([0.0]), _cycled([0.0, 0.5, 1.0])),
    }
    some = ["ordinary", "hot", "certain", "outside"]
    layouts = [
        layout((3, 4), dtypes=FULL, quick=True),
        layout((3, 4), dtypes=HALVES, quick=True, draws=[name for name in draws if name != "bounds"]),
        *(layout((2, 3), {"reduction": reduction}, dtypes=FULL) for reduction in ("none", "sum")),
        *_weighted((2, 3), some, 3),
        layout((2, 3, 2), {"reduction": "none"}, dtypes=SINGLE),
        layout((2, 3, 2), {"reduction": "mean"}, dtypes=SINGLE, draws=some, sample_weight=(3,), mask=(2, 3)),
        layout((2, 3), {"reduction": "none"}, "broadcast", dtypes=SINGLE, draws=["ordinary", "outside"], y_true=(1, 3)),
        layout((2, 1), {}, "column", dtypes=SINGLE, draws=["ordinary", "outside"], y_true=(2,)),
        layout((3,), {}, dtypes=SINGLE, draws=some),
    ]
    yield plan("KLDivergence", layouts, draws, PAIR)
    hot = {name: MANY_PROBABILITIES[name] for name in ("hot", "second")}
    yield plan("KLDivergence", _whole_numbers((3, 4), list(hot)), hot, ("y_pred",))


def plans() -> list[Plan]:
    """Of the losses of probabilities and of class scores."""
    return [
        *_binary("BinaryCrossentropy", _SMOOTH, {**TWO_PROBABILITIES, **OUTSIDE}),
        *_binary("BinaryFocalCrossentropy", _FOCAL, TWO_PROBABILITIES),
        *_categorical("CategoricalCrossentropy", _SMOOTH, _SMOOTH[:1]),
        *_categorical("CategoricalFocalCrossentropy", _FOCAL_CLASSES, ({"alpha": [0.5, 2.0, 1.0]}, _SMOOTH[0])),
        *_sparse(),
        *_generalized(),
        *_divergences(),
    ]
