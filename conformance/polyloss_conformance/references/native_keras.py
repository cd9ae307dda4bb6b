"""The native reference: the losses of ``keras.losses``, called as their users call them, on each backend in a process of its own.

Keras is imported when the first case runs, on the backend that ``KERAS_BACKEND`` names: TensorFlow, where it names none. On JAX a loss is
compiled, as ``fit`` compiles it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case, Input
from polyloss_conformance.references.keras.calls import CALLS

Result = dict[str, Any]
"""``{"value": array, "gradients": {name: array}, "dtypes": {name: dtype}}`` or ``{"refused": reason}``."""

Tensors = Mapping[str, Any]
Upstream = Callable[[tuple[int, ...]], Array]
Slopes = Callable[[Callable[[Tensors], Any], Tensors, tuple[str, ...], Upstream], tuple[Any, list[Any]]]
"""``(loss, tensors, names, upstream) -> value, the gradients by the tensors of these names``."""

BACKEND = "tensorflow"


def import_keras(backend: str = BACKEND) -> Any:
    """Keras on a backend.

    Raises:
        ImportError: one of the two is not installed, or the process has imported Keras on another backend.
    """
    os.environ.setdefault("KERAS_BACKEND", backend)
    import keras

    if keras.config.backend() != backend:
        raise ImportError(f"Keras runs on {keras.config.backend()} in this process, not on {backend}")
    return keras


def load() -> Any:
    """Keras on the backend that the environment names.

    Raises:
        ImportError: one of the two is not installed.
    """
    return import_keras(os.environ.get("KERAS_BACKEND", BACKEND))


def run(cases: Iterable[Case]) -> Iterator[tuple[str, Result]]:
    """Run each case natively: its id, and the value with the gradients of ``sum(upstream * value)``, or the refusal."""
    keras = load()
    slopes = _compiled if keras.config.backend() == "jax" else SLOPES[keras.config.backend()]
    for case in cases:
        yield case.id, answer(keras, case, slopes, case.upstream)


def answer(keras: Any, case: Case, slopes: Slopes, upstream: Upstream) -> Result:
    """The value of a case and the gradients of ``sum(upstream * value)``, or the refusal."""
    try:
        tensors = {name: _tensor(keras, given) for name, given in case.inputs.items()}
        (value, found) = slopes(Loss(keras, case), tensors, case.wrt, upstream)
        named = {"value": value, **dict(zip(case.wrt, found, strict=False))}
        written = {name: _array(keras, tensor) for name, tensor in named.items()}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:500]}
    return {
        "value": written.pop("value"),
        "gradients": written,
        "dtypes": {name: keras.backend.standardize_dtype(tensor.dtype) for name, tensor in named.items()},
    }


class Loss:
    """The loss of a case, as a function of all its tensors by name. Two are equal if they compute the same."""

    def __init__(self, keras: Any, case: Case) -> None:
        (self._keras, self._case, self._graph) = (keras, case, case.graph())

    def __call__(self, tensors: Tensors) -> Any:
        """The value."""
        given = dict(tensors)
        if "mask" in given:
            self._keras.src.backend.set_keras_mask(given["y_pred"], given.pop("mask"))
        return CALLS.get(self._case.loss, _called)(self._keras, self._case, given)

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same loss with the same options, of tensors of the same shapes."""
        return isinstance(other, Loss) and self._graph == other._graph

    def __hash__(self) -> int:
        """That goes with it."""
        return hash(self._graph)


def _called(keras: Any, case: Case, tensors: Tensors) -> Any:
    return getattr(keras.losses, case.loss.removeprefix("keras/"))(**case.config)(**tensors, **case.call)


# --- gradients ---------------------------------------------------------------------------------------------------------------------


def _tensorflow(loss: Callable[[Tensors], Any], tensors: Tensors, wrt: tuple[str, ...], upstream: Upstream) -> Any:
    import tensorflow as tf

    sources = [tensors[name] for name in wrt]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        value = loss(tensors)
    if not sources:
        return value, []
    slope = tf.constant(upstream(tuple(value.shape)), value.dtype)
    return value, tape.gradient(value, sources, output_gradients=slope, unconnected_gradients="zero")


def _torch(loss: Callable[[Tensors], Any], tensors: Tensors, wrt: tuple[str, ...], upstream: Upstream) -> Any:
    import torch

    sources = [tensors[name].requires_grad_() for name in wrt]
    value = loss(tensors)
    if not value.requires_grad:
        return value, [torch.zeros_like(source) for source in sources]
    slope = torch.tensor(upstream(tuple(value.shape)), dtype=value.dtype)
    found = torch.autograd.grad(value, sources, slope, allow_unused=True)
    slopes = [torch.zeros_like(source) if one is None else one for one, source in zip(found, sources, strict=True)]
    return value.detach(), slopes


def _jax(loss: Callable[[Tensors], Any], tensors: Tensors, wrt: tuple[str, ...], upstream: Upstream) -> Any:
    import jax

    def of(*sources: Any) -> Any:
        return loss({**tensors, **dict(zip(wrt, sources, strict=True))})

    (value, pull) = jax.vjp(of, *(tensors[name] for name in wrt))
    return value, list(pull(jax.numpy.asarray(upstream(tuple(value.shape)), value.dtype)))


@cache
def _graph(loss: Loss, wrt: tuple[str, ...]) -> tuple[Any, Any]:
    """The compiled function of the tensors and the upstream gradient, and the loss alone."""
    import jax

    return jax.jit(lambda tensors, slope: _jax(loss, tensors, wrt, lambda shape: slope)), jax.jit(loss)


def _compiled(loss: Callable[[Tensors], Any], tensors: Tensors, wrt: tuple[str, ...], upstream: Upstream) -> Any:
    assert isinstance(loss, Loss)
    (both, alone) = _graph(loss, wrt)
    return both(dict(tensors), upstream(tuple(alone.eval_shape(dict(tensors)).shape)))


SLOPES: Mapping[str, Slopes] = {
    "tensorflow": _tensorflow,
    "torch": _torch,
    "jax": _jax,
    "numpy": lambda loss, tensors, wrt, upstream: (loss(tensors), []),
}
"""By the backend of Keras; NumPy has no gradients."""


# --- tensors -----------------------------------------------------------------------------------------------------------------------


def _tensor(keras: Any, given: Input) -> Any:
    return keras.ops.convert_to_tensor(np.asarray(given.values), given.dtype)


def _array(keras: Any, tensor: Any) -> Array:
    """As NumPy; bfloat16, which NumPy lacks, as float32."""
    whole = keras.ops.cast(tensor, "float32") if "bfloat16" in str(tensor.dtype) else tensor
    return np.asarray(keras.ops.convert_to_numpy(whole))
