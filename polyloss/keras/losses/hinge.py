"""Hinge losses."""

from __future__ import annotations

from typing import Any

from polyloss.formulas import classification
from polyloss.keras.losses import base
from polyloss.opset import OpSet, Tensor


def _signs(F: OpSet, label: Tensor) -> Tensor:
    """Labels as -1 and 1: ``2 label - 1`` if every one is 0 or 1, else as they are."""
    fixed = F.stop_gradient(label)
    others = F.sum(1.0 - F.broadcast_equal(fixed, 0.0) - F.broadcast_equal(fixed, 1.0), keepdims=True)
    return F.where(F.broadcast_equal(others, 0.0), 2.0 * label - 1.0, label)


def _hinge(loss: str, y_true: Tensor, y_pred: Tensor) -> tuple[OpSet, Tensor]:
    """The op set, and the hinge element by element."""
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, _signs(F, true), pred)
    return F, classification.closed_hinge(F, pred, true, margin=1.0)


def hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Hinge, averaged over the last axis (`Hinge`)."""
    (F, loss) = _hinge("hinge", y_true, y_pred)
    return F.cast_like(F.mean(loss, axis=-1), y_pred)


def squared_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Squared hinge, averaged over the last axis (`SquaredHinge`)."""
    (F, loss) = _hinge("squared_hinge", y_true, y_pred)
    return F.cast_like(F.mean(F.square(loss), axis=-1), y_pred)


def categorical_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Hinge of the right class against the best of the others, over the last axis (`CategoricalHinge`)."""
    loss = "categorical_hinge"
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, true, pred)
    return F.cast_like(classification.categorical_hinge(F, pred, true), y_pred)


class Hinge(base.NamedLoss):
    r"""Hinge: :math:`\ell_i = \frac1D \sum_d \max(0, 1 - y_{id} x_{id})` of y_true y in {-1, 1} and y_pred x; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. Labels that are all 0 or 1 are taken as
    -1 and 1: a batch of ones alone is not changed by that. On the margin the gradient is that of the inner term, as in Keras on
    TensorFlow (on JAX and PyTorch half of it).

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.Hinge``, Keras 3.15. Equal to ``mxnet.gluon.loss.HingeLoss``, averaged, save the gradient on the margin.

    >>> import numpy as np
    >>> print(Hinge()(np.array([0, 1]), np.array([0.5, 0.5])))
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(base.NamedLoss):
    r"""Squared hinge: :math:`\ell_i = \frac1D \sum_d \max(0, 1 - y_{id} x_{id})^2` of y_true y in {-1, 1} and y_pred x; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. Labels that are all 0 or 1 are taken as
    -1 and 1.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.SquaredHinge``, Keras 3.15. Equal to ``mxnet.gluon.loss.SquaredHingeLoss``, averaged.

    >>> import numpy as np
    >>> print(SquaredHinge()(np.array([0, 1]), np.array([0.5, 0.5])))
    1.25
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(base.NamedLoss):
    r"""Hinge between classes: :math:`\ell_i = \max(0, 1 + \max_c (1 - y_{ic}) x_{ic} - \sum_c y_{ic} x_{ic})`; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast, with one-hot y_true y over the last axis; see the module.
    Classes of equal score share the gradient; at the hinge it is that of the inner term.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.CategoricalHinge``, Keras 3.15.

    >>> import numpy as np
    >>> print(CategoricalHinge()(np.array([[0, 1, 0]]), np.array([[1.0, 1.5, -1.0]])))
    0.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
