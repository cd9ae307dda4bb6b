"""The cases of empty batches, one for each loss. Those of `MeanSquaredError` are among its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.keras_cases.common import SINGLE, KerasPlan, pair
from polyloss_conformance.planning import Layout, Plan, Rng, Shape, Values

_PAIRS = (
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge",
    "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "Poisson", "SquaredHinge", "Tversky",
)  # fmt: skip
_LABELLED: Mapping[str, dict[str, Shape]] = {
    "CategoricalGeneralizedCrossEntropy": {"y_true": (0,), "y_pred": (0, 3)},
    "SparseCategoricalCrossentropy": {"y_true": (0,), "y_pred": (0, 3)},
    "Circle": {"y_true": (0,), "y_pred": (0, 3)},
    "CTC": {"y_true": (0, 3), "y_pred": (0, 4, 4)},
}


def _nothing(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    for loss in _PAIRS:
        yield KerasPlan(loss, [Layout("empty", pair((0, 3)), dtypes=SINGLE)], {"nothing": _nothing}, ("y_pred",))
    for loss, shapes in _LABELLED.items():
        whole = Layout("empty", shapes, dtypes=SINGLE, label_dtype="int32")
        yield KerasPlan(loss, [whole], {"nothing": _nothing}, ("y_pred",), exact=("y_true",))
