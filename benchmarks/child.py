"""The process that measures one framework: `python -m benchmarks.child`, started by `benchmarks.run`, which sends it a job."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Mapping
from typing import Any

from polyloss_conformance.child import Channel

from benchmarks import plan
from benchmarks.frameworks import FRAMEWORKS, Framework
from benchmarks.measure import dispatch, in_turns, peak
from benchmarks.plan import Cell
from benchmarks.spec import Spec

DISPATCH = "dispatch"
"""The item that is no cell: the cost of a call."""

SECONDS = {"tiny": 0.1, "medium": 0.2, "large": 0.4, "wide": 0.4}
"""How long each contender is measured, per pass."""


def item_of(cell: Cell) -> str:
    """A cell as the process is told of it."""
    return "/".join(cell)


def cell_of(item: str) -> Cell:
    """What `item_of` made it of."""
    return Cell(*item.split("/", 2))


def serve(frameworks: Mapping[str, type[Framework]]) -> None:
    """Do the job: ``framework``, ``quick``, and the ``items`` to work through."""
    channel = Channel()
    warnings.simplefilter("ignore")
    framework = frameworks[channel.job["framework"]]()
    specs = {spec.name: spec for spec in framework.specs}
    for item in channel.job["items"]:
        channel.begin(item)
        try:
            if item == DISPATCH:
                result: dict[str, Any] = {"dispatch": dispatch(framework)}
            else:
                cell = cell_of(item)
                result = {"rows": rows(framework, specs[cell.loss], cell, channel.job["quick"])}
        except Exception as error:  # whatever it is, it is one cell's
            result = {"lost": _said(error)}
        channel.done(item, result)


def rows(framework: Framework, spec: Spec, cell: Cell, quick: bool) -> list[dict[str, Any]]:
    """The measurements of one loss at one size in one mode, one for each pass."""
    inputs = [framework.tensor(array) for array in spec.inputs(cell.size)]
    losses = framework.contenders(spec)
    if cell.mode in framework.slow:
        losses = {name: losses[name] for name in ("native", "polyloss")}
    calls = {name: framework.calls(loss, inputs, spec.wrt, cell.mode) for name, loss in losses.items()}
    refused = {}
    for name in list(calls):
        try:
            calls[name]["both"]()
        except Exception as error:  # as many kinds as there are contenders that cannot do it in this mode
            if name == "polyloss":
                raise
            refused[name] = _said(error)
            del calls[name]
    found = []
    for which in plan.passes(type(framework), cell.mode, quick):
        chosen = {name: each[which] for name, each in calls.items()}
        row = {"framework": framework.name, **cell._asdict(), "pass": which, "library": framework.library(spec)}
        row["seconds"] = in_turns(chosen, SECONDS[cell.size] * (0.2 if quick else 1))
        if cell.size != "tiny" and which == "both" and not quick:
            peaks = {name: peak(call) for name, call in chosen.items()}
            row["megabytes"] = {name: found for name, found in peaks.items() if found is not None}
        found.append({**row, "refused": refused} if refused else row)
    gc.collect()
    return found


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


if __name__ == "__main__":
    serve(FRAMEWORKS)
