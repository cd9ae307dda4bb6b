"""The cases of the zoo."""

from __future__ import annotations

from dataclasses import replace

from polyloss_conformance.cases import Case
from polyloss_conformance.zoo_cases import (
    boxes,
    classification,
    contrastive,
    distributions,
    divergence,
    image,
    linear,
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
    linear,
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
    """All cases, in a fixed order. Of each family one item is in the short run, in float32: with all of them it would not be short."""
    found = []
    for family in FAMILIES:
        for number, plan in enumerate(family.plans()):
            for case in plan.cases():
                found.append(replace(case, quick=case.quick and number == 0 and case.dtype == "float32"))
    return found
