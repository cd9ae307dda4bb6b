"""Losses of sequences."""

from __future__ import annotations

from polyloss.formulas.masked import masked_softmax
from polyloss.opset import LOG_ZERO, OpSet, Tensor

_NEVER = 1e9  # a cost that is never least, and whose differences stay finite in float32
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


def edit_distance(
    F: OpSet, cost: Tensor, running: Tensor, lengths: Tensor, *, insertion: float, deletion: float, gamma: float
) -> Tensor:
    """The least cost of the edits that turn one sequence into another, shape (N,).

    `cost` (S, N, L): of putting place l of the second in place of step s of the first. `running` (S, N, 1): 1 up to the end of the first.
    `lengths` (N,) of the second. A step that is left out costs `insertion` (it should not have been there), a place without one `deletion`.
    With `gamma` g above 0 every minimum is ``-g log sum e^(-x / g)``.

    Row s of the table is ``D_l = min_(k <= l) (V_k + (l - k) d)`` of ``V_k = min(D'_k + i, D'_(k-1) + c_k)``: one minimum over a matrix,
    in place of a recursion along the row. Soft minima are as associative.
    """
    steps = F.concat(running, cost, dim=2)
    places = F.arange_like(steps, axis=2)
    gaps = F.broadcast_sub(F.expand_dims(places, axis=1), F.expand_dims(places, axis=0))  # l - k
    ahead = F.expand_dims(F.where(gaps < 0, _NEVER, deletion * gaps), axis=0)

    def least(data: Tensor, axis: int) -> Tensor:
        return F.min(data, axis=axis) if gamma == 0 else -gamma * F.logsumexp(-data / gamma, axis=axis)

    def advance(step: Tensor, state: Tensor) -> Tensor:
        here = F.slice_axis(step, axis=1, begin=0, end=1)
        put = F.slice_axis(F.concat(here, state, dim=1), axis=1, begin=0, end=-1) + step
        put = F.where(F.broadcast_greater(F.expand_dims(places, axis=0), 0.0), put, _NEVER)
        reached = least(F.stack(state + insertion, put, axis=0), 0)
        new = least(F.broadcast_add(F.expand_dims(reached, axis=1), ahead), 2)
        return F.where(here > 0, new, state)

    start = F.broadcast_add(F.sum(F.zeros_like(steps), axis=0), F.expand_dims(deletion * places, axis=0))
    return F.pick(F.scan(advance, steps, start), lengths, axis=1)


def minimum_risk(F: OpSet, score: Tensor, risk: Tensor, mask: Tensor | None) -> Tensor:
    """``sum_k p_k r_k`` of each row with ``p = softmax(score)`` over the hypotheses that `mask` marks (None: all)."""
    if mask is None:
        return F.sum(F.softmax(score, axis=-1) * risk, axis=-1)
    return F.sum(F.where(mask, masked_softmax(F, score, mask) * F.where(mask, risk, 0.0), 0.0), axis=-1)
