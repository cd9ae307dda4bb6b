"""How the deviations of Keras are measured: on TensorFlow, and where its backends differ on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case, Input
from polyloss_conformance.deviations.measure import printed_numbers
from polyloss_conformance.deviations.record import (
    DOCUMENTATION,
    Evidence,
    Example,
    Finding,
    Masks,
    Measurement,
    explaining,
    plain,
)
from polyloss_conformance.references import differentiate
from polyloss_conformance.references.exact import DIGITS, inputs_of
from polyloss_conformance.references.keras_backends import ask
from polyloss_conformance.references.reference import Value

LOSSES = "keras/src/losses/losses.py of Keras 3.15, "
LOSS = "keras/src/losses/loss.py of Keras 3.15, "

RAISES = "raises"
"""Recorded in place of numbers where a backend raises."""


def example(
    loss: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    dtype: str = "float32",
    wrt: tuple[str, ...] = (),
    dtypes: Mapping[str, str] | None = None,
) -> Example:
    """An example of a loss of ``keras.losses``, in this dtype."""
    given = {**(config or {}), **({} if dtype == "float32" else {"dtype": dtype})}
    return Example(loss, inputs, given, dtype=dtype, wrt=wrt, dtypes=dtypes or {}, dialect="keras")


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
    measure = printed_numbers(example, printed, computed, print_)
    return Finding(identity, DOCUMENTATION, f"keras/{example.loss}", cause, LOSSES + where, measure)


def across(example: Example, what: str, right: Any, **recorded: Any) -> Callable[[], Measurement]:
    """A measurement on several backends of Keras, each as recorded: numbers, or `RAISES`. ``tensorflow``, ``jax``, ``torch``, ``numpy``.

    `what`: ``value`` or ``gradient NAME``, by unit upstream. `right`: the numbers of the reference, or in words what is right where it
    has none.
    """

    def measure() -> Measurement:
        case = example.case()
        numbers = {"quantity": f"{what} of {example}"}
        holds = True
        if isinstance(right, str):
            numbers["right"] = right
        else:
            due = _unit(case, what)
            numbers["right"] = plain(due)
            holds = agree(due, right)
        for backend, said in recorded.items():
            found = _on_tensorflow(case, what) if backend == "tensorflow" else _on(backend, case, what)
            numbers[backend] = found if isinstance(found, str) else plain(found)
            holds = holds and (said == RAISES if isinstance(found, str) else agree(found, said))
        return Measurement([numbers], holds)

    return measure


def _unit(case: Case, what: str) -> Array:
    right = dialects.reference(case).value(inputs_of(case), case.config, case.call)
    if what == "value":
        return np.array([float(x) for x in right.flat]).reshape(right.shape)
    return np.asarray(differentiate.gradients(case, np.ones(right.shape))[what.removeprefix("gradient ")].lower)


def _on_tensorflow(case: Case, what: str) -> Array | str:
    native = dialects.of(case.loss).ask(case)
    if "refused" in native:
        return f"raises {native['refused']}"
    if what == "value":
        return np.asarray(native["value"], np.float64)
    gradient = np.asarray(native["gradients"][what.removeprefix("gradient ")], np.float64)
    return np.asarray(gradient / case.upstream(np.shape(native["value"])))


def _on(backend: str, case: Case, what: str) -> Array | str:
    native = ask(backend, case)
    if "refused" in native:
        return f"raises {native['refused']}"
    return np.asarray(native["value"] if what == "value" else native["gradients"][what.removeprefix("gradient ")])


def all_of(*measures: Callable[[], Measurement]) -> Callable[[], Measurement]:
    """Several measurements as one, which holds if each does."""

    def measure() -> Measurement:
        found = [one() for one in measures]
        return Measurement([row for one in found for row in one.numbers], all(one.holds for one in found))

    return measure


def computed_by(value: Value) -> Callable[[Evidence], Masks]:
    """Where Keras's numbers are those of another formula than the reference's, as exactly as they should be the reference's."""

    def recorded(evidence: Evidence) -> Masks:
        case = evidence.case
        inputs = inputs_of(case)
        with mp.workdps(DIGITS):
            other = np.asarray(value(inputs, case.config, case.call), dtype=object)
        upstream = case.upstream(evidence.right.shape)
        slopes = differentiate.slopes(value, inputs, case.config, case.call, upstream, case.wrt)
        found = replace(evidence, value=other, gradients=slopes)
        off = found.deviating()
        return {} if "shape" in off else {what: ~mask for what, mask in off.items()}

    return recorded


SINGLE = "keras-float64-elsewhere"
"""The finding that PyTorch computes float64 in float32."""


def explained_in_single(findings: Iterable[Finding], evidence: Evidence) -> str | None:
    """What explains that numbers of float64 are not exact: that they were computed in float32, or what explains those."""
    case = evidence.case
    inputs = {
        name: Input.of(given.values, "float32") if given.dtype == "float64" else given
        for name, given in case.inputs.items()
    }
    single = replace(evidence, case=replace(case, inputs=inputs, dtype="float32"))
    if single.refused is None and not _deviates(single):
        return SINGLE
    rounded = {key: given for key, given in case.config.items() if key != "dtype"}
    for config in (rounded, case.config):  # the bounds of either dtype
        narrow = replace(single.case, config=config)
        with mp.workdps(DIGITS):
            value = dialects.reference(narrow).value(inputs_of(narrow), narrow.config, narrow.call)
        gradients = differentiate.gradients(narrow, narrow.upstream(value.shape))
        again = replace(single, case=narrow, value=value, gradients=gradients)
        if again.refused is None and not _deviates(again):
            return SINGLE
        if (found := explaining(findings, again)) is not None:
            return found
    return None


def _deviates(evidence: Evidence) -> bool:
    return any(mask.any() for mask in evidence.deviating().values())


@dataclass(frozen=True)
class OtherShape(Finding):
    """A finding that Keras's result has another shape."""

    shape: tuple[int, ...] = ()

    def explains(self, evidence: Evidence) -> bool:
        """Whether this is one of its cases, and the result has the shape."""
        return self.concerns(evidence) and evidence.refused is None and evidence.got("value").shape == self.shape


def agree(found: Any, recorded: Any) -> bool:
    """Whether numbers are the recorded ones, however small: five digits, NaN with NaN."""
    if not isinstance(recorded, str) and np.shape(found) == np.shape(recorded):
        return bool(np.allclose(np.asarray(found), recorded, rtol=1e-5, atol=1e-15, equal_nan=True))
    return False
