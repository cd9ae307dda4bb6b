"""The pytest side of conformance: ``pytest --pyargs polyloss_conformance --backend torch``.

pytest loads this module in every run of every project that has polyloss-suite installed, so it imports nothing, and adds its options only
to a run that names this package.
"""

from __future__ import annotations

from typing import Any

PACKAGE = "polyloss_conformance"

OPTIONS = {
    "--backend": "run on this backend only (repeatable); default: all whose framework is installed",
    "--dialect": "only losses of this dialect (repeatable)",
    "--loss": "only this loss (repeatable)",
    "--mode": "only this mode (repeatable)",
    "--references": "use this references.jsonl of an earlier run of the same cases",
}


def pytest_load_initial_conftests(parser: Any, args: list[str]) -> None:
    """Add the options, if this run is about conformance."""
    if not any(PACKAGE in arg for arg in args):
        return
    group = parser.getgroup("polyloss", "conformance of losses")
    for name, text in OPTIONS.items():
        group.addoption(name, action="store" if name == "--references" else "append", metavar="NAME", help=text)
    group.addoption("--quick", action="store_true", help="a short selection of cases")
    group.addoption("--every-graph", action="store_true", help="compile every case in every mode")
