"""The command ``polyloss conformance``."""

from __future__ import annotations

import contextlib
import gc
import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from polyloss_conformance import results, runner
from polyloss_conformance.progress import Silence, Terminal

PAGE = "polyloss.page"
"""The entry-point group of what turns results into something to look at: ``write``, ``print`` and ``json``."""

PAGE_NAME = "index.html"


@click.command()
@click.option(
    "--backend", "backends", multiple=True, metavar="NAME", help="Run this one only, and insist on it. Repeatable."
)
@click.option(
    "--dialect", "only_dialects", multiple=True, metavar="NAME", help="Only losses of this dialect. Repeatable."
)
@click.option(
    "--loss", "losses", multiple=True, metavar="NAME", help="Only this loss: L2Loss or gluon/L2Loss. Repeatable."
)
@click.option("--mode", "modes", multiple=True, metavar="NAME", help="Only this mode: eager, jit, ... Repeatable.")
@click.option("--quick", is_flag=True, help="A short selection of cases.")
@click.option(
    "--every-graph",
    is_flag=True,
    help="Compile every case in every mode. Otherwise modes that compile leave out what only combines options in another way. Takes hours.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="The folder of the results; one that holds results already is completed.",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes at a time. [default: one for each processor]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds for one cell; three times that where it is compiled.",
)
@click.option(
    "--python",
    "interpreters",
    multiple=True,
    metavar="NAME=PATH",
    help="Run the environment NAME (a backend, or BACKEND-anything) under another interpreter. Repeatable.",
)
@click.option(
    "--references",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Use this references.jsonl of an earlier run of the same cases.",
)
@click.option("--fresh", is_flag=True, help="Start over, whatever the folder holds.")
@click.option("--no-page", is_flag=True, help="Write no page.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary for programs, and nothing else.")
def conformance(interpreters: tuple[str, ...], jobs: int | None, no_page: bool, as_json: bool, **options: Any) -> None:
    """Run every loss on every backend, and hold values and gradients against the references.

    Writes one result file for each environment and a page. The exit status is 0 only if something ran and nothing of it failed.
    """
    gc.disable()  # results are millions of objects without cycles, and reading them would take twice as long
    request = runner.Request(jobs=jobs or 0, python=_pairs(interpreters), **options)
    console = Console()
    try:
        with contextlib.ExitStack() as stack:
            progress = Silence() if as_json else stack.enter_context(Terminal(console))
            found = runner.Run(request, progress).execute()
    except runner.UsageError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.ClickException(
            f"interrupted; what was finished is in {request.output}, and the same command completes it"
        ) from None
    page = None if no_page else request.output / PAGE_NAME
    if page is not None:
        _page("write")(found, page)
    if as_json:
        click.echo(json.dumps(_page("json")(found, page), indent=2))
    else:
        _page("print")(console, found, page)
    if found.failed() or not ran(found):
        raise SystemExit(1)


def ran(found: results.Results) -> bool:
    """Whether any cell has a record."""
    return any(env.cells for env in found.environments.values())


def _pairs(interpreters: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in interpreters:
        (name, _, path) = text.partition("=")
        if not name or not path:
            raise click.BadParameter(f"{text!r} is not NAME=PATH", param_hint="--python")
        pairs[name] = path
    return pairs


def _page(part: str) -> Any:
    for entry in entry_points(group=PAGE, name=part):
        return entry.load()
    raise click.ClickException(
        f"nothing is registered as {part!r} of {PAGE}: the installation of polyloss-suite is broken"
    )
