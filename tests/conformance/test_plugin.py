"""The same cells under pytest."""

import os
import subprocess
import sys
from pathlib import Path

TINY = Path(__file__).parent / "tiny"


def pytest_run(folder, *arguments, flags=""):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "polyloss_conformance", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TINY), "TINY": flags, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_bad_case_fails_and_the_others_pass(tmp_path):
    done = pytest_run(tmp_path, "--backend", "tiny", "--dialect", "tiny", "-n", "2", flags="wrong,raise")
    assert done.returncode == 1
    assert "4 failed, 18 passed, 2 skipped" in done.stdout
    assert "FAILED" in done.stdout
    assert "value is 8.39e+03 ULP off against formula" in done.stdout
    assert "RuntimeError: the framework says no" in done.stdout


def test_good_cases_pass(tmp_path):
    done = pytest_run(tmp_path, "--backend", "tiny", "--dialect", "tiny", "--quick", "--mode", "eager")
    assert done.returncode == 0, done.stdout
    assert "3 passed, 1 skipped" in done.stdout


def test_a_framework_that_is_not_there(tmp_path):
    done = pytest_run(tmp_path, "--backend", "ghost", "--dialect", "tiny")
    assert done.returncode != 0
    assert "pip install 'polyloss-suite[ghost]'" in done.stdout + done.stderr


def test_other_projects_are_left_alone(tmp_path):
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--backend')\n")
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it(pytestconfig):\n    assert pytestconfig.getoption('backend') == 'theirs'\n"
        "    assert not {'numpy', 'jsonschema', 'polyloss'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--backend", "theirs", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
