"""Deliberately wrong losses of the zoo must be caught by their cases: predicted returns."""

import pytest

from polyloss.formulas import reinforcement

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name


def of_error(change):
    return function(reinforcement, "temporal_error", lambda f: lambda F, *given: f(F, *change(F, *given)))


def from_the_start(original):
    return lambda F, r, g, w, **more: original(F, *(F.flip(each, axis=-1) for each in (r, g, w)), **more)


SABOTAGES = {
    "episodes never end": (
        of_error(lambda F, v, r, g, w: (v, r, F.ones_like(g), w)),
        "zoo/TemporalDifference",
        "/2x3/",
    ),
    "huber of another threshold": (
        function(reinforcement, "error_loss", without(delta=1.0)),
        "zoo/TemporalDifference",
        "kind=huber",
    ),
    "lambda ignored": (function(reinforcement, "lambda_returns", without(weight=1.0)), "zoo/TDLambda", "/2x3/"),
    "time turned round": (function(reinforcement, "lambda_returns", from_the_start), "zoo/TDLambda", "/2x3/"),
    "advantage without the future": (
        function(reinforcement, "advantages", without(weight=0.0)),
        "zoo/GeneralizedAdvantage",
        "/2x3/",
    ),
    "advantage's time turned round": (
        function(
            reinforcement,
            "from_behind",
            lambda f: lambda F, a, b, *rest, **more: f(F, F.flip(a, axis=-1), b, *rest, **more),
        ),
        "zoo/GeneralizedAdvantage",
        "/2x3/",
    ),
    "worst action for the best": (
        function(reinforcement, "of_best", lambda f: lambda F, q, s: f(F, q, -s)),
        "zoo/QLearning",
        "/2x3/",
    ),
    "selector ignored": (
        function(reinforcement, "of_best", lambda f: lambda F, q, s: f(F, q, q)),
        "zoo/QLearning",
        "/2x3-double/",
    ),
    "reward lost": (of_error(lambda F, v, r, g, w: (v, 0 * r, g, w)), "zoo/Sarsa", "/2x3/"),
    "the first action for any": (
        op("pick", lambda f: lambda self, x, i, **k: f(self, x, self.zeros_like(i), **k)),
        "zoo/Sarsa",
        "/2x3/",
    ),
    "probabilities ignored": (
        op("sum", lambda f: lambda self, x, **k: f(self, x * 0.5, **k)),
        "zoo/ExpectedSarsa",
        "kind=error",
    ),
    "sign of the error": (
        function(reinforcement, "temporal_error", lambda f: lambda F, *given: -f(F, *given)),
        "zoo/ExpectedSarsa",
        "kind=error",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
