"""Measuring a deviation again: the native library's result on small examples beside the reference's."""

from __future__ import annotations

from collections.abc import Callable

from polyloss_conformance import dialects
from polyloss_conformance.cases import Case
from polyloss_conformance.deviations.record import Evidence, Example, Finding, Measurement, plain
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.exact import inputs_of


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
