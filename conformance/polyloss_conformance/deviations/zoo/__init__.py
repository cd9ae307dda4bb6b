"""The recorded discrepancies of the zoo: where what a source prints, or what a library ships under the name, is something else."""

from __future__ import annotations

from polyloss_conformance.deviations.record import Finding
from polyloss_conformance.deviations.zoo import (
    boxes,
    classification,
    distributions,
    divergence,
    image,
    margin,
    metric_learning,
    point_sets,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    text_image,
)

_FAMILIES = (
    boxes,
    classification,
    distributions,
    divergence,
    image,
    margin,
    metric_learning,
    point_sets,
    region,
    regression,
    reinforcement,
    robust,
    scores,
    text_image,
)

FINDINGS: tuple[Finding, ...] = tuple(finding for family in _FAMILIES for finding in family.FINDINGS)
"""All of them."""
