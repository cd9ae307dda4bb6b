"""From what a loss gave and what its references say to a cell's status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance import arrays
from polyloss_conformance.cases import Case
from polyloss_conformance.compare import Check, Expected, Outcome, Output, Reference, compare, worst
from polyloss_conformance.dialects import NATIVE
from polyloss_conformance.results import Record


def formula(case: Case, record: Record) -> Reference:
    """The reference ``formula`` of a case's record."""
    low = arrays.read(record["low"]) if "low" in record else 0.0
    uppers: Mapping[str, Record] = record.get("upper", {})
    gradients = {
        name: Expected(
            arrays.read(lower),
            case.gradient_dtype(name),
            arrays.read(uppers[name]) if name in uppers else None,
            loose=True,
        )
        for name, lower in record["gradients"].items()
    }
    return Reference("formula", Expected(arrays.read(record["value"]), case.dtype, low=low), gradients)


def native(record: Record) -> Reference:
    """The reference ``native`` of a case's record."""
    gradients = {name: Expected(arrays.read(array), array["dtype"]) for name, array in record["gradients"].items()}
    return Reference(NATIVE, Expected(arrays.read(record["value"]), record["value"]["dtype"]), gradients)


def elsewhere(name: str, record: Record, computed: Record) -> Reference:
    """What the native library gives on another backend. At a kink it is held to the formula alone: there the library's backends differ."""
    found = native(record)
    uppers: Mapping[str, Record] = computed.get("upper", {})
    gradients = {}
    for key, expected in found.gradients.items():
        lower = arrays.read(computed["gradients"][key])
        smooth = (lower == arrays.read(uppers[key])) if key in uppers else ~np.isnan(lower)
        gradients[key] = replace(expected, lower=np.where(smooth, expected.lower, np.nan), loose=True)
    return Reference(name, found.value, gradients)


def fused(outcome: Outcome) -> Reference:
    """The outcome of the fused kernels, as what the composition is held to."""
    gradients = {name: Expected(output.values, output.dtype) for name, output in outcome.gradients.items()}
    return Reference("fused", Expected(outcome.value.values, outcome.value.dtype), gradients)


def native_outcome(record: Record) -> Outcome:
    """A native result as something to be judged."""
    return Outcome(_output(record["value"]), {name: _output(array) for name, array in record["gradients"].items()})


def _output(record: Record) -> Output:
    return Output(arrays.read(record), record["dtype"])


def judge(case: Case, record: Record, outcome: Outcome, fused_outcome: Outcome | None = None) -> dict[str, Any]:
    """The fields ``status``, ``checks``, ``worst``, ``finding`` and ``message`` of a cell.

    A case whose native result has a finding is held to what the finding says polyloss follows: the formula, or the native library. To what
    the library gives on other backends, it is held wherever they agree with the formula.
    """
    said: Mapping[str, Record] = record["references"]
    (computed, library) = (said["formula"], said.get(NATIVE, {}))
    if "refused" in computed:
        return {"status": "fail", "message": f"the formula has no answer: {computed['refused']}"}
    for name, answer in said.items():
        if "disagrees" in answer:
            words = f"the {name} library disagrees with the formula, and no finding explains it: {answer['disagrees']}"
            return {"status": "fail", "message": words}
    finding = library.get("finding")
    follows_native = library.get("follows") == "native"
    references = [] if finding and follows_native else [formula(case, computed)]
    if "value" in library and (follows_native or not finding):
        references.append(native(library))
    references += [
        elsewhere(name, answer, computed)
        for name, answer in said.items()
        if name.startswith(NATIVE + " on ") and "value" in answer and "finding" not in answer
    ]
    if fused_outcome is not None:
        references.append(fused(fused_outcome))
    checks: list[Check] = []
    for reference in references:
        checks += compare(case, outcome, reference)
    return {**_summary(checks, finding), "checks": [check.row() for check in checks]}


def _summary(checks: list[Check], finding: str | None) -> dict[str, Any]:
    summary: dict[str, Any] = {"status": "pass"}
    largest = worst(checks)
    if largest is not None:
        summary["worst"] = largest.worst()
    if failing := [check for check in checks if not check.passes]:
        more = f"; {len(failing) - 1} more" if len(failing) > 1 else ""
        return {**summary, "status": "fail", "message": f"{failing[0]}{more}"}
    if finding is not None:
        return {**summary, "status": "deviation", "finding": finding, "message": f"as recorded in {finding}"}
    return summary


def without_gradients(reference: Record) -> Record:
    """A case's record for a backend that has no gradients."""
    kept = {
        name: {key: {} if key in ("gradients", "upper") else part for key, part in said.items()}
        for name, said in reference["references"].items()
    }
    return {**reference, "references": kept}
