"""Measuring a deviation again: the native library's result on small examples beside the reference's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Case
from polyloss_conformance.deviations.record import Evidence, Example, Finding, Measurement, close, plain
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.reference import Value


def evidence_of(case: Case) -> Evidence:
    """The native result on `case` beside the reference's, both made now.

    Raises:
        ImportError: the native library is not here.
    """
    native = dialects.of(case.loss).ask(case)
    right = dialects.reference(case).value(inputs_of(case), case.config, case.call)
    return Evidence(case, native, right, gradients(case, case.upstream(right.shape)))


def example_of(identity: str, *examples: Example) -> Callable[[], Measurement]:
    """A measurement that holds if the finding of this id explains the native result on every example."""

    def measure() -> Measurement:
        dialect = dialects.dialects()[examples[0].dialect]
        found: Finding = dialect.known_findings()[identity]
        numbers, holds = [], True
        for example in examples:
            evidence = evidence_of(example.case())
            holds = holds and found.explains(evidence)
            numbers.append(
                {"quantity": str(example), "right": plain(evidence.value), dialect.native_backend: _value(evidence)}
            )
            for name, slopes in evidence.gradients.items():
                if evidence.refused is None:
                    got = plain(evidence.got(f"gradient {name}"))
                    numbers.append(
                        {"quantity": f"its gradient {name}", "right": plain(slopes.lower), dialect.native_backend: got}
                    )
        return Measurement(numbers, holds)

    return measure


def _value(evidence: Evidence) -> str:
    return plain(evidence.got("value")) if evidence.refused is None else f"refused: {evidence.refused}"


def printed_numbers(
    example: Example, printed: Any, computed: Any, print_: Value | None = None
) -> Callable[[], Measurement]:
    """A measurement of both numbers of an example: what is printed (a formula, or `print_`) gives, and what the code."""

    def measure() -> Measurement:
        case = example.case()
        reference = dialects.reference(case)
        said = (print_ or reference.documented_value)(inputs_of(case), case.config, case.call)
        done = reference.value(inputs_of(case), case.config, case.call)
        numbers = {"quantity": str(example), "documentation": plain(said), "code": plain(done)}
        holds = close(said, printed) and close(done, computed) and not close(said, done)
        dialect = dialects.of(case.loss)
        try:
            native = dialect.ask(case)
        except ImportError:
            return Measurement([numbers], holds)
        numbers[dialect.native_backend] = plain(native["value"]) if "value" in native else native["refused"]
        return Measurement([numbers], holds and "value" in native and close(native["value"], computed))

    return measure


def numbers_of(example: Example, what: str, right: Any, got: Any) -> Callable[[], Measurement]:
    """A measurement for what no comparison with a tolerance shows: the reference's numbers and the library's, both as recorded.

    `right`: the numbers of the reference, or in words what they are where the reference has none. Gradients are by unit upstream.
    """

    def measure() -> Measurement:
        case = example.case()
        evidence = evidence_of(case)
        scale = 1.0 if what == "value" else case.upstream(evidence.right.shape)
        found = evidence.got(what) / scale
        numbers = {"quantity": f"{what} of {example}", dialects.of(case.loss).native_backend: plain(found)}
        if isinstance(right, str):
            return Measurement([{**numbers, "right": right}], _agree(found, got))
        due = evidence.right if what == "value" else evidence.gradients[what.removeprefix("gradient ")].lower / scale
        return Measurement([{**numbers, "right": plain(due)}], _agree(due, right) and _agree(found, got))

    return measure


def _agree(found: Any, recorded: Any) -> bool:
    """As `close`, for numbers however small."""
    return bool(np.allclose(np.asarray(found), recorded, rtol=1e-5, atol=1e-15, equal_nan=True))


def gradients_of(evidence: Evidence) -> list[str]:
    """What the gradients of a case are called."""
    return [f"gradient {name}" for name in evidence.gradients]
