"""Robust losses of a residual, all members of one family: what an outlier may cost is bounded, or grows slowly."""

from __future__ import annotations

import math

from polyloss import checks
from polyloss.formulas import robust as formulas
from polyloss.opset import Tensor
from polyloss.zoo.base import alike, item, reduced


def _member(loss: str, pred: Tensor, target: Tensor, alpha: float, scale: float, reduction: str) -> Tensor:
    checks.inside(loss, "scale", scale, 0.0, math.inf)
    (F, (pred, target), dtype) = alike(loss, pred=pred, target=target)
    values = formulas.barron(F, (pred - target) * (1 / scale), alpha=alpha)
    return reduced(F, loss, values, reduction, dtype)


def charbonnier(pred: Tensor, target: Tensor, *, scale: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""The Charbonnier loss, or pseudo-Huber: half the square for small residuals, the absolute value for large ones.

    .. math:: \ell = \operatorname{mean}_n\; \sqrt{1 + u_n^2} - 1, \quad u_n = (x_n - y_n) / s

    Use: the absolute error, but smooth: restoring and enlarging images, optical flow.

    Elsewhere: super-resolution writes ``sqrt((x - y)^2 + e^2)`` with e = 1e-3: that is ``e (charbonnier(scale=e) + 1)``. Pseudo-Huber
    multiplies by the square of the scale. Here, as in Barron's family, curvature at 0 is ``1 / scale^2``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        scale: the residual from which on it counts as large, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere; the slope stays below ``1 / scale``.

    Raises:
        ValueError: `scale` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Charbonnier et al., Two Deterministic Half-Quadratic Regularization Algorithms for Computed Imaging, ICIP 1994.

    >>> import numpy as np
    >>> charbonnier(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="none").round(4)
    array([0.118 , 0.    , 0.8028, 1.2361])
    """
    return _member("charbonnier", pred, target, 1.0, scale, reduction)


def cauchy(pred: Tensor, target: Tensor, *, scale: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""The Cauchy loss, or Lorentzian: it grows like a logarithm.

    .. math:: \ell = \operatorname{mean}_n\; \log(1 + u_n^2 / 2), \quad u_n = (x_n - y_n) / s

    Use: outliers that are frequent and far off, as in tracking and in bundle adjustment; convex only near 0.

    Elsewhere: the likelihood of a Cauchy distribution, and the losses of SciPy and Ceres, have no 1/2 inside: ``log(1 + u^2)``, which is
    this one at ``scale / sqrt(2)``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        scale: the residual from which on it counts as large, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere; the slope goes to 0 far out.

    Raises:
        ValueError: `scale` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Black and Anandan, The Robust Estimation of Multiple Motions, CVIU 63(1), 1996 (Lorentzian).

    >>> import numpy as np
    >>> cauchy(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="none").round(4)
    array([0.1178, 0.    , 0.7538, 1.0986])
    """
    return _member("cauchy", pred, target, 0.0, scale, reduction)


def geman_mcclure(pred: Tensor, target: Tensor, *, scale: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""The Geman-McClure loss: bounded, so that an outlier costs the same however far it is.

    .. math:: \ell = \operatorname{mean}_n\; \frac{2 u_n^2}{u_n^2 + 4}, \quad u_n = (x_n - y_n) / s

    Use: matching and registration with gross errors, started near the solution: far out there is no gradient to speak of.

    Elsewhere: often ``u^2 / (u^2 + 1)``, which is half of this one at ``scale / 2``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        scale: the residual from which on it counts as large, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere, at most 2.

    Raises:
        ValueError: `scale` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Geman and McClure, Bayesian Image Analysis: an Application to Single Photon Emission Tomography, 1985.

    >>> import numpy as np
    >>> geman_mcclure(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="none").round(4)
    array([0.1176, 0.    , 0.72  , 1.    ])
    """
    return _member("geman_mcclure", pred, target, -2.0, scale, reduction)


def welsch(pred: Tensor, target: Tensor, *, scale: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""The Welsch loss, or Leclerc, or correntropy: bounded, and flat sooner than any other of the family.

    .. math:: \ell = \operatorname{mean}_n\; 1 - e^{-u_n^2 / 2}, \quad u_n = (x_n - y_n) / s

    Use: gross errors that should count for nothing at all; started near the solution.

    Elsewhere: often without the 1/2 in the exponent, or times ``scale^2 / 2``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        scale: the residual from which on it counts as large, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere, at most 1. Far out the gradient is 0.

    Raises:
        ValueError: `scale` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Dennis and Welsch, Techniques for Nonlinear Least Squares and Robust Regression, Communications in Statistics 7(4), 1978.

    >>> import numpy as np
    >>> welsch(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="none").round(4)
    array([0.1175, 0.    , 0.6753, 0.8647])
    """
    return _member("welsch", pred, target, -math.inf, scale, reduction)


def barron(pred: Tensor, target: Tensor, *, alpha: float = 1.0, scale: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""Barron's general and adaptive family: one number, `alpha`, from the squared error to the Welsch loss.

    .. math:: \ell = \operatorname{mean}_n\; \frac{|\alpha - 2|}{\alpha}
        \bigg(\Big(\frac{u_n^2}{|\alpha - 2|} + 1\Big)^{\alpha / 2} - 1\bigg), \quad u_n = (x_n - y_n) / s

    Use: to choose how robust a regression is by a number that can be searched for.

    Elsewhere: `alpha` 2 is half the squared error, 1 `charbonnier`, 0 `cauchy`, -2 `geman_mcclure`, minus infinity `welsch`. Written as
    printed it divides by 0 at 2 and 0, and loses all digits near these and for small residuals.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        alpha: the shape, a number or minus infinity; its limits at 2, 0 and minus infinity are taken.
        scale: the residual from which on it counts as large, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere; for `alpha` up to 1 the slope is bounded.

    Raises:
        ValueError: `alpha` is NaN or infinity, `scale` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Barron, A General and Adaptive Robust Loss Function, CVPR 2019.

    >>> import numpy as np
    >>> barron(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), alpha=-2.0, reduction="none").round(4)
    array([0.1176, 0.    , 0.72  , 1.    ])
    """
    checks.number("barron", "alpha", alpha)
    if not alpha < math.inf:
        raise ValueError(f"barron: alpha={alpha!r} is neither finite nor minus infinity")
    return _member("barron", pred, target, alpha, scale, reduction)


Barron = item(barron)
Cauchy = item(cauchy)
Charbonnier = item(charbonnier)
GemanMcClure = item(geman_mcclure, name="GemanMcClure")
Welsch = item(welsch)
