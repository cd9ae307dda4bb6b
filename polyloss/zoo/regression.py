"""Losses of a number predicted and a number seen."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import regression as formulas
from polyloss.opset import Tensor
from polyloss.zoo.base import item, opened, reduced, shape_of


def quantile(pred: Tensor, target: Tensor, *, q: float | tuple[float, ...] = 0.5, reduction: str = "mean") -> Tensor:
    r"""The pinball loss: its minimum is the `q`-quantile of the targets.

    .. math:: \ell = \operatorname{mean}_n\; q \max(e_n, 0) + (1 - q) \max(-e_n, 0), \quad e_n = y_n - x_n

    Use: predict a quantile, or with several an interval, in place of a mean: demand, latency, risk.

    Elsewhere: with ``e = x - y``, a common slip, it estimates the quantile 1 - q. At q = 1/2 it is half of the absolute error. Equal to
    ``sklearn.metrics.mean_pinball_loss(target, pred, alpha=q)``.

    Args:
        pred: any shape, any numbers. With several quantiles the last axis has one place for each.
        target: the shape of `pred`; with several quantiles that shape without the last axis, or with size 1 there.
        q: the quantile, in (0, 1), or a tuple of them.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The gradient at ``x = y`` is 0.

    Raises:
        ValueError: `q` is not inside (0, 1), the shapes do not fit, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Koenker and Bassett, Regression Quantiles, Econometrica 46(1), 1978.

    >>> import numpy as np
    >>> quantile(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), q=0.1, reduction="none")
    array([0.05, 0.  , 1.35, 0.2 ])
    """
    (F, (pred, target), dtype) = opened("quantile", pred=pred, target=target)
    for each in q if isinstance(q, tuple) else (q,):
        checks.inside("quantile", "q", each, 0.0, 1.0)
    if isinstance(q, tuple):
        (given, shape) = (shape_of(F, "quantile", "target", target), shape_of(F, "quantile", "pred", pred))
        checks.shaped(
            F, "quantile", "pred", pred, [(*shape[:-1], len(q))], "whose last axis has a place for each quantile"
        )
        checks.shaped(F, "quantile", "target", target, [shape[:-1], (*shape[:-1], 1)], "one number for all quantiles")
        if len(given) < len(shape):
            target = F.expand_dims(target, axis=-1)
    else:
        calls.same_shape(F, "quantile", "target", target, "pred", pred)
    return reduced(F, "quantile", formulas.pinball(F, pred, target, q=q), reduction, dtype)


Quantile = item(quantile)
