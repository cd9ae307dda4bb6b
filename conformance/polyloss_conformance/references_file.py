"""``references.jsonl``: what the references say of each case, made once and read by every worker."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from polyloss_conformance import arrays, results
from polyloss_conformance.cases import Case
from polyloss_conformance.results import Record
from polyloss_conformance.revision import revision

NAME = results.REFERENCES + ".jsonl"


def own_revision() -> str:
    """The revision of what references depend on."""
    return revision(("polyloss_conformance",))


def case_records(path: Path | str, ids: Collection[str]) -> dict[str, Record]:
    """The records of these cases."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith('{"record":"case"'):
                record = json.loads(line)
                if record["id"] in ids:
                    found[record["id"]] = record
    return found


def mismatch(known: results.Results, cases: Mapping[str, Case]) -> str | None:
    """Why these references are not those of `cases` as they are now, or None. Cases without a record do not count."""
    if known.made is None:
        return "it does not say how it was made"
    if known.made["revision"] != own_revision():
        return f"it was made by revision {known.made['revision']}, this is {own_revision()}"
    for name, case in cases.items():
        if name in known.cases and known.cases[name].get("digest") != arrays.digest(case):
            return f"its case {name} is another one"
    return None


def missing(known: results.Results, cases: Mapping[str, Case]) -> list[str]:
    """The cases that have no record."""
    return [name for name in cases if name not in known.cases]
