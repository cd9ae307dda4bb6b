"""The recorded deviations: known differences between documentation, MXNet and the right numbers, as data that is measured again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations import documentation, limits, native
from polyloss_conformance.deviations.record import Evidence, Finding, Measurement, explaining
from polyloss_conformance.references.differentiate import Slopes

__all__ = ["FINDINGS", "Finding", "Measurement", "explain", "finding"]

FINDINGS: tuple[Finding, ...] = (*documentation.FINDINGS, *native.FINDINGS, *limits.FINDINGS)
"""All of them: documentation, native bugs, native limits."""


def finding(identity: str) -> Finding:
    """The finding of this id.

    Raises:
        KeyError: there is none.
    """
    return {found.id: found for found in FINDINGS}[identity]


def explain(
    case: Case, native_result: Mapping[str, Any], computed_value: Array, computed_gradients: Mapping[str, Slopes]
) -> str | None:
    """The id of the finding for which MXNet's result differs from the computed one, exactly as recorded; None where there is none.

    Args:
        case: the case.
        native_result: ``{"value", "gradients"}`` or ``{"refused"}``, as the native reference gives it.
        computed_value: what the reference computes, as mpmath numbers or floats.
        computed_gradients: the slopes that go with it, by name.
    """
    evidence = Evidence(case, native_result, computed_value, computed_gradients)
    return explaining(FINDINGS, evidence)
