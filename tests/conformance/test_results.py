"""Reading results: what is damaged costs no more than itself, and is never a pass."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from polyloss_conformance import results
from polyloss_conformance.revision import commit

RUN = {
    "record": "run",
    "schema": results.VERSION,
    "environment": "torch",
    "backend": "torch",
    "versions": {},
    "python": "3.11",
    "platform": "x",
    "revision": "1",
    "seed": 0,
    "started": "2026-01-01T00:00:00+00:00",
    "planned": {"eager": ["a", "b"]},
}


def cell(case, status="pass"):
    return {"record": "cell", "environment": "torch", "case": case, "mode": "eager", "status": status, "seconds": 0.1}


def read(tmp_path, *lines):
    file = tmp_path / "torch.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return results.read([file])


def test_whole(tmp_path):
    found = read(tmp_path, RUN, cell("a"), cell("b"))
    assert not found.failed()
    assert (found.damaged, found.lost) == ({}, [])


def test_torn_line_costs_one_cell(tmp_path):
    found = read(tmp_path, RUN, cell("a"), json.dumps(cell("b"))[:-20])
    assert found.environments["torch"].not_run() == [("b", "eager")]
    assert list(found.damaged.values()) == [1]
    assert found.failed()


def test_later_record_replaces_an_earlier_one(tmp_path):
    found = read(tmp_path, RUN, cell("a", "crash"), cell("b"), RUN, cell("a"))
    assert not found.failed()


def test_no_run_record_is_no_pass(tmp_path):
    found = read(tmp_path, "{" + json.dumps(RUN), cell("a"), cell("b"))
    assert found.environments == {}
    assert found.lost == [str(tmp_path / "torch.jsonl")]
    assert found.failed()


def test_nothing_is_no_pass(tmp_path):
    assert results.Results().failed()
    with pytest.raises(FileNotFoundError):
        results.read([tmp_path])


def test_line_separators_in_text_do_not_split_a_record(tmp_path):
    found = read(tmp_path, RUN, cell("a"), results.dump({**cell("b"), "message": "one\u2028two"}))
    assert found.environments["torch"].cells["b", "eager"]["message"] == "one\u2028two"


def test_commit_is_that_of_the_checkout():
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    found = commit()
    known = subprocess.run([git, "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    if known.returncode:
        pytest.skip("the tests do not run from a checkout")
    assert found
    assert known.stdout.startswith(found.removesuffix("-dirty"))
