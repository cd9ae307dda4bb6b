"""PyTorch: the op set on `torch.Tensor`, eager, compiled, and under the transforms of `torch.func`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from polyloss.opset import HALF, Axis, Backend, OpSet, Shape, Tensor, chunk, gathered_axis, reduced_axes
from polyloss_backends import torch_kernels, torch_ready

_PLAIN = {torch.Tensor, torch.nn.Parameter}
_OPTIONS = {bool, int, float, str, type(None)}
_NAMES = {kind: str(kind).removeprefix("torch.") for kind in vars(torch).values() if isinstance(kind, torch.dtype)}


class TorchOps(OpSet):
    """The op set on `torch.Tensor`."""

    name = "torch"
    index_dtypes = ("int64", "uint8")

    # --- what a tensor is -------------------------------------------------------------------------------------------------

    def shape(self, data: Tensor) -> Shape:
        return tuple(data.shape)

    def dtype(self, data: Tensor) -> str:
        return _NAMES[data.dtype]

    def readable(self, data: Tensor) -> bool:
        return data.is_cpu and not torch.compiler.is_compiling()

    def autocast_dtype(self, data: Tensor) -> str:
        name = _NAMES[data.dtype]
        return "float32" if name in HALF and torch.is_autocast_enabled(data.device.type) else name

    def extremes(self, data: Tensor) -> tuple[float, float]:
        (least, most) = torch.aminmax(data)
        return float(least), float(most)

    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return data.to(getattr(torch, dtype))

    def stop_gradient(self, data: Tensor) -> Tensor:
        return data.detach()

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        return _Refusal.apply(data, message)

    # --- layout -----------------------------------------------------------------------------------------------------------

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        return data.reshape(tuple(shape))

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs.reshape(rhs.shape)

    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        return data.swapaxes(dim1, dim2)

    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        return data.unsqueeze(axis)

    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs.expand_as(rhs)

    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        return torch.cat(data, dim)

    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        return torch.stack(data, axis)

    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        (place,) = reduced_axes(axis, data.dim())
        return data[(slice(None),) * place + (slice(begin, end),)]

    def flip(self, data: Tensor, axis: int) -> Tensor:
        return data.flip(axis)

    # --- constants ----------------------------------------------------------------------------------------------------------

    def zeros_like(self, data: Tensor) -> Tensor:
        return torch.zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return torch.ones_like(data)

    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        return torch.arange(data.size(axis), dtype=data.dtype, device=data.device)

    def eye_like(self, data: Tensor) -> Tensor:
        (rows, columns) = data.shape
        return torch.eye(rows, columns, dtype=data.dtype, device=data.device)

    def one_hot(
        self, indices: Tensor, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
    ) -> Tensor:
        hot = _places(indices, -1, depth).unsqueeze(-1) == torch.arange(depth, device=indices.device)
        return torch.full_like(hot, off_value, dtype=getattr(torch, dtype)).masked_fill(hot, on_value)

    # --- elementwise --------------------------------------------------------------------------------------------------------

    def abs(self, data: Tensor) -> Tensor:
        return data.abs()

    def sign(self, data: Tensor) -> Tensor:
        return torch.where(data.isnan(), data.detach(), data.sign())  # torch's own is 0 for NaN

    def square(self, data: Tensor) -> Tensor:
        return data.square()

    def sqrt(self, data: Tensor) -> Tensor:
        return data.sqrt()

    def rsqrt(self, data: Tensor) -> Tensor:
        return data.rsqrt()

    def exp(self, data: Tensor) -> Tensor:
        return data.exp()

    def power(self, data: Tensor, exponent: float) -> Tensor:
        return data.pow(exponent)

    def log(self, data: Tensor) -> Tensor:
        return data.log()

    def log1p(self, data: Tensor) -> Tensor:
        return data.log1p()

    def arctan(self, data: Tensor) -> Tensor:
        return data.arctan()

    def relu(self, data: Tensor) -> Tensor:
        return data.relu()

    def sigmoid(self, data: Tensor) -> Tensor:
        # torch's gradient s (1 - s) is 0 as soon as s rounds to 1. By s(x) = 1 - s(-x) it is taken where s is small.
        side = torch.ones_like(data).copysign(
            -data.detach()
        )  # 1 for x < 0, else -1; not torch.where, which is slow on a CPU
        return side * (side * data).sigmoid() + (side < 0)

    def softrelu(self, data: Tensor) -> Tensor:
        # log(1 + e^40) is 40 to the last bit of float64, and e^40 fits float32: the shortcut is exact.
        return F.softplus(data, threshold=40)

    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        # Inductor computes a bound that nothing reaches like any other.
        if a_max != float("inf"):
            clipped = data.clamp(a_min, a_max)
        else:
            clipped = data.clamp_min(a_min) if a_min != -float("inf") else data
        return clipped.to(data.dtype)  # an integer tensor would follow a float bound

    # --- two tensors, broadcast ---------------------------------------------------------------------------------------------

    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs + rhs

    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs - rhs

    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs * rhs

    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs / rhs

    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return torch.where((lhs >= rhs) | lhs.isnan(), lhs, rhs)  # torch.maximum shares the gradient of a tie

    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return torch.where((lhs <= rhs) | lhs.isnan(), lhs, rhs)

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return (lhs == rhs).to(lhs.dtype)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return (lhs > rhs).to(lhs.dtype)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        chosen = condition
        if condition.dtype != torch.bool:
            # Inductor makes no vector code of bool(), and eager torch is slow at comparing.
            chosen = condition != 0 if torch.compiler.is_compiling() else condition.bool()
        if isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor):
            return torch.where(chosen, x, y)
        return torch.where(chosen, _tensor(x, y), _tensor(y, x))

    # --- reductions ---------------------------------------------------------------------------------------------------------
    # To torch, an empty list of axes means all of them.

    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        if axis is None and not keepdims and not exclude:
            return data.sum(dtype=data.dtype)
        axes = reduced_axes(axis, data.dim(), exclude)
        return data.sum(axes, keepdim=keepdims, dtype=data.dtype) if axes else data

    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        if axis is None and not keepdims and not exclude:
            return data.mean()
        axes = reduced_axes(axis, data.dim(), exclude)
        return data.mean(axes, keepdim=keepdims) if axes else data

    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = reduced_axes(axis, data.dim(), exclude)
        return data.amax(axes, keepdim=keepdims) if axes else data

    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = reduced_axes(axis, data.dim(), exclude)
        return data.amin(axes, keepdim=keepdims) if axes else data

    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        # linalg.vector_norm has NaN for its second derivatives at 0. A float16 square overflows from 256.
        total = self.sum(_at_least_single(data).square(), axis, keepdims, exclude)
        zero = total == 0
        return total.masked_fill(zero, 1).sqrt().masked_fill(zero, 0).to(data.dtype)

    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        wide = _at_least_single(data)
        return wide.cumsum(axis, dtype=wide.dtype).to(data.dtype)

    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return data.softmax(axis)

    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        return data.log_softmax(axis)

    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        (axis, index) = _along(data, index, axis)
        picked = data.gather(axis, index)
        return picked if keepdims else picked.squeeze(axis)

    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        return data[_places(indices, 0, data.size(0) - 1)]

    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        return (lhs.t() if transpose_a else lhs) @ (rhs.t() if transpose_b else rhs)

    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        return (lhs.mT if transpose_a else lhs).bmm(rhs.mT if transpose_b else rhs)

    def nuclear_norm(self, data: Tensor) -> Tensor:
        wide = _at_least_single(data)
        finite = wide.isfinite().all()  # torch raises for a NaN
        values = torch.linalg.svdvals(torch.where(finite, wide, 0))
        zero = values <= values[:1].detach() * (max(data.shape) * torch.finfo(wide.dtype).eps)
        return torch.where(finite, values.masked_fill(zero, 0).sum(), float("nan")).to(data.dtype)

    # --- order --------------------------------------------------------------------------------------------------------------

    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        key = data.detach()
        if key.is_floating_point():
            key = key.masked_fill(key.isnan(), float("inf"))
        return key.argsort(dim=axis, descending=not is_ascend, stable=True).int()

    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        place = gathered_axis(data.shape, indices.shape, axis)
        return data.gather(place, _places(indices, 0, data.size(place) - 1))

    # --- fused kernels ------------------------------------------------------------------------------------------------------
    # F.binary_cross_entropy_with_logits does not serve as sigmoid_cross_entropy: in float32 its value is 0 at x = -20 and
    # label 0, its gradient 0 at x = 20 and label 1 (torch 2.13), where both are 2e-9. F.ctc_loss does not serve as ctc_loss:
    # it has no second derivative, no vmap, no compilation as a whole, and a NaN gradient where no alignment exists. The gradient of
    # torch.logsumexp is exp(x - result), with the rounding of the result in the exponent.

    def squared_error(self, data: Tensor, label: Tensor) -> Tensor:
        return F.mse_loss(data, label, reduction="none")

    def smooth_l1(self, data: Tensor, scalar: float = 1.0) -> Tensor:
        return F.smooth_l1_loss(data, torch.zeros_like(data), reduction="none", beta=1 / scalar**2)

    def sigmoid_cross_entropy(self, data: Tensor, label: Tensor) -> Tensor:
        if torch_ready.whole():
            return _Logistic.apply(data, label)
        return super().sigmoid_cross_entropy(data, label)

    def softmax_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        (axis, index) = _along(data, label, axis)
        classes = min(1, data.dim() - 1)  # where the kernel has them
        loss = F.cross_entropy(data.movedim(axis, classes), index.squeeze(axis), reduction="none")
        return loss.unsqueeze(axis) if keepdims else loss

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        """As declared. Where torch transforms or compiles the call, or casts within it, the composition: all logits at once."""
        size = chunk(weight.size(0), rows)
        if data.size(0) <= size or self.dtype(data) in HALF or torch_ready.transformed():
            return super().linear_cross_entropy(data, weight, label, bias, scale, rows)
        place = _places(label, 0, weight.size(0) - 1)
        if torch.is_grad_enabled():
            return _LinearCrossEntropy.apply(data, weight, bias, place, scale, size)
        return _by_chunks(data, weight, bias, place, scale, size, (False, False, False))[0]

    def reduced(
        self,
        function: Callable[..., Tensor],
        *data: Tensor,
        mean: bool = False,
        samples: bool = False,
        elements: int | None = None,
    ) -> Tensor:
        """As declared. Where torch transforms or compiles the call, or casts within it, the composition: all elements at once."""
        most = max(one.numel() for one in data)
        size = torch_ready.BLOCK if elements is None else elements
        if most <= size or torch_ready.transformed() or not all(map(_plain, data)):
            return super().reduced(function, *data, mean=mean)
        parts = data if samples else [one.view(-1) for one in data]
        places = parts[0].size(0)
        step = max(size * places // most, 1)
        scale = 1 / places if mean else 1.0
        return torch_ready.computed(
            lambda *parts: function(*parts).sum() * scale,
            partial(torch_ready.in_blocks, function, step, scale),
            parts,
        )

    def kernel(self, formula: Callable[..., Tensor], reduction: str) -> Callable[..., Tensor | None] | None:
        return torch_kernels.find(self, formula, reduction)

    def signature(self, given: Sequence[Any]) -> Hashable | None:
        if torch_ready.transformed():
            return None
        found: list[Any] = []
        add = found.append
        for one in given:
            kind = type(one)
            if kind in _PLAIN:
                add(one.dtype)
                add(one.shape)
            elif kind in _OPTIONS:
                add(kind)
                add(one)
            else:
                return None
        return tuple(found)

    def scan(self, body: Callable[[Tensor, Tensor], Tensor], data: Tensor, state: Tensor) -> Tensor:
        for frame in data.unbind(0):  # its gradient is one stack; that of a slice is a zero tensor as large as `data`
            state = body(frame, state)
        return state


def _plain(data: Tensor) -> bool:
    """Whether `data` is a tensor of torch's own in the memory of the host, without gaps."""
    return type(data) in _PLAIN and data.is_cpu and data.is_contiguous()


def _by_chunks(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    place: Tensor,
    scale: Tensor | None,
    rows: int,
    wanted: Sequence[bool],
) -> tuple[Tensor, list[Tensor | None]]:
    """The losses or their scaled sum, and the gradients of the latter for those `wanted` of data, weight and bias."""
    samples = data.size(0)
    loss = data.new_empty(samples)
    by_data = torch.empty_like(data) if wanted[0] else None
    (by_weight, by_bias) = (
        torch.zeros_like(one) if want else None for one, want in zip((weight, bias), wanted[1:], strict=True)
    )
    held = data.new_empty(rows, weight.size(0))
    for begin in range(0, samples, rows):
        part = slice(begin, begin + rows)
        (x, label) = (data[part], place[part].unsqueeze(1))
        count = x.size(0)
        if bias is None:
            logits = torch.mm(x, weight.t(), out=held[:count])
        else:
            logits = torch.addmm(bias, x, weight.t(), out=held[:count])
        # With the largest logit m and s, the sum of e^(z - m): -log p = log s + (m - z), and p = e^(z - m) / s takes the place of z.
        (top, at_label) = (logits.amax(1, keepdim=True), logits.gather(1, label))
        total = logits.sub_(top).exp_().sum(1, keepdim=True)
        loss[part] = (total.log() + (top - at_label)).squeeze(1)
        if not any(wanted):
            continue
        # The gradient for the logits of a row is its scale times p, less 1 at the label; the scale enters with the smaller factor.
        slope = logits.div_(total)
        slope.scatter_add_(1, label, slope.new_full((), -1).expand_as(label))
        factor = slope.new_ones(count) if scale is None else scale[part]
        if by_data is not None:
            torch.mm(slope, weight, out=by_data[part]).mul_(factor.unsqueeze(1))
        if by_weight is not None:
            by_weight.addmm_(slope.t(), x * factor.unsqueeze(1))
        if by_bias is not None:
            by_bias.addmv_(slope.t(), factor)
    value = loss if scale is None else (loss.masked_fill(scale == 0, 0) * scale).sum()
    return value, [by_data, by_weight, by_bias]


class _Refusal(torch.autograd.Function):  # type: ignore[misc]
    """A tensor as it is, of which a gradient is refused."""

    generate_vmap_rule = True

    @staticmethod
    def forward(data: Tensor, message: str) -> Tensor:
        return data.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, str], output: Tensor) -> None:
        ctx.message = inputs[1]

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> None:
        raise TypeError(ctx.message)

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> None:
        raise TypeError(ctx.message)


class _Logistic(torch.autograd.Function):  # type: ignore[misc]
    """`OpSet.sigmoid_cross_entropy` with one exponential for both its terms: log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).

    Its slope, which that form does not have at 0, is (1 - t) s(x) - t s(-x).
    """

    @staticmethod
    def forward(ctx: Any, data: Tensor, label: Tensor) -> Tensor:
        ctx.save_for_backward(data, label)
        linear = (1 - label) * data.clamp_min(0) - label * data.clamp_max(0)
        return linear + (-data.abs()).exp().log1p()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (data, label) = ctx.saved_tensors
        of_data = of_label = None
        if ctx.needs_input_grad[0]:
            if torch.is_grad_enabled():  # this gradient will be differentiated in its turn, at 0 too
                slope = (1 - label) * data.sigmoid() - label * (-data).sigmoid()
            else:
                small = (-data.abs()).sigmoid()
                slope = torch.where(data >= 0, (1 - label) - small, small - label)
            of_data = upstream * slope
        if ctx.needs_input_grad[1]:
            of_label = -data * upstream
        return of_data, of_label


class _LinearCrossEntropy(torch.autograd.Function):  # type: ignore[misc]
    """`_by_chunks` with its gradients: those of a sum are computed with it, those of single losses when they are asked for."""

    @staticmethod
    def forward(
        ctx: Any, data: Tensor, weight: Tensor, bias: Tensor | None, place: Tensor, scale: Tensor | None, rows: int
    ) -> Tensor:
        ctx.save_for_backward(data, weight, bias, place, scale)
        ctx.rows = rows
        wanted = ctx.needs_input_grad[:3]
        ready = scale is not None and any(wanted)
        (value, slopes) = _by_chunks(data, weight, bias, place, scale, rows, wanted if ready else (False,) * 3)
        ctx.ready = slopes if ready else None
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (data, weight, bias, place, scale) = ctx.saved_tensors
        factor = upstream if scale is None else upstream * scale
        if torch.is_grad_enabled():  # these gradients will be differentiated in their turn
            logits = data @ weight.t() if bias is None else torch.addmm(bias, data, weight.t())
            slope = (logits.softmax(1) - F.one_hot(place, weight.size(0))) * factor.unsqueeze(1)
            every = [slope @ weight, slope.t() @ data, None if bias is None else slope.sum(0)]
            slopes = [one if want else None for one, want in zip(every, ctx.needs_input_grad, strict=False)]
        elif ctx.ready is not None:
            # Given away, so that a parameter can take them without a copy; another pass through a retained graph computes them anew.
            (slopes, ctx.ready) = (ctx.ready, None)
            for one in slopes:
                if one is not None:
                    one *= upstream
        else:
            slopes = _by_chunks(data, weight, bias, place, factor, ctx.rows, ctx.needs_input_grad[:3])[1]
        return (*slopes, None, None, None)


def _tensor(value: Tensor | float, like: Tensor) -> Tensor:
    return value if isinstance(value, torch.Tensor) else like.new_full((), value)


def _at_least_single(data: Tensor) -> Tensor:
    return data.float() if data.dtype in (torch.float16, torch.bfloat16) else data


def _places(index: Tensor, low: int, high: int) -> Tensor:
    """`index`, of any real dtype, as int64: truncated toward zero and clipped into [low, high]; NaN is `low`."""
    if index.is_floating_point():  # the conversion of NaN and of what int64 cannot hold is undefined
        index = _at_least_single(index).nan_to_num(low).clamp(low, high)
    return index.long().clamp(low, high)


def _along(data: Tensor, index: Tensor, axis: int) -> tuple[int, Tensor]:
    """`axis`, non-negative, and `index` as places along it: in range, and with size 1 there."""
    (axis,) = reduced_axes(axis, data.dim())
    if index.dim() < data.dim():
        index = index.unsqueeze(axis)
    expected = (*data.shape[:axis], 1, *data.shape[axis + 1 :])
    if index.shape != expected:  # gather would take a smaller one, and return as little
        raise ValueError(f"an index of shape {tuple(index.shape)} does not fit {tuple(data.shape)} along axis {axis}")
    return axis, _places(index, 0, data.size(axis) - 1)


OPS = TorchOps()


class TorchBackend(Backend):
    """PyTorch. The modes besides ``eager`` are backends of `torch.compile`."""

    name = "torch"
    dtypes = ("float16", "bfloat16", "float32", "float64")
    modes = ("eager", "aot_eager", "inductor")
    sampled = ("inductor",)

    def versions(self) -> dict[str, str]:
        return {"torch": str(torch.__version__)}

    def kinds(self) -> Mapping[type, OpSet]:
        return {torch.Tensor: OPS, torch.nn.Parameter: OPS}

    def op_set(self, tensor: object) -> OpSet | None:
        return OPS if isinstance(tensor, torch.Tensor) else None

    def from_numpy(self, array: np.ndarray[Any, Any], dtype: str) -> Tensor:
        """A copy; it keeps the strides of `array`, unless one is negative or zero."""
        with np.errstate(over="ignore"):
            values = array.astype("float32" if dtype == "bfloat16" else dtype, order="C")
        source = array if min(array.strides, default=1) > 0 else values
        strides = [stride // source.itemsize for stride in source.strides]
        return torch.empty_strided(array.shape, strides, dtype=getattr(torch, dtype)).copy_(torch.from_numpy(values))

    def to_numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        # Forced, since a derivative may be a ZeroTensor, which has no memory to share.
        array: np.ndarray[Any, Any] = wide.numpy(force=True)
        return array

    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> torch.nn.Parameter:
        kind = None if dtype is None else getattr(torch, dtype)
        return torch.nn.Parameter(torch.empty(tuple(shape), dtype=kind, device=device).uniform_(-bound, bound))

    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        if mode not in self.modes:
            raise ValueError(f"torch has no mode {mode!r}: there are {', '.join(self.modes)}")
        forward = function if mode == "eager" else _compiled(function, mode)

        def run(arguments: Sequence[Tensor | None], upstream: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
            given: list[Tensor] = list(arguments)
            for i in wrt:
                given[i] = given[i].detach().requires_grad_()
            value = forward(*given)
            chosen = tuple(given[i] for i in wrt)
            if not value.requires_grad:
                return value, tuple(torch.zeros_like(one) for one in chosen)
            seed = torch.ones_like(value) if upstream is None else upstream
            gradients = torch.autograd.grad(value, chosen, seed, allow_unused=True, materialize_grads=True)
            return value.detach(), gradients

        return run


def _compiled(function: Callable[..., Tensor], mode: str) -> Callable[..., Tensor]:
    """`function` compiled whole, apart from all others: Dynamo keeps, and limits, what it has compiled per code object."""

    def call(*arguments: Any) -> Tensor:
        return function(*arguments)

    alone = FunctionType(call.__code__.replace(), call.__globals__, closure=call.__closure__)
    return torch.compile(alone, fullgraph=True, backend=mode, dynamic=False)  # type: ignore[no-any-return]


BACKEND = TorchBackend()
