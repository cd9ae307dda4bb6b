"""References for the items of the zoo: the formula of the paper, and what is computed, as loops over exact numbers.

`REFERENCES` maps ``zoo/Quantile`` and the like to a `Reference`.
"""

from __future__ import annotations

from polyloss_conformance.references.reference import Reference
from polyloss_conformance.references.zoo import (
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

_FAMILIES = (
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

REFERENCES: dict[str, Reference] = {f"zoo/{one.name}": one for family in _FAMILIES for one in family.REFERENCES}
