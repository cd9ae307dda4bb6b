"""The cases of the Keras dialect."""

from __future__ import annotations

from polyloss_conformance.cases import Case
from polyloss_conformance.keras_cases import empty, labelled, other, probabilistic, regression

FAMILIES = (regression, probabilistic, other, labelled, empty)


def cases() -> list[Case]:
    """All cases of the dialect, in a fixed order."""
    return [case for family in FAMILIES for plan in family.plans() for case in plan.cases()]
