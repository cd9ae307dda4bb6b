"""The supervising side: a process works through items, and a crash, a hang or a kill costs one item.

The process is started again on what is left. Only this side writes results, so two processes never share a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

STARTUP = 180.0
"""Seconds to import a framework."""


class StartError(Exception):
    """A process ended before it began anything."""


@dataclass
class Lost:
    """Why an item has no result."""

    hung: bool
    reason: str


@dataclass
class Supervisor:
    """Starts processes, and can end all of them."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: bool = False

    def stop(self) -> None:
        """End every process; whoever waits for one returns."""
        with self._lock:
            self.stopped = True
            for process in self._running:
                _kill(process)

    def work(
        self,
        command: Sequence[str],
        job: dict[str, Any],
        items: Sequence[str],
        limit: float,
        on_done: Callable[[str, Any], None],
        on_lost: Callable[[str, Lost], None],
        on_note: Callable[[str], None],
    ) -> None:
        """Work through `items`; the process gets them as ``job["items"]``.

        Args:
            command: the process.
            job: what it is told.
            items: what it shall work through, in order.
            limit: seconds for one item.
            on_done: takes an item and its result.
            on_lost: takes an item that has none, and why.
            on_note: takes what else is worth telling.

        Raises:
            StartError: it ends before it begins its first item.
        """
        left = list(items)
        while left and not self.stopped:
            before = len(left)
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
                process = self._start(command, {**job, "items": left}, errors)
                if process is None:
                    return
                current, hung = self._follow(process, left, limit, on_done)
                reason = f"did not answer within {limit:g} s" if hung else _ending(process.returncode)
                if self.stopped:
                    return
                if current is not None:
                    left.remove(current)
                    on_lost(current, Lost(hung, reason + _said(errors)))
                elif len(left) == before:
                    raise StartError(reason + " before its first item" + _said(errors))
                elif left:
                    on_note(f"A worker {reason} between two items; it was started again.")
                elif process.returncode:
                    on_note(f"A worker {reason} after its last item.")

    def _start(self, command: Sequence[str], job: dict[str, Any], errors: IO[str]) -> subprocess.Popen[str] | None:
        with self._lock:
            if self.stopped:
                return None
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # an interrupt at the terminal is for the parent, which ends its workers itself
            )
            self._running.add(process)
        with contextlib.suppress(BrokenPipeError):  # it ended already, which `_follow` sees
            assert process.stdin is not None
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
        return process

    def _follow(
        self,
        process: subprocess.Popen[str],
        left: list[str],
        limit: float,
        on_done: Callable[[str, Any], None],
    ) -> tuple[str | None, bool]:
        """Read messages to the end: the item that was being worked on then, and whether it hung."""
        lines: queue.Queue[str] = queue.Queue()

        def pump() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                lines.put(line)
            lines.put("")

        reader = threading.Thread(target=pump, daemon=True)
        reader.start()
        current: str | None = None
        hung = False
        try:
            while not hung:
                line = _next(lines, process, STARTUP if current is None else limit)
                hung = line is None
                if not line or not line.endswith("\n"):  # the end, or a message that was cut off
                    break
                message = json.loads(line)
                current = message.get("begin")
                if "done" in message:
                    left.remove(message["done"])
                    on_done(message["done"], message["result"])
        finally:
            if hung or self.stopped:
                _kill(process)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                _kill(process)
                process.wait()
            reader.join(timeout=5)
            with self._lock:
                self._running.discard(process)
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    assert stream is not None
                    stream.close()
        return current, hung


def _next(lines: queue.Queue[str], process: subprocess.Popen[str], limit: float) -> str | None:
    """The next line, the empty one at the end, None if none comes in time."""
    deadline = time.monotonic() + limit
    while (wait := deadline - time.monotonic()) > 0:
        dead = process.poll() is not None
        try:
            return lines.get(timeout=min(wait, 1.0))
        except queue.Empty:
            if dead:  # something that it started keeps the pipe open
                return ""
    return None


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)  # compilers that it started as well
            else:
                process.kill()


def _ending(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _said(errors: IO[str]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read()[-4000:].splitlines() if line.strip()]
    return f"; its last words: {lines[-1][:300]}" if lines else ""
