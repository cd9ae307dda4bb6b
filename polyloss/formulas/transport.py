"""Costs of moving one distribution onto another."""

from __future__ import annotations

from typing import NamedTuple

from polyloss.formulas.masked import masked_logsumexp, pairwise_squared_distance
from polyloss.opset import LOG_ZERO, OpSet, Tensor


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


def sinkhorn_divergence(
    F: OpSet,
    x: Tensor,
    y: Tensor,
    x_mass: Tensor,
    y_mass: Tensor,
    *,
    epsilon: float,
    half: bool,
    sharp: bool,
    debias: bool,
    iterations: int,
) -> Tensor:
    """``W(x, y) - W(x, x) / 2 - W(y, y) / 2`` of sets (B, N, D) and (B, M, D) with masses, shape (B,), or the first term alone.

    W is the cost of a plan that pays `epsilon` for each unit of its divergence from the product of the masses, or with `sharp` what the
    same plan costs without that. What has no mass counts for nothing, NaN included; where one side has none, all is 0.
    """
    of_x, of_y = (_cloud(F, *each) for each in ((x, x_mass), (y, y_mass)))
    scale = 0.5 if half else 1.0

    def cost(one: _Cloud, other: _Cloud) -> Tensor:
        gaps = scale * pairwise_squared_distance(F, one.points, other.points)
        return _entropic_cost(F, gaps, one, other, epsilon=epsilon, sharp=sharp, iterations=iterations)

    total = cost(of_x, of_y)
    if debias:
        total = total - 0.5 * (cost(of_x, of_x) + cost(of_y, of_y))
    mass = [F.sum(each.share, axis=1) for each in (of_x, of_y)]
    return F.where(F.broadcast_minimum(*mass) > 0, total, 0.0)


class _Cloud(NamedTuple):
    points: Tensor
    share: Tensor
    """Of the mass, (B, N)."""
    there: Tensor
    """Where it is above 0."""
    log_share: Tensor


def _cloud(F: OpSet, points: Tensor, mass: Tensor) -> _Cloud:
    there = mass > 0
    points = F.where(F.expand_dims(there, axis=2), points, 0.0)
    mass = F.where(there, mass, 0.0)
    total = F.sum(mass, axis=1, keepdims=True)
    share = F.broadcast_div(mass, F.where(total > 0, total, 1.0))
    return _Cloud(points, share, there, F.log(F.where(there, share, 1.0)))


def _entropic_cost(
    F: OpSet, cost: Tensor, x: _Cloud, y: _Cloud, *, epsilon: float, sharp: bool, iterations: int
) -> Tensor:
    """The least of ``<P, C> + epsilon KL(P | a b)`` over plans P with the masses a and b, or its ``<P, C>``, shape (B,).

    Its dual, ``<a, f> + <b, g>`` with ``g_j = -epsilon log sum_i a_i e^((f_i - C_ij) / epsilon)``, is concave in f and flat at its best, so
    that its gradient needs no slope of f, which is a constant. Of one set with itself every step goes half way: the step of a map that
    swings to and fro becomes one whose error is about halved each time.
    """

    def towards_y(f: Tensor, cost: Tensor, log_share: Tensor) -> Tensor:
        scores = F.broadcast_sub(F.expand_dims(log_share + f / epsilon, axis=2), cost / epsilon)
        return -epsilon * masked_logsumexp(F, scores, F.expand_dims(x.there, axis=2), axis=1)

    def towards_x(g: Tensor) -> Tensor:
        scores = F.broadcast_sub(F.expand_dims(fixed_y + g / epsilon, axis=1), fixed / epsilon)
        return -epsilon * masked_logsumexp(F, scores, F.expand_dims(y.there, axis=1), axis=2)

    (fixed, fixed_x, fixed_y) = (F.stop_gradient(each) for each in (cost, x.log_share, y.log_share))

    def improved(_: Tensor, f: Tensor) -> Tensor:
        g = towards_y(f, fixed, fixed_x)
        return 0.5 * (f + g) if x is y else towards_x(g)

    f = F.zeros_like(fixed_x)
    f = F.scan(improved, F.stack(*[f] * iterations, axis=0), f)
    if not sharp:
        return F.sum(x.share * f, axis=1) + F.sum(y.share * towards_y(f, cost, x.log_share), axis=1)
    (of_x, of_y) = (fixed_x + f / epsilon, fixed_y + towards_y(f, fixed, fixed_x) / epsilon)
    scores = F.broadcast_add(F.expand_dims(of_x, axis=2), F.expand_dims(of_y, axis=1)) - fixed / epsilon
    of_both = F.where(
        F.expand_dims(x.there, axis=2), F.where(F.expand_dims(y.there, axis=1), scores, LOG_ZERO), LOG_ZERO
    )
    return F.sum(F.exp(of_both) * cost, axis=(1, 2))
