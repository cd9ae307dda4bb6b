"""What is measured, as data: a loss, how its inputs are drawn, and what else computes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SIZES = {"tiny": (32, 10), "medium": (1024, 1000), "large": (4096, 4096), "wide": (256, 32000)}
"""Samples and classes (or features). What has no classes is not measured at size ``wide``."""

CLASSES = ("class", "class_or_ignored", "one_hot", "distribution", "log_distribution")


@dataclass(frozen=True)
class Spec:
    """A loss with its options.

    `draws` names the inputs, of `DRAWS`, in the order of a call; gradients are taken for those numbered in `wrt`. A contender is a
    function of the framework's module, or of a namespace of its operations, and of the tensors; None where there is none. `native`
    is by default the class of that name with the same options. `only` replaces the sizes of `SIZES`.
    """

    loss: str
    draws: str
    hand: Callable[..., Any] | None
    options: Mapping[str, Any] = field(default_factory=dict)
    native: Callable[..., Any] | None = None
    keras: Callable[..., Any] | None = None
    variant: str = ""
    wrt: tuple[int, ...] = (0,)
    only: Mapping[str, tuple[int, ...]] | None = None

    @property
    def name(self) -> str:
        """The loss, and what sets this line of the table apart from others of it."""
        return f"{self.loss} {self.variant}".rstrip()

    @property
    def sizes(self) -> Mapping[str, tuple[int, ...]]:
        """The sizes at which it is measured."""
        if self.only is not None:
            return self.only
        return {size: SIZES[size] for size in SIZES if size != "wide" or set(CLASSES) & set(self.draws.split())}

    def inputs(self, size: str) -> list[np.ndarray]:
        """The inputs of a call, the same each time."""
        rng = np.random.default_rng(0)
        return [DRAWS[draw](rng, *self.sizes[size]) for draw in self.draws.split()]


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32, copy=False)


def _softmax(rng: np.random.Generator, n: int, c: int) -> np.ndarray:
    powers = np.exp(rng.standard_normal((n, c), dtype=np.float32))
    return powers / powers.sum(1, keepdims=True)


def _some_ignored(rng: np.random.Generator, n: int, c: int) -> np.ndarray:
    return np.where(rng.random(n) < 0.1, -100, rng.integers(0, c, n))


def _several(rng: np.random.Generator, n: int, c: int) -> np.ndarray:
    """Class numbers, three a sample, then -1."""
    label = np.full((n, c), -1)
    label[:, :3] = rng.integers(0, c, (n, 3))
    return label


def _sequences(rng: np.random.Generator, n: int, c: int, frames: int, length: int) -> np.ndarray:
    """Classes other than the first and the last, which serve as blanks."""
    return rng.integers(1, c - 1, (n, length))


DRAWS: dict[str, Callable[..., np.ndarray]] = {
    "normal": lambda rng, n, c: rng.standard_normal((n, c), dtype=np.float32),
    "positive": lambda rng, n, c: _single(rng.random((n, c), dtype=np.float32) * 1.5 + 0.5),
    "probability": lambda rng, n, c: _single(rng.random((n, c), dtype=np.float32) * 0.9 + 0.05),
    "binary": lambda rng, n, c: _single(rng.integers(0, 2, (n, c))),
    "sign": lambda rng, n, c: _single(rng.integers(0, 2, (n, c)) * 2 - 1),
    "count": lambda rng, n, c: _single(rng.poisson(2, (n, c))),
    "distribution": _softmax,
    "log_distribution": lambda rng, n, c: np.log(_softmax(rng, n, c)),
    "one_hot": lambda rng, n, c: _single(rng.integers(0, c, (n, 1)) == np.arange(c)),
    "row_sign": lambda rng, n, c: _single(rng.integers(0, 2, n) * 2 - 1),
    "class": lambda rng, n, c: rng.integers(0, c, n),
    "class_or_ignored": _some_ignored,
    "classes": _several,
    "groups": lambda rng, n, c: rng.integers(0, max(n // 4, 1), n),
    "frames_of_scores": lambda rng, n, c, frames, length: rng.standard_normal((n, frames, c), dtype=np.float32),
    "frames_of_log_probabilities": lambda rng, n, c, frames, length: np.log(_softmax(rng, frames * n, c)).reshape(
        frames, n, c
    ),
    "features": lambda rng, n, size, c: rng.standard_normal((n, size), dtype=np.float32),
    # The first classes far more often.
    "frequent_class": lambda rng, n, size, c: (c ** rng.random(n)).astype(np.int64) - 1,
    "sequences": _sequences,
    "frames": lambda rng, n, c, frames, length: np.full(n, frames),
    "lengths": lambda rng, n, c, frames, length: np.full(n, length),
}
