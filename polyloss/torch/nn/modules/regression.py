"""Losses of a prediction and a real-valued target."""

from __future__ import annotations

from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss


class L1Loss(Loss):
    r"""Absolute error.

    :math:`\ell_i = |x_i - y_i|` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient where input and target are equal is 0.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.L1Loss``, torch 2.13. Equal to ``mxnet.gluon.loss.L1Loss`` and ``keras.losses.MeanAbsoluteError``, averaged.

    >>> import numpy as np
    >>> print(L1Loss()(np.array([1.0, 2.0]), np.array([2.0, 4.0])))
    1.5
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    r"""Squared error.

    :math:`\ell_i = (x_i - y_i)^2` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is exact everywhere.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.MSELoss``, torch 2.13. Twice ``mxnet.gluon.loss.L2Loss``, and ``keras.losses.MeanSquaredError``, averaged.

    >>> import numpy as np
    >>> print(MSELoss()(np.array([1.0, 2.0]), np.array([2.0, 4.0])))
    2.5
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    r"""Absolute error that is quadratic near 0, with slope 1 beyond.

    :math:`\ell_i = e_i^2 / (2 \beta)` where :math:`e_i = |x_i - y_i| < \beta`, else :math:`e_i - \beta / 2`; `reduction` as in `L1Loss`.

    Args:
        size_average, reduce, reduction: see the module.
        beta: the threshold, 0 or above; with 0 this is `L1Loss`.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is continuous; with ``beta=0`` it is 0 where input and target are equal.

    Raises ValueError for `beta` below 0 and for shapes that do not broadcast, TypeError for dtypes that are not accepted.

    Source: ``torch.nn.SmoothL1Loss``, torch 2.13. `HuberLoss` divided by its delta; ``mxnet.gluon.loss.HuberLoss(rho=beta)``, averaged.

    >>> import numpy as np
    >>> print(SmoothL1Loss(beta=2.0)(np.array([1.0, 2.0]), np.array([2.0, 6.0])))
    1.625
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    r"""Half the squared error near 0, linear with slope delta beyond.

    :math:`\ell_i = e_i^2 / 2` where :math:`e_i = |x_i - y_i| < \delta`, else :math:`\delta (e_i - \delta / 2)`; `reduction` as in `L1Loss`.

    Args:
        reduction: see the module.
        delta: the threshold, a number above 0.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is continuous.

    Raises TypeError for a `delta` that is no int or float or for dtypes that are not accepted, and at the call
    ValueError for `delta` not above 0 and for shapes that do not broadcast.

    Source: ``torch.nn.HuberLoss``, torch 2.13. Delta times `SmoothL1Loss` and ``mxnet.gluon.loss.HuberLoss``;
    ``keras.losses.Huber``, averaged.

    >>> import numpy as np
    >>> print(HuberLoss(delta=2.0)(np.array([1.0, 2.0]), np.array([2.0, 6.0])))
    3.25
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"HuberLoss: delta is {delta!r}, a {type(delta).__name__}; it must be a float or an int")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class PoissonNLLLoss(Loss):
    r"""Negative log likelihood of counts that follow a Poisson distribution.

    :math:`\ell_i = e^{x_i} - y_i x_i` of input x and target y, or without `log_input` :math:`\ell_i = x_i - y_i \log(x_i + \epsilon)`;
    `reduction` takes the mean or the sum over all elements.

    Args:
        log_input: the input is the logarithm of the rate, not the rate.
        full: add Stirling's :math:`y \log y - y + \log(2 \pi y) / 2` where y > 1.
        size_average, reduce, reduction: see the module.
        eps: epsilon, used without `log_input`.

    Call: ``(log_input, target)``. Different shapes broadcast, without a warning. Returns shape (), with ``none`` the broadcast shape.
    The gradient for a target of 1 or less is finite with `full`, where torch's is NaN for targets of 0 or less.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.PoissonNLLLoss``, torch 2.13. Equal to ``mxnet.gluon.loss.PoissonNLLLoss`` and, without `log_input` and with another
    epsilon, ``keras.losses.Poisson``.

    >>> import numpy as np
    >>> print(PoissonNLLLoss()(np.array([0.0, 1.0]), np.array([2.0, 1.0])).round(4))
    1.3591
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    r"""Negative log likelihood of targets that follow normal distributions.

    :math:`\ell_i = \frac{1}{2} [\log v_i + (x_i - y_i)^2 / v_i]` of input x (the means) and target y, with
    :math:`v = \max(var, \epsilon)`; `reduction` takes the mean or the sum over all elements.

    Args:
        full: add :math:`\log(2 \pi) / 2`.
        eps: epsilon.
        reduction: see the module.

    Call: ``(input, target, var)``. `var` has the shape of the input, or that with one axis of size 1 or without the last axis, or is a
    float. Input and target broadcast, without a warning. Returns shape (), with ``none`` the broadcast shape. The gradient for `var` is
    taken at v and passes the bound as if it were not there.

    Raises ValueError for another shape of `var` and for a negative element (where values can be read: under a tracer that counts as
    epsilon), TypeError for dtypes that are not accepted.

    Source: ``torch.nn.GaussianNLLLoss``, torch 2.13.

    >>> import numpy as np
    >>> print(GaussianNLLLoss()(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([1.0, 2.0])).round(4))
    0.9233
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """The loss."""
        return functional.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
