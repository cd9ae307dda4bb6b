"""The recorded deviations of PyTorch 2.13: its documentation, its bugs, and what a half cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations.record import Evidence, Finding, explaining
from polyloss_conformance.deviations.torch_nn import (
    cross_entropy,
    elementwise,
    embedding,
    linear,
    mixed,
    multi,
    sequence,
)
from polyloss_conformance.references.differentiate import Slopes

_FAMILIES = (elementwise, mixed, cross_entropy, multi, embedding, sequence, linear)

FINDINGS: tuple[Finding, ...] = tuple(finding for family in _FAMILIES for finding in family.FINDINGS)
"""All of them."""


def explain(
    case: Case, native_result: Mapping[str, Any], computed_value: Array, computed_gradients: Mapping[str, Slopes]
) -> str | None:
    """The id of the finding for which torch's result differs from the computed one, exactly as recorded; None where there is none."""
    return explaining(FINDINGS, Evidence(case, native_result, computed_value, computed_gradients))
