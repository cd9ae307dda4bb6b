"""Every cell as a test: ``pytest --pyargs polyloss_conformance --backend torch -n 2``.

A deviation passes, as it does in the run; what a backend declares unsupported is skipped. References are computed once a session, by
whichever process is first.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from polyloss import dispatch
from polyloss_conformance import dialects, execute
from polyloss_conformance.cases import Case
from polyloss_conformance.execute import Executor
from polyloss_conformance.progress import Silence
from polyloss_conformance.references_file import NAME, case_records
from polyloss_conformance.results import Record
from polyloss_conformance.runner import Request, Run, UsageError
from polyloss_conformance.selection import planned

execute.settle()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each backend, mode and case."""
    config = metafunc.config
    modes = _chosen(config, "mode")
    cells = [
        pytest.param(backend, mode, case.id, id=f"{backend}-{mode}-{case.id}")
        for backend, known in _backends(_chosen(config, "backend")).items()
        for mode in known
        if not modes or mode in modes
        for case in planned(
            _cases(config),
            mode,
            mode in execute.sampled(dispatch.backend(backend)),
            _quick(config),
            _every_graph(config),
            mode in dispatch.backend(backend).by_operation,
        )
    ]
    metafunc.parametrize(("backend", "mode", "case"), cells)


def _chosen(config: pytest.Config, option: str) -> Sequence[str]:
    return config.getoption(option, None) or ()


def _quick(config: pytest.Config) -> bool:
    return bool(config.getoption("quick", False))


def _every_graph(config: pytest.Config) -> bool:
    return bool(config.getoption("every_graph", False))


def _cases(config: pytest.Config) -> dict[str, Case]:
    try:
        return dialects.select(_chosen(config, "dialect"), _chosen(config, "loss"), _quick(config))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _backends(asked: Sequence[str]) -> dict[str, list[str]]:
    """Backends with their modes: those asked for, else those whose framework is installed."""
    found = {}
    for name in asked or dispatch.backend_names():
        try:
            found[name] = execute.modes(dispatch.backend(name))
        except ImportError as error:
            if asked:
                raise pytest.UsageError(f"{name}: {error}; pip install 'polyloss-suite[{name}]'") from None
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
    return found


@cache
def _executor(backend: str) -> Executor:
    return Executor(dispatch.backend(backend))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone among processes that lock `path`; where the system has no such locks, each has a folder of its own."""
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def references(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The record of each selected case."""
    folder = tmp_path_factory.getbasetemp()
    guard: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if "PYTEST_XDIST_WORKER" in os.environ and os.name == "posix":
        folder = folder.parent
        guard = _locked(folder / "references.lock")
    given: Any = pytestconfig.getoption("references", None)
    request = Request(
        folder,
        only_dialects=_chosen(pytestconfig, "dialect"),
        losses=_chosen(pytestconfig, "loss"),
        quick=_quick(pytestconfig),
        references=Path(given) if given else None,
    )
    with guard:
        try:
            Run(request, Silence()).references()
        except UsageError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        return case_records(folder / NAME, set(_cases(pytestconfig)))


def test_cell(backend: str, mode: str, case: str, references: dict[str, Record]) -> None:
    """The cell passes, or deviates as recorded."""
    cell = _executor(backend).cell(dialects.cases_named([case])[case], mode, references[case])
    if cell["status"] == "unsupported":
        pytest.skip(cell["message"])
    if cell["status"] not in ("pass", "deviation"):
        pytest.fail(f"{cell['status']}: {cell['message']}", pytrace=False)
