"""What the templates show: results, grouped by loss and counted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from markupsafe import Markup
from polyloss_conformance.results import BAD, Record, Results

from polyloss_reports import mathml, plot
from polyloss_reports.data import Block, pack
from polyloss_reports.numbers import array_text
from polyloss_reports.summary import Summary, Tally, summarize

UNKNOWN = "unknown/cases that no file describes"
KINDS = {
    "documentation": "The documentation and the code of the native library disagree.",
    "native bug": "The native library is wrong by its own documentation.",
    "native limit": "The native library cannot do what its documentation allows.",
    "source": "A text or a library says, under this name, something else than the canonical definition.",
}


@dataclass
class Finding:
    """A finding with where it is on the page and which cells it explains."""

    record: Record
    anchor: str
    evidence: list[tuple[str, bool]]
    """Pieces of the evidence; True marks one that is a web address."""
    columns: list[str]
    """Of the table of numbers."""
    cells: Counter[str] = field(default_factory=Counter)
    """Environment to the number of cells that deviate because of it."""


@dataclass
class Example:
    """A small case with what its references give."""

    case: str
    config: str
    inputs: list[tuple[str, str]]
    values: dict[str, str]
    """Reference to its value, or to why it has none."""


@dataclass
class Loss:
    """A section of the page."""

    key: str
    dialect: str
    name: str
    anchor: str
    record: Record | None
    columns: list[Tally]
    """By column of the matrix."""
    environments: dict[str, Tally]
    block: Block
    tally: Tally = field(default_factory=Tally)
    documented: Markup | None = None
    computed: Markup | None = None
    differs: bool = False
    findings: list[Finding] = field(default_factory=list)
    example: Example | None = None
    plot: plot.Plot | None = None

    def data(self) -> Markup:
        """Its cells, for the script."""
        return pack(self.block.content())

    def has_native(self) -> bool:
        """Whether there is a native library to ask."""
        return self.record is None or bool(self.record.get("native", True))

    def notes(self) -> dict[str, list[tuple[str, bool]]]:
        """Paragraphs of its documentation by heading, in pieces; True marks one that is code."""
        notes = (self.record or {}).get("notes", {})
        return {heading: _pieces(text) for heading, text in notes.items() if heading != "Example"}

    def called(self) -> str:
        """How it is called, as at a prompt."""
        return str((self.record or {}).get("notes", {}).get("Example", ""))

    def vectors(self) -> list[Record]:
        """Numbers that others computed, beside the formula's."""
        return list((self.record or {}).get("vectors", ()))

    def bad(self) -> int:
        """How many of its cells make the run fail."""
        return sum(self.tally.counts[status] for status in BAD)

    def documentation(self) -> list[Finding]:
        """The findings that say where documentation and code differ."""
        return [f for f in self.findings if f.record["kind"] == "documentation"]


@dataclass
class View:
    """The whole page."""

    summary: Summary
    columns: list[tuple[str, str]]
    """Environment and mode of each column of the matrix."""
    modes: dict[str, list[str]]
    """Environment to its modes."""
    losses: list[Loss]
    findings: list[Finding]
    without_case: list[str]
    without_native: list[str]
    """Losses of which no case has a value from the native library."""
    refused: int
    """Cases that the native library refused."""
    cases: int

    def parts(self) -> dict[str, list[tuple[str, int]]]:
        """For each environment the modes that were planned for a part of the cases, with the number of those."""
        found = {}
        for env in self.summary.environments:
            planned = [(mode, len(cases)) for mode, cases in env.environment.run["planned"].items()]
            if part := [(mode, number) for mode, number in planned if 0 < number < self.cases]:
                found[env.name] = part
        return found

    def dialects(self) -> dict[str, list[Loss]]:
        """Losses by dialect, in the order of the results."""
        groups: dict[str, list[Loss]] = {}
        for loss in self.losses:
            groups.setdefault(loss.dialect, []).append(loss)
        return groups

    def tallies(self) -> dict[str, Tally]:
        """All cells of each dialect."""
        found = {dialect: Tally() for dialect in self.dialects()}
        for loss in self.losses:
            found[loss.dialect].merge(loss.tally)
        return found

    def references(self) -> list[str]:
        """What cells were compared with; the formula and the native library are listed even where nothing was."""
        return list(dict.fromkeys(["formula", "native", *sorted(self.summary.total.compared)]))


def build(results: Results) -> View:
    """Group and count everything that the page shows."""
    summary = summarize(results)
    modes = {
        name: list(dict.fromkeys([*env.run["planned"], *(mode for _, mode in env.cells)]))
        for name, env in results.environments.items()
    }
    columns = [(name, mode) for name, found in modes.items() for mode in found]
    losses = _losses(results, columns)
    findings = _findings(results, losses)
    numbers = {column: i for i, column in enumerate(columns)}
    for env in summary.environments:
        cells = [(case, mode, cell) for (case, mode), cell in env.environment.cells.items()]
        for case, mode, cell in [*cells, *((case, mode, None) for case, mode in env.not_run)]:
            record = results.cases.get(case)
            loss = losses[record["loss"] if record else UNKNOWN]
            loss.block.add(env.name, mode, case, record, cell)
            tally = loss.columns[numbers[env.name, mode]]
            if cell is None:
                tally.counts["not run"] += 1
                continue
            tally.add(cell)
            if cell.get("finding") in findings:
                findings[cell["finding"]].cells[env.name] += 1
    for loss in losses.values():
        for (name, _), tally in zip(columns, loss.columns, strict=True):
            loss.environments[name].merge(tally)
            loss.tally.merge(tally)
    native = {case["loss"] for case in results.cases.values() if "value" in case["references"].get("native", {})}
    described = {case["loss"] for case in results.cases.values()}
    refused = sum("refused" in case["references"].get("native", {}) for case in results.cases.values())
    shown = list(losses.values())
    return View(
        summary=summary,
        columns=columns,
        modes=modes,
        losses=shown,
        findings=list(findings.values()),
        without_case=[loss.key for loss in shown if not loss.tally.counts and loss.key not in described],
        without_native=[loss.key for loss in shown if loss.key in described - native and loss.has_native()],
        refused=refused,
        cases=len(results.cases),
    )


def _pieces(text: str) -> list[tuple[str, bool]]:
    return [(piece.strip("`"), piece.startswith("`")) for piece in re.split(r"(``.+?``|`[^`]+`)", text) if piece]


def _losses(results: Results, columns: list[tuple[str, str]]) -> dict[str, Loss]:
    keys = [*results.losses, *(case["loss"] for case in results.cases.values())]
    keys += [finding["loss"] for finding in results.findings.values()]
    pairs = [pair for env in results.environments.values() for pair in (*env.cells, *env.not_run())]
    keys += [UNKNOWN] if any(case not in results.cases for case, _ in pairs) else []
    examples = _examples(results)
    losses = {}
    for number, key in enumerate(dict.fromkeys(keys)):
        record = results.losses.get(key)
        dialect, _, name = key.partition("/")
        loss = Loss(
            key=key,
            dialect=record["dialect"] if record else (dialect if name else "unknown"),
            name=record["name"] if record else name or key,
            anchor=f"loss-{number}-{_slug(key)}",
            record=record,
            columns=[Tally() for _ in columns],
            environments={name: Tally() for name in results.environments},
            block=Block(columns),
            example=_example(examples[key]) if key in examples else None,
        )
        if record:
            loss.documented = mathml.to_html(record["documented"])
            loss.computed = mathml.to_html(record["computed"])
            loss.differs = "".join(record["documented"].split()) != "".join(record["computed"].split())
            loss.plot = plot.draw(record["curve"]) if "curve" in record else None
        losses[key] = loss
    return losses


def _findings(results: Results, losses: dict[str, Loss]) -> dict[str, Finding]:
    findings = {}
    for number, (name, record) in enumerate(results.findings.items()):
        quantities = dict.fromkeys(key for row in record["numbers"] for key in row if key != "quantity")
        evidence = [
            (piece, piece.startswith(("https://", "http://")))
            for piece in re.split(r"(https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]])", record["evidence"])
            if piece
        ]
        finding = Finding(record, f"finding-{number}-{_slug(name)}", evidence, list(quantities))
        losses[record["loss"]].findings.append(finding)
        findings[name] = finding
    return findings


def _examples(results: Results) -> dict[str, Record]:
    """For each loss the smallest case that most references answer, without an empty input where there is one."""
    best: dict[str, tuple[tuple[int, bool, int, int], Record]] = {}
    for case in results.cases.values():
        answered = sum("value" in reference for reference in case["references"].values())
        sizes = [len(array["values"]) for array in case["inputs"].values()]
        rank = (-answered, 0 in sizes, abs(sum(sizes) - 8), len(case["config"]))
        if answered and (case["loss"] not in best or rank < best[case["loss"]][0]):
            best[case["loss"]] = (rank, case)
    return {loss: case for loss, (_, case) in best.items()}


def _example(case: Record) -> Example:
    values = {}
    for name, reference in case["references"].items():
        values[name] = (
            array_text(reference["value"]) if "value" in reference else "refused: " + reference.get("refused", "")
        )
    inputs = [(name, array_text(array)) for name, array in case["inputs"].items()]
    config = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in case["config"].items())
    return Example(case["id"], config, inputs, values)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
