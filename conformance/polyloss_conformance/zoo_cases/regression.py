"""The cases of the losses of a number predicted and a number seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")


def differences(near: Sequence[float]) -> dict[str, Draw]:
    """Draws for a loss of ``target - pred``; `near` are differences at and around its kinks."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.normal(size=shapes["pred"]) * 1.5, "target": rng.normal(size=shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [1e4, -1e4, 1e4, 1e-4, -1e4]),
            "target": cycle(shapes["target"], [-1e4, -1e4, 1.0, -1e-4]),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": np.ones(shapes["pred"]) + cycle(shapes["pred"], near), "target": np.ones(shapes["target"])}

    return {"ordinary": ordinary, "extreme": extreme, "kinks": kinks}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (2, 3))
    empty = dict.fromkeys(PAIR, (0, 3))
    yield plan(
        "Quantile",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"q": 0.1}, {"q": 0.9, "reduction": "none"}),
            *options({"pred": (2, 3), "target": (2,)}, "2x3-2", {"q": (0.1, 0.5, 0.9)}),
            *options({"pred": (2, 3), "target": (2, 1)}, "2x3-2x1", {"q": (0.1, 0.5, 0.9), "reduction": "none"}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        differences([0.0, 1.0, -1.0, 0.25]),
        PAIR,
        {"extreme": 1e4},
    )
