"""The cases of the losses of class scores with one right class or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.torch_cases.common import HALVES, PAIR, SINGLE, name_of, plan

REDUCTIONS = ("none", "mean", "sum")
MAGNITUDE = {"extreme": 1e4}
_WEIGHT = [0.5, 2.0, 1.25]


def _name(shape: Shape, config: Mapping[str, Any], more: str = "") -> str:
    said = ",".join(f"{k}={name_of(np.shape(v)) if k == 'weight' else v}" for k, v in config.items())
    return "-".join(part for part in (name_of(shape), said, more) if part)


def _label(rng: Rng, shapes: Mapping[str, Shape]) -> Array:
    shape = shapes["input"]
    return rng.integers(0, shape[-1] if shape else 1, shapes["target"])


# --- one right class ------------------------------------------------------------------------------------------------------------


def _scores(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": rng.normal(size=shapes["input"]), "target": _label(rng, shapes)}


def _equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": 0.5, "target": _label(rng, shapes)}


def _edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Differences of just the margin, of nothing, and of twice the margin."""
    margin = float(config.get("margin", 1))
    return {"input": cycle(shapes["input"], [margin, 0.0, 0.0, 2 * margin]), "target": cycle(shapes["target"], [0, 1])}


def _extremes(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": cycle(shapes["input"], [1e4, -1e4, 1e4, 1e-4, 9999.0]), "target": _label(rng, shapes)}


def _certain(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """The right class far ahead: no loss, no gradient."""
    target = _label(rng, shapes)
    classes = np.arange(shapes["input"][-1] if shapes["input"] else 1)
    ahead = np.asarray(target)[..., np.newaxis] == classes
    return {"input": rng.normal(size=shapes["input"]) + 50.0 * ahead.reshape(shapes["input"]), "target": target}


def _multi_margin() -> Plan:
    draws: dict[str, Draw] = {
        "ordinary": _scores, "second": _scores, "third": _scores, "equal": _equal, "edges": _edges, "extreme": _extremes,
        "certain": _certain,
    }  # fmt: skip

    def layout(shape: Shape, label: Shape, config: Mapping[str, Any], more: str = "", **options: Any) -> Layout:
        return Layout(
            _name(shape, config, more), {"input": shape, "target": label}, config, **{"label_dtype": "int64", **options}
        )

    options: list[dict[str, Any]] = [
        {"p": p, **weight, "reduction": r} for p, weight, r in product((1, 2), ({}, {"weight": _WEIGHT}), REDUCTIONS)
    ]
    margins = [{"p": p, "margin": margin} for p, margin in product((1, 2), (0.5, 0.0, -0.5, 2))]
    layouts = [
        layout((2, 3), (2,), {}, quick=True),
        *(layout((2, 3), (2,), {"p": p}, "half", dtypes=HALVES, quick=True) for p in (1, 2)),
        layout((2, 3), (2,), {"weight": _WEIGHT, "reduction": "none"}, "half", dtypes=HALVES),
        *(layout((2, 3), (2,), config, quick="weight" in config) for config in options),
        *(layout((2, 3), (2,), config, dtypes=SINGLE) for config in margins),
        layout((2, 3), (2,), {"p": 2, "margin": 0.3, "weight": _WEIGHT}),
        layout((2, 3), (2,), {"size_average": False}, dtypes=SINGLE),
        layout((2, 3), (2,), {"p": 2}, "strided", strided=True),
        layout((2, 3), (2,), {}, "uint8", dtypes=SINGLE, label_dtype="uint8"),
        layout((4,), (), {"reduction": "none"}, "0d"),
        layout((4,), (1,), {"p": 2, "reduction": "none"}, "1", dtypes=SINGLE),
        layout((3,), (1,), {"p": 2, "weight": _WEIGHT}, "1", dtypes=SINGLE),
        layout((3,), (), {"weight": _WEIGHT}, "0d", dtypes=SINGLE),
        layout((1, 4), (), {"reduction": "none"}, "0d", dtypes=SINGLE),
        layout((), (), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary"]),
        layout((3, 1), (3,), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary"]),
        *(layout((0, 3), (0,), {"reduction": r}, dtypes=SINGLE, draws=["ordinary"]) for r in ("none", "mean")),
    ]
    return plan("MultiMarginLoss", layouts, draws, ("input",), MAGNITUDE, ("target",))


# --- several right classes, by number --------------------------------------------------------------------------------------------


def _lists(rows: Sequence[Sequence[int]]) -> Draw:
    """Class numbers row by row, each row as often as it takes; columns that there are not are left out, others are -1."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        shape = shapes["target"]
        classes = shape[-1] if shape else 1
        count = int(np.prod(shape)) // classes
        full = [[y if -1 <= y < classes else classes - 1 for y in (*row, *[-1] * classes)][:classes] for row in rows]
        labels = np.array([full[n % len(full)] for n in range(count)], dtype=np.float64).reshape(shape)
        return {"input": rng.normal(size=shapes["input"]), "target": labels}

    return draw


def _scored(values: Sequence[float], rows: Sequence[Sequence[int]]) -> Draw:
    """The same, with these scores over and over."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**_lists(rows)(rng, shapes, config), "input": cycle(shapes["input"], values)}

    return draw


def _multilabel_margin() -> Plan:
    usual = [[2, 0], [1]]
    draws = {
        "ordinary": _lists(usual),
        "second": _lists([[3, 1, 0], [2, 0]]),
        "third": _lists([[0], [3]]),
        "none": _lists([[-1]]),
        "some": _lists([[-1], [1, 2]]),
        "all": _lists([[3, 0, 2, 1], [0, 1, 2, 3]]),
        "twice": _lists([[1, 1, 0], [2, 2, 2]]),
        "junk": _lists([[-1, 2, 0, 1], [1, -1, 1, 2], [2, -1, 0, -1]]),
        "equal": _scored([0.5], usual),
        "edges": _scored([1.0, 0.0, 0.0, 2.0], usual),
        "extreme": _scored([1e4, -1e4, 1e4, 1e-4, 9999.0], usual),
    }

    def layout(shape: Shape, config: Mapping[str, Any], more: str = "", **options: Any) -> Layout:
        return Layout(
            _name(shape, config, more), dict.fromkeys(PAIR, shape), config, **{"label_dtype": "int64", **options}
        )

    layouts = [
        layout((2, 3), {}, dtypes=ALL, quick=True),
        *(layout((2, 3), {"reduction": r}, quick=True) for r in REDUCTIONS),
        layout((2, 3), {"reduction": "none"}, "half", dtypes=HALVES),
        layout((2, 4), {"reduction": "none"}),
        layout((2, 4), {"reduction": "sum"}, dtypes=SINGLE),
        layout((2, 3), {"size_average": False}, dtypes=SINGLE, draws=["ordinary", "junk"]),
        layout((2, 3), {}, "strided", strided=True),
        layout((2, 3), {}, "uint8", dtypes=SINGLE, label_dtype="uint8", draws=["all"]),
        layout((3,), {}, dtypes=SINGLE),
        layout((4,), {"reduction": "none"}),
        layout((1, 4), {"reduction": "none"}, dtypes=SINGLE),
        layout((), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary", "none"]),
        layout((3, 1), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary", "none"]),
        *(layout((0, 3), {"reduction": r}, dtypes=SINGLE, draws=["ordinary"]) for r in ("none", "mean")),
    ]
    return plan("MultiLabelMarginLoss", layouts, draws, ("input",), MAGNITUDE, ("target",))


# --- each class right or wrong ---------------------------------------------------------------------------------------------------


def _soft(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": rng.normal(size=shapes["input"]) * 2, "target": rng.uniform(0, 1, shapes["target"])}


def _hard(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": rng.normal(size=shapes["input"]) * 2, "target": rng.integers(0, 2, shapes["target"])}


def _zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"input": 0.0, "target": cycle(shapes["target"], [0.0, 1.0, 0.0])}


def _large(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    logits = [1e4, -1e4, 1e4, -1e4, 88.0, -88.0, 20.0, -20.0]
    return {"input": cycle(shapes["input"], logits), "target": cycle(shapes["target"], [0.0, 0.0, 1.0, 1.0])}


def _opposite(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_large(rng, shapes, config), "target": cycle(shapes["target"], [1.0, 1.0, 0.0, 0.0])}


def _multilabel_soft_margin() -> list[Plan]:
    numbers: dict[str, Draw] = {"hard": _hard, "zeros": _zeros, "extreme": _large, "opposite": _opposite}
    draws: dict[str, Draw] = {"ordinary": _soft, "second": _soft, **numbers}

    def layout(
        shape: Shape, config: Mapping[str, Any], more: str = "", label: Shape | None = None, **options: Any
    ) -> Layout:
        shapes = {"input": shape, "target": shape if label is None else label}
        return Layout(_name(shape, config, more), shapes, config, **options)

    weights: list[Any] = [
        _WEIGHT, [[0.5], [2.0]], [[1.0, 0.0, 0.5], [2.0, 1.5, 0.25]], [3.0], [[[1.0]], [[0.5]]],
    ]  # fmt: skip
    smaller: list[tuple[Shape, Shape]] = [((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (1, 3))]
    layouts = [
        layout((2, 3), {}, dtypes=ALL, quick=True),
        *(layout((2, 3), {"reduction": r}, quick=True) for r in REDUCTIONS),
        *(
            layout((2, 3), {"weight": weight, "reduction": r}, dtypes=ALL if r == "none" and len(weight) == 3 else FULL)
            for weight, r in product(weights[:3], REDUCTIONS)
        ),
        *(layout((2, 3), {"weight": weight, "reduction": "none"}, dtypes=SINGLE) for weight in weights[3:]),
        layout((2, 3), {"size_average": False}, dtypes=SINGLE),
        layout((2, 3), {"reduction": "none"}, "strided", strided=True),
        layout((3,), {}, dtypes=SINGLE),
        layout((3,), {"weight": _WEIGHT, "reduction": "none"}, dtypes=SINGLE),
        layout((2, 2, 3), {"reduction": "none"}),
        layout((2, 2, 3), {"weight": _WEIGHT}, dtypes=SINGLE),
        *(layout(shape, {"reduction": "none"}, name_of(label), label, dtypes=SINGLE) for shape, label in smaller),
        *(layout((0, 3), {"reduction": r}, dtypes=SINGLE, draws=["ordinary"]) for r in REDUCTIONS),
        layout((2, 0), {"reduction": "none"}, dtypes=SINGLE, draws=["ordinary"]),
    ]
    integers = [layout((2, 3), {}, kind, dtypes=SINGLE, label_dtype=kind) for kind in ("int64", "int32", "uint8")]
    magnitude = {**MAGNITUDE, "opposite": 1e4}
    name = "MultiLabelSoftMarginLoss"
    return [
        plan(name, layouts, draws, PAIR, magnitude),
        plan(name, integers, numbers, ("input",), magnitude, ("target",)),
    ]


def plans() -> list[Plan]:
    """Of the losses of class scores."""
    return [_multi_margin(), _multilabel_margin(), *_multilabel_soft_margin()]
