"""The cases of how far one distribution is from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")


def _given(values: Array, form: str) -> Array:
    with np.errstate(divide="ignore"):
        return values if form == "probabilities" else np.log(values)


def _forms(config: Mapping[str, Any]) -> tuple[str, str]:
    both = config.get("given_as")
    return both or config.get("pred_as", "probabilities"), both or config.get("target_as", "probabilities")


def _draws() -> dict[str, Draw]:
    def normalized(values: Array, config: Mapping[str, Any]) -> Array:
        total = values.sum(axis=config.get("axis", -1), keepdims=True)
        return np.asarray(values / np.where(total > 0, total, 1.0))

    def as_given(pred: Array, target: Array, config: Mapping[str, Any]) -> Values:
        (first, second) = _forms(config)
        return {
            "pred": _given(normalized(pred, config), first),
            "target": _given(normalized(target, config), second),
        }

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return as_given(rng.uniform(0.05, 1, shapes["pred"]), rng.uniform(0.05, 1, shapes["target"]), config)

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = rng.uniform(0.05, 1, shapes["pred"])
        return as_given(values, values, config)

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Classes that the target does not have, one of which the prediction has not either."""
        pred = cycle(shapes["pred"], [0.25, 0.5, 0.0, 0.25])
        return as_given(pred, cycle(shapes["target"], [0.5, 0.5, 0.0, 0.0]), config)

    def impossible(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Classes that only the target has."""
        pred = cycle(shapes["pred"], [0.5, 0.0, 0.25, 0.25])
        return as_given(pred, cycle(shapes["target"], [0.5, 0.5, 0.0, 0.0]), config)

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Logits."""
        return {
            "pred": cycle(shapes["pred"], [1e4, -1e4, 0.0, 1e4, 88.0]),
            "target": cycle(shapes["target"], [-20.0, 1e4, -1e4, 0.0, 30.0]),
        }

    return {"ordinary": ordinary, "equal": equal, "zeros": zeros, "impossible": impossible, "extreme": extreme}


def plans() -> Iterable[Plan]:
    """One for each divergence."""
    pair = dict.fromkeys(PAIR, (2, 4))
    cube = dict.fromkeys(PAIR, (2, 4, 2))
    empty = dict.fromkeys(PAIR, (0, 4))
    shares = ("ordinary", "equal", "zeros", "impossible")
    yield plan(
        "KLDivergence",
        [
            *reductions(pair, "2x4", draws=shares),
            *options(pair, "2x4", {"pred_as": "logits"}, draws=("ordinary", "equal", "impossible")),
            *options(
                pair,
                "2x4",
                {"pred_as": "log_probabilities", "target_as": "log_probabilities", "reduction": "none"},
                draws=shares,
            ),
            *options(
                pair, "2x4", {"pred_as": "logits", "target_as": "logits", "base": 2.0}, draws=("ordinary", "extreme")
            ),
            Layout("2x4x2", cube, {"axis": 1, "reduction": "none"}, draws=("ordinary",), strided=True),
            Layout("0x4", empty, draws=("ordinary",)),
        ],
        _draws(),
        PAIR,
        {"extreme": 2e4},
    )
    yield plan(
        "JSDivergence",
        [
            *reductions(pair, "2x4", draws=shares),
            *options(pair, "2x4", {"given_as": "logits", "base": 2.0}, draws=("ordinary", "equal", "extreme")),
            *options(pair, "2x4", {"given_as": "log_probabilities", "reduction": "none"}, draws=shares),
            Layout("2x4x2", cube, {"axis": 1, "reduction": "none"}, draws=("ordinary",), strided=True),
            Layout("0x4", empty, draws=("ordinary",)),
        ],
        _draws(),
        PAIR,
    )
