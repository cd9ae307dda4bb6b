"""`torch.nn` of torch 2.13: its loss modules, on the tensors of any backend; the same names, arguments, defaults and semantics.

In all losses `reduction` is ``none``, ``mean`` (of nothing: NaN) or ``sum``, checked at the call; `size_average` and `reduce` are
deprecated and override it, with a UserWarning. Tensors of one call belong to one framework and have one floating dtype, which is that
of the result; float16 and bfloat16 are computed in float32 and rounded once. A wrong call raises ValueError or TypeError that names the
loss and the argument, also where torch raises RuntimeError.

A loss made after torch was imported is also a ``torch.nn.Module``, with its constants as buffers. Constants may be NumPy arrays:
they are moved to the framework (and its default device) and the dtype of the input at each call; on torch they are buffers that
``state_dict`` leaves out.
"""

from __future__ import annotations

from polyloss.opset import Tensor
from polyloss.torch.nn import functional as functional
from polyloss.torch.nn.base import Loss as _Loss
from polyloss.torch.nn.base import WeightedLoss as _WeightedLoss

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss",
    "MarginRankingLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss",
]  # fmt: skip


class L1Loss(_Loss):
    r"""Absolute error.

    :math:`\ell_i = |x_i - y_i|` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient where input and target are equal is 0.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that differ; torch promotes them.

    Source: ``torch.nn.L1Loss``, torch 2.13. Equal to ``mxnet.gluon.loss.L1Loss`` and ``keras.losses.MeanAbsoluteError``, averaged.

    >>> import numpy as np
    >>> print(L1Loss()(np.array([1.0, 2.0]), np.array([2.0, 4.0])))
    1.5
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    r"""Squared error.

    :math:`\ell_i = (x_i - y_i)^2` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is exact everywhere.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that differ; torch promotes them.

    Source: ``torch.nn.MSELoss``, torch 2.13. Twice ``mxnet.gluon.loss.L2Loss``, and ``keras.losses.MeanSquaredError``, averaged.

    >>> import numpy as np
    >>> print(MSELoss()(np.array([1.0, 2.0]), np.array([2.0, 4.0])))
    2.5
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    r"""Absolute error that is quadratic near 0, with slope 1 beyond.

    :math:`\ell_i = e_i^2 / (2 \beta)` where :math:`e_i = |x_i - y_i| < \beta`, else :math:`e_i - \beta / 2`; `reduction` as in `L1Loss`.

    Args:
        size_average, reduce, reduction: see the module.
        beta: the threshold, 0 or above; with 0 this is `L1Loss`.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is continuous; with ``beta=0`` it is 0 where input and target are equal.

    Raises ValueError for `beta` below 0 and for shapes that do not broadcast, TypeError for dtypes that differ; torch promotes them.

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


class HuberLoss(_Loss):
    r"""Half the squared error near 0, linear with slope delta beyond.

    :math:`\ell_i = e_i^2 / 2` where :math:`e_i = |x_i - y_i| < \delta`, else :math:`\delta (e_i - \delta / 2)`; `reduction` as in `L1Loss`.

    Args:
        reduction: see the module.
        delta: the threshold, a number above 0.

    Call: ``(input, target)``. Different shapes broadcast, with a UserWarning. Returns shape (), with ``none`` the shape of the input.
    The gradient is continuous.

    Raises TypeError for a `delta` that is no int or float and for dtypes that differ (torch promotes them), and at the call
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


class BCELoss(_WeightedLoss):
    r"""Binary cross entropy of probabilities.

    :math:`\ell_i = -w_i [y_i \log x_i + (1 - y_i) \log(1 - x_i)]` of input x and target y, where both logarithms are at least -100;
    `reduction` takes the mean (not weighted) or the sum over all elements.

    Args:
        weight: w, a tensor that broadcasts to the shape of the input, or None.
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``, of equal shapes, input in [0, 1]. Returns shape (), with ``none`` the shape of the input. The gradient
    for the input is torch's, :math:`w (x - y) / \max(x (1 - x), 10^{-12})`: 0 where x = y = 0, up to 1e12 at the ends. That for the
    target is finite: it has the bounded logarithms, where torch's is infinite at the ends.

    Raises ValueError for shapes that differ and for a weight that does not broadcast, TypeError for dtypes that differ. Elements
    outside [0, 1] raise ValueError where values can be read; under a tracer such an input gives NaN.

    Source: ``torch.nn.BCELoss``, torch 2.13. Inside (0, 1) equal to ``mxnet.gluon.loss.SigmoidBCELoss(from_sigmoid=True)`` and
    ``keras.losses.BinaryCrossentropy``, which guard their logarithms in other ways.

    >>> import numpy as np
    >>> print(BCELoss()(np.array([0.5, 0.0]), np.array([1.0, 1.0])).round(4))
    50.3466
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        weight = self._constant("weight", input)
        return functional.binary_cross_entropy(input, target, weight=weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    r"""Binary cross entropy of logits.

    :math:`\ell_i = -w_i [p_i y_i \log s(x_i) + (1 - y_i) \log(1 - s(x_i))]` of input x and target y with the logistic s;
    `reduction` takes the mean (not weighted) or the sum over all elements.

    Args:
        weight: w, a tensor that broadcasts to the shape of the input, or None.
        size_average, reduce, reduction: see the module.
        pos_weight: p, of the positive terms, a tensor that broadcasts to the shape of the input, or None.

    Call: ``(input, target)``, of equal shapes. Returns shape (), with ``none`` the shape of the input. The gradient is exact
    everywhere, :math:`s(x) - y` without weights, and nothing overflows or cancels.

    Raises ValueError for shapes that differ and for weights that do not broadcast, TypeError for dtypes that differ; torch promotes them.

    Source: ``torch.nn.BCEWithLogitsLoss``, torch 2.13. Equal to ``mxnet.gluon.loss.SigmoidBCELoss`` (save its gradient at 0) and
    ``keras.losses.BinaryCrossentropy(from_logits=True)``, averaged.

    >>> import numpy as np
    >>> print(BCEWithLogitsLoss()(np.array([0.0, 100.0]), np.array([1.0, 0.0])).round(4))
    50.3466
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._store("weight", weight)
        self._store("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        weight = self._constant("weight", input)
        pos_weight = self._constant("pos_weight", input)
        return functional.binary_cross_entropy_with_logits(
            input, target, weight, pos_weight=pos_weight, reduction=self.reduction
        )


class PoissonNLLLoss(_Loss):
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

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that differ; torch promotes them.

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


class GaussianNLLLoss(_Loss):
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
    epsilon), TypeError for dtypes that differ; torch promotes them.

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


class KLDivLoss(_Loss):
    r"""Kullback-Leibler divergence of a predicted distribution, given by its logarithm, from a target distribution.

    :math:`\ell_i = y_i (\log y_i - x_i)` of input x and target y, or with `log_target` :math:`\ell_i = e^{y_i} (y_i - x_i)`; a target of 0
    gives 0. `reduction` takes the sum, the mean over all elements (with a UserWarning), or with ``batchmean`` the sum divided by the
    size of the input's first axis, which is the divergence per sample.

    Args:
        size_average, reduce, reduction: see the module; `reduction` may be ``batchmean``.
        log_target: the target is the logarithm of a distribution too.

    Call: ``(input, target)``. Different shapes broadcast, without a warning. Returns shape (), with ``none`` the broadcast shape.
    The gradient for a target of 0 is ``-input``, where torch's is NaN (the derivative is infinite).

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that differ; torch promotes them.

    Source: ``torch.nn.KLDivLoss``, torch 2.13. With ``batchmean`` equal to ``keras.losses.KLDivergence``, which takes probabilities and
    clips them; ``mxnet.gluon.loss.KLDivLoss`` adds 1e-12 to the target and averages over the classes.

    >>> import numpy as np
    >>> print(KLDivLoss(reduction="batchmean")(np.log(np.array([[0.5, 0.5]])), np.array([[1.0, 0.0]])).round(4))
    0.6931
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class HingeEmbeddingLoss(_Loss):
    r"""Distances of pairs: small for pairs that are alike, at least the margin for others.

    :math:`\ell_i = x_i` for target 1 and :math:`\max(0, margin - x_i)` for target -1; any other target gives both, added up.
    `reduction` takes the mean or the sum over all elements.

    Args:
        margin: the distance from which an unlike pair costs nothing.
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. The target may have an integer dtype. Different shapes broadcast, without a warning. Returns shape (), with
    ``none`` the broadcast shape. The gradient on the margin is -1.

    Raises ValueError for shapes that do not broadcast and TypeError for floating dtypes that differ; torch promotes them.

    Source: ``torch.nn.HingeEmbeddingLoss``, torch 2.13.

    >>> import numpy as np
    >>> print(HingeEmbeddingLoss()(np.array([0.5, 0.25, 3.0]), np.array([1, -1, -1])).round(4))
    0.4167
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    r"""Logistic loss of scores, for labels -1 and 1.

    :math:`\ell_i = \log(1 + e^{-y_i x_i})` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. The target may have an integer dtype. Different shapes broadcast, without a warning. Returns shape (), with
    ``none`` the broadcast shape. Nothing overflows, where torch's value is infinite for large :math:`-y x`.

    Raises ValueError for shapes that do not broadcast and TypeError for floating dtypes that differ; torch promotes them.

    Source: ``torch.nn.SoftMarginLoss``, torch 2.13. Equal to ``mxnet.gluon.loss.LogisticLoss``, averaged, and to
    `BCEWithLogitsLoss` with target (y + 1) / 2.

    >>> import numpy as np
    >>> print(SoftMarginLoss()(np.array([0.0, 100.0]), np.array([1, -1])).round(4))
    50.3466
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    r"""Hinge loss of two scores of which one should rank higher.

    :math:`\ell_i = \max(0, -y_i (x_{1i} - x_{2i}) + margin)` for targets y of 1 (the first ranks higher) and -1;
    `reduction` takes the mean or the sum over all elements.

    Args:
        margin: the lead from which a pair costs nothing.
        size_average, reduce, reduction: see the module.

    Call: ``(input1, input2, target)``, of one rank. The target may have an integer dtype. Different shapes broadcast, without a
    warning. Returns shape (), with ``none`` the broadcast shape. The gradient on the margin is that of the inner term: ``-target`` for
    `input1`.

    Raises ValueError for different ranks and shapes that do not broadcast, TypeError for floating dtypes that differ; torch promotes them.

    Source: ``torch.nn.MarginRankingLoss``, torch 2.13.

    >>> import numpy as np
    >>> print(MarginRankingLoss(margin=1.0)(np.array([2.0, 0.0]), np.array([0.0, 0.5]), np.array([1, 1])))
    0.75
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)
