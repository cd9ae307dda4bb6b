"""The results schema: JSON lines, one file per environment, readable with no framework installed.

A file is a sequence of records, each a JSON object on a line of its own, appended as they come. A later record about the same thing
replaces an earlier one, so a run that was cut off is completed by appending. A line that is not a valid record is counted as damaged
and skipped: nothing else is lost.

``references.jsonl`` holds what does not depend on a backend (`references`, `loss`, `case`, `finding`), ``ENVIRONMENT.jsonl`` one
environment's `run`, `cell`, `note` and `end`. Numbers that JSON lacks are the strings ``nan``, ``inf`` and ``-inf``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema

from polyloss_conformance import shape

VERSION = 1
REFERENCES = "references"

STATUSES = ("pass", "deviation", "fail", "error", "crash", "timeout", "unsupported", "missing", "not run")
"""pass: every comparison within its limit. deviation: a recorded difference, exactly as recorded. fail: a comparison beyond its limit,
or a recorded deviation that no longer occurs. error: an exception where none was due. crash: the worker died. timeout: it did not
answer. unsupported: the backend declares that it cannot. missing: the dialect lacks the name. not run: planned, with no record."""

BAD = ("fail", "error", "crash", "timeout", "missing")
"""The statuses that make a run fail."""

Record: TypeAlias = dict[str, Any]

_text = {"type": "string"}
_number = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
_array = {
    "type": "object",
    "required": ["dtype", "shape", "values"],
    "properties": {
        "dtype": _text,
        "shape": {"type": "array", "items": {"type": "integer"}},
        "values": {"type": "array", "items": _number},
    },
}
_texts = {"type": "object", "additionalProperties": _text}
_arrays = {"type": "object", "additionalProperties": _array}

RECORDS: dict[str, Record] = {
    # One session of an environment: what ran, where, and what was planned (mode -> case ids).
    "run": {
        "required": [
            "schema",
            "environment",
            "backend",
            "versions",
            "python",
            "platform",
            "revision",
            "seed",
            "started",
            "planned",
        ],
        "properties": {
            "schema": {"const": VERSION},
            "environment": _text,
            "backend": _text,
            "versions": _texts,
            "python": _text,
            "platform": _text,
            "revision": _text,
            "commit": _text,
            "seed": {"type": "integer"},
            "started": _text,  # ISO 8601, UTC
            "planned": {"type": "object", "additionalProperties": {"type": "array", "items": _text}},
            "references": _text,  # the `stamp` of the references that judged it
            "unavailable": _text,  # why nothing could run here, where nobody asked for this environment by name
        },
    },
    # How the references came about. `stamp` differs whenever they were made anew; `native`: for each dialect the versions of its
    # native library, or why it was not asked.
    "references": {
        "required": ["schema", "revision", "stamp", "started", "versions", "native"],
        "properties": {
            "schema": {"const": VERSION},
            "revision": _text,
            "stamp": _text,
            "started": _text,
            "versions": _texts,
            "native": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {"versions": _texts, "python": _text, "unavailable": _text},
                },
            },
        },
    },
    # A loss of a dialect, with what its page section shows besides cells. `documented` and `computed` are LaTeX: what the upstream
    # documentation prints, and what upstream computes. `curve`: the loss over one prediction, the rest fixed, from the formula. `native`:
    # whether there is a native library to ask. `notes`: paragraphs of its documentation by heading. `vectors`: numbers that others
    # computed, and what the formula gives for them.
    "loss": {
        "required": ["loss", "dialect", "name", "summary", "documented", "computed", "source"],
        "properties": {
            "loss": _text,  # "gluon/L2Loss"
            "dialect": _text,
            "name": _text,
            "summary": _text,
            "documented": _text,
            "computed": _text,
            "source": _text,  # upstream name, version and document
            "native": {"type": "boolean"},
            "notes": _texts,
            "vectors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["oracle", "call", "expected", "formula", "holds"],
                    "properties": {
                        "oracle": _text,
                        "call": _text,
                        "expected": _text,
                        "formula": _text,
                        "holds": {"type": "boolean"},
                    },
                },
            },
            "curve": {
                "type": "object",
                "required": ["label", "x", "loss", "gradient"],
                "properties": {
                    "label": _text,
                    "x": {"type": "array", "items": _number},
                    "loss": {"type": "array", "items": _number},
                    "gradient": {"type": "array", "items": _number},
                },
            },
        },
    },
    # A difference that is known and explained. `numbers`: name of a quantity -> what each side gives, as text.
    "finding": {
        "required": ["id", "kind", "loss", "cause", "evidence", "numbers", "holds"],
        "properties": {
            "id": _text,
            "kind": {"enum": ["documentation", "native bug", "native limit", "source"]},
            "loss": _text,
            "cause": _text,
            "evidence": _text,  # upstream link or file and line
            "numbers": {
                "type": "array",
                "items": {"type": "object", "required": ["quantity"], "additionalProperties": _text},
            },
            "holds": {"type": "boolean"},  # re-measured in this run and still exactly as recorded
        },
    },
    # A case: data, and what its references say: `formula`, `native`, and the native library elsewhere, `native on jax`. Each is {"value",
    # "gradients"} or {"refused": reason}. A formula's value is `value + low` where float64 is too coarse for it, and at a kink its
    # gradient is any number from `gradients` to `upper`; NaN where it has none. A native result that differs from the formula has a
    # `finding`, and polyloss `follows` one of the two; or `disagrees` says how.
    "case": {
        "required": ["id", "loss", "config", "dtype", "inputs", "references"],
        "properties": {
            "id": _text,
            "loss": _text,
            "config": {"type": "object"},
            "dtype": _text,
            "call": {"type": "object"},
            "digest": _text,  # of everything that makes up the case
            "inputs": _arrays,
            "references": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "value": _array,
                        "gradients": _arrays,
                        "refused": _text,
                        "low": _array,
                        "upper": _arrays,
                        "finding": _text,
                        "follows": {"enum": ["formula", "native"]},
                        "disagrees": _text,
                    },
                },
            },
        },
    },
    # A case in a mode of an environment. `checks`: [against, what, ulp, limit]; a cell passes if no ulp is above its limit.
    # `worst`: the element with the largest ulp of all checks, or the first that differs where an exact comparison failed.
    "cell": {
        "required": ["environment", "case", "mode", "status", "seconds"],
        "properties": {
            "environment": _text,
            "case": _text,
            "mode": _text,
            "status": {"enum": [s for s in STATUSES if s != "not run"]},
            "seconds": {"type": "number"},
            "checks": {
                "type": "array",
                "items": {
                    "type": "array",
                    "prefixItems": [_text, _text, _number, _number],
                    "minItems": 4,
                    "maxItems": 4,
                },
            },
            "worst": {
                "type": "object",
                "required": ["against", "what", "index", "expected", "actual"],
                "properties": {
                    "against": _text,
                    "what": _text,  # "value", "gradient pred", "shape", "dtype", "kind"
                    "index": {"type": "array", "items": {"type": "integer"}},
                    "expected": {"anyOf": [_number, _text]},
                    "actual": {"anyOf": [_number, _text]},
                },
            },
            "finding": _text,  # the id of the finding, where the status is deviation
            "message": _text,  # why, in words, for every other status than pass
        },
    },
    # Something the reader of the page has to know about this environment's run: a worker killed, a restart.
    "note": {"required": ["environment", "text"], "properties": {"environment": _text, "text": _text}},
    # The session came to its end.
    "end": {
        "required": ["environment", "finished", "seconds"],
        "properties": {"environment": _text, "finished": _text, "seconds": {"type": "number"}},
    },
}

_SCHEMAS: dict[str, Record] = {
    name: {"type": "object", **body, "required": ["record", *body["required"]]} for name, body in RECORDS.items()
}
_VALIDATORS = {name: jsonschema.Draft202012Validator(schema) for name, schema in _SCHEMAS.items()}
_FITS = {name: shape.compiled(schema) for name, schema in _SCHEMAS.items()}


def encode(value: float) -> float | str:
    """A number as the schema writes it."""
    if math.isfinite(value):
        return float(value)
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def decode(value: float | str) -> float:
    """The number that `encode` wrote."""
    return float(value)


def validate(record: Record) -> None:
    """Check a record.

    Raises:
        jsonschema.ValidationError: the record does not fit the schema.
        KeyError: there is no such kind of record.
    """
    if not _FITS[record["record"]](record):
        _VALIDATORS[record["record"]].validate(record)


def dump(record: Record) -> str:
    """One line, checked against the schema.

    Raises:
        jsonschema.ValidationError: the record does not fit the schema.
    """
    validate(record)
    return json.dumps(record, allow_nan=False, separators=(",", ":"), ensure_ascii=False) + "\n"


@dataclass
class Environment:
    """What is known of one environment: metadata of its last session, cells by (case, mode)."""

    name: str
    run: Record
    """Of the last session."""
    cells: dict[tuple[str, str], Record] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    sessions: int = 0
    seconds: float = 0.0
    finished: bool = False

    def not_run(self) -> list[tuple[str, str]]:
        """Planned (case, mode) pairs without a record."""
        planned: Mapping[str, list[str]] = self.run["planned"]
        return [(case, mode) for mode, cases in planned.items() for case in cases if (case, mode) not in self.cells]


@dataclass
class Results:
    """The union of any number of result files."""

    environments: dict[str, Environment] = field(default_factory=dict)
    losses: dict[str, Record] = field(default_factory=dict)
    cases: dict[str, Record] = field(default_factory=dict)
    findings: dict[str, Record] = field(default_factory=dict)
    made: Record | None = None
    """How the references came about: the `references` record, if there is one."""
    damaged: dict[str, int] = field(default_factory=dict)
    """File name to the number of lines that could not be read."""
    lost: list[str] = field(default_factory=list)
    """Files of which no `run` could be read, so that nothing else of them counts."""

    def failed(self) -> bool:
        """True if a cell is bad, a planned one did not run though its environment was there, a finding or the number of another no longer
        holds, nothing ran, or a file is so damaged that its environment is not known."""
        nothing = not any(env.cells for env in self.environments.values())
        return (
            nothing
            or bool(self.lost)
            or any(
                (env.not_run() and "unavailable" not in env.run)
                or any(cell["status"] in BAD for cell in env.cells.values())
                for env in self.environments.values()
            )
            or any(not finding["holds"] for finding in self.findings.values())
            or bool(self.refuted())
        )

    def refuted(self) -> list[str]:
        """The losses whose formula does not give the numbers that others computed."""
        return [
            loss for loss, record in self.losses.items() if not all(one["holds"] for one in record.get("vectors", ()))
        ]

    def add(self, record: Record) -> None:
        """Take one valid record in."""
        kind = record["record"]
        if kind == "references":
            self.made = record
            return
        if kind in ("loss", "case", "finding"):
            table = {"loss": self.losses, "case": self.cases, "finding": self.findings}[kind]
            table[record["loss" if kind == "loss" else "id"]] = record
            return
        name = record["environment"]
        if kind == "run":
            env = self.environments.setdefault(name, Environment(name, record))
            if "unavailable" in record and "unavailable" not in env.run:
                return  # it ran elsewhere
            for mode, cases in env.run["planned"].items():  # a later, narrower session does not unplan what one left
                record["planned"][mode] = list(dict.fromkeys([*cases, *record["planned"].get(mode, [])]))
            (env.run, env.finished, env.sessions) = (record, False, env.sessions + 1)
            return
        if name not in self.environments:
            raise KeyError(f"a {kind} of environment {name!r} before any run of it")
        env = self.environments[name]
        if kind == "cell":
            env.cells[record["case"], record["mode"]] = record
        elif kind == "note":
            env.notes.append(record["text"])
        else:
            (env.finished, env.seconds) = (True, env.seconds + record["seconds"])


def read(paths: Iterable[Path | str]) -> Results:
    """Read and merge result files; a directory stands for all ``*.jsonl`` in it.

    Raises:
        FileNotFoundError: a path does not exist, or a directory holds no result file.
    """
    results = Results()
    files: list[Path] = []
    for path in map(Path, paths):
        found = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not found:
            raise FileNotFoundError(f"no *.jsonl in {path}")
        files += found
    for file in files:
        kinds: set[str] = set()
        for line in file.read_text(encoding="utf-8", errors="replace").split("\n"):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                validate(record)
                results.add(record)
                kinds.add(record["record"])
            except (ValueError, KeyError, TypeError, jsonschema.ValidationError):
                results.damaged[str(file)] = results.damaged.get(str(file), 0) + 1
        if not kinds & {"run", "references", "loss", "case", "finding"}:
            results.lost.append(str(file))
    return results
