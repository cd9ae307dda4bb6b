"""The recorded deviations of Keras 3.15: its documentation, its bugs, where its backends differ, and what a half cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations.keras import backends, other, probabilistic, regression
from polyloss_conformance.deviations.keras.common import explained_in_single
from polyloss_conformance.deviations.record import Evidence, Finding, explaining
from polyloss_conformance.references.differentiate import Slopes

_FAMILIES = (regression, probabilistic, backends, other)

FINDINGS: tuple[Finding, ...] = tuple(finding for family in _FAMILIES for finding in family.FINDINGS)
"""All of them."""


def explain(
    case: Case,
    native_result: Mapping[str, Any],
    computed_value: Array,
    computed_gradients: Mapping[str, Slopes],
    elsewhere: str = "",
) -> str | None:
    """The id of the finding for which Keras's result differs from the computed one, exactly as recorded; None where there is none.

    `elsewhere`: the backend of Keras, unless that was TensorFlow. What PyTorch computes of float64 is judged as float32.
    """
    evidence = Evidence(case, native_result, computed_value, computed_gradients, elsewhere)
    found = explaining(FINDINGS, evidence)
    if found is None and elsewhere and case.dtype == "float64":
        found = explained_in_single(FINDINGS, evidence)
    return found
