"""The cases of the losses that compare with a memory of what was seen before: the loss of a batch, with the state as inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

LABELS = {
    "ordinary": [0, 2, -1, 1],
    "extreme": [2, 0, 1, -2],
    "one class": [1, 1, 1, 1],
    "ignored": [-1, -1, -1, -1],
    "NaN ignored": [0, -1, 2, 1],
    "at its place": [0, 1, 2, 0],
    "empty": [1, 0, -1, 2],
}
"""Draw to labels, of three classes."""


def _draws() -> dict[str, Draw]:
    def of(name: str) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            scale = 1e4 if name == "extreme" else 1.0
            values = {
                key: rng.normal(size=shape) * (scale if key in ("x", "centers") else 1.0)
                for key, shape in shapes.items()
            }
            for key in ("lut", "queue"):
                if key in values:
                    values[key] /= np.linalg.norm(values[key], axis=1, keepdims=True)
                    if name == "empty":
                        values[key][1:] = 0.0
            values["label"] = cycle(shapes["label"], LABELS[name])
            if name == "NaN ignored":
                values["x"][1:2] = np.nan
            if name == "at its place":  # and one vector that is 0
                values["x"] = np.resize(values["centers" if "centers" in values else "lut"], shapes["x"]).copy()
                values["x"][-1:] = 0.0
            return values

        return draw

    return {name: of(name) for name in LABELS}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    whole: dict[str, Any] = {"label_dtype": "int64"}
    centers = {"x": (4, 3), "label": (4,), "centers": (3, 3)}
    yield plan(
        "Center",
        [
            *reductions(centers, "4x3", **whole),
            *options(centers, "4x3", {"learnable": True}, {"half": False, "reduction": "none"}, **whole),
            Layout("4x3-int32", centers, {"learnable": True, "reduction": "none"}, label_dtype="int32"),
            Layout("0x3", {"x": (0, 3), "label": (0,), "centers": (3, 3)}, draws=("ordinary",), **whole),
        ],
        _draws(),
        ("x", "centers"),
        {"extreme": 1e9},
        exact=("label",),
    )
    tables = {"x": (4, 3), "label": (4,), "lut": (3, 3), "queue": (2, 3)}
    yield plan(
        "OIM",
        [
            *reductions(tables, "4x3", **whole),
            *options(
                tables,
                "4x3",
                {"temperature": 0.05, "reduction": "none"},
                {"mask_empty": True, "reduction": "none"},
                **whole,
            ),
            Layout("4x3-int32", tables, {"mask_empty": True}, label_dtype="int32"),
            Layout("0x3", {**tables, "x": (0, 3), "label": (0,)}, draws=("ordinary",), **whole),
        ],
        _draws(),
        ("x", "lut", "queue"),
        dict.fromkeys(LABELS, 20.0),
        exact=("label",),
    )
