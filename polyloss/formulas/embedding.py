"""Losses on vectors that are compared with one another."""

from __future__ import annotations

import math

from polyloss.formulas.classification import kl_divergence
from polyloss.opset import LOG_ZERO, Axis, OpSet, Tensor

_PART = 2.0**-32
"""Of numbers: so much of each, that their sum is finite."""


def cosine_similarity(F: OpSet, x: Tensor, y: Tensor, *, epsilon: float) -> Tensor:
    """``x.y / max(|x| |y|, epsilon)`` over the last axis; of the rank of `x` less one."""
    norms = F.norm(x, axis=-1) * F.norm(y, axis=-1)
    floor = F.zeros_like(norms) + epsilon
    return F.sum(x * y, axis=-1) / F.broadcast_maximum(norms, floor)


def cosine_embedding(
    F: OpSet, input1: Tensor, input2: Tensor, label: Tensor, *, margin: float, epsilon: float
) -> Tensor:
    """``1 - cos`` for label 1, ``max(0, cos - margin)`` for label -1, and 0 for any other; a column (rows, 1)."""
    cos = F.reshape(cosine_similarity(F, input1, input2, epsilon=epsilon), (-1, 1))
    return _by_label(F, F.reshape(label, (-1, 1)), 1 - cos, F.relu(cos - margin))


def _by_label(F: OpSet, label: Tensor, alike: Tensor, unlike: Tensor) -> Tensor:
    """`alike` for label 1, `unlike` for label -1, and 0 for any other."""
    same = F.where(F.broadcast_equal(label, 1.0), alike, 0.0)
    return same + F.where(F.broadcast_equal(label, -1.0), unlike, 0.0)


def smoothed_cosine_similarity(F: OpSet, x: Tensor, y: Tensor, *, epsilon: float) -> Tensor:
    """``x.y / sqrt((|x|^2 + epsilon) (|y|^2 + epsilon))`` over the last axis; the two broadcast.

    The product is multiplied by the inverse of one root after the other: the product of the squares would overflow, and that of two roots
    when it is squared in a gradient.
    """
    cosine = F.sum(F.broadcast_mul(x, y), axis=-1)
    for v in (x, y):
        cosine = F.broadcast_mul(cosine, F.rsqrt(F.sum(F.square(v), axis=-1) + epsilon))
    return cosine


def cosine_distance(F: OpSet, cos: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """``1 - cos`` for label 1, ``max(0, cos - margin)`` for label -1, and 0 for any other; slope 1 on the margin."""
    return _by_label(F, label, 1 - cos, F.clip(cos - margin, 0.0, float("inf")))


def cosine_of_rows(F: OpSet, x: Tensor, y: Tensor, label: Tensor, *, margin: float, epsilon: float) -> Tensor:
    """`cosine_distance` of each row's `smoothed_cosine_similarity`; `label` has any dtype."""
    cosine = smoothed_cosine_similarity(F, x, y, epsilon=epsilon)
    return cosine_distance(F, cosine, F.cast_like(label, cosine), margin=margin)


def triplet(F: OpSet, pred: Tensor, positive: Tensor, negative: Tensor, *, margin: float, batch_axis: int) -> Tensor:
    """``max(0, |positive - pred|^2 - |negative - pred|^2 + margin)`` per sample, squared norms over all axes but `batch_axis`."""
    difference = F.squared_error(positive, pred) - F.squared_error(negative, pred)
    return F.relu(F.sum(difference, axis=batch_axis, exclude=True) + margin)


def smoothed_deep_metric(F: OpSet, x1: Tensor, x2: Tensor, *, smoothing: float, epsilon: float) -> Tensor:
    """Each row i of `x1` against all of `x2`: ``sum_j q_ij (log(q_ij + epsilon) - log p_ij)`` with ``p = softmax(-|x1_i - x2_j|^2)``.

    ``q_ij`` is ``1 - smoothing`` for the pair itself; the rest is shared equally by the others, of which a batch of one has none.
    """
    gaps = F.broadcast_sub(F.expand_dims(x1, axis=1), F.expand_dims(x2, axis=0))
    distances = F.sum(F.square(gaps), axis=2)
    same = F.eye_like(distances)
    others = F.sum(1 - same, axis=1, keepdims=True)
    share = smoothing / F.broadcast_maximum(others, F.ones_like(others))
    target = same * (1 - smoothing) + F.broadcast_mul(1 - same, share)
    log_p = F.log_softmax(-distances, axis=1)
    return F.sum(kl_divergence(F, log_p, target, epsilon=epsilon), axis=1)


def hinge_embedding(F: OpSet, distance: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """`distance` for label 1, ``max(0, margin - distance)`` for label -1, and both added up for any other; slope -1 on the margin."""
    apart = F.where(F.broadcast_equal(label, 1.0), 0.0, F.clip(margin - distance, 0.0, float("inf")))
    return apart + F.where(F.broadcast_equal(label, -1.0), 0.0, distance)


def margin_ranking(F: OpSet, input1: Tensor, input2: Tensor, label: Tensor, *, margin: float) -> Tensor:
    """``max(0, margin - label (input1 - input2))``; on the margin the gradient is that of the inner term."""
    return F.clip(margin - label * (input1 - input2), 0.0, float("inf"))


def vector_norm(F: OpSet, x: Tensor, *, p: float) -> Tensor:
    """``(sum_i |x_i|^p)^(1/p)`` over the last axis for any real p; its limits, the number of elements that are not 0 for p = 0.

    The gradient of the zero vector, of an element that is 0, and for p = 0, is 0; for infinite p the largest (smallest) share it.
    """
    size = F.abs(x)
    if p == 0:
        return F.sum(F.sign(size), axis=-1)
    if p == 1:
        return F.sum(size, axis=-1)
    if p == 2:
        return F.norm(x, axis=-1)
    if abs(p) == math.inf:
        return F.max(size, axis=-1) if p > 0 else F.min(size, axis=-1)
    zero = F.broadcast_equal(size, 0.0)
    if p > 0:
        return _power_norm(F, size, zero, p)
    # |x|_p = 1 / |1 / x|_(-p), which is 0 as soon as one element is.
    inverse = 1 / F.where(zero, 1.0, size)
    return F.where(F.max(zero, axis=-1), 0.0, 1 / _power_norm(F, inverse, F.zeros_like(zero), -p))


def _power_norm(F: OpSet, size: Tensor, zero: Tensor, p: float) -> Tensor:
    """`vector_norm` of absolute values for p above 0, finite; `zero` is 1 where they are 0.

    With the largest element m, ``|x|_p = m |x / m|_p``: no power overflows or vanishes. m may be any constant, so it has no gradient.
    """
    top = F.stop_gradient(F.max(size, axis=-1, keepdims=True))
    none = F.broadcast_equal(top, 0.0)
    top = F.where(F.broadcast_equal(top - top, 0.0), F.where(none, 1.0, top), 1.0)  # infinity would give NaN
    powers = F.power(F.broadcast_div(F.where(zero, 1.0, size), F.where(zero, 1.0, top)), p)
    total = F.sum(F.where(zero, 0.0, powers), axis=-1, keepdims=True)
    root = F.broadcast_mul(F.power(F.where(none, 1.0, total), 1 / p), top)
    return F.sum(F.where(none, 0.0, root), axis=-1)


def triplet_margin(F: OpSet, near: Tensor, far: Tensor, swapped: Tensor | None = None, *, margin: float) -> Tensor:
    """``max(0, margin + near - far)`` of the distances from the anchor to its positive and its negative; slope 1 on the edge.

    `swapped`, from the positive to the negative, takes the place of `far` where it is less; at a tie the two share the gradient.
    """
    if swapped is not None:
        far = 0.5 * F.broadcast_minimum(far, swapped) + 0.5 * F.broadcast_minimum(swapped, far)
    return F.clip(margin + near - far, 0.0, float("inf"))


def unit_vector(F: OpSet, x: Tensor, *, axis: Axis, epsilon: float) -> Tensor:
    """``x / max(|x|, epsilon)`` along `axis`."""
    (scaled, norm) = _scaled(F, x, axis=axis, epsilon=epsilon)
    return F.broadcast_div(scaled, norm)


def _scaled(F: OpSet, x: Tensor, *, axis: Axis, epsilon: float) -> tuple[Tensor, Tensor]:
    """``x / s``, and ``max(|x / s|, epsilon / s)``, with a constant s for each vector along `axis`, so that squares stay finite.

    That is the mean of ``|x_i|``, at least 1, which is quicker to find than the largest.
    """
    part = F.abs(F.stop_gradient(x)) * _PART
    scale = F.clip(F.mean(part, axis=axis, keepdims=True) * (1 / _PART), 1.0, float("inf"))
    scaled = F.broadcast_div(x, scale)
    return scaled, F.broadcast_maximum(F.norm(scaled, axis=axis, keepdims=True), epsilon / scale)


def direction(F: OpSet, x: Tensor, *, axis: int = -1) -> Tensor:
    """``x / |x|`` along `axis`; the zero vector stays as it is, with gradient 0.

    ``x / |x| = (x / s) / |x / s|`` with the largest ``|x_i|``, a constant, for s: no square overflows or vanishes.
    """
    top = F.max(F.abs(F.stop_gradient(x)), axis=axis, keepdims=True)
    zero = F.broadcast_equal(top, 0.0)
    scaled = F.where(zero, 0.0, F.broadcast_div(x, F.where(zero, 1.0, top)))
    return F.broadcast_div(scaled, F.where(zero, 1.0, F.norm(scaled, axis=axis, keepdims=True)))


def unit_dot(F: OpSet, x: Tensor, y: Tensor, *, axis: Axis, epsilon: float) -> Tensor:
    """The product of two vectors along `axis`, each divided by its norm, at least `epsilon`; 0 for a zero vector."""
    ((one, size), (other, length)) = (_scaled(F, each, axis=axis, epsilon=epsilon) for each in (x, y))
    product = F.sum(one * other, axis=axis, keepdims=True)
    return F.sum(product / size / length, axis=axis)


def circle(
    F: OpSet,
    x: Tensor,
    reference: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    gamma: float,
    margin: float,
    fixed_weights: bool,
) -> Tensor:
    """``log(1 + sum_p e^(g a_p (d_p - m)) sum_n e^(g a_n (1 - m - d_n)))`` per row of `x`; 0 for a row without positives or negatives.

    ``d = max(0, 1 - x.reference)``, over the pairs marked 1 in `positive` and in `negative`; the weights ``a_p = m + d_p`` and
    ``a_n = max(0, 1 + m - d_n)`` are constants for the gradient if `fixed_weights`.
    """
    (near, far) = circle_terms(F, x, reference, gamma=gamma, margin=margin, fixed_weights=fixed_weights)
    (pull, push) = (
        F.logsumexp(F.where(mask, part, LOG_ZERO), axis=1) for mask, part in ((positive, near), (negative, far))
    )
    return F.softrelu(pull + push)


def circle_terms(
    F: OpSet, x: Tensor, reference: Tensor, *, gamma: float, margin: float, fixed_weights: bool
) -> tuple[Tensor, Tensor]:
    """The exponents of `circle` for every row of `x` and of `reference`, as if all were positives, and as if all were negatives."""
    distance = F.clip(1.0 - F.dot(x, reference, transpose_b=True), 0.0, float("inf"))
    weighing = F.stop_gradient(distance) if fixed_weights else distance
    near = gamma * F.clip(margin + weighing, 0.0, float("inf")) * (distance - margin)
    far = gamma * F.clip(1.0 + margin - weighing, 0.0, float("inf")) * (1.0 - margin - distance)
    return near, far
