"""Distances of point sets, and of a template from an edge image."""

from __future__ import annotations

from polyloss.formulas.masked import masked_mean, masked_min, pairwise_distance, pairwise_squared_distance
from polyloss.opset import OpSet, Tensor


def chamfer(
    F: OpSet, x: Tensor, y: Tensor, in_x: Tensor, in_y: Tensor, *, squared: bool, points: str, direction: str
) -> Tensor:
    """``sum_i min_j |x_i - y_j|^2 + sum_j min_i |x_i - y_j|^2`` of sets (B, N, D) and (B, M, D), shape (B,).

    Of the points that the masks (B, N) and (B, M) mark; a set without points has distance 0. Options: distances not squared, means
    (`points`), one direction.
    """
    (x, y) = (F.where(F.expand_dims(mask, axis=2), one, 0.0) for one, mask in ((x, in_x), (y, in_y)))
    gaps = pairwise_squared_distance(F, x, y) if squared else pairwise_distance(F, x, y)
    total = None
    for name, mask, other, axis in (("x", in_x, in_y, 2), ("y", in_y, in_x, 1)):
        if direction in ("both", name):
            nearest = masked_min(F, gaps, F.expand_dims(other, axis=3 - axis), axis=axis)
            if points == "mean":
                part = masked_mean(F, nearest, mask, axis=1)
            else:
                part = F.sum(F.where(mask, nearest, 0.0), axis=1)
            total = part if total is None else total + part
    return total


def distance_transform(F: OpSet, marked: Tensor, *, metric: str) -> Tensor:
    """The distance of every pixel from the nearest one marked 1 in maps (B, H, W) of 0 and 1; infinite where none is. No gradient.

    Along the rows first, ``g = min_x' |x - x'|``, and from there across: ``min_y'`` of ``sqrt((y - y')^2 + g^2)``, ``|y - y'| + g`` or
    ``max(|y - y'|, g)``, which is exact, and takes H + W places for a pixel in place of H W.
    """
    marked = F.stop_gradient(marked)
    (rows, columns) = (F.arange_like(marked, axis=axis) for axis in (1, 2))
    across, along = (
        F.expand_dims(F.expand_dims(F.abs(F.broadcast_sub(F.expand_dims(p, axis=1), F.expand_dims(p, axis=0))), 0), 0)
        for p in (rows, columns)
    )
    near = F.min(F.where(F.expand_dims(marked, axis=2) > 0, along, float("inf")), axis=3)
    near = F.expand_dims(F.swapaxes(near, 1, 2), axis=2)
    if metric == "euclidean":
        found = F.sqrt(F.min(F.broadcast_add(F.square(near), F.square(across)), axis=3))
    elif metric == "cityblock":
        found = F.min(F.broadcast_add(near, across), axis=3)
    else:
        found = F.min(F.broadcast_maximum(near, across), axis=3)
    return F.swapaxes(found, 1, 2)


def chamfer_template(F: OpSet, template: Tensor, marked: Tensor, *, metric: str) -> Tensor:
    """``sum_p t_p d(p) / sum_p t_p`` of weights and maps (B, H, W), with `distance_transform` d; shape (B,).

    An empty template has distance 0; any other from an empty map an infinite one, with gradient 0.
    """
    distance = distance_transform(F, marked, metric=metric)
    reached = distance < float("inf")
    total = F.sum(template, axis=(1, 2))
    weighted = F.sum(template * F.where(reached, distance, 0.0), axis=(1, 2))
    score = F.where(total > 0, weighted / F.where(total > 0, total, 1.0), 0.0)
    lost = F.sum(F.where(reached, 0.0, F.stop_gradient(template)), axis=(1, 2)) > 0
    return F.where(lost, float("inf"), score)
