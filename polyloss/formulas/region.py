"""Losses on the overlap of regions: the sums run over the axes of a region."""

from __future__ import annotations

from polyloss.opset import Axis, OpSet, Tensor


def dice(F: OpSet, pred: Tensor, label: Tensor, *, axis: Axis, epsilon: float) -> Tensor:
    """``1 - 2 sum(label pred) / (sum(label) + sum(pred) + epsilon)``."""
    sizes = F.sum(label, axis=axis) + F.sum(pred, axis=axis) + epsilon
    return 1.0 - 2.0 * F.sum(label * pred, axis=axis) / sizes


def tversky(F: OpSet, pred: Tensor, label: Tensor, *, alpha: float, beta: float, axis: Axis, epsilon: float) -> Tensor:
    """``1 - TP / (TP + alpha FP + beta FN + epsilon)``.

    ``TP = sum(label pred)``, ``FP = sum((1 - label) pred)``, ``FN = sum(label (1 - pred))``.
    """
    hit = F.sum(label * pred, axis=axis)
    false_positive = F.sum((1.0 - label) * pred, axis=axis)
    false_negative = F.sum(label * (1.0 - pred), axis=axis)
    return 1.0 - hit / (hit + alpha * false_positive + beta * false_negative + epsilon)
