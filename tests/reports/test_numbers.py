"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from polyloss_reports import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.004, "<0.01"),
        (0.5, "0.5"),
        (2.3456, "2.35"),
        (123.4, "123"),
        (99999, "99,999"),
        (5.2e6, "5.2×10⁶"),
        (1e300, "1.0×10³⁰⁰"),
        (math.inf, "∞"),
        (math.nan, "NaN"),
    ],
)
def test_ulp(value: float | None, text: str) -> None:
    assert numbers.ulp(value) == text


def test_worse() -> None:
    assert numbers.worse(None, 1) == 1
    assert numbers.worse(2, 1) == 2
    assert math.isnan(numbers.worse(math.nan, math.inf) or 0)
    assert math.isnan(numbers.worse(math.inf, math.nan) or 0)
    assert numbers.worse(None, None) is None


@pytest.mark.parametrize(
    ("value", "dtype", "short"),
    [
        (0.1, "float64", 0.1),
        (0.30000000000000004, "float64", 0.30000000000000004),
        (0.30000001192092896, "float32", 0.3000000119),
        (3.0, "float32", 3),
        ("nan", "float32", "nan"),
        (7, "int64", 7),
    ],
)
def test_shorten(value: Any, dtype: str, short: Any) -> None:
    assert numbers.shorten(value, dtype) == short


def test_negative_zero_keeps_its_sign() -> None:
    assert math.copysign(1, numbers.shorten(-0.0, "float32")) == -1


@pytest.mark.parametrize(
    ("shape", "values", "text"),
    [
        ([], [1.5], "1.5"),
        ([2], [1, "nan"], "[1, nan]"),
        ([2, 2], [1, 2, 3, -0.0], "[[1, 2], [3, -0]]"),
        ([0], [], "[]"),
        ([2, 0], [], "[]"),
        ([20], list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 20 values]"),
        ([3], [1, 2], "[1, 2]"),
    ],
)
def test_array_text(shape: list[int], values: list[Any], text: str) -> None:
    assert numbers.array_text({"dtype": "float32", "shape": shape, "values": values}) == text
