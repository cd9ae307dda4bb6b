"""Time and peak memory of the losses: native, Keras 3 on that framework, a composition by hand, polyloss.

    python -m benchmarks [--quick] [--framework NAME ...] [--size NAME ...] [--mode NAME ...] [--loss NAME ...] [-o results.json]

One process a framework, on one thread, one after the other; the contenders take turns within it. Times are medians of CPU time. Printed
are ratios to the native loss, as geometric means over losses, and the five losses with the highest; ``memory`` is that of peaks, polyloss
to native. The native loss on JAX is optax's, or Keras's where optax has none. Modes that take seconds to compile (``inductor``, ``xla``)
run at two sizes, forward with backward, native against polyloss.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import summary
from benchmarks.frameworks import FRAMEWORKS, ONE_THREAD, Framework
from benchmarks.measure import dispatch, in_turns, peak
from benchmarks.spec import SIZES, Spec

SECONDS = {"tiny": 0.1, "medium": 0.2, "large": 0.4, "wide": 0.4}
"""How long each contender is measured, per pass."""


def rows(framework: Framework, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The measurements of one framework."""
    for mode in ("eager",) if given.quick else ("eager", *framework.compiled):
        for size in framework.slow.get(mode, ("tiny", "medium") if given.quick else tuple(SIZES)):
            if (given.mode and mode not in given.mode) or (given.size and size not in given.size):
                continue
            for spec in framework.specs:
                if size in spec.sizes and (not given.loss or spec.loss in given.loss):
                    yield from cell(framework, spec, mode, size, given)


def cell(framework: Framework, spec: Spec, mode: str, size: str, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The passes of one loss at one size in one mode."""
    inputs = [framework.tensor(array) for array in spec.inputs(size)]
    losses = framework.contenders(spec)
    slow = mode in framework.slow
    if slow:
        losses = {name: losses[name] for name in ("native", "polyloss")}
    calls = {name: framework.calls(loss, inputs, spec.wrt, mode) for name, loss in losses.items()}
    refused = {}
    for name in list(calls):
        try:
            calls[name]["both"]()
        except Exception as error:  # as many kinds as there are contenders that cannot do it in this mode
            refused[name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            del calls[name]
    where = {"framework": framework.name, "mode": mode, "size": size, "loss": spec.name}
    if "polyloss" in refused:
        raise RuntimeError(f"polyloss in {where}: {refused['polyloss']}")
    for which in ("both",) if slow or given.quick else ("forward", "both"):
        chosen = {name: each[which] for name, each in calls.items()}
        row = {**where, "pass": which, "seconds": in_turns(chosen, SECONDS[size] * (0.2 if given.quick else 1))}
        if size != "tiny" and which == "both" and not given.quick:
            row["megabytes"] = {name: peak(call) for name, call in chosen.items()}
        yield {**row, "refused": refused} if refused else row


def child(name: str, given: argparse.Namespace) -> None:
    """Measure one framework in this process, a line of JSON for each row."""
    warnings.simplefilter("ignore")
    framework = FRAMEWORKS[name]()
    print(json.dumps({"framework": name, "dispatch": dispatch(framework)}), flush=True)
    for row in rows(framework, given):
        print(json.dumps(row), flush=True)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), cpu)
    names = ("polyloss-suite", "torch", "tensorflow-cpu", "tensorflow", "keras", "jax", "optax", "mxnet", "numpy")
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    date = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {
        "date": date,
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


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
    parser.add_argument("--child", choices=FRAMEWORKS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given)
        return
    found: dict[str, Any] = {"machine": machine(), "dispatch": {}, "rows": []}
    failed = False
    for name in given.framework or [name for name in FRAMEWORKS if find_spec(name)]:
        command = [sys.executable, "-m", "benchmarks", *sys.argv[1:], "--child", name]
        with subprocess.Popen(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if not line.startswith("{"):
                    continue  # what a framework prints
                row = json.loads(line)
                if "dispatch" in row:
                    found["dispatch"][name] = row["dispatch"]
                else:
                    found["rows"].append(row)
        failed |= process.returncode != 0
    found["table"] = summary.table(found["rows"])
    print(summary.text(found["table"]))
    print("\nfrom the call to the first operation of the formula, microseconds:", end=" ")
    print(", ".join(f"{name} {seconds * 1e6:.1f}" for name, seconds in found["dispatch"].items()))
    if given.output:
        given.output.write_text(json.dumps(found, indent=1))
    sys.exit(failed)


if __name__ == "__main__":
    main()
