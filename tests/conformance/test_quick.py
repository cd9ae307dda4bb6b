"""The short run of the real suite, over every backend whose framework is installed, ends well and leaves a page."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from polyloss_conformance import results

from polyloss import dispatch


@pytest.mark.timeout(900)
def test_quick_run_is_conformant(tmp_path):
    names = os.environ.get("POLYLOSS_BACKENDS", ",".join(dispatch.backend_names())).split(",")
    here = [name for name in names if find_spec(name)]
    command = [str(Path(sys.executable).with_name("polyloss")), "conformance", "--quick", "--json", "-o", str(tmp_path)]
    run = subprocess.run(
        [*command, *(f"--backend={name}" for name in here)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    said = json.loads(run.stdout)
    found = results.read([tmp_path])
    assert sorted(said["environments"]) == sorted(found.environments) == sorted(here)
    assert not found.failed()
    for env in found.environments.values():
        assert env.finished
        assert {cell["status"] for cell in env.cells.values()} <= {"pass", "deviation", "unsupported"}
        assert any(cell["status"] == "pass" for cell in env.cells.values())
    assert (tmp_path / "index.html").stat().st_size > 100_000
