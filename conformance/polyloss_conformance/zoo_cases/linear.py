"""The cases of the cross entropy over a large vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.classes import NUMBERS
from polyloss_conformance.zoo_cases.common import options, plan, reductions

SHAPES: Mapping[str, Shape] = {"features": (5, 2), "weight": (4, 2), "target": (5,)}
WITH_BIAS: Mapping[str, Shape] = {**SHAPES, "bias": (4,)}
SIMPLE = ("ordinary", "second", "extreme", "ties")


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    found: Values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {**found, "target": rng.integers(0, shapes["weight"][0], shapes["target"]).astype(float)}


def _extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_ordinary(rng, shapes, config), "features": cycle(shapes["features"], [1e4, -1e4, 0.0, 88.0, -30.0])}


def _ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_ordinary(rng, shapes, config), "weight": cycle(shapes["weight"], [0.5, -0.25])}


def _ignoring(count: int | None, spoil: bool = False) -> Draw:
    """The first rows are ignored (None: all); `spoil`: their features are NaN and infinite."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = _ordinary(rng, shapes, config)
        found["target"][:count] = config["ignore_index"]
        if spoil:
            found["features"][:count] = [np.nan, np.inf]
        return found

    return draw


def plans() -> Iterable[Plan]:
    """One for each loss."""
    ignoring = ("ordinary", "extreme", "ignored", "ignored-all", "ignored-nan")
    nothing = {"features": (0, 2), "weight": (4, 2), "target": (0,)}
    yield plan(
        "LinearCrossEntropy",
        [
            *reductions(WITH_BIAS, "5x2", draws=SIMPLE, **NUMBERS),
            *options(SHAPES, "5x2", {"rows": 2}, {"rows": 1, "reduction": "sum"}, draws=SIMPLE, **NUMBERS),
            *options(WITH_BIAS, "5x2", {"rows": 3, "ignore_index": -1}, draws=ignoring, **NUMBERS),
            *options(SHAPES, "5x2", {"ignore_index": -100, "reduction": "none"}, draws=ignoring, label_dtype="int32"),
            Layout("0x2", nothing, draws=("ordinary",), **NUMBERS),
        ],
        {
            "ordinary": _ordinary,
            "second": _ordinary,
            "extreme": _extreme,
            "ties": _ties,
            "ignored": _ignoring(2),
            "ignored-all": _ignoring(None),
            "ignored-nan": _ignoring(2, spoil=True),
        },
        ("features", "weight", "bias"),
        {"extreme": 4e4},
        exact=("target",),
    )
