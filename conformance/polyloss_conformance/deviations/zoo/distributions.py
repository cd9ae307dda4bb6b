"""Discrepancies of the losses and distances between distributions."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_SCORES: dict[str, Any] = {"fake": [0.2, -0.5, 1.0], "real": [1.5, 0.3, -0.4]}
_SQUARE = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
_LEFT = np.array([[2.0, 1.0], [-2.0, -1.0], [1.0, -2.0], [-1.0, 2.0]])
_RIGHT = _LEFT[:, ::-1]


def _primal(fake: Array, real: Array) -> float:
    """The infimum of the expected distance over all couplings of as many samples: the best of all permutations."""
    return min(float(np.abs(fake - real[list(order)]).mean()) for order in permutations(range(len(real))))


def _distance_of_nearest(fake: Array, real: Array) -> float:
    """0 for the same images, and only for these: the mean distance to the nearest."""
    return float(np.linalg.norm(fake[:, None] - real[None], axis=-1).min(axis=1).mean())


def _of_populations(fake: Array, real: Array) -> float:
    """The covariances divided by n. They commute here: the root of their product is the product of their roots."""
    (s, t) = (np.cov(each.T, ddof=0) for each in (fake, real))
    gap = fake.mean(axis=0) - real.mean(axis=0)
    return float(gap @ gap + np.trace(s + t) - 2 * np.sqrt(np.diag(s) * np.diag(t)).sum())


FINDINGS = (
    discrepancy(
        "zoo-L29-primal",
        "As the Wasserstein loss of a GAN stands the primal form, an infimum over all joint distributions, which no program of a"
        " training step computes. What is trained is the dual: the critic's mean score of generated samples less that of real ones. That"
        " is a distance only at the best of all critics with a bounded slope, so that a bound (clipping, or a penalty) has to be named.",
        LIST + "Wasserstein; Arjovsky et al. 2017, equation 2",
        example("Critic", _SCORES),
        _primal,
        (0.2333333333333333, -0.23333333333333334),
        by="primal, of the scores",
    ),
    discrepancy(
        "zoo-L30-same",
        "A score of 0 is said to mean that both groups of images are the same. It says that features have the same mean and covariance: the"
        " corners of a square and those of its mirror image, of which no two are equal, are at distance 0.",
        LIST + "FID",
        example("FID", {"fake": _LEFT, "real": _RIGHT}),
        _distance_of_nearest,
        (2**0.5, 0.0),
        by="to the nearest real sample",
    ),
    discrepancy(
        "zoo-L30-ddof",
        "By what the covariances are divided is not said. The reference implementation takes n - 1; n gives a smaller distance.",
        LIST + "FID; Heusel et al. 2017, their program: numpy.cov",
        example("FID", {"fake": 3 * _SQUARE, "real": _SQUARE}),
        _of_populations,
        (8.0, 32 / 3),
        by="divided by n",
    ),
)
