"""The command ``polyloss report``."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result
from polyloss_reports.command import report

from . import synthetic
from .synthetic import case, cell, end, loss, run


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


def passing(folder: Path) -> Path:
    torch = [run("torch", {"eager": ["a"]}), cell("torch", "a"), end("torch")]
    return synthetic.write(folder, {"references": [loss(), case("a")], "torch": torch})


def test_a_pass(tmp_path: Path) -> None:
    result = invoke(passing(tmp_path / "in"), "-o", tmp_path / "new" / "page.html")
    assert result.exit_code == 0, result.output
    assert "Conformant. Of 1 cell, 1 passes." in result.output
    assert (tmp_path / "new" / "page.html").read_text().startswith("<!doctype html>")


def test_separate_files_are_merged(tmp_path: Path) -> None:
    folder = passing(tmp_path / "in")
    jax = synthetic.write(tmp_path / "jax", {"jax": [run("jax", {"eager": ["a"]}), cell("jax", "a"), end("jax")]})
    result = invoke(folder / "references.jsonl", folder / "torch.jsonl", jax, "-o", tmp_path / "p.html", "--json")
    found = json.loads(result.output)
    assert (result.exit_code, found["verdict"], found["failed"]) == (0, "pass", False)
    assert {name: env["statuses"] for name, env in found["environments"].items()} == {
        "torch": {"pass": 1},
        "jax": {"pass": 1},
    }
    assert found["page"] == str(tmp_path / "p.html")


def test_a_failure_is_the_exit_status(tmp_path: Path) -> None:
    result = invoke(synthetic.write(tmp_path / "in", synthetic.everything()), "-o", tmp_path / "p.html", "--json")
    found = json.loads(result.output)
    assert (result.exit_code, found["verdict"]) == (1, "fail")
    assert found["broken_findings"] == ["quartic-nan"]
    assert found["environments"]["torch"]["worst_ulp"]["fail"] == "nan"
    assert found["environments"]["mxnet"]["finished"] is False


def test_nothing_ran_is_no_success(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "in", {"references": [loss()]})
    assert invoke(folder, "-o", tmp_path / "p.html").exit_code == 1


def test_a_wrong_path(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no *.jsonl in" in invoke(tmp_path / "empty").output
    assert invoke(tmp_path / "absent").exit_code == 2
    result = invoke(passing(tmp_path / "in"), "-o", tmp_path / "in" / "torch.jsonl" / "p.html")
    assert (result.exit_code, "cannot write" in result.output) == (1, True)
