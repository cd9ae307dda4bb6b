"""Result files as the conformance suite would write them, without it: small ones with everything in them, and large ones."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from polyloss_conformance import results as schema

from benchmarks import plan, summary
from benchmarks.frameworks import FRAMEWORKS

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028{{ 7*7 }}&amp;'\"]]>"


def array(values: list[float], shape: list[int] | None = None, dtype: str = "float32") -> schema.Record:
    return {
        "dtype": dtype,
        "shape": [len(values)] if shape is None else shape,
        "values": [schema.encode(v) for v in values],
    }


def run(environment: str, planned: dict[str, list[str]], **changes: Any) -> schema.Record:
    record = {
        "record": "run",
        "schema": schema.VERSION,
        "environment": environment,
        "backend": environment,
        "versions": {environment: "2.4.1", "numpy": "1.26.4"},
        "python": "3.11.9",
        "platform": "Linux-6.1-x86_64",
        "revision": "0123abcd",
        "seed": 0,
        "started": "2025-01-02T03:04:05Z",
        "planned": planned,
    }
    return record | changes


def end(environment: str) -> schema.Record:
    return {"record": "end", "environment": environment, "finished": "2025-01-02T03:05:05Z", "seconds": 60.5}


def loss(name: str = "gluon/L2Loss", /, **changes: Any) -> schema.Record:
    xs = [i / 10 - 3 for i in range(61)]
    record = {
        "record": "loss",
        "loss": name,
        "dialect": name.split("/")[0],
        "name": name.split("/")[1],
        "summary": "Half the squared difference of prediction and label.",
        "documented": r"L = \frac{1}{2} \sum_i \lvert {pred}_i - {label}_i \rvert^2",
        "computed": r"L = \frac{1}{2} \operatorname{mean}_i ({pred}_i - {label}_i)^2",
        "source": "mxnet 1.9.1, gluon.loss.L2Loss",
        "curve": {
            "label": "the prediction, with label 1",
            "x": xs,
            "loss": [(x - 1) ** 2 / 2 for x in xs],
            "gradient": [x - 1 for x in xs],
        },
    }
    return record | changes


def case(name: str, loss: str = "gluon/L2Loss", dtype: str = "float32", **changes: Any) -> schema.Record:
    value = {"value": array([0.125, 0.5], dtype=dtype), "gradients": {"pred": array([0.5, -1, 0, 2], [2, 2], dtype)}}
    record = {
        "record": "case",
        "id": name,
        "loss": loss,
        "config": {"weight": 2.0, "batch_axis": 0},
        "dtype": dtype,
        "inputs": {"pred": array([0.5, -1.25, 3, 1e-7], [2, 2], dtype), "label": array([1, 0, 3, 0], [2, 2], dtype)},
        "references": {"formula": value, "native": value},
    }
    return record | changes


def cell(environment: str, case: str, mode: str = "eager", status: str = "pass", **changes: Any) -> schema.Record:
    record = {
        "record": "cell",
        "environment": environment,
        "case": case,
        "mode": mode,
        "status": status,
        "seconds": 0.0123,
        "checks": [
            ["formula", "value", 0.5, 4.0],
            ["formula", "gradient pred", 0.75, 8.0],
            ["native", "value", 0.25, 4.0],
        ],
    }
    return record | changes


def finding(name: str = "l2-mean", loss: str = "gluon/L2Loss", **changes: Any) -> schema.Record:
    record = {
        "record": "finding",
        "id": name,
        "kind": "documentation",
        "loss": loss,
        "cause": "The documentation sums, the code takes the mean.",
        "evidence": "See https://example.org/loss.py#L10, line 10.",
        "numbers": [{"quantity": "value", "documented": "3", "native": "1.5"}],
        "holds": True,
    }
    return record | changes


def write(folder: Path, records: dict[str, list[schema.Record]]) -> Path:
    """Result files in `folder`, by name, each record checked by the schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in records.items():
        (folder / f"{name}.jsonl").write_text("".join(map(schema.dump, found)), encoding="utf-8")
    return folder


FAILING = {
    "checks": [
        ["formula", "value", 5.2e6, 4.0],
        ["formula", "gradient pred", "nan", 8.0],
        ["native", "value", "inf", 4.0],
    ],
    "worst": {"against": "formula", "what": "value", "index": [1], "expected": 0.5, "actual": "nan"},
    "message": "value differs from the formula: 5.2e6 ulp, limit 4",
}


def everything() -> dict[str, list[schema.Record]]:
    """Every status, NaN and infinities, a missing native library, a crash, an environment cut off and one without a record."""
    names = [f"gluon/L2Loss/{status.replace(' ', '-')}" for status in schema.STATUSES]
    cells = [
        cell("torch", name, status=status, message="" if status == "pass" else f"why: {status}")
        for name, status in zip(names, schema.STATUSES, strict=True)
        if status != "not run"
    ]
    cells = [c | (FAILING if c["status"] == "fail" else {}) for c in cells]
    cells = [c | ({"finding": "l2-mean"} if c["status"] == "deviation" else {}) for c in cells]
    without_checks = ("error", "crash", "timeout", "unsupported", "missing")
    cells = [c | ({"checks": []} if c["status"] in without_checks else {}) for c in cells]
    special = array([math.nan, math.inf, -math.inf, -0.0, 0.1, 16777217.0], [2, 3])
    alone = [c for c in cell("numpy", "zoo/Quartic/a")["checks"] if c[0] != "native"]
    return {
        "references": [
            loss(),
            loss("zoo/Quartic", documented="x^4", computed="x^4", summary="The fourth power."),
            loss("zoo/Broken", documented=r"\frac{1}{2", computed=r"\nosuch{x}"),
            *(case(name) for name in names),
            case("gluon/L2Loss/special", inputs={"pred": special, "label": special}),
            case(
                "gluon/L2Loss/refused",
                references={"native": {"refused": "label out of range"}, "formula": {"value": array([1.5], [])}},
            ),
            case("zoo/Quartic/a", "zoo/Quartic", references={"formula": {"value": array([1.0], [])}}),
            finding(),
            finding("no-zero", kind="native limit", cause="An empty batch raises.", numbers=[]),
            finding("quartic-nan", "zoo/Quartic", kind="native bug", cause="NaN where 0 is right.", holds=False),
        ],
        "torch": [
            run("torch", {"eager": names, "compiled": ["gluon/L2Loss/special", "gluon/L2Loss/refused"]}),
            *cells,
            cell("torch", "gluon/L2Loss/special", "compiled"),
            cell("torch", "gluon/L2Loss/refused", "compiled", checks=[]),
            {"record": "note", "environment": "torch", "text": "worker killed by signal 9, restarted"},
            end("torch"),
        ],
        "numpy": [
            run("numpy", {"eager": ["zoo/Quartic/a"]}),
            cell("numpy", "zoo/Quartic/a", checks=alone),
            end("numpy"),
        ],
        "mxnet": [run("mxnet", {"eager": names[:2], "hybrid": names[:2]})],
    }


def hostile() -> dict[str, list[schema.Record]]:
    """Hostile text in every field that holds text."""
    bad, key = HOSTILE, "gluon/" + HOSTILE
    reference = {"value": array([1.0]), "gradients": {bad: array([1.0])}}
    worst = {"against": bad, "what": bad, "index": [0], "expected": bad, "actual": bad}
    latex = rf"\text{{{bad.replace('{', '(').replace('}', ')')}}} + \href{{javascript:alert(1)}}{{x}}"
    curve = {"label": bad, "x": [0, 1, "nan"], "loss": [0, "inf", 1], "gradient": [1, 1, 1]}
    texts = {"dialect": bad, "name": bad, "summary": bad, "source": bad, "documented": latex, "curve": curve}
    inputs = {bad: array([1.0]), "x": array([1.0]) | {"dtype": bad}}
    references = {bad: reference, "native": {"refused": bad}}
    found = {
        "cause": bad,
        "evidence": f"https://example.org/{bad} javascript:alert(1)",
        "numbers": [{"quantity": bad, bad: bad}],
    }
    return {
        "references": [
            loss(key, computed=r"\text{<img src=x onerror=alert(2)>}", **texts),
            case(bad, key, config={bad: bad, "__proto__": 1}, inputs=inputs, references=references),
            *(
                finding(bad + kind, key, kind=kind, **found)
                for kind in ("documentation", "native bug", "native limit", "source")
            ),
        ],
        "environment": [
            run(
                bad,
                {bad: [bad, bad + "2"]},
                backend=bad,
                versions={bad: bad},
                python=bad,
                platform=bad,
                revision=bad,
                started=bad,
            ),
            cell(
                bad,
                bad,
                bad,
                "fail",
                checks=[[bad, bad, 9.0, 4.0]],
                worst=worst,
                finding=bad + "documentation",
                message=bad,
            ),
            {"record": "note", "environment": bad, "text": bad},
        ],
    }


def large(cells: int, losses: int = 80) -> Iterator[tuple[str, list[schema.Record]]]:
    """A run of `cells` cells over five environments and two modes."""
    random_ = random.Random(0)
    dialects, environments, modes = (
        ("gluon", "torch", "keras", "zoo"),
        ("numpy", "torch", "tensorflow", "jax", "mxnet"),
        ("eager", "compiled"),
    )
    names = [f"{dialects[i * len(dialects) // losses]}/Loss{i:02}" for i in range(losses)]
    number = cells // (len(environments) * len(modes))
    dtypes = ("float32", "float64", "float16", "bfloat16")
    ids = [f"{names[i % losses]}/reduction=mean/{i // losses:03}-{dtypes[i // losses % 4]}" for i in range(number)]

    def numbers(count: int) -> list[float]:
        return [random_.gauss(0, 3) for _ in range(count)]

    def built(i: int, name: str) -> schema.Record:
        dtype = dtypes[i // losses % 4]
        inputs = {"pred": array(numbers(12), [3, 4], dtype), "label": array(numbers(12), [3, 4], dtype)}
        reference = {"value": array(numbers(3), None, dtype), "gradients": {"pred": array(numbers(12), [3, 4], dtype)}}
        return case(
            name, names[i % losses], dtype, inputs=inputs, references={"formula": reference, "native": reference}
        )

    found = [finding(f"{name}-mean", name) for name in names[:12]]
    yield "references", [*(loss(name) for name in names), *(built(i, name) for i, name in enumerate(ids)), *found]
    for environment in environments:
        records = [run(environment, dict.fromkeys(modes, ids))]
        for name, mode in itertools.product(ids, modes):
            checks = [
                [a, w, round(random_.expovariate(2), 3), 8.0]
                for a in ("formula", "native")
                for w in ("value", "gradient pred")
            ]
            record = cell(environment, name, mode, checks=checks)
            chance = random_.random()
            if chance < 0.002:
                record |= {"status": "fail"} | FAILING
            elif chance < 0.03:
                record |= {"status": "unsupported", "checks": [], "message": "no float16 kernel for this operation"}
            elif chance < 0.05:
                record |= {"status": "deviation", "finding": f"{names[0]}-mean", "message": "as recorded"}
            records.append(record)
        yield environment, [*records, end(environment)]


def measurements() -> Iterator[dict[str, Any]]:
    """Of every cell of the benchmark, with times and peaks made up."""
    random_ = random.Random(0)
    for name, kind in FRAMEWORKS.items():
        for mode, size, loss in plan.cells(kind, quick=False):
            contenders = ["native", "polyloss"] if mode in kind.slow else ["native", "keras", "hand", "polyloss"]
            for timed in plan.passes(kind, mode, quick=False):
                row = {"framework": name, "mode": mode, "size": size, "loss": loss, "pass": timed, "library": name}
                row["seconds"] = {contender: 1e-4 * random_.lognormvariate(0, 0.6) for contender in contenders}
                if size != "tiny" and timed == "both":
                    row["megabytes"] = {contender: random_.choice([64.0, 128.0, 128.4]) for contender in contenders}
                yield row


def benchmark(rows: Iterable[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A file of the benchmark as it is written."""
    measured = list(measurements() if rows is None else rows)
    record = {
        "schema": 1,
        "machine": {
            "cpu": "Abacus 9",
            "cores": 2,
            "platform": "Linux-6.1-x86_64",
            "python": "3.11.9",
            "versions": {"torch": "2.13.0", "jax": "0.7.1"},
            "revision": "0.1.0+0123abcd",
            "commit": "89abcdef",
        },
        "quick": False,
        "sessions": [{"started": "2025-02-03T04:05:06+00:00", "load": 0.21, "seconds": 1234.5}],
        "dispatch": {"torch": 3.2e-6, "jax": 7.1e-6, "tensorflow": 3.9e-6, "mxnet": 12e-6},
        "targets": {"dispatch": 4e-6},
        "rows": measured,
        "lost": [],
        "table": summary.table(measured, plan.counts(FRAMEWORKS.values(), quick=False)),
    }
    return record | changes


def read(folder: Path, records: dict[str, list[schema.Record]]) -> schema.Results:
    """From records by file to results, through files."""
    return schema.read([write(folder, records)])
