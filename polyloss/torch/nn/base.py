"""What all losses of the PyTorch dialect share: the module, the reduction, the checks and the broadcasting of a call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache, partial
from typing import Any

import numpy as np

from polyloss import calls, checks, dispatch, host, repeats
from polyloss.opset import HALF, OpSet, Tensor, UnsupportedError
from polyloss.splitting import SPLIT, refusal
from polyloss.torch.nn import plans

MODES = ("none", "mean", "sum")
_WIDE = ("float32", "float64")


def legacy_mode(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that `size_average` and `reduce` ask for, with a warning; `reduction` where both are None."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        mode = "none"
    else:
        mode = "mean" if size_average is None or size_average else "sum"
    calls.warn(f"size_average and reduce are deprecated: write reduction={mode!r}")
    return mode


def checked_mode(loss: str, reduction: str, accepted: tuple[str, ...] = MODES, old_name: bool = True) -> str:
    """`reduction`, which must be one of `accepted`; torch's old name of the mean is taken, with a warning, if `old_name`."""
    if old_name and reduction == "elementwise_mean":
        calls.warn("reduction='elementwise_mean' is deprecated: write reduction='mean'")
        return "mean"
    if reduction in accepted:
        return reduction
    whole = {apart: mode for mode, apart in SPLIT.items()}.get(reduction, reduction)
    checks.one_of(loss, "reduction", whole, accepted)
    return reduction


def reduced(F: OpSet, loss: Tensor, reduction: str, dtype: str | None, denominator: Tensor | None = None) -> Tensor:
    """`loss` reduced, in `dtype`; the mean divides by `denominator`, or if None by the number of elements.

    With one of `SPLIT`: numerator and denominator, as they are before rounding to `dtype`.
    """
    if reduction in SPLIT.values():
        if denominator is None:
            denominator = F.sum(F.stop_gradient(F.ones_like(loss)))
        return F.sum(loss), denominator
    if reduction == "sum":
        loss = F.sum(loss)
    elif reduction != "none":
        loss = F.mean(loss) if denominator is None else F.broadcast_div(F.sum(loss), denominator)
    return loss if dtype is None or dtype == F.dtype(loss) else F.cast(loss, dtype)


def reduced_each(
    F: OpSet,
    formula: Callable[..., Tensor],
    tensors: Sequence[Tensor],
    reduction: str,
    dtype: str | None,
    samples: bool = False,
    together: bool = False,
) -> Tensor:
    """``formula(F, *tensors)`` reduced as in `reduced`, where there is one by the framework's kernel.

    It works element by element, or `samples` by samples, as in `OpSet.reduced`, or on all elements `together`.
    """
    loss = plans.by_kernel(F, formula, tensors, reduction)
    if loss is None:
        if together or reduction not in ("mean", "sum"):
            return reduced(F, formula(F, *tensors), reduction, dtype)
        loss = F.reduced(partial(formula, F), *tensors, mean=reduction == "mean", samples=samples)
    return loss if dtype is None or dtype == F.dtype(loss) else F.cast(loss, dtype)


def promoted(
    F: OpSet,
    loss: str,
    *,
    integer: tuple[str, ...] = (),
    boolean: bool = True,
    autocast: bool = True,
    expanded: bool = False,
    like: str | None = None,
    **tensors: Tensor,
) -> tuple[list[Tensor], str | None]:
    """The tensors in one dtype, widened, and the dtype of the result: that to which torch promotes them, or that of `like`.

    A tensor without axes does not promote one with axes, unless torch broadcasts before it promotes (`expanded`). Those named in
    `integer` may have an integer dtype, or be `boolean`; one at least is floating. `autocast`: whether the framework's automatic mixed
    precision turns the result of this loss to float32.
    """
    parts = list(tensors.values())
    first = F.dtype(parts[0])
    if first in _WIDE and all(F.dtype(part) == first for part in parts):
        return parts, first
    kinds: dict[bool, set[str]] = {}
    for name, tensor in tensors.items():
        kind = F.autocast_dtype(tensor) if autocast else F.dtype(tensor)
        if kind is not None and kind in checks.FLOATING:
            kinds.setdefault(expanded or F.shape(tensor) != (), set()).add(kind)
        elif name not in integer or (kind == "bool" and not boolean):
            checks.floating(F, loss, name, tensor)
    found = kinds.get(True) or kinds.get(False)
    if not found:
        for name, tensor in tensors.items():
            checks.floating(F, loss, name, tensor)
        return [F.widen(tensor) for tensor in tensors.values()], None  # symbols
    (dtype,) = found if len(found) == 1 else ("float64",) if "float64" in found else ("float32",)
    wide = "float32" if dtype in HALF else dtype
    parts = [tensor if F.dtype(tensor) in (wide, None) else F.cast(tensor, wide) for tensor in tensors.values()]
    return parts, dtype if like is None else F.autocast_dtype(tensors[like])


def widened(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, reference: Tensor) -> Tensor:
    """`tensor` widened; it must have the dtype of `reference`, a floating one, or both that of automatic mixed precision."""
    checks.floating(F, loss, other, reference)
    if F.autocast_dtype(tensor) != F.autocast_dtype(reference):
        checks.same_dtype(F, loss, name, tensor, other, reference)
    return F.widen(tensor)


def pair(
    F: OpSet,
    loss: str,
    input: Tensor,
    target: Tensor,
    integer: bool = False,
    like: str | None = None,
) -> tuple[list[Tensor], str | None]:
    """Both tensors in one dtype, widened and broadcast to one shape, and the dtype of the result, as in `promoted`."""
    (wide, dtype) = promoted(F, loss, integer=("target",) if integer else (), like=like, input=input, target=target)
    return calls.broadcast(F, loss, input=wide[0], target=wide[1]), dtype


def same_rank(F: OpSet, loss: str, **tensors: Tensor) -> None:
    """Raise ValueError unless the tensors have as many axes, each."""
    shapes = [F.shape(tensor) for tensor in tensors.values()]
    if None not in shapes and len({len(shape or ()) for shape in shapes}) > 1:
        (*first, last) = tensors
        raise ValueError(f"{loss}: {', '.join(first)} and {last} have shapes {shapes}; they must have the same rank")


def weighted(F: OpSet, loss: str, value: Tensor, name: str, weight: Tensor | None, input: Tensor) -> Tensor:
    """`value` times `weight`, which broadcasts to the shape of `input`; None leaves it as it is."""
    if weight is None:
        return value
    return F.broadcast_mul(value, factor(F, loss, value, name, weight, input))


def factor(F: OpSet, loss: str, value: Tensor, name: str, weight: Tensor, input: Tensor) -> Tensor:
    """`weight`, of any real dtype, in that of `value`; it broadcasts to the shape of `input`."""
    checks.broadcastable(F, loss, name, weight, "input", F.shape(input))
    return F.cast_like(weight, value)


def as_module(cls: Any, home: str, name: str) -> Any:
    """A new instance of `cls`, of a subclass that is the module `name` of `home` where torch has been imported."""
    module = getattr(sys.modules.get(home), name, None)
    return object.__new__(cls if module is None or issubclass(cls, module) else _as_module(cls, module))


@cache
def _as_module(kind: type[Any], module: type[Any]) -> Any:
    """`kind` as a real torch module: what torch does with one (children, devices, buffers, hooks) is then torch's own code."""

    return host.subclass(kind, module, __call__=module.__call__, __repr__=module.__repr__, __reduce__=host.reduce)


class Loss:
    """Base class of the losses: the reduction, and what makes an instance a `torch.nn.Module` in a program that has imported torch.

    Args:
        size_average, reduce: deprecated; they override `reduction`, with a warning.
        reduction: ``none``, ``mean`` or ``sum``; read at the call, where any other raises ValueError.

    Source: ``torch.nn.modules.loss._Loss``, torch 2.13.
    """

    reduction: str
    _buffers: Mapping[str, Tensor | None] = {}  # of a loss that is no module

    def __new__(cls, *args: Any, **kwargs: Any) -> Loss:
        """An instance, of a subclass that is a module where torch has been imported."""
        loss: Loss = as_module(cls, "torch.nn.modules.loss", "_Loss")
        return loss

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()  # the module's, where there is one
        dispatch.prepare()
        self.reduction = legacy_mode(size_average, reduce, reduction)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __parts__(self) -> Loss:
        """This loss for `polyloss.parts`."""
        if self.reduction not in SPLIT:
            raise ValueError(refusal(f"{type(self).__name__} has", self.reduction))
        apart = copy(self)
        apart.reduction = SPLIT[self.reduction]
        return apart

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """The loss of these tensors; a subclass overrides it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def __call__(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """The loss of these tensors, all of one framework."""
        return self.forward(*args, **kwargs) if kwargs else repeats.call(type(self).forward, self, args)

    def _store(self, name: str, value: Tensor | None) -> None:
        """Keep a constant: as a buffer of the module, where it is torch's tensor."""
        register = getattr(self, "register_buffer", None)
        if register is not None and (value is None or isinstance(value, sys.modules["torch"].Tensor)):
            register(name, value)
            return
        setattr(self, name, value)
        if register is not None and isinstance(
            value, np.ndarray
        ):  # for torch's tensors: a tracer cannot follow a move from NumPy
            register(f"_{name}", sys.modules["torch"].as_tensor(value), persistent=False)

    def _constant(self, name: str, input: Tensor) -> Tensor | None:
        """The constant of this name; a NumPy array as a tensor of the framework and dtype of `input`."""
        # A module finds a buffer only when it has failed to find an attribute, which takes as long as a tenth of a small call.
        value = self._buffers[name] if name in self._buffers else getattr(self, name)
        if not isinstance(value, np.ndarray):
            return value
        loss = type(self).__name__
        F = calls.owner(loss, input=input)
        if (moved := getattr(self, f"_{name}", None)) is not None and isinstance(input, type(moved)):
            return F.cast_like(moved, input)
        if F.shape(input) is None:
            raise UnsupportedError(f"{loss}: {name} is a NumPy array, which cannot become part of a graph of symbols")
        dtype = F.dtype(input)
        if dtype not in checks.FLOATING:
            return value
        moved = dispatch.backend(F.name).from_numpy(value, dtype)
        return F.cast(moved, dtype)  # by the op set of the input, so of its kind of tensor


class WeightedLoss(Loss):
    """Base class of the losses with a `weight` kept as a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._store("weight", weight)
