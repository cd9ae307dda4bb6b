"""Discrepancies of the losses of a number predicted and a number seen."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.deviations.zoo.common import discrepancy, example

_P = {"pred": [0.0, 1.0, 2.5, -1.0], "target": [0.5, 1.0, 1.0, 1.0]}

FINDINGS = (
    discrepancy(
        "zoo-quantile-sign",
        "Written with the error turned round, e = x - y, the pinball loss estimates the quantile 1 - q: the most common slip.",
        "Koenker and Bassett 1978, equation of the check function: the error is what was seen less what was predicted",
        example("Quantile", _P, {"q": 0.1, "reduction": "none"}),
        lambda pred, target: np.maximum(0.1 * (pred - target), -0.9 * (pred - target)),
        ([0.45, 0.0, 0.15, 1.8], [0.05, 0.0, 1.35, 0.2]),
        by="turned round",
    ),
)
