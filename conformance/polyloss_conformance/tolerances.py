"""The tolerance rule, and the one table of its exceptions.

An element's error in ULP is ``|actual - expected| / (epsilon * max(|expected|, magnitude))`` with the epsilon of the case's dtype and the
magnitude of the case: the size of the largest term that cancels in it, 1 unless it says otherwise. A comparison passes if no element's
error is above the loss's condition factor, which is here. The same rule judges backend against formula, backend against native library,
native library against formula, and composed against fused.

Two consequences, wanted: an error far below the magnitude counts for nothing, however large it is relative to a tiny result; and a
subnormal flushed to zero costs no more than 1 ULP, since epsilon times magnitude is never taken below the smallest normal number
(XLA and TensorFlow flush, MXNet and PyTorch do not; no loss has a meaning that hangs on it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How many ULP a loss may be off."""

    value: float = 8.0
    gradient: float = 8.0
    signed_zeros: bool = False
    """Whether 0 and -0 differ. The sign of a zero is an accident of the order of operations in any sum, so by default they do not."""
    reason: str = ""
    """Why it is not the default."""


DEFAULT = Limits()

EXCEPTIONS: Mapping[str, Limits] = {}
"""Loss to limits, each with its reason."""


def limits(loss: str) -> Limits:
    """The limits of a loss, ``gluon/L2Loss``."""
    return EXCEPTIONS.get(loss, DEFAULT)
