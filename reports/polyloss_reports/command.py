"""The command ``polyloss report``: result files to one page."""

from __future__ import annotations

import json
from pathlib import Path

import click
from polyloss_conformance import results as schema
from rich.console import Console

from polyloss_reports import benchmark, page, summary


@click.command()
@click.argument("paths", metavar="RESULTS...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("polyloss-report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option(
    "--benchmarks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of `python -m benchmarks -o FILE`: the page shows speed and memory too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a summary for programs instead of one for people.")
def report(paths: tuple[Path, ...], output: Path, benchmarks: Path | None, as_json: bool) -> None:
    """Merge result files, or directories of them, into one HTML page.

    The exit status is 0 only if something ran and nothing of it failed.
    """
    try:
        results = schema.read(paths)
        measured = benchmark.read(benchmarks) if benchmarks else None
    except (FileNotFoundError, benchmark.BenchmarkError) as error:
        raise click.ClickException(str(error)) from None
    try:
        page.write(results, output, benchmark=measured)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    if as_json:
        click.echo(json.dumps(summary.as_json(results, output), indent=2))
    else:
        summary.print_summary(Console(), results, output)
    if summary.summarize(results).verdict != "pass":
        raise SystemExit(1)
