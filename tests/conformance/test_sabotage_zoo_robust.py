"""Deliberately wrong losses of the zoo must be caught by their cases: robust losses."""

import pytest

from polyloss.formulas import robust

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name


def beside(alpha):
    return function(robust, "barron", without(alpha=alpha))


def without_series(original):
    return lambda F, y: F.exp(y) - 1


SABOTAGES = {
    "charbonnier with the shape of the next": (beside(0.9), "zoo/Charbonnier", "/2x3/"),
    "small residuals cancel": (function(robust, "_exp_less_one", without_series), "zoo/Charbonnier", "/2x3-none/"),
    "cauchy near its limit": (beside(0.01), "zoo/Cauchy", "/2x3/"),
    "logarithm of 1 + x": (op("log1p", lambda f: lambda self, x: self.log(1 + x)), "zoo/Cauchy", "/2x3-none/"),
    "bound moved": (beside(-2.1), "zoo/GemanMcClure", "/2x3/"),
    "power of the square": (
        function(robust, "_power_less_one", lambda f: lambda F, v, alpha: f(F, v * v, alpha=alpha)),
        "zoo/GemanMcClure",
        "/2x3/",
    ),
    "welsch near its limit": (beside(-1e3), "zoo/Welsch", "/2x3/"),
    "small residuals of welsch cancel": (function(robust, "_exp_less_one", without_series), "zoo/Welsch", "/2x3-none/"),
    "one shape for all": (beside(1.0), "zoo/Barron", "alpha=0.5"),
    "near 2 taken for 2": (beside(2.0), "zoo/Barron", "alpha=1.9999"),
    "slope turned": (op("abs", lambda f: lambda self, x: -f(self, x)), "zoo/Barron", "alpha=-2.5"),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
