"""The cases of the losses of classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.torch_cases.common import HALVES, PAIR, SINGLE, name_of, plan

WEIGHTS = {3: [0.5, 2.0, 1.25], 4: [1.0, 0.25, 2.5, 0.75], 1: [1.5]}
"""By the number of classes."""

REDUCTIONS = ("none", "mean", "sum")
EXTREME = [1e4, -1e4, 0.0, 1e4, 88.0, -1e4, -88.0, 1e4, 1e-4, 20.0, -20.0]
MAGNITUDE = {"extreme": 2e4, "steep": 100.0}
NO_IGNORED = ("ordinary", "second", "third", "fourth", "extreme", "ties", "steep", "masked")
"""The draws of labels that have none to be ignored."""


def _classes(shapes: Mapping[str, Shape]) -> int:
    return shapes["input"][min(1, len(shapes["input"]) - 1)]


def _labels(rng: Rng, shapes: Mapping[str, Shape]) -> Array:
    return rng.integers(0, _classes(shapes), shapes["target"]).astype(float)


def _log_softmax(logits: Array) -> Array:
    axis = min(1, logits.ndim - 1)
    top = logits.max(axis=axis, keepdims=True)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(axis=axis, keepdims=True)))


def _without_last(values: Array) -> Array:
    """The last class gets a score of minus infinity, where there is another."""
    values = values.copy()
    axis = min(1, values.ndim - 1)
    if values.shape[axis] > 1:
        np.moveaxis(values, axis, 0)[-1] = -np.inf
    return values


def _of_labels(log_probabilities: bool = False) -> dict[str, Draw]:
    """Scores with class numbers."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        scores = rng.normal(size=shapes["input"]) * 2
        return {"input": _log_softmax(scores) if log_probabilities else scores, "target": _labels(rng, shapes)}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": cycle(shapes["input"], EXTREME), "target": _labels(rng, shapes)}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": cycle(shapes["input"], [-0.5, -0.5, -0.5, -0.5, 0.0]), "target": _labels(rng, shapes)}

    def steep(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.normal(size=shapes["input"]) * 30, "target": _labels(rng, shapes)}

    def masked(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """A class that cannot be, and is no label."""
        found = ordinary(rng, shapes, config)
        last = max(_classes(shapes) - 2, 0)
        return {"input": _without_last(found["input"]), "target": np.minimum(found["target"], last)}

    def ignoring(places: Sequence[int] | None) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            found = ordinary(rng, shapes, config)
            labels = found["target"].reshape(-1)
            labels[[p for p in places if p < labels.size] if places is not None else slice(None)] = _ignored(config)
            return found

        return draw

    def ignored_extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = extreme(rng, shapes, config)
        found["target"].reshape(-1)[-1:] = _ignored(config)
        return found

    return {
        **dict.fromkeys(("ordinary", "second", "third", "fourth"), ordinary),
        "extreme": extreme,
        "ties": ties,
        "steep": steep,
        "masked": masked,
        "ignored-first": ignoring((0,)),
        "ignored-others": ignoring((1, 2, 3)),
        "ignored-all": ignoring(None),
        "ignored-extreme": ignored_extreme,
    }


def _ignored(config: Mapping[str, Any]) -> int:
    return int(config.get("ignore_index", -100))


def _of_probabilities() -> dict[str, Draw]:
    def probabilities(rng: Rng, shape: Shape) -> Array:
        weights = rng.uniform(0.05, 1, shape)
        return np.asarray(weights / weights.sum(axis=min(1, len(shape) - 1), keepdims=True))

    def logits(rng: Rng, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(rng.normal(size=shapes["input"]) * 2)

    def one_hot(rng: Rng, shape: Shape) -> Array:
        axis = min(1, len(shape) - 1)
        labels = rng.integers(0, shape[axis], [size for i, size in enumerate(shape) if i != axis])
        return np.moveaxis(np.eye(shape[axis])[labels], -1, axis)

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": logits(rng, shapes), "target": probabilities(rng, shapes["target"])}

    def hot(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": logits(rng, shapes), "target": one_hot(rng, shapes["target"])}

    def zero(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        target = probabilities(rng, shapes["target"])
        target[:1] = 0.0
        return {"input": logits(rng, shapes), "target": target}

    def unnormalized(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": logits(rng, shapes), "target": rng.uniform(-1, 3, shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": cycle(shapes["input"], EXTREME), "target": probabilities(rng, shapes["target"])}

    def extreme_hot(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": cycle(shapes["input"], EXTREME), "target": one_hot(rng, shapes["target"])}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [0.5, 0.5, 0.5, 0.5, -1.0]),
            "target": probabilities(rng, shapes["target"]),
        }

    def steep(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": logits(rng, shapes) * 15, "target": probabilities(rng, shapes["target"])}

    def masked(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """A class that cannot be, and has probability 0."""
        target = probabilities(rng, shapes["target"])
        np.moveaxis(target, min(1, target.ndim - 1), 0)[-1] = 0.0
        return {"input": _without_last(logits(rng, shapes)), "target": target}

    return {
        **dict.fromkeys(("ordinary", "second", "third", "fourth"), ordinary),
        "one-hot": hot,
        "zero": zero,
        "unnormalized": unnormalized,
        "extreme": extreme,
        "extreme-one-hot": extreme_hot,
        "ties": ties,
        "steep": steep,
        "masked": masked,
    }


def _positions(shape: Shape) -> Shape:
    return (*shape[:1], *shape[2:]) if len(shape) > 1 else ()


def _layout(
    shape: Shape, config: Mapping[str, Any], prefix: str = "", target: Shape | None = None, **more: Any
) -> Layout:
    """Class numbers, unless there is another shape for the target; ``weight=True`` becomes numbers."""
    said = ",".join(key if key == "weight" else f"{key}={given}" for key, given in config.items())
    classes = shape[min(1, len(shape) - 1)]
    given = {key: WEIGHTS[classes] if key == "weight" else value for key, value in config.items()}
    name = "-".join(part for part in (prefix, name_of(shape), said) if part)
    more = {"label_dtype": None if target == shape else "int64", **more}
    return Layout(name, {"input": shape, "target": _positions(shape) if target is None else target}, given, **more)


def _combinations(*options: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One of each of the options, merged."""
    return [{key: value for part in parts for key, value in part.items()} for parts in product(*options)]


_REDUCED: list[dict[str, Any]] = [{"reduction": reduction} for reduction in REDUCTIONS]
_WEIGHTED: list[dict[str, Any]] = [{}, {"weight": True}]
_SMOOTHED: list[dict[str, Any]] = [{}, {"label_smoothing": 0.1}]
_IGNORED: list[dict[str, Any]] = [{}, {"ignore_index": 1}]

_OLD = ({"size_average": False}, {"reduce": False, "size_average": True}, {"reduce": True, "reduction": "none"})


def _shapes(smoothed: bool) -> list[Layout]:
    """Other ranks, sizes and memory layouts of scores with class numbers."""
    last: dict[str, Any] = {"weight": True, **({"label_smoothing": 0.25} if smoothed else {})}
    return [
        *(_layout(shape, {}, dtypes=FULL, quick=True) for shape in ((2, 3, 2), (3,))),
        *(_layout((2, 3, 2), {**last, "reduction": r, "ignore_index": 2}, dtypes=SINGLE) for r in REDUCTIONS),
        _layout((2, 3, 2), last, dtypes=HALVES, draws=NO_IGNORED),
        _layout((2, 3, 2, 2), last, dtypes=SINGLE),
        _layout((2, 3, 2, 2), {"reduction": "none"}, dtypes=("float64",)),
        *(_layout((3,), {**last, "reduction": r}, dtypes=SINGLE) for r in REDUCTIONS),
        _layout((2, 1), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary", "extreme", "ignored-first"]),
        *(_layout((0, 3), {"reduction": r}, dtypes=SINGLE, draws=["ordinary"]) for r in REDUCTIONS),
        _layout((3, 4), {}, "strided", strided=True, dtypes=SINGLE),
    ]


def _kinds(last: Mapping[str, Any]) -> list[Layout]:
    """Integers of other widths."""
    return [
        *(_layout((3, 4), last, kind, dtypes=SINGLE, label_dtype=kind) for kind in ("int32", "int16", "int8")),
        _layout((3, 4), {**last, "ignore_index": 255}, "uint8", dtypes=SINGLE, label_dtype="uint8", quick=True),
        _layout((3, 4), last, "uint8", dtypes=SINGLE, label_dtype="uint8", draws=NO_IGNORED),
        _layout((2, 3, 2), last, "uint8", dtypes=SINGLE, label_dtype="uint8", draws=NO_IGNORED[:4]),
    ]


def _cross_entropies() -> Iterable[Plan]:
    labels = [
        *(
            _layout((3, 4), config, quick=len(config) in (1, 4))
            for config in _combinations(_REDUCED, _WEIGHTED, _SMOOTHED, _IGNORED)
        ),
        *(_layout((3, 4), config, dtypes=HALVES) for config in _combinations(_REDUCED[:2], _WEIGHTED, _SMOOTHED)),
        *(_layout((3, 4), {"ignore_index": index}, dtypes=SINGLE) for index in (-1, 0, 7, 2**31 + 5)),
        *(_layout((3, 4), {"label_smoothing": s}, dtypes=SINGLE, draws=_FINITE) for s in (1.0, 0.5)),
        *(_layout((3, 4), config, dtypes=SINGLE, draws=["ordinary", "ignored-first"]) for config in _OLD),
        *_shapes(smoothed=True),
        *_kinds({"weight": True, "label_smoothing": 0.1}),
    ]
    yield plan("CrossEntropyLoss", labels, _of_labels(), ("input",), MAGNITUDE, exact=("target",))

    draws = _of_probabilities()
    both = [name for name in draws if name != "masked"]

    def soft(shape: Shape, config: Mapping[str, Any], names: Sequence[str] = both, **more: Any) -> Layout:
        return _layout(shape, config, "soft", shape, draws=names, **more)

    magnitude = {name: MAGNITUDE.get(name.removesuffix("-one-hot"), 1.0) for name in draws}
    layouts = [
        *(soft((3, 4), config, quick=len(config) == 2) for config in _combinations(_REDUCED, _WEIGHTED, _SMOOTHED)),
        *(soft((3, 4), config, dtypes=HALVES) for config in _combinations(_REDUCED[:2], _SMOOTHED)),
        *(
            soft((2, 3, 2), {"weight": True, "label_smoothing": 0.25, "reduction": r}, dtypes=SINGLE)
            for r in REDUCTIONS
        ),
        soft((2, 3, 2), {}),
        soft((2, 3, 2, 2), {"weight": True}, dtypes=SINGLE),
        soft((3,), {"weight": True, "reduction": "none"}),
        soft((3,), {"weight": True, "label_smoothing": 1.0}, dtypes=SINGLE),
        soft((1,), {"weight": True}, ["ordinary"], dtypes=SINGLE),
        *(soft((0, 3), {"reduction": r}, ["ordinary"], dtypes=SINGLE) for r in REDUCTIONS),
        soft((3, 4), {"ignore_index": -1}, ["ordinary"], dtypes=SINGLE),
    ]
    yield plan("CrossEntropyLoss", layouts, draws, PAIR, magnitude)
    impossible = [
        _layout((3, 4), config, "impossible", (3, 4), dtypes=ALL, draws=["masked"])
        for config in _combinations(_REDUCED[:2], _WEIGHTED)
    ]
    yield plan("CrossEntropyLoss", impossible, draws, ("input",))


_FINITE = [name for name in _of_labels() if name != "masked"]


def _likelihoods() -> Iterable[Plan]:
    layouts = [
        *(
            _layout((3, 4), config, quick=len(config) in (1, 3))
            for config in _combinations(_REDUCED, _WEIGHTED, _IGNORED)
        ),
        *(_layout((3, 4), config, dtypes=HALVES) for config in _combinations(_REDUCED[:2], _WEIGHTED)),
        *(_layout((3, 4), {"ignore_index": index}, dtypes=SINGLE) for index in (-1, 0, 7)),
        *(_layout((3, 4), config, dtypes=SINGLE, draws=["ordinary", "ignored-first"]) for config in _OLD),
        *_shapes(smoothed=False),
        *_kinds({"weight": True}),
    ]
    draws = _of_labels(log_probabilities=True)
    yield plan("NLLLoss", layouts, draws, ("input",), MAGNITUDE, exact=("target",))
    images = [_layout((2, 3, 2, 2), {}, dtypes=SINGLE, quick=True), _layout((2, 3, 2, 2), {"weight": True})]
    yield plan("NLLLoss2d", images, draws, ("input",), MAGNITUDE, exact=("target",))


def plans() -> list[Plan]:
    """Of the losses of classes."""
    return [*_cross_entropies(), *_likelihoods()]
