"""The cases of the robust losses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions
from polyloss_conformance.zoo_cases.regression import PAIR, differences


def _small(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Residuals whose loss is far below 1: judged relative to itself."""
    return {
        "pred": cycle(shapes["pred"], [1e-4, -3e-3, 1e-2, -0.1, 2e-5]),
        "target": np.zeros(shapes["target"]),
    }


DRAWS = {**differences([0.0, 1.0, -1.0, 0.25, 2.0, -0.5]), "small": _small}
MAGNITUDE = {"extreme": 1e4, "small": 1e-30}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (2, 3))
    empty = Layout("0x3", dict.fromkeys(PAIR, (0, 3)), draws=("ordinary",))
    for loss in ("Charbonnier", "Cauchy", "GemanMcClure", "Welsch"):
        layouts = [*reductions(pair, "2x3"), *options(pair, "2x3", {"scale": 0.3, "reduction": "none"}), empty]
        yield plan(loss, layouts, DRAWS, PAIR, MAGNITUDE)
    shapes: list[Mapping[str, Any]] = [
        {"alpha": alpha, "reduction": "none"} for alpha in (2.0, 0.0, -math.inf, 1e-3, 1.9999, -2.5, 0.5)
    ]
    shapes[-1] = {**shapes[-1], "scale": 3.0}
    layouts = [*reductions(pair, "2x3"), *options(pair, "2x3", *shapes), empty]
    yield plan("Barron", layouts, DRAWS, PAIR, MAGNITUDE)
