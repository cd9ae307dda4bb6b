"""Losses of what is preferred to what: scores, or log probabilities of whole answers, elementwise."""

from __future__ import annotations

from polyloss.formulas.robust import exponential_slope
from polyloss.opset import OpSet, Tensor

_NEAR = 0.5
"""Up to here, ``e^x - 1`` is a series."""


def preferred(F: OpSet, margin: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """``-(1 - e) log s(margin) - e log s(-margin)`` with the logistic s and e = `smoothing`."""
    loss = F.softrelu(-margin)
    return (1 - smoothing) * loss + smoothing * F.softrelu(margin) if smoothing else loss


def identity_preference(F: OpSet, margin: Tensor, *, beta: float) -> Tensor:
    """``(margin - 1 / (2 beta))^2``."""
    return F.square(margin - 0.5 / beta)


def log_one_less(F: OpSet, log_p: Tensor) -> Tensor:
    """``log(1 - p)`` of ``log p``, at most 0; minus infinity at 0.

    Near 0, ``1 - e^x = -x (1 + x/2 (1 + x/3 (1 + ...)))``, of which 15 factors reach float64; further off, ``log1p(-e^x)``.
    """
    near = F.clip(log_p, -_NEAR, 0.0)
    far = F.log1p(-F.exp(F.clip(log_p, float("-inf"), -_NEAR)))
    return F.where(log_p < -_NEAR, far, F.log(-near * exponential_slope(F, near, terms=15)))


def odds_ratio_preference(F: OpSet, chosen: Tensor, rejected: Tensor, *, beta: float) -> Tensor:
    """``-log p - beta log s(r)``, with r the logarithm of the ratio of the odds ``p / (1 - p)`` of the chosen and the rejected."""
    ratio = (chosen - rejected) - (log_one_less(F, chosen) - log_one_less(F, rejected))
    return beta * F.softrelu(-ratio) - chosen


def prospect(F: OpSet, gain: Tensor, desirable: Tensor, *, weight: float, other_weight: float) -> Tensor:
    """``weight s(-gain)`` where `desirable` is 1 and ``other_weight s(gain)`` where it is 0, with the logistic s."""
    return weight * desirable * F.sigmoid(-gain) + other_weight * (1.0 - desirable) * F.sigmoid(gain)
