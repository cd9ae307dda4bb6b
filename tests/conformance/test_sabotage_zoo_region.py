"""Deliberately wrong losses of the zoo must be caught by their cases: the overlap of regions."""

import pytest

from polyloss.formulas import region
from polyloss.zoo import region as zoo_region

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name


def errors_swapped(original):
    return lambda pred, label: tuple(original(pred, label)[i] for i in (0, 2, 1))


def smoothed_below_the_line_only(original):
    return lambda F, lost, whole, smooth: original(F, lost + smooth, whole, smooth=smooth)


def empty_counts(original):
    return lambda F, lost, whole, smooth: original(F, lost + 1e-7, whole + 1e-7, smooth=smooth)


SABOTAGES = {
    "squares not taken": (function(region, "smoothed_dice", without(squared=False)), "zoo/Dice", "squared=True"),
    "smoothed below the line only": (function(region, "share", smoothed_below_the_line_only), "zoo/Dice", "batch=True"),
    "an empty mask costs 1": (function(region, "share", empty_counts), "zoo/Dice", "/2x2x3-none/"),
    "samples not joined": (
        function(zoo_region, "_kept", lambda f: lambda batch: f(False)),
        "zoo/Jaccard",
        "batch=True",
    ),
    "no smoothing": (function(region, "smoothed_tversky", without(smooth=0.0)), "zoo/Jaccard", "smooth=1.0"),
    "probabilities of the wrong axis": (
        op("softmax", lambda f: lambda self, x, axis=-1: f(self, x, axis=2)),
        "zoo/Jaccard",
        "softmax",
    ),
    "volume not squared": (function(region, "generalized_dice", without(power=1)), "zoo/GeneralizedDice", "/2x2x3/"),
    "weights with a gradient": (
        op("stop_gradient", lambda f: lambda self, x: x),
        "zoo/GeneralizedDice",
        "/2x2x3-none/",
    ),
    "alpha and beta swapped": (function(region, "_hits_and_errors", errors_swapped), "zoo/Tversky", "/2x2x3/"),
    "class numbers not cast": (
        op("cast_like", lambda f: lambda self, x, y: f(self, x, y) * 2),
        "zoo/Tversky",
        "int32",
    ),
    "gamma for its inverse": (
        function(zoo_region, "power_of_share", lambda f: lambda F, x, exponent: f(F, x, exponent=1 / exponent)),
        "zoo/FocalTversky",
        "/2x2x3/",
    ),
    "a root with its slope at 0": (
        function(zoo_region, "power_of_share", lambda f: lambda F, x, exponent: F.power(x, exponent)),
        "zoo/FocalTversky",
        "/2x2x3-none/",
    ),
    "entropy of all classes averaged": (
        op("log_softmax", lambda f: lambda self, x, axis=-1: f(self, x, axis=axis) * 0.5),
        "zoo/DiceCE",
        "/2x2x3/",
    ),
    "entropy alone": (
        function(region, "smoothed_dice", lambda f: lambda *a, **k: f(*a, **k) * 0),
        "zoo/DiceCE",
        "activation=sigmoid",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
