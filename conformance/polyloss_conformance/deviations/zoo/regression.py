"""Discrepancies of the losses of a number predicted and a number seen."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_P = {"pred": [0.0, 1.0, 2.5, -1.0], "target": [0.5, 1.0, 1.0, 1.0]}


def _of_one_row_too_many(pred: Array, target: Array) -> float:
    """The figure's sum: rows from 0 to H, over H times W."""
    (height, width) = pred.shape
    terms = [abs(pred[i, j] - target[i, j]) for i in range(height + 1) for j in range(width)]
    return float(sum(terms)) / (height * width)


FINDINGS = (
    discrepancy(
        "zoo-L8-quantile-sign",
        "The code is a link that leads nowhere, and the figure, which is right, calls r a coefficient: it is the quantile, and the error is"
        " what was seen less what was predicted. Turned round, e = x - y, the loss estimates the quantile 1 - r: the most common slip.",
        LIST + "Quantile: text and figure; Koenker and Bassett 1978, equation of the check function",
        example("Quantile", _P, {"q": 0.1, "reduction": "none"}),
        lambda pred, target: np.maximum(0.1 * (pred - target), -0.9 * (pred - target)),
        ([0.45, 0.0, 0.15, 1.8], [0.05, 0.0, 1.35, 0.2]),
        by="turned round",
    ),
    discrepancy(
        "zoo-L9-huber",
        "The list adds up where frameworks average, and begins the line at |a| = delta in its code, after it in its figure: that is the"
        " same, since value and slope have no jump there.",
        LIST + "Huber: code and figure; PyTorch, Keras and optax: a mean",
        example("Huber", _P),
        lambda pred, target: np.sum(
            np.where(abs(pred - target) < 1, 0.5 * (pred - target) ** 2, abs(pred - target) - 0.5)
        ),
        (2.625, 0.65625),
    ),
    discrepancy(
        "zoo-huber-smooth-l1",
        "Gluon's HuberLoss(rho) and PyTorch's SmoothL1Loss(beta) are Huber's function divided by its threshold.",
        "Huber 1964; PyTorch 2.13, documentation of HuberLoss; MXNet 1.9.1, documentation of smooth_l1",
        example("Huber", _P, {"delta": 0.5, "reduction": "none"}),
        lambda pred, target: np.where(abs(pred - target) < 0.5, (pred - target) ** 2, abs(pred - target) - 0.25),
        ([0.25, 0.0, 1.25, 1.75], [0.125, 0.0, 0.625, 0.875]),
        by="divided",
    ),
    discrepancy(
        "zoo-L10-l1",
        "The list prints a sum and captions it MAE, which is a mean.",
        LIST + "L1: figure",
        example("L1", _P),
        lambda pred, target: np.sum(abs(pred - target)),
        (4.0, 1.0),
    ),
    discrepancy(
        "zoo-L10-l2",
        "The list prints a sum of squares, under the caption MAE and the symbol of L1; the mean squared error is a mean.",
        LIST + "L2: figure",
        example("L2", _P),
        lambda pred, target: np.sum((pred - target) ** 2),
        (6.5, 1.625),
    ),
    discrepancy(
        "zoo-L31-reconstruction",
        "The figure's sum runs from row 0 to row H, one more than an image of height H has, and says nothing of channels.",
        LIST + "Reconstruction: figure",
        example("Reconstruction", {name: np.reshape(given, (2, 2)) for name, given in _P.items()}),
        _of_one_row_too_many,
        ("IndexError: index 2 is out of bounds for axis 0 with size 2", 1.0),
    ),
)
