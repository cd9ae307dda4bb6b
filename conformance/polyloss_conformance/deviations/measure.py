"""Measuring a deviation again: MXNet's result on small examples beside the reference's."""

from __future__ import annotations

from collections.abc import Callable

from polyloss_conformance.cases import Case
from polyloss_conformance.deviations.record import Evidence, Example, Finding, Measurement, plain
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.gluon import value
from polyloss_conformance.references.native_gluon import run


def evidence_of(case: Case) -> Evidence:
    """MXNet's result on `case` beside the reference's, both made now.

    Raises:
        ImportError: there is no MXNet here.
    """
    ((_, native),) = run([case])
    right = value(case)
    return Evidence(case, native, right, gradients(case, case.upstream(right.shape)))


def example_of(identity: str, *examples: Example) -> Callable[[], Measurement]:
    """A measurement that holds if the finding of this id explains MXNet's result on every example."""

    def measure() -> Measurement:
        from polyloss_conformance.deviations import finding

        found: Finding = finding(identity)
        numbers, holds = [], True
        for example in examples:
            evidence = evidence_of(example.case())
            holds = holds and found.explains(evidence)
            numbers.append({"quantity": str(example), "right": plain(evidence.value), "mxnet": _value(evidence)})
            for name, slopes in evidence.gradients.items():
                if evidence.refused is None:
                    got = plain(evidence.got(f"gradient {name}"))
                    numbers.append({"quantity": f"its gradient {name}", "right": plain(slopes.lower), "mxnet": got})
        return Measurement(numbers, holds)

    return measure


def _value(evidence: Evidence) -> str:
    return plain(evidence.got("value")) if evidence.refused is None else f"refused: {evidence.refused}"
