"""Write the page."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup
from polyloss_conformance.results import Results

from polyloss_reports import numbers, view
from polyloss_reports.benchmark import Benchmark
from polyloss_reports.data import embed
from polyloss_reports.summary import SEVERITY, SYMBOLS

_SCRIPTS = ("base.js", "matrix.js", "cells.js")


def write(results: Results, path: Path, generated: str | None = None, benchmark: Benchmark | None = None) -> None:
    """Write `results` as one HTML file that needs nothing else.

    Args:
        results: what `polyloss_conformance.results.read` gives.
        path: the file to write; its folder is made.
        generated: the time that the page names as its own; now, if not given.
        benchmark: what the page shows of speed and memory; nothing, if not given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate is valid in JSON and not in UTF-8.
    path.write_bytes(render(results, generated, benchmark).encode("utf-8", errors="replace"))


def render(results: Results, generated: str | None = None, benchmark: Benchmark | None = None) -> str:
    """The page as text."""
    shown = view.build(results)
    script = "".join(_file(name) for name in _SCRIPTS)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("polyloss_reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ulp": numbers.ulp, "count": numbers.count}
    common = {
        "columns": shown.columns,
        "statuses": SEVERITY,
        "symbols": SYMBOLS,
        "findings": {f.record["id"]: f.anchor for f in shown.findings},
    }
    return environment.get_template("page.html").render(
        view=shown,
        benchmark=benchmark,
        summary=shown.summary,
        generated=generated or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        statuses=SEVERITY,
        symbols=SYMBOLS,
        kinds=view.KINDS,
        style=Markup(_file("style.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=embed(common),
    )


def _file(name: str) -> str:
    return files("polyloss_reports").joinpath("templates", name).read_text(encoding="utf-8")
