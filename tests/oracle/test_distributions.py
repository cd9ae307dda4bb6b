"""Distances between distributions, by scipy, POT and torchmetrics; of POT the gradients too."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held


def numbers(*shapes):
    def draw(rng):
        return dict(zip(("x", "y"), (rng.normal(size=shape) for shape in shapes), strict=True))

    return draw


def masses(rng):
    return {
        "x": rng.normal(size=7),
        "y": rng.normal(size=5),
        "x_weight": rng.uniform(0.1, 2.0, 7),
        "y_weight": rng.uniform(0.1, 2.0, 5),
    }


def features(*shapes):
    def draw(rng):
        (fake, real) = (rng.normal(size=shape) for shape in shapes)
        return {"fake": fake, "real": 1.5 * real + 0.25}

    return draw


def by_scipy(**given):
    from scipy.stats import wasserstein_distance

    return wasserstein_distance(*given.values())


def by_pot(p):
    def of(x, y, x_weight=None, y_weight=None):
        from ot import wasserstein_1d

        weights = [None if one is None else one / one.sum() for one in (x_weight, y_weight)]
        return wasserstein_1d(x, y, *weights, p=p)

    return of


def by_torchmetrics(fake, real):
    import torch
    from torchmetrics.image.fid import _compute_fid

    parts = [torch.from_numpy(part) for one in (fake, real) for part in (one.mean(axis=0), np.cov(one.T))]
    return _compute_fid(*parts)


def bures(fake, real):
    from ot.gaussian import bures_wasserstein_distance

    (s, t) = (np.cov(one.T) for one in (fake, real))
    return bures_wasserstein_distance(fake.mean(axis=0), real.mean(axis=0), s, t) ** 2


ONE = "wasserstein_1d"
OF_A_ROOT = {
    "tolerance": 1e-7,
    "reason": "the oracle takes roots of eigenvalues of a product of covariances, which are rounded",
}

ROWS = [
    Row(ONE, numbers((7,), (7,)), by_scipy, ("scipy",), gradients=False),
    Row(ONE, numbers((7,), (5,)), by_scipy, ("scipy",), gradients=False),
    Row(ONE, masses, by_scipy, ("scipy",), gradients=False),
    Row(ONE, numbers((6,), (6,)), by_pot(1), ("ot",)),
    Row(ONE, numbers((6,), (4,)), by_pot(3), ("ot",), {"p": 3.0}),
    Row(ONE, masses, by_pot(1), ("ot",), fixed=("x_weight", "y_weight")),
    Row(ONE, masses, by_pot(2), ("ot",), {"p": 2.0}, fixed=("x_weight", "y_weight")),
    Row("fid", features((9, 4), (7, 4)), by_torchmetrics, ("torchmetrics",), gradients=False, **OF_A_ROOT),
    Row("fid", features((9, 4), (7, 4)), bures, ("ot",), gradients=False, **OF_A_ROOT),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
