"""The process that runs cells of one environment: ``python -m polyloss_conformance.worker``.

It takes a job from standard input (`polyloss_conformance.child`): either ``describe`` a backend, or judge the cells in ``items``
(`item_of`), the records of whose cases are in the file ``references``.
"""

from __future__ import annotations

import platform
import traceback
from typing import Any

from polyloss_conformance.child import Channel


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

    def judged(item: str) -> dict[str, Any]:
        (mode, case) = cells[item]
        return executor.cell(cases[case], mode, records[case])

    channel.work(job["items"], judged)


if __name__ == "__main__":
    main()
