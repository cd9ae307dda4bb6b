"""Distances between distributions, and adversarial training, by SciPy, POT, OTT, torchmetrics, MONAI and PyTorch."""

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


def moments(rng):
    found = {}
    for name in ("fake", "real"):
        samples = features((9, 3), (9, 3))(rng)[name]
        found |= {f"{name}_mean": samples.mean(axis=0), f"{name}_covariance": np.cov(samples.T)}
    return found


def by_scipy_root(fake_mean, fake_covariance, real_mean, real_covariance):
    from scipy.linalg import sqrtm

    cross = np.trace(sqrtm(fake_covariance @ real_covariance)).real
    gap = fake_mean - real_mean
    return gap @ gap + np.trace(fake_covariance + real_covariance) - 2 * cross


def scored(*sizes):
    def draw(rng):
        return {name: 2 * rng.normal(size=size) for name, size in zip(("fake", "real"), sizes, strict=False)}

    return draw


def certain(score, right):
    """The cross entropy of a score that is a logit."""
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(score, torch.full_like(score, right))


def squares(**scores):
    """By MONAI, without the factor 1/2: real ones are to have 1, generated ones 0 where the critic learns."""
    from monai.losses import PatchAdversarialLoss

    loss = PatchAdversarialLoss(criterion="least_squares", no_activation_leastsq=True)
    learns = len(scores) == 2
    total = loss(scores["fake"], target_is_real=not learns, for_discriminator=learns)
    return 0.5 * (total + loss(scores["real"], target_is_real=True, for_discriminator=True)) if learns else 0.5 * total


def hinges(fake, real):
    import torch

    (zero, one) = (torch.zeros_like, torch.ones_like)
    ranked = torch.nn.functional.margin_ranking_loss
    return ranked(zero(fake), fake, one(fake), margin=1.0) + ranked(real, zero(real), one(real), margin=1.0)


def relative(fake, real):
    return certain(real - fake.mean(), 1.0) + certain(fake - real.mean(), 0.0)


def relative_hinges(fake, real):
    return hinges(fake - real.mean(), real - fake.mean())


def slopes(rng):
    return {"gradient": rng.normal(size=(5, 2, 3))}


def penalty(gradient):
    import torch

    length = torch.linalg.vector_norm(gradient, dim=(1, 2))
    return 10 * torch.nn.functional.mse_loss(length, torch.ones_like(length))


def clouds(rng):
    return {"x": rng.uniform(size=(2, 6, 2)), "y": 0.5 + rng.uniform(size=(2, 5, 2))}


def heavy(rng):
    masses = {name: rng.uniform(0.2, 2.0, shape) for name, shape in (("x_weight", (2, 6)), ("y_weight", (2, 5)))}
    return {**clouds(rng), **masses}


def by_ott(x, y, x_weight=None, y_weight=None):
    import jax
    from ott.tools.sinkhorn_divergence import sinkdiv

    options = {"threshold": 1e-13, "max_iterations": 2000}

    def one(x, y, a=None, b=None):
        weights = [None if mass is None else mass / mass.sum() for mass in (a, b)]
        masses = dict(zip("ab", weights, strict=True))
        return sinkdiv(x, y, epsilon=0.5, solve_kwargs=options, **masses)[0]

    given = [x, y] if x_weight is None else [x, y, x_weight, y_weight]
    return jax.numpy.stack([one(*row) for row in zip(*given, strict=True)])


def by_pot_sharp(debias):
    def oracle(x, y, x_weight, y_weight):
        from ot import bregman

        function = bregman.empirical_sinkhorn_divergence if debias else bregman.empirical_sinkhorn2
        rows = zip(x, y, x_weight, y_weight, strict=True)
        return np.array(
            [function(p, q, 0.5, a / a.sum(), b / b.sum(), stopThr=1e-13, numIterMax=2000) for p, q, a, b in rows]
        )

    return oracle


ONE = "wasserstein_1d"
SINKHORN = "sinkhorn_divergence"
OTT = {"epsilon": 0.5, "half": False, "iterations": 300, "reduction": "none"}
POT = {**OTT, "sharp": True}
LOGISTIC = {"kind": "logistic"}
OF_A_ROOT = {
    "tolerance": 1e-7,
    "reason": "the oracle takes roots of eigenvalues of a product of covariances, which are rounded",
}

ROWS = [
    Row(ONE, numbers((7,), (7,)), by_scipy, ("scipy",), framework="numpy"),
    Row(ONE, numbers((7,), (5,)), by_scipy, ("scipy",), framework="numpy"),
    Row(ONE, masses, by_scipy, ("scipy",), framework="numpy"),
    Row(ONE, numbers((6,), (6,)), by_pot(1), ("ot",)),
    Row(ONE, numbers((6,), (4,)), by_pot(3), ("ot",), {"p": 3.0}),
    Row(ONE, masses, by_pot(1), ("ot",), fixed=("x_weight", "y_weight")),
    Row(ONE, masses, by_pot(2), ("ot",), {"p": 2.0}, fixed=("x_weight", "y_weight")),
    Row(SINKHORN, clouds, by_ott, ("ott",), OTT, framework="jax"),
    Row(SINKHORN, heavy, by_ott, ("ott",), OTT, ("x_weight", "y_weight"), framework="jax"),
    Row(SINKHORN, heavy, by_pot_sharp(True), ("ot",), POT, framework="numpy"),
    Row(SINKHORN, heavy, by_pot_sharp(False), ("ot",), {**POT, "debias": False}, framework="numpy"),
    Row("fid_from_moments", moments, by_scipy_root, ("scipy",), framework="numpy", **OF_A_ROOT),
    Row("critic", scored(7, 5), lambda fake, real: fake.mean() - real.mean(), ("torch",)),
    Row("critic", scored(7, 5), hinges, ("torch",), {"kind": "hinge"}),
    Row("critic", scored(7, 5), squares, ("monai",), {"kind": "least_squares"}),
    Row("critic", scored(7, 5), lambda fake, real: certain(fake, 0.0) + certain(real, 1.0), ("torch",), LOGISTIC),
    Row("generator", scored(7), lambda fake: -fake.mean(), ("torch",)),
    Row("generator", scored(7), squares, ("monai",), {"kind": "least_squares"}),
    Row("generator", scored(7), lambda fake: certain(fake, 1.0), ("torch",), LOGISTIC),
    Row("relativistic_average", scored(7, 5), relative, ("torch",)),
    Row("relativistic_average", scored(7, 5), relative_hinges, ("torch",), {"kind": "hinge"}),
    Row("gradient_penalty", slopes, penalty, ("torch",)),
    Row("fid", features((9, 4), (7, 4)), by_torchmetrics, ("torchmetrics",), framework="numpy", **OF_A_ROOT),
    Row("fid", features((9, 4), (7, 4)), bures, ("ot",), framework="numpy", **OF_A_ROOT),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
