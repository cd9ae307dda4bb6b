"""Keras on its other backends, which disagree with TensorFlow here and there: each is asked in a process of its own.

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
from polyloss_conformance.cases import Array, Case, Input

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


def ask(backend: str, case: Case) -> dict[str, Any]:
    """What Keras on `backend` says of `case`: ``{"value": array, "gradients": {name: array}}``, of the sum of the value, or ``refused``.

    NumPy has no gradients.

    Raises:
        ImportError: there is no Keras with this backend.
    """
    process = _process(backend)
    if process.unavailable is not None:
        raise ImportError(process.unavailable)
    inputs = {name: arrays.write(given.values, given.dtype) for name, given in case.inputs.items()}
    question = {"loss": case.loss, "config": case.config, "call": case.call, "inputs": inputs, "wrt": case.wrt}
    answer = process.ask(question)
    if "unavailable" in answer:
        raise ImportError(answer["unavailable"])
    if "refused" in answer:
        return answer
    gradients = {name: arrays.read(record) for name, record in answer["gradients"].items()}
    return {"value": arrays.read(answer["value"]), "gradients": gradients}


# --- the process ------------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints is no answer
    try:
        import keras

        ready: dict[str, Any] = {"backend": keras.config.backend()}
    except Exception as error:
        ready = {"unavailable": f"{type(error).__name__}: {error}"}
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = _answer(keras, json.loads(line))
        except Exception as error:
            answer = {"refused": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:500]}
        print(json.dumps(answer), file=answers, flush=True)


def _answer(keras: Any, question: dict[str, Any]) -> dict[str, Any]:
    given = {name: _tensor(keras, arrays.read(record), record["dtype"]) for name, record in question["inputs"].items()}
    mask = given.pop("mask", None)
    loss = getattr(keras.losses, question["loss"].removeprefix("keras/"))(**question["config"])
    wrt = question["wrt"]

    def value(*sources: Any) -> Any:
        tensors = {**given, **dict(zip(wrt, sources, strict=True))}
        if mask is not None:
            keras.src.backend.set_keras_mask(tensors["y_pred"], mask)
        return loss(**tensors, **question["call"])

    (found, slopes) = _SLOPES[keras.config.backend()](value, [given[name] for name in wrt])
    written = {name: _written(keras, slope) for name, slope in zip(wrt, slopes, strict=False)}
    return {"value": _written(keras, found), "gradients": written}


def _torch(value: Any, sources: list[Any]) -> tuple[Any, Any]:
    import torch

    for source in sources:
        source.requires_grad_()
    found = value(*sources)
    if sources:
        found.sum().backward()
    return found.detach(), [torch.zeros_like(one) if one.grad is None else one.grad for one in sources]


def _jax(value: Any, sources: list[Any]) -> tuple[Any, Any]:
    import jax

    (found, pull) = jax.vjp(value, *sources)
    return found, pull(jax.numpy.ones_like(found))


_SLOPES: dict[str, Any] = {"torch": _torch, "jax": _jax, "numpy": lambda value, sources: (value(*sources), [])}


def _tensor(keras: Any, values: Array, dtype: str) -> Any:
    whole = Input.of(values, dtype).values
    return keras.ops.convert_to_tensor(np.asarray(whole), dtype)


def _written(keras: Any, tensor: Any) -> Any:
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return arrays.write(
        keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32" if dtype == "bfloat16" else dtype)), dtype
    )


if __name__ == "__main__":
    main()
