"""Robust losses of a residual: Barron's family, which has most of the others as members."""

from __future__ import annotations

import math

from polyloss.opset import OpSet, Tensor

_EDGE = 1e-17
"""A shape nearer to 0 than this, or its inverse to minus infinity, differs from the limit by less than float64 resolves."""


def barron(F: OpSet, x: Tensor, *, alpha: float) -> Tensor:
    """``(b / alpha) ((1 + x^2 / b)^(alpha / 2) - 1)`` with ``b = |alpha - 2|``; where that says nothing its limit. Gradient 0 at 0.

    The limits are ``x^2 / 2`` at 2, ``log(1 + x^2 / 2)`` at 0 and ``1 - e^(-x^2 / 2)`` at minus infinity.
    """
    if alpha == 2:
        return 0.5 * F.square(x)
    if alpha < -1 / _EDGE:
        return -_exp_less_one(F, -0.5 * F.square(x))
    if abs(alpha) < _EDGE:
        return _log_one_plus_square(F, F.abs(x) * math.sqrt(0.5))
    b = abs(alpha - 2)
    return b / alpha * _power_less_one(F, F.abs(x) * (1 / math.sqrt(b)), alpha=alpha)


def _power_less_one(F: OpSet, v: Tensor, *, alpha: float) -> Tensor:
    """``(1 + v^2)^(alpha / 2) - 1`` for v from 0 on, where neither the square overflows nor the difference cancels.

    Near 0, ``e^y - 1`` with ``y = log(1 + v^2) alpha / 2``. Far, where the exponential of a logarithm would lose digits,
    ``(1 + v^2)^(a / 2) = v^a (1 + t^2)^(a / 2) = t^-a (1 / (1 + t^2))^(-a / 2)`` with ``t = 1 / v``: one of them has exponents above 0.
    """
    y = 0.5 * alpha * _log_one_plus_square(F, v)
    far = F.clip(v, 1.0, float("inf"))
    more = 1 + F.square(1 / far)
    if alpha > 0:
        power = F.power(far, alpha) * F.power(more, alpha / 2)
    else:
        power = F.power(1 / far, -alpha) * F.power(1 / more, -alpha / 2)
    near = _exp_less_one(F, y)
    return F.where(v < 1, near, F.where(F.abs(y) < 1, near, power - 1))


def _log_one_plus_square(F: OpSet, v: Tensor) -> Tensor:
    """``log(1 + v^2)`` for v from 0 on; from 1 on as ``2 log v + log(1 + 1 / v^2)``, without overflow."""
    far = F.clip(v, 1.0, float("inf"))
    large = 2 * F.log(far) + F.log1p(F.square(1 / far))
    return F.where(v < 1, F.log1p(F.square(F.clip(v, 0.0, 1.0))), large)


def _exp_less_one(F: OpSet, y: Tensor) -> Tensor:
    """``e^y - 1``; between -1 and 1, where the difference cancels, by the series ``y (1 + y/2 (1 + y/3 (...)))``.

    Its 18 terms reach float64.
    """
    near = F.clip(y, -1.0, 1.0)
    return F.where(F.abs(y) < 1, near * exponential_slope(F, near, terms=18), F.exp(y) - 1)


def exponential_slope(F: OpSet, y: Tensor, *, terms: int) -> Tensor:
    """``(e^y - 1) / y = 1 + y/2 (1 + y/3 (...))`` near 0, up to so many factors, and 1 at 0."""
    nested = F.ones_like(y)
    for n in range(terms, 1, -1):
        nested = 1 + nested * y * (1 / n)
    return nested
