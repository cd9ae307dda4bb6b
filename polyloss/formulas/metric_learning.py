"""Losses that bring vectors of one class together and hold those of different classes apart."""

from __future__ import annotations

from polyloss.formulas.embedding import circle_terms, direction
from polyloss.formulas.masked import (
    masked_count,
    masked_logsumexp,
    masked_max,
    masked_min,
    pairwise_distance,
    pairwise_squared_distance,
)
from polyloss.opset import OpSet, Tensor


def distance(F: OpSet, x: Tensor, y: Tensor, *, squared: bool) -> Tensor:
    """``|x - y|``, with gradient 0 where they are equal, or its square, over the last axis."""
    gap = x - y
    return F.sum(F.square(gap), axis=-1) if squared else F.norm(gap, axis=-1)


def excess(F: OpSet, near: Tensor, far: Tensor, *, margin: float | None) -> Tensor:
    """``max(0, near - far + margin)``, with gradient 0 on the margin; with a margin of None ``log(1 + e^(near - far))``."""
    return F.softrelu(near - far) if margin is None else F.relu(near - far + margin)


def triplet(
    F: OpSet,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float | None,
    squared: bool,
    swap: bool,
) -> Tensor:
    """The `excess` of the distance to the positive over that to the negative, for `swap` the nearer one, of anchor or positive."""
    far = distance(F, anchor, negative, squared=squared)
    if swap:
        other = distance(F, positive, negative, squared=squared)
        far = F.broadcast_minimum(far, other)
    return excess(F, distance(F, anchor, positive, squared=squared), far, margin=margin)


def quadruplet(
    F: OpSet,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    other: Tensor,
    *,
    margin: float,
    margin2: float,
    squared: bool,
) -> Tensor:
    """``max(0, d(a, p) - d(a, n) + margin) + max(0, d(a, p) - d(n, o) + margin2)``."""
    near = distance(F, anchor, positive, squared=squared)
    first = excess(F, near, distance(F, anchor, negative, squared=squared), margin=margin)
    return first + excess(F, near, distance(F, negative, other, squared=squared), margin=margin2)


def same_class(F: OpSet, label: Tensor, square: Tensor) -> Tensor:
    """1 where row and column have one label, else 0, in the shape (N, N) and the dtype of `square`; labels of any dtype."""
    equal = F.broadcast_equal(F.expand_dims(label, axis=1), F.expand_dims(label, axis=0))
    return F.where(equal, F.stop_gradient(F.ones_like(square)), 0.0)


def without_self(F: OpSet, mask: Tensor) -> Tensor:
    """A mask (N, N) with 0 on its diagonal."""
    return mask * (1.0 - F.eye_like(mask))


def batch_hard_triplet(
    F: OpSet, x: Tensor, label: Tensor, *, margin: float | None, squared: bool
) -> tuple[Tensor, Tensor]:
    """The `excess` of each row's farthest positive over its nearest negative, 0 without one of these; and 1 where it has both."""
    (_, _, near, far, both) = _hardest(F, x, label, squared=squared)
    return F.where(both, excess(F, near, far, margin=margin), 0.0), both


def batch_hard_quadruplet(
    F: OpSet, x: Tensor, label: Tensor, *, margin: float, margin2: float, squared: bool
) -> tuple[Tensor, Tensor]:
    """As `batch_hard_triplet`, plus the excess over the nearest two rows of two other classes, where there are two."""
    (distances, same, near, far, both) = _hardest(F, x, label, squared=squared)
    (apart, exist) = _nearest_others(F, distances, same)
    second = F.where(exist, excess(F, near, apart, margin=margin2), 0.0)
    return F.where(both, excess(F, near, far, margin=margin) + second, 0.0), both


def _hardest(F: OpSet, x: Tensor, label: Tensor, *, squared: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All distances, where classes are the same, and of each row its farthest positive, nearest negative, and whether it has both."""
    distances = (pairwise_squared_distance if squared else pairwise_distance)(F, x, x)
    same = same_class(F, label, distances)
    (positive, negative) = (without_self(F, same), 1.0 - same)
    near = masked_max(F, distances, positive, axis=1)
    far = masked_min(F, distances, negative, axis=1)
    (pulls, pushes) = (masked_count(F, distances, mask, axis=1) for mask in (positive, negative))
    return distances, same, near, far, F.broadcast_greater(pulls * pushes, 0.0)


def _nearest_others(F: OpSet, distances: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """For each row i ``min d(k, l)`` over rows of two different classes, neither its own, and 1 where there are such; both (N,).

    Let A and B be the classes of the nearest two rows of different classes. The answer is d(A, B) for all rows of other classes; it is the
    least without A for those of A, and the least without B for those of B. So three minima do, and no array of all triples.
    """
    (fixed, other) = (F.stop_gradient(distances), 1.0 - same)
    least = masked_min(F, fixed, other, keepdims=True)
    nearest = other * (1.0 - F.broadcast_greater(fixed, least))  # several pairs, at a tie: one of them is chosen
    place = F.arange_like(fixed, axis=0)
    rows = F.sum(nearest, axis=1)
    row = F.expand_dims(F.broadcast_equal(place, masked_max(F, place, rows > 0, keepdims=True)), axis=1)
    columns = F.sum(F.broadcast_mul(nearest, row), axis=0)
    column = F.expand_dims(F.broadcast_equal(place, masked_max(F, place, columns > 0, keepdims=True)), axis=1)
    (in_a, in_b) = (F.sum(F.broadcast_mul(same, one), axis=0) for one in (row, column))

    def pairs(ends: Tensor, others: Tensor) -> Tensor:
        return other * F.broadcast_mul(F.expand_dims(ends, axis=1), F.expand_dims(others, axis=0))

    masks = [pairs(in_a, in_b) + pairs(in_b, in_a), pairs(1.0 - in_a, 1.0 - in_a), pairs(1.0 - in_b, 1.0 - in_b)]
    (of_rest, of_a, of_b) = (F.reshape(masked_min(F, distances, mask, keepdims=True), (-1,)) for mask in masks)
    counts = (F.reshape(masked_count(F, distances, mask, keepdims=True), (-1,)) for mask in masks)
    (any_rest, any_a, any_b) = (F.broadcast_greater(count, 0.0) for count in counts)
    exist = F.where(in_a, any_a, F.where(in_b, any_b, any_rest))
    return F.where(in_a, of_a, F.where(in_b, of_b, of_rest)), exist


def contrastive(F: OpSet, x1: Tensor, x2: Tensor, alike: Tensor, *, margin: float) -> Tensor:
    """``D^2`` where the condition `alike` holds, else ``max(0, margin - D)^2``, with ``D = |x1 - x2|`` over the last axis."""
    push = F.square(F.relu(margin - distance(F, x1, x2, squared=False)))
    return F.where(alike, distance(F, x1, x2, squared=True), push)


def cosine_pairs(F: OpSet, x1: Tensor, x2: Tensor, alike: Tensor, *, margin: float) -> Tensor:
    """``1 - cos`` where the condition `alike` holds, else ``max(0, cos - margin)``, over the last axis; 0 is the zero vector's cosine."""
    cos = F.sum(direction(F, x1) * direction(F, x2), axis=-1)
    return F.where(alike, 1.0 - cos, F.relu(cos - margin))


def verification(F: OpSet, x1: Tensor, x2: Tensor, same: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The binary cross entropy of `same` and the logit ``weight.(x1 - x2)^2 + bias``; `weight` is (1, D), `bias` (1,)."""
    logit = F.sum(F.broadcast_mul(F.square(x1 - x2), weight), axis=1)
    return F.sigmoid_cross_entropy(logit if bias is None else F.broadcast_add(logit, bias), same)


def circle_by_anchor(
    F: OpSet, x: Tensor, label: Tensor, *, gamma: float, margin: float, fixed_weights: bool
) -> tuple[Tensor, Tensor]:
    """``log(1 + sum_n e^(g a_n (s_n - m)) sum_p e^(-g a_p (s_p - 1 + m)))`` per row of unit vectors, and 1 where it has both kinds."""
    (near, far) = circle_terms(F, x, x, gamma=gamma, margin=margin, fixed_weights=fixed_weights)
    same = same_class(F, label, near)
    (positive, negative) = (without_self(F, same), 1.0 - same)
    (pull, push) = (masked_logsumexp(F, part, mask, axis=1) for part, mask in ((near, positive), (far, negative)))
    (pulls, pushes) = (masked_count(F, near, mask, axis=1) for mask in (positive, negative))
    return F.softrelu(pull + push), F.broadcast_greater(pulls * pushes, 0.0)


def circle_of_batch(F: OpSet, x: Tensor, label: Tensor, *, gamma: float, margin: float, fixed_weights: bool) -> Tensor:
    """As `circle_by_anchor`, with both sums over all pairs ``i < j`` of the batch: one number, 0 without positives or negatives."""
    (near, far) = circle_terms(F, x, x, gamma=gamma, margin=margin, fixed_weights=fixed_weights)
    same = same_class(F, label, near)
    place = F.arange_like(near, axis=0)
    later = F.broadcast_greater(F.expand_dims(place, axis=0), F.expand_dims(place, axis=1))
    (pull, push) = (
        masked_logsumexp(F, part, mask) for part, mask in ((near, same * later), (far, (1.0 - same) * later))
    )
    return F.softrelu(pull + push)
