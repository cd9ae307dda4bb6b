"""Losses that pick a vector's partner out of a batch, and that rank the scores of a batch."""

from __future__ import annotations

from polyloss.formulas.embedding import direction
from polyloss.formulas.masked import masked_logsumexp, masked_mean, masked_softmax
from polyloss.formulas.metric_learning import same_class, without_self
from polyloss.opset import OpSet, Tensor


def similarities(F: OpSet, x: Tensor, y: Tensor, *, temperature: float) -> Tensor:
    """``cos(x_i, y_j) / temperature`` of all pairs: (N, D) and (M, D) give (N, M)."""
    return F.dot(direction(F, x), direction(F, y), transpose_b=True) / temperature


def info_nce(F: OpSet, query: Tensor, key: Tensor, *, temperature: float) -> Tensor:
    """``-log softmax_j(cos(q_i, k_j) / temperature)`` at ``j = i``, per row of `query`."""
    return _at_own_place(F, similarities(F, query, key, temperature=temperature), axis=1)


def _at_own_place(F: OpSet, logits: Tensor, *, axis: int) -> Tensor:
    """The cross entropy of place i along `axis`, for each i; of no candidates there is none."""
    if 0 in (F.shape(logits) or ()):
        return F.sum(logits, axis=axis)
    return F.softmax_cross_entropy(logits, F.arange_like(logits, axis=1 - axis), axis=axis)


def clip(F: OpSet, x: Tensor, y: Tensor, *, temperature: float) -> Tensor:
    """Half of `info_nce` of x among all y, plus half of that of y among all x, per pair."""
    logits = similarities(F, x, y, temperature=temperature)
    return 0.5 * (_at_own_place(F, logits, axis=1) + _at_own_place(F, logits, axis=0))


def nt_xent(F: OpSet, x: Tensor, y: Tensor, *, temperature: float) -> Tensor:
    """``-log softmax_j(cos(z_i, z_j) / temperature)`` at the partner of i, over all other rows of ``z = (x, y)``; first those of x."""
    views = F.concat(x, y, dim=0)
    logits = similarities(F, views, views, temperature=temperature)
    others = without_self(F, F.stop_gradient(F.ones_like(logits)))
    partner = F.sum(direction(F, x) * direction(F, y), axis=1) / temperature
    return masked_logsumexp(F, logits, others, axis=1) - F.concat(partner, partner, dim=0)


def sup_con(F: OpSet, x: Tensor, label: Tensor, *, temperature: float) -> tuple[Tensor, Tensor]:
    """``-mean_p log softmax_j(cos(x_i, x_j) / temperature)_p`` over the others p of the row's label, j over all others; 0 without p.

    The second result is 1 where there is a p.
    """
    logits = similarities(F, x, x, temperature=temperature)
    others = without_self(F, F.stop_gradient(F.ones_like(logits)))
    positive = without_self(F, same_class(F, label, logits))
    total = masked_logsumexp(F, logits, others, axis=1, keepdims=True)
    return masked_mean(F, F.broadcast_sub(total, logits), positive, axis=1), F.broadcast_greater(
        F.sum(positive, axis=1), 0.0
    )


def distributional_ranking(
    F: OpSet,
    logits: Tensor,
    target: Tensor,
    *,
    margin: float,
    smoothness: float,
    weight: float,
    positive_temperature: float,
    negative_temperature: float,
) -> Tensor:
    """``w / L log(1 + e^(L (P_neg - P_pos + margin)))`` of the expected probabilities of negatives and of positives; one number.

    Of row n the score of class `target`, counted from 1, is positive, all other scores negative, for 0 all are; a row with a target
    below 0 does not count. ``P = sum_i q_i p_i`` with ``q = softmax(p / t_neg)`` for negatives, 0 if there are none, and
    ``q = softmax(-p / t_pos)`` for positives, 1 if there are none.
    """
    target = F.cast(F.expand_dims(target, axis=1), "float32")
    counted = F.broadcast_greater(target, -0.5)
    p = F.sigmoid(F.where(counted, logits, 0.0))
    number = F.expand_dims(F.cast(F.arange_like(logits, axis=1), "float32") + 1.0, axis=0)
    ones = F.stop_gradient(F.ones_like(p))
    positive = F.where(F.broadcast_equal(target, number), ones, 0.0)
    negative = F.where(counted, ones - positive, 0.0)
    (p, positive, negative) = (F.reshape(each, (-1,)) for each in (p, positive, negative))
    of_negatives = F.sum(masked_softmax(F, p / negative_temperature, negative, axis=0) * p)
    of_positives = F.sum(masked_softmax(F, p / -positive_temperature, positive, axis=0) * p)
    of_positives = F.where(F.sum(positive) > 0, of_positives, 1.0)
    return (weight / smoothness) * F.softrelu(smoothness * (of_negatives - of_positives + margin))
