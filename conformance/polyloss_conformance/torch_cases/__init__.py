"""The cases of the PyTorch dialect."""

from __future__ import annotations

from polyloss_conformance.cases import Case
from polyloss_conformance.torch_cases import (
    cross_entropy,
    elementwise,
    elementwise_more,
    embedding,
    linear,
    multi,
    sequence,
)

FAMILIES = (elementwise, elementwise_more, cross_entropy, multi, embedding, sequence, linear)


def cases() -> list[Case]:
    """All cases of the dialect, in a fixed order."""
    return [case for family in FAMILIES for plan in family.plans() for case in plan.cases()]
