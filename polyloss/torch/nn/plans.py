"""Calls that repeat: what the checks of a call have led to is done at once when a call of the same kind comes again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from operator import itemgetter
from typing import Any, NamedTuple, ParamSpec, TypeVar

from polyloss import dispatch, repeats, warned, whole
from polyloss.opset import OpSet, Tensor
from polyloss.warned import Warned

P = ParamSpec("P")
R = TypeVar("R")

Plan = tuple[Callable[[Sequence[Any]], Any], Callable[..., Tensor | None], Sequence[Warned]]
"""What picks a kernel's tensors out of the arguments of a call, the kernel, and the warnings of the call."""

MOST = 256
"""How many kinds of calls of a loss are remembered: those that came last."""


class _Done(NamedTuple):
    """A kernel, the tensors that it got, and what it made of them."""

    kernel: Callable[..., Tensor | None]
    tensors: Sequence[Tensor]
    value: Tensor


class _Recording(threading.local):
    """Of a thread: within how many calls that are to be remembered it is, and what a kernel has last done for one."""

    depth = 0
    last: _Done | None = None


_recording = _Recording()


def by_kernel(F: OpSet, formula: Callable[..., Tensor], tensors: Sequence[Tensor], reduction: str) -> Tensor | None:
    """A loss by the framework's kernel for it, `OpSet.kernel`; None where there is none, or it leaves the loss to the composition."""
    if F.signature(tensors) is None:
        return None
    kernel = F.kernel(formula, reduction)
    value = None if kernel is None else kernel(*tensors)
    if _recording.depth and kernel is not None and value is not None:
        _recording.last = _Done(kernel, tensors, value)
    return value


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, a loss, that goes straight to its kernel when it is called again with arguments of the same kind.

    Its checks then depend on what the op set's `signature` tells of the arguments, and on values that the kernel refuses. A call is
    remembered, with its warnings, if its result is what the kernel made of its arguments as they are, and if it has warned of no values.
    """
    plans: dict[Hashable, Plan] = {}
    taken = whole.taken(function)

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        if whole.following():
            found: Any = taken(*args, **options) if dispatch.variant_in_use is None else None
            return function(*args, **options) if found is None else found
        given = (*args, *options.values()) if options else args
        F = dispatch.owner(given[0]) if given else None
        key = None if F is None else F.signature(given)
        if key is None:
            if F is None or not F.compiles:
                return function(*args, **options)
            repeated: Any = repeats.call_function(function, args, options)
            return repeated  # type: ignore[no-any-return]
        if options:
            key = (key, *options)
        plan = plans.get(key)
        if plan is not None:
            (chosen, kernel, warnings) = plan
            value: Any = kernel(*chosen(given))
            if value is not None:
                for message, category in warnings:
                    warned.give(message, category)
                return value  # type: ignore[no-any-return]
        (result, plan) = _as_written(function, args, options, given)
        if plan is not None:
            if len(plans) >= MOST:
                plans.pop(list(plans)[0], None)  # noqa: RUF015  # another thread may change an iterator's dict
            plans[key] = plan
        return result

    return call


def _as_written(function: Callable[..., R], args: Any, options: Any, given: Sequence[Any]) -> tuple[R, Plan | None]:
    """The result of a call, and how to come to it at once if it may be remembered."""
    _recording.depth += 1
    try:
        with warned.recorded() as warnings:
            result = function(*args, **options)
        done = _recording.last
    finally:
        _recording.depth -= 1
        _recording.last = None
    fixed = [one for one in warnings if one is not None]
    if done is not None and done.value is result and len(fixed) == len(warnings):
        places = [[i for i, one in enumerate(given) if one is tensor] for tensor in done.tensors]
        if all(len(found) == 1 for found in places):  # a tensor that is given twice has no place of its own
            return result, (itemgetter(*(place for (place,) in places)), done.kernel, fixed)
    return result, None
