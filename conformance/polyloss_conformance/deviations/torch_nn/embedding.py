"""The recorded deviations of the losses of vectors that are compared with one another."""

from __future__ import annotations

from polyloss_conformance.deviations.record import Finding

FINDINGS: tuple[Finding, ...] = ()
