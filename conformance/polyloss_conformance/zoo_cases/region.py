"""The cases of the losses on the overlap of regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Layout, Plan, Rng, Shape, Values, cycle, like
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")

_PRED = [[1, 0, 1], [0, 0, 0], [0.5, 0, 0.25], [0, 1, 0]]
"""Just right, nothing where nothing is, something where nothing is, all wrong."""
_TARGET = [[1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 1]]


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    target = rng.uniform(size=shapes["target"]) < 0.4
    return {"pred": rng.uniform(0.02, 0.98, shapes["pred"]), "target": target.astype(float)}


def _soft(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"pred": rng.uniform(0.0, 1.0, shapes["pred"]), "target": rng.uniform(0.0, 1.0, shapes["target"])}


def _edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"pred": like(np.array(_PRED), shapes["pred"]), "target": like(np.array(_TARGET), shapes["target"])}


def _tiny(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Nearly right: a loss far below 1."""
    target = like(np.array(_TARGET[::3]), shapes["target"])
    return {"pred": np.where(target > 0, 1 - 2.0**-8, 2.0**-10), "target": target}


def _scores(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_ordinary(rng, shapes, config), "pred": rng.normal(size=shapes["pred"]) * 2}


def _extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_edges(rng, shapes, config), "pred": cycle(shapes["pred"], [1e4, -1e4, 3.0, 0.0, -1e4])}


DRAWS = {
    "ordinary": _ordinary,
    "soft": _soft,
    "edges": _edges,
    "tiny": _tiny,
    "scores": _scores,
    "extreme": _extreme,
}
GIVEN = ("ordinary", "soft", "edges", "tiny")
SCORES = ("scores", "extreme")


def plans() -> Iterable[Plan]:
    """Two for each loss: masks with a gradient, and whole numbers."""
    pair = dict.fromkeys(PAIR, (2, 2, 3))
    none: dict[str, Any] = {"reduction": "none"}
    more: dict[str, list[Mapping[str, Any]]] = {
        "Dice": [{"squared": True, **none}, {"batch": True, "smooth": 1.0, **none}],
        "Jaccard": [{"batch": True, "smooth": 1.0, **none}],
        "GeneralizedDice": [{"weight": "simple", **none}, {"batch": True, "smooth": 1.0}],
        "Tversky": [{"alpha": 0.0, "beta": 1.0, **none}, {"batch": True, "smooth": 1.0, "alpha": 1.0, **none}],
        "FocalTversky": [{"gamma": 0.5, **none}, {"gamma": 1.0, "smooth": 1.0, "alpha": 0.6, **none}],
    }
    for loss, configs in more.items():
        layouts = [
            *reductions(pair, "2x2x3", draws=GIVEN),
            *options(pair, "2x2x3", *configs, draws=GIVEN),
            Layout("0x2x3", dict.fromkeys(PAIR, (0, 2, 3)), draws=("ordinary",)),
        ]
        scores = ("softmax", "sigmoid") if loss == "Dice" else ("softmax",)
        layouts += options(pair, "2x2x3", *({"activation": name, **none} for name in scores), draws=SCORES)
        yield plan(loss, layouts, DRAWS, PAIR)
    yield plan(
        "DiceCE",
        [
            *reductions(pair, "2x2x3", draws=SCORES),
            *options(pair, "2x2x3", {"activation": "sigmoid", "smooth": 1.0, **none}, draws=SCORES),
            *options(pair, "2x2x3", {"dice_weight": 0.5, "ce_weight": 2.0, "squared": True}, draws=SCORES),
            Layout("1x3x2x2", dict.fromkeys(PAIR, (1, 3, 2, 2)), none, draws=("scores",)),
            Layout("0x2x3", dict.fromkeys(PAIR, (0, 2, 3)), draws=("scores",)),
        ],
        DRAWS,
        PAIR,
        {"extreme": 1e4},
    )
    for loss in (*more, "DiceCE"):
        draws = ("scores",) if loss == "DiceCE" else ("ordinary", "edges")
        kind = "int32" if loss == "Tversky" else "int64"
        layout = Layout(f"2x2x3-{kind}", pair, label_dtype=kind, dtypes=("float32",), draws=draws)
        yield plan(loss, [layout], DRAWS, ("pred",), exact=("target",))
