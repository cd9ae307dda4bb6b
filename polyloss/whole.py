"""What `torch.compile` sees of a loss: one operation, which only what comes after its tracer (Dynamo) looks into.

Dynamo checks at every call whatever Python it has followed, which for a loss is some two hundred conditions, and takes long to follow it.
What a loss depends on is among its arguments; AOTAutograd, which follows tensors only, sees the operations of the formula either way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from polyloss import calls

_new: list[Callable[..., Any]] = []


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


following._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as torch.compiler.assume_constant_result, which would start Dynamo


def _known(argument: Any) -> bool:
    """Whether an argument has no size that is a symbol, and is none."""
    if argument is None or isinstance(argument, (bool, int, float, str)):
        return True
    shape = getattr(argument, "shape", None)
    return isinstance(argument, (tuple, list)) if shape is None else all(isinstance(size, int) for size in shape)
