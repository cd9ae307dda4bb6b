"""What `torch.compile` sees of a loss: one operation, which only what comes after its tracer (Dynamo) looks into.

Dynamo checks at every call whatever Python it has followed, which for a loss is some two hundred conditions, and takes long to follow it.
What a loss depends on is among its arguments; AOTAutograd, which follows tensors only, sees the operations of the formula either way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from types import FunctionType
from typing import Any

from polyloss import calls, dispatch, repeats

_PACKAGE = f"{__package__}."
_LITERAL = (bool, int, float, str, type(None))
_new: list[Callable[..., Any]] = []
_named: dict[str, tuple[Any, ...]] = {}


def taken(function: Callable[..., Any]) -> Callable[..., Any]:
    """What Dynamo takes for one operation: `function`, or None where that has to be followed.

    That is where it refuses its arguments, so that they are refused as ever, and where sizes are symbols, of which Dynamo makes integers
    and Python does not.
    """

    @wraps(function)
    def whole(*args: Any, **options: Any) -> Any:
        if not all(map(_known, (*args, *options.values()))):
            return None
        try:
            return function(*args, **options)
        except Exception:
            if calls.tracing():
                return None
            raise  # a compiler that runs what Dynamo has written down as it is

    _new.append(whole)
    return whole


def following() -> bool:
    """Whether Dynamo follows this; if so, it has been told what to take whole. It asks while it traces, and keeps the answer."""
    if not calls.tracing():
        return False
    while _new:
        sys.modules["torch"].compiler.allow_in_graph(_new.pop())
    return True


following._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as `calls.tracing`


def _known(argument: Any) -> bool:
    """Whether an argument has no size that is a symbol, and is none."""
    if isinstance(argument, _LITERAL):
        return True
    if isinstance(argument, dict):
        return all(map(_known, argument.values()))
    shape = getattr(argument, "shape", None)
    return isinstance(argument, (tuple, list)) if shape is None else all(isinstance(size, int) for size in shape)


# --- losses that are objects ------------------------------------------------------------------------------------------------------


def call(
    function: Callable[..., Any],
    loss: Any,
    arguments: Sequence[Any],
    reads: Callable[[], Any] | None = None,
) -> Any:
    """`repeats.call`. Dynamo takes it whole if the loss is of this package and has literals alone for attributes."""
    if not following():
        return repeats.call(function, loss, arguments, reads)
    kind = _name(type(loss), function) if dispatch.variant_in_use is None else None
    state = None if kind is None else _state(loss)
    # What is read besides is an argument so that Dynamo checks it.
    found = None if state is None else _of_object(kind, *state, None if reads is None else reads(), *arguments)
    return function(loss, *arguments) if found is None else found


def _state(loss: Any) -> tuple[dict[str, Any], dict[str, str]] | None:
    """The attributes that a call reads: literals, and the names of functions; None where one is something else."""
    (literals, functions) = ({}, {})
    for name, value in repeats.read_attributes(loss).items():
        if isinstance(value, FunctionType):
            known = _name(value)
            if known is None:
                return None
            functions[name] = known
        elif _literal(value):
            literals[name] = value
        else:
            return None
    return literals, functions


def _literal(value: Any) -> bool:
    if isinstance(value, dict):
        value = tuple(value.values())
    return all(map(_literal, value)) if isinstance(value, (tuple, list)) else isinstance(value, _LITERAL)


def _name(thing: Any, *more: Any) -> str | None:
    """What stands for a function or class of this package, with what else `_of_object` needs; None for any other, or without a name."""
    bases = [
        base.__qualname__ for base in getattr(thing, "__bases__", ())
    ]  # a class of Gluon's is another one as a block
    name = f"{thing.__module__}.{thing.__qualname__}" + (f"({', '.join(bases)})" if bases else "")
    if not name.startswith(_PACKAGE) or "<" in name or _named.setdefault(name, (thing, *more)) != (thing, *more):
        return None
    return name


_name._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as `calls.tracing`


@taken
def _of_object(kind: str, literals: dict[str, Any], functions: dict[str, str], read: Any, *arguments: Any) -> Any:
    """The method of this name, of an object that has these attributes."""
    (cls, method) = _named[kind]
    loss = object.__new__(cls)
    vars(loss).update(literals, **{name: _named[known][0] for name, known in functions.items()})
    found = method(loss, *arguments)
    return None if isinstance(found, tuple) else found
