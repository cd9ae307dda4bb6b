"""The cells of a loss, packed for the page's script.

What repeats is stored once: arrays of numbers, the shape of a list of checks, texts. Cells are columns, in the order of their cases, so
that neighbours are alike; as gzip in base64 a cell takes some 12 bytes. Each loss has a block of its own, which the script unpacks when the
reader opens that loss. `cells.js` reads what is written here.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from polyloss_conformance.results import Record, decode

from polyloss_reports.numbers import shorten
from polyloss_reports.summary import SEVERITY

LARGEST_ARRAY = 256
"""Values of an array that the page holds; it says how many there are."""

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def embed(value: Any) -> Markup:
    """JSON that may stand inside a script element: ASCII only, and nothing that HTML could read as markup."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return Markup(text.translate(_HTML))


def pack(value: Any) -> Markup:
    """JSON as base64 of gzip: the same bytes for the same value."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return Markup(base64.b64encode(gzip.compress(text.encode("ascii"), 9, mtime=0)).decode("ascii"))


class _Table:
    """Distinct values, numbered in the order in which they come."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        key = value if isinstance(value, str) else json.dumps(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append(value)
        return self._numbers[key]


COLUMNS = (
    "column",
    "case",
    "status",
    "seconds",
    "signature",
    "errors",
    "place",
    "expected",
    "actual",
    "finding",
    "message",
)
"""What a cell is made of. ``signature``, ``finding`` and ``message`` are numbers in the block's tables; ``place``, ``expected`` and
``actual`` say which element is off the most, 0 where none is. A cell that did not run has the first three, and zeros."""


class Block:
    """The cells of one loss, and the cases they are about."""

    def __init__(self, columns: list[tuple[str, str]]) -> None:
        self._columns = {column: i for i, column in enumerate(columns)}
        self._arrays = _Table()
        self._signatures = _Table()
        self._texts = _Table()
        self._texts.number("")
        self._cases: dict[str, int] = {}
        self._case_rows: list[Any] = []
        self._cells: list[tuple[Any, ...]] = []

    def add(self, environment: str, mode: str, case: str, record: Record | None, cell: Record | None) -> None:
        """Take a cell, or with `cell` None a planned one that did not run. `record` is that of its case, if there is one."""
        if case not in self._cases:
            self._cases[case] = len(self._case_rows)
            self._case_rows.append(self._case(case, record))
        place = (self._columns[environment, mode], self._cases[case])
        if cell is None:
            nothing: tuple[Any, ...] = (SEVERITY.index("not run"), 0, self._signatures.number([]), [], 0, 0, 0, 0, 0)
            self._cells.append((*place, *nothing))
            return
        checks = cell.get("checks", [])
        worst = cell.get("worst")
        dtype = record["dtype"] if record else ""
        self._cells.append(
            (
                *place,
                SEVERITY.index(cell["status"]),
                round(cell["seconds"], 4 if cell["seconds"] < 0.1 else 2),
                self._signatures.number(
                    [[against, what, shorten(limit, "float16")] for against, what, _, limit in checks]
                ),
                [_error(error, limit) for _, _, error, limit in checks],
                [worst[key] for key in ("against", "what", "index")] if worst else 0,
                shorten(worst["expected"], dtype) if worst else 0,
                shorten(worst["actual"], dtype) if worst else 0,
                self._texts.number(cell.get("finding", "")),
                self._texts.number(cell.get("message", "")),
            )
        )

    def content(self) -> Record:
        """What the script gets; it puts the most severe cells first."""
        cells = sorted(self._cells, key=lambda row: (row[1], row[0]))
        return {
            "arrays": self._arrays.rows,
            "signatures": self._signatures.rows,
            "texts": self._texts.rows,
            "cases": self._case_rows,
            "cells": {name: [row[i] for row in cells] for i, name in enumerate(COLUMNS)},
        }

    def _case(self, name: str, record: Record | None) -> list[Any]:
        if record is None:
            return [name, "", {}, [], []]
        references = [
            [
                reference,
                self._array(found["value"]) if "value" in found else -1,
                self._named(found.get("gradients", {}).items()),
                found.get("refused", ""),
            ]
            for reference, found in record["references"].items()
        ]
        return [name, record["dtype"], record["config"], self._named(record["inputs"].items()), references]

    def _named(self, arrays: Iterable[tuple[str, Record]]) -> list[list[Any]]:
        return [[name, self._array(array)] for name, array in arrays]

    def _array(self, array: Record) -> int:
        values = [shorten(value, array["dtype"]) for value in array["values"][:LARGEST_ARRAY]]
        return self._arrays.number([array["dtype"], array["shape"], values, len(array["values"])])


@lru_cache(maxsize=1 << 16)  # most errors of a run are few numbers: halves, quarters and nothing
def _error(error: Any, limit: Any) -> Any:
    """An error with the digits that the page prints, and with more where fewer could put it on the other side of its limit."""
    if not isinstance(error, float):
        return error
    short = shorten(float(f"{error:.4g}"), "float16")
    return short if (short <= decode(limit)) == (error <= decode(limit)) else shorten(error, "float64")
