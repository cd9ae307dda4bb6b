"""How the losses of `polyloss.keras.losses` are called: tensors by name, and a mask that is left on the predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from polyloss.keras import losses
from polyloss.keras.losses import base
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


CALLS: dict[str, Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]] = {
    f"keras/{name}": _call for name in losses.__all__ if isinstance(getattr(losses, name), type)
}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
