"""What `torch.compile` sees of a loss: one operation, which only what comes after its tracer (Dynamo) looks into.

Dynamo checks at every call whatever Python it has followed, which for a loss is some two hundred conditions, and takes long to follow it.
What a loss depends on is among its arguments; AOTAutograd, which follows tensors only, sees the operations of the formula either way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from polyloss import calls, dispatch

_new: list[Callable[..., Any]] = []


def taken(call: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Where Dynamo meets `call`, which is `function` with less to do, have it take the latter whole.

    It follows `function` where that refuses its arguments, so that they are refused as ever, or where sizes are symbols, of which Dynamo
    makes integers and Python does not.
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

    @wraps(function)
    def followed(*args: Any, **options: Any) -> Any:
        value = whole(*args, **options) if dispatch.variant_in_use is None and _allowed() else None
        return function(*args, **options) if value is None else value

    _new.append(whole)
    call._torchdynamo_inline = followed  # type: ignore[attr-defined]  # what Dynamo follows in the place of a function


def _known(argument: Any) -> bool:
    """Whether an argument has no size that is a symbol, and is none."""
    if argument is None or isinstance(argument, (bool, int, float, str)):
        return True
    shape = getattr(argument, "shape", None)
    return isinstance(argument, (tuple, list)) if shape is None else all(isinstance(size, int) for size in shape)


def _allowed() -> bool:
    """Tell Dynamo of the functions that it takes whole. It calls this itself, while it traces, and keeps the result."""
    while _new:
        sys.modules["torch"].compiler.allow_in_graph(_new.pop())
    return True


_allowed._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as torch.compiler.assume_constant_result does, which would start Dynamo
