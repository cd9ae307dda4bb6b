"""What the losses of a number predicted and a number seen, and the robust ones, refuse."""

import numpy as np
import pytest

import polyloss.zoo as zoo

X = np.ones((2, 3))
PAIRS = (
    zoo.l1,
    zoo.l2,
    zoo.huber,
    zoo.reconstruction,
    zoo.charbonnier,
    zoo.cauchy,
    zoo.geman_mcclure,
    zoo.welsch,
    zoo.barron,
)


@pytest.mark.parametrize("loss", PAIRS, ids=lambda loss: loss.__name__)
def test_a_pair_that_does_not_fit(loss):
    name = loss.__name__
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(2, 2\), but pred has \(2, 3\)"):
        loss(X, X[:, :2])
    with pytest.raises(TypeError, match=f"{name}: target has dtype float32, but pred has float64"):
        loss(X, X.astype("float32"))
    with pytest.raises(TypeError, match=f"{name}: pred has dtype int64"):
        loss(X.astype("int64"), X)
    with pytest.raises(ValueError, match=f"{name}: reduction='all' is not one of 'none', 'mean', 'sum'"):
        loss(X, X, reduction="all")
    with pytest.raises(TypeError, match=f"{name}: pred is 1.0, a float"):
        loss(1.0, X)


NUMBERS = {
    "delta=0": (lambda: zoo.huber(X, X, delta=0), "huber: delta=0 is not between 0 and inf"),
    "delta=inf": (lambda: zoo.huber(X, X, delta=float("inf")), "huber: delta=inf is not between 0 and inf"),
    "kappa=0": (lambda: zoo.quantile(X, X, kappa=0.0), "quantile: kappa=0.0 is not between 0 and inf"),
    "scale=-1": (lambda: zoo.cauchy(X, X, scale=-1), "cauchy: scale=-1 is not between 0 and inf"),
    "scale=nan": (lambda: zoo.welsch(X, X, scale=float("nan")), "welsch: scale=nan is not between 0 and inf"),
    "alpha=inf": (
        lambda: zoo.barron(X, X, alpha=float("inf")),
        "barron: alpha=inf is neither finite nor minus infinity",
    ),
    "alpha=nan": (
        lambda: zoo.barron(X, X, alpha=float("nan")),
        "barron: alpha=nan is neither finite nor minus infinity",
    ),
    "eps=0": (lambda: zoo.gaussian_nll(X, X, X, eps=0), "gaussian_nll: eps=0 is not between 0 and inf"),
    "beta=-1": (lambda: zoo.gaussian_nll(X, X, X, beta=-1), "gaussian_nll: beta=-1 is not between 0 and inf"),
    "kind": (lambda: zoo.reconstruction(X, X, kind="l3"), "reconstruction: kind='l3' is not one of 'l1', 'l2'"),
    "no batch": (
        lambda: zoo.reconstruction(np.array(1.0), np.array(1.0)),
        "reconstruction: the batch axis=0 is not an axis of pred",
    ),
    "target": (
        lambda: zoo.gaussian_nll(X, X[:1], X),
        r"gaussian_nll: target has shape \(1, 3\), but pred has \(2, 3\)",
    ),
    "var": (
        lambda: zoo.gaussian_nll(X, X, X[:, :2]),
        r"gaussian_nll: var has shape \(2, 2\), which does not broadcast",
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    (call, message) = NUMBERS[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_an_option_of_another_kind():
    with pytest.raises(TypeError, match="barron: alpha is '1', a str; it must be a number"):
        zoo.barron(X, X, alpha="1")


@pytest.mark.parametrize("alpha", [1e-18, 1e-9, 2 - 1e-12, -1e9, -1e30, 40.0])
def test_shapes_near_the_limits_are_finite(alpha):
    found = zoo.barron(np.array([0.0, 1e-3, 1.5], "float32"), np.zeros(3, "float32"), alpha=alpha, reduction="none")
    assert np.isfinite(found).all()
    assert found[0] == 0
    assert found[1] == pytest.approx(5e-7, rel=1e-5)
