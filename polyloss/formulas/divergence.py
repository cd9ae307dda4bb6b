"""How far one distribution is from another, both given along an axis."""

from __future__ import annotations

from typing import Literal

from polyloss.opset import OpSet, Tensor

Form = Literal["probabilities", "log_probabilities", "logits"]


def kullback_leibler(
    F: OpSet, pred: Tensor, target: Tensor, *, pred_as: Form, target_as: Form, axis: int = -1
) -> Tensor:
    """``sum_c p_c (log p_c - log q_c)`` along `axis`, with p the target and q the prediction, each in its form.

    A class with ``p_c = 0`` adds 0 and has gradient 0; one with ``q_c = 0 < p_c`` makes it infinite.
    """
    (log_p, log_q) = (
        F.log_softmax(one, axis=axis) if form == "logits" else one
        for one, form in ((target, target_as), (pred, pred_as))
    )
    p = target if target_as == "probabilities" else F.exp(log_p)
    never = F.broadcast_equal(p, 0.0)
    if target_as == "probabilities":
        log_p = F.log(F.where(never, 1.0, p))
    if pred_as == "probabilities":
        log_q = F.log(F.where(never, 1.0, pred))
    return F.sum(F.where(never, 0.0, p) * (F.where(never, 0.0, log_p) - F.where(never, 0.0, log_q)), axis=axis)


def jensen_shannon(F: OpSet, pred: Tensor, target: Tensor, *, axis: int = -1) -> Tensor:
    """``(KL(p | m) + KL(q | m)) / 2`` along `axis`, of probabilities, with ``m = (p + q) / 2``; a probability of 0 has gradient 0.

    ``log(p / m) = log(2 p / (p + q))``, between minus infinity and log 2.
    """
    total = pred + target
    total = F.where(F.broadcast_equal(total, 0.0), 1.0, total)
    halves = []
    for one in (pred, target):
        never = F.broadcast_equal(one, 0.0)
        halves.append(F.where(never, 0.0, one) * F.log(F.where(never, 1.0, 2.0 * one / total)))
    return 0.5 * F.sum(halves[0] + halves[1], axis=axis)
