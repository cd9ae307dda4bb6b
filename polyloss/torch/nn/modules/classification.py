"""Losses of scores, probabilities or distributions, element by element."""

from __future__ import annotations

from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss, WeightedLoss


class BCELoss(WeightedLoss):
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


class BCEWithLogitsLoss(Loss):
    r"""Binary cross entropy of logits.

    :math:`\ell_i = -w_i [p_i y_i \log s(x_i) + (1 - y_i) \log(1 - s(x_i))]` of input x and target y with the logistic s;
    `reduction` takes the mean (not weighted) or the sum over all elements.

    Args:
        weight: w, a tensor that broadcasts to the shape of the input, or None.
        size_average, reduce, reduction: see the module.
        pos_weight: p, of the positive terms, a tensor that broadcasts to the shape of the input, or None.

    Call: ``(input, target)``, of equal shapes. Returns shape (), with ``none`` the shape of the input. The gradient is exact
    everywhere, :math:`s(x) - y` without weights, and nothing overflows or cancels.

    Raises ValueError for shapes that differ and for weights that do not broadcast, TypeError for dtypes that are not accepted.

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


class KLDivLoss(Loss):
    r"""Kullback-Leibler divergence of a predicted distribution, given by its logarithm, from a target distribution.

    :math:`\ell_i = y_i (\log y_i - x_i)` of input x and target y, or with `log_target` :math:`\ell_i = e^{y_i} (y_i - x_i)`; a target of 0
    gives 0. `reduction` takes the sum, the mean over all elements (with a UserWarning), or with ``batchmean`` the sum divided by the
    size of the input's first axis, which is the divergence per sample.

    Args:
        size_average, reduce, reduction: see the module; `reduction` may be ``batchmean``.
        log_target: the target is the logarithm of a distribution too.

    Call: ``(input, target)``. Different shapes broadcast, without a warning. Returns shape (), with ``none`` the broadcast shape.
    The gradient for a target of 0 is ``-input``, where torch's is NaN (the derivative is infinite).

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

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


class SoftMarginLoss(Loss):
    r"""Logistic loss of scores, for labels -1 and 1.

    :math:`\ell_i = \log(1 + e^{-y_i x_i})` of input x and target y; `reduction` takes the mean or the sum over all elements.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. The target may have an integer dtype; it broadcasts to the shape of the input, without a warning. Returns
    shape (), with ``none`` the shape of the input, in the dtype of the input. Nothing overflows, where torch's value is infinite for
    large :math:`-y x`.

    Raises ValueError for a target that does not broadcast to the input and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.SoftMarginLoss``, torch 2.13. Equal to ``mxnet.gluon.loss.LogisticLoss``, averaged, and to
    `BCEWithLogitsLoss` with target (y + 1) / 2.

    >>> import numpy as np
    >>> print(SoftMarginLoss()(np.array([0.0, 100.0]), np.array([1, -1])).round(4))
    50.3466
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.soft_margin_loss(input, target, reduction=self.reduction)
