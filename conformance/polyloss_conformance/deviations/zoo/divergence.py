"""Discrepancies of the Kullback-Leibler divergence."""

from __future__ import annotations

import math

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_KL = LIST + "KL (code)"


def _added_up(pred: Array, target: Array) -> Array:
    """Python's sum of the terms, which goes over the first axis alone."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sum(target * np.log(target / pred)))


FINDINGS = (
    discrepancy(
        "zoo-L35-kl-axis",
        "Python's sum adds up over the first axis: of a batch it gives a number for each class, not for each sample.",
        _KL,
        example(
            "KLDivergence",
            {"pred": [[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]], "target": [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]},
            {"reduction": "none"},
        ),
        _added_up,
        ([0.25 * math.log(2), 0.25 * math.log(2), 0.0], [0.25 * math.log(2), 0.25 * math.log(2)]),
    ),
    discrepancy(
        "zoo-L35-kl-zero",
        "A class that the target does not have makes the divergence NaN: 0 times the logarithm of 0, which is 0 in the limit.",
        _KL,
        example("KLDivergence", {"pred": [0.25, 0.5, 0.25], "target": [0.5, 0.5, 0.0]}),
        _added_up,
        (np.nan, 0.3465735903),
    ),
)
