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
    (hit, false_positive, false_negative) = (F.sum(one, axis=axis) for one in _hits_and_errors(pred, label))
    return 1.0 - hit / (hit + alpha * false_positive + beta * false_negative + epsilon)


def _hits_and_errors(pred: Tensor, label: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each element what it adds to ``TP``, ``FP`` and ``FN``."""
    return label * pred, (1.0 - label) * pred, label * (1.0 - pred)


def quotient(F: OpSet, part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole``; 0 without a gradient where `whole` is 0."""
    none = F.broadcast_equal(whole, 0.0)
    return F.where(none, 0.0, part / F.where(none, 1.0, whole))


def share(F: OpSet, lost: Tensor, whole: Tensor, *, smooth: float) -> Tensor:
    """``lost / (whole + smooth)``, which is ``1 - (kept + smooth) / (whole + smooth)`` for ``kept = whole - lost`` without cancelling.

    0 without a gradient where it is 0 / 0.
    """
    return quotient(F, lost, whole + smooth)


def smoothed_dice(
    F: OpSet, pred: Tensor, label: Tensor, *, smooth: float, squared: bool, kept: tuple[int, ...]
) -> Tensor:
    """``1 - (2 sum(pt) + smooth) / (sum(p) + sum(t) + smooth)`` over all axes but those `kept`; `squared` adds up ``p^2`` and ``t^2``.

    What is lost is ``sum(p) + sum(t) - 2 sum(pt) = sum((1 - t) p + t (1 - p))``, and with squares ``sum((p - t)^2)``.
    """
    (lost, whole) = _dice_parts(F, pred, label, squared=squared, kept=kept)
    return share(F, lost, whole, smooth=smooth)


def _dice_parts(
    F: OpSet, pred: Tensor, label: Tensor, *, squared: bool, kept: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    if squared:
        parts = (F.squared_error(pred, label), F.square(pred) + F.square(label))
    else:
        (_, false_positive, false_negative) = _hits_and_errors(pred, label)
        parts = (false_positive + false_negative, pred + label)
    return F.sum(parts[0], axis=kept, exclude=True), F.sum(parts[1], axis=kept, exclude=True)


def generalized_dice(
    F: OpSet, pred: Tensor, label: Tensor, *, smooth: float, power: int, kept: tuple[int, ...]
) -> Tensor:
    """`smoothed_dice` whose sums run over the classes too, the last axis kept, each times ``sum(t)^-power``, a constant.

    A class that is absent has the largest of these weights; if all are, 1.
    """
    (lost, whole) = _dice_parts(F, pred, label, squared=False, kept=kept)
    volume = F.stop_gradient(F.sum(label, axis=kept, exclude=True))
    absent = F.broadcast_equal(volume, 0.0)
    weight = F.where(absent, 0.0, 1 / F.where(absent, 1.0, volume if power == 1 else F.square(volume)))
    largest = F.max(weight, axis=-1, keepdims=True)
    weight = F.where(absent, F.where(F.broadcast_equal(largest, 0.0), 1.0, largest), weight)
    return share(F, F.sum(weight * lost, axis=-1), F.sum(weight * whole, axis=-1), smooth=smooth)


def smoothed_tversky(
    F: OpSet, pred: Tensor, label: Tensor, *, alpha: float, beta: float, smooth: float, kept: tuple[int, ...]
) -> Tensor:
    """``1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth)`` over all axes but those `kept`."""
    (hit, false_positive, false_negative) = (
        F.sum(one, axis=kept, exclude=True) for one in _hits_and_errors(pred, label)
    )
    lost = alpha * false_positive + beta * false_negative
    return share(F, lost, hit + lost, smooth=smooth)
