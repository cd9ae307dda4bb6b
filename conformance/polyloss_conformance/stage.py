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
from polyloss_conformance.dialects import Dialect, Elsewhere
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
        """For each dialect with a native library, and each place where it is asked: its versions, or why it cannot be asked."""
        known = [dialects.dialects()[name] for name in names]
        return {
            library_of(dialect, name): self.pool.submit(self._load, dialect, place)
            for dialect in known
            for name, place in dialect.places()
            if dialect.native is not None
        }

    def _load(self, dialect: Dialect, place: Elsewhere) -> Record:
        found: Record = self._ask_native(dialect, place, [LOAD]).get(LOAD) or {"unavailable": "it did not start"}
        return {"unavailable": found["refused"]} if "refused" in found else found

    def make(self, cases: Mapping[str, Case], native: Mapping[str, Record]) -> list[Record]:
        """The `loss`, `finding` and `case` records of `cases`; `native` is what `probe` found."""
        used = sorted({case.loss.partition("/")[0] for case in cases.values()})
        known = [dialects.dialects()[name] for name in used]
        answers = {
            (dialect.name, name): self.pool.submit(self._ask_native, dialect, place, items)
            for dialect in known
            for name, place in dialect.places()
            if (items := _asked(dialect, name, place, cases, native.get(library_of(dialect, name), {})))
        }
        parts = max(1, min(self.jobs, len(cases) // WORTH_A_PROCESS))
        curves = {case.loss: CURVE + name for name, case in reversed(list(cases.items())) if case.wrt}
        checked = {vector.loss for vector in vectors()} & {case.loss for case in cases.values()}
        others = [*curves.values(), *(VECTORS + loss for loss in sorted(checked))]
        chunks = [*_chunks(cases, parts), *([others] if others else [])]
        computed = [self.pool.submit(self._compute, chunk) for chunk in chunks]
        formulas: dict[str, Any] = {}
        for future in computed:
            formulas |= future.result()
        said: dict[str, dict[str, Any]] = {}
        findings: dict[str, Any] = {}
        for (_, name), future in answers.items():
            for item, result in future.result().items():
                if item.startswith(FINDING):
                    findings[item] = result
                else:
                    said.setdefault(item, {})[name] = result
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
        records += [_measured(known, item, result) for item, result in findings.items() if result]
        return records + [combined(case, formulas[name], said.get(name, {})) for name, case in cases.items()]

    def _compute(self, items: list[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}

        def lost(item: str, why: Lost) -> None:
            found[item] = {"refused": f"the process that computes it {why.reason}"}

        command = [sys.executable, "-m", MODULE]
        self.supervisor.work(command, {"ask": "formula"}, items, self.limit, found.__setitem__, lost, _ignore)
        return found

    def _ask_native(self, dialect: Dialect, place: Elsewhere, items: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def lost(item: str, why: Lost) -> None:
            found[item] = {"refused": f"{place.backend} {why.reason}"}

        command = [self.python.get(place.backend, sys.executable), "-m", MODULE]
        job = {
            "ask": "native",
            "dialect": dialect.name,
            "backend": place.backend,
            "environment": dict(place.environment),
        }
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


def library_of(dialect: Dialect, name: str) -> str:
    """What the native library of a reference is called: ``keras``, ``keras on jax``."""
    return dialect.name + name.removeprefix(dialects.NATIVE)


def combined(case: Case, formula: Record, native: Mapping[str, Record]) -> Record:
    """The record of a case: what its references say, and whether they agree."""
    record = arrays.case_record(case)
    record["references"]["formula"] = formula
    for name, answer in native.items():
        record["references"][name] = {**answer, **_disagreement(case, formula, answer, name)}
    return record


def _disagreement(case: Case, formula: Record, native: Record, name: str = dialects.NATIVE) -> Record:
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
    finding = _explanation(case, formula, native, name.removeprefix(dialects.NATIVE).removeprefix(" on "))
    return {"disagrees": words} if finding is None else finding


def _explanation(case: Case, formula: Record, native: Record, elsewhere: str) -> Record | None:
    """``finding`` and ``follows``, if a finding explains the native result; `elsewhere`: on which backend, unless on its own."""
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
    more = (elsewhere,) if dialect.elsewhere else ()
    name = dialects.resolve(dialect.explain)(case, result, value, gradients, *more)
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


def _asked(dialect: Dialect, name: str, place: Elsewhere, cases: Mapping[str, Case], probed: Record) -> list[str]:
    """What a native worker works through: if the library is there, cases; and the first one all findings of these losses."""
    own = {key: case for key, case in cases.items() if case.loss.partition("/")[0] == dialect.name}
    losses = {case.loss for case in own.values()} if name == dialects.NATIVE else set()
    findings = [FINDING + key for key, finding in dialect.known_findings().items() if finding.loss in losses]
    answered = [case.id for case in dialects.iterate(own.values()) if place.unasked(case) is None]
    return findings + (answered if "versions" in probed else [])


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
