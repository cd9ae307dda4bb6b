"""Time, taken in turns, and peak memory.

The timer is `timeit`'s, on the CPU time of the process, which another program on the machine does not lengthen. The turns are our own:
pyperf, pytest-benchmark and `torch.utils.benchmark` measure one contender to its end before the next, so that what changes in the
meantime (clock rate, cache pressure by a neighbour) goes into their ratio.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import statistics
import time
from collections.abc import Mapping
from timeit import Timer
from unittest.mock import patch

from benchmarks.frameworks import Call, Framework

LEAST = 3e-3  # seconds of a turn: enough for the clock, little enough for many turns
UNTIMED = 10
"""Calls before a turn of several: the first ones after a contender that goes through much memory take up to twice as long as later ones."""
ROUNDS = (3, 60)
WARM = 4  # calls before the turns, the quickest of which counts as one: what compiles what it is called with again has done so
RESOLUTION = 0.25
"""Less memory than this, in MB, is not told apart from none."""

PEAKS = 3  # one would do but on MXNet and JAX, whose threads free as it comes
SETTLED = 0.01  # seconds until they have freed what the call before held


def in_turns(calls: Mapping[str, Call], seconds: float) -> dict[str, float]:
    """The median CPU time of each call in seconds; about `seconds` are spent on each of them, but at least three turns."""
    timers = {name: Timer(call, timer=time.process_time) for name, call in calls.items()}
    first = {name: min(timer.repeat(WARM, 1)) for name, timer in timers.items()}
    numbers = {name: max(1, round(LEAST / max(once, 1e-7))) for name, once in first.items()}
    turn = sum((numbers[name] + UNTIMED * (numbers[name] > 1)) * once for name, once in first.items()) / len(calls)
    rounds = min(max(round(seconds / turn), ROUNDS[0]), ROUNDS[1])
    slow = set(numbers.values()) == {1}  # then the first was a turn
    found = {name: [once] if slow else [] for name, once in first.items()}
    for _ in range(rounds - slow):
        for name, timer in timers.items():
            if numbers[name] > 1:
                timer.timeit(UNTIMED)
            found[name].append(timer.timeit(numbers[name]) / numbers[name])
    return {name: statistics.median(times) for name, times in found.items()}


def on_one_processor() -> None:
    """From here on all threads of this process share a processor, where the system lets them.

    Otherwise what a call that is handed to another thread costs, as JAX, TensorFlow and MXNet do, is from 0 to 25 microseconds by chance.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def exact() -> None:
    """From here on, memory of some size comes from the system and goes back to it at once, where that is Linux's glibc.

    Otherwise what was freed is kept for later, and by chance a call's peak is seen or not. It costs time: `peak` alone is measured so.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(-3, 64 << 10)  # M_MMAP_THRESHOLD


def peak(call: Call) -> float | None:
    """What a call needs at its peak above what is held before it, in MB; None where the system does not tell, as Linux does.

    After `exact`.
    """
    call()
    found = []
    gc.collect()
    for _ in range(PEAKS):
        time.sleep(SETTLED)
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)  # else what it frees and keeps would hide what is taken from there
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")  # the high-water mark begins anew
            before = _status("VmRSS")
        except OSError:
            return None
        call()
        found.append((_status("VmHWM") - before) / 1024)
    return statistics.median(found)


def _status(key: str) -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


class _ReachedError(Exception):
    pass


def _nothing(*tensors: object) -> tuple[None, None]:
    """What is in the place of what is compiled: no loss, and no flag."""
    return None, None


def dispatch(framework: Framework) -> float:
    """Seconds from the call of a loss that repeats to the framework's operation, or to all that is compiled as one."""
    from polyloss import repeats
    from polyloss.dispatch import op_set

    (name, operation) = framework.probe
    loss = getattr(framework.module, name)()
    spec = next(s for s in framework.specs if s.loss == name)
    tensors = [framework.tensor(array) for array in spec.inputs("tiny")]
    ops = op_set(name, ("x", "y"), tensors)

    def stop(*args: object) -> None:
        raise _ReachedError

    def attempt(function: Call) -> Call:
        def call() -> None:
            try:
                function()
            except _ReachedError:
                return
            raise AssertionError(f"{name} did not reach {operation}")

        return call

    with patch.object(ops, "compiled", lambda function: _nothing):
        for _ in range(WARM):
            loss(*tensors)
        if graphs := getattr(loss, "_graphs", None):
            graphs.update(dict.fromkeys(graphs, _nothing))
        if graphs or ops.compiles:
            found = in_turns({"call": lambda: loss(*tensors), "nothing": lambda: _nothing(*tensors)}, 0.3)
        else:
            with patch.object(framework.operation_home(ops), operation, stop):
                found = in_turns({"call": attempt(lambda: loss(*tensors)), "nothing": attempt(stop)}, 0.3)
    repeats.forget()  # nothing in the place of a loss
    return found["call"] - found["nothing"]
