"""The process that measures one framework: `python -m benchmarks.child`, started by `benchmarks.run`, which sends it a job."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Mapping
from typing import Any

from polyloss_conformance.child import Channel

from benchmarks import plan
from benchmarks.frameworks import EXACT, FRAMEWORKS, Call, Framework
from benchmarks.measure import dispatch, exact, in_turns, on_one_processor, peak
from benchmarks.plan import Cell
from benchmarks.spec import Spec

DISPATCH = "dispatch"
"""The item that is no cell: the cost of a call."""

SECONDS = {"tiny": 0.1, "medium": 0.15, "large": 0.25, "wide": 0.25}
"""How long each contender is measured, per pass: a whole run of all frameworks shall take less than an hour."""


def item_of(cell: Cell) -> str:
    """A cell as the process is told of it."""
    return "/".join(cell)


def cell_of(item: str) -> Cell:
    """What `item_of` made it of."""
    return Cell(*item.split("/", 2))


def serve(frameworks: Mapping[str, type[Framework]]) -> None:
    """Do the job: ``framework``, ``quick``, ``memory`` (or else time), and the ``items`` to work through."""
    channel = Channel()
    (job, memory) = (channel.job, channel.job["memory"])
    warnings.simplefilter("ignore")
    on_one_processor()
    if memory:
        os.environ.update(EXACT)
        exact()
    framework = frameworks[job["framework"]]()
    gc.freeze()  # a framework is a million objects, through which the collection after every loss would go
    specs = {spec.name: spec for spec in framework.specs}
    for item in job["items"]:
        channel.begin(item)
        calls: dict[str, dict[str, Call]] = {}
        try:
            if item == DISPATCH:
                result: dict[str, Any] = {"dispatch": dispatch(framework)}
            else:
                cell = cell_of(item)
                (calls, refused) = _calls(framework, specs[cell.loss], cell)
                if memory:
                    result = {"megabytes": peaks(calls)}
                else:
                    result = {"rows": rows(framework, specs[cell.loss], cell, job["quick"], calls, refused)}
        except Exception as error:  # whatever it is, it is one cell's
            result = {"lost": _said(error)}
        calls = {}  # with what they hold
        gc.collect()
        channel.done(item, result)


def rows(
    framework: Framework,
    spec: Spec,
    cell: Cell,
    quick: bool,
    calls: Mapping[str, Mapping[str, Call]],
    refused: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The times of one loss at one size in one mode, a row for each pass."""
    found = []
    for which in plan.passes(type(framework), cell.mode, quick):
        row = {"framework": framework.name, **cell._asdict(), "pass": which, "library": framework.library(spec)}
        chosen = {name: each[which] for name, each in calls.items()}
        row["seconds"] = in_turns(chosen, SECONDS[cell.size] * (0.2 if quick else 1)) if chosen else {}
        found.append({**row, "refused": refused} if refused else row)
    return found


def peaks(calls: Mapping[str, Mapping[str, Call]]) -> dict[str, float]:
    """The peak memory of each contender, forward with backward; of none where the system does not tell."""
    found = {name: peak(each["both"]) for name, each in calls.items()}
    return {name: megabytes for name, megabytes in found.items() if megabytes is not None}


def _calls(framework: Framework, spec: Spec, cell: Cell) -> tuple[dict[str, dict[str, Call]], dict[str, str]]:
    """What is measured of each contender, and why those that cannot do it in this mode refuse."""
    inputs = [framework.tensor(array) for array in spec.inputs(cell.size)]
    losses = framework.contenders(spec)
    if cell.mode in framework.slow:
        losses = {name: losses[name] for name in ("native", "polyloss")}
    calls = {name: framework.calls(loss, inputs, spec.wrt, cell.mode) for name, loss in losses.items()}
    refused = {}
    for name in list(calls):
        try:
            calls[name]["both"]()
        except Exception as error:  # as many kinds as there are contenders
            if name == "polyloss":
                raise
            refused[name] = _said(error)
            del calls[name]
            if name == "native" and cell.mode in framework.slow:
                return {}, refused  # nothing to compare with, and minutes to compile
    return calls, refused


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


if __name__ == "__main__":
    serve(FRAMEWORKS)
