"""How a run is shown at a terminal: one bar for each environment, or a few plain lines where there is no terminal."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from polyloss_conformance.results import BAD, Record

NOTES = 5
"""So many notes of an environment are shown as they come; all are on the page."""


class Terminal:
    """Progress for a person."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._bars: dict[str, TaskID] = {}
        self._left: dict[str, int] = {}
        self._bad: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._progress: Progress | None = None
        if console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[bad]}"))
            self._progress = Progress(TextColumn("{task.description}"), *columns, console=console, transient=True)

    def __enter__(self) -> Terminal:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def phase(self, text: str) -> None:
        """A stage of the run begins."""
        self._console.print(escape(text[0].upper() + text[1:]), highlight=False)

    def planned(self, environment: str, cells: int) -> None:
        """So many cells of an environment are to run."""
        with self._lock:
            self._left[environment] = cells
            if self._progress is not None:
                self._bars[environment] = self._progress.add_task(escape(environment), total=cells, bad="")
            elif not cells:
                self._console.print(f"{escape(environment)}: nothing left to do", highlight=False)

    def finished(self, environment: str, cell: Record) -> None:
        """A cell has its record."""
        with self._lock:
            self._left[environment] -= 1
            self._bad[environment] += cell["status"] in BAD
            words = f"{self._bad[environment]:,} bad" if self._bad[environment] else ""
            if self._progress is not None:
                self._progress.update(self._bars[environment], advance=1, bad=words)
            elif not self._left[environment]:
                self._console.print(f"{escape(environment)}: done{', ' if words else ''}{words}", highlight=False)

    def note(self, environment: str, text: str) -> None:
        """Something that the person at the terminal has to know."""
        with self._lock:
            self._notes[environment] += 1
            if self._notes[environment] <= NOTES:
                self._console.print(f"{escape(environment)}: {escape(text)}", highlight=False)
            elif self._notes[environment] == NOTES + 1:
                self._console.print(f"{escape(environment)}: more notes are on the page", highlight=False)


class Silence:
    """Progress for a program: none."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def planned(self, environment: str, cells: int) -> None:
        """Say nothing."""

    def finished(self, environment: str, cell: Record) -> None:
        """Say nothing."""

    def note(self, environment: str, text: str) -> None:
        """Say nothing."""
