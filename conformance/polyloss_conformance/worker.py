"""The process that runs one environment's cells in one mode: ``python -m polyloss_conformance.worker``.

It takes a job from standard input (`polyloss_conformance.child`): either ``describe`` a backend, or judge the cases in ``items``, whose
records are in the file ``references``.
"""

from __future__ import annotations

import platform
import traceback
from typing import Any

from polyloss_conformance.child import Channel


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
    records = case_records(job["references"], set(job["items"]))
    cases = dialects.cases_named(job["items"])
    for item in job["items"]:
        channel.begin(item)
        channel.done(item, executor.cell(cases[item], job["mode"], records[item]))


if __name__ == "__main__":
    main()
