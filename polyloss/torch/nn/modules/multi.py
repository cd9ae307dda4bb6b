"""Losses of class scores, of one right class or of several."""

from __future__ import annotations

from polyloss.calls import owner
from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss, WeightedLoss
from polyloss.torch.nn.functional.multi import power


class MultiMarginLoss(WeightedLoss):
    r"""Hinge loss of class scores: what the score of the right class lacks to exceeding each other one by the margin.

    :math:`\ell_n = \frac{w_{y_n}}{C} \sum_{i \ne y_n} \max(0, margin - x_{n y_n} + x_{ni})^p` of scores x of C classes and the right
    class y; `reduction` takes the mean (over the samples, whatever their weights) or the sum.

    Args:
        p: 1 or 2.
        margin: the lead from which a class costs nothing, any number.
        weight: w, a tensor of shape (C,), or None.
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)`` of shapes (N, C) and (N,), or (C,) and (), of integer class numbers: on torch's tensors int64 or uint8.
    Returns shape (), with ``none`` that of the target. The gradient of a class that is just the margin behind is 0. A score that is
    NaN makes the loss NaN, where torch's ignores it.

    Raises ValueError for p and for shapes that are not accepted, TypeError for dtypes. A target that is no class raises ValueError where
    values can be read; under a tracer its sample gives NaN.

    Source: ``torch.nn.MultiMarginLoss``, torch 2.13. ``keras.losses.CategoricalHinge`` has the largest term alone, with margin 1 and not
    divided by C.

    >>> import numpy as np
    >>> print(MultiMarginLoss()(np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([3])).round(4))
    0.325
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        power("MultiMarginLoss", p)
        if weight is not None:
            shape = owner("MultiMarginLoss", weight=weight).shape(weight)
            if shape is not None and len(shape) != 1:
                raise ValueError(f"MultiMarginLoss: weight has shape {shape}; accepted is (C,), one number a class")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        weight = self._constant("weight", input)
        return functional.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=weight, reduction=self.reduction
        )


class MultiLabelMarginLoss(Loss):
    r"""Hinge loss of class scores with several right classes: what each of them lacks to exceeding each wrong one by 1.

    :math:`\ell_n = \frac{1}{C} \sum_{j < J_n} \sum_{i \notin Y_n} \max(0, 1 - x_{n y_{nj}} + x_{ni})` of scores x of C classes and the
    right classes :math:`Y_n = \{y_{nj} : j < J_n\}`, those ahead of the first -1 in row n of the target. A class named twice counts
    twice, and without a right class, or without a wrong one, the loss is 0. `reduction` takes the mean or the sum over the samples.

    Args:
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)`` of equal shapes (N, C) or (C,), the target of integer class numbers: on torch's tensors int64 or uint8. What
    follows the first -1 in a row counts for nothing, but has to be -1 or a class too. Returns shape (), with ``none`` shape (N,)
    or (). The gradient of a pair that is just 1 apart is 0. A score that is NaN makes the loss NaN, where torch's ignores it.
    It takes memory for N C C numbers.

    Raises ValueError for shapes that are not accepted, TypeError for dtypes. A target that is neither -1 nor a class raises ValueError
    where values can be read; under a tracer its sample gives NaN.

    Source: ``torch.nn.MultiLabelMarginLoss``, torch 2.13. With one right class a row equal to `MultiMarginLoss`.

    >>> import numpy as np
    >>> print(MultiLabelMarginLoss()(np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([[3, 0, -1, 1]])).round(4))
    0.85
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    r"""Logistic loss of independent classes, each of which is right or wrong.

    :math:`\ell_n = -\frac{1}{C} \sum_i w_i [y_{ni} \log s(x_{ni}) + (1 - y_{ni}) \log(1 - s(x_{ni}))]` of logits x, targets y and the
    logistic s, i along the last axis of the input; `reduction` takes the mean or the sum over all others.

    Args:
        weight: w, a tensor that broadcasts with the input, usually of shape (C,), or None.
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. Target and weight may have integer dtypes. Different shapes broadcast, without a warning; as in torch, what
    is larger than the input moves neither the class axis, counted from the first axis, nor C, its size in the input; than a symbol
    nothing may be larger. Returns shape (), with
    ``none`` the shape of the input without its last axis. Nothing overflows or cancels. Inside torch.autocast the result keeps
    the dtype of half precision.

    Raises ValueError for shapes that do not broadcast and an input without axes, TypeError for dtypes that are not accepted.

    Source: ``torch.nn.MultiLabelSoftMarginLoss``, torch 2.13. Equal to `BCEWithLogitsLoss`, save that ``none`` averages over the classes;
    so ``none`` on (N, C) equals ``mxnet.gluon.loss.SigmoidBCELoss`` (save its gradient at 0).

    >>> import numpy as np
    >>> print(MultiLabelSoftMarginLoss()(np.array([[0.0, 100.0]]), np.array([[1, 0]])).round(4))
    50.3466
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        weight = self._constant("weight", input)
        return functional.multilabel_soft_margin_loss(input, target, weight=weight, reduction=self.reduction)
