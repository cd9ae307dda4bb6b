"""A browser, where one is installed, and pages for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polyloss_reports import benchmark, page

from . import synthetic

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of a synthetic run, by the run's name, written once."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "benchmark.json").write_text(json.dumps(synthetic.benchmark()))
    measured = benchmark.read(folder / "benchmark.json")
    runs = {
        "everything": synthetic.everything,
        "hostile": synthetic.hostile,
        "large": lambda: dict(synthetic.large(10_000)),
    }

    def written(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            found = synthetic.read(folder / name, runs[name]())
            page.write(found, path, "2025-01-02T03:04:05Z", measured if name == "everything" else None)
        return path

    return written
