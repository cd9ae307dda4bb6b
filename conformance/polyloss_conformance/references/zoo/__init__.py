"""References for the items of the zoo: the formula of the paper, and what is computed, as loops over exact numbers.

`REFERENCES` maps ``zoo/Quantile`` and the like to a `Reference`.
"""

from __future__ import annotations

from polyloss_conformance import families
from polyloss_conformance.references.reference import Reference

REFERENCES: dict[str, Reference] = {
    f"zoo/{one.name}": one for family in families.holding("REFERENCES", __name__) for one in family.REFERENCES
}
