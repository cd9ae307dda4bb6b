"""Numbers that others computed: small calls with their results and where these come from, frozen as data.

A file of this folder holds ``vectors``, of each its ``loss`` (``zoo/Quantile``), ``config``, ``inputs``, the ``expected`` result, the
``oracle`` that gave it with its version, and if it knows one the ``gradients`` of the sum of the result. An input is a list, the name of
one of the shared ``arrays`` (`arrays.json`), a list of such names (stacked), or ``{"int": ...}`` for what is passed as
int64. ``tolerance`` is relative above 1 and absolute below; the default is that of ten printed digits, any other has its ``reason``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case, Input

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Vector:
    """One call and its result."""

    id: str
    loss: str
    config: Mapping[str, Any]
    inputs: Mapping[str, Any]
    expected: Any
    oracle: str
    gradients: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float = TOLERANCE
    reason: str = ""

    def case(self) -> Case:
        """The call as a case in float64."""
        inputs = {name: _input(given) for name, given in self.inputs.items()}
        config = {key: _tuples(given) for key, given in self.config.items()}
        return Case(self.id, self.loss, config, inputs, "float64", wrt=tuple(self.gradients))

    def agrees(self, found: Any, expected: Any = None) -> bool:
        """Whether a result is the expected one."""
        due = np.asarray(self.expected if expected is None else expected, dtype=np.float64)
        got = np.asarray(found, dtype=np.float64)
        return got.shape == due.shape and bool(
            np.all((np.abs(got - due) <= self.tolerance * np.maximum(np.abs(due), 1.0)) | (got == due))
        )


def _tuples(given: Any) -> Any:
    """JSON has no tuples: a list of numbers in a configuration is one."""
    return tuple(map(_tuples, given)) if isinstance(given, list) else given


def _input(given: Any) -> Input:
    if isinstance(given, dict):
        return Input.of(_array(given["int"]), "int64")
    return Input.of(_array(given), "float64")


def _array(given: Any) -> Array:
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return np.stack([_array(one) for one in given])
    return np.asarray(shared(given) if isinstance(given, str) else given)


def shared(name: str) -> Any:
    """One of the shared arrays, as lists."""
    return _all_shared()[name]


@cache
def _all_shared() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((files(__name__) / "arrays.json").read_text(encoding="utf-8"))
    return found


@cache
def vectors() -> tuple[Vector, ...]:
    """All of them, in the order of the files' names."""
    found = []
    for file in sorted(files(__name__).iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".json") or file.name == "arrays.json":
            continue
        for number, given in enumerate(json.loads(file.read_text(encoding="utf-8"))["vectors"]):
            found.append(Vector(id=f"{given['loss']}/vector/{file.name.removesuffix('.json')}-{number}", **given))
    return tuple(found)
