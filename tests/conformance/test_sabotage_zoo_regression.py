"""Deliberately wrong losses of the zoo must be caught by their cases: a number predicted and a number seen."""

import pytest

from polyloss.formulas import regression
from polyloss.zoo import regression as zoo_regression

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name

QUANTILE = "zoo/Quantile"

SABOTAGES = {
    "error turned round": (
        function(regression, "pinball", lambda f: lambda F, x, y, **k: f(F, y, x, **k)),
        QUANTILE,
        "/2x3-q=0.1/",
    ),
    "one quantile for all": (
        function(regression, "pinball", lambda f: lambda F, x, y, q, **k: f(F, x, y, q=q[:1] * len(q), **k)),
        QUANTILE,
        "/2x3-2-q=",
    ),
    "quantile that is not smooth": (function(regression, "pinball", without(kappa=None)), QUANTILE, "kappa="),
    "difference without its size": (
        function(regression, "absolute_error", lambda f: lambda F, x, y: y - x),
        "zoo/L1",
        "/2x3/",
    ),
    "sum over elements for their mean": (
        function(zoo_regression, "reduced", lambda f: lambda F, loss, v, r, *k: f(F, loss, v, "sum", *k)),
        "zoo/L1",
        "/2x3/",
    ),
    "half of the square": (op("squared_error", lambda f: lambda self, x, y: f(self, x, y) * 0.5), "zoo/L2", "/2x3/"),
    "squares without gradient": (
        op("squared_error", lambda f: lambda self, x, y: self.stop_gradient(f(self, x, y))),
        "zoo/L2",
        "/2x3-none/",
    ),
    "Huber with another threshold": (
        function(regression, "huber_over_rho", without(rho=1.0)),
        "zoo/Huber",
        "delta=0.25",
    ),
    "Huber over its threshold": (
        function(regression, "huber_over_rho", lambda f: lambda F, x, y, rho: f(F, x, y, rho=rho) / rho),
        "zoo/Huber",
        "delta=2.0",
    ),
    "images added up": (
        function(zoo_regression, "divided", lambda f: lambda F, total, count: total),
        "zoo/Reconstruction",
        "/2x3-none/",
    ),
    "absolute error in place of its square": (
        function(regression, "squared_error", lambda f: lambda F, x, y: F.abs(x - y)),
        "zoo/Reconstruction",
        "kind=l2",
    ),
    "variance without weight": (function(regression, "gaussian_nll", without(beta=0.0)), "zoo/GaussianNLL", "beta=0.5"),
    "weight with gradient": (
        op("stop_gradient", lambda f: lambda self, x: x),
        "zoo/GaussianNLL",
        "beta=0.5",
    ),
    "variance as the deviation": (
        function(regression, "gaussian_nll", lambda f: lambda F, x, y, v, **k: f(F, x, y, v * v, **k)),
        "zoo/GaussianNLL",
        "/2x3/",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
