"""From tensors to the op set that owns them, without importing a framework that the program has not imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from polyloss.opset import Backend, OpSet
from polyloss.variants import composed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "polyloss.backends"
NEUTRAL = (bool, int, float, type(None))

_owner: dict[type, OpSet | None] = dict.fromkeys(NEUTRAL)
_backends: dict[str, Backend] = {}
variant_in_use: Callable[[OpSet], OpSet] | None = None
"""What `through` has set."""


@cache
def _registered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # a third of the time that importing polyloss would take

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def backend(name: str) -> Backend:
    """The backend of this name, loaded (which imports its framework).

    Raises:
        ValueError: no backend of that name is registered.
    """
    if name not in _backends:
        if name not in _registered():
            raise ValueError(f"no backend {name!r}: registered are {', '.join(sorted(_registered()))}")
        _backends[name] = _registered()[name].load()
        _owner.update(_backends[name].kinds())
    return _backends[name]


def backend_names() -> tuple[str, ...]:
    """The names of all registered backends, whether or not their framework is installed."""
    return tuple(_registered())


def prepare() -> None:
    """Load the backends of all frameworks that the program has imported, before a tracer comes that could not follow that."""
    for name in _registered():
        if name in sys.modules:
            backend(name)


prepare._dynamo_marked_constant = True  # type: ignore[attr-defined]  # a loss may be made within what torch.compile follows


def _find_owner(tensor: object) -> OpSet | None:
    for name in _registered():
        if name in sys.modules:
            # No `:=`: AutoGraph, which may read this as long as TensorFlow's backend is not there, would warn that it cannot.
            ops = backend(name).op_set(tensor)
            if ops is not None:
                return ops
    raise TypeError(type(tensor))


def op_set(caller: str, names: Sequence[str], tensors: Sequence[object]) -> OpSet:
    """The op set that owns all `tensors`; numbers and None belong to every one.

    `caller` and `names` are for the message only.

    Raises:
        TypeError: the tensors belong to several frameworks or kinds, or one belongs to none.
    """
    found: OpSet | None = None
    for tensor in tensors:
        kind = type(tensor)
        try:
            owner = _owner[kind]
        except KeyError:
            try:
                owner = _owner[kind] = _find_owner(tensor)
            except TypeError:
                i = next(i for i, one in enumerate(tensors) if one is tensor)
                name = names[i] if i < len(names) else f"argument {i}"
                raise TypeError(
                    f"{caller}: {name} is {_describe(kind)}, which no backend of polyloss owns; accepted are the tensors "
                    f"of {', '.join(sorted(_registered()))} (of those the program has imported)"
                ) from None
        if owner is None or owner is found:
            continue
        if found is not None:
            kinds = ", ".join(
                f"{n} is {_describe(type(t))}" for n, t in zip(names, tensors, strict=False) if type(t) not in NEUTRAL
            )
            raise TypeError(f"{caller}: all tensors must be of one kind of one framework, but {kinds}")
        found = owner
    if found is None:
        given = ", ".join(f"{n} is {_describe(type(t))}" for n, t in zip(names, tensors, strict=False))
        raise TypeError(f"{caller}: at least one argument must be a tensor, but {given or 'there are none'}")
    return found if variant_in_use is None else variant_in_use(found)


def owner(tensor: object) -> OpSet | None:
    """The op set of a tensor whose type has come before; None for any other, for numbers, and within `through`."""
    return _owner.get(type(tensor)) if variant_in_use is None else None


def _describe(kind: type) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


@contextmanager
def fused(enabled: bool) -> Iterator[None]:
    """Within the context, use (or do not use) the backends' fused kernels in place of an operation's default composition.

    Calls that repeat are compiled (`polyloss.repeats`) only with fused kernels.

    For debugging and for comparing the two. Not per thread: it switches the whole process.
    """
    with through(None if enabled else composed):
        yield


@contextmanager
def through(variant: Callable[[OpSet], OpSet] | None) -> Iterator[None]:
    """Within the context, a call gets ``variant(ops)`` for the op set `ops` of its tensors; with None, `ops` itself.

    `variant` gives the same for the same. Not per thread: it switches the whole process.
    """
    global variant_in_use
    before = variant_in_use
    for ops in {ops for ops in _owner.values() if ops is not None}:
        if variant is not None:
            variant(ops)  # made before a tracer needs it
    variant_in_use = variant
    try:
        yield
    finally:
        variant_in_use = before
