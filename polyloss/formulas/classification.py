"""Losses on scores or probabilities of classes."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def logistic_cross_entropy(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``-label log s(pred) - (1 - label) log(1 - s(pred))`` with the logistic s, in Gluon's form; gradient ``-label`` at 0.

    ``-log s(x) = max(-x, 0) + log(1 + e^-|x|)`` and ``-log(1 - s(x)) = x - log s(x)``, so the sum is
    ``max(x, 0) - x label + log(1 + e^-|x|)``. Both kinks at 0 have slope 0, where the true slope is 1/2: Gluon's gradient there.
    """
    return F.relu(pred) - pred * label + F.softrelu(-F.abs(pred))


def weighted_logistic_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, pos_weight: Tensor) -> Tensor:
    """As `logistic_cross_entropy` with the positive term times `pos_weight`, which broadcasts; gradient ``1 - label`` at 0.

    ``-label w log s(x) - (1 - label) log(1 - s(x)) = (1 - label) x - (1 + (w - 1) label) log s(x)``.
    """
    log_weight = F.broadcast_mul(label, pos_weight - 1) + 1
    return pred - pred * label + log_weight * (F.softrelu(-F.abs(pred)) + F.relu(-pred))


def binary_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, pos_weight: Tensor | None = None, *, epsilon: float
) -> Tensor:
    """``-w label log(pred + epsilon) - (1 - label) log(1 - pred + epsilon)`` for probabilities; `pos_weight` w broadcasts."""
    # Compilers fold 1 - p + e into (1 + e) - p, where e is lost. A clip that changes nothing up to p = 1 keeps the two sums apart.
    rest = F.clip(1.0 - pred, -1.0, 1.0)
    positive = F.log(pred + epsilon) * label
    if pos_weight is not None:
        positive = F.broadcast_mul(positive, pos_weight)
    return -(positive + F.log(rest + epsilon) * (1.0 - label))


def categorical_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, *, axis: int, sparse: bool, log_probabilities: bool
) -> Tensor:
    """``-sum_j label_j log p_j`` along `axis`, which keeps size 1; `pred` holds logits or ``log p``, `label` classes or weights."""
    if sparse and not log_probabilities:
        return F.softmax_cross_entropy(pred, label, axis=axis, keepdims=True)
    log_p = pred if log_probabilities else F.log_softmax(pred, axis=axis)
    if sparse:
        return -F.pick(log_p, label, axis=axis, keepdims=True)
    return -F.sum(log_p * label, axis=axis, keepdims=True)


def kl_divergence(F: OpSet, log_prob: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``label (log(label + epsilon) - log_prob)``, elementwise; the two broadcast."""
    return F.broadcast_mul(label, F.broadcast_sub(F.log(label + epsilon), log_prob))


def hinge(F: OpSet, pred: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """``max(0, margin - pred label)``, for labels -1 and 1; gradient 0 on the margin."""
    return F.relu(margin - pred * label)
