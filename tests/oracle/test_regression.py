"""Losses of a number predicted and a number seen, by scikit-learn."""

import pytest

from .judge import SEEDS, Row, held


def pair(rng):
    return {"pred": rng.normal(size=20), "target": rng.normal(size=20)}


def pinball(q):
    def oracle(pred, target):
        from sklearn.metrics import mean_pinball_loss

        return mean_pinball_loss(target, pred, alpha=q)

    return oracle


ROWS = [Row("quantile", pair, pinball(q), ("sklearn",), {"q": q}, gradients=False) for q in (0.1, 0.5, 0.9)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
