"""The process that asks references: ``python -m polyloss_conformance.reference_worker``.

Its job (`polyloss_conformance.child`) says whom: ``formula`` evaluates formulas, ``native`` calls the native library of ``dialect`` with
``environment`` set; `LOAD` among the items stands for the library itself.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyloss_conformance import arrays, dialects
from polyloss_conformance.cases import Array, Case
from polyloss_conformance.child import Channel
from polyloss_conformance.notes import measured as measured_vectors
from polyloss_conformance.results import Record, encode

LOAD = "(load)"
"""The item that stands for importing the native library; its result is how that went."""

FINDING = "finding "
"""Before the id of a finding that is measured."""


CURVE = "curve "
"""Before the id of the case around which the curve of its loss is drawn."""

VECTORS = "vectors "
"""Before the id of a loss whose formula is held to the numbers of others."""

SPAN = 4.0
POINTS = 81
"""A curve goes from -SPAN to SPAN."""


def main() -> None:
    """Do the job."""
    channel = Channel()
    if channel.job["ask"] == "formula":
        _formulas(channel)
    else:
        _native(channel)


def _formulas(channel: Channel) -> None:
    items: list[str] = channel.job["items"]
    cases = dialects.cases_named(item.removeprefix(CURVE) for item in items if not item.startswith(VECTORS))

    def computed(item: str) -> Record:
        try:
            if item.startswith(VECTORS):
                return {"vectors": measured_vectors(item.removeprefix(VECTORS))}
            return curve(cases[item.removeprefix(CURVE)]) if item.startswith(CURVE) else formula(cases[item])
        except Exception as error:  # a case that its formula does not know is a result too
            return {"refused": f"{type(error).__name__}: {error}"}

    channel.work(items, computed)


def formula(case: Case) -> Record:
    """What the formula says of a case, as the schema has it."""
    from polyloss_conformance.references.exact import inputs_of

    dialect = dialects.of(case.loss)
    reference = dialects.resolve(dialect.references)[case.loss]
    inputs = inputs_of(case)
    value = reference.value(inputs, case.config, case.call)
    (high, low) = split(value)
    slopes = dialects.resolve(dialect.slopes)(
        reference.compute, inputs, case.config, case.call, case.upstream(value.shape), case.wrt
    )
    result: Record = {
        "value": arrays.write(high, case.dtype),
        "gradients": {name: arrays.write(slope.lower, case.gradient_dtype(name)) for name, slope in slopes.items()},
    }
    if case.dtype == "float64":
        result["low"] = arrays.write(low, case.dtype)
    uppers = {name: slope.upper for name, slope in slopes.items() if not slope.smooth.all()}
    if kinks := {name: upper for name, upper in uppers.items() if not np.isnan(upper).all()}:
        result["upper"] = {name: arrays.write(upper, case.gradient_dtype(name)) for name, upper in kinks.items()}
    return result


def curve(case: Case) -> Record:
    """The loss over the first element of the first input that has a gradient, all else as in `case`, as the schema has it."""
    from mpmath import mp, mpf

    from polyloss_conformance.references.exact import DIGITS, inputs_of

    reference = dialects.resolve(dialects.of(case.loss).references)[case.loss]
    inputs = inputs_of(case)
    varied = inputs[case.wrt[0]] = inputs[case.wrt[0]].copy()
    first = (0,) * varied.ndim

    def loss(x: Any) -> Any:
        varied[first] = x
        return reference.value(inputs, case.config, case.call).reshape(-1)[0]

    with mp.workdps(DIGITS):
        grid = [mpf(x) for x in np.linspace(-SPAN, SPAN, POINTS).tolist()]
        step = mpf(10) ** (-DIGITS // 2)
        return {
            "label": f"{case.wrt[0]}{list(first)} in {case.id}",
            "x": [float(x) for x in grid],
            "loss": [encode(float(loss(x))) for x in grid],
            "gradient": [encode(float((loss(x + step) - loss(x - step)) / (2 * step))) for x in grid],
        }


def split(values: Array) -> tuple[Array, Array]:
    """High-precision numbers as float64 and the rest that float64 leaves."""
    high = np.array([float(x) for x in values.flat], dtype=np.float64)
    rest = [float(x - h) if np.isfinite(h) else 0.0 for x, h in zip(values.flat, high.tolist(), strict=True)]
    return high.reshape(values.shape), np.array(rest, dtype=np.float64).reshape(values.shape)


def _native(channel: Channel) -> None:
    dialect = dialects.dialects()[channel.job["dialect"]]
    items: list[str] = channel.job["items"]
    os.environ.update(channel.job["environment"])
    try:
        if dialect.native_load is None:
            raise ImportError(f"{dialect.name} has no native library")
        library = dialects.resolve(dialect.native_load)()
        found = [library, sys.modules.get(channel.job["backend"], library)]
        versions = {module.__name__: str(module.__version__) for module in found}
        loaded: Record = {"versions": versions, "python": platform.python_version()}
    except Exception as error:
        loaded = {"unavailable": f"{type(error).__name__}: {error}"[:500]}
    cases = dialects.cases_of(dialect.name)

    def answered(item: str) -> Record | None:
        if item == LOAD:
            return loaded
        if item.startswith(FINDING):
            return measured(dialect, item.removeprefix(FINDING))
        if "unavailable" in loaded:
            return {"refused": loaded["unavailable"]}
        return _called(dialects.resolve(str(dialect.native))([cases[item]]))

    channel.work(items, answered)


def _called(answers: Iterator[tuple[str, dict[str, Any]]]) -> Record:
    result = next(answers)[1]
    if "refused" in result:
        return result
    gradients: dict[str, Array] = result["gradients"]
    dtypes: dict[str, str] = result.get("dtypes", {})  # of what NumPy has no dtype for

    def written(name: str, array: Array) -> Record:
        return arrays.write(array, dtypes.get(name, str(array.dtype)))

    return {
        "value": written("value", result["value"]),
        "gradients": {name: written(name, array) for name, array in gradients.items()},
    }


def measured(dialect: dialects.Dialect, name: str) -> Record | None:
    """The record of a finding, measured now; None where that takes a native library that is not here."""
    finding = dialect.known_findings()[name]
    try:
        record: Record = finding.record()
    except ImportError:
        return None
    except Exception as error:  # what cannot be measured does not hold
        return unmeasured(finding, f"{type(error).__name__}: {error}")
    return record


def unmeasured(finding: Any, reason: str) -> Record:
    """The record of a finding that could not be measured."""
    return {
        "record": "finding",
        **{key: getattr(finding, key) for key in ("id", "kind", "loss", "cause", "evidence")},
        "numbers": [{"quantity": "measurement", "result": reason[:500]}],
        "holds": False,
    }


if __name__ == "__main__":
    main()
