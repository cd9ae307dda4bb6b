"""Calls that repeat: where starting operations one by one is slow, a loss that is called again with the same shapes is compiled.

A call is known by its loss (a function, or class and attributes, less those that the class names in ``_unread``), by what else the loss
reads, by the shapes and dtypes of its tensors, and by its other arguments. Where the attributes are the very objects that they were at
the last call, they are not read again. The first `UNCOMPILED` calls of a kind run as they are: a single call pays nothing, and a loop
over changing shapes compiles nothing. What is compiled is the whole call, on the same op set, so formulas know nothing of this.

A check that reads values (`polyloss.calls`) cannot do so while the call is traced. It leaves a flag (`note`), which the compiled call
returns, and where that is set the call is made again, as it is. A warning is kept while tracing (`kept`), and given at every call. A call
that cannot be compiled always runs as it is; so do losses that are not of this package, which may do anything.

`polyloss.dispatch.fused(False)` turns this off.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from polyloss import dispatch, warned
from polyloss.opset import OpSet, Tensor
from polyloss.warned import Warned

UNCOMPILED = 2
"""So many calls of a kind run as they are."""
LOSSES = 128
"""So many losses are remembered, those called last."""
SHAPES = 64
"""Of each of them so many kinds of calls are compiled. None makes room for another: a loop over more would compile without end."""
SEEN = 1024
"""So many kinds of calls are counted before counting begins anew."""
LARGEST = 1 << 16
"""Bytes of a NumPy array among the attributes of a loss: it is looked through at every call."""

_PACKAGE = f"{__package__}."
_LITERAL = (int, str, bool, type(None))
_PLAIN = (*dispatch.NEUTRAL, str)

Call = Callable[..., tuple[Tensor, Tensor | None]]
"""From tensors to the loss and its flag."""

_known: OrderedDict[Hashable, _Calls] = OrderedDict()
_lately: dict[int, _Lately] = {}
"""By the id of a loss."""
_lock = threading.Lock()
_before = UNCOMPILED


class _RefusedError(Exception):
    """What is traced has to happen at every call."""


class _Trace(threading.local):
    flags: list[Tensor] | None = None
    """What the call that this thread traces has left to be read; None where it traces none."""
    warnings: dict[Warned, None] | None = None
    """Those that it gives, each once, in order; None where this thread traces none."""
    within = False
    """Whether this thread is in a call that is counted: those that it makes in turn are not."""


_trace = _Trace()
_TENSOR = object()


@contextmanager
def from_the_first() -> Iterator[None]:
    """Within the context a call is compiled when it comes for the first time. For tests; not per thread."""
    global _before
    (before, _before) = (_before, 0)
    try:
        yield
    finally:
        _before = before


def forget() -> None:
    """Drop all that was compiled."""
    _known.clear()
    _lately.clear()


# --- while a call is traced -----------------------------------------------------------------------------------------------------


def note(F: OpSet, tensor: Tensor, flags: Callable[[], Tensor]) -> None:
    """Where a call is traced, have the compiled one tell whether one of the `flags` of `tensor`, 0 or 1, is set."""
    if _trace.flags is not None and F.size(tensor):
        _trace.flags.append(F.cast(F.max(F.stop_gradient(flags())) > 0, "int32"))


def kept(message: str, category: type[Warning], by_values: bool) -> bool:
    """Where a call is traced, have the compiled one warn each time; False where none is.

    Where that depends on values, tracing ends: what comes next has to happen at every call.
    """
    if _trace.warnings is None:
        return False
    if by_values:
        raise _RefusedError
    _trace.warnings[message, category] = None
    return True


# --- a call -----------------------------------------------------------------------------------------------------------------------


def call(
    function: Callable[..., Tensor], loss: Any, arguments: Sequence[Any], reads: Callable[[], Hashable] | None = None
) -> Tensor:
    """``function(loss, *arguments)``. `reads` gives what it depends on besides its arguments and the attributes of `loss`, if any."""
    if _trace.within:
        return function(loss, *arguments)
    F: OpSet | None = None
    kinds: list[Hashable] = []
    tensors: list[Tensor] = []
    for argument in arguments:
        if argument is None:
            kinds.append(None)
            continue
        owner = dispatch.owner(argument)
        if owner is None:
            kind = type(argument)
            if kind not in _PLAIN:
                return function(loss, *arguments)
            kinds.append((kind, repr(argument)))
            continue
        if not owner.compiles or (F is not None and F is not owner):
            return function(loss, *arguments)
        F = owner
        kinds.append(_TENSOR)
        tensors.append(argument)
    forms = None if F is None else F.repeatable(tensors)
    if F is None or forms is None:
        return function(loss, *arguments)
    kinds.append(forms)
    calls = _calls_of(function, loss, None if reads is None else reads())
    return function(loss, *arguments) if calls is None else calls(F, loss, arguments, tensors, tuple(kinds))


def call_function(function: Callable[..., Tensor], arguments: Sequence[Any], options: Mapping[str, Any]) -> Tensor:
    """``function(*arguments, **options)``, a loss of this package that depends on nothing else."""
    return call(_by_position(function, tuple(options)), None, (*arguments, *options.values()))


@lru_cache(LOSSES)
def _by_position(function: Callable[..., Tensor], names: tuple[str, ...]) -> Callable[..., Tensor]:
    """`function` as `call` takes it, the last arguments being options of these names."""

    def run(_: None, *given: Any) -> Tensor:
        first = len(given) - len(names)
        return function(*given[:first], **dict(zip(names, given[first:], strict=True)))

    return run


class _Lately(NamedTuple):
    """What was found for a loss, while all that it holds is what it held."""

    loss: weakref.ref[Any]
    asked: Hashable
    ids: list[int]
    dicts: list[dict[Any, Any]]
    held: list[Any]
    """What the ids are of, lest another takes its place."""
    calls: _Calls


def _ids(loss: Any, dicts: Sequence[dict[Any, Any]]) -> list[int]:
    """Of the attributes of `loss`, and of what is in these of them."""
    found = list(map(id, vars(loss).values()))
    for one in dicts:
        found += map(id, one)
        found += map(id, one.values())
    return found


def read_attributes(loss: Any) -> dict[str, Any]:
    """The attributes of `loss` on which a call depends: all but those that its class names in ``_unread``."""
    unread = getattr(type(loss), "_unread", ())
    return {name: one for name, one in vars(loss).items() if name not in unread}


def _calls_of(function: Callable[..., Tensor], loss: Any, read: Hashable) -> _Calls | None:
    if loss is None:
        return _found((function, read), function, None)
    lately = _lately.get(id(loss))
    asked = (function, read)
    if lately is not None:
        (reference, before, ids, dicts, _, calls) = lately
        if asked == before and reference() is loss and _ids(loss, dicts) == ids:
            return calls
    kind = type(loss)
    if not kind.__module__.startswith(_PACKAGE):
        return None
    attributes = read_attributes(loss)
    try:
        state = [_frozen(one) for one in attributes.values()]
    except _RefusedError:
        return None
    key: Any = (function, kind, read, *state)
    found = _found(key, function, loss)
    _keep(loss, asked, list(attributes.values()), found)
    return found


def _found(key: Hashable, function: Callable[..., Tensor], loss: Any) -> _Calls:
    """The calls that are known by `key`, from now on if not before."""
    with _lock:
        found = _known.get(key)
        if found is None:
            found = _known[key] = _Calls(function, loss)
            if len(_known) > LOSSES:
                _known.popitem(last=False)
                _lately.clear()
        else:
            _known.move_to_end(key)
    return found


def _keep(loss: Any, asked: Hashable, read: Sequence[Any], calls: _Calls) -> None:
    """Have the next call find `calls` at once, unless something in what is `read` of `loss` may change in its place."""
    dicts = [one for one in read if type(one) is dict]
    parts = [one for one in read if type(one) is not dict] + [one for each in dicts for one in each.values()]
    if all(map(_fixed, parts)):
        key = id(loss)
        reference = weakref.ref(loss, lambda _: _lately.pop(key, None))
        held = [*vars(loss).values(), *parts, *(name for each in dicts for name in each)]
        _lately[id(loss)] = _Lately(reference, asked, _ids(loss, dicts), dicts, held, calls)


def _fixed(value: Any) -> bool:
    """Whether an attribute, which can be `_frozen`, stays as it is."""
    kind = type(value)
    if kind is tuple:
        return all(map(_fixed, value))
    return kind in _LITERAL or kind in (float, FunctionType) or isinstance(value, np.generic)


def _frozen(value: Any) -> Hashable:
    """An attribute, as it is now, for comparison: 1, 1.0 and True differ.

    Raises:
        _RefusedError: it is neither plain data nor of this package.
    """
    kind = type(value)
    if kind in _LITERAL:
        return (kind, value)
    if kind is float:
        return repr(value)  # -0.0 is not 0.0
    if kind in (tuple, list):
        return (kind, *map(_frozen, value))
    if kind is dict:
        return (kind, *value, *map(_frozen, value.values()))
    if kind is FunctionType and value.__module__.startswith(_PACKAGE):
        return (kind, value)
    if isinstance(value, np.generic) or (kind is np.ndarray and value.dtype != object and value.nbytes <= LARGEST):
        return (kind, value.dtype, value.shape, value.tobytes())
    raise _RefusedError


def _copied(value: Any) -> Any:
    """An attribute that nobody else changes."""
    kind = type(value)
    if kind in (tuple, list):
        return kind(map(_copied, value))
    if kind is dict:
        return {name: _copied(one) for name, one in value.items()}
    return value.copy() if kind is np.ndarray else value


class _Calls:
    """The calls of a loss, of which it keeps a copy as it was; None where the function is all there is."""

    def __init__(self, function: Callable[..., Tensor], loss: Any) -> None:
        self._function = function
        self._loss = None if loss is None else object.__new__(type(loss))
        if loss is not None:
            vars(self._loss).update(_copied(vars(loss)))
        self._seen: dict[Hashable, int] = {}
        self._compiled: dict[Hashable, tuple[Call, dict[Warned, None]] | None] = {}
        """By kind of call, with its warnings; None for what is not to be compiled."""

    def __call__(
        self, F: OpSet, loss: Any, arguments: Sequence[Any], tensors: Sequence[Tensor], kinds: Hashable
    ) -> Tensor:
        repeat = self._compiled.get(kinds)
        if repeat is None:
            seen = self._seen.get(kinds, 0)
            first = seen < _before and not F.traced()
            if kinds in self._compiled or first or len(self._compiled) >= SHAPES:
                value = self._as_it_is(loss, arguments)
                if len(self._seen) >= SEEN:
                    self._seen.clear()
                self._seen[kinds] = seen + 1
                return value
            warnings: dict[Warned, None] = {}
            repeat = self._compiled[kinds] = (F.compiled(self._traced(arguments, warnings)), warnings)
        (run, warnings) = repeat
        try:
            (value, flag) = run(*tensors)
            known = flag is None or not F.readable(flag) or not np.asarray(flag)  # JAX takes 9 us for a truth value
        except Exception:  # each framework's own; what is wrong with the call itself, it says again
            known = False
        if not known:
            value = self._as_it_is(loss, arguments)
            self._compiled[kinds] = None  # no error of the caller, so something that has to be seen at every call
            return value
        for message, category in warnings:
            warned.give(message, category)
        return value

    def _as_it_is(self, loss: Any, arguments: Sequence[Any]) -> Tensor:
        """The call, uncompiled."""
        _trace.within = True
        try:
            return self._function(loss, *arguments)
        finally:
            _trace.within = False

    def _traced(self, arguments: Sequence[Any], warnings: dict[Warned, None]) -> Call:
        """The call, as a function of its tensors, which leaves what it would warn of in `warnings`."""
        plain = [one if type(one) in _PLAIN else _TENSOR for one in arguments]

        def run(*tensors: Tensor) -> tuple[Tensor, Tensor | None]:
            given = iter(tensors)
            outer = (_trace.flags, _trace.warnings)
            (_trace.flags, _trace.warnings) = ([], warnings)
            try:
                value = self._function(self._loss, *(next(given) if one is _TENSOR else one for one in plain))
                return value, sum(_trace.flags[1:], _trace.flags[0]) if _trace.flags else None
            finally:
                (_trace.flags, _trace.warnings) = outer

        return run
