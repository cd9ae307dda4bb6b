"""Costs of moving one distribution onto another."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def wasserstein_1d(F: OpSet, x: Tensor, y: Tensor, *, p: float) -> Tensor:
    """``mean_i |x_(i) - y_(i)|^p`` of as many samples x as y along the last axis, in order."""
    return F.mean(_cost(F, F.sort(x, axis=-1) - F.sort(y, axis=-1), p), axis=-1)


def wasserstein_1d_of_masses(F: OpSet, x: Tensor, y: Tensor, x_mass: Tensor, y_mass: Tensor, *, p: float) -> Tensor:
    """``integral_0^1 |X(t) - Y(t)|^p dt`` of the quantile functions of samples with masses, along the last axis; 0 without any mass.

    Both are constant between the levels that the running masses reach. Up to the k-th of all levels in order, x has the quantile that
    comes after as many places as x has levels before the k-th.
    """
    (x, x_level, x_total) = _ordered(F, x, x_mass)
    (y, y_level, y_total) = _ordered(F, y, y_mass)
    levels = F.concat(x_level, y_level, dim=-1)
    of_x = F.stop_gradient(F.concat(F.ones_like(x_level), F.zeros_like(y_level), dim=-1))
    order = F.argsort(levels, axis=-1)
    (levels, of_x) = (F.gather_along(each, order, axis=-1) for each in (levels, of_x))
    first = F.zeros_like(F.slice_axis(levels, axis=-1, begin=0, end=1))
    widths = levels - F.slice_axis(F.concat(first, levels, dim=-1), axis=-1, begin=0, end=-1)
    (x_place, y_place) = (F.cumsum(each, axis=-1) - each for each in (of_x, 1.0 - of_x))
    gaps = F.gather_along(x, x_place, axis=-1) - F.gather_along(y, y_place, axis=-1)
    there = F.where(x_total > 0, y_total, 0.0) > 0
    return F.sum(F.where(there, widths * _cost(F, gaps, p), 0.0), axis=-1)


def root(F: OpSet, value: Tensor, *, p: float) -> Tensor:
    """``v^(1/p)``; gradient 0 at 0."""
    there = value > 0
    return value if p == 1 else F.where(there, F.power(F.where(there, value, 1.0), 1.0 / p), value)


def _cost(F: OpSet, gap: Tensor, p: float) -> Tensor:
    if p == 2:
        return F.square(gap)
    return F.abs(gap) if p == 1 else F.power(F.abs(gap), p)


def _ordered(F: OpSet, x: Tensor, mass: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The samples in order, the share of the mass up to each, and the mass. What has none counts for nothing, NaN included."""
    there = mass > 0
    (x, mass) = (F.where(there, each, 0.0) for each in (x, mass))
    total = F.sum(mass, axis=-1, keepdims=True)
    order = F.argsort(x, axis=-1)
    (x, mass) = (F.gather_along(each, order, axis=-1) for each in (x, mass))
    return x, F.broadcast_div(F.cumsum(mass, axis=-1), F.where(total > 0, total, 1.0)), total
