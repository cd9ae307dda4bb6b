"""How work is shared out among processes, so that all of them are busy to the end.

A *heap* is what one kind of process can do: the cells of an environment in the modes that share a process. Whoever is free takes a part of
the heap with the most left to do, in seconds. Parts become smaller as less is left, down to what is worth starting a process, and the
speed of a heap is measured as its cells finish: a mode that compiles slowly is not alone at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

PARTS = 2
"""A part is at most the work of this many rounds of all processes. A process begins with nothing compiled, so more parts are more work."""

WORTH_A_PROCESS = 20.0
"""Seconds of work for which a process is started, while there is more."""

CERTAIN = 50
"""So many cells as good as measured is what is assumed of a heap beforehand."""


@dataclass(eq=False)
class Heap:
    """Items of one kind, in order, with how long one is taken to last."""

    items: list[str]
    assumed: float
    """Seconds for an item, before any was measured."""
    measured: float = 0.0
    finished: int = 0
    running: int = 0
    """Parts that are being worked on."""

    def rate(self) -> float:
        """Seconds for an item."""
        return (self.assumed * CERTAIN + self.measured) / (CERTAIN + self.finished)

    def left(self) -> float:
        """Seconds of work that nobody has taken."""
        return len(self.items) * self.rate()


class Sharing:
    """Heaps from which several threads take parts."""

    def __init__(self, heaps: Sequence[Heap], jobs: int) -> None:
        self._heaps = list(heaps)
        self._jobs = jobs
        self._lock = threading.Lock()

    def take(self) -> tuple[Heap, list[str]] | None:
        """The next part, or None where nothing is left. `give_back` says that it is done with."""
        with self._lock:
            heap = max(self._heaps, key=Heap.left, default=None)
            if heap is None or not heap.items:
                return None
            seconds = max(WORTH_A_PROCESS, sum(map(Heap.left, self._heaps)) / (PARTS * self._jobs))
            count = max(1, round(seconds / heap.rate()))
            if (len(heap.items) - count) * heap.rate() < WORTH_A_PROCESS:  # the rest would not be worth another process
                count = len(heap.items)
            (part, heap.items[:]) = (heap.items[:count], heap.items[count:])
            heap.running += 1
            return heap, part

    def measure(self, heap: Heap, seconds: float) -> None:
        """An item of `heap` took so long."""
        with self._lock:
            heap.measured += seconds
            heap.finished += 1

    def give_back(self, heap: Heap) -> None:
        """A part of `heap` is done with."""
        with self._lock:
            heap.running -= 1

    def drop(self, heap: Heap) -> None:
        """Nothing more of `heap` can be worked on."""
        with self._lock:
            heap.items.clear()

    def over(self, heaps: Sequence[Heap]) -> bool:
        """Whether nothing of these is left or being worked on."""
        with self._lock:
            return not any(heap.items or heap.running for heap in heaps)
