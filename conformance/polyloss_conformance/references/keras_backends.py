"""Keras on its other backends, for findings that are measured on several: each is asked in a process of its own, eagerly.

``python -m polyloss_conformance.references.keras_backends`` with ``KERAS_BACKEND`` set answers cases, a line of JSON each.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np

from polyloss_conformance import arrays
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.references import native_keras
from polyloss_conformance.references.native_keras import Result

OTHERS = ("jax", "torch", "numpy")
"""All but TensorFlow."""


class _Process:
    """Keras on one backend."""

    def __init__(self, backend: str) -> None:
        environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "0"}
        command = [sys.executable, "-m", "polyloss_conformance.references.keras_backends"]
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self._end)
        self.unavailable = self._line().get("unavailable")

    def _end(self) -> None:
        with self._process:  # which closes what it reads from, and waits
            self._process.terminate()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"unavailable": "the process ended"}
        return found

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._line()


@cache
def _process(backend: str) -> _Process:
    return _Process(backend)


def ask(backend: str, case: Case) -> Result:
    """What Keras on `backend` says of `case`: ``{"value": array, "gradients": {name: array}}``, of the sum of the value, or ``refused``.

    NumPy has no gradients.

    Raises:
        ImportError: there is no Keras with this backend.
    """
    process = _process(backend)
    if process.unavailable is not None:
        raise ImportError(process.unavailable)
    inputs = {name: arrays.write(given.values, given.dtype) for name, given in case.inputs.items()}
    fields = {"id": case.id, "loss": case.loss, "dtype": case.dtype, "config": case.config, "call": case.call}
    found = process.ask({**fields, "inputs": inputs, "wrt": case.wrt})
    if "unavailable" in found:
        raise ImportError(found["unavailable"])
    if "refused" in found:
        return found
    gradients = {name: arrays.read(record) for name, record in found["gradients"].items()}
    return {"value": arrays.read(found["value"]), "gradients": gradients}


# --- the process ------------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints is no answer
    try:
        keras = native_keras.load()
        ready: dict[str, Any] = {"backend": keras.config.backend()}
    except Exception as error:
        ready = {"unavailable": f"{type(error).__name__}: {error}"}
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(keras, json.loads(line))), file=answers, flush=True)


def _answer(keras: Any, question: dict[str, Any]) -> dict[str, Any]:
    given = {name: Input.of(arrays.read(record), record["dtype"]) for name, record in question.pop("inputs").items()}
    case = Case(inputs=given, wrt=tuple(question.pop("wrt")), **question)
    found = native_keras.answer(keras, case, native_keras.SLOPES[keras.config.backend()], np.ones)
    if "refused" in found:
        return found
    dtypes = found["dtypes"]
    written = {name: arrays.write(array, dtypes[name]) for name, array in found["gradients"].items()}
    return {"value": arrays.write(found["value"], dtypes["value"]), "gradients": written}


if __name__ == "__main__":
    main()
