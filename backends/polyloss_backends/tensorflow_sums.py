"""Sums, means, extremes, log_softmax and log1p on TensorFlow, which are quick under XLA too."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from polyloss.opset import HALF, Axis, Tensor, reduced_axes
from polyloss_backends.tensorflow_calls import within_xla

# Elements, and places along the last axis, from which on XLA's own reductions are slow: on a CPU it reduces along an axis in windows of 32,
# number by number. Its products of matrices are quick, and so is what it does element by element.
_LARGE = 1 << 14
_LONG = 64


def rank(data: Tensor) -> int:
    """The number of axes."""
    found: int | None = data.shape.rank
    if found is None:
        raise ValueError("tensorflow: the rank of a tensor must be known while tracing")
    return found


def widened(data: Tensor) -> Tensor:
    """Float16 and bfloat16 in float32: what sums in half precision loses digits with the number of terms."""
    return tf.cast(data, tf.float32) if data.dtype.name in HALF else data


def reduced(reduce: Any, data: Tensor, axis: Axis, keepdims: bool, exclude: bool) -> Tensor:
    """``reduce(data, axis, keepdims)`` with the axes of `OpSet.sum`, widened meanwhile."""
    axes = reduced_axes(axis, rank(data), exclude)
    if not axes:
        return data
    return tf.cast(reduce(widened(data), axis=axes, keepdims=keepdims), data.dtype)


def total(data: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
    """The sum."""
    if _slow(data, axis):
        data = _row_sums(data)
    return tf.reduce_sum(data, axis=axis, keepdims=keepdims)


def average(data: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
    """The mean."""
    if not _slow(data, axis):
        return tf.reduce_mean(data, axis=axis, keepdims=keepdims)
    return total(data, axis, keepdims) / math.prod(data.shape[i] for i in axis)


def extreme(data: Tensor, axis: tuple[int, ...], keepdims: bool, least: bool) -> Tensor:
    """The largest element, or the smallest; NaN where there is one, which XLA's reductions do not see."""
    if axis == (rank(data) - 1,) and _slow(data, axis):
        found = _row_extremes(data, least)
        return found if keepdims else tf.squeeze(found, axis)
    return _extreme(data, axis, keepdims, least)


def _extreme(data: Tensor, axis: tuple[int, ...], keepdims: bool, least: bool) -> Tensor:
    found = (tf.reduce_min if least else tf.reduce_max)(data, axis=axis, keepdims=keepdims)
    if not data.dtype.is_floating:
        return found
    lost = tf.reduce_any(tf.math.is_nan(data), axis=axis, keepdims=keepdims)
    return tf.where(lost, tf.cast(float("nan"), data.dtype), found)


def log_softmax(data: Tensor, axis: int) -> Tensor:
    """The logarithm of the softmax along `axis`."""
    return _row_log_softmax(data) if _slow(data, (axis,)) else tf.nn.log_softmax(data, axis=axis)


def softmax_cross_entropy(rows: Tensor, place: Tensor) -> Tensor:
    """What the log_softmax of each row has at `place`, negated."""
    if _slow(rows, (rank(rows) - 1,)):
        return _row_cross_entropy(rows, place)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=place, logits=rows)


def log1p(data: Tensor) -> Tensor:
    """``log(1 + x)``, which XLA has less exactly in float64 and more slowly in float32."""
    if data.dtype == tf.float32 and within_xla():
        return _log_of_one_and(data)
    if data.dtype != tf.float64:
        return tf.math.log1p(data)
    # XLA (TensorFlow's, on CPU) takes its approximation for small numbers down to -0.414, where it is off by 120 ULP.
    off = (data > -0.42) & (data < -0.36)
    zero = tf.zeros_like(data)
    return tf.where(off, tf.math.log(1 + tf.where(off, data, zero)), tf.math.log1p(tf.where(off, zero, data)))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _log_of_one_and(data: Tensor) -> Any:
    """The logarithm of the rounded sum, and what rounding has taken away; XLA's computes two approximations, of which it chooses one."""
    rounded = 1 + data
    # What a sum from 2 on has lost does not count. |.| keeps the compiler from simplifying (1 + x) - 1.
    lost = tf.where(rounded < 2, (data - (tf.abs(rounded) - 1)) * (2 - rounded), 0)
    return tf.math.log(rounded) + lost, lambda upstream: upstream / (1 + data)


def _slow(data: Tensor, axis: tuple[int, ...]) -> bool:
    if data.dtype not in (tf.float32, tf.float64) or rank(data) - 1 not in axis or not within_xla():
        return False
    return (data.shape.num_elements() or 0) >= _LARGE and data.shape[-1] >= _LONG


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _row_sums(data: Tensor) -> Any:
    """Sums along the last axis, which stays with size 1; a quarter of the data, if it can be, is all that is written to memory."""
    shape = data.shape.as_list()
    rows = tf.reshape(data, [-1, shape[-1]])
    if shape[-1] % 4 == 0:
        parts = tf.split(rows, 4, axis=1)
        rows = (parts[0] + parts[1]) + (parts[2] + parts[3])
    sums = tf.linalg.matvec(rows, tf.ones(rows.shape[-1:], data.dtype))
    return tf.reshape(sums, [*shape[:-1], 1]), lambda upstream: tf.broadcast_to(upstream, shape)


def _row_extremes(data: Tensor, least: bool) -> Tensor:
    """Extremes along the last axis, which stays with size 1."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def extremes(data: Tensor) -> Any:
        rows = data
        for _ in range(3):
            if rows.shape[-1] % 2:
                break
            (one, other) = tf.split(rows, 2, axis=-1)
            better = (one <= other) if least else (one >= other)
            rows = tf.where(better | tf.math.is_nan(one), one, other)
        found = _extreme(rows, (rank(rows) - 1,), True, least)

        def slopes(upstream: Tensor) -> Tensor:
            ties = tf.cast(tf.equal(data, _extreme(data, (rank(data) - 1,), True, least)), data.dtype)
            return ties * (upstream / _row_sums(ties))

        return found, slopes

    return extremes(data)


def _powers(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The largest element of each row, the exponentials of what the others are below it, and the sums of these."""
    top = tf.stop_gradient(tf.reduce_max(rows, axis=-1, keepdims=True))
    powers = tf.exp(rows - top)
    return top, powers, _row_sums(powers)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _row_log_softmax(rows: Tensor) -> Any:
    (top, powers, sums) = _powers(rows)
    return rows - top - tf.math.log(sums), lambda upstream: upstream - powers * (_row_sums(upstream) / sums)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _row_cross_entropy(rows: Tensor, place: Tensor) -> Any:
    (top, powers, sums) = _powers(rows)
    picked = tf.gather(rows, place, batch_dims=rank(place))

    def slopes(upstream: Tensor) -> Any:
        here = tf.one_hot(place, rows.shape[-1], dtype=rows.dtype)
        return (powers / sums - here) * tf.expand_dims(upstream, -1), None

    return tf.squeeze(tf.math.log(sums), -1) - (picked - tf.squeeze(top, -1)), slopes
