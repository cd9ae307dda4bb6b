"""What the project wants to reach: ratios of polyloss's figures to those of others, forward with backward.

Each is a limit to the geometric mean over the losses, and a limit to every single loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.spec import SIZES

DISPATCH = 4e-6
"""Seconds from the call of a loss to the first operation of its formula."""

NATIVE: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("torch", "eager"): {"tiny": (1.00, 1.15), "medium": (0.85, 1.10), "large": (0.60, 1.10), "wide": (0.60, 1.10)},
    ("torch", "inductor"): dict.fromkeys(SIZES, (1.00, 1.15)),
    ("jax", "eager"): dict.fromkeys(SIZES, (0.45, 1.00)),
    ("jax", "jit"): dict.fromkeys(SIZES, (1.00, 1.10)),
    ("tensorflow", "eager"): dict.fromkeys(SIZES, (0.45, 1.00)),
    ("tensorflow", "function"): dict.fromkeys(SIZES, (1.00, 1.10)),
    ("tensorflow", "xla"): dict.fromkeys(SIZES, (1.00, 1.10)),
    ("mxnet", "eager"): dict.fromkeys(SIZES, (0.75, 1.10)),
    ("mxnet", "hybridized"): dict.fromkeys(SIZES, (1.00, 1.15)),
}
"""Time to the native loss's, by framework and mode, then by size: of the mean, of every loss."""

KERAS = 1.00
"""Time of every loss to that of Keras 3 on the same framework."""

KERAS_EAGER_TINY = 1 / 3
"""The mean of that, where calling is most of it."""

MEMORY = 1.00
"""Peak of every loss to the native loss's."""


@dataclass(frozen=True)
class Target:
    """A limit to a ratio."""

    quantity: str
    """``time`` or ``memory``."""
    to: str
    """``native`` or ``keras``."""
    over: str
    """``mean`` or ``every loss``."""
    limit: float


def of(framework: str, mode: str, size: str, timed: str) -> Iterator[Target]:
    """The targets of a group of measurements."""
    if timed != "both":
        return
    if limits := NATIVE.get((framework, mode), {}).get(size):
        yield Target("time", "native", "mean", limits[0])
        yield Target("time", "native", "every loss", limits[1])
    if (mode, size) == ("eager", "tiny"):
        yield Target("time", "keras", "mean", KERAS_EAGER_TINY)
    yield Target("time", "keras", "every loss", KERAS)
    yield Target("memory", "native", "every loss", MEMORY)
