"""The cases of the zoo."""

from __future__ import annotations

from polyloss_conformance.cases import Case
from polyloss_conformance.zoo_cases import (
    boxes,
    classification,
    contrastive,
    distributions,
    divergence,
    image,
    lovasz,
    margin,
    margin_softmax,
    metric_learning,
    pairs,
    point_sets,
    preference,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    stateful,
    text_image,
)

FAMILIES = (
    boxes,
    classification,
    contrastive,
    distributions,
    divergence,
    image,
    lovasz,
    margin,
    margin_softmax,
    metric_learning,
    pairs,
    point_sets,
    preference,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    stateful,
    text_image,
)


def cases() -> list[Case]:
    """All cases, in a fixed order."""
    return [case for family in FAMILIES for plan in family.plans() for case in plan.cases()]
