"""Hinge losses of class scores: what the scores of right classes lack to exceeding those of the others by a margin."""

from __future__ import annotations

from polyloss.opset import LOG_ZERO, OpSet, Tensor

_BEYOND = 1e9  # above any column, and a float32


def multi_margin(F: OpSet, pred: Tensor, label: Tensor, *, p: float, margin: float) -> Tensor:
    """``sum_(i != y) max(0, margin - x_y + x_i)^p / C`` along the last axis of C scores, for p 1 or 2; NaN where y is no class.

    `label` y has the shape of `pred` without that axis. Where a score is just the margin behind, the gradient is 0.
    """
    own = F.broadcast_equal(F.expand_dims(F.cast_like(label, pred), axis=-1), F.arange_like(pred, axis=-1))
    lack = F.relu(F.broadcast_add(margin - F.pick(pred, label, axis=-1, keepdims=True), pred))
    loss = F.mean(F.where(own, 0.0, lack if p == 1 else F.square(lack)), axis=-1)
    return F.where(F.sum(own, axis=-1), loss, float("nan"))


def multilabel_margin(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``sum_j sum_(i not in y) max(0, 1 - x_(y_j) + x_i) / C`` along the last axis of C scores, for the y_j ahead of the first -1.

    `label` y has the shape of `pred`; a class that it names twice counts twice. NaN where an entry is neither -1 nor a class.
    """
    (column, number) = (F.arange_like(pred, axis=-1), F.cast_like(label, pred))
    end = F.min(F.where(number < 0, column, _BEYOND), axis=-1, keepdims=True)
    counts = F.broadcast_greater(end, column)
    named = F.expand_dims(F.where(counts, number, -1.0), axis=-1)
    right = F.max(F.broadcast_equal(named, column), axis=-2, keepdims=True)  # (..., 1, classes)
    own = F.expand_dims(F.gather_along(pred, label, axis=-1), axis=-1)  # (..., labels, 1)
    lack = F.relu(F.broadcast_add(1 - own, F.expand_dims(pred, axis=-2)))
    pairs = F.broadcast_greater(F.expand_dims(counts, axis=-1), right)
    loss = F.sum(F.mean(F.where(pairs, lack, 0.0), axis=-1), axis=-1)
    outside = F.broadcast_greater(-F.min(number, axis=-1), 1.0) + F.broadcast_greater(
        F.max(number, axis=-1), F.max(column)
    )
    return F.where(outside, float("nan"), loss)


def best_other(F: OpSet, pred: Tensor, label: Tensor, own: Tensor, *, margin: float, axis: int) -> Tensor:
    """``max(0, margin + max_(j != y) x_j - x_y)`` along `axis`, for classes y; `own` is 1 at y. 0 where there is no other class.

    The best of the others share the gradient equally; on the margin it is 0.
    """
    rival = F.max(F.where(own, LOG_ZERO, pred), axis=axis)
    return F.relu(rival - F.pick(pred, label, axis=axis) + margin)
