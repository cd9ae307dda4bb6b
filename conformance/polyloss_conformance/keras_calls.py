"""How the losses of `polyloss.keras.losses` are called: tensors by name, and a mask that is left on the predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from polyloss import dispatch
from polyloss.keras import losses
from polyloss.keras.losses import base
from polyloss.opset import OpSet
from polyloss_conformance.cases import Case


def _call(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    loss = kind(**case.config)
    names = list(case.inputs)

    def call(*tensors: Any) -> Any:
        given = dict(zip(names, tensors, strict=True))
        if "mask" not in given:
            return loss(**given, **case.call)
        return _masked(loss, given.pop("mask"), given, case.call)

    return call, names


def _masked(loss: Any, mask: Any, given: dict[str, Any], call: Any) -> Any:
    """The call of a loss whose predictions carry a mask.

    Tensors of some frameworks take no attributes. For those Keras keeps a table, which is there only where Keras is: it is stood in for.
    """
    pred = given["y_pred"]
    if hasattr(pred, "__dict__"):
        pred._keras_mask = mask
        return loss(**given, **call)
    carried = base.carried_mask
    with patch.object(base, "carried_mask", lambda tensor: mask if tensor is pred else carried(tensor)):
        return loss(**given, **call)


def _circle(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    """With references the function, since the class takes none."""
    if "ref_labels" not in case.inputs:
        return _call(kind, case)
    names = list(case.inputs)
    options = {key: given for key, given in case.config.items() if key not in ("reduction", "dtype")}
    return lambda *tensors: losses.circle(**dict(zip(names, tensors, strict=True)), **options), names


def _function(formula: Callable[[OpSet, Any], Any]) -> Callable[[Any, Any], Any]:
    """Somebody's function of labels and predictions, on the tensors of any framework; at a kink frameworks differ, op sets do not."""
    return lambda y_true, y_pred: formula(
        dispatch.op_set("own", ("y_true", "y_pred"), (y_true, y_pred)), y_true - y_pred
    )


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "absolute": _function(lambda F, error: F.abs(error)),
    "scaled": lambda y_true, y_pred, scale: scale * (y_true - y_pred) * (y_true - y_pred),
    "rows": _function(lambda F, error: F.sum(F.abs(error), axis=-1)),
    "total": _function(lambda F, error: F.sum(F.square(error))),
    "huber": losses.huber,
}
"""By the names that cases give them."""


def _wrapper(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    return _call(kind, replace(case, config={**case.config, "fn": _FUNCTIONS[case.config["fn"]]}))


def needs_ranks(case: Case) -> bool:
    """Whether the loss of `case` brings tensors of different shapes together, or takes an axis from class numbers."""
    found = []
    (same_rank, class_numbers) = (base.same_rank, base.class_numbers)

    def ranked(F: OpSet, x1: Any, x2: Any) -> Any:
        shapes = (F.shape(x1), F.shape(x2))
        found.append(shapes[0] != shapes[1] and shapes[1] != ())  # a weight that is a number fits any loss
        return same_rank(F, x1, x2)

    def numbered(F: OpSet, loss: str, y_true: Any, y_pred: Any, axis: int) -> Any:
        found.append(y_true.ndim == y_pred.ndim)
        return class_numbers(F, loss, y_true, y_pred, axis)

    (call, names) = CALLS[case.loss](getattr(losses, case.loss.removeprefix("keras/")), case)
    tensors = [case.inputs[name].values for name in names]
    with patch.object(base, "same_rank", ranked), patch.object(base, "class_numbers", numbered):
        call(*tensors)
    return any(found)


CALLS: dict[str, Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]] = {
    f"keras/{name}": _call for name in losses.__all__ if isinstance(getattr(losses, name), type)
} | {"keras/Circle": _circle, "keras/LossFunctionWrapper": _wrapper}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
