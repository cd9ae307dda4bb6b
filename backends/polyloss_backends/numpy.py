"""NumPy: the op set in its plainest form. Values only; there is no automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from polyloss.opset import Axis, Backend, OpSet, Shape, Tensor, chunk, gathered_axis, reduced_axes

Array = np.ndarray[Any, Any]


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """IEEE results without NumPy's warnings: log(0) and 0/0 are part of the contract, on every backend alike."""
    return np.errstate(all="ignore")(function)


def _wide(data: Array) -> Array:
    """float16 adds up in float32, as the other frameworks do on a CPU."""
    return data.astype(np.float32) if data.dtype == np.float16 else data


def _reduce(ufunc: Callable[..., Any], data: Array, axis: Axis, keepdims: bool, exclude: bool) -> Array:
    axes = reduced_axes(axis, data.ndim, exclude)
    result = ufunc(_wide(data), axis=axes, keepdims=keepdims) if axes else data
    return np.asarray(result).astype(data.dtype, copy=False)


class NumpyOps(OpSet):
    """The op set on `numpy.ndarray`."""

    name = "numpy"

    def shape(self, data: Tensor) -> Shape:
        return cast(Shape, data.shape)

    def dtype(self, data: Tensor) -> str:
        return str(data.dtype)

    def readable(self, data: Tensor) -> bool:
        return True

    @_quiet
    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return data.astype(dtype, copy=False)

    def stop_gradient(self, data: Tensor) -> Tensor:
        return data

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        return data

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        return np.reshape(data, tuple(shape))

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return np.reshape(lhs, rhs.shape)

    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        return np.swapaxes(data, dim1, dim2)

    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        return np.expand_dims(data, axis)

    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return np.broadcast_to(lhs, rhs.shape)

    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        return np.concatenate(data, axis=dim)

    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        return np.stack(data, axis=axis)

    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        (i,) = reduced_axes(axis, data.ndim)
        return data[(slice(None),) * i + (slice(begin, end),)]

    def flip(self, data: Tensor, axis: int) -> Tensor:
        return np.flip(data, axis)

    def zeros_like(self, data: Tensor) -> Tensor:
        return np.zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return np.ones_like(data)

    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        (i,) = reduced_axes(axis, data.ndim)
        return np.arange(data.shape[i]).astype(data.dtype)

    def eye_like(self, data: Tensor) -> Tensor:
        (rows, columns) = data.shape
        return np.eye(rows, columns, dtype=data.dtype)

    @_quiet
    def one_hot(
        self, indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
    ) -> Tensor:
        hit = np.trunc(indices)[..., None] == np.arange(depth)
        return np.where(hit, np.asarray(on_value, dtype), np.asarray(off_value, dtype))

    def abs(self, data: Tensor) -> Tensor:
        return np.abs(data)

    def sign(self, data: Tensor) -> Tensor:
        return np.sign(data)

    @_quiet
    def square(self, data: Tensor) -> Tensor:
        return np.square(data)

    @_quiet
    def sqrt(self, data: Tensor) -> Tensor:
        return np.sqrt(data)

    @_quiet
    def rsqrt(self, data: Tensor) -> Tensor:
        return np.reciprocal(np.sqrt(data))

    @_quiet
    def exp(self, data: Tensor) -> Tensor:
        return np.exp(data)

    @_quiet
    def power(self, data: Tensor, exponent: float) -> Tensor:
        return np.power(data, data.dtype.type(exponent))

    @_quiet
    def log(self, data: Tensor) -> Tensor:
        return np.log(data)

    @_quiet
    def log1p(self, data: Tensor) -> Tensor:
        return np.log1p(data)

    def arctan(self, data: Tensor) -> Tensor:
        return np.arctan(data)

    def relu(self, data: Tensor) -> Tensor:
        return np.maximum(data, data.dtype.type(0))

    @_quiet
    def sigmoid(self, data: Tensor) -> Tensor:
        small = np.exp(-np.abs(data))  # in (0, 1]: never overflows
        one = data.dtype.type(1)  # beside a 0-d array of NumPy 1, a Python number is a float64
        return np.where(data >= 0, one, small) / (one + small)

    @_quiet
    def softrelu(self, data: Tensor) -> Tensor:
        return np.logaddexp(data, data.dtype.type(0))

    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        kind = data.dtype.type
        return np.minimum(np.maximum(data, kind(a_min)), kind(a_max))

    @_quiet
    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs + rhs

    @_quiet
    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs - rhs

    @_quiet
    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs * rhs

    @_quiet
    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs / rhs

    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return np.maximum(lhs, rhs)

    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return np.minimum(lhs, rhs)

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return np.equal(lhs, rhs).astype(lhs.dtype)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return np.greater(lhs, rhs).astype(lhs.dtype)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        dtype = next(side.dtype for side in (x, y) if isinstance(side, np.ndarray | np.generic))
        return np.where(condition, np.asarray(x, dtype), np.asarray(y, dtype))

    @_quiet
    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return _reduce(np.sum, data, axis, keepdims, exclude)

    @_quiet
    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = reduced_axes(axis, data.ndim, exclude)
        if not axes:
            return data
        count = int(np.prod([data.shape[i] for i in axes]))
        total = np.sum(_wide(data), axis=axes, keepdims=keepdims)  # np.mean of nothing warns
        return np.asarray(total / total.dtype.type(count)).astype(data.dtype, copy=False)

    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return _reduce(np.max, data, axis, keepdims, exclude)

    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return _reduce(np.min, data, axis, keepdims, exclude)

    @_quiet
    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        squares = np.square(_wide(data))
        return np.asarray(np.sqrt(_reduce(np.sum, squares, axis, keepdims, exclude))).astype(data.dtype, copy=False)

    @_quiet
    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        return np.cumsum(_wide(data), axis, dtype=_wide(data).dtype).astype(data.dtype, copy=False)

    @_quiet
    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        wide = _wide(data)
        part = np.exp(wide - wide.max(axis=axis, keepdims=True))
        return (part / part.sum(axis=axis, keepdims=True)).astype(data.dtype, copy=False)

    @_quiet
    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        wide = _wide(data)
        shifted = wide - wide.max(axis=axis, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        return (shifted - total).astype(data.dtype, copy=False)

    @_quiet
    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        (i,) = reduced_axes(axis, data.ndim)
        if index.ndim < data.ndim:
            index = np.expand_dims(index, i)
        picked = np.take_along_axis(data, _places(index, data.shape[i]), axis=i)
        return picked if keepdims else np.squeeze(picked, axis=i)

    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        return data[_places(indices, len(data))]

    @_quiet
    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        (left, right) = (_wide(lhs), _wide(rhs))
        product = (left.T if transpose_a else left) @ (right.T if transpose_b else right)
        return product.astype(lhs.dtype, copy=False)

    @_quiet
    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        (left, right) = (_wide(lhs), _wide(rhs))
        left = np.swapaxes(left, 1, 2) if transpose_a else left
        return (left @ (np.swapaxes(right, 1, 2) if transpose_b else right)).astype(lhs.dtype, copy=False)

    def nuclear_norm(self, data: Tensor) -> Tensor:
        if not np.isfinite(data).all():
            return np.asarray(np.nan, data.dtype)
        return np.asarray(np.linalg.svd(_wide(data), compute_uv=False).sum()).astype(data.dtype, copy=False)

    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        key = np.where(data != data, np.asarray(np.inf, data.dtype), data) if data.dtype.kind == "f" else data
        if is_ascend:
            return np.argsort(key, axis, kind="stable").astype(np.int32)
        order = np.argsort(np.flip(key, axis), axis, kind="stable")  # reversed twice, ties are in order again
        return (data.shape[axis] - 1 - np.flip(order, axis)).astype(np.int32)

    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        place = gathered_axis(data.shape, indices.shape, axis)
        return np.take_along_axis(data, _places(indices, data.shape[place]), place)

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        (samples, size) = (len(data), chunk(len(weight), rows))
        if samples <= size:
            return super().linear_cross_entropy(data, weight, label, bias, scale, rows)
        if scale is not None:
            loss = self.linear_cross_entropy(data, weight, label, bias, rows=rows)
            return self.sum(np.where(scale == 0, loss.dtype.type(0), loss) * scale)
        parts = [slice(begin, begin + size) for begin in range(0, samples, size)]
        return np.concatenate(
            [super(NumpyOps, self).linear_cross_entropy(data[i], weight, label[i], bias) for i in parts]
        )


def _places(index: Array, size: int) -> Array:
    return np.clip(np.nan_to_num(index, nan=0.0), 0, size - 1).astype(np.int64)


class NumpyBackend(Backend):
    """NumPy: values in eager mode."""

    name = "numpy"
    dtypes = ("float64", "float32", "float16")
    modes = ("eager",)
    differentiable = False
    _ops = NumpyOps()

    def versions(self) -> dict[str, str]:
        return {"numpy": np.__version__}

    def op_set(self, tensor: object) -> OpSet | None:
        return self._ops if isinstance(tensor, np.ndarray | np.generic) else None

    def from_numpy(self, array: Array, dtype: str) -> Tensor:
        if array.dtype == dtype:
            return array
        result = np.empty_like(array, dtype=dtype, subok=False)
        if array.ndim and array.size and not array.flags.forc:  # keep a strided view strided
            result = np.repeat(result, 2, axis=-1)[..., ::2]
        with np.errstate(over="ignore"):
            result[...] = array
        return result

    def to_numpy(self, tensor: Tensor) -> Array:
        return np.asarray(tensor)

    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> Array:
        """An array drawn by the global generator (`numpy.random.seed`)."""
        if device not in (None, "cpu"):
            raise ValueError(f"numpy: device={device!r}; accepted are None and 'cpu'")
        drawn: Array = self.from_numpy(np.random.uniform(-bound, bound, tuple(shape)), dtype or "float32")
        return drawn

    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        if mode not in self.modes:
            raise ValueError(f"numpy: mode {mode!r} is not one of {', '.join(self.modes)}")

        def run(
            arguments: Sequence[Tensor | None], upstream: Tensor | None = None
        ) -> tuple[Tensor, tuple[Tensor, ...]]:
            return function(*arguments), ()

        return run


BACKEND = NumpyBackend()
