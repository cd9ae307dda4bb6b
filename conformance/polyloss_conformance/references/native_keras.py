"""The native reference: the losses of ``keras.losses`` on TensorFlow, called as their users call them.

Keras is imported when the first case runs. `keras_backends` asks it on its other backends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case, Input
from polyloss_conformance.references.keras.calls import CALLS

Result = dict[str, Any]
"""``{"value": array, "gradients": {name: array}, "dtypes": {name: dtype}}`` or ``{"refused": reason}``."""

BACKEND = "tensorflow"


def import_keras() -> Any:
    """Keras on TensorFlow.

    Raises:
        ImportError: it is not installed, or the process has imported it on another backend.
    """
    os.environ.setdefault("KERAS_BACKEND", BACKEND)
    import keras

    if keras.config.backend() != BACKEND:
        raise ImportError(f"Keras runs on {keras.config.backend()} in this process, not on {BACKEND}")
    return keras


def run(cases: Iterable[Case]) -> Iterator[tuple[str, Result]]:
    """Run each case natively: its id, and the value with the gradients of ``sum(upstream * value)``, or the refusal."""
    keras = import_keras()
    import tensorflow

    for case in cases:
        try:
            yield case.id, _run_one(keras, tensorflow, case)
        except Exception as error:
            yield case.id, {"refused": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:500]}


def _run_one(keras: Any, tf: Any, case: Case) -> Result:
    tensors = {name: _tensor(tf, given) for name, given in case.inputs.items()}
    given = dict(tensors)
    if "mask" in given:
        given["y_pred"]._keras_mask = given.pop("mask")
    sources = [tensors[name] for name in case.wrt]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        value = CALLS.get(case.loss, _called)(keras, case, given)
    upstream = tf.constant(case.upstream(tuple(value.shape)), value.dtype)
    slopes = tape.gradient(value, sources, output_gradients=upstream, unconnected_gradients="zero") if sources else []
    found = {"value": value, **dict(zip(case.wrt, slopes, strict=True))}
    return {
        "value": _array(tf, value),
        "gradients": {name: _array(tf, found[name]) for name in case.wrt},
        "dtypes": {name: tensor.dtype.name for name, tensor in found.items()},
    }


def _called(keras: Any, case: Case, tensors: Mapping[str, Any]) -> Any:
    return getattr(keras.losses, case.loss.removeprefix("keras/"))(**case.config)(**tensors, **case.call)


def _tensor(tf: Any, given: Input) -> Any:
    return tf.cast(tf.constant(given.values), given.dtype)


def _array(tf: Any, tensor: Any) -> Array:
    """As NumPy; bfloat16, which NumPy lacks, as float32."""
    return np.asarray((tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor).numpy())
