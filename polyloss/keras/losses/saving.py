"""Losses by name and as data, in Keras's own format."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from polyloss.keras.losses.base import PACKAGE, Loss, keras_class

OBJECTS: dict[str, Any] = {}
"""The classes and functions of the dialect, by name."""


def register() -> None:
    """Have Keras know all these losses for loading, where the program has imported it."""
    saving = sys.modules.get("keras.saving")
    if not hasattr(saving, "register_keras_serializable"):
        return
    for found in {id(found): found for found in OBJECTS.values()}.values():
        if isinstance(found, type):
            keras_class(found)
        elif saving.get_registered_object(f"{PACKAGE}>{found.__name__}") is None:  # type: ignore[union-attr]
            saving.register_keras_serializable(package=PACKAGE)(found)  # type: ignore[union-attr]


def get(identifier: Any) -> Any:
    """The loss that `identifier` stands for: a name, a dict of `serialize`, a class, which is called, a function, an object, or None.

    Names are those of this module, aliases included. A class comes as an instance with its defaults.

    Raises:
        ValueError: nothing has that name, or it is none of these.

    Source: ``keras.losses.get``, Keras 3.15, which does not know ``CategoricalGeneralizedCrossEntropy``.

    >>> get("Huber"), get({"class_name": "Huber", "config": {"delta": 2.0}}).delta
    (Huber(name='huber_loss', reduction='sum_over_batch_size', delta=1.0), 2.0)
    """
    register()
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, str):
        found = OBJECTS.get(identifier)
    elif isinstance(identifier, dict):
        found = deserialize(identifier)
    if not callable(found):
        raise ValueError(
            f"get: {identifier!r} is no loss; accepted are names ({', '.join(sorted(OBJECTS))}), dicts and callables"
        )
    return found() if isinstance(found, type) else found


def serialize(loss: Any) -> Any:
    """`loss`, an object or a function, as a dict that `deserialize` and Keras read. What is not of this dialect goes to Keras.

    >>> serialize(Loss(name="mine"))["config"]
    {'name': 'mine', 'reduction': 'sum_over_batch_size'}
    """
    register()
    saving = sys.modules.get("keras.saving")
    name = getattr(loss, "__name__", "")
    if OBJECTS.get(name) is loss and not isinstance(loss, type):
        return {
            "module": "builtins",
            "class_name": "function",
            "config": f"{PACKAGE}>{name}",
            "registered_name": "function",
        }
    if isinstance(loss, Loss):
        kind = type(loss)
        known = f"{PACKAGE}>{kind.__name__}" if kind.__name__ in OBJECTS else kind.__name__
        if saving is not None:
            known = saving.get_registered_name(kind)
        return {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "config": loss.get_config(),
            "registered_name": known,
        }
    if saving is not None:
        return saving.serialize_keras_object(loss)
    if callable(loss):
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    raise TypeError(f"serialize: {loss!r} is a {type(loss).__name__}; accepted is a loss")


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss of a dict that `serialize` or Keras has made, or of a name; `custom_objects` come before those of this module.

    A dict of Keras's own loss gives the loss of that name of this module.

    Raises:
        ValueError: there is no such loss.

    >>> deserialize({"module": "keras.losses", "class_name": "Huber", "config": {"name": "h"}, "registered_name": None}).name
    'h'
    """
    register()
    if isinstance(name, str):
        return _found(name, name, custom_objects)
    if not isinstance(name, dict) or "class_name" not in name:
        raise ValueError(f"deserialize: {name!r} is neither a name nor a dict with class_name and config")
    (kind, config) = (name["class_name"], name.get("config", {}))
    if kind == "function":
        return _found(config, config, custom_objects)
    loss: Any = _found(name.get("registered_name") or kind, kind, custom_objects)
    return loss.from_config(dict(config)) if hasattr(loss, "from_config") else loss


def _found(registered: str, name: str, custom_objects: Mapping[str, Any] | None) -> Any:
    custom = custom_objects or {}
    plain = name.removeprefix(f"{PACKAGE}>")
    for found in (custom.get(registered), custom.get(name), OBJECTS.get(plain)):
        if found is not None:
            return found
    saving = sys.modules.get("keras.saving")
    known: Callable[..., Any] | None = getattr(saving, "get_registered_object", None)
    found = None if known is None else known(registered)
    if found is None:
        raise ValueError(f"deserialize: there is no loss {name!r}; custom_objects takes others")
    return found
