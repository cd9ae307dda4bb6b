"""What a run came to: the verdict in words, counts per environment, and how to print them at a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from polyloss_conformance.results import BAD, Environment, Record, Results, decode, encode
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyloss_reports.numbers import count, ulp, worse

SEVERITY = (*BAD, "not run", "deviation", "unsupported", "pass")
"""Every status, the one that matters most first."""

SYMBOLS = {
    "pass": "✓",
    "deviation": "≠",
    "fail": "✗",
    "error": "!",
    "crash": "†",
    "timeout": "◷",
    "unsupported": "∅",
    "missing": "?",
    "not run": "○",
}
"""A sign for each status, so that colour is never the only one."""

LISTED = 10
"""So many failing losses are printed."""

_WORDS = {
    "pass": ("passes", "pass"),
    "deviation": ("deviates exactly as recorded", "deviate exactly as recorded"),
    "fail": ("fails", "fail"),
    "error": ("raised an error", "raised errors"),
    "crash": ("crashed", "crashed"),
    "timeout": ("timed out", "timed out"),
    "unsupported": ("is unsupported", "are unsupported"),
    "missing": ("is missing", "are missing"),
    "not run": ("did not run", "did not run"),
}
_COLOURS = {"pass": "green", "deviation": "yellow", "unsupported": "bright_black", "not run": "magenta"}


@dataclass
class Tally:
    """Counts of a group of cells, with the largest error of each status and against each reference."""

    counts: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float | None] = field(default_factory=dict)
    """Status to the largest error in ULP; None where nothing was measured. Of a pass it is the error against the formula, where there is
    one: how exact the backend is, and not how exact the native library."""
    compared: Counter[str] = field(default_factory=Counter)
    """Reference to the number of cells that were compared with it."""
    agreement: dict[str, float | None] = field(default_factory=dict)
    """Reference to the largest error of a cell that passes."""

    def add(self, cell: Record) -> None:
        """Count one cell."""
        status = cell["status"]
        self.counts[status] += 1
        largest: dict[str, float | None] = {}
        for against, _, error, _ in cell.get("checks", ()):
            largest[against] = worse(largest.get(against), decode(error))
        self.compared.update(largest.keys())
        for against, error in largest.items():
            if status != "pass" or against == "formula" or "formula" not in largest:
                self.worst[status] = worse(self.worst.get(status), error)
            if status == "pass":
                self.agreement[against] = worse(self.agreement.get(against), error)

    def merge(self, other: Tally) -> None:
        """Add the counts of another group."""
        self.counts.update(other.counts)
        self.compared.update(other.compared)
        for mine, theirs in ((self.worst, other.worst), (self.agreement, other.agreement)):
            for key, error in theirs.items():
                mine[key] = worse(mine.get(key), error)

    def ran(self) -> int:
        """Cells with a record."""
        return self.counts.total() - self.counts["not run"]

    def status(self) -> str | None:
        """The word for the whole group: its most severe status, where `unsupported` does not outweigh a pass."""
        found = [s for s in SEVERITY if self.counts[s]]
        if found[:1] == ["unsupported"] and self.counts["pass"]:
            return "pass"
        return found[0] if found else None

    def lines(self) -> list[tuple[str, int, float | None]]:
        """Status, count and largest error, the most severe first."""
        return [(s, self.counts[s], self.worst.get(s)) for s in SEVERITY if self.counts[s]]


@dataclass
class EnvironmentSummary:
    """One environment of a run in numbers."""

    environment: Environment
    tally: Tally
    not_run: list[tuple[str, str]]
    """Planned (case, mode) pairs without a record."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    def seconds(self) -> list[tuple[str, float]]:
        """How long the cells of each mode took together, the longest first: those that ran side by side count each."""
        found: dict[str, float] = {}
        for cell in self.environment.cells.values():
            found[cell["mode"]] = found.get(cell["mode"], 0.0) + cell["seconds"]
        return sorted(found.items(), key=lambda item: -item[1])


@dataclass
class Summary:
    """A whole run in numbers and words."""

    verdict: str
    """``pass``, ``fail`` or ``nothing``: no cell ran."""
    words: str
    """What came out, without the headline."""
    environments: list[EnvironmentSummary]
    total: Tally
    reservations: list[str]
    """What a reader has to know before trusting the verdict."""
    broken_findings: list[str]
    """Findings that no longer hold."""

    @property
    def headline(self) -> str:
        """The verdict in a word or two."""
        return {"pass": "Conformant", "fail": "Not conformant", "nothing": "Nothing ran"}[self.verdict]


def summarize(results: Results) -> Summary:
    """Count everything once and put the verdict into words."""
    environments = [_environment(env) for env in results.environments.values()]
    total = Tally()
    for env in environments:
        total.merge(env.tally)
    broken = [name for name, finding in results.findings.items() if not finding["holds"]]
    verdict = "nothing" if not total.ran() else ("fail" if results.failed() else "pass")
    return Summary(
        verdict,
        _words(verdict, total, broken, results.refuted()),
        environments,
        total,
        _reservations(results, environments),
        broken,
    )


def _environment(env: Environment) -> EnvironmentSummary:
    tally = Tally()
    for cell in env.cells.values():
        tally.add(cell)
    not_run = env.not_run()
    if not_run:
        tally.counts["not run"] = len(not_run)
    return EnvironmentSummary(env, tally, not_run)


def _words(verdict: str, total: Tally, broken: list[str], refuted: list[str]) -> str:
    stale = f"{count(len(broken), 'finding')} no longer {'holds' if len(broken) == 1 else 'hold'}" if broken else ""
    if refuted:
        stale += f"{'; ' if stale else ''}the formula of {count(len(refuted), 'loss', 'losses')} contradicts the numbers of others"
    if verdict == "nothing":
        planned = f": none of {count(total.counts['not run'], 'planned cell')} has a record" if total.counts else ""
        return f"There is no verdict{planned}." + (f" {stale}." if stale else "")
    parts = [f"{number:,} {_WORDS[status][number != 1]}" for status, number, _ in total.lines()]
    return f"Of {count(total.counts.total(), 'cell')}, {', '.join(parts)}{'; ' + stale if stale else ''}."


def _reservations(results: Results, environments: list[EnvironmentSummary]) -> list[str]:
    found = [f"The formula of {loss} does not give the numbers that others computed." for loss in results.refuted()]
    library = any(results.losses.get(case["loss"], {}).get("native", True) for case in results.cases.values())
    for env in environments:
        if not env.environment.finished:
            found.append(f"{env.name} ended early: its last session has no end.")
        if not env.tally.ran():
            found.append(f"{env.name} has no finished cell: nothing is known of it.")
        elif library and not env.tally.compared["native"]:
            found.append(f"{env.name} has no cell that was compared with a native library.")
        found += [f"{env.name}: {note}" for note in env.environment.notes]
    for file, lines in results.damaged.items():
        found.append(f"{file}: {count(lines, 'line')} could not be read and {'is' if lines == 1 else 'are'} left out.")
    found += [f"{file}: no run could be read from it, so nothing of it counts." for file in results.lost]
    revisions = sorted({env.environment.run["revision"] for env in environments})
    if len(revisions) > 1:
        found.append(f"The environments ran different revisions: {', '.join(revisions)}.")
    known = set(results.cases)
    unknown = sum(1 for env in environments for case, _ in env.environment.cells if case not in known)
    if unknown:
        found.append(f"{count(unknown, 'cell')} of cases that no file describes: is the references file missing?")
    return found


def as_json(results: Results, page: Path | None = None) -> Record:
    """The summary for programs. A status that does not occur is absent."""
    summary = summarize(results)
    return {
        "verdict": summary.verdict,
        "words": f"{summary.headline}. {summary.words}",
        "failed": summary.verdict != "pass",
        "environments": {
            env.name: {
                "backend": env.environment.run["backend"],
                "versions": env.environment.run["versions"],
                "finished": env.environment.finished,
                "statuses": {status: number for status, number, _ in env.tally.lines()},
                "worst_ulp": {s: encode(error) for s, error in env.tally.worst.items() if error is not None},
                "compared": dict(env.tally.compared),
                "seconds": {mode: round(seconds, 1) for mode, seconds in env.seconds()},
            }
            for env in summary.environments
        },
        "reservations": summary.reservations,
        "broken_findings": summary.broken_findings,
        "damaged": results.damaged,
        "page": str(page) if page else None,
    }


def print_summary(console: Console, results: Results, page: Path | None = None) -> None:
    """Print the verdict, a table of environments, which losses fail, what did not run, and where the page is."""
    summary = summarize(results)
    style = {"pass": "bold green", "fail": "bold red", "nothing": "bold magenta"}[summary.verdict]
    console.print(_text(f"{summary.headline}. {summary.words}", style))
    if summary.environments:
        console.print(_table(summary))
    for line in _failing(results):
        console.print(_text(line, "red"))
    for line in summary.reservations:
        console.print(_text("- " + line, "yellow"))
    if page:
        console.print(_text(f"Page: {page}"))


def _failing(results: Results) -> list[str]:
    """The losses with cells that make the run fail, those with the most first, each with where and with one of them."""
    found: dict[str, list[Record]] = {}
    for env in results.environments.values():
        for cell in env.cells.values():
            if cell["status"] in BAD:
                record = results.cases.get(cell["case"])
                found.setdefault(record["loss"] if record else "of no described loss", []).append(cell)
    lines = []
    for loss, cells in sorted(found.items(), key=lambda item: -len(item[1]))[:LISTED]:
        places = Counter(f"{cell['environment']} {cell['mode']}" for cell in cells)
        where = ", ".join(f"{place} {number}" for place, number in places.most_common())
        (first, *_) = sorted(cells, key=lambda cell: SEVERITY.index(cell["status"]))
        lines.append(f"{loss}: {count(len(cells), 'bad cell')} ({where})")
        lines.append(f"  {first['case']}: {first['status']}, {first.get('message', '')[:300]}")
    if len(found) > LISTED:
        lines.append(f"and {count(len(found) - LISTED, 'loss', 'losses')} more, on the page")
    return lines


def _table(summary: Summary) -> Table:
    statuses = [s for s in reversed(SEVERITY) if summary.total.counts[s]]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("environment", no_wrap=True)
    for status in statuses:
        table.add_column(status, justify="right", overflow="fold", style=_COLOURS.get(status, "red"))
    table.add_column("worst ULP of a pass", justify="right", overflow="fold")
    table.add_column("against native", justify="right", overflow="fold")
    for env in summary.environments:
        tally = env.tally
        numbers = [
            f"{tally.counts[s]:,}" if tally.counts[s] or (tally.ran() and s != "not run") else "–" for s in statuses
        ]
        native = f"{tally.compared['native']:,}" if tally.compared["native"] else "none"
        table.add_row(_text(env.name), *numbers, ulp(tally.worst.get("pass")), native)
    return table


def _text(text: str, style: str = "") -> Text:
    # Text of a result file must not reach the terminal as markup or as an escape sequence.
    return Text("".join(c if c.isprintable() else "�" for c in text), style=style)
