"""What a recorded deviation is, and what a native result has to show for one to explain it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.compare import Expected, ulps
from polyloss_conformance.references.differentiate import Slopes
from polyloss_conformance.tolerances import limits

DOCUMENTATION = "documentation"
BUG = "native bug"
LIMIT = "native limit"
SOURCE = "source"

Numbers = list[dict[str, str]]
Masks = Mapping[str, Array]
"""By what (``value``, ``gradient pred``): which elements deviate as recorded."""


@dataclass(frozen=True)
class Measurement:
    """Both sides, measured now."""

    numbers: Numbers
    """Name of a quantity, and what each side gives, as text."""
    holds: bool
    """Whether they deviate exactly as recorded."""


@dataclass(frozen=True)
class Evidence:
    """A native result beside what the reference computes."""

    case: Case
    native: Mapping[str, Any]
    value: Array
    gradients: Mapping[str, Slopes]
    elsewhere: str = ""
    """The backend on which the library was asked, unless it was its own."""

    @property
    def refused(self) -> str | None:
        """The native refusal, if there is one."""
        refused = self.native.get("refused")
        return None if refused is None else str(refused)

    @cached_property
    def right(self) -> Array:
        """The computed value as float64."""
        return np.array([float(x) for x in self.value.flat], dtype=np.float64).reshape(self.value.shape)

    def got(self, what: str) -> Array:
        """The native array of ``value`` or ``gradient NAME``."""
        found = self.native["value"] if what == "value" else self.native["gradients"][what.removeprefix("gradient ")]
        return np.asarray(found, dtype=np.float64)

    def errors(self) -> dict[str, Array]:
        """How far native is off in ULP, by what; where the reference knows no slope, 0."""
        with (
            np.errstate(invalid="ignore"),
            mp.workdps(40),
        ):  # float64 and what it leaves are 32 digits; of infinities it is NaN
            low = np.asarray(self.value - self.right, dtype=np.float64)
        expected = {"value": Expected(self.right, self.case.dtype, low=np.where(np.isfinite(low), low, 0.0))}
        for name, slopes in self.gradients.items():
            kind = self.case.gradient_dtype(name)
            expected[f"gradient {name}"] = Expected(slopes.lower, kind, slopes.upper, loose=True)
        found = {}
        for what, due in expected.items():
            got = self.got(what)
            if got.shape != due.lower.shape:
                return {"shape": np.array([np.inf])}
            known = ~np.isnan(due.lower) if due.loose else np.ones(got.shape, bool)
            found[what] = np.where(known, ulps(got, due, self.case.magnitude), 0.0)
        return found

    def deviating(self) -> dict[str, Array]:
        """Which elements are further off than the loss may be."""
        allowed = limits(self.case.loss, native=True)
        return {
            what: errors > (allowed.value if what == "value" else allowed.gradient)
            for what, errors in self.errors().items()
        }


def never(case: Case) -> bool:
    """No case shows it."""
    return False


def nowhere(evidence: Evidence) -> Masks:
    """It shows in no number."""
    return {}


@dataclass(frozen=True)
class Finding:
    """A known difference: what, since when, why, and how to see it again."""

    id: str
    kind: str
    loss: str
    cause: str
    evidence: str
    measure: Callable[[], Measurement]
    """Both sides again. ImportError without the library, for all kinds but ``documentation``."""
    matches: Callable[[Case], bool] = never
    """Whether the native library deviates on a case."""
    refusal: str | None = None
    """A pattern that the native refusal matches, where the library refuses."""
    recorded: Callable[[Evidence], Masks] = nowhere
    """Where the library's numbers are off, and are just as recorded."""
    follows: str = "formula"
    """What polyloss does: ``formula``, or ``native``."""
    backends: tuple[str, ...] | None = None
    """On which other backends of the library it shows, and not on its own; None: on any."""

    def concerns(self, evidence: Evidence) -> bool:
        """Whether it is about this case and this backend of the library."""
        return self.matches(evidence.case) and (self.backends is None or evidence.elsewhere in self.backends)

    def explains(self, evidence: Evidence) -> bool:
        """Whether the library deviates, and nowhere otherwise than recorded."""
        if not self.concerns(evidence):
            return False
        if evidence.refused is not None:
            return self.refusal is not None and re.search(self.refusal, evidence.refused) is not None
        deviating = evidence.deviating()
        if "shape" in deviating or not any(mask.any() for mask in deviating.values()):
            return False
        recorded = self.recorded(evidence)
        return all(
            not (mask & ~recorded.get(what, np.zeros(mask.shape, bool))).any() for what, mask in deviating.items()
        )

    def record(self) -> dict[str, Any]:
        """The record of the results schema, measured now."""
        measured = self.measure()
        return {
            "record": "finding",
            "id": self.id,
            "kind": self.kind,
            "loss": self.loss,
            "cause": self.cause,
            "evidence": self.evidence,
            "numbers": measured.numbers,
            "holds": measured.holds,
        }


def explaining(findings: Iterable[Finding], evidence: Evidence) -> str | None:
    """The id of the first finding that explains a native result; None where there is none."""
    return next((found.id for found in findings if found.explains(evidence)), None)


@dataclass(frozen=True)
class Example:
    """A small call whose numbers are recorded."""

    loss: str
    inputs: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    wrt: tuple[str, ...] = ()
    dtypes: Mapping[str, str] = field(default_factory=dict)
    """Of inputs that have another dtype than the result."""
    dialect: str = "gluon"

    def case(self) -> Case:
        """The same as a case."""
        from polyloss_conformance.cases import Input

        inputs = {key: Input.of(given, self.dtypes.get(key, self.dtype)) for key, given in self.inputs.items()}
        return Case(
            f"example {self}", f"{self.dialect}/{self.loss}", self.config, inputs, self.dtype, self.call, self.wrt
        )

    def __str__(self) -> str:
        parts = [f"{key}={given}" for key, given in self.config.items()]
        kinds = {key: f" ({kind})" for key, kind in self.dtypes.items()}
        called = [f"{key} {plain(given)}{kinds.get(key, '')}" for key, given in self.inputs.items()]
        called += [f"{key} {given}" for key, given in self.call.items()]
        return f"{self.loss}({', '.join(parts)}) of {', '.join(called)}, {self.dtype}"


def plain(values: Any, digits: int = 6) -> str:
    """Numbers as text, rounded for reading."""
    array = np.asarray(values)
    if array.dtype == object:
        array = np.array([float(x) for x in array.flat]).reshape(array.shape)
    if array.ndim == 0:
        return f"{float(array):.{digits}g}"
    return "[" + ", ".join(plain(part, digits) for part in array) + "]"


def close(left: Any, right: Any, tolerance: float = 1e-5) -> bool:
    """Whether two arrays have one shape and agree, NaN with NaN."""
    (a, b) = (np.array([float(x) for x in np.ravel(side)]).reshape(np.shape(side)) for side in (left, right))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))


def lines(*quantities: Mapping[str, str]) -> Numbers:
    """The numbers of a measurement."""
    return [dict(quantity) for quantity in quantities]
