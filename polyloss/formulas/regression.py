"""Losses on the difference of a prediction and a real-valued target, elementwise; equal shapes."""

from __future__ import annotations

import math

from polyloss.opset import OpSet, Tensor


def squared_error(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``(label - pred)^2``."""
    return F.squared_error(label, pred)


def absolute_error(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``|label - pred|``; gradient 0 where they are equal."""
    return F.abs(label - pred)


def huber_over_rho(F: OpSet, pred: Tensor, label: Tensor, *, rho: float) -> Tensor:
    """Huber's function divided by its threshold: ``e^2 / (2 rho)`` where ``e = |label - pred| < rho``, else ``e - rho / 2``.

    MXNet's `smooth_l1` has its threshold at ``1 / s^2``, hence ``s = rho^(-1/2)``.
    """
    return F.smooth_l1(label - pred, scalar=1 / math.sqrt(rho))


def huber(F: OpSet, pred: Tensor, label: Tensor, *, delta: float) -> Tensor:
    """``e^2 / 2`` where ``e = |label - pred| < delta``, else ``delta (e - delta / 2)``."""
    return huber_over_rho(F, pred, label, rho=delta) * delta


def poisson_nll(
    F: OpSet, pred: Tensor, target: Tensor, *, from_logits: bool, compute_full: bool, epsilon: float
) -> Tensor:
    """``rate - target log rate``, with ``rate = e^pred`` or, not `from_logits`, ``rate = pred`` and ``log(pred + epsilon)``.

    `compute_full` adds Stirling's ``t log t - t + log(2 pi t) / 2`` for targets t above 1, in place of ``log t!``.
    """
    if from_logits:
        loss = F.exp(pred) - target * pred
    else:
        loss = pred - target * F.log(pred + epsilon)
    if compute_full:
        large = F.where(target > 1, target, 1.0)  # log(0) would turn the gradient into NaN even where it is not chosen
        stirling = large * F.log(large) - large + 0.5 * F.log(2 * math.pi * large)
        loss = loss + F.where(target > 1, stirling, 0.0)
    return loss


def gaussian_nll(
    F: OpSet, mean: Tensor, target: Tensor, variance: Tensor, *, full: bool, epsilon: float, beta: float = 0.0
) -> Tensor:
    """``(log v + (mean - target)^2 / v) / 2`` with v the variance, at least `epsilon`; `full` adds ``log(2 pi) / 2``.

    All of it times ``v^beta``, which is a constant for the gradient. The gradient does not see the bound either: it is that of the formula
    at v, also where v is `epsilon` in place of the variance.
    """
    fixed = F.stop_gradient(variance)
    # epsilon with the gradient of the variance; added as a number, TensorFlow would join it to the constant first
    raised = F.clip(fixed, epsilon, float("inf")) + (variance - fixed)
    variance = F.where(variance < epsilon, raised, variance)
    loss = 0.5 * (F.log(variance) + F.squared_error(mean, target) / variance)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return loss * F.power(F.stop_gradient(variance), beta) if beta else loss


def relative_error(F: OpSet, pred: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``|label - pred| / max(|label|, epsilon)``; gradient 0 where they are equal."""
    return F.abs((label - pred) / F.clip(F.abs(label), epsilon, float("inf")))


def squared_log_error(F: OpSet, pred: Tensor, label: Tensor, *, epsilon: float) -> Tensor:
    """``(log(1 + pred) - log(1 + label))^2``, where both are at least `epsilon`; below it the gradient is 0."""
    (given, wanted) = (F.log1p(F.clip(one, epsilon, float("inf"))) for one in (pred, label))
    return F.squared_error(given, wanted)


def log_cosh(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
    """``log cosh(pred - label)``, without overflow and without cancelling."""
    return F.log_cosh(pred - label)


def pinball(
    F: OpSet, pred: Tensor, target: Tensor, *, q: float | tuple[float, ...], kappa: float | None = None
) -> Tensor:
    """``q h(max(e, 0)) + (1 - q) h(max(-e, 0))`` with ``e = target - pred``; gradient 0 where they are equal.

    ``h(e) = e``, or with `kappa` Huber's function over its threshold, `huber_over_rho`. With several q, one for each place of the last
    axis of `pred`, to which `target` broadcasts.
    """
    e = F.broadcast_sub(target, pred)
    (over, under) = (F.relu(e), F.relu(-e))
    if kappa is not None:
        (over, under) = (F.smooth_l1(one, scalar=1 / math.sqrt(kappa)) for one in (over, under))
    if not isinstance(q, tuple):
        return q * over + (1 - q) * under
    parts = [[F.slice_axis(one, axis=-1, begin=i, end=i + 1) for one in (over, under)] for i in range(len(q))]
    return F.concat(*(each * part[0] + (1 - each) * part[1] for each, part in zip(q, parts, strict=True)), dim=-1)
