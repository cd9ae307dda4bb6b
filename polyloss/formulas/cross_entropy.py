"""Cross entropies over classes, which lie along `axis`; the result has the other axes."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor

_IMPOSSIBLE = -1e38
"""A log probability below this is taken for that of a class that cannot occur."""


def label_cross_entropy(
    F: OpSet,
    scores: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    label_weight: Tensor | None = None,
    *,
    smoothing: float,
    log_probabilities: bool,
    axis: int = 1,
) -> Tensor:
    """``-(1 - s) w_y log p_y - s / C sum_c w_c log p_c`` for classes y, with s = `smoothing`; `scores` hold logits or ``log p``.

    `weight` w broadcasts to `scores`, `label_weight` is ``w_y``.
    """
    if not smoothing and not log_probabilities:
        loss = F.softmax_cross_entropy(scores, label, axis=axis)
        return loss if label_weight is None else loss * label_weight
    log_p = scores if log_probabilities else F.log_softmax(scores, axis=axis)
    loss = -F.pick(log_p, label, axis=axis)
    loss = loss if label_weight is None else loss * label_weight
    if not smoothing:
        return loss
    everywhere = F.mean(log_p if weight is None else F.broadcast_mul(log_p, weight), axis=axis)
    return loss * (1 - smoothing) - everywhere * smoothing


def soft_cross_entropy(
    F: OpSet,
    scores: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    smoothing: float,
    log_probabilities: bool = False,
    axis: int = 1,
) -> Tensor:
    """``-sum_c w_c ((1 - s) t_c + s / C) log p_c`` for targets t that are probabilities, with s = `smoothing`.

    `scores` hold logits or ``log p``, to which `weight` w broadcasts.
    ``0 log 0 = 0``, with gradient 0 for such a target in place of the derivative, which is infinite.
    """
    log_p = scores if log_probabilities else F.log_softmax(scores, axis=axis)
    unwanted = F.where(F.broadcast_equal(target, 0.0), log_p, 0.0)
    terms = target * F.where(unwanted < _IMPOSSIBLE, 0.0, log_p)
    loss = -F.sum(terms if weight is None else F.broadcast_mul(terms, weight), axis=axis)
    if not smoothing:
        return loss
    everywhere = F.mean(log_p if weight is None else F.broadcast_mul(log_p, weight), axis=axis)
    return loss * (1 - smoothing) - everywhere * smoothing
