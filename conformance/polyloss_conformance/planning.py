"""How the cases of a dialect are laid out: layouts and draws.

A loss has *layouts* (a configuration, and the shapes of the tensors) and *draws* (kinds of values). Every draw is put into every layout in
every dtype of the layout. What a framework compiles depends on the layout and the dtype only, so the three to five draws of a layout
share one compiled function, and all losses share few shapes, so that JAX compiles each small eager operation once a shape: that is what
keeps the run short.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case, Input

Rng = np.random.Generator
Shape = tuple[int, ...]
Values = dict[str, Any]

FULL = ("float64", "float32")
ALL = ("float64", "float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Layout:
    """A configuration with the shapes it is called with."""

    name: str
    shapes: Mapping[str, Shape]
    config: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    dtypes: Sequence[str] = FULL
    label_dtype: str | None = None
    dtypes_of: Mapping[str, str] = field(default_factory=dict)
    """Of inputs that have another dtype than the result, whatever that is."""
    draws: Sequence[str] | None = None
    """The names of the draws that fit; None: all."""
    strided: bool = False
    quick: bool = False


Draw = Callable[[Rng, Mapping[str, Shape], Mapping[str, Any]], Values]


@dataclass(frozen=True)
class Plan:
    """All cases of one loss."""

    loss: str
    layouts: Sequence[Layout]
    draws: Mapping[str, Draw]
    wrt: Sequence[str]
    """The inputs with a gradient, where they are given."""
    magnitude: Mapping[str, float] = field(default_factory=dict)
    """Of a draw: the size of its largest terms, where they cancel."""
    exact: Sequence[str] = ()
    """Inputs that are class numbers or lengths: passed in `Layout.label_dtype` where that is given."""
    dialect: str = "gluon"

    def cases(self) -> Iterator[Case]:
        """Every draw in every layout in every dtype."""
        for layout in self.layouts:
            for dtype in layout.dtypes:
                for draw in layout.draws or self.draws:
                    yield self._case(layout, dtype, draw)

    def _case(self, layout: Layout, dtype: str, draw: str) -> Case:
        name = f"{self.dialect}/{self.loss}/{layout.name}/{dtype}/{draw}"
        seed = zlib.crc32(f"{self.dialect}/{self.loss}/{layout.name}/{draw}".encode())
        rng = np.random.default_rng(seed)
        values = self.draws[draw](rng, layout.shapes, layout.config)
        if "sample_weight" in layout.shapes and "sample_weight" not in values:
            weights = rng.uniform(0.25, 2.0, layout.shapes["sample_weight"])
            weights.reshape(-1)[:1] = 0.0  # an ignored sample
            values["sample_weight"] = weights
        inputs = {}
        for key, shape in layout.shapes.items():
            kind = layout.label_dtype if layout.label_dtype and key in self.exact else layout.dtypes_of.get(key, dtype)
            array = np.broadcast_to(np.asarray(values[key], dtype=np.float64), shape)
            inputs[key] = Input.of(array, kind, strided=layout.strided and len(shape) > 1)
        return Case(
            id=name,
            loss=f"{self.dialect}/{self.loss}",
            config=dict(layout.config),
            call=dict(layout.call),
            inputs=inputs,
            dtype=dtype,
            wrt=tuple(key for key in self.wrt if key in layout.shapes),
            seed=seed,
            quick=layout.quick and dtype in ("float32", "float16") and draw == next(iter(layout.draws or self.draws)),
            magnitude=self.magnitude.get(draw, 1.0),
        )


def signs(rng: Rng, shape: Shape) -> Array:
    """-1 and 1 at random."""
    return np.where(rng.uniform(size=shape) < 0.5, -1.0, 1.0)


def cycle(shape: Shape, values: Sequence[float]) -> Array:
    """`values` over and over in a shape."""
    return np.resize(np.asarray(values, dtype=np.float64), shape)


def like(values: Array, shape: Shape) -> Array:
    """The elements of `values`, in order, over and over in a shape."""
    return np.resize(values, shape)
