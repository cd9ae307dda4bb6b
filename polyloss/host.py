"""A loss as an object of the framework that a program has imported: what that framework does with one is then its own code."""

from __future__ import annotations

from typing import Any


def subclass(kind: type[Any], framework: type[Any], **own: Any) -> Any:
    """A class of the name, module and text of `kind` that is also one of `framework`, with the methods of `own`."""
    body = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(kind.__name__, (kind, framework), {**body, **own})


def reduce(self: Any) -> Any:
    """``__reduce__`` of an instance of a `subclass`, which cannot be found by its name: it is made anew from the class that can."""
    return _restored, type(self).__bases__, self.__dict__


def _restored(kind: Any, framework: type[Any]) -> Any:
    """A new instance; naming the class of the framework has imported that, which makes it one of it."""
    return kind.__new__(kind)
