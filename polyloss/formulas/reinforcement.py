"""Errors of predicted returns against bootstrapped targets. Targets are constants for the gradient (a semi-gradient)."""

from __future__ import annotations

from polyloss.formulas.regression import huber_over_rho
from polyloss.opset import OpSet, Tensor


def temporal_error(F: OpSet, value: Tensor, reward: Tensor, discount: Tensor, following: Tensor) -> Tensor:
    """``r + g v' - v``, elementwise; only `value` has a gradient."""
    return F.stop_gradient(reward + discount * following) - value


def error_loss(F: OpSet, error: Tensor, *, kind: str, delta: float) -> Tensor:
    """``e^2 / 2`` (``squared``), Huber's function of threshold `delta` (``huber``), or the error as it is (``error``)."""
    if kind == "error":
        return error
    if kind == "squared":
        return 0.5 * F.square(error)
    return delta * huber_over_rho(F, F.zeros_like(error), error, rho=delta)


def from_behind(F: OpSet, term: Tensor, factor: Tensor, last: Tensor, *, steps: int) -> Tensor:
    """``G_t = a_t + f_t G_(t+1)`` along the last axis, of `steps` places, with `last` for the G after the last."""

    def at(data: Tensor, t: int) -> Tensor:
        return F.slice_axis(data, axis=-1, begin=t, end=t + 1)

    found: list[Tensor] = []
    for t in reversed(range(steps)):
        last = at(term, t) + at(factor, t) * last
        found.insert(0, last)
    return F.concat(*found, dim=-1)


def lambda_returns(
    F: OpSet, reward: Tensor, discount: Tensor, following: Tensor, *, weight: float, steps: int
) -> Tensor:
    """``G_t = r_t + g_t ((1 - w) v'_t + w G_(t+1))``, with the last ``v'`` for the G after the last; a constant."""
    term = F.stop_gradient(reward + (1.0 - weight) * discount * following)
    last = F.slice_axis(F.stop_gradient(following), axis=-1, begin=steps - 1, end=steps)
    return from_behind(F, term, weight * F.stop_gradient(discount), last, steps=steps)


def advantages(
    F: OpSet, value: Tensor, reward: Tensor, discount: Tensor, following: Tensor, *, weight: float, steps: int
) -> Tensor:
    """``A_t = d_t + w g_t A_(t+1)`` of the errors ``d_t = r_t + g_t v'_t - v_t``, with 0 after the last; a constant."""
    errors = F.stop_gradient(temporal_error(F, value, reward, discount, following))
    last = F.zeros_like(F.slice_axis(errors, axis=-1, begin=0, end=1))
    return from_behind(F, errors, weight * F.stop_gradient(discount), last, steps=steps)


def of_best(F: OpSet, q: Tensor, selector: Tensor) -> Tensor:
    """The value of `q` at the first place of the largest of `selector`, along the last axis."""
    best = F.slice_axis(F.argsort(F.stop_gradient(selector), axis=-1, is_ascend=False), axis=-1, begin=0, end=1)
    return F.sum(F.gather_along(q, best, axis=-1), axis=-1)
