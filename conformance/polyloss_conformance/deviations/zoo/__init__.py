"""The recorded discrepancies of the zoo: where what a source prints, or what a library ships under the name, is something else."""

from __future__ import annotations

from polyloss_conformance import families
from polyloss_conformance.deviations.record import Finding

FINDINGS: tuple[Finding, ...] = tuple(
    finding for family in families.holding("FINDINGS", __name__) for finding in family.FINDINGS
)
"""All of them."""
