"""The working side of a supervised process: it takes a job, and says which item it begins and what came of it.

Messages go over a private copy of standard output, since a framework may print there; what it prints goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TextIO

AT_ONCE = 64
"""Items from one garbage collection, and one thread, to the next. PyTorch takes 654 MB for 650 under Python's own collections."""


class Channel:
    """The line to the parent. One message is one line of JSON."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        line = sys.stdin.readline()
        if not line:
            raise SystemExit("this module is started by the conformance runner, which sends it a job")
        self.job: dict[str, Any] = json.loads(line)
        threading.Thread(target=self._until_parent_ends, daemon=True).start()

    @staticmethod
    def _until_parent_ends() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread must not hold while the interpreter ends
            pass
        os._exit(1)

    def send(self, **message: Any) -> None:
        """Tell the parent."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def begin(self, item: str) -> None:
        """From here on, whatever happens to this process is the fault of `item`."""
        self.send(begin=item)

    def done(self, item: str, result: Any) -> None:
        """`item` is finished."""
        self.send(done=item, result=result)

    def work(self, items: Sequence[str], result: Callable[[str], Any]) -> None:
        """Work through all `items`; `result` gives that of one, and raises nothing."""

        def some(part: Sequence[str]) -> None:
            for item in part:
                self.begin(item)
                self.done(item, result(item))

        gc.disable()  # Python's own collections would be a tenth of the time in which torch compiles
        for first in range(0, len(items), AT_ONCE):
            gc.collect()  # what was compiled for the last ones
            gc.freeze()  # framework and compiler are a million objects, which the next collection need not go through
            # MLIR, which JAX lowers and compiles with, searches a table of the thread, where every compilation leaves something: in one
            # thread the ten-thousandth operation would take twice as long as the first.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(some, items[first : first + AT_ONCE]).result()
