"""References for the losses of ``keras.losses`` 3.15: for each what its documentation prints and what its code computes.

`REFERENCES` maps ``keras/MeanSquaredError`` and the like to a `Reference`.
"""

from __future__ import annotations

from polyloss_conformance.references.keras import other, probabilistic, regression
from polyloss_conformance.references.reference import Reference

_FAMILIES = (regression, probabilistic, other)

REFERENCES: dict[str, Reference] = {f"keras/{one.name}": one for family in _FAMILIES for one in family.REFERENCES}
