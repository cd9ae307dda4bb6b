"""Softmax of cosines in which the right class is made harder by a margin on its angle."""

from __future__ import annotations

import math
from collections.abc import Callable

from polyloss.formulas.embedding import direction
from polyloss.opset import OpSet, Tensor

Angle = Callable[[Tensor, Tensor], Tensor]
"""From the cosine and the sine of the angle with the own class to what takes the place of the cosine."""


def cosine_cross_entropy(
    F: OpSet,
    x: Tensor,
    weight: Tensor,
    label: Tensor,
    harder: Angle,
    *,
    scale: float | Tensor,
) -> Tensor:
    """``-log softmax(scale l)_y`` per row of `x`, where ``l_j = cos(x, w_j)``, but ``l_y = harder(cos, sin)``.

    The sine is ``|x - cos w|`` of unit vectors: beside it, ``sqrt(1 - cos^2)`` loses half of the digits at small angles. It is 0 for a
    zero vector.
    """
    (x, classes) = (direction(F, one, axis=-1) for one in (x, weight))
    own = F.take(classes, label)
    cos = F.sum(x * own, axis=-1, keepdims=True)
    sin = F.norm(x - F.broadcast_mul(cos, own), axis=-1, keepdims=True)
    cosines = F.dot(x, classes, transpose_b=True)
    here = F.broadcast_equal(F.expand_dims(label, axis=-1), F.arange_like(cosines, axis=1))
    logits = F.where(here, harder(cos, sin), cosines)
    logits = scale * logits if isinstance(scale, (int, float)) else F.broadcast_mul(scale, logits)
    return F.softmax_cross_entropy(logits, label)


def added_angle(F: OpSet, cos: Tensor, sin: Tensor, *, margin: float, monotone: bool) -> Tensor:
    """``cos(angle + margin) = cos cos m - sin sin m``; if `monotone`, ``cos - m sin m`` from the angle ``pi - m`` on."""
    moved = cos * math.cos(margin) - sin * math.sin(margin)
    return F.where(cos > -math.cos(margin), moved, cos - margin * math.sin(margin)) if monotone else moved


def multiplied_angle(F: OpSet, cos: Tensor, *, margin: int) -> Tensor:
    """``(-1)^k cos(m angle) - 2 k`` with ``k = floor(m angle / pi)``, which falls from 1 to ``1 - 2 m``.

    ``cos(m angle) = T_m(cos)`` by Chebyshev's recurrence ``T_(j+1) = 2 c T_j - T_(j-1)``, and k counts the j with ``c < cos(j pi / m)``.
    """
    (before, multiple) = (F.ones_like(cos), cos)
    for _ in range(margin - 1):
        (before, multiple) = (multiple, 2.0 * cos * multiple - before)
    curve = multiple
    for k in range(1, margin):
        curve = F.where(cos < math.cos(k * math.pi / margin), (-1) ** k * multiple - 2.0 * k, curve)
    return curve
