"""The recorded discrepancies of the zoo: where what a source prints, or what a library ships under the name, is something else."""

from __future__ import annotations

from polyloss_conformance.deviations.record import Finding
from polyloss_conformance.deviations.zoo import (
    boxes,
    classification,
    distributions,
    divergence,
    margin,
    metric_learning,
    region,
    regression,
    robust,
    scores,
)

_FAMILIES = (
    boxes,
    classification,
    distributions,
    divergence,
    margin,
    metric_learning,
    region,
    regression,
    robust,
    scores,
)

FINDINGS: tuple[Finding, ...] = tuple(finding for family in _FAMILIES for finding in family.FINDINGS)
"""All of them."""
