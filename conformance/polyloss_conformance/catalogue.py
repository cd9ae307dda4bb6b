"""The commands ``polyloss list`` and ``polyloss explain``: what there is, and what it means."""

from __future__ import annotations

import inspect
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec

import click
from rich.console import Console
from rich.table import Table

from polyloss import dispatch
from polyloss_conformance import dialects
from polyloss_conformance.dialects import Dialect


@click.command("list")
def list_() -> None:
    """The dialects with their losses, and the backends on which all of them run."""
    console = Console(highlight=False)
    for dialect in dialects.dialects().values():
        console.print(f"[bold]{dialect.name}[/]: the semantics of {dialect.upstream}; import {dialect.module}")
        names = _names(dialect)
        width = max(map(len, names)) + 2
        columns = max(1, console.width // width)
        for start in range(0, len(names), columns):
            console.print("  " + "".join(name.ljust(width) for name in names[start : start + columns]).rstrip())
    table = Table("backend", "framework", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in sorted(dispatch.backend_names()):
        there = find_spec(name) is not None
        table.add_row(name, _version(name) if there else f"not installed: pip install 'polyloss-suite[{name}]'")
    console.print(table)


@click.command()
@click.argument("loss")
def explain(loss: str) -> None:
    """What LOSS means: its documentation, and the formula that upstream computes.

    LOSS is a name that `polyloss list` prints, with or without its dialect: L2Loss or gluon/L2Loss.
    """
    (wanted, _, name) = loss.rpartition("/")
    found = [d for d in dialects.dialects().values() if wanted in ("", d.name) and name in _names(d)]
    if not found:
        raise click.ClickException(f"no loss {loss!r}; `polyloss list` prints all")
    for dialect in found:
        kind = getattr(dialect.losses(), name)
        click.echo(f"{dialect.name}/{name}{_signature(kind)}\n")
        click.echo(inspect.getdoc(kind) or "(no documentation)")
        reference = dialects.resolve(dialect.references).get(f"{dialect.name}/{name}")
        if reference is not None:
            click.echo(f"\nSource: {reference.source}")
            click.echo(f"Printed upstream (LaTeX):\n    {reference.documented}")
            click.echo(f"Computed upstream (LaTeX):\n    {reference.computed}")


def _names(dialect: Dialect) -> list[str]:
    known = dialects.resolve(dialect.references)
    return sorted(loss.partition("/")[2] for loss in known)


def _signature(kind: object) -> str:
    return str(inspect.signature(kind, eval_str=True)) if callable(kind) else ""


def _version(backend: str) -> str:
    """The installed version of a backend's framework, from metadata alone: nothing is imported."""
    for entry in entry_points(group=dispatch.GROUP, name=backend):
        for distribution in (entry.name, f"{entry.name}-cpu"):
            try:
                return version(distribution)
            except PackageNotFoundError:
                continue
    return "installed"
