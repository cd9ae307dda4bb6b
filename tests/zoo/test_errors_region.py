"""What the losses on the overlap of regions refuse, and that they learn from masks of whole numbers."""

import numpy as np
import pytest

import polyloss.zoo as zoo

X = np.full((2, 3, 4), 0.5)
LOSSES = (zoo.dice, zoo.dice_ce, zoo.focal_tversky, zoo.generalized_dice, zoo.jaccard, zoo.tversky)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_masks_that_do_not_fit(loss):
    name = loss.__name__
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(2, 3\), but pred has \(2, 3, 4\)"):
        loss(X, X[..., 0])
    with pytest.raises(ValueError, match=f"{name}: class axis=1 is not an axis of pred"):
        loss(X[0, 0], X[0, 0])
    with pytest.raises(TypeError, match=f"{name}: pred has dtype int64"):
        loss(X.astype("int64"), X)
    with pytest.raises(ValueError, match=f"{name}: smooth=-1 is not between 0 and inf"):
        loss(X, X, smooth=-1)
    with pytest.raises(ValueError, match=f"{name}: activation='tanh' is not one of"):
        loss(X, X, activation="tanh")
    with pytest.raises(ValueError, match=f"{name}: reduction='all' is not one of 'none', 'mean', 'sum'"):
        loss(X, X, reduction="all")


NUMBERS = {
    "alpha": (lambda: zoo.tversky(X, X, alpha=-0.5), "tversky: alpha=-0.5 is not between 0 and inf"),
    "beta": (lambda: zoo.focal_tversky(X, X, beta=float("nan")), "focal_tversky: beta=nan is not between 0 and inf"),
    "gamma": (lambda: zoo.focal_tversky(X, X, gamma=0), "focal_tversky: gamma=0 is not between 0 and inf"),
    "weight": (
        lambda: zoo.generalized_dice(X, X, weight="cube"),
        "generalized_dice: weight='cube' is not one of 'square', 'simple'",
    ),
    "scores": (
        lambda: zoo.dice_ce(X, X, activation="none"),
        "dice_ce: activation='none' is not one of 'sigmoid', 'softmax'",
    ),
    "factor": (lambda: zoo.dice_ce(X, X, ce_weight=-1), "dice_ce: ce_weight=-1 is not between 0 and inf"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    (call, message) = NUMBERS[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32"])
def test_masks_of_any_dtype(loss, dtype):
    rng = np.random.default_rng(0)
    (pred, target) = (rng.uniform(size=(2, 3, 4)), rng.uniform(size=(2, 3, 4)) < 0.5)
    found = loss(pred, target.astype(dtype))
    assert found.dtype == pred.dtype
    assert found == loss(pred, target.astype("float64"))


def test_the_members_of_tverskys_family():
    rng = np.random.default_rng(1)
    (pred, target) = (rng.uniform(size=(2, 3, 4)), rng.uniform(size=(2, 3, 4)))
    options = {"reduction": "none"}
    np.testing.assert_allclose(
        zoo.tversky(pred, target, alpha=0.5, beta=0.5, **options), zoo.dice(pred, target, **options)
    )
    dice = zoo.dice(pred, target, **options)
    np.testing.assert_allclose(zoo.jaccard(pred, target, **options), 2 * dice / (1 + dice))
    np.testing.assert_allclose(zoo.focal_tversky(pred, target, gamma=1.0), zoo.tversky(pred, target))
