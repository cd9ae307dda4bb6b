"""The recorded deviations of the losses of real numbers."""

from __future__ import annotations

from polyloss_conformance.deviations.record import Finding

FINDINGS: tuple[Finding, ...] = ()
