"""Comparators: kind of result, then shape, dtype, values, gradients, each with NaN, infinities and signed zeros explicit.

`polyloss_conformance.tolerances` states the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyloss_conformance.cases import MANTISSA, Array, Case, epsilon
from polyloss_conformance.results import Record, encode
from polyloss_conformance.tolerances import Limits, limits

TENSOR = "tensor"

_EXPONENTS = {"float64": (-1022, 1023), "float32": (-126, 127), "float16": (-14, 15), "bfloat16": (-126, 127)}
"""Of the smallest normal and of the largest number of each dtype."""


@dataclass(frozen=True, eq=False)
class Output:
    """One array that a loss gave."""

    values: Array
    dtype: str
    kind: str = TENSOR
    """``tensor``, or in words what it is instead."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a loss gave on a case."""

    value: Output
    gradients: Mapping[str, Output] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Expected:
    """What an array should be: any number from `lower` to `upper`, or ``lower + low`` where there is no `upper`."""

    lower: Array
    dtype: str
    upper: Array | None = None
    low: Array | float = 0.0
    loose: bool = False
    """NaN stands for "nothing is known of this element", not for NaN."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What a reference expects of a case."""

    name: str
    """``formula``, ``native``, ``native on jax`` or ``fused``."""
    value: Expected
    gradients: Mapping[str, Expected] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One comparison, with the element that is off the most."""

    against: str
    what: str
    ulp: float
    limit: float
    index: tuple[int, ...] = ()
    expected: float | str = ""
    actual: float | str = ""

    @property
    def passes(self) -> bool:
        """Whether the error is within the limit."""
        return self.ulp <= self.limit

    def row(self) -> list[Any]:
        """As the results schema has it."""
        return [self.against, self.what, encode(self.ulp), encode(self.limit)]

    def worst(self) -> Record:
        """As the results schema has it."""
        return {
            "against": self.against,
            "what": self.what,
            "index": list(self.index),
            "expected": self.expected if isinstance(self.expected, str) else encode(self.expected),
            "actual": self.actual if isinstance(self.actual, str) else encode(self.actual),
        }

    def __str__(self) -> str:
        if isinstance(self.expected, str):
            return f"{self.what} against {self.against}: expected {self.expected}, got {self.actual}"
        off = "differs" if math.isinf(self.ulp) else f"is {self.ulp:.3g} ULP off"
        place = list(self.index) if self.index else "()"
        return (
            f"{self.what} {off} against {self.against} at {place}: "
            f"expected {self.expected!r}, got {self.actual!r} (limit {self.limit:g} ULP)"
        )


def compare(case: Case, outcome: Outcome, reference: Reference, native: bool = False) -> list[Check]:
    """All comparisons of an outcome with a reference.

    Of an array, what follows a difference in kind, shape or dtype is not compared. `native`: the outcome is the native library's.
    """
    allowed = limits(case.loss, native or reference.name.startswith("native"))
    checks = list(_array(case, "value", outcome.value, reference.value, reference.name, allowed))
    for name, expected in reference.gradients.items():
        if name not in outcome.gradients:
            checks.append(_exact(reference.name, f"gradient {name}", "a gradient", "none"))
        else:
            checks += _array(case, f"gradient {name}", outcome.gradients[name], expected, reference.name, allowed)
    return checks


def _exact(against: str, what: str, expected: str, actual: str) -> Check:
    return Check(against, what, math.inf, 0.0, (), expected, actual)


def _array(case: Case, what: str, actual: Output, expected: Expected, against: str, allowed: Limits) -> Iterator[Check]:
    noun = "" if what == "value" else what + " "
    if actual.kind != TENSOR:
        yield _exact(against, noun + "kind", TENSOR, actual.kind)
    elif actual.values.shape != expected.lower.shape:
        yield _exact(against, noun + "shape", str(expected.lower.shape), str(actual.values.shape))
    else:
        if actual.dtype != expected.dtype:
            yield _exact(against, noun + "dtype", expected.dtype, actual.dtype)
            return
        limit = allowed.value if what == "value" else allowed.gradient
        errors = ulps(actual.values, expected, case.magnitude, allowed.signed_zeros)
        known = ~np.isnan(expected.lower) if expected.loose else np.ones(errors.shape, bool)
        if not errors.size:
            yield Check(against, what, 0.0, limit)
        elif known.any():
            index = np.unravel_index(int(np.argmax(np.where(known, errors, -1.0))), errors.shape)
            place = tuple(int(i) for i in index)
            nearest = float(expected.lower[place])
            if expected.upper is not None:  # of an interval the end that is nearer
                nearest = float(np.clip(actual.values[place], nearest, expected.upper[place]))
            yield Check(against, what, float(errors[place]), limit, place, nearest, float(actual.values[place]))


def ulps(actual: Array, expected: Expected, magnitude: float = 1.0, signed_zeros: bool = False) -> Array:
    """The error of each element in ULP; infinite where NaN, an infinity or (on demand) the sign of a zero disagrees."""
    lower = saturate(expected.lower, expected.dtype)
    upper = lower if expected.upper is None else saturate(expected.upper, expected.dtype)
    actual = actual.astype(np.float64)
    smallest = 2.0 ** (_EXPONENTS[expected.dtype][0] + MANTISSA[expected.dtype] - 1)
    scale = epsilon(expected.dtype) * np.maximum(np.maximum(abs(lower), abs(upper)), max(magnitude, smallest))
    with np.errstate(invalid="ignore", over="ignore"):
        below, above = (lower - actual) + expected.low, (actual - upper) - expected.low
        errors = np.maximum(np.maximum(below, above), 0.0) / scale
    plain = np.isfinite(actual) & np.isfinite(lower) & np.isfinite(upper)
    same = (np.isnan(actual) & np.isnan(lower)) | ((lower <= actual) & (actual <= upper))
    errors = np.where(plain, errors, np.where(same, 0.0, np.inf))
    if signed_zeros:
        errors = np.where((actual == 0) & (lower == 0) & (np.signbit(actual) != np.signbit(lower)), np.inf, errors)
    return np.asarray(errors)


def saturate(values: Array, dtype: str) -> Array:
    """`values`, infinite where they would round to infinity in `dtype`."""
    top = _EXPONENTS[dtype][1]
    # The largest number is (2 - epsilon) 2^top, and half a spacing above it is where rounding gives up.
    with np.errstate(over="ignore"):
        limit = (2.0 - epsilon(dtype) / 2) * 2.0**top if dtype != "float64" else np.inf
        return np.where(abs(values) >= limit, np.copysign(np.inf, values), values)


def worst(checks: Sequence[Check]) -> Check | None:
    """The comparison that is off the most, first the failing ones; None where nothing differs."""
    ranked = max(checks, key=lambda check: (not check.passes, check.ulp), default=None)
    return ranked if ranked is not None and ranked.ulp > 0 else None
