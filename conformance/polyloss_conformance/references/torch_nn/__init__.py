"""References for the losses of ``torch.nn`` 2.13: for each what its documentation prints and what its code computes.

`REFERENCES` maps ``torch/L1Loss`` and the like to a `Reference`.
"""

from __future__ import annotations

from polyloss_conformance.references.reference import Reference
from polyloss_conformance.references.torch_nn import cross_entropy, elementwise, embedding, linear, multi, sequence

_FAMILIES = (elementwise, cross_entropy, multi, embedding, sequence, linear)

REFERENCES: dict[str, Reference] = {f"torch/{one.name}": one for family in _FAMILIES for one in family.REFERENCES}
