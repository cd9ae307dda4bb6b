"""Losses on scores or probabilities of classes."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def logistic_cross_entropy(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``-label log s(pred) - (1 - label) log(1 - s(pred))`` with the logistic s, in Gluon's form; gradient ``-label`` at 0.

    ``-log s(x) = max(-x, 0) + log(1 + e^-|x|)`` and ``-log(1 - s(x)) = x - log s(x)``, so the sum is
    ``max(x, 0) - x label + log(1 + e^-|x|)``. Both kinks at 0 have slope 0, where the true slope is 1/2: Gluon's gradient there.
    """
    return F.relu(pred) - pred * label + F.softrelu_excess(pred)


def signed_logistic_cross_entropy(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """`logistic_cross_entropy` of the label ``(label + 1) / 2``: for -1 and 1 ``log(1 + e^(-label pred))``."""
    return F.relu(pred) - (pred * label + pred) * 0.5 + F.softrelu_excess(pred)


def weighted_logistic_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, pos_weight: Tensor) -> Tensor:
    """As `logistic_cross_entropy` with the positive term times `pos_weight`, which broadcasts; gradient ``1 - label`` at 0.

    ``-label w log s(x) - (1 - label) log(1 - s(x)) = (1 - label) x - (1 + (w - 1) label) log s(x)``.
    """
    log_weight = F.broadcast_mul(label, pos_weight - 1) + 1
    return pred - pred * label + log_weight * (F.softrelu_excess(pred) + F.relu(-pred))


def binary_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, pos_weight: Tensor | None = None, *, epsilon: float
) -> Tensor:
    """``-w label log(pred + epsilon) - (1 - label) log(1 - pred + epsilon)`` for probabilities; `pos_weight` w broadcasts."""
    # Compilers fold 1 - p + e into (1 + e) - p, where e is lost. A clip that changes nothing up to p = 1 keeps the two sums apart.
    rest = F.clip(1.0 - pred, -1.0, float("inf"))
    positive = F.log(pred + epsilon) * label
    if pos_weight is not None:
        positive = F.broadcast_mul(positive, pos_weight)
    return -(positive + F.log(rest + epsilon) * (1.0 - label))


def categorical_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, *, axis: int, sparse: bool, log_probabilities: bool
) -> Tensor:
    """``-sum_j label_j log p_j`` along `axis`, which keeps size 1; `pred` holds logits or ``log p``, `label` classes or weights."""
    if not log_probabilities:
        cross_entropy = F.softmax_cross_entropy if sparse else F.soft_label_cross_entropy
        return cross_entropy(pred, label, axis=axis, keepdims=True)
    if sparse:
        return -F.pick(pred, label, axis=axis, keepdims=True)
    return -F.sum(pred * label, axis=axis, keepdims=True)


def kl_divergence(F: OpSet, log_prob: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``label (log(label + epsilon) - log_prob)``, elementwise; the two broadcast."""
    return F.broadcast_mul(label, F.broadcast_sub(F.log(label + epsilon), log_prob))


def hinge(F: OpSet, pred: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """``max(0, margin - pred label)``, for labels -1 and 1; gradient 0 on the margin."""
    return F.relu(margin - pred * label)


def sigmoid_cross_entropy(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``-label log s(pred) - (1 - label) log(1 - s(pred))`` with the logistic s; smooth, and neither term cancels."""
    return F.sigmoid_cross_entropy(pred, label)


def multilabel_soft_margin(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """`sigmoid_cross_entropy`, its mean over the last axis."""
    return F.mean(F.sigmoid_cross_entropy(pred, label), axis=-1)


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
    # Fixed at the ends, so that what the logarithms make of them goes into no gradient.
    p = F.where(inside, pred, F.stop_gradient(pred))
    (log_p, log_rest) = (
        F.where(inside, log, F.clip(F.stop_gradient(log), log_floor, float("inf"))) for log in (F.log(p), F.log1p(-p))
    )
    # Zero, with the derivative (p - label) / spread_floor.
    square = F.square(pred - F.stop_gradient(label))
    slope = (square - F.stop_gradient(square)) * (0.5 / spread_floor)
    return F.where(inside, 0.0, slope) - (label * log_p + (1 - label) * log_rest)


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


def closed_hinge(F: OpSet, pred: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """``max(0, margin - pred label)``; on the margin the gradient is that of the inner term."""
    return F.clip(margin - pred * label, 0.0, float("inf"))


def categorical_hinge(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``max(0, 1 + max_j (1 - label_j) pred_j - sum_j label_j pred_j)`` over the last axis; gradient of the inner term at 0."""
    (right, wrong) = (F.sum(label * pred, axis=-1), F.max((1.0 - label) * pred, axis=-1))
    return F.clip(wrong - right + 1.0, 0.0, float("inf"))


def bounded_relative_entropy(F: OpSet, pred: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``t log(t / p)``, elementwise, with `label` as t and `pred` as p clipped to [epsilon, 1]."""
    (t, p) = (F.clip(one, epsilon, 1.0) for one in (label, pred))
    return t * F.log(t / p)


def bounded_binary_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``-label log p - (1 - label) log(1 - p)`` with `pred` as p clipped to [epsilon, 1 - epsilon], where its gradient ends."""
    p = F.clip(pred, epsilon, 1.0 - epsilon)
    return -(label * F.log(p) + (1.0 - label) * F.log1p(-p))


def power_of_share(F: OpSet, x: Tensor, *, exponent: float) -> Tensor:
    """``x^exponent`` for x from 0 on; at 0 the gradient is 0, also where it would be infinite."""
    positive = F.broadcast_greater(x, 0.0)
    return F.where(positive, F.power(F.where(positive, x, 1.0), exponent), 0.0)


def focal_factor(F: OpSet, miss: Tensor, *, gamma: float) -> Tensor:
    """``miss^gamma`` for ``0 <= miss <= 1`` and ``gamma >= 0``; at 0, for gamma below 1, its gradient is 0 in place of an infinite one."""
    if gamma in (0, 1):
        return miss if gamma else F.ones_like(miss)
    return power_of_share(F, miss, exponent=gamma)


def binary_focal_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, *, gamma: float, from_logits: bool, epsilon: float
) -> Tensor:
    """``(1 - p_t)^gamma`` times the binary cross entropy, where ``p_t = label p + (1 - label) (1 - p)``.

    Probabilities are bounded as in `bounded_binary_cross_entropy`; from logits nothing is. ``1 - p_t = label (1 - p) + (1 - label) p``,
    and from a logit x both ``p = s(x)`` and ``1 - p = s(-x)`` are exact.
    """
    if from_logits:
        (p, rest) = (F.sigmoid(pred), F.sigmoid(-pred))
        entropy = F.sigmoid_cross_entropy(pred, label)
    else:
        (p, rest) = (pred, 1.0 - pred)
        entropy = bounded_binary_cross_entropy(F, pred, label, epsilon=epsilon)
    return focal_factor(F, label * rest + (1.0 - label) * p, gamma=gamma) * entropy


def bounded_share(F: OpSet, pred: Tensor, *, axis: int, epsilon: float) -> Tensor:
    """`pred` divided by its sum along `axis`, clipped to [epsilon, 1 - epsilon]; a row whose sum is 0 is divided by 1."""
    total = F.sum(pred, axis=axis, keepdims=True)
    share = F.broadcast_div(pred, F.where(F.broadcast_equal(total, 0.0), 1.0, total))
    return F.clip(share, epsilon, 1.0 - epsilon)


def bounded_categorical_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, *, axis: int, epsilon: float) -> Tensor:
    """``-sum_j label_j log p_j`` along `axis`, with p the `bounded_share` of `pred`."""
    return -F.sum(label * F.log(bounded_share(F, pred, axis=axis, epsilon=epsilon)), axis=axis)


def bounded_sparse_cross_entropy(F: OpSet, pred: Tensor, index: Tensor, *, axis: int, epsilon: float) -> Tensor:
    """``log(sum_j p_j / p_index)`` along `axis`, with `pred` as p clipped to [epsilon, 1 - epsilon]."""
    p = F.clip(pred, epsilon, 1.0 - epsilon)
    return F.log(F.sum(p, axis=axis) / F.pick(p, index, axis=axis))


def categorical_focal_cross_entropy(
    F: OpSet, pred: Tensor, label: Tensor, alpha: Tensor | float, *, gamma: float, axis: int, epsilon: float
) -> Tensor:
    """``-sum_j alpha_j (1 - p_j)^gamma label_j log p_j`` along `axis`, with p the `bounded_share` of `pred`; `alpha` broadcasts."""
    p = bounded_share(F, pred, axis=axis, epsilon=epsilon)
    terms = focal_factor(F, 1.0 - p, gamma=gamma) * (label * F.log(p))
    return -F.sum(terms * alpha if isinstance(alpha, (int, float)) else F.broadcast_mul(terms, alpha), axis=axis)


def generalized_cross_entropy(F: OpSet, p: Tensor, *, q: float) -> Tensor:
    """``(1 - p^q) / q``, between ``-log p`` (q to 0) and ``1 - p`` (q to 1), for 0 < q < 1; infinite slope at p = 0."""
    return (1.0 - F.power(p, q)) / q


def probability_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``-label log max(p, epsilon) - (1 - label) log max(1 - p, epsilon)`` for probabilities p; gradient 0 where epsilon is the larger.

    Below 1/2 it takes ``log(1 - p)`` as ``log1p(-p)``, above as it is, since there ``1 - p`` is exact.
    """
    top = float("inf")
    log_p = F.log(F.clip(pred, epsilon, top))
    log_rest = F.where(pred < 0.5, F.log1p(-F.clip(pred, 0.0, 0.5)), F.log(F.clip(1.0 - pred, epsilon, top)))
    return -(label * log_p + (1.0 - label) * log_rest)


def balanced_focal_cross_entropy(F: OpSet, pred: Tensor, label: Tensor, *, gamma: float, alpha: float | None) -> Tensor:
    """``a_t (1 - p_t)^gamma`` times the binary cross entropy of logits, where a_t is alpha for label 1, ``1 - alpha`` for label 0."""
    loss = binary_focal_cross_entropy(F, pred, label, gamma=gamma, from_logits=True, epsilon=0.0)
    return loss if alpha is None else (alpha * label + (1 - alpha) * (1.0 - label)) * loss


def other_classes(F: OpSet, pred: Tensor, own: Tensor, *, axis: int) -> Tensor:
    """``1 - p_y`` of the softmax of `pred` along `axis`, as the sum of all others, which does not cancel; `own` is 1 at y."""
    return F.sum(F.where(own, 0.0, F.softmax(pred, axis=axis)), axis=axis)


def softmax_focal(F: OpSet, pred: Tensor, label: Tensor, own: Tensor, *, gamma: float, axis: int) -> Tensor:
    """``-(1 - p_y)^gamma log p_y`` with p the softmax of `pred`, for classes y; `own` is 1 at y."""
    entropy = F.softmax_cross_entropy(pred, label, axis=axis)
    if not gamma:
        return entropy
    return focal_factor(F, other_classes(F, pred, own, axis=axis), gamma=gamma) * entropy


def poly1(F: OpSet, pred: Tensor, label: Tensor, own: Tensor, *, epsilon: float, axis: int) -> Tensor:
    """``-log p_y + epsilon (1 - p_y)`` with p the softmax of `pred`, for classes y; `own` is 1 at y."""
    return F.softmax_cross_entropy(pred, label, axis=axis) + epsilon * other_classes(F, pred, own, axis=axis)


def asymmetric(
    F: OpSet, pred: Tensor, label: Tensor, *, gamma_positive: float, gamma_negative: float, margin: float
) -> Tensor:
    """``-y (1 - p)^g+ log p - (1 - y) q^g- log(1 - q)`` of logits, elementwise, with p their logistic and ``q = max(p - margin, 0)``.

    With s the logistic, ``1 - p = s(-x)`` is exact, and ``1 - q = s(-x) + margin`` where p is above the margin, else 1.
    """
    (p, rest) = (F.sigmoid(pred), F.sigmoid(-pred))
    log_kept = -F.softrelu(pred) if not margin else F.log(F.where(p > margin, rest + margin, 1.0))
    positive = focal_factor(F, rest, gamma=gamma_positive) * F.softrelu(-pred)
    negative = focal_factor(F, F.relu(p - margin), gamma=gamma_negative) * log_kept
    return label * positive - (1.0 - label) * negative
