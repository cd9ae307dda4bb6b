"""Losses of a number predicted and a number seen, by scikit-learn, PyTorch and kornia."""

import pytest

from .judge import SEEDS, Row, held


def pair(rng):
    return {"pred": rng.normal(size=20), "target": rng.normal(size=20)}


def pinball(q):
    def oracle(pred, target):
        from sklearn.metrics import mean_pinball_loss

        return mean_pinball_loss(target, pred, alpha=q)

    return oracle


def likely(rng):
    return {**pair(rng), "var": rng.uniform(0.1, 2.0, 20)}


def torch_loss(name, **options):
    def oracle(*, pred, target, **more):
        from torch.nn import functional

        return getattr(functional, name)(pred, target, **more, **options)

    return oracle


def kornia_loss(name):
    def oracle(pred, target):
        from kornia import losses

        return getattr(losses, name)(pred, target, reduction="mean")

    return oracle


ROWS = [
    *(Row("quantile", pair, pinball(q), ("sklearn",), {"q": q}, framework="numpy") for q in (0.1, 0.5, 0.9)),
    Row("l1", pair, torch_loss("l1_loss"), ("torch",)),
    Row("l2", pair, torch_loss("mse_loss"), ("torch",)),
    Row("reconstruction", pair, torch_loss("l1_loss"), ("torch",)),
    *(Row("huber", pair, torch_loss("huber_loss", delta=d), ("torch",), {"delta": d}) for d in (0.5, 1.0, 2.0)),
    Row("gaussian_nll", likely, torch_loss("gaussian_nll_loss", full=True), ("torch",), {"full": True}),
    Row("charbonnier", pair, kornia_loss("charbonnier_loss"), ("kornia",)),
    Row("cauchy", pair, kornia_loss("cauchy_loss"), ("kornia",)),
    Row("geman_mcclure", pair, kornia_loss("geman_mcclure_loss"), ("kornia",)),
    *(
        Row("barron", pair, kornia_loss(name), ("kornia",), {"alpha": alpha})
        for name, alpha in (
            ("charbonnier_loss", 1.0),
            ("cauchy_loss", 0.0),
            ("geman_mcclure_loss", -2.0),
            ("welsch_loss", -float("inf")),
        )
    ),
    Row("welsch", pair, kornia_loss("welsch_loss"), ("kornia",)),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
