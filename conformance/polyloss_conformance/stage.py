"""Making the references: formulas in some processes, each native library in one of its own, then held against each other."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import numpy as np

from polyloss_conformance import arrays, dialects, judge, results
from polyloss_conformance.cases import Case
from polyloss_conformance.compare import compare
from polyloss_conformance.dialects import Dialect
from polyloss_conformance.notes import notes
from polyloss_conformance.reference_worker import CURVE, FINDING, LOAD, VECTORS, unmeasured
from polyloss_conformance.references_file import own_revision
from polyloss_conformance.results import Record
from polyloss_conformance.supervisor import Lost, StartError, Supervisor
from polyloss_conformance.vectors import vectors

MODULE = "polyloss_conformance.reference_worker"

WORTH_A_PROCESS = 40
"""So many formulas take as long as starting a process for them."""


@dataclass
class Stage:
    """Where references are computed."""

    pool: Executor
    supervisor: Supervisor
    jobs: int
    limit: float
    python: Mapping[str, str] = field(default_factory=dict)
    """Environment to interpreter: the native library of a dialect is asked in its backend's."""

    def probe(self, names: Iterable[str]) -> dict[str, Future[Record]]:
        """For each dialect with a native library: its versions, or why it cannot be asked."""
        known = dialects.dialects()
        return {name: self.pool.submit(self._load, known[name]) for name in names if known[name].native}

    def _load(self, dialect: Dialect) -> Record:
        found: Record = self._ask_native(dialect, [LOAD]).get(LOAD) or {"unavailable": "it did not start"}
        return {"unavailable": found["refused"]} if "refused" in found else found

    def make(self, cases: Mapping[str, Case], native: Mapping[str, Record]) -> list[Record]:
        """The `loss`, `finding` and `case` records of `cases`; `native` is what `probe` found."""
        used = sorted({case.loss.partition("/")[0] for case in cases.values()})
        known = [dialects.dialects()[name] for name in used]
        answers = [
            self.pool.submit(self._ask_native, dialect, items)
            for dialect in known
            if (items := _asked(dialect, cases, "versions" in native.get(dialect.name, {})))
        ]
        parts = max(1, min(self.jobs, len(cases) // WORTH_A_PROCESS))
        curves = {case.loss: CURVE + name for name, case in reversed(list(cases.items())) if case.wrt}
        checked = {vector.loss for vector in vectors()} & {case.loss for case in cases.values()}
        others = [*curves.values(), *(VECTORS + loss for loss in sorted(checked))]
        chunks = [*_chunks(cases, parts), *([others] if others else [])]
        computed = [self.pool.submit(self._compute, chunk) for chunk in chunks]
        formulas: dict[str, Any] = {}
        for future in computed:
            formulas |= future.result()
        said: dict[str, Any] = {}
        for future in answers:
            said |= future.result()
        records = []
        for record in (loss for dialect in known for loss in _losses(dialect, {case.loss for case in cases.values()})):
            drawn = formulas.get(curves.get(record["loss"], ""), {})
            record |= {"curve": drawn} if "loss" in drawn else {}
            held = formulas.get(VECTORS + record["loss"], {})
            if "refused" in held:  # the formula cannot be held to them: that is no agreement
                told = str(held["refused"])
                held = {
                    "vectors": [
                        {"oracle": "all", "call": record["name"], "expected": "", "formula": told, "holds": False}
                    ]
                }
            records.append(record | held)
        records += [_measured(known, item, said[item]) for item in said if item.startswith(FINDING) and said[item]]
        return records + [combined(case, formulas[name], said.get(name)) for name, case in cases.items()]

    def _compute(self, items: list[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}

        def lost(item: str, why: Lost) -> None:
            found[item] = {"refused": f"the process that computes it {why.reason}"}

        command = [sys.executable, "-m", MODULE]
        self.supervisor.work(command, {"ask": "formula"}, items, self.limit, found.__setitem__, lost, _ignore)
        return found

    def _ask_native(self, dialect: Dialect, items: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def lost(item: str, why: Lost) -> None:
            found[item] = {"refused": f"{dialect.native_backend} {why.reason}"}

        command = [self.python.get(dialect.native_backend, sys.executable), "-m", MODULE]
        job = {"ask": "native", "dialect": dialect.name}
        try:
            self.supervisor.work(command, job, items, self.limit, found.__setitem__, lost, _ignore)
        except (StartError, OSError) as error:
            for item in items:
                found.setdefault(item, {"refused": str(error)})
        return found


def header(native: Mapping[str, Record]) -> Record:
    """How the references came about."""
    return {
        "record": "references",
        "schema": results.VERSION,
        "revision": own_revision(),
        "stamp": uuid.uuid4().hex[:12],
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("mpmath", "numpy")},
        "native": dict(native),
    }


def combined(case: Case, formula: Record, native: Record | None) -> Record:
    """The record of a case: what its references say, and whether they agree."""
    record = arrays.case_record(case)
    record["references"]["formula"] = formula
    if native is not None:
        record["references"]["native"] = {**native, **_disagreement(case, formula, native)}
    return record


def _disagreement(case: Case, formula: Record, native: Record) -> Record:
    if "refused" in formula:
        return {}
    if "refused" in native:
        words = f"refused: {native['refused']}"
    else:
        if formula["value"]["shape"] == [] and native["value"]["shape"] == [1]:
            native["value"]["shape"] = []  # legacy MXNet has no arrays without axes
        checks = compare(case, judge.native_outcome(native), judge.formula(case, formula), native=True)
        failing = [check for check in checks if not check.passes]
        if not failing:
            return {}
        words = "; ".join(map(str, failing))
    finding = _explanation(case, formula, native)
    return {"disagrees": words} if finding is None else finding


def _explanation(case: Case, formula: Record, native: Record) -> Record | None:
    """``finding`` and ``follows``, if a finding explains the native result."""
    dialect = dialects.of(case.loss)
    if dialect.explain is None:
        return None
    from mpmath import mp, mpf

    from polyloss_conformance.references.differentiate import Slopes

    with np.errstate(invalid="ignore"):  # of NaN, which is a value as well
        value = np.vectorize(mpf, otypes=[object])(arrays.read(formula["value"]))
    if "low" in formula:
        with mp.workdps(40):  # float64 and the rest are 32 digits
            value = value + arrays.read(formula["low"])
    value = np.asarray(value, dtype=object)  # of no axes both steps make a number
    gradients = {
        name: Slopes(arrays.read(lower), arrays.read(formula.get("upper", {}).get(name, lower)))
        for name, lower in formula["gradients"].items()
    }
    result: dict[str, Any] = (
        {"refused": native["refused"]}
        if "refused" in native
        else {
            "value": arrays.read(native["value"]),
            "gradients": {name: arrays.read(array) for name, array in native["gradients"].items()},
        }
    )
    name = dialects.resolve(dialect.explain)(case, result, value, gradients)
    return None if name is None else {"finding": name, "follows": dialect.known_findings()[name].follows}


def _losses(dialect: Dialect, wanted: set[str]) -> list[Record]:
    return [
        {
            "record": "loss",
            "loss": loss,
            "dialect": dialect.name,
            "name": loss.partition("/")[2],
            "summary": reference.summary,
            "documented": reference.documented,
            "computed": reference.computed,
            "source": reference.source,
            "native": dialect.native is not None,
            "notes": notes(dialect, loss.partition("/")[2]),
        }
        for loss, reference in dialects.resolve(dialect.references).items()
        if loss in wanted
    ]


def _asked(dialect: Dialect, cases: Mapping[str, Case], there: bool) -> list[str]:
    """What the native worker works through: all findings of these losses, and if the library is there, cases."""
    losses = {case.loss for case in cases.values()}
    findings = [FINDING + name for name, finding in dialect.known_findings().items() if finding.loss in losses]
    own = [name for name, case in cases.items() if case.loss.partition("/")[0] == dialect.name]
    return [*findings, *(name for name in own if there and dialect.unasked(cases[name]) is None)]


def _measured(known: Iterable[Dialect], item: str, result: Record) -> Record:
    if "refused" not in result:
        return result
    name = item.removeprefix(FINDING)
    (finding,) = (dialect.known_findings()[name] for dialect in known if name in dialect.known_findings())
    return unmeasured(finding, result["refused"])


def _chunks(cases: Mapping[str, Case], count: int) -> list[list[str]]:
    """The cases in `count` parts that take about as long: a gradient costs an evaluation per element."""

    def cost(name: str) -> int:
        inputs = cases[name].inputs
        return sum(i.values.size for i in inputs.values()) * (
            1 + sum(inputs[key].values.size for key in cases[name].wrt)
        )

    ranked = sorted(cases, key=cost)
    return [chunk for i in range(count) if (chunk := ranked[i::count])]


def _ignore(text: str) -> None:
    """A reference's process that had to be started again is nobody's concern: its items all came."""
