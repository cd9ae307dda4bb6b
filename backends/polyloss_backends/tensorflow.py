"""TensorFlow 2: eager tensors and variables, and the symbolic tensors of `tf.function`, with XLA and without.

Every operation compiles under XLA and takes sizes that are unknown while tracing. Ranks must be known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record  # no public name tells whether a tape is there
from tensorflow.python.framework import ops

from polyloss.opset import HALF, Axis, Backend, OpSet, Shape, Tensor, chunk, gathered_axis, reduced_axes
from polyloss_backends.tensorflow_calls import CompiledCall, programs_within, within_xla
from polyloss_backends.tensorflow_sums import (
    average,
    extreme,
    log1p,
    log_softmax,
    rank,
    reduced,
    softmax_cross_entropy,
    total,
    widened,
)

_EAGER = tf.__internal__.EagerTensor


class TensorFlowOps(OpSet):
    """The operations on `tf.Tensor` and `tf.Variable`."""

    name = "tensorflow"

    def shape(self, data: Tensor) -> Shape | None:
        return None if data.shape.rank is None else tuple(data.shape.as_list())

    def dtype(self, data: Tensor) -> str:
        name: str = data.dtype.name
        return name

    def replicas(self) -> int:
        count: int = tf.distribute.get_strategy().num_replicas_in_sync
        return count

    def readable(self, data: Tensor) -> bool:
        if not tf.executing_eagerly() or tf.is_symbolic_tensor(data):
            return False
        return not data.device or "CPU" in data.device

    compiles = True

    def repeatable(self, data: Sequence[Tensor]) -> Hashable | None:
        if (
            ops.get_default_graph()._distribution_strategy_stack
        ):  # tf.distribute.has_strategy asks this, in twice the time
            return None
        if tf.executing_eagerly():
            for one in data:
                if type(one) is not _EAGER:
                    return None
            return tuple([(one._datatype_enum(), one._shape_tuple()) for one in data])
        known = all(tf.is_symbolic_tensor(one) and one.shape.is_fully_defined() for one in data)
        return ("traced", *((one.dtype, tuple(one.shape)) for one in data)) if known and programs_within() else None

    def traced(self) -> bool:
        return not tf.executing_eagerly()

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return CompiledCall(function)

    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return tf.cast(data, dtype)

    def stop_gradient(self, data: Tensor) -> Tensor:
        return tf.stop_gradient(data)

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def refusing(data: Tensor) -> Any:
            def refuse(upstream: Tensor) -> None:
                raise TypeError(message)

            return tf.identity(data), refuse

        return refusing(data)

    # --- layout -----------------------------------------------------------------------------------------------------------

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        return tf.reshape(data, shape)

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.reshape(lhs, tf.shape(rhs))

    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        order = list(range(rank(data)))
        one, other = _axis(data, dim1), _axis(data, dim2)
        order[one], order[other] = other, one
        return tf.transpose(data, order)

    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        return tf.expand_dims(data, axis)

    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.broadcast_to(lhs, tf.shape(rhs))

    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        return tf.concat(data, axis=dim)

    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        return tf.stack(data, axis=axis)

    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        return data[(slice(None),) * _axis(data, axis) + (slice(begin, end),)]

    def flip(self, data: Tensor, axis: int) -> Tensor:
        return tf.reverse(data, [_axis(data, axis)])

    # --- constants ----------------------------------------------------------------------------------------------------------

    def zeros_like(self, data: Tensor) -> Tensor:
        return tf.zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return tf.ones_like(data)

    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        return tf.cast(tf.range(_size(data, _axis(data, axis))), data.dtype)

    def eye_like(self, data: Tensor) -> Tensor:
        return tf.eye(_size(data, 0), _size(data, 1), dtype=data.dtype)

    def one_hot(
        self, indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
    ) -> Tensor:
        number = _integer(indices, -1, depth, nan=-1)
        return tf.one_hot(number, depth, tf.constant(on_value, dtype), tf.constant(off_value, dtype), dtype=dtype)

    # --- elementwise --------------------------------------------------------------------------------------------------------

    def abs(self, data: Tensor) -> Tensor:
        return tf.abs(data)

    def sign(self, data: Tensor) -> Tensor:
        return tf.sign(data)

    def square(self, data: Tensor) -> Tensor:
        return tf.square(data)

    def sqrt(self, data: Tensor) -> Tensor:
        return tf.sqrt(data)

    def rsqrt(self, data: Tensor) -> Tensor:
        return tf.math.rsqrt(data)

    def exp(self, data: Tensor) -> Tensor:
        return tf.exp(data)

    def power(self, data: Tensor, exponent: float) -> Tensor:
        return tf.pow(data, tf.constant(exponent, data.dtype))

    def log(self, data: Tensor) -> Tensor:
        return tf.math.log(data)

    def log1p(self, data: Tensor) -> Tensor:
        return log1p(data)

    def arctan(self, data: Tensor) -> Tensor:
        return tf.atan(data)

    def relu(self, data: Tensor) -> Tensor:
        return tf.nn.relu(data)

    def sigmoid(self, data: Tensor) -> Tensor:
        return tf.sigmoid(data)

    def softrelu(self, data: Tensor) -> Tensor:
        return tf.math.softplus(data)

    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        # A bound that nothing reaches is computed like any other. Of two such bounds one stays: who clips so wants a node between two sums.
        if a_min == -math.inf:
            return tf.minimum(data, a_max)
        clipped = tf.maximum(data, a_min)
        return clipped if a_max == math.inf else tf.minimum(clipped, a_max)

    # --- two tensors, broadcast ---------------------------------------------------------------------------------------------

    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.add(lhs, rhs)

    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.subtract(lhs, rhs)

    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.multiply(lhs, rhs)

    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return tf.divide(lhs, rhs)

    # XLA's maximum and minimum on the CPU return a number for a number and a NaN (TensorFlow 2.21).

    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        if within_xla():
            return tf.where((lhs >= rhs) | tf.not_equal(lhs, lhs), lhs, rhs)
        return tf.maximum(lhs, rhs)

    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        if within_xla():
            return tf.where((lhs <= rhs) | tf.not_equal(lhs, lhs), lhs, rhs)
        return tf.minimum(lhs, rhs)

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return tf.cast(tf.equal(lhs, rhs), lhs.dtype)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return tf.cast(tf.greater(lhs, rhs), lhs.dtype)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        tensor: Any = y if isinstance(x, (int, float)) else x
        sides = (tf.constant(one, tensor.dtype) if isinstance(one, (int, float)) else one for one in (x, y))
        return tf.where(tf.cast(condition, tf.bool), *sides)

    # --- reductions ---------------------------------------------------------------------------------------------------------

    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return reduced(total, data, axis, keepdims, exclude)

    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return reduced(average, data, axis, keepdims, exclude)

    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._extreme(False, data, axis, keepdims, exclude)

    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._extreme(True, data, axis, keepdims, exclude)

    def _extreme(self, least: bool, data: Tensor, axis: Axis, keepdims: bool, exclude: bool) -> Tensor:
        def reduce(data: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
            _refuse_nothing(data, axis)
            return extreme(data, axis, keepdims, least)

        return reduced(reduce, data, axis, keepdims, exclude)

    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        def norm(data: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
            squares = total(tf.square(data), axis, keepdims)
            zero = tf.equal(squares, 0)
            root = tf.sqrt(tf.where(zero, tf.ones_like(squares), squares))
            return tf.where(zero, tf.zeros_like(squares), root)

        if not reduced_axes(axis, rank(data), exclude):
            return self.abs(data)
        return reduced(norm, data, axis, keepdims, exclude)

    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        return tf.cast(tf.cumsum(widened(data), _axis(data, axis)), data.dtype)

    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        # tf.nn.softmax gives 0 beside a NaN in eager mode, and a bfloat16 sum under XLA (TensorFlow 2.21).
        axis = _axis(data, axis)
        wide = widened(data)
        power = tf.exp(wide - tf.stop_gradient(tf.reduce_max(wide, axis=axis, keepdims=True)))
        return tf.cast(power / tf.reduce_sum(power, axis=axis, keepdims=True), data.dtype)

    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return tf.cast(log_softmax(widened(data), _axis(data, axis)), data.dtype)

    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        rows, place = _rows_and_place(data, index, _axis(data, axis))
        picked = tf.gather(rows, place, batch_dims=rank(data) - 1)
        return tf.expand_dims(picked, _axis(data, axis)) if keepdims else picked

    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        return tf.gather(data, _integer(indices, 0, _size(data, 0) - 1))

    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        product = tf.matmul(widened(lhs), widened(rhs), transpose_a=transpose_a, transpose_b=transpose_b)
        return tf.cast(product, lhs.dtype)

    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        return self.dot(lhs, rhs, transpose_a, transpose_b)

    def nuclear_norm(self, data: Tensor) -> Tensor:
        """As declared, by a decomposition ``U S V^T`` that need not be exact.

        That of TensorFlow 2.21 stops early under XLA, and in float32 has vectors of a length off by 3 ULP: it is made in float64. With
        ``B = U^T A V``, about diagonal, the norm is ``tr B + sum_ij (b_ij - b_ji)^2 / (4 (s_i + s_j))`` but for the third order of what is
        not on the diagonal. Where one of s_i and s_j is 0 the square is ``2 b_ij^2``, where both are there is none, and what U and V do not
        span counts as if its s_j were 0.
        """
        if 0 in data.shape:
            return tf.reduce_sum(data)  # XLA has no decomposition of nothing
        wide = tf.cast(data, tf.float64)
        (values, left, right) = map(tf.stop_gradient, tf.linalg.svd(wide))
        (rows, columns) = (tf.matmul(left, wide, transpose_a=True), tf.matmul(wide, right))
        near = tf.matmul(left, columns, transpose_a=True)
        outside = tf.square(tf.transpose(columns) - tf.matmul(near, left, transpose_a=True, transpose_b=True))
        beyond = tf.square(rows - tf.matmul(near, right, transpose_b=True))
        eps = np.finfo(widened(data).dtype.name).eps * tf.cast(tf.reduce_max(tf.shape(data)), wide.dtype)
        some = ~(values <= values[0] * eps)  # NaN counts
        either = some[:, None] | some
        pairs = tf.where(some[:, None] & some, tf.square(near - tf.transpose(near)), 2 * tf.square(near))
        terms = tf.linalg.diag_part(near) + (tf.reduce_sum(outside, 1) + tf.reduce_sum(beyond, 1)) / (
            2 * tf.where(some, values, tf.ones_like(values))
        )
        rest = tf.where(either, pairs / (4 * tf.where(either, values[:, None] + values, 1)), tf.zeros_like(pairs))
        return tf.cast(tf.reduce_sum(tf.where(some, terms, tf.zeros_like(terms))) + tf.reduce_sum(rest), data.dtype)

    # --- order --------------------------------------------------------------------------------------------------------------

    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        key = tf.stop_gradient(data)
        if key.dtype.is_floating:
            key = tf.where(tf.equal(key, 0), tf.zeros_like(key), key)  # XLA puts -0 before 0
            key = tf.where(tf.math.is_nan(key), tf.cast(float("inf"), key.dtype), key)
        return tf.argsort(key, _axis(data, axis), "ASCENDING" if is_ascend else "DESCENDING", stable=True)

    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        place = gathered_axis(data.shape.as_list(), indices.shape.as_list(), axis)
        index = _integer(self.swapaxes(indices, place, -1), 0, _size(data, place) - 1)
        rows = self.swapaxes(data, place, -1)
        return self.swapaxes(tf.gather(rows, index, batch_dims=rank(data) - 1), place, -1)

    # --- fused --------------------------------------------------------------------------------------------------------------

    def logsumexp(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        def logsumexp(data: Tensor, axis: tuple[int, ...], keepdims: bool) -> Tensor:
            _refuse_nothing(data, axis)
            return tf.reduce_logsumexp(data, axis=axis, keepdims=keepdims)

        return reduced(logsumexp, data, axis, keepdims, exclude)

    def squared_error(self, data: Tensor, label: Tensor) -> Tensor:
        return tf.math.squared_difference(data, label)

    def log_cosh(self, data: Tensor) -> Tensor:
        # With tanh in place of a series, log cosh x = -log(1 - tanh^2 x) / 2: less than half the passes over memory.
        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def log_cosh(data: Tensor) -> Any:
            size = tf.abs(data)
            near = size < 1
            rest = self.log1p(self.where(near, -tf.square(tf.tanh(data)), tf.exp(-2 * size)))
            value = self.where(near, -0.5 * rest, rest + (size - math.log(2)))
            return value, lambda upstream: upstream * tf.tanh(data)

        return log_cosh(data)

    def sigmoid_cross_entropy(self, data: Tensor, label: Tensor) -> Tensor:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=data)

    def softmax_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        rows, place = _rows_and_place(data, label, _axis(data, axis))
        loss = softmax_cross_entropy(rows, place)
        return tf.expand_dims(loss, _axis(data, axis)) if keepdims else loss

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        size = chunk(weight.shape[0] or 1, rows)
        few = data.shape[0] is not None and data.shape[0] <= size
        if few or weight.shape[0] is None or data.dtype.name in HALF:
            return super().linear_cross_entropy(data, weight, label, bias, scale, rows)
        place = _integer(label, 0, weight.shape[0] - 1)
        # A variable would be asked for by name.
        given = [tf.convert_to_tensor(one) for one in (data, weight, bias) if one is not None]
        if scale is None:
            return _losses(self, given, place, size)
        return _scaled_sum(self, given, place, tf.stop_gradient(scale), size)

    def scan(self, body: Callable[[Tensor, Tensor], Tensor], data: Tensor, state: Tensor) -> Tensor:
        # A graph with one loop instead of a copy of the body per step: tracing and compiling would grow with the data.
        if tf.executing_eagerly() or data.shape[0] == 0:  # XLA compiles the body of a loop that never runs, and fails
            return super().scan(body, data, state)
        return tf.foldl(lambda state, one: body(one, state), data, initializer=state)


def _by_chunks(given: Sequence[Tensor], place: Tensor, scale: Tensor | None, rows: int) -> tuple[Tensor, ...]:
    """The losses of `OpSet.linear_cross_entropy`, and if there is a scale the gradients of their scaled sum.

    `given` are data, weight, and bias if any, and so are the gradients.
    """
    (data, weight, *bias) = given
    samples = _size(data, 0)
    fill = -samples % rows
    count = (samples + fill) // rows
    columns = tf.range(rows, dtype=place.dtype)

    def chunks(given: Tensor) -> Tensor:
        filled = tf.pad(given, [[0, fill]] + [[0, 0]] * (rank(given) - 1))
        return tf.reshape(filled, [count, rows, *(_size(given, axis) for axis in range(1, rank(given)))])

    (inputs, labels) = (chunks(data), chunks(place))
    factors = None if scale is None else chunks(scale)

    # Classes lead in the logits of a chunk, as in the weight: the matrix products and sums are quicker so.
    def step(i: Tensor, *done: Tensor) -> tuple[Tensor, ...]:
        (x, at) = (inputs[i], tf.stack([labels[i], columns], axis=1))
        logits = tf.matmul(weight, x, transpose_b=True)
        if bias:
            logits += bias[0][:, None]
        # With the largest logit m and s, the sum of e^(z - m): -log p = log s + (m - z), and p = e^(z - m) / s.
        top = tf.reduce_max(logits, axis=0)
        at_label = tf.gather_nd(logits, at)
        with tf.control_dependencies(
            [at_label]
        ):  # the last reader before, so that the memory of the logits is free for the powers
            power = tf.exp(logits - top)
        total = tf.reduce_sum(power, axis=0)
        loss = tf.math.log(total) + (top - at_label)
        if factors is None:
            return i + 1, done[0].write(i, loss)
        slope = tf.tensor_scatter_nd_sub(power / total, at, tf.ones_like(loss))
        factor = factors[i][:, None]  # enters with the smaller factor of each product
        by_data = tf.matmul(slope, weight, transpose_a=True) * factor
        by_weight = done[2] + tf.matmul(slope, x * factor)
        by_bias = (done[3] + tf.matmul(slope, factor)[:, 0],) if bias else ()
        return i + 1, done[0].write(i, loss), done[1].write(i, by_data), by_weight, *by_bias

    shapes = [[rows]] if scale is None else [[rows], [rows, data.shape[1]]]
    arrays = [tf.TensorArray(data.dtype, size=count, element_shape=shape) for shape in shapes]
    start = [] if scale is None else [tf.zeros_like(one) for one in (weight, *bias)]
    (_, *found) = tf.while_loop(
        lambda i, *done: i < count, step, (0, *arrays, *start), parallel_iterations=1, maximum_iterations=count
    )
    loss = tf.reshape(found[0].stack(), [-1])[:samples]
    if scale is None:
        return (loss,)
    return loss, tf.reshape(found[1].stack(), [count * rows, _size(data, 1)])[:samples], *found[2:]


# As a graph a loop needs half the memory, since additions are made in place.
_traced_by_chunks = tf.function(_by_chunks, autograph=False, reduce_retracing=True)


def _untaped_by_chunks(given: Sequence[Tensor], place: Tensor, scale: Tensor | None, rows: int) -> tuple[Tensor, ...]:
    """`_by_chunks`, out of sight of a tape, which would keep all that is computed there."""
    run = _traced_by_chunks if tf.executing_eagerly() else _by_chunks
    scale = None if scale is None else tf.stop_gradient(scale)
    return run([tf.stop_gradient(one) for one in given], place, scale, rows)


def _second(
    F: OpSet, given: Sequence[Tensor], place: Tensor, factor: Tensor, weights: Sequence[Tensor]
) -> Sequence[Tensor | None]:
    """The gradients, for `factor` and `given`, of the weighted sum of the first ones: by the composition, with all logits."""
    with tf.GradientTape() as outer:
        outer.watch([factor, *given])
        with tf.GradientTape() as inner:
            inner.watch(given)
            loss = OpSet.linear_cross_entropy(F, given[0], given[1], place, given[2] if len(given) > 2 else None)
        first = inner.gradient(loss, list(given), factor)
    found: Sequence[Tensor | None] = outer.gradient(first, [factor, *given], weights)
    return found


def _losses(F: OpSet, given: Sequence[Tensor], place: Tensor, rows: int) -> Tensor:
    """The losses in chunks; their gradients are computed in chunks too, when they are asked for."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def slopes(upstream: Tensor, *given: Tensor) -> tuple[Tensor, Any]:
        (_, *found) = _untaped_by_chunks(given, place, upstream, rows)
        return found, lambda *weights: _second(F, given, place, upstream, weights)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def losses(*given: Tensor) -> tuple[Tensor, Any]:
        (loss,) = _untaped_by_chunks(given, place, None, rows)
        return loss, lambda upstream: slopes(upstream, *given)

    return losses(*given)


def _scaled_sum(F: OpSet, given: Sequence[Tensor], place: Tensor, scale: Tensor, rows: int) -> Tensor:
    """The scaled sum of the losses; its gradients are computed with it, if a tape may ask for them."""
    wanted = not tf.executing_eagerly() or record.could_possibly_record()  # a graph drops what nobody uses

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def total(*given: Tensor) -> tuple[Tensor, Any]:
        (loss, *ready) = _untaped_by_chunks(given, place, scale if wanted else None, rows)

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def slopes(upstream: Tensor, *given: Tensor) -> tuple[Tensor, Any]:
            def second(*weights: Tensor) -> Sequence[Tensor | None]:
                (by_factor, *rest) = _second(F, given, place, upstream * scale, weights)
                return tf.reduce_sum(by_factor * scale), *rest

            return [one * upstream for one in ready], second

        value = tf.reduce_sum(tf.where(tf.equal(scale, 0), tf.zeros_like(loss), loss) * scale)
        return value, lambda upstream: slopes(upstream, *given)

    return total(*given)


def _axis(data: Tensor, axis: int) -> int:
    return reduced_axes(axis, rank(data))[0]


def _size(data: Tensor, axis: int) -> Tensor | int:
    size: int | None = data.shape[axis]
    return tf.shape(data)[axis] if size is None else size


def _refuse_nothing(data: Tensor, axes: tuple[int, ...]) -> None:
    if any(data.shape[i] == 0 for i in axes):
        raise ValueError(f"tensorflow: the maximum or minimum over nothing: shape {data.shape}, axes {axes}")


def _integer(index: Tensor, low: int, high: Tensor | int, nan: int = 0) -> Tensor:
    """`index` truncated, and clipped while it still is a float: a NaN or a large number has no integer value."""
    if index.dtype.is_floating:
        wide = tf.cast(index, tf.float64)
        index = tf.where(tf.math.is_nan(wide), tf.cast(nan, tf.float64), wide)
    else:
        index = tf.cast(index, tf.int64)  # an unsigned integer has no -1 to be clipped to
    bounds = tf.cast(low, index.dtype), tf.cast(high, index.dtype)
    return tf.cast(tf.minimum(tf.maximum(index, bounds[0]), bounds[1]), tf.int64)


def _rows_and_place(data: Tensor, index: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """`data` with `axis` moved to the end, and the place in each of its rows that `index` names."""
    count = rank(data)
    if rank(index) == count:
        index = tf.squeeze(index, axis=axis)
    last = _size(data, axis) - 1
    place = _integer(index, 0, last)
    if axis == count - 1:
        return data, place
    return tf.transpose(data, [*(i for i in range(count) if i != axis), axis]), place


class TensorFlowBackend(Backend):
    """TensorFlow in eager mode, in `tf.function`, and compiled by XLA."""

    name = "tensorflow"
    dtypes = ("float64", "float32", "float16", "bfloat16")
    modes = ("eager", "function", "xla")

    _ops = TensorFlowOps()

    def versions(self) -> dict[str, str]:
        return {"tensorflow": tf.__version__}

    def kinds(self) -> Mapping[type, OpSet]:
        # A train step is traced once: what its first call does, all do.
        return dict.fromkeys((_EAGER, tf.__internal__.SymbolicTensor), self._ops)

    def op_set(self, tensor: object) -> OpSet | None:
        return self._ops if isinstance(tensor, (tf.Tensor, tf.Variable)) else None

    def from_numpy(self, array: np.ndarray[Any, Any], dtype: str) -> Tensor:
        return tf.constant(array.astype(tf.as_dtype(dtype).as_numpy_dtype))

    def to_numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = (
            tf.cast(tensor, tf.float32).numpy() if tensor.dtype == tf.bfloat16 else tensor.numpy()
        )
        return array

    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> Tensor:
        """A `tf.Variable`."""
        with tf.device(device):
            drawn = tf.random.uniform(tuple(shape), -bound, bound, tf.float32 if dtype in HALF else dtype or "float32")
            return tf.Variable(tf.cast(drawn, dtype or "float32"), name=name.replace(".", "_"))

    def tensor_of(self, parameter: Any, like: Tensor) -> Tensor:
        return tf.convert_to_tensor(parameter)

    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        if mode not in self.modes:
            raise ValueError(f"tensorflow: mode {mode!r} is not one of {', '.join(self.modes)}")

        def differentiate(
            arguments: Sequence[Tensor | None], upstream: Tensor | None
        ) -> tuple[Tensor, tuple[Tensor, ...]]:
            sources = [arguments[i] for i in wrt]
            with tf.GradientTape() as tape:
                tape.watch(sources)
                value = function(*arguments)
            slopes = tape.gradient(value, sources, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return value, tuple(tf.convert_to_tensor(slope) for slope in slopes)  # IndexedSlices made dense

        if mode == "eager":
            return differentiate
        compiled = tf.function(differentiate, jit_compile=mode == "xla", autograph=False, reduce_retracing=False)
        return lambda arguments, upstream: compiled(tuple(arguments), upstream)


BACKEND = TensorFlowBackend()
