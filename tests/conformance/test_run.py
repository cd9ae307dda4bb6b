"""The run on a small backend and dialect of a third party: what a crash, a hang, an interrupt and a torn file cost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from polyloss_conformance import results

TINY = Path(__file__).parent / "tiny"
CELLS = 24  # 12 cases in 2 modes
LOST = "kill,hang,raise"


def environment(flags=""):
    return {**os.environ, "TINY": flags, "COLUMNS": "200"}


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory):
    """The packages as they are now, beside the tiny distribution: an edit while the tests run is another revision."""
    site = tmp_path_factory.mktemp("site")
    skip = shutil.ignore_patterns("__pycache__")
    for package in ("polyloss", "polyloss_backends", "polyloss_conformance", "polyloss_reports"):
        shutil.copytree(find_spec(package).submodule_search_locations[0], site / package, ignore=skip)
    shutil.copytree(TINY, site, ignore=skip, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        yield site


def command(folder, *arguments):
    start = [sys.executable, "-c", "from polyloss.cli import main; main()", "conformance", "--no-page"]
    chosen = [] if "--backend" in arguments else ["--backend", "tiny"]
    return [*start, *chosen, "--dialect", "tiny", "-o", str(folder), "--jobs", "2", *map(str, arguments)]


def run(folder, *arguments, flags=""):
    done = subprocess.run(
        command(folder, *arguments), env=environment(flags), capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def cells(folder, name="tiny"):
    return results.read([folder]).environments[name].cells


def statuses(folder):
    return Counter(cell["status"] for cell in cells(folder).values())


def written(folder, name="tiny"):
    """How many cell records were ever written."""
    return (folder / f"{name}.jsonl").read_text().count('{"record":"cell"')


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a run in which nothing went wrong."""
    folder = tmp_path_factory.mktemp("finished")
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished run."""
    for file in finished.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_good_run(finished):
    assert statuses(finished) == {"pass": CELLS - 2, "unsupported": 2}
    env = results.read([finished]).environments["tiny"]
    assert (env.finished, env.notes, env.not_run()) == (True, [], [])
    assert cells(finished)["tiny/Square/half", "eager"]["message"] == "no half numbers here"
    checks = cells(finished)["tiny/Square/0", "eager"]["checks"]
    assert [check[:2] for check in checks] == [["formula", "value"], ["native", "value"]]


def test_every_way_to_fail_costs_its_own_cells_and_a_second_run_completes(tmp_path):
    done = run(tmp_path, "--timeout", "2", flags=LOST + ",wrong,absent")
    assert done.returncode == 1
    found = cells(tmp_path)
    assert len(found) == CELLS
    for case, status, words in (
        ("Kill/3", "crash", "killed by SIGKILL"),
        ("Hang/4", "timeout", "did not answer within 2 s"),
        ("Wrong/5", "fail", "limit 8 ULP"),
        ("Raise/6", "error", "RuntimeError: the framework says no"),
        ("Absent/7", "missing", "tiny has no Absent"),
    ):
        cell = found[f"tiny/{case}", "eager"]
        assert cell["status"] == status
        assert words in cell["message"]
    assert statuses(tmp_path)["pass"] == 2 * 6
    notes = results.read([tmp_path]).environments["tiny"].notes
    assert sum("SIGKILL" in note for note in notes) == 2
    assert "tiny/Kill/3 in mode eager" in " ".join(notes)

    done = run(tmp_path)  # what crashed, hung or raised is done again; what failed on its merits stays
    assert done.returncode == 1
    assert written(tmp_path) == CELLS + 2 * 3
    assert statuses(tmp_path) == {"pass": CELLS - 2 - 4, "unsupported": 2, "fail": 2, "missing": 2}
    env = results.read([tmp_path]).environments["tiny"]
    assert set(notes) < set(env.notes)
    assert any("6 cells crashed, hung or raised" in note for note in env.notes)
    assert env.sessions == 2

    assert run(tmp_path, "--fresh").returncode == 0
    assert written(tmp_path) == CELLS


def test_a_file_cut_off_in_the_middle_is_continued(folder):
    file = folder / "tiny.jsonl"
    text = file.read_bytes()
    file.write_bytes(text[: int(len(text) * 0.6)])
    done = run(folder)
    assert done.returncode == 0
    assert "ended in the middle of a line" in done.stdout
    assert statuses(folder) == {"pass": CELLS - 2, "unsupported": 2}
    assert written(folder) in (CELLS, CELLS + 1)  # the torn one, if it was torn after its beginning
    assert results.read([folder]).damaged == {str(file): 1}


def test_an_interrupted_run_keeps_what_it_has_and_leaves_no_process(tmp_path):
    process = subprocess.Popen(
        command(tmp_path),
        env=environment("hang"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    file = tmp_path / "tiny.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (file.exists() and written(tmp_path) >= 2 * 4):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    (_, errors) = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"interrupted" in errors
    assert statuses(tmp_path)["pass"] == 2 * 4
    assert not results.read([tmp_path]).environments["tiny"].finished
    assert run(tmp_path).returncode == 0
    assert written(tmp_path) == CELLS


def test_other_versions_start_the_environment_anew(folder):
    done = run(folder, flags="upgraded")
    assert done.returncode == 0
    assert "Started anew: versions changed" in done.stdout
    assert written(folder) == CELLS


def test_an_environment_under_another_interpreter(folder):
    done = run(folder, "--backend", "tiny-again", "--python", f"tiny-again={sys.executable}")
    assert done.returncode == 0
    assert len(cells(folder, "tiny-again")) == CELLS
    assert results.read([folder]).environments["tiny-again"].run["backend"] == "tiny"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--backend", "ghost"], "pip install 'polyloss-suite[ghost]'"),
        (["--backend", "nonsense"], "no backend 'nonsense'"),
        (["--backend", "tiny-new", "--python", "tiny-new=/no/such/program"], "this is no program"),
        (["--python", "tiny"], "is not NAME=PATH"),
        (["--loss", "Cube"], "no case of loss 'Cube'"),
        (["--mode", "compiled"], "no environment has the mode 'compiled'; there are eager, other"),
    ],
)
def test_a_wrong_request_says_so_and_runs_nothing(tmp_path, arguments, words):
    done = run(tmp_path, *arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_framework_that_nobody_asked_for_may_be_absent(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(TINY))
    from polyloss_conformance import dialects, runner
    from polyloss_conformance.progress import Silence

    from polyloss import dispatch

    monkeypatch.setattr(dispatch, "backend_names", lambda: ("tiny", "ghost"))
    dialects.dialects.cache_clear()
    try:
        found = runner.Run(runner.Request(tmp_path, only_dialects=["tiny"], jobs=2), Silence()).execute()
    finally:
        dialects.dialects.cache_clear()
        sys.modules.pop("tiny", None)
    ghost = found.environments["ghost"]
    assert "a_framework_that_is_not_there" in ghost.run["unavailable"]
    assert (len(ghost.not_run()), ghost.cells) == (12, {})
    assert not found.failed()


def test_given_references(finished, tmp_path):
    given = finished / "references.jsonl"
    assert run(tmp_path / "a", "--references", given).returncode == 0
    assert (tmp_path / "a" / "references.jsonl").read_bytes() == given.read_bytes()

    lines = given.read_text().splitlines(keepends=True)
    for name, change, words in (
        ("other", lambda line: line.replace('"digest":"', '"digest":"0'), "is another one"),
        ("fewer", lambda line: "" if '"id":"tiny/Square/1"' in line else line, "it lacks 1 of 12 cases"),
        ("older", lambda line: line.replace('"revision":"', '"revision":"0'), "it was made by revision"),
    ):
        (tmp_path / name).write_text("".join(map(change, lines)))
        done = run(tmp_path / "b", "--references", tmp_path / name)
        assert done.returncode != 0
        assert words in done.stderr


def test_references_are_completed_for_a_wider_run(tmp_path):
    assert run(tmp_path, "--quick").returncode == 0
    assert len(results.read([tmp_path]).cases) == 4
    assert run(tmp_path).returncode == 0
    found = results.read([tmp_path])
    assert len(found.cases) == 12
    assert written(tmp_path) == CELLS  # references that were added do not make the earlier cells stale


def test_json_is_all_that_is_printed(folder):
    done = run(folder, "--json")
    assert json.loads(done.stdout)["verdict"] == "pass"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("flags", "code", "status", "words"),
    [
        ("native-off", 1, "fail", "no finding explains it: value is"),
        ("native-off,explained", 0, "deviation", "as recorded in one-too-many"),
        ("native-kill", 1, "fail", "tiny was killed by SIGKILL"),
        ("no-native", 0, "pass", ""),
        ("fixed", 1, "pass", ""),  # a finding that no longer holds
    ],
)
def test_native_results_are_held_against_the_formula(tmp_path, flags, code, status, words):
    done = run(tmp_path, "--mode", "eager", flags=flags)
    assert done.returncode == code, done.stdout
    found = results.read([tmp_path])
    affected = "tiny/Square/1" if flags == "native-kill" else "tiny/Square/2"
    cell = found.environments["tiny"].cells[affected, "eager"]
    assert cell["status"] == status
    assert words in cell.get("message", "")
    others = [c["status"] for (case, _), c in found.environments["tiny"].cells.items() if case != affected]
    assert set(others) == {"pass", "unsupported"}
    native = found.made["native"]["tiny"]
    assert ("unavailable" in native) == (flags == "no-native")
    if flags == "no-native":
        assert "no library here" in native["unavailable"]
        assert [check[0] for check in cell["checks"]] == ["formula"]
    else:
        assert found.findings["one-too-many"]["holds"] == (flags != "fixed")


def test_the_command_line_without_click():
    code = "import sys; sys.modules['click'] = None; from polyloss.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'polyloss-suite[conformance]'" in done.stderr
