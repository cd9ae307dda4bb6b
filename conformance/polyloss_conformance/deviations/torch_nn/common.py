"""How the deviations of PyTorch are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.deviations.record import DOCUMENTATION, Evidence, Example, Finding, Measurement, close, plain
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.reference import Value

MODULES = "torch/nn/modules/loss.py of PyTorch 2.13, class "
NATIVE = "aten/src/ATen/native/"


def example(
    loss: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    dtype: str = "float32",
    wrt: tuple[str, ...] = (),
) -> Example:
    """An example of a loss of ``torch.nn``."""
    return Example(loss, inputs, config or {}, dtype=dtype, wrt=wrt, dialect="torch")


def documented(
    identity: str,
    cause: str,
    where: str,
    example: Example,
    printed: Any,
    computed: Any,
    print_: Value | None = None,
) -> Finding:
    """A finding with both numbers of an example: what is printed (a formula, or `print_`) gives, and what the code."""

    def measure() -> Measurement:
        case = example.case()
        reference = dialects.reference(case)
        said = (print_ or reference.documented_value)(inputs_of(case), case.config, case.call)
        done = reference.value(inputs_of(case), case.config, case.call)
        numbers = {"quantity": str(example), "documentation": plain(said), "code": plain(done)}
        holds = close(said, printed) and close(done, computed) and not close(said, done)
        try:
            native = dialects.of(case.loss).ask(case)
        except ImportError:
            return Measurement([numbers], holds)
        numbers["torch"] = plain(native["value"]) if "value" in native else native["refused"]
        return Measurement([numbers], holds and "value" in native and close(native["value"], computed))

    return Finding(identity, DOCUMENTATION, f"torch/{example.loss}", cause, MODULES + where, measure)


def numbers_of(example: Example, what: str, right: Any, got: Any) -> Callable[[], Measurement]:
    """A measurement for what no comparison with a tolerance shows: the reference's numbers and torch's, both as recorded.

    `right`: the numbers of the reference, or in words what they are where the reference has none. Gradients are by unit upstream.
    """

    def measure() -> Measurement:
        case = example.case()
        evidence = evidence_of(case)
        scale = 1.0 if what == "value" else case.upstream(evidence.right.shape)
        found = evidence.got(what) / scale
        numbers = {"quantity": f"{what} of {example}", "torch": plain(found)}
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
