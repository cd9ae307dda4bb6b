"""What the page says of a loss besides its formula: paragraphs of its docstring, and the numbers of others."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from polyloss_conformance.results import Record
from polyloss_conformance.vectors import Vector, vectors

if TYPE_CHECKING:
    from polyloss_conformance.dialects import Dialect

HEADINGS = ("Use", "Elsewhere")
EXAMPLE = "Example"
SHOWN = 24
"""Numbers of an array that are written out."""


def notes(dialect: Dialect, name: str) -> dict[str, str]:
    """By heading: the paragraphs of the docstring that begin with it, and the example, line by line."""
    kind = getattr(dialect.losses(), name, None)
    text = inspect.getdoc(getattr(kind, "function", kind)) or ""
    found = {}
    for paragraph in text.split("\n\n"):
        heading = paragraph.partition(": ")[0]
        if heading in HEADINGS:
            found[heading] = " ".join(paragraph.partition(": ")[2].split())
        elif paragraph.startswith(">>> "):
            found[EXAMPLE] = f"{found[EXAMPLE]}\n{paragraph}" if EXAMPLE in found else paragraph
    return found


def measured(loss: str) -> list[Record]:
    """The vectors of a loss beside what its formula gives, computed now."""
    from polyloss_conformance import dialects
    from polyloss_conformance.references.exact import inputs_of

    found = []
    for vector in vectors():
        if vector.loss != loss:
            continue
        case = vector.case()
        value = dialects.reference(case).value(inputs_of(case), case.config, case.call)
        found.append(
            {
                "oracle": vector.oracle,
                "call": _call(vector),
                "expected": _text(vector.expected),
                "formula": _text(value),
                "holds": vector.agrees(value),
            }
        )
    return found


def _call(vector: Vector) -> str:
    case = vector.case()
    options = ", ".join(f"{key}={value}" for key, value in case.config.items())
    given = ", ".join(f"{name} {_text(one.values)}" for name, one in case.inputs.items())
    return f"{vector.loss.partition('/')[2]}({options}) of {given}"


def _text(values: Any) -> str:
    array = np.asarray(values, dtype=np.float64)
    if array.size > SHOWN:
        return "×".join(map(str, array.shape)) + " numbers"
    if array.ndim == 0:
        return f"{float(array):.11g}"
    return "[" + ", ".join(map(_text, array)) + "]"
