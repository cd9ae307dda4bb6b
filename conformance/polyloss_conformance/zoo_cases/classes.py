"""Draws of scores with class numbers, which several families share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Rng, Shape, Values, cycle

EXTREME = [1e4, -1e4, 0.0, 1e4, 88.0, -1e4, -88.0, 1e-4, 20.0, -20.0]
MAGNITUDE = {"extreme": 2e4}
SIMPLE = ("ordinary", "second", "extreme", "ties")
IGNORING = ("ordinary", "extreme", "ignored", "ignored-all", "ignored-nan")


def _labels(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Array:
    return rng.integers(0, shapes["pred"][config.get("axis", 1)], shapes["target"]).astype(float)


def weights(rng: Rng, shapes: Mapping[str, Shape]) -> Values:
    """A weight for each class, where there is such an input."""
    return {name: rng.uniform(0.25, 2.0, shapes[name]) for name in ("weight", "alpha") if name in shapes}


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    scores = rng.normal(size=shapes["pred"]) * 2
    return {"pred": scores, "target": _labels(rng, shapes, config), **weights(rng, shapes)}


def _extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    found = _ordinary(rng, shapes, config)
    return {**found, "pred": cycle(shapes["pred"], EXTREME)}


def _ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    found = _ordinary(rng, shapes, config)
    return {**found, "pred": cycle(shapes["pred"], [-0.5, -0.5, -0.5, 0.5, -0.5])}


def _ignoring(count: int | None, spoil: bool = False) -> Draw:
    """The first labels are ignored (None: all); `spoil`: the scores there are NaN and infinite."""

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = _ordinary(rng, shapes, config)
        number = config["ignore_index"]
        if number >= 0:  # a class as well: elsewhere it must not come up
            found["target"] = np.where(found["target"] == number, (number + 1) % shapes["pred"][1], found["target"])
        found["target"].reshape(-1)[:count] = number
        if spoil:
            rows = np.moveaxis(found["pred"], config.get("axis", 1), -1)
            rows[found["target"] == number] = np.resize([np.nan, np.inf, 1.0], rows.shape[-1])
        return found

    return draw


DRAWS: dict[str, Draw] = {
    "ordinary": _ordinary,
    "second": _ordinary,
    "extreme": _extreme,
    "ties": _ties,
    "ignored": _ignoring(1),
    "ignored-all": _ignoring(None),
    "ignored-nan": _ignoring(1, spoil=True),
}

ROWS: Mapping[str, Shape] = {"pred": (3, 4), "target": (3,)}
NUMBERS: dict[str, Any] = {"label_dtype": "int64"}


def edges(draws: Sequence[str] = ("ordinary",), **config: Any) -> list[Layout]:
    """No sample, and one class only."""
    return [
        Layout("0x4", {"pred": (0, 4), "target": (0,)}, config, draws=draws, **NUMBERS),
        Layout("3x1", {"pred": (3, 1), "target": (3,)}, {**config, "reduction": "none"}, draws=draws, **NUMBERS),
    ]


def behind(**config: Any) -> Layout:
    """Classes on the last axis of three, numbers in int32."""
    shapes = {"pred": (2, 2, 3), "target": (2, 2)}
    more = {"axis": -1, "ignore_index": -1, "reduction": "none", **config}
    return Layout("2x2x3-behind", shapes, more, label_dtype="int32", draws=IGNORING, strided=True)
