"""The cases of the zoo."""

from __future__ import annotations

from polyloss_conformance.cases import Case
from polyloss_conformance.zoo_cases import boxes, lovasz, region, regression, reinforcement, robust, scores

FAMILIES = (boxes, lovasz, region, regression, reinforcement, robust, scores)


def cases() -> list[Case]:
    """All cases, in a fixed order."""
    return [case for family in FAMILIES for plan in family.plans() for case in plan.cases()]
