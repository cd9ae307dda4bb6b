"""Losses of a number predicted and a number seen."""

from __future__ import annotations

import math

from polyloss import calls, checks
from polyloss.formulas import regression as formulas
from polyloss.opset import Tensor
from polyloss.zoo.base import alike, divided, item, opened, reduced, shape_of


def quantile(
    pred: Tensor,
    target: Tensor,
    *,
    q: float | tuple[float, ...] = 0.5,
    kappa: float | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""The pinball loss: its minimum is the `q`-quantile of the targets.

    .. math:: \ell = \operatorname{mean}_n\; q\, h(\max(e_n, 0)) + (1 - q)\, h(\max(-e_n, 0)), \quad e_n = y_n - x_n

    with :math:`h(e) = e`, or with `kappa` Huber's function divided by its threshold, which makes it smooth at 0 (quantile Huber).

    Use: predict a quantile, or with several an interval, in place of a mean: demand, latency, risk.

    Elsewhere: with ``e = x - y``, a common slip, it estimates the quantile 1 - q. At q = 1/2 it is half of the absolute error. Equal to
    ``sklearn.metrics.mean_pinball_loss(target, pred, alpha=q)``. Implementations of quantile regression for values of actions (QR-DQN) add
    up over the quantiles and average over the targets; some leave out the division by `kappa`.

    Args:
        pred: any shape, any numbers. With several quantiles the last axis has one place for each.
        target: the shape of `pred`; with several quantiles that shape without the last axis, or with size 1 there.
        q: the quantile, in (0, 1), or a tuple of them.
        kappa: the threshold of Huber's function, above 0; None for the pinball loss itself.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The gradient at ``x = y`` is 0.

    Raises:
        ValueError: `q` is not inside (0, 1), `kappa` not above 0 and finite, the shapes do not fit, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Koenker and Bassett, Regression Quantiles, Econometrica 46(1), 1978; with `kappa` Dabney et al., Distributional Reinforcement
    Learning with Quantile Regression, AAAI 2018, eq. 10.

    >>> import numpy as np
    >>> quantile(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), q=0.1, reduction="none")
    array([0.05, 0.  , 1.35, 0.2 ])
    """
    (F, (pred, target), dtype) = opened("quantile", pred=pred, target=target)
    for each in q if isinstance(q, tuple) else (q,):
        checks.inside("quantile", "q", each, 0.0, 1.0)
    if kappa is not None:
        checks.inside("quantile", "kappa", kappa, 0.0, math.inf)
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
    return reduced(F, "quantile", formulas.pinball(F, pred, target, q=q, kappa=kappa), reduction, dtype)


def l1(pred: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""The absolute error.

    .. math:: \ell = \operatorname{mean}_n\; |x_n - y_n|

    Use: regression that is to estimate the median, or that a few wild targets should not pull far.

    Elsewhere: the list that the zoo follows prints the sum and calls it MAE: ``reduction="sum"``. Gluon's `L1Loss` averages per sample.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The gradient at ``x = y`` is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Laplace, Memoire sur la probabilite des causes par les evenemens, 1774: least absolute deviations.

    >>> import numpy as np
    >>> print(l1(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="sum"))
    4.0
    """
    (F, (pred, target), dtype) = alike("l1", pred=pred, target=target)
    return reduced(F, "l1", formulas.absolute_error(F, pred, target), reduction, dtype)


def l2(pred: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""The squared error.

    .. math:: \ell = \operatorname{mean}_n\; (x_n - y_n)^2

    Use: regression that is to estimate the mean.

    Elsewhere: not the L2 norm, which is the root of the sum. Gluon's `L2Loss` and ``tf.nn.l2_loss`` have a factor 1/2. The list that the
    zoo follows prints the sum and calls it MAE: ``reduction="sum"``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Smooth everywhere.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Legendre, Nouvelles methodes pour la determination des orbites des cometes, 1805: least squares.

    >>> import numpy as np
    >>> print(l2(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0])))
    1.625
    """
    (F, (pred, target), dtype) = alike("l2", pred=pred, target=target)
    return reduced(F, "l2", formulas.squared_error(F, pred, target), reduction, dtype)


def huber(pred: Tensor, target: Tensor, *, delta: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""Huber's function: quadratic up to `delta`, linear beyond.

    .. math:: \ell = \operatorname{mean}_n\; m_n (|e_n| - m_n / 2), \quad e_n = x_n - y_n,\ m_n = \min(|e_n|, \delta)

    Use: regression whose targets hold outliers, where the absolute error would be too flat to settle: boxes, values of states.

    Elsewhere: ``torch.nn.HuberLoss(delta=d)`` and ``keras.losses.Huber(d)`` are this one; ``torch.nn.SmoothL1Loss(beta=d)`` and Gluon's
    `HuberLoss(rho=d)` are this one divided by d. The list that the zoo follows adds up: ``reduction="sum"``.

    Args:
        pred: any shape, any numbers.
        target: the shape of `pred`.
        delta: where the line begins, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The slope has no jump, and never exceeds `delta`.

    Raises:
        ValueError: `delta` is not above 0 and finite, the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35(1), 1964.

    >>> import numpy as np
    >>> huber(np.array([0.0, 1.0, 2.5, -1.0]), np.array([0.5, 1.0, 1.0, 1.0]), reduction="none")
    array([0.125, 0.   , 1.   , 1.5  ])
    """
    checks.inside("huber", "delta", delta, 0.0, math.inf)
    (F, (pred, target), dtype) = alike("huber", pred=pred, target=target)
    return reduced(F, "huber", delta * formulas.huber_over_rho(F, pred, target, rho=delta), reduction, dtype)


def reconstruction(pred: Tensor, target: Tensor, *, kind: str = "l1", reduction: str = "mean") -> Tensor:
    r"""How far images are from those they should rebuild: the absolute error of each, averaged over its pixels and channels.

    .. math:: \ell = \operatorname{mean}_n\; \operatorname{mean}_{i \in n} |x_{ni} - y_{ni}|
        \quad\text{or, with `kind` l2,}\quad \operatorname{mean}_n\; \operatorname{mean}_{i \in n} (x_{ni} - y_{ni})^2

    Use: autoencoders and generators, beside a loss that judges how real an image looks: alone it blurs.

    Elsewhere: faceswap-GAN divides by height times width, so that colour counts thrice; here the channels are averaged as well. The list
    that the zoo follows counts rows from 0 to H, one too many. Variational autoencoders add up over pixels.

    Args:
        pred: the images, batch first: (N, ...).
        target: the shape of `pred`.
        kind: ``l1`` or ``l2``.
        reduction: ``none`` (N,), ``mean`` over the images, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0, and so is the loss of an image without pixels. With l1 the gradient at
        ``x = y`` is 0.

    Raises:
        ValueError: the shapes differ, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: shaoanlu, faceswap-GAN, 2018; figure of Ingrid725, Loss-function-summary.

    >>> import numpy as np
    >>> print(reconstruction(np.array([[0.0, 1.0], [2.5, -1.0]]), np.array([[0.5, 1.0], [1.0, 1.0]]), reduction="none"))
    [0.25 1.75]
    """
    checks.one_of("reconstruction", "kind", kind, ("l1", "l2"))
    (F, (pred, target), dtype) = alike("reconstruction", pred=pred, target=target)
    checks.in_rank(F, "reconstruction", "the batch axis", 0, "pred", pred)
    formula = formulas.absolute_error if kind == "l1" else formulas.squared_error
    values = formula(F, pred, target)
    count = F.size(values, axis=0, exclude=True)
    images = divided(F, F.sum(values, axis=0, exclude=True), count)
    return reduced(F, "reconstruction", images, reduction, dtype)


def gaussian_nll(
    pred: Tensor,
    target: Tensor,
    var: Tensor,
    *,
    beta: float = 0.0,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""The negative log likelihood of a normal distribution with predicted mean and variance; with `beta` the beta-NLL.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac12 \Big(\log v_n + \frac{(x_n - y_n)^2}{v_n}\Big) \lfloor v_n^\beta \rfloor, \quad
        v_n = \max(\text{var}_n, \epsilon)

    where :math:`\lfloor\cdot\rfloor` is a constant for the gradient. `full` adds :math:`\tfrac12 \log 2\pi` inside the brackets.

    Use: regression that says how sure it is, sample by sample. With `beta` at 1/2 samples of large variance are not neglected, as they are
    at 0; at 1 the mean learns as from the squared error.

    Elsewhere: equal to ``torch.nn.functional.gaussian_nll_loss`` at `beta` 0. Other libraries take the logarithm of the variance, or the
    standard deviation, in its place.

    Args:
        pred: the mean, any shape.
        target: the shape of `pred`.
        var: the variance, of a shape that broadcasts to that of `pred`. Below `eps`, also below 0, it counts as `eps`.
        beta: the power of the variance that weighs a sample, from 0 on.
        full: whether to add the constant.
        eps: the least variance, above 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, which may be negative; the mean over nothing is 0. The gradient of the variance does not see its
        bound: below `eps` it is that at `eps`, so that the variance can come back.

    Raises:
        ValueError: `beta` is below 0, `eps` not above 0, the shapes do not fit, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Nix and Weigend, Estimating the Mean and Variance of the Target Probability Distribution, ICNN 1994; with `beta` Seitzer et al.,
    On the Pitfalls of Heteroscedastic Uncertainty Estimation with Probabilistic Neural Networks, ICLR 2022.

    >>> import numpy as np
    >>> print(gaussian_nll(np.array([1.0, 2.5]), np.array([1.0, 1.0]), np.array([1.0, 2.0]), reduction="none").round(4))
    [0.     0.9091]
    """
    checks.inside("gaussian_nll", "eps", eps, 0.0, math.inf)
    if beta:
        checks.inside("gaussian_nll", "beta", beta, 0.0, math.inf)
    (F, (pred, target, var), dtype) = opened("gaussian_nll", pred=pred, target=target, var=var)
    calls.same_shape(F, "gaussian_nll", "target", target, "pred", pred)
    checks.broadcastable(F, "gaussian_nll", "var", var, "pred", F.shape(pred))
    var = calls.broadcast(F, "gaussian_nll", pred=pred, var=var)[1]
    values = formulas.gaussian_nll(F, pred, target, var, full=full, epsilon=eps, beta=beta)
    return reduced(F, "gaussian_nll", values, reduction, dtype)


GaussianNLL = item(gaussian_nll, name="GaussianNLL")
Huber = item(huber)
L1 = item(l1)
L2 = item(l2)
Quantile = item(quantile)
Reconstruction = item(reconstruction)
