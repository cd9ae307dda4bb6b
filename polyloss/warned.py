"""Warnings of a loss: at the line that called it, and again when a call that gave them is repeated."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

Warned = tuple[str, type[Warning]]

_INNER = ("polyloss.", "torch.nn.modules.", "keras.src.", "tensorflow.python.autograph.")


class _Log(threading.local):
    given: list[Warned | None] | None = None
    """What this thread records; None where it does not."""


_log = _Log()


def give(message: str, category: type[Warning], by_values: bool = False) -> None:
    """A warning at the line that called the loss, as a function or an object. `by_values`: the same call on other values may give none."""
    if _log.given is not None:
        _log.given.append(None if by_values else (message, category))
    (frame, level) = (sys._getframe(1), 2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_INNER):
        (frame, level) = (frame.f_back, level + 1)
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def recorded() -> Iterator[list[Warned | None]]:
    """The warnings that are given within the context; None for one that depends on values."""
    (outer, _log.given) = (_log.given, [])
    try:
        yield _log.given
    finally:
        if outer is not None:
            outer += _log.given
        _log.given = outer
