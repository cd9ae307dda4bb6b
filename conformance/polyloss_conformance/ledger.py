"""A result file that is being written: one record a line, on disk as soon as it is there."""

from __future__ import annotations

import threading
from pathlib import Path

from polyloss_conformance import results
from polyloss_conformance.results import Record


class Ledger:
    """Appends records to a file. What a process that was cut off left at its end stays a line of its own."""

    def __init__(self, path: Path, fresh: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("wb" if fresh else "ab")
        self.torn = False
        """Whether the file ended in the middle of a line."""
        if self._file.tell():
            with path.open("rb") as before:
                before.seek(-1, 2)
                self.torn = before.read(1) != b"\n"
        if self.torn:
            self._file.write(b"\n")

    def append(self, record: Record) -> None:
        """Write a record, which must fit the schema."""
        line = results.dump(record).encode()
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        """Write no more."""
        self._file.close()
