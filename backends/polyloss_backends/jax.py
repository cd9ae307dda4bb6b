"""JAX: the op set on `jax.Array`, eager, compiled, and under all transformations."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import cache, lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np

from polyloss.opset import HALF, Axis, Backend, OpSet, Shape, Tensor, chunk, gathered_axis, reduced_axes
from polyloss_backends import jax_kernels


class JaxOps(OpSet):
    """The op set on `jax.Array`, tracers included."""

    name = "jax"

    # --- what a tensor is -------------------------------------------------------------------------------------------------

    def shape(self, data: Tensor) -> Shape:
        return tuple(data.shape)

    def dtype(self, data: Tensor) -> str:
        return str(data.dtype)

    def readable(self, data: Tensor) -> bool:
        return not _is_tracer(data.__class__) and _on_this_host(data.sharding)

    compiles = True

    def repeatable(self, data: Sequence[Tensor]) -> Hashable | None:
        # Eager differentiation wraps an array, which a compiled call takes as it takes the array; other tracers hold none.
        forms = []
        for one in data:
            array = one
            while _is_tracer(array.__class__):
                array = getattr(array, "primal", None)
            if array is None:
                return None
            aval = one.aval  # whose attributes take a third of the time
            forms.append((aval.shape, aval.dtype))
        return tuple(forms)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # Value and gradient are two programs when differentiation is eager: computing anew is faster than what they would pass on.
        run: Callable[..., Any] = jax.jit(jax.checkpoint(function, prevent_cse=False))
        return run

    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return data.astype(_kind(dtype))

    def stop_gradient(self, data: Tensor) -> Tensor:
        return jax.lax.stop_gradient(data)

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        return _refusing(data, message)

    # --- layout -----------------------------------------------------------------------------------------------------------

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        return data.reshape(tuple(shape))

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs.reshape(rhs.shape)

    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        return data.swapaxes(dim1, dim2)

    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        return jnp.expand_dims(data, axis)

    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jnp.broadcast_to(lhs, rhs.shape)

    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        return jnp.concatenate(data, axis=dim)

    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        return jnp.stack(data, axis=axis)

    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        (place,) = reduced_axes(axis, data.ndim)
        return data[(slice(None),) * place + (slice(begin, end),)]

    def flip(self, data: Tensor, axis: int) -> Tensor:
        return jnp.flip(data, axis)

    # --- constants ----------------------------------------------------------------------------------------------------------

    def zeros_like(self, data: Tensor) -> Tensor:
        return jnp.zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return jnp.ones_like(data)

    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        (place,) = reduced_axes(axis, data.ndim)
        return jnp.arange(data.shape[place], dtype=data.dtype)

    def eye_like(self, data: Tensor) -> Tensor:
        (rows, columns) = data.shape
        return jnp.eye(rows, columns, dtype=data.dtype)

    def one_hot(
        self, indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
    ) -> Tensor:
        hot = _places(indices, -1, depth)[..., None] == jnp.arange(depth)
        return jnp.where(hot, *(jnp.asarray(value, _kind(dtype)) for value in (on_value, off_value)))

    # --- elementwise --------------------------------------------------------------------------------------------------------

    def abs(self, data: Tensor) -> Tensor:
        return jax_kernels.absolute(data)

    def sign(self, data: Tensor) -> Tensor:
        return jnp.sign(data)

    def square(self, data: Tensor) -> Tensor:
        return jnp.square(data)

    def sqrt(self, data: Tensor) -> Tensor:
        return jnp.sqrt(data)

    def rsqrt(self, data: Tensor) -> Tensor:
        return jax.lax.rsqrt(data)

    def exp(self, data: Tensor) -> Tensor:
        return jnp.exp(data)

    def power(self, data: Tensor, exponent: float) -> Tensor:
        return data**exponent

    def log(self, data: Tensor) -> Tensor:
        return jnp.log(data)

    def log1p(self, data: Tensor) -> Tensor:
        if data.dtype != jnp.float64:
            wide = _at_least_single(data)
            return (jax_kernels.log1p if jax_kernels.on_cpu() else jnp.log1p)(wide).astype(data.dtype)
        # jaxlib 0.7.1 on CPU takes its approximation for small numbers down to -0.414, where it is off by 120 ULP; good from -0.364 on.
        off = (data > -0.42) & (data < -0.36)
        return jnp.where(off, jnp.log(1 + jnp.where(off, data, 0)), jnp.log1p(jnp.where(off, 0, data)))

    def arctan(self, data: Tensor) -> Tensor:
        return jnp.arctan(data)

    def relu(self, data: Tensor) -> Tensor:
        return jax.nn.relu(data)

    def sigmoid(self, data: Tensor) -> Tensor:
        # JAX's gradient s (1 - s) is 0 as soon as s rounds to 1. By s(x) = 1 - s(-x) it is taken where s is small.
        negative = data < 0
        tail = jax.nn.sigmoid(jnp.where(negative, data, -data))
        return jnp.where(negative, tail, 1 - tail)

    def softrelu(self, data: Tensor) -> Tensor:
        # max(x, 0) + log(1 + e^-|x|), with one branch's slopes at 0. The gradient of jax.nn.softplus, e^(x - softplus(x)),
        # is less exact.
        negative = data < 0
        return jnp.where(negative, 0, data) + self.log1p(jnp.exp(jnp.where(negative, data, -data)))

    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        # jnp.clip has slope 1/2 at the ends.
        clipped = data if a_min == -jnp.inf else jnp.where(data < a_min, a_min, data)
        clipped = clipped if a_max == jnp.inf else jnp.where(clipped > a_max, a_max, clipped)
        return clipped.astype(data.dtype)  # an integer tensor would follow a float bound

    # --- two tensors, broadcast ---------------------------------------------------------------------------------------------

    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jax_kernels.spread(lhs, rhs) + jax_kernels.spread(rhs, lhs)

    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jax_kernels.spread(lhs, rhs) - jax_kernels.spread(rhs, lhs)

    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jax_kernels.spread(lhs, rhs) * jax_kernels.spread(rhs, lhs)

    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jax_kernels.spread(lhs, rhs) / jax_kernels.spread(rhs, lhs)

    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jnp.where((lhs >= rhs) | jnp.isnan(lhs), lhs, rhs)  # jnp.maximum shares the gradient of a tie

    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return jnp.where((lhs <= rhs) | jnp.isnan(lhs), lhs, rhs)

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return (lhs == rhs).astype(lhs.dtype)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return (lhs > rhs).astype(lhs.dtype)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        like: Any = y if isinstance(x, (int, float)) else x
        kind = like.dtype
        return jnp.where(condition.astype(bool), jnp.asarray(x, kind), jnp.asarray(y, kind))

    # --- reductions ---------------------------------------------------------------------------------------------------------

    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return jax_kernels.total(data, reduced_axes(axis, data.ndim, exclude), keepdims)

    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = reduced_axes(axis, data.ndim, exclude)
        if jax_kernels.row_size(data, axes):
            return jax_kernels.total(data, axes, keepdims) / math.prod(data.shape[i] for i in axes)
        return data.mean(axes, keepdims=keepdims)

    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = reduced_axes(axis, data.ndim, exclude)
        if not jax_kernels.row_size(data, axes):
            return data.max(axes, keepdims=keepdims)
        top = jax_kernels.largest(data.reshape(*data.shape[: data.ndim - len(axes)], -1))
        return top.reshape([1 if i in axes else n for i, n in enumerate(data.shape)]) if keepdims else top.squeeze(-1)

    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return data.min(reduced_axes(axis, data.ndim, exclude), keepdims=keepdims)

    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        # The square root is kept away from 0, for the sake of all its derivatives. A float16 square overflows from 256.
        total = self.sum(jnp.square(_at_least_single(data)), axis, keepdims, exclude)
        zero = total == 0
        return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, total))).astype(data.dtype)

    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        wide = _at_least_single(data)
        return wide.cumsum(axis, dtype=wide.dtype).astype(data.dtype)

    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return jax.nn.softmax(data, axis)

    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        (top, log_total) = self._top_and_rest(data, axis)
        return (data - top) - jax_kernels.spread(log_total, data)

    def _top_and_rest(self, data: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Along `axis`, which keeps size 1, the largest element and what ``log sum_j e^x_j`` is above it."""
        top = self.max(jax.lax.stop_gradient(data), axis, keepdims=True)
        return top, jnp.log(jax_kernels.total_of_powers(data, top, reduced_axes(axis, data.ndim)))

    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        (axis,) = reduced_axes(axis, data.ndim)
        if index.ndim < data.ndim:
            index = jnp.expand_dims(index, axis)
        expected = (*data.shape[:axis], 1, *data.shape[axis + 1 :])
        if index.shape != expected:  # take_along_axis would broadcast
            raise ValueError(f"an index of shape {index.shape} does not fit {data.shape} along axis {axis}")
        picked = jax_kernels.picked(data, _places(index, 0, data.shape[axis] - 1), axis)
        return picked if keepdims else picked.squeeze(axis)

    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        return jnp.take(data, _places(indices, 0, data.shape[0] - 1), axis=0, mode="clip")

    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        return (lhs.T if transpose_a else lhs) @ (rhs.T if transpose_b else rhs)

    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        return (lhs.swapaxes(1, 2) if transpose_a else lhs) @ (rhs.swapaxes(1, 2) if transpose_b else rhs)

    def nuclear_norm(self, data: Tensor) -> Tensor:
        wide = _at_least_single(data)
        values = jnp.linalg.svd(wide, compute_uv=False)
        zero = values <= jax.lax.stop_gradient(values[:1]) * (max(data.shape) * float(jnp.finfo(wide.dtype).eps))
        return jnp.where(zero, 0, values).sum().astype(data.dtype)

    # --- order --------------------------------------------------------------------------------------------------------------

    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        key = jax.lax.stop_gradient(data)
        if jnp.issubdtype(key.dtype, jnp.floating):
            key = jnp.where(jnp.isnan(key), jnp.inf, key)
        return jnp.argsort(key, axis, stable=True, descending=not is_ascend).astype(jnp.int32)

    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        place = gathered_axis(data.shape, indices.shape, axis)
        return jnp.take_along_axis(data, _places(indices, 0, data.shape[place] - 1), place, mode="clip")

    # --- replaced compositions; XLA fuses the others as they are --------------------------------------------------------------

    def logsumexp(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return jax.nn.logsumexp(data, reduced_axes(axis, data.ndim, exclude), keepdims=keepdims)

    def softmax_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        # The logarithms of all the other probabilities are never stored.
        (top, log_total) = self._top_and_rest(data, axis)
        loss = log_total - (self.pick(data, label, axis, keepdims=True) - top)
        return loss if keepdims else loss.squeeze(axis)

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        """As declared. What is worked through in chunks has no forward-mode derivative (`jax.jvp`)."""
        size = chunk(weight.shape[0], rows)
        if data.shape[0] <= size or self.dtype(data) in HALF:
            return super().linear_cross_entropy(data, weight, label, bias, scale, rows)
        place = _places(label, 0, weight.shape[0] - 1)
        if scale is None:
            return _losses(data, weight, bias, place, size)
        return _scaled_sum(data, weight, bias, place, jax.lax.stop_gradient(scale), size)

    def scan(self, body: Callable[[Tensor, Tensor], Tensor], data: Tensor, state: Tensor) -> Tensor:
        return jax.lax.scan(lambda carry, frame: (body(frame, carry), None), state, data)[0]

    def ctc_loss(
        self, data: Tensor, label: Tensor, data_lengths: Tensor | None = None, label_lengths: Tensor | None = None
    ) -> Tensor:
        return _ctc_loss(self, data, label, data_lengths, label_lengths)

    def ctc_alignment(
        self,
        log_prob: Tensor,
        label: Tensor,
        data_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
        blank: int = -1,
    ) -> Tensor:
        return _ctc_alignment(self, log_prob, label, data_lengths, label_lengths, blank)


@cache
def _is_tracer(kind: type) -> bool:
    return issubclass(kind, jax.core.Tracer)


@lru_cache
def _on_this_host(sharding: jax.sharding.Sharding) -> bool:
    return sharding.is_fully_addressable and all(device.platform == "cpu" for device in sharding.device_set)


def _kind(dtype: str) -> Any:
    """The dtype of that name. Without ``jax_enable_x64`` JAX has 32 bits in place of 64, and would warn each time."""
    return jax.dtypes.canonicalize_dtype(dtype)


def _at_least_single(data: Tensor) -> Tensor:
    return data.astype(jnp.float32) if data.dtype in (jnp.float16, jnp.bfloat16) else data


def _places(index: Tensor, low: int, high: int) -> Tensor:
    """`index`, of any real dtype, as integers: truncated toward zero and clipped into [low, high]; NaN is `low`."""
    if jnp.issubdtype(index.dtype, jnp.floating):
        # The conversion of NaN and of what an integer cannot hold is undefined.
        wide = _at_least_single(index)
        index = jnp.where(jnp.isnan(wide), low, wide).clip(low, high)
    return index.astype(_kind("int64")).clip(low, high)


Slopes = tuple[Tensor, Tensor, Tensor | None]


def _by_chunks(
    data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, scale: Tensor | None, rows: int
) -> tuple[Tensor, Slopes | None]:
    """The losses of `OpSet.linear_cross_entropy`, and if there is a scale the gradients of their scaled sum for data, weight and bias."""
    samples = data.shape[0]
    rows = -(-samples // -(-samples // rows))  # as many chunks, but of one size as far as that goes

    def chunks(given: Tensor) -> Tensor:
        filled = jnp.pad(given, [(0, -samples % rows)] + [(0, 0)] * (given.ndim - 1))
        return filled.reshape(-1, rows, *given.shape[1:])

    # Classes lead in the logits of a chunk, as in the weight: XLA's matrix products with so few rows take half the time on a CPU.
    def step(slopes: Any, part: Any) -> Any:
        (x, label, factor) = part
        logits = weight @ x.T if bias is None else weight @ x.T + bias[:, None]
        log_p = jax.nn.log_softmax(logits, axis=0)
        loss = -jnp.take_along_axis(log_p, label[None], 0)[0]
        if factor is None:
            return None, (loss, None)
        slope = (jnp.exp(log_p) - (jnp.arange(weight.shape[0])[:, None] == label)) * factor
        (by_weight, by_bias) = slopes
        by_bias = None if bias is None else by_bias + slope.sum(1)
        return (by_weight + slope @ x, by_bias), (loss, slope.T @ weight)

    parts = (chunks(data), chunks(place), None if scale is None else chunks(scale))
    start = None if scale is None else (jnp.zeros_like(weight), None if bias is None else jnp.zeros_like(bias))
    (slopes, (loss, by_data)) = jax.lax.scan(step, start, parts)
    loss = loss.reshape(-1)[:samples]
    return loss, None if scale is None else (by_data.reshape(-1, data.shape[1])[:samples], *slopes)


def _sum_of(loss: Tensor, scale: Tensor) -> Tensor:
    return (jnp.where(scale == 0, 0, loss) * scale).sum()


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _refusing(data: Tensor, message: str) -> Tensor:
    """A tensor as it is, of which a gradient is refused."""
    return data


def _refuse(message: str, primals: Any, tangents: Any) -> Any:
    raise TypeError(message)


_refusing.defjvp(_refuse)


@partial(jax.jit, static_argnums=5)
@partial(jax.custom_vjp, nondiff_argnums=(5,))
def _scaled_sum(data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, scale: Tensor, rows: int) -> Tensor:
    return _sum_of(_by_chunks(data, weight, bias, place, None, rows)[0], scale)


def _sum_forward(
    data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, scale: Tensor, rows: int
) -> tuple[Tensor, Slopes | None]:
    (loss, slopes) = _by_chunks(data, weight, bias, place, scale, rows)
    return _sum_of(loss, scale), slopes


def _sum_backward(rows: int, slopes: Slopes, upstream: Tensor) -> tuple[Tensor | None, ...]:
    return (*(None if one is None else one * upstream for one in slopes), None, None)


@partial(jax.jit, static_argnums=4)
@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _losses(data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, rows: int) -> Tensor:
    return _by_chunks(data, weight, bias, place, None, rows)[0]


def _losses_forward(
    data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, rows: int
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    return _losses(data, weight, bias, place, rows), (data, weight, bias, place)


def _losses_backward(rows: int, given: tuple[Any, ...], upstream: Tensor) -> tuple[Tensor | None, ...]:
    (data, weight, bias, place) = given
    slopes = _by_chunks(data, weight, bias, place, upstream, rows)[1]
    return (*(slopes or ()), None)


_scaled_sum.__wrapped__.defvjp(_sum_forward, _sum_backward)
_losses.__wrapped__.defvjp(_losses_forward, _losses_backward)

OPS = JaxOps()


# Compiled once for its shapes also when called eagerly, where lax.scan alone would be compiled anew in every call.
_ctc_loss = jax.jit(OpSet.ctc_loss, static_argnums=0)
_ctc_alignment = jax.jit(OpSet.ctc_alignment, static_argnums=(0, 5))


class JaxBackend(Backend):
    """JAX, as values one by one (``eager``) or with value and gradient compiled as one call (``jit``)."""

    name = "jax"
    modes = ("eager", "jit")
    by_operation = ("eager", "composed")

    @property
    def dtypes(self) -> tuple[str, ...]:  # type: ignore[override]  # the program may set jax_enable_x64 at any time
        """The floating-point dtypes of its tensors; float64 with ``jax_enable_x64`` only."""
        return ("float16", "bfloat16", "float32", *(("float64",) if jax.config.jax_enable_x64 else ()))

    def versions(self) -> dict[str, str]:
        return {"jax": str(jax.__version__), "jaxlib": str(jaxlib.__version__)}

    def op_set(self, tensor: object) -> OpSet | None:
        return OPS if isinstance(tensor, jax.Array) else None

    def from_numpy(self, array: np.ndarray[Any, Any], dtype: str) -> Tensor:
        """A copy."""
        kind = _kind(dtype)
        with np.errstate(over="ignore"):
            return jnp.array(array.astype(np.float32 if dtype == "bfloat16" else kind), kind)

    def to_numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        return np.array(tensor, np.float32 if tensor.dtype == jnp.bfloat16 else None)

    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> Tensor:
        """An array; JAX keeps no generator, so NumPy's global one draws it (`numpy.random.seed`)."""
        drawn = np.random.uniform(-bound, bound, tuple(shape))
        return jax.device_put(self.from_numpy(drawn, dtype or "float32"), device)

    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        if mode not in self.modes:
            raise ValueError(f"jax has no mode {mode!r}: there are {', '.join(self.modes)}")

        def run(arguments: Sequence[Tensor | None], upstream: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
            if not wrt:
                return function(*arguments), ()

            def of_chosen(*chosen: Tensor) -> Tensor:
                given = list(arguments)
                for i, one in zip(wrt, chosen, strict=True):
                    given[i] = one
                return function(*given)

            value, pull_back = jax.vjp(of_chosen, *(arguments[i] for i in wrt))
            return value, pull_back(jnp.ones_like(value) if upstream is None else upstream)

        return jax.jit(run) if mode == "jit" else run


BACKEND = JaxBackend()
