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


def weighted_sigmoid_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, pos_weight: Tensor) -> Tensor:
    """``-w label log s(pred) - (1 - label) log(1 - s(pred))`` with the logistic s; smooth, and neither term cancels.

    `pos_weight` w broadcasts. ``-log s(x) = softrelu(-x)`` and ``-log(1 - s(x)) = softrelu(x)``.
    """
    return F.broadcast_mul(label * F.softrelu(-pred), pos_weight) + (1 - label) * F.softrelu(pred)


def clamped_binary_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, *, log_floor: float, spread_floor: float
) -> Tensor:
    """``-label log p - (1 - label) log(1 - p)`` for probabilities p, with both logarithms at least `log_floor`.

    The gradient is ``(p - label) / max(p (1 - p), spread_floor)``, as the two terms give it where the bound is not reached.
    """
    inside = pred * (1 - pred) >= spread_floor
    safe = F.where(inside, pred, 0.5)
    interior = -(label * F.log(safe) + (1 - label) * F.log1p(-safe))
    fixed = F.stop_gradient(pred)
    at_zero = F.clip(F.log(fixed), log_floor, 0.0)
    at_one = F.clip(F.log1p(-fixed), log_floor, 0.0)
    # Zero, with the derivative (p - label) / spread_floor.
    step = pred - fixed
    slope = step * (0.5 * step + F.stop_gradient(pred - label)) * (1 / spread_floor)
    return F.where(inside, interior, slope - (label * at_zero + (1 - label) * at_one))


def relative_entropy(F: OpSet, log_prob: Tensor, target: Tensor, *, log_target: bool) -> Tensor:
    """``t (log t - log_prob)``, elementwise, with ``t = e^target`` if `log_target`, else ``t = target``; 0 where t is 0.

    Where t is 0 the gradient for `target` is ``-log_prob``, in place of the derivative, which is infinite.
    """
    if log_target:
        return F.exp(target) * (target - log_prob)
    log_t = F.log(F.where(F.broadcast_equal(target, 0.0), 1.0, target))
    return target * (log_t - log_prob)


def soft_margin(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``log(1 + e^(-label pred))``, for labels -1 and 1, without overflow."""
    return F.softrelu(-(label * pred))
