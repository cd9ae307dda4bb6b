"""The file of `python -m benchmarks`, checked, and what the page shows of it: ratios of time and memory to other implementations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
from jsonschema.exceptions import best_match
from markupsafe import Markup
from polyloss_conformance.results import Record

from polyloss_reports import svg

_text = {"type": "string"}
_number = {"type": "number", "minimum": 0}
_positive = {"type": "number", "exclusiveMinimum": 0}
_perhaps = {"anyOf": [_positive, {"type": "null"}]}
_place = {"framework": _text, "mode": _text, "size": _text, "loss": _text}
_ratio = {"loss": _text, "ratio": _positive, "polyloss": _number, "native": _number, "keras": _number}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required | optional}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _mapping(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_MACHINE = _object(
    {
        "cpu": _text,
        "cores": {"type": "integer"},
        "platform": _text,
        "python": _text,
        "versions": _mapping(_text),
        "revision": _text,
        "commit": _text,
    }
)
_ROW = _object(
    {**_place, "pass": {"enum": ["forward", "both"]}, "library": _text, "seconds": _mapping(_positive)},
    megabytes=_mapping(_number),
    refused=_mapping(_text),
)
_TARGET = _object(
    {
        "quantity": {"enum": ["time", "memory"]},
        "to": {"enum": ["native", "keras"]},
        "over": {"enum": ["mean", "every loss"]},
        "limit": _positive,
        "figure": _positive,
        "met": {"type": "boolean"},
        "above": _list({**_object(_ratio), "required": ["loss", "ratio", "polyloss"]}),
    }
)
_LINE = _object(
    {
        **{key: _text for key in _place if key != "loss"},
        "pass": {"enum": ["forward", "both"]},
        "losses": {"type": "integer"},
        "planned": {"type": "integer"},
        **dict.fromkeys(("keras", "hand", "polyloss", "polyloss_to_keras", "memory"), _perhaps),
        "worst": _list(_object({"loss": _text, "ratio": _positive})),
        "targets": _list(_TARGET),
    }
)
SCHEMA = _object(
    {
        "schema": {"const": 1},
        "machine": _MACHINE,
        "quick": {"type": "boolean"},
        "sessions": {**_list(_object({"started": _text, "load": _number, "seconds": _number})), "minItems": 1},
        "dispatch": _mapping({"type": "number"}),
        "targets": _object({"dispatch": _positive}),
        "rows": _list(_ROW),
        "lost": _list({**_object({**_place, "reason": _text}), "required": ["framework", "reason"]}),
        "table": _list(_LINE),
    }
)
"""Rows are single measurements, in seconds and MB by contender; ``table`` has the ratios over the losses of a group and its targets."""


class BenchmarkError(ValueError):
    """A file is not what the benchmark writes."""


@dataclass
class Group:
    """What was measured of a framework in a mode at a size, forward with backward."""

    mode: str
    size: str
    line: Record
    """Of the table."""
    rows: dict[str, Record]
    """Loss to its measurement."""
    forward: float | None
    """The geometric mean of the ratios to native of the forward pass alone, where that was timed."""

    @property
    def name(self) -> str:
        """The mode and the size."""
        return f"{self.mode} {self.size}"

    def target(self, quantity: str, to: str, over: str = "every loss") -> Record | None:
        """A target of the group, with its figure."""
        wanted = (quantity, to, over)
        return next((one for one in self.line["targets"] if (one["quantity"], one["to"], one["over"]) == wanted), None)

    def ratios(self) -> dict[str, float]:
        """Loss to polyloss's time over the native loss's."""
        return {
            loss: row["seconds"]["polyloss"] / row["seconds"]["native"]
            for loss, row in self.rows.items()
            if {"polyloss", "native"} <= set(row["seconds"])
        }


@dataclass
class Framework:
    """What was measured on one framework."""

    name: str
    groups: list[Group]
    dispatch: float | None
    """Microseconds from the call of a loss to the first operation of its formula."""
    chart: Markup | None

    def losses(self) -> list[str]:
        """Every loss of any group."""
        return list(dict.fromkeys(loss for group in self.groups for loss in group.rows))

    def libraries(self) -> list[str]:
        """Whose the native losses are."""
        return list(dict.fromkeys(row["library"] for group in self.groups for row in group.rows.values()))


@dataclass
class Benchmark:
    """A run of the benchmark."""

    record: Record
    frameworks: list[Framework]

    def targets(self) -> list[Record]:
        """Every target that has a figure."""
        return [one for line in self.record["table"] for one in line["targets"]]

    def refused(self) -> list[Record]:
        """The measurements in which a contender could not do it."""
        return [row for row in self.record["rows"] if row.get("refused")]

    def incomplete(self) -> list[str]:
        """The groups of which not every loss was measured."""
        return [
            f"{framework.name} {group.name} ({group.line['losses']} of {group.line['planned']})"
            for framework in self.frameworks
            for group in framework.groups
            if group.line["losses"] < group.line["planned"]
        ]


def read(path: Path) -> Benchmark:
    """A file of the benchmark.

    Raises:
        BenchmarkError: it cannot be read, or is something else; the message names the file and what is wrong.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BenchmarkError(f"{path} is not a file of the benchmark: it is not JSON: {error}") from None
    if wrong := best_match(jsonschema.Draft202012Validator(SCHEMA).iter_errors(record)):
        raise BenchmarkError(f"{path} is not a file of the benchmark: {wrong.json_path}: {wrong.message[:300]}")
    return Benchmark(record, _frameworks(record))


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _frameworks(record: Record) -> list[Framework]:
    groups: dict[str, list[Group]] = {name: [] for name in record["dispatch"]}
    lines = {(line["framework"], line["mode"], line["size"], line["pass"]): line for line in record["table"]}
    for (name, mode, size, timed), line in lines.items():
        if timed == "both":
            rows = {row["loss"]: row for row in record["rows"] if _key(row) == (name, mode, size, timed)}
            forward = lines.get((name, mode, size, "forward"), {}).get("polyloss")
            groups.setdefault(name, []).append(Group(mode, size, line, rows, forward))
    ratios = [ratio for found in groups.values() for group in found for ratio in group.ratios().values()]
    span = (min([0.5, *ratios]) / 1.1, max([2.0, *ratios]) * 1.1)  # one for all charts: they are compared
    return [
        Framework(name, found, _microseconds(record["dispatch"].get(name)), _chart(name, found, span))
        for name, found in groups.items()
    ]


def _key(row: Record) -> tuple[str, str, str, str]:
    return row["framework"], row["mode"], row["size"], row["pass"]


def _microseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e6


def _chart(name: str, groups: list[Group], span: tuple[float, float]) -> Markup | None:
    """A line for each group: a mark for each loss, a long one for their geometric mean, on a logarithmic axis."""
    shown = [(group, ratios) for group in groups if (ratios := sorted(group.ratios().values()))]
    if not shown:
        return None
    text = f"Time of polyloss over native on {name}, forward with backward, logarithmic, a mark for each loss."
    height = 0.6 + 0.26 * len(shown)
    with svg.drawing(5, height) as figure:
        axes = figure.add_axes((0.28, 0.34 / height, 0.68, 1 - 0.44 / height))
        axes.set_xscale("log")
        axes.axvline(1, color=svg.INK, linewidth=1)
        for i, (group, ratios) in enumerate(shown):
            mean = group.line["polyloss"]
            axes.vlines(ratios, i - 0.22, i + 0.22, color=svg.FIRST, linewidth=1)
            axes.vlines([mean], i - 0.44, i + 0.44, color=svg.SECOND, linewidth=3)
            text += f" {group.name}: geometric mean {mean:.2f}, from {ratios[0]:.2f} to {ratios[-1]:.2f}."
        ticks = [2.0**power for power in range(-10, 11) if span[0] <= 2.0**power <= span[1]]
        axes.set_xticks(ticks, [f"{tick:.0f}" if tick >= 1 else f"1/{1 / tick:.0f}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_yticks(range(len(shown)), [group.name.replace("$", "") for group, _ in shown])  # no formulas in names
        axes.set_xlim(*span)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        return svg.written(figure, text)
