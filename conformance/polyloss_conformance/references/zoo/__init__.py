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
    lovasz,
    margin,
    margin_softmax,
    metric_learning,
    pairs,
    preference,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    stateful,
)

_FAMILIES = (
    boxes,
    classification,
    contrastive,
    distributions,
    divergence,
    lovasz,
    margin,
    margin_softmax,
    metric_learning,
    pairs,
    preference,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    stateful,
)

REFERENCES: dict[str, Reference] = {f"zoo/{one.name}": one for family in _FAMILIES for one in family.REFERENCES}
