"""The cases of the Lovasz losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions


def _classes(shapes: Mapping[str, Shape]) -> int:
    return shapes["pred"][1] if len(shapes["pred"]) > len(shapes["target"]) else 2


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {
        "pred": rng.normal(size=shapes["pred"]) * 1.5,
        "target": rng.integers(0, _classes(shapes), shapes["target"]).astype(float),
    }


def _ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Equal scores, some of them on the margin, of all classes."""
    return {
        "pred": cycle(shapes["pred"], [0.5, 0.5, 0.5, 1.0, 1.0, -1.0]),
        "target": cycle(shapes["target"], list(range(_classes(shapes)))),
    }


def _single(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Nothing but the first class."""
    return {**_ordinary(rng, shapes, config), "target": np.zeros(shapes["target"])}


def _extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_ordinary(rng, shapes, config), "pred": cycle(shapes["pred"], [1e4, -1e4, 0.25, 1e4, 2.0, -1e4, -3.0])}


def _ignored(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Pixels that do not count hold NaN."""
    values = _ordinary(rng, shapes, config)
    values["target"].reshape(-1)[[0, -1]] = config["ignore"]
    dropped = values["target"] == config["ignore"]
    if values["pred"].ndim > dropped.ndim:
        dropped = dropped[:, None]
    return {**values, "pred": np.where(dropped, np.nan, values["pred"])}


def _all_ignored(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {**_ordinary(rng, shapes, config), "target": np.full(shapes["target"], config["ignore"], dtype=float)}


DRAWS = {
    "ordinary": _ordinary,
    "ties": _ties,
    "single": _single,
    "extreme": _extreme,
    "ignored": _ignored,
    "all-ignored": _all_ignored,
}
PLAIN = ("ordinary", "ties", "single", "extreme")
IGNORED = ("ordinary", "ignored", "all-ignored")


def plans() -> Iterable[Plan]:
    """One for each loss."""
    none: dict[str, Any] = {"reduction": "none"}
    scores = {"pred": (2, 3, 3), "target": (2, 3)}
    empty = {"pred": (0, 3, 3), "target": (0, 3)}
    yield plan(
        "LovaszSoftmax",
        [
            *reductions(scores, "2x3x3", draws=PLAIN),
            *options(scores, "2x3x3", {"per_image": True, **none}, {"present": False, **none}, draws=PLAIN),
            *options(scores, "2x3x3", {"ignore": 1, "per_image": True, **none}, draws=IGNORED),
            Layout("1x2x2x2-int64", {"pred": (1, 2, 2, 2), "target": (1, 2, 2)}, label_dtype="int64", draws=PLAIN),
            Layout("0x3x3", empty, draws=("ordinary",)),
            Layout("0x3x3-per_image", empty, {"per_image": True}, draws=("ordinary",)),
        ],
        DRAWS,
        ("pred",),
        exact=("target",),
    )
    pixels = {"pred": (2, 4), "target": (2, 4)}
    yield plan(
        "LovaszHinge",
        [
            *reductions(pixels, "2x4", draws=PLAIN),
            *options(pixels, "2x4", {"per_image": False, **none}, draws=PLAIN),
            *options(pixels, "2x4", {"ignore": 255, **none}, draws=IGNORED),
            Layout("1x2x2-int32", {"pred": (1, 2, 2), "target": (1, 2, 2)}, label_dtype="int32", draws=PLAIN),
            Layout("0x4", {"pred": (0, 4), "target": (0, 4)}, draws=("ordinary",)),
        ],
        DRAWS,
        ("pred",),
        {"extreme": 1e4},
        exact=("target",),
    )
