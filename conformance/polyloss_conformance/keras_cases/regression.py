"""The cases of the losses of real numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polyloss_conformance.keras_cases.common import ALL, PAIR, SINGLE, pair, plan
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {"y_true": rng.normal(size=shapes["y_true"]), "y_pred": rng.normal(size=shapes["y_pred"]) * 1.5}


_DRAWS: dict[str, Draw] = {"ordinary": _ordinary}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    yield plan(
        "MeanSquaredError",
        [
            Layout("2x3", pair((2, 3)), dtypes=ALL, quick=True),
            Layout("2x3-mask", pair((2, 3), mask=(2,)), dtypes=SINGLE),
            Layout("2x3-weighted-mask", pair((2, 3), sample_weight=(2,), mask=(2,)), dtypes=SINGLE),
        ],
        _DRAWS,
        PAIR,
    )
