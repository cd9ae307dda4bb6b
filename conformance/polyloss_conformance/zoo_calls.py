"""How the items of the zoo are called that take something else than tensors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyloss_conformance.cases import Case


def _with_state(*names: str) -> Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]:
    """A loss of a batch, its labels and a state, which is made of the tensors of these names."""

    def function(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
        loss = kind(**case.config)

        def call(x: Any, label: Any, *tables: Any) -> Any:
            return loss(x, label, dict(zip(names, tables, strict=True)))

        return call, ["x", "label", *names]

    return function


def _layers(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    """A loss of the features of a layer, or of several: lists, one of predictions, one of targets."""
    loss = kind(**case.config)
    names = list(case.inputs)
    (pred, target) = ([i for i, name in enumerate(names) if name.startswith(one)] for one in ("pred", "target"))

    def call(*tensors: Any) -> Any:
        if len(tensors) == 2:
            return loss(*tensors)
        return loss([tensors[i] for i in pred], [tensors[i] for i in target])

    return call, names


CALLS: dict[str, Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]] = {
    "zoo/Center": _with_state("centers"),
    "zoo/OIM": _with_state("lut", "queue"),
    "zoo/Perceptual": _layers,
    "zoo/Style": _layers,
}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
