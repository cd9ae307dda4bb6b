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
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Limits:
    """How many ULP a loss may be off."""

    value: float = 8.0
    gradient: float = 8.0
    signed_zeros: bool = False
    """Whether 0 and -0 differ. The sign of a zero is an accident of the order of operations in any sum, so by default they do not."""
    native: float = 0.0
    """Where the native library is one side of the comparison, the least limit: how exact that library is."""
    reason: str = ""
    """Why it is not the default."""


DEFAULT = Limits()

_ONEDNN = Limits(
    native=100.0,
    reason="MXNet 1.9.1 takes float32 softmax from oneDNN, whose exponential is good to about 65 ULP (AVX-512); without it, to 2",
)

EXCEPTIONS: Mapping[str, Limits] = {
    "gluon/SoftmaxCrossEntropyLoss": _ONEDNN,
    "gluon/SoftmaxCELoss": _ONEDNN,
    "gluon/KLDivLoss": _ONEDNN,
    "gluon/SDMLLoss": _ONEDNN,
    "gluon/CTCLoss": Limits(
        gradient=16.0,
        native=16.0,
        reason="a gradient is a softmax less a quotient of sums over frames; MXNet 1.9.1's kernel, in float32, is off by 10 ULP",
    ),
    "torch/CTCLoss": Limits(
        native=24.0,
        reason="PyTorch 2.13 takes the exponential of a sum of logarithms for the posterior, whose rounding costs up to 18.5 ULP",
    ),
    "keras/CTC": Limits(
        gradient=16.0,
        native=16.0,
        reason="as in gluon/CTCLoss: MXNet 1.9.1's kernel, in float32, is off by 7.4 ULP, TensorFlow by 3 the other way",
    ),
    "keras/Circle": Limits(
        native=16.0,
        reason="a gradient is gamma, 80, times a softmax of exponents as large: Keras on JAX is off by 13.6 ULP",
    ),
    "keras/CosineSimilarity": Limits(
        native=16.0,
        reason="the slope of the cosine of single numbers is a difference of reciprocals: Keras on PyTorch is off by 16 ULP",
    ),
    "gluon/SquaredHingeLoss": Limits(
        native=16.0,
        reason="MXNet 1.9.1 is off by 6 ULP in the gradient of a sample weight, which sums squares of 1e4",
    ),
    "gluon/TripletLoss": Limits(
        value=16.0,
        gradient=8.0,
        reason="a difference of sums of squares: errors are relative to the sums, which the result is not",
    ),
    "torch/LinearCrossEntropyLoss": Limits(
        gradient=16.0,
        native=16.0,
        reason="a gradient is a product of matrices, one of them a softmax of another product: in float32 torch is off by 3 ULP,"
        " JAX by 7.4, in opposite directions",
    ),
}
"""Loss to limits, each with its reason."""


def limits(loss: str, native: bool = False) -> Limits:
    """The limits of a loss, ``gluon/L2Loss``; with `native` those of comparisons in which the native library takes part."""
    found = EXCEPTIONS.get(loss, DEFAULT)
    if not native:
        return found
    return replace(found, value=max(found.value, found.native), gradient=max(found.gradient, found.native))
