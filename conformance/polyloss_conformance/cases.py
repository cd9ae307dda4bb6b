"""A case: one loss in one configuration on given inputs, as data with a readable id.

Everything that judges a backend reads these objects: the runner, pytest and the page. Inputs are exact: already rounded to the dtype
in which a backend receives them, so that every reference sees the very numbers that the backend sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MANTISSA = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""Significant bits of each floating dtype."""


def epsilon(dtype: str) -> float:
    """The spacing of `dtype` above 1."""
    return float(2.0 ** (1 - MANTISSA[dtype]))


def rounded(values: Array, dtype: str) -> Array:
    """`values` rounded to `dtype` and held as float64, integers as int64."""
    if dtype not in MANTISSA:
        return np.asarray(values).astype(dtype).astype(np.int64)
    values = np.asarray(values, dtype=np.float64)
    if dtype == "bfloat16":  # float32 with the lower half of its bits rounded away, to even
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        kept = ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32)
        return np.where(np.isfinite(values), kept.view(np.float32).astype(np.float64), values).reshape(values.shape)
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        return values.astype(dtype).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Input:
    """One tensor argument: its values (float64 or int64) and the dtype in which it is passed."""

    values: Array
    dtype: str
    strided: bool = False
    """Pass it as a view that is not contiguous in memory."""

    @staticmethod
    def of(values: Any, dtype: str, strided: bool = False) -> Input:
        """An input with its values rounded to `dtype`."""
        return Input(rounded(np.asarray(values), dtype), dtype, strided)


@dataclass(frozen=True, eq=False)
class Case:
    """One loss, one configuration, one set of inputs."""

    id: str
    loss: str
    """Dialect and name: ``gluon/L2Loss``."""
    config: Mapping[str, Any]
    """Arguments of the constructor."""
    inputs: Mapping[str, Input]
    """Tensor arguments of the call, by name, in the order of the signature; an optional one that is not given is absent."""
    dtype: str
    """The floating dtype of the result."""
    call: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the call that are numbers, or tuples of numbers."""
    wrt: tuple[str, ...] = ()
    """The inputs whose gradients are compared."""
    seed: int = 0
    """Of the random upstream gradient."""
    quick: bool = False
    """Part of the short run."""
    magnitude: float = 1.0
    """The size below which an error counts as absolute: that of the largest term that cancels in this case."""

    def graph(self) -> tuple[Any, ...]:
        """What a compiled function depends on: two cases with the same answer can share one."""
        return self._graph

    @cached_property
    def _graph(self) -> tuple[Any, ...]:
        shapes = tuple((name, i.values.shape, i.dtype) for name, i in self.inputs.items())
        return (self.loss, repr(sorted(self.config.items())), repr(sorted(self.call.items())), shapes, self.wrt)

    def gradient_dtype(self, name: str) -> str:
        """That of the gradient with respect to an input: the input's own."""
        return self.inputs[name].dtype

    def floats(self) -> set[str]:
        """All floating dtypes that occur."""
        return {self.dtype, *(given.dtype for given in self.inputs.values() if given.dtype in MANTISSA)}

    def upstream(self, shape: tuple[int, ...]) -> Array:
        """A random upstream gradient, rounded to the case's dtype: neither 1 nor constant, both signs."""
        values = np.random.default_rng(self.seed).uniform(0.5, 2.0, shape) * np.where(
            np.arange(np.prod(shape)).reshape(shape) % 3 == 1, -1, 1
        )
        return rounded(values, self.dtype)
