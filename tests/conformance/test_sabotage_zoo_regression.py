"""Deliberately wrong losses of the zoo must be caught by their cases: a number predicted and a number seen."""

import pytest

from polyloss.formulas import regression

from .test_sabotage import function, judged, op_set, pytestmark  # noqa: F401 - a mark is found by its name

QUANTILE = "zoo/Quantile"

SABOTAGES = {
    "error turned round": (
        function(regression, "pinball", lambda f: lambda F, x, y, *, q: f(F, y, x, q=q)),
        QUANTILE,
        "/2x3-q=0.1/",
    ),
    "one quantile for all": (
        function(regression, "pinball", lambda f: lambda F, x, y, *, q: f(F, x, y, q=q[:1] * len(q))),
        QUANTILE,
        "/2x3-2-q=",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    (sabotage, loss, part) = SABOTAGES[name]
    ops = op_set()
    assert all(cell["status"] == "pass" for cell in judged(loss, part).values())
    with sabotage(ops):
        wrong = judged(loss, part)
    assert "fail" in {cell["status"] for cell in wrong.values()}
