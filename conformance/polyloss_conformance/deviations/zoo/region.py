"""Discrepancies of the losses on the overlap of regions."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_D6 = {
    "pred": [
        [[[0.9, 0.2], [0.4, 0.8]], [[0.1, 0.6], [0.3, 0.3]]],
        [[[0.5, 0.5], [0.1, 0.0]], [[0.0, 0.0], [0.0, 0.0]]],
    ],
    "target": [[[[1, 0], [0, 1]], [[0, 1], [1, 0]]], [[[1, 0], [0, 0]], [[0, 0], [0, 0]]]],
}
_PIXELS = (2, 3)
_EPSILON = 1e-7


def _keras_tversky(pred: Array, target: Array) -> Array:
    """As Keras' code has it: the roles of truth and prediction are exchanged in what alpha and beta weigh."""
    right = np.sum(target * pred, axis=_PIXELS)
    by_alpha = np.sum((1 - pred) * target, axis=_PIXELS)
    by_beta = np.sum((1 - target) * pred, axis=_PIXELS)
    return np.asarray(1 - right / (right + 0.3 * by_alpha + 0.7 * by_beta + _EPSILON))


FINDINGS = (
    discrepancy(
        "zoo-L34-dice",
        "The list's code adds 1 to both parts of the quotient and says nothing of it, nor of the probabilities that it needs; its figure"
        " has no such term.",
        LIST + "Dice: figure and code",
        example("Dice", _D6),
        lambda pred, target: np.mean(
            1
            - (2 * np.sum(pred * target, axis=_PIXELS) + 1)
            / (np.sum(pred, axis=_PIXELS) + np.sum(target, axis=_PIXELS) + 1)
        ),
        (0.21837180993434477, 0.29691404110241316),
    ),
    discrepancy(
        "zoo-dice-empty",
        "An epsilon below the line only makes an empty mask that is rightly left empty cost 1.",
        "Keras 3.15, losses.Dice: its epsilon of 1e-7 is in the denominator",
        example("Dice", {"pred": [[[0.0, 0.0]]], "target": [[[0.0, 0.0]]]}),
        lambda pred, target: 1 - 2 * np.sum(pred * target) / (np.sum(pred) + np.sum(target) + _EPSILON),
        (1.0, 0.0),
        by="keras",
    ),
    discrepancy(
        "zoo-X1-tversky",
        "Keras documents alpha as the weight of false positives; its code gives it to false negatives.",
        "Salehi et al. 2017, eq. 2: alpha weighs P less G; Keras 3.15, losses.tversky: docstring and code",
        example("Tversky", _D6, {"reduction": "none"}),
        _keras_tversky,
        (
            [[0.23076926557605137, 0.4039735494057253], [0.5327103240457642, 1.0]],
            [[0.18660287081339713, 0.497206703910614], [0.5145631067961165, 0.0]],
        ),
        by="keras",
    ),
    discrepancy(
        "zoo-focal-tversky-exponent",
        "The exponent is 1 / gamma in the paper; where gamma itself is the exponent, 4/3 leaves small losses instead of dwelling on them.",
        "Abraham and Khan 2019, eq. 4",
        example("FocalTversky", {name: np.asarray(given)[:1] for name, given in _D6.items()}, {"reduction": "none"}),
        lambda pred, target: (
            (
                1
                - np.sum(pred * target, axis=_PIXELS)
                / np.sum(pred * target + 0.3 * pred * (1 - target) + 0.7 * (1 - pred) * target, axis=_PIXELS)
            )
            ** (4 / 3)
        ),
        ([[0.106632869079244, 0.393896964694629]], [[0.283915263194189, 0.592110457977456]]),
        by="to gamma",
    ),
)
