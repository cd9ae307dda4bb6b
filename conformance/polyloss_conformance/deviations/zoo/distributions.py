"""Discrepancies of the losses and distances between distributions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_SCORES: dict[str, Any] = {"fake": [0.2, -0.5, 1.0], "real": [1.5, 0.3, -0.4]}
_CLOUDS = {"x": [[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]], "y": [[[0.5, 1.0], [2.0, 0.25], [1.0, 1.0]]]}
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


def _of_points(regularized: bool, debiased: bool = True) -> Callable[..., float]:
    """The cost of points at an epsilon of 1/2 in whole squares, with the entropy in its terms or without it."""

    def cost(x: Array, y: Array) -> float:
        squares = ((x[:, None] - y[None]) ** 2).sum(axis=-1)
        kernel = np.exp(-2 * squares) / squares.size
        (u, v) = (np.ones(len(x)), np.ones(len(y)))
        for _ in range(2000):
            u = 1 / len(x) / (kernel @ v)
            v = 1 / len(y) / (u @ kernel)
        plan = u[:, None] * kernel * v
        entropy = 0.5 * np.sum(plan * np.log(plan * squares.size))
        return float(np.sum(plan * squares) + (entropy if regularized else 0.0))

    def divergence(x: Array, y: Array) -> float:
        return cost(x[0], y[0]) - (0.5 * (cost(x[0], x[0]) + cost(y[0], y[0])) if debiased else 0.0)

    return divergence


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
    discrepancy(
        "zoo-X3-sinkhorn-whole",
        "OTT has the squared distance for its cost, geomloss and the article half of it. With its epsilon in the same unit, the divergence"
        " is twice as large; with the same number for epsilon it is another one.",
        "OTT 0.6.0, sinkhorn_divergence; geomloss 0.3.1, SamplesLoss; Feydy et al. 2019, section 2",
        example("SinkhornDivergence", _CLOUDS, {"epsilon": 0.25}),
        _of_points(regularized=True),
        (1.2806139986, 0.6403069993),
        by="OTT",
    ),
    discrepancy(
        "zoo-X3-sinkhorn-sharp",
        "POT leaves the entropy out of all three terms of its divergence, as Genevay et al. do, though the plans are chosen with it.",
        "POT 0.9.7, empirical_sinkhorn_divergence; Genevay, Peyre and Cuturi 2018",
        example("SinkhornDivergence", _CLOUDS, {"epsilon": 0.5, "half": False}),
        _of_points(regularized=False),
        (1.4115435312, 1.2806139986),
        by="POT",
    ),
    discrepancy(
        "zoo-X3-sinkhorn-biased",
        "The entropic cost alone is sometimes called by the name as well. It is not 0 between equal sets, and least for a set that is"
        " drawn together.",
        "POT 0.9.7, empirical_sinkhorn2; Feydy et al. 2019, section 2",
        example("SinkhornDivergence", _CLOUDS, {"epsilon": 0.5, "half": False}),
        _of_points(regularized=True, debiased=False),
        (1.7235600057, 1.2806139986),
        by="with bias",
    ),
)
