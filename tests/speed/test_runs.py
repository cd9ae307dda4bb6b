"""A run of the benchmark: what dies costs one loss, what was stopped is continued. On a made-up framework, which takes no time."""

import json
import sys
from pathlib import Path

import pytest
from polyloss_conformance.progress import Silence

from benchmarks import __main__
from benchmarks.plan import Cell
from benchmarks.record import Record, RecordError
from benchmarks.run import run

ROOT = Path(__file__).parents[2]
LOSSES = ("MSELoss", "L1Loss", "HuberLoss")
CELLS = [Cell("eager", "tiny", loss) for loss in LOSSES]
MACHINE = {"cpu": "abacus", "cores": 1, "versions": {"fake": "1"}, "revision": "a", "commit": "c"}

PROGRAM = """
import os, signal, sys, time
import polyloss.torch.nn
from benchmarks import child, frameworks, spec

memory = False
child.exact = lambda: globals().update(memory=True)

def dies(): os.kill(os.getpid(), signal.SIGKILL)
def hangs(): time.sleep(60)
def dies_of_memory(): memory and dies()
def fails(): raise ArithmeticError("seven")

SIZES = {"tiny": (4, 3), "medium": (500, 200)}

class Fake(frameworks.Framework):
    name = "fake"
    specs = tuple(spec.Spec(loss, "normal normal", None, only=SIZES) for loss in ("MSELoss", "L1Loss", "HuberLoss"))
    module = polyloss.torch.nn
    probe = ("MSELoss", "squared_error")

    def tensor(self, array):
        return array

    def native(self, spec):
        return getattr(self.module, spec.loss)()

    def by_keras(self, spec):
        return None

    def calls(self, loss, inputs, wrt, mode):
        print("a framework may print what it likes")
        if type(loss).__name__ == sys.argv[1]:
            globals()[sys.argv[2]]()
        return {"forward": lambda: loss(*inputs), "both": lambda: loss(*inputs)}

child.SECONDS = dict.fromkeys(SIZES, 0.001)
child.serve({"fake": Fake})
"""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)  # where `benchmarks` is found


def measured(path, *, about=MACHINE, quick=True, fate=("", ""), limit=30.0, program=PROGRAM, cells=CELLS, **options):
    record = Record(path, dict(about), quick, {("fake", "eager", "tiny"): 3}, **options)
    before = len(record.found["rows"])
    run(record, {"fake": cells}, Silence(), [sys.executable, "-c", program, *fate], limit)
    assert json.loads(path.read_text()) == record.found
    return record.found, before


def losses(found):
    return [row["loss"] for row in found["rows"]]


def test_every_loss_has_its_rows(tmp_path):
    (found, _) = measured(tmp_path / "new" / "b.json", quick=False)
    assert losses(found) == [loss for loss in LOSSES for _ in range(2)]
    assert {row["pass"] for row in found["rows"]} == {"forward", "both"}
    assert all(set(row["seconds"]) == {"native", "polyloss"} for row in found["rows"])
    assert found["dispatch"]["fake"] > 0
    assert found["lost"] == []
    assert [(line["pass"], line["losses"], line["planned"]) for line in found["table"]] == [
        ("forward", 3, 3),
        ("both", 3, 3),
    ]


@pytest.mark.parametrize(
    ("fate", "limit", "reason"),
    [
        ("dies", 30.0, "was killed by SIGKILL"),
        ("hangs", 2.0, "did not answer within 2 s"),
        ("fails", 30.0, "ArithmeticError: seven"),
    ],
)
def test_what_fails_costs_its_loss_alone_and_is_tried_again(tmp_path, fate, limit, reason):
    (found, _) = measured(tmp_path / "b.json", fate=("L1Loss", fate), limit=limit)
    assert losses(found) == ["MSELoss", "HuberLoss"]
    (lost,) = found["lost"]
    assert lost.pop("reason").startswith(reason)
    assert lost == {"framework": "fake", "mode": "eager", "size": "tiny", "loss": "L1Loss"}
    (found, before) = measured(tmp_path / "b.json")
    assert (before, losses(found), found["lost"]) == (2, ["MSELoss", "HuberLoss", "L1Loss"], [])


def test_a_framework_that_does_not_start_is_lost_and_said(tmp_path):
    (found, _) = measured(tmp_path / "b.json", program="raise SystemExit('no such framework')")
    (lost,) = found["lost"]
    assert lost["framework"] == "fake"
    assert "no such framework" in lost["reason"]
    (found, _) = measured(tmp_path / "b.json")
    assert (len(found["rows"]), found["lost"]) == (3, [])


def test_memory_is_measured_after_time_and_what_dies_of_it_keeps_its_time(tmp_path):
    cells = [Cell("eager", "medium", loss) for loss in LOSSES]
    (found, _) = measured(tmp_path / "b.json", quick=False, cells=cells, fate=("L1Loss", "dies_of_memory"))
    both = {row["loss"]: row for row in found["rows"] if row["pass"] == "both"}
    assert set(both) == set(LOSSES)
    assert {loss for loss, row in both.items() if "megabytes" in row} == {"MSELoss", "HuberLoss"}
    (lost,) = found["lost"]
    assert (lost["loss"], lost["reason"].split(";")[0]) == ("L1Loss", "was killed by SIGKILL")
    (found, before) = measured(tmp_path / "b.json", quick=False, cells=cells)
    assert (before, len(found["rows"]), found["lost"]) == (6, 6, [])
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell the peak of a process's memory")
    assert all(set(row["megabytes"]) == {"native", "polyloss"} for row in found["rows"] if row["pass"] == "both")


def test_what_is_there_is_not_measured_again(tmp_path):
    (first, _) = measured(tmp_path / "b.json")
    (again, before) = measured(tmp_path / "b.json", about=MACHINE | {"commit": "the same code"})
    assert (before, again["rows"], again["dispatch"]) == (3, first["rows"], first["dispatch"])
    assert (len(first["sessions"]), len(again["sessions"])) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"about": MACHINE | {"cpu": "slide rule"}}, "cpu"),
        ({"about": MACHINE | {"versions": {"fake": "2"}}}, "versions"),
        ({"about": MACHINE | {"revision": "b"}}, "revision"),
        ({"quick": False}, "choice of --quick"),
    ],
)
def test_figures_that_do_not_compare_are_not_kept(tmp_path, changes, named):
    measured(tmp_path / "b.json")
    given = {"about": MACHINE, "quick": True} | changes
    record = Record(tmp_path / "b.json", planned={}, **given)
    assert record.found["rows"] == []
    assert f"another {named}: everything is measured anew" in record.notes[0]


def test_a_fresh_start_keeps_nothing(tmp_path):
    measured(tmp_path / "b.json")
    assert Record(tmp_path / "b.json", dict(MACHINE), True, {}, fresh=True).found["rows"] == []


@pytest.mark.parametrize("text", ["", "[]", '{"rows": []}', "a diary"])
def test_another_file_is_not_overwritten(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(RecordError, match=r"b\.json .*not overwritten"):
        Record(tmp_path / "b.json", dict(MACHINE), True, {}, fresh=True)
    assert (tmp_path / "b.json").read_text() == text


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write"):
        Record(tmp_path / "file" / "b.json", dict(MACHINE), True, {})


def test_what_is_compared_with_is_missed_before_anything_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "find_spec", lambda name: None if name == "optax" else object())
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--framework", "jax"])
    with pytest.raises(SystemExit, match="2"):
        __main__.main()
    assert "optax" in capsys.readouterr().err
