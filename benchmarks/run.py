"""The side that supervises: a process for each framework, one after the other; one that dies costs the cell it was at.

Time comes first and memory in a second process, since what makes its measure exact (`measure.exact`) takes time.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from polyloss_conformance.supervisor import Lost, StartError, Supervisor

from benchmarks import plan
from benchmarks.child import DISPATCH, cell_of, item_of
from benchmarks.plan import Cell
from benchmarks.record import Record

CHILD = (sys.executable, "-m", "benchmarks.child")
LIMIT = 300.0
"""Seconds for one cell, of which the slowest compile each contender for some ten."""


class Progress(Protocol):
    """What is told of a run while it runs; `polyloss_conformance.progress` has it."""

    def planned(self, environment: str, cells: int) -> None: ...
    def finished(self, environment: str, cell: dict[str, Any]) -> None: ...
    def note(self, environment: str, text: str) -> None: ...


def run(
    record: Record,
    wanted: Mapping[str, Sequence[Cell]],
    progress: Progress,
    command: Sequence[str] = CHILD,
    limit: float = LIMIT,
) -> None:
    """Measure what `record` does not hold yet of the cells of each framework.

    Raises:
        KeyboardInterrupt: the person at the terminal ended it; what was measured is in the record.
    """
    supervisor = Supervisor()
    with ThreadPoolExecutor(
        1
    ) as pool:  # so that an interrupt finds this thread waiting, and not in the midst of a message
        try:
            for name, cells in wanted.items():
                pool.submit(_framework, supervisor, record, name, cells, progress, command, limit).result()
        except BaseException:
            supervisor.stop()
            raise


def _framework(
    supervisor: Supervisor,
    record: Record,
    name: str,
    cells: Sequence[Cell],
    progress: Progress,
    command: Sequence[str],
    limit: float,
) -> None:
    quick = record.found["quick"]
    timed = [item_of(cell) for cell in cells if not record.has(name, cell)]
    if name not in record.found["dispatch"]:
        timed.insert(0, DISPATCH)
    peaked = [item_of(cell) for cell in cells if plan.peaked(cell, quick) and not record.has_peaks(name, cell)]
    record.tried(name, cells)
    progress.planned(name, len(timed) + len(peaked))

    def done(item: str, result: dict[str, Any]) -> None:
        if "lost" in result:
            lost(item, Lost(False, result["lost"]))
            return
        if item == DISPATCH:
            record.dispatch(name, result["dispatch"])
        elif "rows" in result:
            record.measured(result["rows"])
        else:
            record.peaks(name, cell_of(item), result["megabytes"])
        progress.finished(name, {"status": "pass"})

    def lost(item: str, why: Lost) -> None:
        record.lost(name, None if item == DISPATCH else cell_of(item), why.reason)
        progress.finished(name, {"status": "error"})

    try:
        for memory, items in ((False, timed), (True, peaked)):
            if memory:  # of what has no times, no row is there to take it
                items = [item for item in items if record.has(name, cell_of(item))]
            job = {"framework": name, "quick": quick, "memory": memory}
            supervisor.work(command, job, items, limit, done, lost, lambda text: progress.note(name, text))
    except StartError as error:
        record.lost(name, None, f"{error}; what was left of it was not measured")
