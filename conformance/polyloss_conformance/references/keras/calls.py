"""How the losses of ``keras.losses`` are called that take something else than what the case names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyloss_conformance.cases import Case

Call = Callable[[Any, Case, Mapping[str, Any]], Any]
"""``(keras, case, tensors by name, without the mask) -> value``."""


def _circle(keras: Any, case: Case, tensors: Mapping[str, Any]) -> Any:
    """Without the argument that only polyloss has; with references the function, since the class takes none."""
    config = {key: given for key, given in case.config.items() if key != "fixed_weights"}
    if "ref_labels" not in tensors:
        return keras.losses.Circle(**config)(**tensors, **case.call)
    options = {key: given for key, given in config.items() if key not in ("reduction", "dtype")}
    return keras.losses.circle(**tensors, **options)


def _wrapper(keras: Any, case: Case, tensors: Mapping[str, Any]) -> Any:
    """The function has a name in the case."""
    functions: dict[str, Callable[..., Any]] = {
        "absolute": lambda y_true, y_pred: abs(y_true - y_pred),
        "scaled": lambda y_true, y_pred, scale: scale * (y_true - y_pred) * (y_true - y_pred),
        "rows": lambda y_true, y_pred: keras.ops.sum(keras.ops.abs(y_true - y_pred), axis=-1),
        "total": lambda y_true, y_pred: keras.ops.sum(keras.ops.square(y_true - y_pred)),
        "huber": keras.losses.huber,
    }
    config = {**case.config, "fn": functions[case.config["fn"]]}
    return keras.src.losses.losses.LossFunctionWrapper(**config)(**tensors, **case.call)


CALLS: Mapping[str, Call] = {"keras/Circle": _circle, "keras/LossFunctionWrapper": _wrapper}
"""By loss id."""
