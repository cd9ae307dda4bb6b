"""The verdict, the counts, and what the terminal gets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from polyloss_conformance import results as schema
from polyloss_reports import summary
from rich.console import Console

from . import synthetic
from .synthetic import case, cell, end, finding, loss, run


def one(
    folder: Path, *cells: schema.Record, planned: tuple[str, ...] = ("a", "b"), extra: tuple[schema.Record, ...] = ()
) -> schema.Results:
    references = [loss(), case("a"), case("b"), *extra]
    return synthetic.read(
        folder, {"references": references, "torch": [run("torch", {"eager": list(planned)}), *cells, end("torch")]}
    )


def printed(results: schema.Results, page: Path | None = None) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    summary.print_summary(console, results, page)
    return console.file.getvalue()


def test_all_pass(tmp_path: Path) -> None:
    found = summary.summarize(one(tmp_path, cell("torch", "a"), cell("torch", "b")))
    assert (found.verdict, found.headline) == ("pass", "Conformant")
    assert found.words == "Of 2 cells, 2 pass."
    assert found.reservations == []


@pytest.mark.parametrize("status", schema.BAD)
def test_a_bad_status_fails(tmp_path: Path, status: str) -> None:
    found = summary.summarize(one(tmp_path, cell("torch", "a"), cell("torch", "b", status=status)))
    assert found.verdict == "fail"
    assert found.words.startswith("Of 2 cells, 1 ")
    assert found.total.status() == status


@pytest.mark.parametrize("status", ["deviation", "unsupported"])
def test_a_known_difference_does_not_fail(tmp_path: Path, status: str) -> None:
    found = summary.summarize(one(tmp_path, cell("torch", "a"), cell("torch", "b", status=status)))
    assert found.verdict == "pass"
    assert found.total.status() == {"deviation": "deviation", "unsupported": "pass"}[status]


def test_a_planned_cell_without_record_fails(tmp_path: Path) -> None:
    found = summary.summarize(one(tmp_path, cell("torch", "a")))
    assert found.verdict == "fail"
    assert found.words == "Of 2 cells, 1 did not run, 1 passes."
    assert found.environments[0].not_run == [("b", "eager")]


def test_nothing_ran_is_neither_zero_nor_a_pass(tmp_path: Path) -> None:
    results = one(tmp_path)
    found = summary.summarize(results)
    assert found.verdict == "nothing"
    assert found.words == "There is no verdict: none of 2 planned cells has a record."
    assert summary.as_json(results)["failed"] is True
    assert summary.as_json(results)["environments"]["torch"]["statuses"] == {"not run": 2}
    row = next(line.split() for line in printed(results).splitlines() if line.strip().startswith("torch"))
    assert row == ["torch", "2", "–", "none"]


def test_no_files_at_all() -> None:
    assert summary.summarize(schema.Results()).words == "There is no verdict."


def test_a_finding_that_no_longer_holds_fails(tmp_path: Path) -> None:
    cells = (cell("torch", "a"), cell("torch", "b"))
    found = summary.summarize(one(tmp_path, *cells, extra=(finding(holds=False),)))
    assert found.verdict == "fail"
    assert found.words == "Of 2 cells, 2 pass; 1 finding no longer holds."


def test_errors_by_status_and_by_reference(tmp_path: Path) -> None:
    nan = [["formula", "value", "nan", 4], ["formula", "gradient pred", 7, 4], ["native", "value", 2, 4]]
    found = summary.summarize(one(tmp_path, cell("torch", "a"), cell("torch", "b", status="fail", checks=nan)))
    assert found.total.worst["pass"] == 0.75
    assert found.total.worst["fail"] != found.total.worst["fail"], "NaN is the largest error"
    assert found.total.agreement == {"formula": 0.75, "native": 0.25}, "of passing cells alone"
    assert found.total.compared == {"formula": 2, "native": 2}, "cells, however many checks they have"


def test_where_the_time_went(tmp_path: Path) -> None:
    cells = (cell("torch", "a", seconds=0.5), cell("torch", "b", seconds=0.3), cell("torch", "a", "graph", seconds=2.0))
    results = one(tmp_path, *cells)
    assert summary.as_json(results)["environments"]["torch"]["seconds"] == {"graph": 2.0, "eager": 0.8}


def test_reservations(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "results", synthetic.everything())
    with (folder / "numpy.jsonl").open("a") as file:
        file.write('{"record":"cell","env')
    found = "\n".join(summary.summarize(schema.read([folder])).reservations)
    assert "mxnet ended early" in found
    assert "mxnet has no finished cell" in found
    assert "numpy has no cell that was compared with a native library" in found
    assert "torch: worker killed by signal 9, restarted" in found
    assert "numpy.jsonl: 1 line could not be read and is left out." in found


def test_cells_of_unknown_cases_and_different_revisions(tmp_path: Path) -> None:
    environments = {name: [run(name, {}, revision=name), cell(name, "a"), end(name)] for name in ("jax", "torch")}
    found = summary.summarize(synthetic.read(tmp_path, environments)).reservations
    assert "The environments ran different revisions: jax, torch." in found
    assert "2 cells of cases that no file describes: is the references file missing?" in found


def test_printed(tmp_path: Path) -> None:
    text = printed(synthetic.read(tmp_path, synthetic.everything()), Path("out/page.html"))
    assert "Not conformant. Of 16 cells," in text
    assert "Page: out/page.html" in text
    assert "torch: worker killed by signal 9" in text
    row = next(line.split() for line in text.splitlines() if line.strip().startswith("mxnet "))
    assert row == ["mxnet", "–", "–", "–", "4", "–", "–", "–", "–", "–", "–", "none"]


def test_hostile_text_reaches_the_terminal_as_text(tmp_path: Path) -> None:
    name = "[red]x[/red] \x1b[31m"
    results = synthetic.read(
        tmp_path, {"e": [run(name, {"eager": ["a"]}), {"record": "note", "environment": name, "text": name}]}
    )
    text = printed(results)
    assert "[red]x[/red] �[31m" in text
    assert "\x1b" not in text


def test_failing_losses_are_printed_with_where_and_one_cell(tmp_path: Path) -> None:
    text = printed(synthetic.read(tmp_path, synthetic.everything()))
    assert "gluon/L2Loss: 5 bad cells (torch eager 5)" in text
    assert "gluon/L2Loss/fail: fail, value differs from the formula: 5.2e6 ulp, limit 4" in text
    assert "zoo/Quartic: " not in text
    assert "bad cell" not in printed(one(tmp_path / "good", cell("torch", "a"), cell("torch", "b")))
