"""References for the items of the zoo: the formula of the paper, and what is computed, as loops over exact numbers.

`REFERENCES` maps ``zoo/Quantile`` and the like to a `Reference`.
"""

from __future__ import annotations

from polyloss_conformance.references.reference import Reference
from polyloss_conformance.references.zoo import boxes, lovasz, region, regression, reinforcement, robust, scores

_FAMILIES = (boxes, lovasz, region, regression, reinforcement, robust, scores)

REFERENCES: dict[str, Reference] = {f"zoo/{one.name}": one for family in _FAMILIES for one in family.REFERENCES}
