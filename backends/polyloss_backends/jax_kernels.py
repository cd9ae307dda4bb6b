"""What XLA's compiler for CPUs does slowly, put in a way in which it does it fast, with derivatives of every order and direction.

It vectorises neither sums nor maxima, but products with ones and the larger of two; so broadcasting is a product too, of which the gradient
is such a sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from polyloss.opset import Tensor

FEW = 1 << 12
"""Up to so many elements a reduction is best left to XLA."""
ROW = (64, 1024)
"""How many elements of a larger one are added up at a time."""


def on_cpu() -> bool:
    """Whether what is traced is for CPUs, unless the program says otherwise."""
    return bool(jax.default_backend() == "cpu")


@partial(jax.custom_jvp)
def absolute(data: Tensor) -> Tensor:
    """``|x|`` with slope 0 at 0, where that of jnp.abs is 1; ``x sign(x)`` takes three times as long forward."""
    return jnp.abs(data)


absolute.defjvps(lambda tangent, value, data: tangent * jnp.sign(data))


@partial(jax.custom_jvp)
def log1p(data: Tensor) -> Tensor:
    """``log(1 + x)`` of float32, within 1.8 ULP: the logarithm of the rounded sum, and what rounding has taken away.

    XLA's own computes two approximations, of which it chooses one, and takes four times as long.
    """
    rounded = 1 + data
    # What a sum from 2 on has lost does not count. |.| keeps the compiler from simplifying (1 + x) - 1.
    return jnp.log(rounded) + jnp.where(rounded < 2, (data - (abs(rounded) - 1)) * (2 - rounded), 0)


log1p.defjvps(lambda tangent, value, data: tangent / (1 + data))


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def picked(data: Tensor, place: Tensor, axis: int) -> Tensor:
    """The elements at `place`, which has size 1 along `axis` and is in range."""
    return jnp.take_along_axis(data, place, axis, mode="clip")


def _picked_slope(axis: int, primals: tuple[Tensor, Tensor], tangents: Any) -> tuple[Tensor, Tensor]:
    """Transposed it compares, which XLA fuses with the rest of a gradient, where that of a gather writes into an array of zeros."""
    (data, place) = primals
    chosen = jax.lax.broadcasted_iota(place.dtype, data.shape, axis) == place
    return picked(data, place, axis), jnp.where(chosen, tangents[0], 0).sum(axis, keepdims=True)


picked.defjvp(_picked_slope)


def row_size(data: Tensor, axes: Sequence[int]) -> int:
    """Of how many elements the rows are into which `data` is cut along the last `axes`, all of them, to be added up; 0: it is not."""
    kept = data.ndim - len(axes)
    if data.size <= FEW or data.dtype not in (jnp.float32, jnp.float64) or tuple(axes) != tuple(range(kept, data.ndim)):
        return 0
    if not on_cpu():
        return 0
    width = math.prod(data.shape[kept:])
    return next((row for row in range(min(ROW[1], width), ROW[0] - 1, -1) if width % row == 0), 0)


def total(data: Tensor, axes: Sequence[int], keepdims: bool) -> Tensor:
    """The sum over `axes`."""
    row = row_size(data, axes)
    if not row:
        return data.sum(axes, dtype=data.dtype, keepdims=keepdims)
    outer = data.shape[: data.ndim - len(axes)]
    parts = jnp.dot(data.reshape(*outer, -1, row), jnp.ones(row, data.dtype), precision=jax.lax.Precision.HIGHEST)
    found = total(parts, (parts.ndim - 1,), False)
    return found.reshape(outer + (1,) * len(axes)) if keepdims else found


def total_of_powers(data: Tensor, top: Tensor, axes: Sequence[int]) -> Tensor:
    """``sum_j e^(x_j - top)`` over `axes`, which keep size 1, as they have it in `top`."""
    row = row_size(data, axes)
    if len(axes) > 1 or row in (0, data.shape[-1]) or not row & (row - 1):
        return total(jnp.exp(data - top), axes, True)
    return _total_of_cut_powers(data, top, row)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _total_of_cut_powers(data: Tensor, top: Tensor, row: int) -> Tensor:
    """Cut before they are shifted: where that comes last, the compiler makes of both a loop that takes five times as long."""
    rows = data.reshape(*data.shape[:-1], -1, row)
    return total(jnp.exp(rows - top[..., None]), (rows.ndim - 2, rows.ndim - 1), True).squeeze(-1)


def _slope_of_cut_powers(row: int, primals: tuple[Tensor, Tensor], tangents: Any) -> tuple[Tensor, Tensor]:
    """Not cut, so that it is fused with the rest of the gradient."""
    (data, top) = primals
    slope = jnp.exp(data - top) * (tangents[0] - tangents[1])
    return _total_of_cut_powers(data, top, row), total(slope, (data.ndim - 1,), True)


_total_of_cut_powers.defjvp(_slope_of_cut_powers)


@partial(jax.custom_jvp)
def largest(data: Tensor) -> Tensor:
    """The maximum along the last axis, of size 1 then; elements that tie share the gradient."""
    for _ in range(3):
        size = data.shape[-1]
        half = (size + 1) // 2
        data = jnp.maximum(data[..., :half], data[..., size - half :])
    return data.max(-1, keepdims=True)


def _largest_slope(primals: tuple[Tensor], tangents: tuple[Tensor]) -> tuple[Tensor, Tensor]:
    (data,) = primals
    top = largest(data)
    chosen = data == top
    (slope, count) = (
        total(one, (data.ndim - 1,), True) for one in (jnp.where(chosen, tangents[0], 0), chosen.astype(data.dtype))
    )
    return top, slope / count


largest.defjvp(_largest_slope)


def spread(data: Tensor, like: Tensor) -> Tensor:
    """`data` repeated along the last axis in the size of `like`, if that pays and it has size 1 there, else as it is."""
    if data.ndim != like.ndim or data.shape[-1:] != (1,):
        return data
    row = row_size(like, (like.ndim - 1,))
    if not row:
        return data
    size = like.shape[-1]
    parts = jnp.broadcast_to(data[..., None], (*data.shape[:-1], size // row, 1))
    rows = jnp.dot(parts, jnp.ones((1, row), data.dtype), precision=jax.lax.Precision.HIGHEST)
    return rows.reshape(*data.shape[:-1], size)
