"""A loss together with its gradients, computed at once, for PyTorch: in blocks that stay in the cache, and differentiable twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch.autograd import forward_ad

from polyloss.opset import Tensor

_core = torch._C

Kernel = Callable[..., Tensor | None]
Slopes = list[Tensor | None]

(NONE, MEAN, SUM, BATCHMEAN) = range(4)
REDUCTIONS = {"none": NONE, "mean": MEAN, "sum": SUM, "batchmean": BATCHMEAN}
"""The first three as torch numbers them."""

BLOCK = 1 << 18
"""About how many elements are taken at a time: 1 MiB of float32, so that a few such tensors fit the cache of a core."""

FEW = 1 << 13
"""Up to how many elements it is the number of operations that counts, and not what they do."""

MANY = 1 << 21
"""From how many elements on a closed form in blocks is quicker than a kernel of torch's own for value and for gradient."""


Rule = Callable[[Sequence[Tensor], Sequence[bool], float, Sequence[Tensor | None]], tuple[Tensor, Slopes]]
"""From tensors, for which of them gradients are wanted, a factor and places for the gradients, which may be used (None: there are none), to
the sum of the losses, without the factor, and its gradients, with it."""


def transformed() -> bool:
    """Whether a transform of `torch.func`, `torch.compile` or a tracer, forward mode, autocast or a dispatch mode is at work."""
    return bool(
        torch.compiler.is_compiling()
        or _core._are_functorch_transforms_active()  # as autograd.Function asks itself
        or forward_ad._current_level >= 0
        or _core._is_any_autocast_enabled()
        or _core._len_torch_dispatch_stack()
        or _core._is_tracing()
    )


def whole() -> bool:
    """Whether a compiler takes down operations as they run, for one gradient: after Dynamo, within no transform of `torch.func`."""
    return bool(
        torch.compiler.is_compiling()
        and not torch.compiler.is_dynamo_compiling()
        and not _core._are_functorch_transforms_active()
        and forward_ad._current_level < 0
    )


class Ready(torch.autograd.Function):  # type: ignore[misc]
    """``compute(data, wanted)``: a value, and at once its gradients for the data that are `wanted`. Those of `whole` are differentiable."""

    @staticmethod
    def forward(ctx: Any, whole: Callable[..., Tensor], compute: Callable[..., Any], *data: Tensor) -> Tensor:
        (ctx.whole, ctx.compute) = (whole, compute)
        ctx.save_for_backward(*data)
        (value, ctx.ready) = compute(data, ctx.needs_input_grad[2:])
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        ready = ctx.ready
        # Given away, not copied; another pass through a retained graph computes them anew.
        ctx.ready = None
        batched = _core._are_functorch_transforms_active() or _core._functorch.is_legacy_batchedtensor(upstream)
        if ready is not None and not torch.is_grad_enabled() and not batched:
            if upstream.item() != 1:
                for one in ready:
                    if one is not None:
                        one.mul_(upstream)
            return (None, None, *ready)
        wanted = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled():  # these gradients will be differentiated in their turn
            data = ctx.saved_tensors
            chosen = [one for one, want in zip(data, wanted, strict=True) if want]
            slopes = iter(gradients(ctx.whole(*data), chosen, upstream, again=True))
            return (None, None, *(next(slopes) if want else None for want in wanted))
        found = ready or ctx.compute(ctx.saved_tensors, wanted)[1]
        return (None, None, *(one if one is None else one * upstream for one in found))


def gradients(value: Tensor, by: Sequence[Tensor], upstream: Tensor, again: bool = False) -> Sequence[Tensor]:
    """The gradients of `value`, zeros where it has none; `again`: themselves to be differentiated."""
    if not value.requires_grad:
        return [torch.zeros_like(one) for one in by]
    return torch.autograd.grad(  # type: ignore[no-any-return]
        value, by, upstream, create_graph=again, allow_unused=True, materialize_grads=True
    )


def computed(whole: Callable[..., Tensor], compute: Callable[..., Any], data: Sequence[Tensor]) -> Tensor:
    """The value of `compute`, differentiable; no transform of `torch.func` is at work."""
    if torch.is_grad_enabled():
        for one in data:
            if one.requires_grad:
                return _apply(whole, compute, *data)
    return compute(data, (False,) * len(data))[0]


_apply = super(torch.autograd.Function, Ready).apply  # what Ready.apply calls when it has looked for transforms


def differentiable_twice(whole: Callable[..., Tensor], value: Tensor, pred: Tensor, label: Tensor) -> Tensor:
    """`value`, by a kernel of torch's own whose gradient has none: where that is wanted, it is the gradient of `whole`."""
    node = value.grad_fn
    if node is not None:

        def step(slopes: tuple[Tensor | None, ...], upstream: tuple[Tensor, ...]) -> Sequence[Tensor | None] | None:
            if torch.is_grad_enabled():
                return (*gradients(whole(pred, label), (pred,), upstream[0], again=True), *slopes[1:])
            return None

        node.register_hook(step)
    return value


def in_blocks(
    function: Callable[..., Tensor], size: int, scale: float, data: Sequence[Tensor], wanted: Sequence[bool]
) -> tuple[Tensor, list[Tensor | None]]:
    """The scaled sum of ``function(*data)``, and its gradients for those of the data that are `wanted`."""
    found = [torch.empty_like(one) if want else None for one, want in zip(data, wanted, strict=True)]
    sums = []
    for begin in range(0, data[0].size(0), size):
        part = slice(begin, begin + size)
        block = [one[part].detach().requires_grad_(want) for one, want in zip(data, wanted, strict=True)]
        chosen = [one for one in block if one.requires_grad]
        with torch.set_grad_enabled(bool(chosen)):
            total = function(*block).sum()
        sums.append(total.detach())
        if chosen:
            slopes = iter(gradients(total, chosen, torch.full_like(total, scale)))
            for whole in found:
                if whole is not None:
                    whole[part] = next(slopes)
    return torch.stack(sums).sum() * scale, found


def unless_refused(function: Callable[..., Tensor], *args: Any) -> Tensor | None:
    """None where torch refuses the values: the checks of the composition say what is wrong with them."""
    try:
        return function(*args)
    except (IndexError, RuntimeError):
        return None


def closed(
    mode: int,
    whole: Callable[..., Tensor],
    rule: Rule,
    *,
    samples: bool = False,
    native: Kernel | None = None,
    least: int = 0,
    finer: int = 1,
) -> Kernel:
    """The kernel of a rule for losses that go element by element, or `samples` by samples; below `least` elements `native`.

    Blocks are `finer` times smaller for a rule that needs memory of that size where torch's own kernel needs none.
    """

    def kernel(*data: Tensor) -> Tensor | None:
        size = data[0].numel()
        if native is not None and size < least:
            return native(*data)
        if not size or not data[0].is_cpu:
            return None
        return unless_refused(computed, whole, compute, data)

    def compute(data: Sequence[Tensor], wanted: Sequence[bool]) -> tuple[Tensor, Slopes]:
        first = data[0]
        size = first.numel()
        count = first.size(0) if samples else size
        scale = 1.0 if mode == SUM else 1 / (count if mode == MEAN else batch(first))
        most = BLOCK // finer
        if size <= most or not all(one.is_contiguous() for one in data):
            (value, slopes) = rule(data, wanted, scale, [None] * len(data))
            return value.mul_(number(scale, first.dtype)), slopes
        parts = data if samples else [one.view(-1) for one in data]
        step = max(most * count // size, 1)
        found: Slopes = [torch.empty_like(one) if want else None for one, want in zip(parts, wanted, strict=True)]
        total = 0.0
        for begin in range(0, count, step):
            part = slice(begin, begin + step)
            places = [None if one is None else one[part] for one in found]
            (value, slopes) = rule([one[part] for one in parts], wanted, scale, places)
            total += value.item()
            for place, slope in zip(places, slopes, strict=True):
                if place is not None and slope is not place:
                    place.copy_(slope)
        shaped = [one if one is None else one.view_as(given) for one, given in zip(found, data, strict=True)]
        return torch.tensor(total * scale, dtype=first.dtype, device="cpu"), shaped

    return kernel


@lru_cache(256)
def number(value: float, dtype: torch.dtype) -> Tensor:
    """A number as a tensor: torch takes twice as long for a Python one. Not to be written to."""
    return torch.tensor(value, dtype=dtype, device="cpu")


class RefusedError(RuntimeError):
    """Values that are left to the composition."""


def finite(value: Tensor) -> Tensor:
    """`value`; RefusedError unless it is a finite number."""
    if not abs(value.item()) < float("inf"):
        raise RefusedError
    return value


def batch(data: Tensor) -> int:
    """The number of samples in `data`; 1 without axes."""
    return data.size(0) if data.dim() else 1
