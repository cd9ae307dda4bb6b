"""Losses on the overlap of boxes. A `Box` is its corners, each of the shape of the loss."""

from __future__ import annotations

import math

from polyloss.formulas.region import quotient
from polyloss.opset import OpSet, Tensor

Box = tuple[Tensor, Tensor, Tensor, Tensor]
"""``x1, y1, x2, y2``; where ``x1 > x2`` or ``y1 > y2`` it is turned inside out, and has no area."""


def corners(F: OpSet, boxes: Tensor, *, form: str) -> Box:
    """The box in the last axis: `xyxy` its corners, `cxcywh` centre and size, `ltrb` distances from a point to left, top, right, bottom."""
    (a, b, c, d) = (F.sum(F.slice_axis(boxes, axis=-1, begin=i, end=i + 1), axis=-1) for i in range(4))
    if form == "ltrb":
        (a, b) = (-a, -b)
    if form == "cxcywh":
        (a, b, c, d) = (a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d)
    return a, b, c, d


def _larger(F: OpSet, one: Tensor, other: Tensor) -> Tensor:
    """The larger of two, which share the gradient where they are equal: a box that is just right has none."""
    return F.max(F.stack(one, other), axis=0)


def _smaller(F: OpSet, one: Tensor, other: Tensor) -> Tensor:
    return F.min(F.stack(one, other), axis=0)


def _sides(F: OpSet, box: Box) -> tuple[Tensor, Tensor]:
    """Width and height, at least 0."""
    return F.relu(box[2] - box[0]), F.relu(box[3] - box[1])


def _area(F: OpSet, box: Box) -> Tensor:
    (width, height) = _sides(F, box)
    return width * height


def overlap(F: OpSet, pred: Box, target: Box) -> tuple[Tensor, Tensor]:
    """The areas of intersection and union."""
    common = _area(
        F,
        (
            _larger(F, pred[0], target[0]),
            _larger(F, pred[1], target[1]),
            _smaller(F, pred[2], target[2]),
            _smaller(F, pred[3], target[3]),
        ),
    )
    return common, _area(F, pred) + _area(F, target) - common


def iou(F: OpSet, pred: Box, target: Box, *, smooth: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    """``(I + a) / (U + b)`` of intersection and union, for a and b in `smooth`; 0 where the union is 0."""
    (common, union) = overlap(F, pred, target)
    return quotient(F, common + smooth[0], union + smooth[1])


def log_iou(F: OpSet, pred: Box, target: Box, *, smooth: tuple[float, float], epsilon: float) -> Tensor:
    """``-log((I + a) / (U + b))`` for a and b in `smooth`; what is below `epsilon` counts as that, above the line and below it."""
    (common, union) = (
        F.clip(area + extra, epsilon, float("inf"))
        for area, extra in zip(overlap(F, pred, target), smooth, strict=True)
    )
    return -F.log(common / union)


def _hull(F: OpSet, pred: Box, target: Box) -> Box:
    """The smallest box around both."""
    return (
        _smaller(F, pred[0], target[0]),
        _smaller(F, pred[1], target[1]),
        _larger(F, pred[2], target[2]),
        _larger(F, pred[3], target[3]),
    )


def giou(F: OpSet, pred: Box, target: Box) -> Tensor:
    """``IoU - (C - U) / C`` with the area C of the smallest box around both."""
    (common, union) = overlap(F, pred, target)
    around = _area(F, _hull(F, pred, target))
    return quotient(F, common, union) - quotient(F, around - union, around)


def diou(F: OpSet, pred: Box, target: Box) -> Tensor:
    """``IoU - d^2 / c^2`` with the distance d of the centres, and the diagonal c of the smallest box around both."""
    (width, height) = _sides(F, _hull(F, pred, target))
    (x, y) = (0.5 * ((pred[i] - target[i]) + (pred[i + 2] - target[i + 2])) for i in (0, 1))
    away = quotient(F, F.square(x) + F.square(y), F.square(width) + F.square(height))
    return iou(F, pred, target) - away


def ciou(F: OpSet, pred: Box, target: Box) -> Tensor:
    """``DIoU - a v`` with ``v = (4 / pi^2) (arctan(w_t / h_t) - arctan(w_p / h_p))^2`` and the constant ``a = v / (1 - IoU + v)``.

    v is 0 where one of the boxes has no area.
    """
    sizes = [_sides(F, box) for box in (pred, target)]
    # of constants: a minimum of a stack that no gradient comes back to ends the process on MXNet 1.9.1's NumPy arrays
    flat = F.broadcast_equal(F.min(F.stop_gradient(F.stack(*sizes[0], *sizes[1])), axis=0), 0.0)
    (shape, wanted) = (F.arctan(F.where(flat, 1.0, w) / F.where(flat, 1.0, h)) for w, h in sizes)
    v = 4 / math.pi**2 * F.square(wanted - shape)
    weight = F.stop_gradient(quotient(F, v, 1 - iou(F, pred, target) + v))
    return diou(F, pred, target) - weight * v
