"""The Frechet distance between two normal distributions, from samples or from moments, and the moments of samples."""

from __future__ import annotations

import math
from typing import TypeAlias

from polyloss.opset import OpSet, Tensor

Moments: TypeAlias = tuple[Tensor, Tensor, Tensor]


def of_samples(F: OpSet, x: Tensor, y: Tensor) -> Tensor:
    """``|m_x - m_y|^2 + tr(S + T - 2 (S T)^(1/2))`` of the means and (unbiased) covariances of the rows of x (N, D) and y (M, D).

    With ``S = A^T A`` and ``T = B^T B``, A and B centred rows over ``sqrt(n - 1)``, the eigenvalues of S T are those of
    ``(A B^T) (A B^T)^T``: the trace of its root is the nuclear norm of ``A B^T``, and nothing is squared.
    """
    (x_mean, a) = _centred(F, x)
    (y_mean, b) = _centred(F, y)
    spread = F.sum(F.square(a)) + F.sum(F.square(b))
    return _distance(F, x_mean - y_mean, spread, F.dot(a, b, transpose_b=True))


def of_moments(F: OpSet, x_mean: Tensor, x_covariance: Tensor, y_mean: Tensor, y_covariance: Tensor) -> Tensor:
    """The same of means (D,) and covariances (D, D): with ``S = L L^T`` and ``T = M M^T`` the nuclear norm is that of ``L^T M``."""
    (left, right) = (factor(F, each) for each in (x_covariance, y_covariance))
    unit = F.eye_like(x_covariance)
    # NaN, too, where an element is not finite, which the factors hide.
    trace = F.sum(F.broadcast_mul(x_covariance, unit)) + F.sum(F.broadcast_mul(y_covariance, unit))
    return _distance(F, x_mean - y_mean, trace, F.dot(left, right, transpose_a=True))


def factor(F: OpSet, covariance: Tensor) -> Tensor:
    """L, lower triangular, with ``L L^T`` the given matrix, which is symmetric and has no eigenvalue below 0: Cholesky, column by column.

    A pivot below rounding (D eps times the largest) has a column of zeros: the matrix is singular, and what is left is noise.
    """
    unit = F.eye_like(covariance)
    eps = 2.0**-52 if F.dtype(covariance) == "float64" else 2.0**-23
    least = F.max(F.broadcast_mul(covariance, unit)) * F.sum(unit) * eps

    def at(state: Tensor, i: int) -> Tensor:
        return F.sum(F.slice_axis(state, axis=0, begin=i, end=i + 1), axis=0)

    def eliminate(place: Tensor, state: Tensor) -> Tensor:
        """Column `place`, a row of the identity, goes from what is left of the matrix into the factor; `state` holds both."""
        column = F.dot(at(state, 0), F.expand_dims(place, axis=1))
        pivot = F.sum(column * F.expand_dims(place, axis=1), axis=0, keepdims=True)
        large = F.broadcast_greater(pivot, least)
        column = F.broadcast_mul(column, F.where(large, F.rsqrt(F.where(large, pivot, 1.0)), 0.0))
        taken = F.dot(column, column, transpose_b=True)
        return state + F.stack(-taken, F.dot(column, F.expand_dims(place, axis=0)), axis=0)

    return at(F.scan(eliminate, unit, F.stack(covariance, F.zeros_like(covariance), axis=0)), 1)


def moments(F: OpSet, x: Tensor) -> Moments:
    """How many rows x (N, D) has (1,), their mean (D,), and the sum of the outer products of what is left of them (D, D)."""
    count = F.sum(F.ones_like(F.slice_axis(x, axis=1, begin=0, end=1)), axis=0)
    mean = F.broadcast_div(F.sum(x, axis=0), F.where(count > 0, count, 1.0))
    rest = F.broadcast_sub(x, F.expand_dims(mean, axis=0))
    return count, mean, F.dot(rest, rest, transpose_a=True)


def merged(F: OpSet, x: Moments, y: Moments) -> Moments:
    """The moments of the rows of both: ``m = m_x + d n_y / n`` and ``S = S_x + S_y + d d^T n_x n_y / n`` with ``d = m_y - m_x``."""
    ((x_count, x_mean, x_scatter), (y_count, y_mean, y_scatter)) = (x, y)
    count = x_count + y_count
    share = y_count / F.where(count > 0, count, 1.0)
    gap = F.expand_dims(y_mean - x_mean, axis=0)
    between = F.broadcast_mul(F.dot(gap, gap, transpose_a=True), x_count * share)
    return count, x_mean + F.sum(F.broadcast_mul(gap, share), axis=0), x_scatter + y_scatter + between


def _centred(F: OpSet, x: Tensor) -> tuple[Tensor, Tensor]:
    mean = F.mean(x, axis=0)
    (rest, count) = (F.broadcast_sub(x, F.expand_dims(mean, axis=0)), F.size(x, axis=0))
    if isinstance(count, int):
        return mean, rest / math.sqrt(count - 1)
    return mean, F.broadcast_div(rest, F.sqrt(count - 1.0))


def _distance(F: OpSet, gap: Tensor, spread: Tensor, product: Tensor) -> Tensor:
    return F.relu(F.sum(F.square(gap)) + spread - 2.0 * F.nuclear_norm(product))
