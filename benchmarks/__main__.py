"""Time and peak memory of the losses: native, Keras 3 on that framework, a composition by hand, polyloss.

    python -m benchmarks [--quick] [--framework NAME ...] [--size NAME ...] [--mode NAME ...] [--loss NAME ...] [-o results.json]

One process a framework, on one processor, one after the other; the contenders take turns within it. Times are medians of CPU time. Printed
are ratios to the native loss, as geometric means over losses, beside the project's targets, and the five losses with the highest ratios;
``memory`` is that of peaks, polyloss to native. The native loss on JAX is optax's, or Keras's where optax has none, on TensorFlow Keras's.
Modes that take seconds to compile (``inductor``, ``xla``) run at two sizes, forward with backward, native against polyloss.

The file is whole after every loss. A run that was stopped is continued by the same command, if machine, versions and code are still the
same; else everything is measured anew. `polyloss report RESULTS --benchmarks FILE` shows it on the page. The exit status is 1 if a loss
could not be measured.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from polyloss_conformance.progress import Terminal
from rich.console import Console

from benchmarks import plan, summary, targets
from benchmarks.frameworks import FRAMEWORKS, ONE_THREAD
from benchmarks.record import Record, RecordError, machine
from benchmarks.run import run
from benchmarks.spec import SIZES


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny and medium, eager, forward with backward, few turns")
    parser.add_argument("--framework", action="append", choices=FRAMEWORKS)
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--mode", action="append", help="eager, inductor, jit, function, xla, hybridized")
    parser.add_argument("--loss", action="append", help="the name of a class")
    parser.add_argument("-o", "--output", type=Path, help="write everything as JSON")
    parser.add_argument("--fresh", action="store_true", help="measure everything anew, whatever the file holds")
    given = parser.parse_args()
    kinds = [FRAMEWORKS[name] for name in given.framework or FRAMEWORKS if given.framework or find_spec(name)]
    wanted = {
        kind.name: plan.chosen(kind, given.quick, given.mode or (), given.size or (), given.loss or ())
        for kind in kinds
    }
    if not any(wanted.values()):
        parser.error("there is no such loss, size or mode to measure")
    absent = sorted({module for kind in kinds if wanted[kind.name] for module in kind.needs if not find_spec(module)})
    if absent:  # said now, and not where an hour later the first of them is imported
        parser.error(
            f"{' and '.join(absent)} not installed: pip install -e '.[benchmarks]' has what polyloss is compared with"
        )
    os.environ.update(ONE_THREAD)  # for the processes that measure
    try:
        record = Record(
            given.output, machine(), given.quick, plan.counts(FRAMEWORKS.values(), given.quick), given.fresh
        )
        for note in record.notes:
            print(note, file=sys.stderr)
        with Terminal(Console(stderr=True)) as progress:
            run(record, {name: cells for name, cells in wanted.items() if cells}, progress)
    except RecordError as error:
        sys.exit(f"benchmarks: {error}")
    except KeyboardInterrupt:
        kept = (
            f"{given.output} holds what was measured, and the same command continues"
            if given.output
            else "nothing kept"
        )
        sys.exit(f"benchmarks: interrupted; {kept}")
    found = record.found
    print(summary.text(found["table"]))
    if found["dispatch"]:
        print(
            f"\nFrom the call to the first operation of the formula, microseconds, {targets.DISPATCH * 1e6:.1f}:",
            end=" ",
        )
        print(", ".join(f"{name} {_judged(seconds)}" for name, seconds in found["dispatch"].items()))
    for one in found["lost"]:
        where = " ".join(one[key] for key in ("framework", "mode", "size", "loss") if key in one)
        print(f"\nNot measured: {where}: {one['reason']}", file=sys.stderr)
    sys.exit(bool(found["lost"]))


def _judged(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} {'met' if seconds <= targets.DISPATCH else 'NOT MET'}"


if __name__ == "__main__":
    main()
