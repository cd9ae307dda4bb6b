"""What the calls of every dialect share: the owner of the tensors, their shapes, and what may be read or said while tracing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from polyloss import dispatch, repeats, warned
from polyloss.opset import OpSet, Tensor


def tracing() -> bool:
    """Whether `torch.compile` is at work, which cannot follow a warning."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.compiler.is_compiling())


tracing._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as torch.compiler.assume_constant_result, which would start Dynamo


def warn(message: str, category: type[Warning] = UserWarning, by_values: bool = False) -> None:
    """A warning at the line that called the loss. `by_values`: the same call on other values may give none.

    Silent under `torch.compile`, which could not follow it without breaking its graph; JAX and TensorFlow warn when they trace.
    """
    if not tracing() and not repeats.kept(message, category, by_values):
        warned.give(message, category, by_values)


def anywhere(F: OpSet, tensor: Tensor, flags: Callable[[], Tensor]) -> bool | None:
    """Whether one of the `flags` of `tensor`, 0 or 1, is set; None where its values cannot be read."""
    if not F.readable(tensor):
        if F.compiles:
            repeats.note(F, tensor, flags)
        return None
    if not F.size(tensor):
        return False
    try:
        return bool(F.max(flags()) > 0)
    except Exception:  # a tensor within a transform (torch.func.vmap) refuses to be read, each in its own words
        return None


def within(F: OpSet, tensor: Tensor, low: float, high: float) -> bool | None:
    """Whether all elements are in [low, high], where NaN is not; None where values cannot be read. Less work than `anywhere`."""
    if not F.readable(tensor):
        if F.compiles:
            repeats.note(F, tensor, lambda: _outside(F, tensor, low, high))
        return None
    if not F.size(tensor):
        return True
    fixed = F.stop_gradient(tensor)
    try:
        (least, most) = F.extremes(fixed)
    except Exception:  # as in anywhere
        return None
    return low <= least and most <= high


def _outside(F: OpSet, tensor: Tensor, low: float, high: float) -> Tensor:
    """1 where an element is not in [low, high]."""
    one = F.ones_like(tensor)
    return F.where(tensor >= low, F.where(tensor <= high, 0, one), one)


def owner(loss: str, **tensors: Tensor) -> OpSet:
    """The op set of these tensors, each of which must be one; all but the first in `tensors` may be None."""
    for name, tensor in tensors.items():
        if isinstance(tensor, (bool, int, float)):
            raise TypeError(f"{loss}: {name} is {tensor!r}, a {type(tensor).__name__}; accepted is a tensor")
    return dispatch.op_set(loss, tuple(tensors), tuple(tensors.values()))


def sizes_differ(F: OpSet, tensor: Tensor, reference: Tensor) -> bool:
    """Whether the two are known to differ in shape."""
    (given, wanted) = (F.shape(tensor), F.shape(reference))
    if given is None or wanted is None:
        return False
    return len(given) != len(wanted) or any(a != b and None not in (a, b) for a, b in zip(given, wanted, strict=True))


def same_shape(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, reference: Tensor) -> None:
    """Raise ValueError unless `tensor` has the shape of `reference`."""
    if sizes_differ(F, tensor, reference):
        raise ValueError(
            f"{loss}: {name} has shape {F.shape(tensor)}, but {other} has {F.shape(reference)}: they must be equal"
        )


def same_shapes(F: OpSet, loss: str, **tensors: Tensor) -> None:
    """Raise ValueError unless all the tensors have the shape of the first; one of None is absent."""
    (first, *others) = tensors
    for name in others:
        if tensors[name] is not None:
            same_shape(F, loss, name, tensors[name], first, tensors[first])


def broadcast(F: OpSet, loss: str, **tensors: Tensor) -> list[Tensor]:
    """The tensors in the shape to which all of them broadcast; ValueError where there is none."""
    parts = list(tensors.values())
    shapes = [F.shape(part) for part in parts]
    if shapes[0] is not None and all(shape == shapes[0] for shape in shapes):
        return parts
    sizes: dict[int, int] = {}
    for shape in shapes:
        for place, size in enumerate(reversed(shape or ())):
            if size not in (1, None) and sizes.setdefault(place, size) != size:
                given = ", ".join(f"{name} {each}" for name, each in zip(tensors, shapes, strict=True))
                raise ValueError(f"{loss}: the shapes do not broadcast: {given}")
    whole = F.stop_gradient(F.ones_like(parts[0]))
    for part in parts[1:]:
        whole = F.broadcast_mul(whole, F.stop_gradient(F.ones_like(part)))
    return [F.broadcast_mul(part, whole) for part in parts]
