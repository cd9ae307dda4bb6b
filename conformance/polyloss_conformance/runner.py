"""The conformance run: environments, references, cells; finished work is on disk at any moment.

A run into a folder that holds results completes them: cells that ended well or badly on their merits stay, cells that crashed, hung or
raised are done again. An environment whose code, versions or references changed since starts anew.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from polyloss import dispatch
from polyloss_conformance import dialects, references_file, results
from polyloss_conformance.cases import Case
from polyloss_conformance.ledger import Ledger
from polyloss_conformance.results import Record
from polyloss_conformance.selection import UNCOMPILED, planned
from polyloss_conformance.sharing import Heap, Sharing
from polyloss_conformance.stage import Stage, header
from polyloss_conformance.supervisor import Lost, StartError, Supervisor
from polyloss_conformance.worker import cell_of, item_of

REDONE = ("crash", "timeout", "error")
"""Statuses that another session tries again."""

COMPILING = 3.0
"""How many times longer a cell of any other mode may take, and is assumed to take when work is shared out."""

SAMPLED = 20.0
"""The same, when work is shared out, of a mode that takes seconds to compile: less would leave one process alone with it at the end."""

BY_OPERATION = 2.0
"""How many times longer an eager cell is assumed to take where each operation is compiled for its shapes."""

ASSUMED = 0.015
"""Seconds that an uncompiled cell is assumed to take until some are measured."""


class UsageError(Exception):
    """What was asked for cannot be done; nothing has run."""


class Progress(Protocol):
    """Who is told how the run goes."""

    def phase(self, text: str) -> None:
        """A stage of the run begins."""

    def planned(self, environment: str, cells: int) -> None:
        """So many cells of an environment are to run."""

    def finished(self, environment: str, cell: Record) -> None:
        """A cell has its record."""

    def note(self, environment: str, text: str) -> None:
        """Something that the person at the terminal has to know."""


@dataclass(frozen=True)
class Request:
    """What to run, and how."""

    output: Path
    backends: Sequence[str] = ()
    """Environments asked for by name; none: every backend whose framework is there."""
    only_dialects: Sequence[str] = ()
    losses: Sequence[str] = ()
    modes: Sequence[str] = ()
    quick: bool = False
    every_graph: bool = False
    """Compile all graphs in all modes, and not only those that `selection` chooses."""
    jobs: int = 0
    """Processes at a time; 0: one for each processor."""
    timeout: float = 60.0
    python: Mapping[str, str] = field(default_factory=dict)
    references: Path | None = None
    fresh: bool = False


@dataclass(eq=False)
class Environment:
    """A backend in an interpreter."""

    name: str
    backend: str
    python: str
    about: Record = field(default_factory=dict)
    planned: dict[str, list[str]] = field(default_factory=dict)
    todo: dict[str, list[str]] = field(default_factory=dict)
    ledger: Ledger | None = None
    started: float = 0.0
    ended: bool = False
    heaps: list[Heap] = field(default_factory=list)

    def write(self, record: str, **fields: Any) -> Record:
        """Append a record of this environment."""
        assert self.ledger is not None
        whole = {"record": record, "environment": self.name, **fields}
        self.ledger.append(whole)
        return whole


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Run:
    """One run. `execute` does it all."""

    def __init__(self, request: Request, progress: Progress) -> None:
        self._request = request
        self._progress = progress
        self._supervisor = Supervisor()
        self._jobs = request.jobs or processors()
        self._ending = threading.Lock()

    def execute(self) -> results.Results:
        """Run what was asked for; the result is everything that the output folder then holds.

        Raises:
            UsageError: the request cannot be carried out.
            KeyboardInterrupt: the person at the terminal ended it; what was finished is on disk.
        """
        try:
            cases = dialects.select(self._request.only_dialects, self._request.losses, self._request.quick)
        except ValueError as error:
            raise UsageError(str(error)) from None
        environments = self._environments()
        pool = ThreadPoolExecutor(max_workers=self._jobs)
        stage = Stage(pool, self._supervisor, self._jobs, self._request.timeout, self._request.python)
        try:
            self._progress.phase("looking at what is installed")
            probes = stage.probe(sorted({case.loss.partition("/")[0] for case in cases.values()}))
            for env, about in [(env, pool.submit(self._describe, env)) for env in environments]:
                env.about = about.result()
            self._plan(environments, cases)
            native = {name: probe.result() for name, probe in probes.items()}
            stamp = self._references(stage, cases, native)
            for env in environments:
                if any(env.planned.values()):
                    self._open(env, stamp)
            self._cells(pool, environments)
        except BaseException:
            self._supervisor.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for env in environments:
                if env.ledger is not None:
                    env.ledger.close()
        return results.read([self._request.output])

    def references(self) -> None:
        """Make the references alone.

        Raises:
            UsageError: the request cannot be carried out.
        """
        cases = dialects.select(self._request.only_dialects, self._request.losses, self._request.quick)
        with ThreadPoolExecutor(max_workers=self._jobs) as pool:
            stage = Stage(pool, self._supervisor, self._jobs, self._request.timeout, self._request.python)
            probes = stage.probe(sorted({case.loss.partition("/")[0] for case in cases.values()}))
            self._references(stage, cases, {name: probe.result() for name, probe in probes.items()})

    # --- environments ---------------------------------------------------------------------------------------------------------

    def _environments(self) -> list[Environment]:
        known = dispatch.backend_names()
        names = list(dict.fromkeys(self._request.backends or [*known, *self._request.python]))
        for name in [*names, *self._request.python]:
            if name.partition("-")[0] not in known:
                raise UsageError(f"no backend {name!r}: registered are {', '.join(sorted(known))} (or NAME-anything)")
        for name, python in self._request.python.items():
            if not os.access(python, os.X_OK):
                raise UsageError(f"--python {name}={python}: this is no program")
        return [
            Environment(name, name.partition("-")[0], self._request.python.get(name, sys.executable)) for name in names
        ]

    def _describe(self, env: Environment) -> Record:
        found: dict[str, Record] = {}

        def lost(item: str, why: Lost) -> None:
            found[item] = {"broken": f"importing it, the worker {why.reason}"}

        command = [env.python, "-m", "polyloss_conformance.worker"]
        try:
            self._supervisor.work(
                command, {"describe": env.backend}, [env.name], 180.0, found.__setitem__, lost, lambda text: None
            )
        except StartError as error:
            return {
                "broken": f"{env.python}: the worker {error}. Is polyloss-suite installed there? "
                f"{env.python} -m pip install 'polyloss-suite[conformance,{env.backend}]'"
            }
        return found[env.name]

    def _asked(self, env: Environment) -> bool:
        return env.name in self._request.backends or env.name in self._request.python

    def _plan(self, environments: list[Environment], cases: Mapping[str, Case]) -> None:
        """Cases by mode for each environment.

        Raises:
            UsageError: an environment that was asked for cannot run, or no environment has a mode that was.
        """
        for env in environments:
            if "broken" in env.about:
                raise UsageError(f"{env.name}: {env.about['broken']}")
            if "unavailable" in env.about and self._asked(env):
                raise UsageError(
                    f"{env.name}: {env.about['unavailable']}. Install it with pip install 'polyloss-suite[{env.backend}]'"
                )
        modes = {mode for env in environments for mode in env.about.get("modes", ())}
        for mode in self._request.modes:
            if mode not in modes:
                raise UsageError(f"no environment has the mode {mode!r}; there are {', '.join(sorted(modes))}")
        for env in environments:
            chosen = [mode for mode in env.about.get("modes", ["eager"]) if mode in (self._request.modes or [mode])]
            (sampled, by_operation) = (env.about.get("sampled", ()), env.about.get("by_operation", ()))
            (quick, every) = (self._request.quick, self._request.every_graph)
            if (
                quick and not self._request.modes
            ):  # what takes seconds to compile is no part of it, unless it is asked for
                chosen = [mode for mode in chosen if mode not in sampled]
            for mode in chosen:
                found = planned(cases, mode, mode in sampled, quick, every, mode in by_operation)
                env.planned[mode] = [case.id for case in found]

    def _open(self, env: Environment, stamp: str) -> None:
        """Begin or continue the environment's file, and find what is left to do."""
        path = self._request.output / f"{env.name}.jsonl"
        known = None if self._request.fresh or not path.exists() else _last(path, env.name)
        if "unavailable" in env.about:
            self._progress.note(env.name, f"not run: {env.about['unavailable']}")
            if known is not None and known.cells:
                return  # results of an earlier time, when it was there
        about: Record = {
            key: env.about[key] for key in ("versions", "python", "platform", "revision", "commit") if key in env.about
        }
        unknown: Record = {"versions": {}, "python": "", "platform": "", "revision": ""}
        run: Record = {"backend": env.backend, **unknown, **about, "references": stamp}
        changed = known is not None and [
            key for key in ("backend", "versions", "python", "revision", "references") if known.run.get(key) != run[key]
        ]
        env.ledger = Ledger(path, fresh=known is None or bool(changed))
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        if "unavailable" in env.about:
            run["unavailable"] = env.about["unavailable"]
        env.write("run", schema=results.VERSION, seed=0, started=started, planned=env.planned, **run)
        if "unavailable" in env.about:
            env.write("note", text=f"Not run: {env.about['unavailable']}")
            return
        env.started = time.monotonic()
        cells = {} if known is None or changed else known.cells
        again = sum(cell["status"] in REDONE for cell in cells.values())
        for condition, text in (
            (changed, f"Started anew: {', '.join(changed or [])} changed since the earlier results in this folder."),
            (env.ledger.torn, "The file ended in the middle of a line, which is lost; the run went on after it."),
            (
                again,
                f"{again} cells crashed, hung or raised in an earlier session and ran again if they were asked for.",
            ),
        ):
            if condition:
                self._note(env, text)
        env.todo = {
            mode: [i for i in ids if (i, mode) not in cells or cells[i, mode]["status"] in REDONE]
            for mode, ids in env.planned.items()
        }
        self._progress.planned(env.name, sum(map(len, env.todo.values())))

    def _note(self, env: Environment, text: str) -> None:
        env.write("note", text=text)
        self._progress.note(env.name, text)

    # --- references -----------------------------------------------------------------------------------------------------------

    def _references(self, stage: Stage, cases: Mapping[str, Case], native: Mapping[str, Record]) -> str:
        """See to it that the output folder has the references of all cases; their stamp."""
        path = self._request.output / references_file.NAME
        if self._request.references is not None:
            return self._given_references(self._request.references, path, cases)
        known = results.read([path]) if path.exists() and not self._request.fresh else results.Results()
        usable = (
            known.made is not None
            and references_file.mismatch(known, cases) is None
            and dict(native).items() <= known.made["native"].items()
        )
        if not usable:
            known = results.Results()
        left = {name: cases[name] for name in references_file.missing(known, cases)}
        if left:
            self._progress.phase(f"computing the references of {len(left):,} cases")
            records = stage.make(left, native)
            if self._supervisor.stopped:
                raise KeyboardInterrupt
            ledger = Ledger(path, fresh=not usable)
            if not usable:
                known.add(header(native))
                ledger.append(known.made or {})
            for record in records:
                ledger.append(record)
            ledger.close()
        for name, state in native.items():
            if "unavailable" in state:
                self._progress.note(f"references of {name}", f"no native library: {state['unavailable']}")
        assert known.made is not None
        return str(known.made["stamp"])

    def _given_references(self, given: Path, path: Path, cases: Mapping[str, Case]) -> str:
        try:
            known = results.read([given])
        except FileNotFoundError as error:
            raise UsageError(f"--references {given}: {error}") from None
        reason = references_file.mismatch(known, cases)
        if absent := references_file.missing(known, cases):
            reason = reason or f"it lacks {len(absent)} of {len(cases)} cases, {absent[0]} for one"
        if reason is not None:
            raise UsageError(f"--references {given} was made for other cases: {reason}")
        if not path.exists() or not path.samefile(given):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(given.read_bytes())
        assert known.made is not None
        return str(known.made["stamp"])

    # --- cells ----------------------------------------------------------------------------------------------------------------

    def _cells(self, pool: ThreadPoolExecutor, environments: Iterable[Environment]) -> None:
        of: dict[Heap, Environment] = {}
        for env in environments:
            for longer, items in _units(env.todo, env.about.get("sampled", ()), env.about.get("by_operation", ())):
                heap = Heap(items, ASSUMED * longer)
                env.heaps.append(heap)
                of[heap] = env
        if of:
            self._progress.phase("running the cells")
        sharing = Sharing(list(of), self._jobs)
        self._end(environments, sharing)

        def until_nothing_is_left() -> None:
            while not self._supervisor.stopped and (taken := sharing.take()):
                (heap, items) = taken
                self._part(of[heap], heap, items, sharing)
                sharing.give_back(heap)
                self._end(environments, sharing)

        for future in as_completed([pool.submit(until_nothing_is_left) for _ in range(self._jobs if of else 0)]):
            future.result()

    def _end(self, environments: Iterable[Environment], sharing: Sharing) -> None:
        """Write the end of every environment that came to it."""
        with self._ending:
            for env in environments:
                if env.started and not env.ended and not self._supervisor.stopped and sharing.over(env.heaps):
                    env.ended = True
                    finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
                    env.write("end", finished=finished, seconds=round(time.monotonic() - env.started, 1))

    def _part(self, env: Environment, heap: Heap, items: list[str], sharing: Sharing) -> None:
        """Some cells of one environment, in a process of their own."""

        def done(item: str, fields: Record) -> None:
            (mode, case) = cell_of(item)
            sharing.measure(heap, fields["seconds"])
            self._progress.finished(env.name, env.write("cell", case=case, mode=mode, **fields))

        def lost(item: str, why: Lost) -> None:
            (mode, case) = cell_of(item)
            status = "timeout" if why.hung else "crash"
            done(item, {"status": status, "message": f"The worker {why.reason}", "seconds": limit if why.hung else 0.0})
            self._note(env, f"{case} in mode {mode}: the worker {why.reason}. It was started again.")

        (mode, _) = cell_of(items[0])
        limit = self._request.timeout * (1.0 if mode in UNCOMPILED else COMPILING)
        job = {"backend": env.backend, "references": str(self._request.output / references_file.NAME)}
        command = [env.python, "-m", "polyloss_conformance.worker"]
        try:
            self._supervisor.work(
                command, job, items, limit, done, lost, lambda text: self._note(env, f"{mode}: {text}")
            )
        except StartError as error:
            sharing.drop(heap)
            self._note(env, f"Mode {mode} did not run to its end: the worker {error}")


def _units(
    todo: Mapping[str, list[str]], sampled: Collection[str], by_operation: Collection[str] = ()
) -> Iterator[tuple[float, list[str]]]:
    """How many times longer cells are assumed to take, and the items: for each mode that compiles, and for all others as one.

    There the modes of a case follow each other: ``composed`` is held to what ``eager`` just gave, and what a framework compiles even then,
    a small operation at a time, is compiled once.
    """
    cases = dict.fromkeys(case for mode in UNCOMPILED for case in todo.get(mode, ()))
    pairs = {(mode, case) for mode in UNCOMPILED for case in todo.get(mode, ())}
    together = [item_of(mode, case) for case in cases for mode in UNCOMPILED if (mode, case) in pairs]
    if together:
        yield BY_OPERATION if by_operation else 1.0, together
    for mode, left in todo.items():
        if mode not in UNCOMPILED and left:
            yield SAMPLED if mode in sampled else COMPILING, [item_of(mode, case) for case in left]


def _last(path: Path, name: str) -> results.Environment | None:
    """What the file knows of the environment."""
    return results.read([path]).environments.get(name)
