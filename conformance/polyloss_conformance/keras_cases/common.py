"""What the cases of all losses of the Keras dialect share: dtypes, weights, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyloss_conformance.cases import Case
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values

SINGLE = ("float32",)
FULL = ("float32", "float64")
ALL = ("float32", "float64", "float16", "bfloat16")
PAIR = ("y_true", "y_pred")

NO_WEIGHT = "no-weight"
"""The draw in which all weights are 0."""
MASKED_OUT = "masked-out"
"""The draw in which the mask is 0 everywhere."""


@dataclass(frozen=True)
class KerasPlan(Plan):
    """All cases of one loss: the dtype of a case is the loss's ``dtype``, which is written out unless it is Keras's default.

    A draw may give ``sample_weight`` and ``mask``; where it does not, weights are random with one 0, and a mask random with a 0 and a 1.
    """

    dialect: str = "keras"

    def _case(self, layout: Layout, dtype: str, draw: str) -> Case:
        if dtype != "float32":
            layout = replace(layout, config={**layout.config, "dtype": dtype})
        if "mask" in layout.shapes:
            layout = replace(layout, dtypes_of={"mask": "bool", **layout.dtypes_of})
        return super()._case(layout, dtype, draw)


def plan(
    loss: str, layouts: Sequence[Layout], draws: Mapping[str, Draw], wrt: Sequence[str], **options: Any
) -> KerasPlan:
    """A plan whose draws give masks, and which has the draws `NO_WEIGHT` and `MASKED_OUT` for layouts with weights or a mask.

    These two draw as the first one does.
    """
    first = next(iter(draws))
    usual = {name: _completed(draw) for name, draw in draws.items()}
    extreme = {NO_WEIGHT: _constant(draws[first], "sample_weight"), MASKED_OUT: _constant(draws[first], "mask")}
    fitted = [replace(one, draws=_fitting(one, tuple(draws))) for one in layouts]
    return KerasPlan(loss, fitted, {**usual, **extreme}, wrt, **options)


def _fitting(layout: Layout, usual: tuple[str, ...]) -> tuple[str, ...]:
    own = tuple(layout.draws or usual)
    weights = (NO_WEIGHT,) if "sample_weight" in layout.shapes else ()
    return (*own, *weights, *((MASKED_OUT,) if "mask" in layout.shapes else ()))


def _completed(draw: Draw) -> Draw:
    """As `draw`, with a mask, and a single weight, which as the first of several would be 0."""

    def drawn(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = draw(rng, shapes, config)
        if "mask" in shapes and "mask" not in values:
            mask = rng.integers(0, 2, shapes["mask"])
            mask.reshape(-1)[:2] = (0, 1)[: mask.size]
            values["mask"] = mask
        if np.prod(shapes.get("sample_weight", (0,))) == 1 and "sample_weight" not in values:
            values["sample_weight"] = rng.uniform(0.25, 2.0, shapes["sample_weight"])
        return values

    return drawn


def _constant(draw: Draw, name: str) -> Draw:
    """As `draw`, with zeros for the input `name`."""
    masked = _completed(draw)

    def drawn(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**masked(rng, shapes, config), name: np.zeros(shapes[name])}

    return drawn


def name_of(shape: Shape) -> str:
    """``2x3``, and ``0d`` for no axes."""
    return "x".join(map(str, shape)) if shape else "0d"


def pair(shape: Shape, **others: Shape) -> dict[str, Shape]:
    """Labels and predictions of one shape, and other inputs."""
    return {**dict.fromkeys(PAIR, shape), **others}
