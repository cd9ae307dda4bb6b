"""The plot: one drawing per loss, in the page's colours, whatever the numbers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from polyloss_conformance import results as schema
from polyloss_reports import plot

from .synthetic import HOSTILE, loss


def drawn(**changes: object) -> plot.Plot:
    found = plot.draw(loss()["curve"] | changes)
    assert found
    return found


def test_two_curves_in_the_colours_of_the_page() -> None:
    svg = drawn().svg
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert "smallest, 0, at 1" in root.attrib["aria-label"]
    assert [path.get("style", "").count("var(--curve") for path in root.iter("path")].count(1) == 2
    assert not re.search("#[0-9a-f]{6}", svg), "a colour that would not follow the scheme"
    assert " id=" not in svg
    assert "<style" not in svg


def test_the_curve_follows_the_numbers() -> None:
    assert drawn().svg != drawn(loss=[0.0] * 61).svg
    assert drawn().rows[0] == ("-3", "8", "-4")


def test_gaps_where_a_number_cannot_be_drawn() -> None:
    values = ["nan", "inf", "-inf", 1e308, *[1.0] * 57]
    svg = drawn(loss=values).svg
    assert "nan" not in svg
    assert "inf" not in svg


def test_lists_of_different_length() -> None:
    assert len(drawn(loss=[1.0, 2.0]).rows) == 2


@pytest.mark.parametrize("numbers", [[], ["nan"], [1e308, "inf"]])
def test_nothing_to_draw(numbers: list[float]) -> None:
    curve: schema.Record = {"label": HOSTILE, "x": [0, 1][: len(numbers)], "loss": numbers, "gradient": numbers}
    assert plot.draw(curve) is None
