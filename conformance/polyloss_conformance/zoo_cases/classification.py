"""The cases of the cross entropies and what is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.classes import (
    DRAWS,
    EXTREME,
    IGNORING,
    MAGNITUDE,
    NUMBERS,
    ROWS,
    SIMPLE,
    behind,
    edges,
    weights,
)
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")
SOFT = ("soft", "one-hot", "soft-extreme")


def _shares(rng: Rng, shape: Shape) -> Array:
    found = rng.uniform(0.05, 1, shape)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _of_classes() -> dict[str, Draw]:
    def soft(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        pred = rng.normal(size=shapes["pred"]) * 2
        return {"pred": pred, "target": _shares(rng, shapes["target"]), **weights(rng, shapes)}

    def one_hot(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        classes = shapes["target"][1]
        hot = np.eye(classes)[rng.integers(0, classes, shapes["target"][0])]
        return {**soft(rng, shapes, config), "target": hot}

    def soft_extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**soft(rng, shapes, config), "pred": cycle(shapes["pred"], EXTREME)}

    def soft_masked(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """A class that cannot be, and has probability 0."""
        found = soft(rng, shapes, config)
        found["target"][:, -1] = 0.0
        found["pred"][:, -1] = -np.inf
        return found

    def masked(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = DRAWS["ordinary"](rng, shapes, config)
        found["pred"][:, -1] = -np.inf
        found["target"] = np.minimum(found["target"], shapes["pred"][1] - 2)
        return found

    def probabilities(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**DRAWS["ordinary"](rng, shapes, config), "pred": _shares(rng, shapes["pred"])}

    def certain(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = DRAWS["ordinary"](rng, shapes, config)
        return {**found, "pred": cycle(shapes["pred"], [0.0, 1.0, 0.0, 0.0, 1.0])}

    return {
        **DRAWS,
        "masked": masked,
        "soft": soft,
        "one-hot": one_hot,
        "soft-extreme": soft_extreme,
        "soft-masked": soft_masked,
        "probabilities": probabilities,
        "certain": certain,
    }


def _yes_or_no() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        target = rng.integers(0, 2, shapes["target"]).astype(float)
        return {"pred": rng.normal(size=shapes["pred"]) * 2, "target": target}

    def soft(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**ordinary(rng, shapes, config), "target": rng.uniform(0, 1, shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [1e4, 1e4, -1e4, -1e4, 88.0, -30.0]),
            "target": cycle(shapes["target"], [0.0, 1.0]),
        }

    def at_zero(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**ordinary(rng, shapes, config), "pred": cycle(shapes["pred"], [0.0, -0.0, 1e-4])}

    def all_negative(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**ordinary(rng, shapes, config), "target": np.zeros(shapes["target"])}

    def probabilities(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**ordinary(rng, shapes, config), "pred": rng.uniform(0.02, 0.98, shapes["pred"])}

    def certain(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [0.0, 1.0, 1.0, 0.0, 1e-4, 0.5]),
            "target": cycle(shapes["target"], [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]),
        }

    return {
        "ordinary": ordinary,
        "soft": soft,
        "extreme": extreme,
        "zero": at_zero,
        "all-negative": all_negative,
        "probabilities": probabilities,
        "certain": certain,
    }


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (2, 3))
    empty = dict.fromkeys(PAIR, (0, 3))
    weighted = {**ROWS, "weight": (4,)}
    whole = {"pred": (3, 4), "target": (3, 4), "weight": (4,)}
    logits = ("ordinary", "soft", "extreme", "zero")
    yield plan(
        "CrossEntropy",
        [
            *reductions(ROWS, "3x4", draws=(*SIMPLE, "masked"), **NUMBERS),
            *options(weighted, "3x4-weight", {"ignore_index": 1, "label_smoothing": 0.1}, draws=IGNORING, **NUMBERS),
            behind(),
            Layout("3x4-soft-masked", {"pred": (3, 4), "target": (3, 4)}, draws=("soft-masked",)),
            *options(ROWS, "3x4", {"probabilities": True}, draws=("probabilities", "certain"), **NUMBERS),
            *edges(),
        ],
        _of_classes(),
        ("pred",),
        MAGNITUDE,
        exact=("target",),
    )
    yield plan(
        "CrossEntropy",
        options(whole, "3x4-soft", {}, {"label_smoothing": 0.2, "reduction": "none"}, draws=SOFT),
        _of_classes(),
        PAIR,
        {"soft-extreme": 2e4},
    )
    yield plan(
        "BinaryCrossEntropy",
        [
            *reductions(pair, "2x3", draws=logits),
            *options(pair, "2x3", {"label_smoothing": 0.1, "reduction": "none"}, draws=logits),
            *options(
                pair,
                "2x3",
                {"probabilities": True, "reduction": "none"},
                {"probabilities": True, "eps": 1e-3},
                draws=("probabilities", "certain"),
            ),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        _yes_or_no(),
        PAIR,
        {"extreme": 1e4},
    )
    yield plan(
        "Focal",
        [
            *reductions(pair, "2x3", draws=logits),
            *options(
                pair,
                "2x3",
                {"reduction": "positive", "gamma": 1.5},
                {"gamma": 0.5, "alpha": None, "reduction": "none"},
                {"gamma": 0.0, "alpha": 0.9},
                draws=(*logits, "all-negative"),
            ),
            Layout("0x3-positive", empty, {"reduction": "positive"}, draws=("ordinary",)),
        ],
        _yes_or_no(),
        ("pred",),
        {"extreme": 1e4},
    )
    yield plan(
        "SoftmaxFocal",
        [
            *reductions(ROWS, "3x4", draws=SIMPLE, **NUMBERS),
            *options(
                {**ROWS, "alpha": (4,)}, "3x4-alpha", {"ignore_index": 1, "gamma": 0.5}, draws=IGNORING, **NUMBERS
            ),
            *options(ROWS, "3x4", {"gamma": 0.0}, draws=SIMPLE, **NUMBERS),
            behind(gamma=1.0),
            *edges(),
        ],
        DRAWS,
        ("pred",),
        MAGNITUDE,
        exact=("target",),
    )
    yield plan(
        "Poly1",
        [
            *reductions(ROWS, "3x4", draws=SIMPLE, **NUMBERS),
            *options(ROWS, "3x4", {"epsilon": -0.5, "ignore_index": -100}, draws=IGNORING, **NUMBERS),
            behind(epsilon=1.0),
            *edges(),
        ],
        DRAWS,
        ("pred",),
        MAGNITUDE,
        exact=("target",),
    )
    yield plan(
        "Asymmetric",
        [
            *reductions(pair, "2x3", draws=logits),
            *options(
                pair,
                "2x3",
                {"margin": 0.0, "gamma_positive": 0.0, "gamma_negative": 2.0},
                {"margin": 0.2, "gamma_positive": 2.0, "gamma_negative": 0.5, "reduction": "none"},
                draws=(*logits, "all-negative"),
            ),
            Layout("2x2x3", dict.fromkeys(PAIR, (2, 2, 3)), {"reduction": "none"}, draws=logits),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        _yes_or_no(),
        ("pred",),
        {"extreme": 1e4},
    )
