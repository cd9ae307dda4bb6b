"""Operations that MXNet 1.9 lacks, or has in another sense, made of those that it has: for arrays and for symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from polyloss.opset import HALF, Tensor, gathered_axis

if TYPE_CHECKING:
    from polyloss_backends.mxnet import MXNetOps


def nuclear_norm(ops: MXNetOps, data: Tensor) -> Tensor:
    """`OpSet.nuclear_norm`."""
    F = ops.F
    dtype = ops.dtype(data)
    if dtype in HALF:
        return F.cast(ops.nuclear_norm(F.cast(data, dtype="float32")), dtype="float16")
    # MXNet decomposes wide matrices only; as many columns of zeros as there are rows change no singular value.
    (row, column) = (F.slice_axis(F.BlockGrad(data), axis=axis, begin=0, end=1) for axis in (0, 1))
    zeros = F.zeros_like(column)
    # A NaN would end the decomposition by an error. The sum is NaN all the same, by the product with the gradient below.
    known = ops.where(F.BlockGrad(data) - F.BlockGrad(data) == 0, F.BlockGrad(data), 0.0)
    padded = F.concat(known, F.dot(zeros, zeros, transpose_b=True), dim=1)
    (left, values, right) = (one.as_nd_ndarray() for one in F.numpy.linalg.svd(padded.as_np_ndarray()))
    size = F.maximum(*(F.sum(F.ones_like(one)) for one in (row, column)))
    zero = size * F.max(values) * float(np.finfo(dtype or "float32").eps)
    values = ops.where(F.broadcast_greater(values, zero), values, 0.0)
    # The product with the gradient, a constant, has that gradient, and is taken off again: differentiating MXNet's decomposition
    # ends the process where there is a BlockGrad above it.
    left = F.broadcast_mul(left, F.expand_dims(values > 0, axis=0))
    product = F.sum(data * F.BlockGrad(F.dot(left, F.slice_like(right, data, axes=(1,)))))
    return F.BlockGrad(F.sum(values)) + (product - F.BlockGrad(product))


def argsort(ops: MXNetOps, data: Tensor, axis: int, is_ascend: bool) -> Tensor:
    """`OpSet.argsort`. Integers beyond 2^53 count as the nearest float64."""
    F = ops.F
    key = F.cast(F.BlockGrad(data), dtype="float64")
    key = F.swapaxes(ops.where(key == key, key, float("inf")), dim1=0, dim2=axis)
    # MXNet's order of ties is arbitrary: they are put in order by a second sort, of (number of the tie) n + (index).
    order = F.argsort(key, axis=0, is_ascend=is_ascend, dtype="float64")
    value = F.sort(key, axis=0, is_ascend=is_ascend)
    before = F.slice_axis(F.concat(F.slice_axis(value, axis=0, begin=0, end=1), value, dim=0), axis=0, begin=0, end=-1)
    number = _times(F, F.cumsum(F.broadcast_not_equal(value, before), axis=0), ops.size(value, axis=0))
    order = F.sort(number + order, axis=0) - number
    return F.cast(F.swapaxes(order, dim1=0, dim2=axis), dtype="int32")


def gather_along(ops: MXNetOps, data: Tensor, indices: Tensor, axis: int) -> Tensor:
    """`OpSet.gather_along`."""
    F = ops.F
    (shape, found) = (ops.shape(data), ops.shape(indices))
    if shape is not None and found is not None:
        gathered_axis(shape, found, axis)
    # One index for all rows of the axis, which a Symbol of unknown rank has too: (row) n + (place).
    (data, moved) = (F.swapaxes(one, dim1=-1, dim2=axis) for one in (data, indices))
    (rows, place) = (F.reshape(one, shape=(-1, 0), reverse=True) for one in (data, moved))
    place = F.cast(F.BlockGrad(place), dtype="float64")
    place = F.trunc(F.maximum(ops.where(place == place, place, 0.0), 0.0))
    wide = F.cast(F.BlockGrad(rows), dtype="float64")
    size = ops.size(wide, axis=1)
    place = F.minimum(place, size - 1) if isinstance(size, int) else F.broadcast_minimum(place, size - 1)
    start = _times(F, F.expand_dims(ops.arange_like(wide, axis=0), axis=1), size)
    taken = F.take(F.reshape(rows, shape=(-1,)), F.broadcast_add(place, start), axis=0, mode="clip")
    return F.swapaxes(F.reshape_like(taken, moved), dim1=-1, dim2=axis)


def _times(F: Any, data: Tensor, size: Tensor | int) -> Tensor:
    return data * size if isinstance(size, int) else F.broadcast_mul(data, size)
