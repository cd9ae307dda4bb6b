"""The benchmark's file on the page: checked when it is read, shown with its machine and date, absent where none is given."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from polyloss_reports import benchmark, page
from polyloss_reports.command import report

from benchmarks import record

from . import synthetic
from .synthetic import HOSTILE, case, cell, end, loss, run
from .test_page import Parsed


def written(folder: Path, content: Any) -> Path:
    path = folder / "benchmark.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def parsed(folder: Path, content: Any) -> Parsed:
    results = synthetic.read(folder / "results", {"references": [loss()]})
    return Parsed(page.render(results, "now", benchmark.read(written(folder, content))))


def row(loss: str, native: float, polyloss: float, **changes: Any) -> dict[str, Any]:
    found = {"framework": "torch", "mode": "eager", "size": "tiny", "loss": loss, "pass": "both", "library": "torch"}
    return found | {"seconds": {"native": native, "polyloss": polyloss}} | changes


def test_what_the_benchmark_writes_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    kept = record.Record(path, record.machine(), False, {})
    kept.dispatch("torch", 3e-6)
    kept.measured([one for one in synthetic.measurements() if one["framework"] == "torch"])
    kept.lost("torch", None, "it ended")
    (torch,) = benchmark.read(path).frameworks
    assert (torch.name, torch.dispatch) == ("torch", pytest.approx(3.0))
    assert [group.name for group in torch.groups[:2]] == ["eager tiny", "eager medium"]
    assert len(torch.groups[0].ratios()) == torch.groups[0].line["losses"] > 10


def test_the_section_says_where_and_when(tmp_path: Path) -> None:
    text = parsed(tmp_path, synthetic.benchmark()).text
    for words in (
        "Abacus 9, 2 cores",
        "2025-02-03T04:05:06+00:00 (load 0.21 at the start, 1,234 s)",
        "torch 2.13.0, jax 0.7.1",
        "0.1.0+0123abcd",
        "89abcdef",
        "torch native: torch; from the call to the first operation 3.2 µs ✓ met ≤ 4 µs",
        "mxnet native: mxnet; from the call to the first operation 12.0 µs ✗ not met ≤ 4 µs",
    ):
        assert words in text
    assert "quick run" not in text
    assert "Not measured" not in text


def test_without_a_file_there_is_nothing_of_it(tmp_path: Path) -> None:
    text = page.render(synthetic.read(tmp_path, synthetic.everything()), "now")
    body = text.split("<body>")[1]
    assert "speed" not in body.lower()
    assert "benchmark" not in body.lower()


def test_targets_met_and_not_met(tmp_path: Path) -> None:
    rows = [row("Low", 1.0, 0.5), row("High", 1.0, 3.0, seconds={"native": 1.0, "keras": 2.0, "polyloss": 3.0})]
    rows.append(row("Big", 1.0, 0.1, size="large", megabytes={"native": 64.0, "polyloss": 96.0}))
    text = parsed(tmp_path, synthetic.benchmark(rows)).text
    together = text.replace(" ", "")  # cells of a table have nothing between them
    assert re.search("eagertiny2of2[0-9]1.22✗notmet≤1.003.00✗notmet≤1.15", together)
    assert "1lossHigh3.00" in together
    assert "Big 1.50 (96.0 to 64.0 MB)" in text
    assert "0.10 ✓ met ≤ 0.60" in text
    assert "2 of 7 targets are met." in text
    assert re.search(
        r"Not every loss was measured in torch eager tiny \(2 of 2\d\), torch eager large \(1 of 2\d\)\.", text
    )


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    lost = [
        {"framework": "torch", "mode": "eager", "size": "tiny", "loss": "L1Loss", "reason": "was killed by SIGKILL"}
    ]
    lost.append({"framework": "mxnet", "reason": "no such module"})
    rows = [row("Low", 1.0, 0.5, refused={"keras": "TypeError: no"})]
    text = parsed(tmp_path, synthetic.benchmark(rows, lost=lost, quick=True, dispatch={})).text
    assert "Not measured: torch eager tiny L1Loss: was killed by SIGKILL" in text
    assert "Not measured: mxnet: no such module" in text
    assert "keras could not do torch eager tiny Low: TypeError: no" in text
    assert "A quick run" in text


def test_a_file_without_rows_makes_a_page(tmp_path: Path) -> None:
    text = parsed(tmp_path, synthetic.benchmark([], dispatch={})).text
    assert "Nothing was measured." in text
    assert "0 of 0 targets are met." in text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    rows = [
        row(
            HOSTILE,
            1.0,
            3.0,
            framework=HOSTILE,
            mode=HOSTILE,
            size=HOSTILE,
            library=HOSTILE,
            refused={HOSTILE: HOSTILE},
        )
    ]
    lost = [{"framework": HOSTILE, "reason": HOSTILE}]
    found = synthetic.benchmark(rows, lost=lost, dispatch={HOSTILE: 1.0})
    found["machine"] |= dict.fromkeys(("cpu", "platform", "python", "revision", "commit"), HOSTILE)
    found["machine"]["versions"] = {HOSTILE: HOSTILE}
    made = parsed(tmp_path, found)
    assert "img" not in {tag for tag, _ in made.elements}
    assert made.text.count("<img src=x onerror=alert(1)>") > 10


def test_the_chart_is_in_the_colours_of_the_page_and_says_what_it_shows(tmp_path: Path) -> None:
    (torch, *_) = benchmark.read(written(tmp_path, synthetic.benchmark())).frameworks
    root = ElementTree.fromstring(torch.chart or "")
    group = torch.groups[0]
    assert f"eager tiny: geometric mean {group.line['polyloss']:.2f}, from " in root.attrib["aria-label"]
    styles = [path.get("style", "") for path in root.iter("path")]
    assert sum("var(--curve-loss)" in style for style in styles) == sum(len(one.ratios()) for one in torch.groups)
    assert sum("var(--curve-gradient)" in style for style in styles) == len(torch.groups)
    assert not re.search("#[0-9a-f]{6}", torch.chart or ""), "a colour that would not follow the scheme"
    assert {"1/2", "1", "2", "eager tiny", "inductor medium"} <= {text.text for text in root.iter("text")}


def test_a_mark_stands_where_its_ratio_is(tmp_path: Path) -> None:
    rows = [row("A", 1.0, 0.5), row("B", 1.0, 1.0), row("C", 1.0, 2.0)]
    (torch, *_) = benchmark.read(written(tmp_path, synthetic.benchmark(rows))).frameworks
    paths = ElementTree.fromstring(torch.chart or "").iter("path")
    places = [float((path.get("d") or "").split()[1]) for path in paths if "--curve-loss" in path.get("style", "")]
    (half, one, two) = sorted(places)
    assert one - half == pytest.approx(two - one, abs=0.2), "a logarithmic axis"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "is not of type 'object'"),
        ({"rows": []}, "is a required property"),
        (synthetic.benchmark([], schema=2), r"\$\.schema: 1 was expected"),
        (synthetic.benchmark([], sessions=[]), r"\$\.sessions: \[\] "),
        (
            synthetic.benchmark([]) | {"rows": [row("A", 1.0, "fast")]},
            r"\$\.rows\[0\]\.seconds\.polyloss: 'fast' is not of type",
        ),
        (
            synthetic.benchmark([]) | {"rows": [row("A", 0.0, 1.0)]},
            r"\$\.rows\[0\]\.seconds\.native: 0\.0 is less than or equal",
        ),
        ('{"rows": [NaN]}', "NaN is no number of JSON"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, content: Any, what: str) -> None:
    with pytest.raises(benchmark.BenchmarkError, match=rf"benchmark\.json is not a file of the benchmark: .*{what}"):
        benchmark.read(written(tmp_path, content))


def passing(folder: Path) -> Path:
    torch = [run("torch", {"eager": ["a"]}), cell("torch", "a"), end("torch")]
    return synthetic.write(folder, {"references": [loss(), case("a")], "torch": torch})


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


def test_the_command_takes_the_file(tmp_path: Path) -> None:
    (results, path) = (passing(tmp_path / "results"), written(tmp_path, synthetic.benchmark()))
    found = invoke(results, "--benchmarks", path, "-o", tmp_path / "p.html")
    assert found.exit_code == 0, found.output
    assert "Abacus 9" in (tmp_path / "p.html").read_text()
    assert invoke(results, "-o", tmp_path / "q.html").exit_code == 0
    assert "Abacus 9" not in (tmp_path / "q.html").read_text()


def test_the_command_refuses_another_file(tmp_path: Path) -> None:
    results = passing(tmp_path / "results")
    found = invoke(results, "--benchmarks", results / "torch.jsonl", "-o", tmp_path / "p.html")
    assert found.exit_code == 1
    assert f"{results / 'torch.jsonl'} is not a file of the benchmark" in found.output
    assert not (tmp_path / "p.html").exists()
    assert invoke(results, "--benchmarks", tmp_path / "absent.json").exit_code == 2


def test_a_folder_of_results_is_not_searched_for_it(tmp_path: Path) -> None:
    results = passing(tmp_path / "results")
    written(results, synthetic.benchmark())
    assert invoke(results, "-o", tmp_path / "p.html").exit_code == 0
    assert "Abacus 9" not in (tmp_path / "p.html").read_text()
