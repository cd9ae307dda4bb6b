"""What a run measured, in a file that is whole after every cell, so that a run that was stopped can be continued."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from polyloss_conformance.revision import commit, revision

from benchmarks import summary, targets
from benchmarks.plan import Cell

SCHEMA = 1
CODE = ("polyloss", "polyloss_backends", "benchmarks")
"""The packages of which figures depend on every line."""

DISTRIBUTIONS = ("torch", "tensorflow-cpu", "tensorflow", "keras", "jax", "optax", "mxnet", "numpy")


def machine() -> dict[str, Any]:
    """What figures depend on: they are compared only where all of this is the same, but for the commit, whose code `revision` tells."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), cpu)
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 1,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
        "revision": revision(CODE),
        "commit": commit(),
    }


def now() -> str:
    """The date and time, in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class RecordError(Exception):
    """The file that was named cannot be written to."""


class Record:
    """The figures, in memory and, where there is a path, on disk.

    Args:
        path: a file of an earlier run is continued, if it is of the same machine, versions and code.
        about: `machine`.
        quick: whether the run is; its figures are no part of one that is not.
        planned: how many losses a whole run measures, by framework, mode and size.
        fresh: start over, whatever the file holds.

    Raises:
        RecordError: the file holds something else, or cannot be written.
    """

    def __init__(
        self,
        path: Path | None,
        about: dict[str, Any],
        quick: bool,
        planned: Mapping[tuple[str, str, str], int],
        fresh: bool = False,
    ) -> None:
        self.path = path
        self._planned = planned
        self._began = time.monotonic()
        self.notes: list[str] = []
        """What the person at the terminal has to know of the file."""
        self.found: dict[str, Any] = {"schema": SCHEMA, "machine": about, "quick": quick, "sessions": []}
        self.found |= {"dispatch": {}, "rows": [], "lost": [], "table": [], "targets": {"dispatch": targets.DISPATCH}}
        if path is not None and path.exists():
            self._continue(path, fresh)
        self.found["sessions"].append(
            {
                "started": now(),
                "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
                "seconds": 0.0,
            }
        )
        self._write()

    def _continue(self, path: Path, fresh: bool) -> None:
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RecordError(f"{path} is there and cannot be read ({error}): it is not overwritten") from None
        if not isinstance(before, dict) or not {"machine", "rows", "dispatch"} <= set(before):
            raise RecordError(f"{path} is not a file of this benchmark: it is not overwritten")
        if fresh:
            return
        if differs := _differs(before, self.found):
            self.notes.append(f"{path} was measured with another {', '.join(differs)}: everything is measured anew.")
            return
        self.found = before
        self.notes.append(
            f"{path} has {len(before['rows'])} figures already, which are kept; --fresh measures them anew."
        )

    def has(self, framework: str, cell: Cell) -> bool:
        """Whether a cell was timed."""
        return any(_place(row) == (framework, *cell) for row in self.found["rows"])

    def has_peaks(self, framework: str, cell: Cell) -> bool:
        """Whether its memory was measured."""
        return any("megabytes" in row for row in self.found["rows"] if _place(row) == (framework, *cell))

    def dispatch(self, framework: str, seconds: float) -> None:
        """Take the cost of a call."""
        self.found["dispatch"][framework] = seconds
        self._write()

    def measured(self, rows: list[dict[str, Any]]) -> None:
        """Take the rows of a cell."""
        self.found["rows"] += rows
        self._write()

    def peaks(self, framework: str, cell: Cell, megabytes: dict[str, float]) -> None:
        """Take the memory of a cell that was timed."""
        for row in self.found["rows"]:
            if _place(row) == (framework, *cell) and row["pass"] == "both":
                row["megabytes"] = megabytes
        self._write()

    def lost(self, framework: str, cell: Cell | None, reason: str) -> None:
        """A cell has no figures, or with None the framework's cost of a call has none, and why."""
        self.found["lost"].append({"framework": framework, **(cell._asdict() if cell else {}), "reason": reason})
        self._write()

    def tried(self, framework: str, cells: Sequence[Cell]) -> None:
        """These are about to be measured, and the cost of a call: that they were lost before says nothing any more."""
        places = {(framework, *(cell or (None, None, None))) for cell in (None, *cells)}
        self.found["lost"] = [one for one in self.found["lost"] if _place(one) not in places]

    def _write(self) -> None:
        self.found["table"] = summary.table(self.found["rows"], self._planned)
        self.found["sessions"][-1]["seconds"] = round(time.monotonic() - self._began, 1)
        if self.path is None:
            return
        text = json.dumps(self.found, indent=1, allow_nan=False)
        beside = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            beside.replace(self.path)  # at no time half a file
        except OSError as error:
            raise RecordError(f"cannot write {self.path}: {error.strerror}") from None


def _place(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one.get(key) for key in ("framework", *Cell._fields))


def _differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What of the machine, the versions and the kind of run is not the same."""
    (one, other) = (
        {**found["machine"], "schema": found.get("schema"), "choice of --quick": found.get("quick")}
        for found in (before, now)
    )
    return [key for key in other if key != "commit" and one.get(key) != other[key]]
