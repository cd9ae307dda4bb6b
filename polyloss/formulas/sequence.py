"""Losses of sequences."""

from __future__ import annotations

from polyloss.opset import LOG_ZERO, OpSet, Tensor

_OVERFLOW = 88.0  # exp stays finite up to here in float32; no log probability is above 0


def ctc(F: OpSet, log_prob: Tensor, label: Tensor, frames: Tensor, lengths: Tensor, *, blank: int) -> Tensor:
    """CTC of log probabilities (T, N, C) as they are, per sample (N,), with the gradient that is right behind a log_softmax.

    `label` (N, L), `frames` and `lengths` (N,) of its samples in use, in the dtype of `log_prob`. Frames not in use count for nothing,
    whatever they hold.
    """
    # The gradient is e^x less the posterior, all of it where e^x sums to 1 over the classes:
    #   l(x) + sum_tc [e^x - const(e^x)]   has value l(x) and gradient  -posterior + e^x
    time = F.reshape(F.arange_like(log_prob, axis=0), (-1, 1, 1))
    used = F.where(F.broadcast_greater(F.reshape(frames, (1, -1, 1)), time), log_prob, LOG_ZERO)
    cost = F.ctc_alignment(used, label, frames, lengths, blank)
    mass = F.exp(F.clip(used, LOG_ZERO, _OVERFLOW))
    nothing = F.sum(mass - F.stop_gradient(mass), axis=(0, 2))
    return F.where(F.broadcast_equal(cost, float("inf")), cost, cost + nothing)
