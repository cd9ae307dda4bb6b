"""What losses over pairs and subsets share: distances of all pairs, and reductions over the elements that a mask marks.

A mask is a condition as `OpSet.where` takes it (boolean, or 0 and 1), which broadcasts to the data. An element that is not marked counts
for nothing, whatever it holds, NaN included, and has gradient 0. A row without any marked element has a value of its own, stated below,
and gradient 0; so has one of size 0. The masks, not the sizes, say what there is: nothing here has a shape that depends on values.
"""

from __future__ import annotations

from polyloss.opset import LOG_ZERO, Axis, OpSet, Tensor, reduced_axes


def pairwise_squared_distance(F: OpSet, x: Tensor, y: Tensor, *, expanded: bool = False) -> Tensor:
    """``|x_i - y_j|^2`` of all pairs: (..., N, D) and (..., M, D) give (..., N, M).

    By differences, which keep all digits of near points, and take N M D places. With `expanded`, for matrices only, by
    ``|x|^2 + |y|^2 - 2 x.y``, which takes N M places and loses the digits of near points; where it falls below 0, it is 0 with gradient 0.
    """
    if not expanded:
        return F.sum(F.square(_gaps(F, x, y)), axis=-1)
    (of_x, of_y) = (F.sum(F.square(each), axis=-1, keepdims=True) for each in (x, y))
    squares = F.broadcast_add(of_x, F.swapaxes(of_y, 0, 1))
    return F.relu(squares - 2.0 * F.dot(x, y, transpose_b=True))


def pairwise_distance(F: OpSet, x: Tensor, y: Tensor) -> Tensor:
    """``|x_i - y_j|`` of all pairs, by differences: (..., N, D) and (..., M, D) give (..., N, M); gradient 0 where the two are equal."""
    return F.norm(_gaps(F, x, y), axis=-1)


def _gaps(F: OpSet, x: Tensor, y: Tensor) -> Tensor:
    return F.broadcast_sub(F.expand_dims(x, axis=-2), F.expand_dims(y, axis=-3))


def masked_count(F: OpSet, data: Tensor, mask: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements of `data` are marked, in its dtype, without gradient."""
    return F.sum(F.where(mask, F.stop_gradient(F.ones_like(data)), 0.0), axis=axis, keepdims=keepdims)


def masked_mean(F: OpSet, data: Tensor, mask: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean of the marked elements; 0 where there are none."""
    total = F.sum(F.where(mask, data, 0.0), axis=axis, keepdims=keepdims)
    count = masked_count(F, data, mask, axis, keepdims)
    return total / F.where(count > 0, count, 1.0)


def masked_max(
    F: OpSet, data: Tensor, mask: Tensor, axis: Axis = None, keepdims: bool = False, empty: float = 0.0
) -> Tensor:
    """The largest marked element, `empty` where there is none; ties share the gradient."""
    if _nothing(F, data, axis):
        return F.sum(data, axis=axis, keepdims=keepdims) + empty
    top = F.max(F.where(mask, data, -float("inf")), axis=axis, keepdims=keepdims)
    return F.where(masked_count(F, data, mask, axis, keepdims) > 0, top, empty)


def masked_min(
    F: OpSet, data: Tensor, mask: Tensor, axis: Axis = None, keepdims: bool = False, empty: float = 0.0
) -> Tensor:
    """The smallest marked element, `empty` where there is none; ties share the gradient."""
    return -masked_max(F, -data, mask, axis, keepdims, empty=-empty)


def masked_logsumexp(F: OpSet, data: Tensor, mask: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """``log sum e^x`` over the marked elements; where there are none `LOG_ZERO`, a finite number in place of ``log 0``."""
    if _nothing(F, data, axis):
        return F.sum(data, axis=axis, keepdims=keepdims) + LOG_ZERO
    total = F.logsumexp(F.where(mask, data, LOG_ZERO), axis=axis, keepdims=keepdims)
    return F.where(masked_count(F, data, mask, axis, keepdims) > 0, total, LOG_ZERO)


def masked_softmax(F: OpSet, data: Tensor, mask: Tensor, axis: int = -1) -> Tensor:
    """``e^x_i / sum_j e^x_j`` over the marked elements along an axis, 0 at all others."""
    if _nothing(F, data, axis):
        return data
    return F.where(mask, F.softmax(F.where(mask, data, LOG_ZERO), axis=axis), 0.0)


def _nothing(F: OpSet, data: Tensor, axis: Axis) -> bool:
    """Whether an axis over which is reduced is known to have size 0: there is no largest element."""
    shape = F.shape(data)
    return shape is not None and any(shape[i] == 0 for i in reduced_axes(axis, len(shape)))
