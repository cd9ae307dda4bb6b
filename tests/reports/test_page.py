"""The page as text: what stands in it without a browser and without its script."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from polyloss_conformance import results as schema
from polyloss_reports import data, page, view

from . import synthetic
from .synthetic import HOSTILE, case, cell, end, loss, run


class Parsed(HTMLParser):
    """Elements and visible text, as a parser that is not ours sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.blocks.append(data)
        elif self._inside != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text, validate=True)))


def parsed(folder: Path, records: dict[str, list[schema.Record]]) -> Parsed:
    return Parsed(page.render(synthetic.read(folder, records), "now"))


@pytest.fixture
def everything(tmp_path: Path) -> Parsed:
    return parsed(tmp_path, synthetic.everything())


def test_header(everything: Parsed) -> None:
    for words in (
        "Not conformant",
        "torch 2.4.1, numpy 1.26.4",
        "Linux-6.1-x86_64",
        "0123abcd",
        "2025-01-02T03:04:05Z",
        "mxnet ended early",
        "worker killed by signal 9",
        "In cellseager 0.0 s",
        "Planned and not run: mxnet, 4 cells",
        "1 loss has no value from a native library, and is compared with its formula alone: zoo/Quartic.",
        "1 loss has no case: zoo/Broken.",
        "The native library refused 1 case of 12.",
        "A part of the 12 cases was planned, and the rest counts nowhere, in mxnet eager (2), mxnet hybrid (2), numpy eager (1),",
        "The finding quartic-nan no longer holds.",
        "Page written now.",
    ):
        assert words in everything.text


def test_every_status_is_in_the_matrix(everything: Parsed) -> None:
    classes = {attributes.get("class") for tag, attributes in everything.elements if tag == "span"}
    assert {f"line {status.replace(' ', '-')}" for status in schema.STATUSES} <= classes


def test_an_environment_that_did_not_run_shows_no_zero(everything: Parsed) -> None:
    row = everything.text.split("ended early")[1].split("numpy")[0].split()
    assert row == ["–", "–", "–", "4", "–", "–", "–", "–", "–", "–", "none", "none"]


def test_dialects_with_their_failing_losses(everything: Parsed) -> None:
    (rows,) = re.findall(r"Losses with cells that fail (.*?) mxnet Backend", everything.text)
    assert rows.startswith("gluon 1 ")
    assert "L2Loss 5 zoo 2 " in rows
    assert rows.endswith("none")


def test_a_clean_run_says_so(tmp_path: Path) -> None:
    torch = [run("torch", {"eager": ["a"]}), cell("torch", "a"), end("torch")]
    found = parsed(tmp_path, {"references": [loss(), case("a")], "torch": torch})
    assert "✓ Conformant" in found.text
    assert "None: every planned cell has a record" in found.text
    assert "ended early" not in found.text
    assert "Written differently from the documentation; no finding is recorded." in found.text


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path, synthetic.everything())
    (folder / "torch.jsonl").write_text((folder / "torch.jsonl").read_text() + "{broken")
    assert "torch.jsonl: 1 line could not be read" in Parsed(page.render(schema.read([folder]))).text


def test_formulas_and_findings(everything: Parsed) -> None:
    tags = [tag for tag, _ in everything.elements]
    assert tags.count("math") == 4, "two of L2Loss, two of Quartic"
    assert r"\frac{1}{2" in everything.text
    assert r"\nosuch{x}" in everything.text
    assert "Differs from the documentation: l2-mean" in everything.text
    assert "explains 1 cell (torch 1)" in everything.text
    assert "no longer holds" in everything.text
    assert {a["href"] for _, a in everything.elements if "rel" in a} == {"https://example.org/loss.py#L10"}
    targets = {attributes["id"] for _, attributes in everything.elements if "id" in attributes}
    links = {a["href"] for tag, a in everything.elements if tag == "a" and a["href"].startswith("#")}
    assert {link[1:] for link in links} <= targets


def test_results_without_references(tmp_path: Path) -> None:
    found = parsed(
        tmp_path, {"torch": [run("torch", {"eager": ["a", "b"]}), cell("torch", "a", finding="unknown"), end("torch")]}
    )
    assert "cases that no file describes" in found.text
    assert "is the references file missing?" in found.text


@pytest.mark.parametrize("records", [{"references": [loss()]}, {"torch": [run("torch", {})]}])
def test_nothing_ran(tmp_path: Path, records: dict[str, list[schema.Record]]) -> None:
    found = parsed(tmp_path, records)
    assert "Nothing ran" in found.text
    assert "Conformant" not in found.text


def test_it_loads_nothing(everything: Parsed) -> None:
    for tag, attributes in everything.elements:
        assert tag not in ("link", "iframe", "img", "object", "embed")
        assert "src" not in attributes
        assert tag == "a" or "href" not in attributes
    assert "url(" not in page._file("style.css")
    assert "@import" not in page._file("style.css")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    found = parsed(tmp_path, synthetic.hostile())
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in found.elements)
    assert [tag for tag, _ in found.elements].count("script") == 4, "ours, what it shares, and two losses"
    assert all(a.get("href", "#").startswith(("#", "https://example.org/")) for tag, a in found.elements if tag == "a")
    assert re.sub(r"\s+", " ", HOSTILE) in found.text
    block = unpacked(found.blocks[0])
    assert block["cases"][0][0] == HOSTILE
    assert block["cells"]["place"][0] == [HOSTILE, HOSTILE, [0]]
    assert (block["cells"]["expected"][0], block["cells"]["actual"][0]) == (HOSTILE, HOSTILE)


def test_scripts_that_hold_data_hold_no_markup() -> None:
    text = str(data.embed({"<": "</script><!--&\u2028\u2029"}))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"<": "</script><!--&\u2028\u2029"}


def test_script_never_writes_markup() -> None:
    script = "".join(map(page._file, page._SCRIPTS))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(|DOMParser", script
    )


def test_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    records = {"references": [loss()]}
    folder = synthetic.write(tmp_path / "in", records)
    text = (folder / "references.jsonl").read_text().replace("Half the", r"\ud800")
    (folder / "references.jsonl").write_text(text)
    page.write(schema.read([folder]), tmp_path / "page.html")
    assert "? squared difference" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_repeats_is_stored_once() -> None:
    block = data.Block([("torch", "eager"), ("torch", "compiled")])
    for i in range(20):
        name = f"case {i}"
        for mode in ("eager", "compiled"):
            block.add("torch", mode, name, case(name), cell("torch", name, mode, message="same"))
    content = block.content()
    assert {len(column) for column in content["cells"].values()} == {40}
    assert [len(content[key]) for key in ("cases", "arrays", "signatures", "texts")] == [20, 4, 1, 2]


def test_packed_data_is_the_same_bytes_each_time_and_small() -> None:
    block = data.Block([("torch", "eager"), ("torch", "compiled")])
    for i in range(2000):
        for mode in ("eager", "compiled"):
            block.add("torch", mode, f"case {i}", case(f"case {i}"), cell("torch", f"case {i}", mode))
    packed = data.pack(block.content())
    assert packed == data.pack(block.content())
    assert unpacked(packed) == json.loads(json.dumps(block.content()))
    assert len(packed) < 10 * 4000


def test_an_error_never_changes_its_side_of_the_limit() -> None:
    for error, limit in ((8.000001, 8.0), (7.999999, 8.0), (8.0, 8.0), (0.123456, 8.0), ("nan", 8.0), (5e-324, 0.0)):
        short = schema.decode(data._error(error, limit))
        assert (short <= limit) == (schema.decode(error) <= limit)
    assert data._error(0.123456789, 8.0) == 0.1235


def test_long_arrays_are_cut_and_say_so() -> None:
    block = data.Block([("torch", "eager")])
    record = case("a", inputs={"pred": synthetic.array([0.5] * 1000)})
    block.add("torch", "eager", "a", record, None)
    dtype, shape, values, total = max(block.content()["arrays"], key=lambda array: array[3])
    assert (dtype, shape, len(values), total) == ("float32", [1000], data.LARGEST_ARRAY, 1000)


ALONE = [["formula", "value", 0.5, 4.0]]
VECTOR = {"oracle": "scikit-learn 1.9", "call": "Quartic() of x 2", "expected": "16", "formula": "16", "holds": True}


def of_the_literature(**changes: Any) -> list[schema.Record]:
    notes = {"Use": "For `x` to the ``4``.", "Elsewhere": "Halved.", "Example": ">>> quartic(2)\n16"}
    described = loss("zoo/Quartic", native=False, notes=notes, vectors=[VECTOR | changes])
    return [
        described,
        case("zoo/Quartic/1", loss="zoo/Quartic", references={"formula": {"value": synthetic.array([16.0])}}),
    ]


def test_a_loss_without_a_native_library(tmp_path: Path) -> None:
    records = {
        "r": of_the_literature(),
        "torch": [
            run("torch", {"eager": ["zoo/Quartic/1"]}),
            cell("torch", "zoo/Quartic/1", checks=ALONE),
            end("torch"),
        ],
    }
    text = parsed(tmp_path, records).text
    for words in ("For x to the 4.", "Halved.", ">>> quartic(2) 16", "scikit-learn 1.9", "agrees", "Computed"):
        assert words in text
    assert "no value from a native library" not in text
    assert "compared with a native library" not in text


def test_numbers_of_others_that_do_not_hold(tmp_path: Path) -> None:
    records = {"r": of_the_literature(formula="17", holds=False)}
    records["torch"] = [
        run("torch", {"eager": ["zoo/Quartic/1"]}),
        cell("torch", "zoo/Quartic/1", checks=ALONE),
        end("torch"),
    ]
    read = synthetic.read(tmp_path, records)
    assert read.failed()
    text = Parsed(page.render(read, "now")).text
    assert "Not conformant" in text
    assert "contradicts the numbers of others" in text
    assert "The formula of zoo/Quartic does not give the numbers that others computed." in text


def test_the_example_of_a_loss_has_no_empty_input_if_another_case_has_none(tmp_path):
    hollow = case("hollow", inputs={"pred": synthetic.array([0.5] * 8), "label": synthetic.array([])})
    records = {
        "torch": [
            loss(),
            hollow,
            case("whole"),
            run("torch", {"eager": ["hollow"]}),
            cell("torch", "hollow"),
            end("torch"),
        ]
    }
    (found,) = view.build(synthetic.read(tmp_path, records)).losses
    assert found.example is not None
    assert found.example.case == "whole"
