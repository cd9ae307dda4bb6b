"""Numbers as the page and the terminal print them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from polyloss_conformance.results import decode

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

SIGNIFICANT = {"float64": 17, "float32": 10, "float16": 7, "bfloat16": 7}
"""Digits that tell any two neighbours of a dtype apart, and a few to show an error."""


def ulp(value: float | None) -> str:
    """An error in units in the last place: three digits where it is small, a power of ten where it is large."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞"
    if value == 0:
        return "0"
    if value < 0.01:
        return "<0.01"
    if value < 100:
        return f"{value:.3g}"
    if value < 99999.5:
        return f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 cell``, ``2 cells``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def worse(a: float | None, b: float | None) -> float | None:
    """The larger of two errors, of which NaN is the largest and None is none."""
    if a is None or b is None:
        return b if a is None else a
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)


def shorten(value: Any, dtype: str) -> Any:
    """A number of a result file with no more digits than `dtype` warrants, and as an integer where that says the same."""
    if not isinstance(value, float):
        return value
    value = float(f"{value:.{SIGNIFICANT.get(dtype, 17)}g}")
    negative_zero = value == 0 and math.copysign(1, value) < 0
    return int(value) if value.is_integer() and abs(value) < 1e15 and not negative_zero else value


def array_text(array: dict[str, Any], limit: int = 12) -> str:
    """The values of an array of a result file, nested as its shape says, at most `limit` of them."""
    values = [f"{decode(shorten(v, array['dtype'])):.7g}" for v in array["values"]]
    shape: Sequence[int] = array["shape"]
    if len(values) > limit or math.prod(shape) != len(values):
        return "[" + ", ".join(values[:limit]) + (f", … {len(values):,} values]" if len(values) > limit else "]")
    if 0 in shape:
        return "[]"
    for size in reversed(shape):
        values = ["[" + ", ".join(values[i : i + size]) + "]" for i in range(0, len(values), size)]
    return values[0]
