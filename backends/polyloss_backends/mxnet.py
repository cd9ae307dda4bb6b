"""MXNet 1.9: `mx.nd` arrays, `mx.sym` symbols, and the `mx.np` kinds of both.

A symbol has no shape and no dtype. Every operation but `scan` and `ctc_alignment` works without; what cannot do all it should says so.
MXNet differentiates most operations once only. It runs operations on empty arrays, but differentiating some of them ends
the process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss.opset import HALF, Axis, Backend, OpSet, Shape, Tensor, UnsupportedError, chunk, reduced_axes
from polyloss_backends import mxnet_composed
from polyloss_backends.mxnet_numpy import MXNetNumPyOps


def import_mxnet() -> Any:
    """The module `mxnet`, imported under any NumPy 1.

    MXNet 1.9.1 names `numpy.bool` when it is imported, which NumPy 1.24 removed; that one name is put back.

    Raises:
        ImportError: MXNet is not installed, or NumPy is 2 or later, against which MXNet 1.9.1 does not run.
    """
    if int(np.__version__.split(".")[0]) >= 2:
        raise ImportError(
            f"MXNet 1.9.1 needs NumPy 1, and this environment has {np.__version__}: "
            "give MXNet an environment of its own, with numpy<2"
        )
    if "bool" not in vars(np):  # asking NumPy would warn
        setattr(np, "bool", bool)  # noqa: B010 - NumPy's stubs do not know the name
    import mxnet

    return mxnet


mx = import_mxnet()


class MXNetOps(OpSet):
    """The operations on `mx.nd.NDArray` (``namespace=mx.nd``) or on `mx.sym.Symbol` (``namespace=mx.sym``)."""

    name = "mxnet"

    def __init__(self, namespace: Any) -> None:
        self.F = namespace

    @property
    def graphs(self) -> bool:  # type: ignore[override]
        return type(self) is MXNetOps and self.F is mx.nd  # what varies it, varies its operations one by one

    def graph(
        self, function: Callable[..., Tensor], arguments: Sequence[Any], flags: Sequence[tuple[str, Any]] = ()
    ) -> Callable[..., Tensor] | None:
        from polyloss_backends import mxnet_graph  # which is made of this class

        return mxnet_graph.graph(function, arguments, flags)

    def shape(self, data: Tensor) -> Shape | None:
        return tuple(data.shape) if self.F is mx.nd else None

    def dtype(self, data: Tensor) -> str | None:
        if self.F is mx.nd:
            return np.dtype(data.dtype).name
        (inferred,) = data.infer_type_partial()[1] or [None]
        return None if inferred is None else np.dtype(inferred).name

    def readable(self, data: Tensor) -> bool:
        return self.F is mx.nd and data.context.device_type == "cpu"

    def extremes(self, data: Tensor) -> tuple[float, float]:
        return float(self.min(data).asscalar()), float(self.max(data).asscalar())

    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return self.F.cast(data, dtype=dtype)

    def stop_gradient(self, data: Tensor) -> Tensor:
        return self.F.BlockGrad(data)

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        return self.F.BlockGrad(data) if self.shape(data) is None else _Refusal(message)(data)

    # --- layout -----------------------------------------------------------------------------------------------------------

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        if 0 in shape:  # which the legacy operator reads as "copy this size"
            return data.as_np_ndarray().reshape(tuple(shape)).as_nd_ndarray()
        return self.F.reshape(data, shape=tuple(shape))

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.reshape_like(lhs, rhs)

    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        return self.F.swapaxes(data, dim1=dim1, dim2=dim2)

    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        return self.F.expand_dims(data, axis=axis)

    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_like(lhs, rhs)

    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        return self.F.concat(*data, dim=dim)

    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        return self.F.stack(*data, axis=axis)

    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        return self.F.slice_axis(data, axis=axis, begin=begin, end=end)

    def flip(self, data: Tensor, axis: int) -> Tensor:
        moved = self.F.swapaxes(data, dim1=0, dim2=axis)  # flip and cumsum refuse a negative axis
        return self.F.swapaxes(self.F.flip(moved, axis=0), dim1=0, dim2=axis)

    # --- constants ----------------------------------------------------------------------------------------------------------

    def zeros_like(self, data: Tensor) -> Tensor:
        return self.F.zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return self.F.ones_like(data)

    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        return self.F.contrib.arange_like(data, axis=axis)

    def eye_like(self, data: Tensor) -> Tensor:
        wide = self.F.cast(data, dtype="float32")  # float16 cannot count beyond 2048
        (row, column) = (self.expand_dims(self.arange_like(wide, axis=i), axis=1 - i) for i in (0, 1))
        return self.where(self.F.broadcast_equal(row, column), self.ones_like(data), self.zeros_like(data))

    def one_hot(
        self, indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
    ) -> Tensor:
        number = self.F.maximum(self.F.cast(indices, dtype="float64"), -1.0)
        number = self.F.minimum(number, float(depth))  # beyond an int it would come round
        return self.F.one_hot(number, depth=depth, on_value=on_value, off_value=off_value, dtype=dtype)

    # --- elementwise --------------------------------------------------------------------------------------------------------

    def abs(self, data: Tensor) -> Tensor:
        return self.F.abs(data)

    def sign(self, data: Tensor) -> Tensor:
        return self.where(data == data, self.F.sign(data), self.stop_gradient(data))  # natively 0 for NaN

    def square(self, data: Tensor) -> Tensor:
        return self.F.square(data)

    def sqrt(self, data: Tensor) -> Tensor:
        return self.F.sqrt(data)

    def rsqrt(self, data: Tensor) -> Tensor:
        return self.F.rsqrt(data)

    def exp(self, data: Tensor) -> Tensor:
        return self.F.exp(data)

    def power(self, data: Tensor, exponent: float) -> Tensor:
        return data**exponent

    def log(self, data: Tensor) -> Tensor:
        return self.F.log(data)

    def log1p(self, data: Tensor) -> Tensor:
        return self.F.log1p(data)

    def arctan(self, data: Tensor) -> Tensor:
        return self.F.arctan(data)

    def relu(self, data: Tensor) -> Tensor:
        return self.F.relu(data)

    def sigmoid(self, data: Tensor) -> Tensor:
        return self.F.sigmoid(data)

    def softrelu(self, data: Tensor) -> Tensor:
        # log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), and max(x, 0) = x/2 + |x|/2, which has the slope 1/2 at 0 that is due.
        # MXNet's own is 0 below -17 in float32 (by oneDNN) and x above 20 in float64.
        size = self.F.abs(data)
        positive = self.F.maximum(data, -1.0)  # for -inf + inf
        return 0.5 * positive + 0.5 * self.F.abs(positive) + self.F.log1p(self.F.exp(-size))

    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        # MXNet's clip rounds its bounds to float32.
        data = self.F.maximum(data, a_min)
        return data if a_max == float("inf") else self.F.minimum(data, a_max)

    # --- two tensors, broadcast ---------------------------------------------------------------------------------------------

    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_add(lhs, rhs)

    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_sub(lhs, rhs)

    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_mul(lhs, rhs)

    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_div(lhs, rhs)

    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_maximum(lhs, rhs)

    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return self.F.broadcast_minimum(lhs, rhs)

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return self.F.broadcast_equal(lhs, self._full_like(lhs, rhs) if isinstance(rhs, (int, float)) else rhs)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return self.F.broadcast_greater(lhs, self._full_like(lhs, rhs) if isinstance(rhs, (int, float)) else rhs)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        # The legacy `where` does not broadcast, so this is NumPy's. A number becomes a tensor, because that operator's
        # variants for numbers differentiate wrongly in MXNet 1.9.1: the gradient passes where the number was chosen.
        sides: list[Any] = [x, y]
        for side, other in ((0, 1), (1, 0)):
            if isinstance(sides[side], (int, float)):
                sides[side] = self._full_like(sides[other], sides[side])
        return self.F.numpy.where(*(one.as_np_ndarray() for one in (condition, *sides))).as_nd_ndarray()

    def _full_like(self, data: Tensor, value: float) -> Tensor:
        zeros = self.F.zeros_like(data)
        if abs(value) == float("inf"):
            # Parsing an operator's parameter, MXNet 1.9.1 takes infinity for an overflow whenever errno still is ERANGE, which
            # NumPy, say, has left there.
            return (zeros + math.copysign(1e300, value)) * 1e300
        return zeros + value

    # --- reductions ---------------------------------------------------------------------------------------------------------

    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._reduce(self.F.sum, data, axis, keepdims, exclude)

    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._reduce(self.F.mean, data, axis, keepdims, exclude)

    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._extreme(self.F.max, data, axis, keepdims, exclude)

    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._extreme(self.F.min, data, axis, keepdims, exclude)

    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Euclidean norm, with gradient 0 at the zero vector. The squares of a float16 symbol may overflow."""
        if self.dtype(data) in HALF:
            return self.F.cast(self.norm(self.F.cast(data, dtype="float32"), axis, keepdims, exclude), dtype="float16")
        if self._all_kept(data, axis, exclude):
            return self.abs(data)
        total = self.sum(self.F.square(data), axis, keepdims, exclude)
        zero = total == 0
        return self.where(zero, 0.0, self.F.sqrt(self.where(zero, 1.0, total)))

    def _all_kept(self, data: Tensor, axis: Axis, exclude: bool) -> bool:
        shape = self.shape(data)
        if shape is not None:
            return not reduced_axes(axis, len(shape), exclude)
        return exclude if axis is None else isinstance(axis, Sequence) and not axis and not exclude

    def _reduce(self, reduce: Any, data: Tensor, axis: Axis, keepdims: bool, exclude: bool) -> Tensor:
        if self._all_kept(data, axis, exclude):
            return data
        if axis is None or isinstance(axis, int):
            return reduce(data, axis=axis, keepdims=keepdims, exclude=exclude)
        return reduce(data, axis=tuple(axis) or None, keepdims=keepdims, exclude=exclude and len(axis) > 0)

    def _extreme(self, reduce: Any, data: Tensor, axis: Axis, keepdims: bool, exclude: bool) -> Tensor:
        shape = self.shape(data)
        if shape is not None and 0 in shape and all(shape[i] for i in reduced_axes(axis, len(shape), exclude)):
            return self.sum(data, axis, keepdims, exclude)  # nothing either, where `reduce` refuses every empty array
        if self._all_kept(data, axis, exclude):
            return data
        # Natively each of k tied elements gets the whole gradient; that of top/k is shared out equally. Its value is made exact
        # by (top/k - top/k) + top, the last two as constants. An infinite top is its own k-th part.
        top = self._reduce(reduce, data, axis, keepdims, exclude)
        place = self.stop_gradient(self._reduce(reduce, data, axis, True, exclude))
        ties = self.sum(self.stop_gradient(self.F.broadcast_equal(data, place)), axis, keepdims, exclude)
        part = top / ties
        exact = (part - self.stop_gradient(part)) + self.stop_gradient(top)
        return self.where(top - top == 0, exact, part)

    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        """Running totals along an axis. Those of a float16 symbol may be added up in float16."""
        if self.dtype(data) in HALF:
            return self.F.cast(self.cumsum(self.F.cast(data, dtype="float32"), axis), dtype="float16")
        moved = self.F.swapaxes(data, dim1=0, dim2=axis)
        return self.F.swapaxes(self.F.cumsum(moved, axis=0), dim1=0, dim2=axis)

    # Told a temperature, MXNet passes over oneDNN's kernels, which give numbers beside a NaN and errors of 1e-6 near 0.

    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return self._wide(self.F.softmax, data, axis=axis, temperature=1.0)

    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return self._wide(self.F.log_softmax, data, axis=axis, temperature=1.0)

    def _wide(self, op: Any, data: Tensor, **options: Any) -> Tensor:
        """`op` in float32 where the dtype is known to be float16, in which MXNet would sum."""
        if self.dtype(data) not in HALF:
            return op(data, **options)
        return self.F.cast(op(self.F.cast(data, dtype="float32"), **options), dtype="float16")

    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        return self.F.pick(data, self._places(index), axis=axis, keepdims=keepdims, mode="clip")

    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        return self.F.take(data, self._places(indices), axis=0, mode="clip")

    def _places(self, index: Tensor) -> Tensor:
        if self.dtype(index) not in ("float32", "float64"):
            index = self.F.cast(index, dtype="float64")
        return self.F.minimum(index, 2.0**30)  # beyond an int it would turn negative

    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        if self.dtype(lhs) not in HALF:
            return self.F.dot(lhs, rhs, transpose_a=transpose_a, transpose_b=transpose_b)
        wide = self.dot(self.F.cast(lhs, dtype="float32"), self.F.cast(rhs, dtype="float32"), transpose_a, transpose_b)
        return self.F.cast(wide, dtype="float16")

    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        if self.dtype(lhs) not in HALF:
            return self.F.batch_dot(lhs, rhs, transpose_a=transpose_a, transpose_b=transpose_b)
        (left, right) = (self.F.cast(one, dtype="float32") for one in (lhs, rhs))
        return self.F.cast(self.batch_dot(left, right, transpose_a, transpose_b), dtype="float16")

    def nuclear_norm(self, data: Tensor) -> Tensor:
        return mxnet_composed.nuclear_norm(self, data)

    # --- order --------------------------------------------------------------------------------------------------------------

    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        return mxnet_composed.argsort(self, data, axis, is_ascend)

    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        return mxnet_composed.gather_along(self, data, indices, axis)

    # --- fused --------------------------------------------------------------------------------------------------------------

    def smooth_l1(self, data: Tensor, scalar: float = 1.0) -> Tensor:
        return self.F.smooth_l1(data, scalar=scalar)

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        """As declared. Symbols, whose sizes are not known, and single losses get the composition: all logits at once."""
        size = chunk(weight.shape[0], rows) if self.F is mx.nd else 0
        if scale is None or self.F is not mx.nd or data.shape[0] <= size or self.dtype(data) in HALF:
            return super().linear_cross_entropy(data, weight, label, bias, scale, rows)
        inputs = [data, weight, *([] if bias is None else [bias])]
        recording = mx.autograd.is_recording()
        with mx.autograd.pause():
            (value, slopes) = _by_chunks(self, inputs, self._places(label), scale, size, recording)
        # The product with constants has these slopes, and is taken off again. (mx.autograd.Function of 1.9.1 drops the gradients of
        # all inputs after the first that needs none, and those to be added up.)
        for one, slope in zip(inputs, slopes, strict=False):
            product = self.F.sum(one * slope)
            value = value + (product - self.stop_gradient(product))
        return value

    def ctc_loss(
        self,
        data: Tensor,
        label: Tensor,
        data_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
    ) -> Tensor:
        """Connectionist temporal classification by MXNet's kernel; symbols must be float32, the only dtype that it takes.

        Arrays of other dtypes, and empty ones, run the default composition.
        """
        shapes = self.shape(data), self.shape(label)
        if self.dtype(data) not in ("float32", None) or any(shape is not None and 0 in shape for shape in shapes):
            return super().ctc_loss(data, label, data_lengths, label_lengths)
        F = self.F
        label = self.stop_gradient(F.cast(label, dtype="float32"))  # its gradient by the kernel is memory nobody wrote
        first = F.slice_axis(label, axis=1, begin=0, end=1)  # (N, 1)
        column = F.broadcast_like(F.expand_dims(self.arange_like(label, axis=1), axis=0), label)
        if label_lengths is None:
            width = F.sum(F.ones_like(label), axis=1)
            label_lengths = F.minimum(F.min(self.where(label < 0, column, float("inf")), axis=1), width)
        length = F.cast(label_lengths, dtype="float32")
        if data_lengths is None:
            data_lengths = F.sum(F.ones_like(F.slice_axis(data, axis=2, begin=0, end=1)), axis=(0, 2))
        frames = F.cast(data_lengths, dtype="float32")

        # An alignment needs a frame per label and one between equal neighbours. Where there are too few, the kernel gives 0
        # and gradients that need not be: such a row is run without labels, as is one without frames, with one.
        before = F.slice_axis(F.concat(first, label, dim=1), axis=1, begin=0, end=-1)
        inside = F.broadcast_greater(F.expand_dims(length, axis=1), column) * (column > 0)
        needed = length + F.sum((label == before) * inside, axis=1)
        possible = needed <= frames
        # One more row, with a label: in a batch without any label the kernel returns uninitialised memory. And as many
        # more frames, never reached, as labels are wide: it refuses labels wider than the frames.
        zero = F.zeros_like(F.slice_axis(length, axis=0, begin=0, end=1))
        rows = [
            F.concat(label, F.zeros_like(F.slice_axis(label, axis=0, begin=0, end=1)), dim=0),
            F.concat(F.maximum(frames, 1.0), zero + 1.0, dim=0),
            F.concat(self.where(possible, length, 0.0), zero + 1.0, dim=0),
        ]
        more = F.zeros_like(F.slice_axis(data, axis=0, begin=0, end=1))
        more = F.broadcast_like(more, label, lhs_axes=(0,), rhs_axes=(1,))
        longer = F.concat(data, more, dim=0)
        longer = F.concat(longer, F.zeros_like(F.slice_axis(longer, axis=1, begin=0, end=1)), dim=1)
        loss = F.CTCLoss(longer, *rows, use_data_lengths=True, use_label_lengths=True, blank_label="last")
        loss = F.slice_axis(loss, axis=0, begin=0, end=-1)
        return self.where(possible * (frames > 0), loss, self.where(possible, F.zeros_like(loss), float("inf")))


def _by_chunks(
    ops: MXNetOps, inputs: Sequence[Tensor], label: Tensor, scale: Tensor, rows: int, differentiate: bool
) -> tuple[Tensor, list[Tensor]]:
    """The scaled sum of the losses of `OpSet.linear_cross_entropy`, and on demand its gradients for data, weight and bias if any."""
    (F, data, weight, bias) = (mx.nd, inputs[0], inputs[1], inputs[2:])
    (classes, samples) = (weight.shape[0], data.shape[0])
    label = F.maximum(F.minimum(label, classes - 1.0), 0.0)
    (losses, by_data, ones) = ([], [], F.ones((classes, 1), dtype=data.dtype, ctx=data.context))
    (by_weight, *by_bias) = (F.zeros_like(one) for one in inputs[1:])
    for low, high in ((low, min(low + rows, samples)) for low in range(0, samples, rows)):
        (x, place) = (data[low:high], label[low:high])
        logits = F.dot(x, weight, transpose_b=True)
        if bias:
            F.broadcast_add(logits, bias[0].expand_dims(0), out=logits)
        # With the largest logit m and s, the sum of e^(z - m): -log p = log s + (m - z), and p = e^(z - m) / s takes the place of z.
        top = F.max(logits, axis=1, keepdims=True)
        at_label = F.pick(logits, place, axis=1, keepdims=True)
        F.broadcast_sub(logits, top, out=logits)
        power = F.exp(logits, out=logits)
        total = F.dot(power, ones)  # ten times as quick as a sum
        losses.append((F.log(total) + (top - at_label)).reshape(-1))
        if not differentiate:
            continue
        slope = F.broadcast_div(power, total, out=power)
        slope[F.arange(high - low, ctx=data.context), place] = F.pick(slope, place, axis=1) - 1
        factor = scale[low:high].expand_dims(1)
        by_data.append(F.broadcast_mul(F.dot(slope, weight), factor))
        by_weight += F.dot(slope, F.broadcast_mul(x, factor), transpose_a=True)
        for one in by_bias:
            one += F.dot(slope, scale[low:high], transpose_a=True)
    value = ops.sum(ops.where(ops.broadcast_equal(scale, 0.0), 0.0, F.concat(*losses, dim=0)) * scale)
    return value, [F.concat(*by_data, dim=0), by_weight, *by_bias] if differentiate else []


def _recorded(
    function: Callable[..., Tensor], wrt: Sequence[int], arguments: Sequence[Tensor | None], upstream: Tensor | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    if not wrt:
        return function(*arguments), ()
    inputs: list[Any] = list(arguments)
    for i in wrt:
        inputs[i] = inputs[i].detach()
        inputs[i].attach_grad()
    with mx.autograd.record():
        value = function(*inputs)
    if isinstance(value, mx.np.ndarray) and upstream is not None:
        upstream = upstream.as_np_ndarray().reshape(value.shape)
    try:
        value.backward(upstream)
    except mx.MXNetError as error:
        if "not in a computational graph" not in str(error):
            raise
        # No argument has influence: the gradients stay the zeros that attach_grad made.
    return value, tuple(inputs[i].grad for i in wrt)


_EMPTY = "MXNet 1.9.1 fails, or ends the process, when it differentiates an operation on an empty array"


class _Refusal(mx.autograd.Function):  # type: ignore[misc, name-defined]
    """An array as it is, of which a gradient is refused."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self._message = message

    def forward(self, data: Tensor) -> Tensor:
        return data.copy()

    def backward(self, upstream: Tensor) -> None:
        raise TypeError(self._message)


class _Hybrid(mx.gluon.HybridBlock):  # type: ignore[misc, name-defined]
    """A function of tensors, some of which are None, as a block of the others."""

    def __init__(self, function: Callable[..., Tensor], given: Sequence[bool]) -> None:
        super().__init__()
        self._function = function
        self._given = given
        self._dtypes: list[Any] = []
        self.hybridize(static_alloc=True)

    def hybrid_forward(self, F: Any, *tensors: Tensor) -> Tensor:
        for symbol, dtype in zip(tensors, self._dtypes, strict=True):
            symbol._set_attr(__dtype__=str(mx.nd.ndarray._DTYPE_NP_TO_MX[dtype]))  # or its op set could not tell
        rest = iter(tensors)
        return self._function(*(next(rest) if given else None for given in self._given))

    def on_present(self, *arguments: Tensor | None) -> Tensor:
        present = [x for x in arguments if x is not None]
        self._dtypes = [x.dtype for x in present]
        return self(*present)


class MXNetBackend(Backend):
    """MXNet in eager mode, hybridized, in eager mode on `mx.np` arrays, and in eager mode as a call that repeats (`OpSet.graph`)."""

    name = "mxnet"
    dtypes = ("float64", "float32", "float16")
    modes = ("eager", "hybridize", "np", "graph")
    sampled = ("graph",)

    def __init__(self) -> None:
        array, symbol = MXNetOps(mx.nd), MXNetOps(mx.sym)
        # In this order: the `mx.np` kinds are subclasses of the legacy ones.
        self._kinds: tuple[tuple[type, OpSet], ...] = (
            (mx.np.ndarray, MXNetNumPyOps(array)),
            (mx.sym.np._Symbol, MXNetNumPyOps(symbol)),
            (mx.nd.NDArray, array),
            (mx.sym.Symbol, symbol),
        )

    def versions(self) -> dict[str, str]:
        return {"mxnet": mx.__version__, "numpy": np.__version__}

    def op_set(self, tensor: object) -> OpSet | None:
        return next((ops for kind, ops in self._kinds if isinstance(tensor, kind)), None)

    def from_numpy(self, array: np.ndarray[Any, Any], dtype: str) -> Tensor:
        if np.dtype(dtype).type not in mx.nd.ndarray._DTYPE_NP_TO_MX:
            raise UnsupportedError(f"MXNet 1.9.1 has no {dtype} arrays")
        with mx.util.np_shape(array.size == 0):
            return mx.nd.array(array.astype(dtype), dtype=dtype)

    def to_numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = tensor.asnumpy()
        return array

    def refuses(self, shapes: Mapping[str, tuple[int, ...]], dtype: str) -> str | None:
        for name, shape in shapes.items():
            if not shape:
                return f"MXNet's arrays have no shape (), which {name} has"
            if 0 in shape:
                return _EMPTY
        return super().refuses(shapes, dtype)

    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> Any:
        """A `mx.gluon.Parameter`, initialised."""
        made = mx.gluon.Parameter(name, shape=tuple(shape), dtype=dtype or "float32")
        made.initialize(mx.init.Uniform(bound), ctx=device)
        return made

    def tensor_of(self, parameter: Any, like: Tensor) -> Tensor:
        if not isinstance(parameter, mx.gluon.Parameter):
            return parameter
        given = parameter.data()
        return given.as_np_ndarray() if isinstance(like, mx.np.ndarray) else given

    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        if mode not in self.modes:
            raise ValueError(f"mxnet: mode {mode!r} is not one of {', '.join(self.modes)}")
        blocks: dict[tuple[Any, ...], _Hybrid] = {}

        def run(arguments: Sequence[Tensor | None], upstream: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
            empty = any(x is not None and 0 in x.shape for x in arguments)
            if empty and wrt:
                raise UnsupportedError(f"mxnet: {_EMPTY}")
            if mode in ("eager", "graph"):
                with mx.util.np_shape(empty):
                    if mode == "graph":
                        function(*arguments)
                    return _recorded(function, wrt, arguments, upstream)
            if mode == "np":
                with mx.util.np_shape(True):
                    converted = [None if x is None else x.as_np_ndarray() for x in arguments]
                    return _recorded(function, wrt, converted, upstream)
            given = tuple(x is not None for x in arguments)
            kinds = tuple(None if x is None else x.dtype for x in arguments)
            if kinds not in blocks:
                blocks[kinds] = _Hybrid(function, given)
            value, slopes = _recorded(blocks[kinds].on_present, wrt, arguments, upstream)
            return value.copy(), slopes  # statically allocated: the next call writes over it

        return run


BACKEND = MXNetBackend()
