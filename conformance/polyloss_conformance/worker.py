"""The process that runs cells of one environment: ``python -m polyloss_conformance.worker``.

It takes a job from standard input (`polyloss_conformance.child`): either ``describe`` a backend, or judge the cells in ``items``
(`item_of`), the records of whose cases are in the file ``references``.
"""

from __future__ import annotations

import gc
import platform
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from polyloss_conformance.child import Channel

AT_ONCE = 64
"""Cells from one garbage collection, and one thread, to the next. PyTorch takes 654 MB for 650 under Python's own collections."""


def item_of(mode: str, case: str) -> str:
    """A cell of an environment as a supervised process is told of it."""
    return f"{mode} {case}"


def cell_of(item: str) -> tuple[str, str]:
    """Mode and case of what `item_of` made."""
    (mode, _, case) = item.partition(" ")
    return mode, case


def main() -> None:
    """Do the job."""
    channel = Channel()
    from polyloss_conformance.execute import settle

    settle()
    if "describe" in channel.job:
        item = channel.job["items"][0]
        channel.begin(item)
        channel.done(item, _describe(channel.job["describe"]))
    else:
        _cells(channel)


def _describe(backend: str) -> dict[str, Any]:
    from polyloss_conformance import execute
    from polyloss_conformance.revision import commit, revision

    about = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "revision": revision(),
        "commit": commit(),
    }
    try:
        return {**about, **execute.describe(backend)}
    except ImportError as error:
        return {**about, "unavailable": str(error)}
    except Exception as error:  # a framework that is there and does not start
        return {**about, "broken": "".join(traceback.format_exception_only(error)).strip()[:500]}


def _cells(channel: Channel) -> None:
    from polyloss import dispatch
    from polyloss_conformance import dialects
    from polyloss_conformance.execute import Executor
    from polyloss_conformance.references_file import case_records

    job = channel.job
    executor = Executor(dispatch.backend(job["backend"]))
    cells = {item: cell_of(item) for item in job["items"]}
    ids = {case for _, case in cells.values()}
    records = case_records(job["references"], ids)
    cases = dialects.cases_named(ids)

    def some(items: Sequence[str]) -> None:
        for item in items:
            (mode, case) = cells[item]
            channel.begin(item)
            channel.done(item, executor.cell(cases[case], mode, records[case]))

    gc.disable()  # Python's own collections would be a tenth of the time in which torch compiles
    left = list(cells)
    while left:
        gc.collect()  # what was compiled for the last ones
        gc.freeze()  # framework and compiler are a million objects, which the next collection need not go through
        # MLIR, which JAX lowers and compiles with, searches a table of the thread, where every compilation leaves something: in one thread
        # the ten-thousandth operation would take twice as long as the first.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(some, left[:AT_ONCE]).result()
        del left[:AT_ONCE]


if __name__ == "__main__":
    main()
