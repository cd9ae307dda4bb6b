"""Losses of image segmentation: the overlap of two regions."""

from __future__ import annotations

from typing import Any

from polyloss import checks
from polyloss.formulas import region
from polyloss.keras.losses import base
from polyloss.opset import Axis, Tensor


def dice(y_true: Tensor, y_pred: Tensor, axis: Axis = None) -> Tensor:
    """One minus the Dice coefficient over `axis` (`Dice`)."""
    (F, true, pred) = base.arguments("dice", y_true, y_pred)
    (true, pred) = base.matched(F, "dice", true, pred, axis, enlarge=False)
    return F.cast_like(region.dice(F, pred, true, axis=axis, epsilon=base.epsilon()), y_pred)


def tversky(y_true: Tensor, y_pred: Tensor, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """One minus the Tversky index over `axis` (`Tversky`): `alpha` weighs false positives, `beta` false negatives."""
    for name, value in (("alpha", alpha), ("beta", beta)):
        checks.number("tversky", name, value)
    (F, true, pred) = base.arguments("tversky", y_true, y_pred)
    (true, pred) = base.matched(F, "tversky", true, pred, axis)
    loss = region.tversky(F, pred, true, alpha=alpha, beta=beta, axis=axis, epsilon=base.epsilon())
    return F.cast_like(loss, y_pred)


class Dice(base.NamedLoss):
    r"""One minus the Dice coefficient: :math:`\ell = 1 - 2 \sum yx / (\sum y + \sum x + \epsilon)` of y_true y and y_pred x.

    Args:
        reduction, name, dtype: see the module.
        axis: the axes of a region, over which the sums run; None: all.

    Call: ``(y_true, y_pred, sample_weight=None)`` of equal shapes, both in [0, 1]; see the module. Two empty regions cost 1.
    :math:`\epsilon` is 1e-7, or what ``keras.config.set_epsilon`` has set.

    Raises ValueError for shapes that differ, and for an axis that y_pred has not. (Keras broadcasts the product but not the sums: the loss
    leaves [0, 1]. `Tversky` with its defaults is the same loss and takes shapes that broadcast.)

    Source: ``keras.losses.Dice``, Keras 3.15. Equal to `Tversky` with its defaults.

    >>> import numpy as np
    >>> print(Dice()(np.array([1.0, 0.0]), np.array([0.5, 0.5])).round(4))
    0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(base.NamedLoss):
    r"""One minus the Tversky index: :math:`\ell = 1 - TP / (TP + \alpha FP + \beta FN + \epsilon)`.

    :math:`TP = \sum yx`, :math:`FP = \sum (1 - y) x` and :math:`FN = \sum y (1 - x)` of y_true y and y_pred x.

    Args:
        alpha: weight of false positives, beta: of false negatives. So Keras documents them, but it computes with the two swapped:
            ``Tversky(alpha=b, beta=a)`` gives the values of ``keras.losses.Tversky(alpha=a, beta=b)``.
        reduction, name, dtype: see the module.
        axis: the axes of a region, over which the sums run; None: all.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast, both in [0, 1]; see the module. Two empty regions cost 1.
    :math:`\epsilon` is 1e-7, or what ``keras.config.set_epsilon`` has set.

    Raises ValueError for shapes that do not broadcast, and for an axis that the two together have not.

    Source: ``keras.losses.Tversky``, Keras 3.15; Salehi et al. 2017, https://arxiv.org/abs/1706.05721. With its defaults equal to `Dice`.

    >>> import numpy as np
    >>> print(Tversky(alpha=0.9, beta=0.1)(np.array([1, 0]), np.array([1.0, 1.0])).round(4))
    0.4737
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
