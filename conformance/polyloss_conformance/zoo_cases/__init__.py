"""The cases of the zoo."""

from __future__ import annotations

from dataclasses import replace

from polyloss_conformance import families
from polyloss_conformance.cases import Case

FAMILIES = families.holding("plans", __name__)


def cases() -> list[Case]:
    """All cases, in a fixed order. Of each family one item is in the short run, in float32: with all of them it would not be short."""
    found = []
    for family in FAMILIES:
        for number, plan in enumerate(family.plans()):
            for case in plan.cases():
                found.append(replace(case, quick=case.quick and number == 0 and case.dtype == "float32"))
    return found
