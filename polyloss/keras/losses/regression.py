"""Losses of real numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from polyloss import checks
from polyloss.formulas import embedding, regression
from polyloss.keras.losses import base
from polyloss.opset import Axis, OpSet, Tensor


def _averaged(loss: str, formula: Callable[[OpSet, Tensor, Tensor], Tensor], y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The mean over the last axis, in the dtype of `y_pred`."""
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, true, pred)
    return F.cast_like(F.mean(formula(F, pred, true), axis=-1), y_pred)


def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Squared error, averaged over the last axis (`MeanSquaredError`)."""
    return _averaged("mean_squared_error", regression.squared_error, y_true, y_pred)


def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Absolute error, averaged over the last axis (`MeanAbsoluteError`)."""
    return _averaged("mean_absolute_error", regression.absolute_error, y_true, y_pred)


def mean_absolute_percentage_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Relative error in per cent, averaged over the last axis (`MeanAbsolutePercentageError`)."""

    def formula(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return 100.0 * regression.relative_error(F, pred, label, epsilon=base.epsilon())

    return _averaged("mean_absolute_percentage_error", formula, y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Squared error of the logarithms, averaged over the last axis (`MeanSquaredLogarithmicError`)."""
    formula = partial(regression.squared_log_error, epsilon=base.epsilon())
    return _averaged("mean_squared_logarithmic_error", formula, y_true, y_pred)


def huber(y_true: Tensor, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """Huber's function, averaged over the last axis (`Huber`)."""
    checks.number("huber", "delta", delta)
    checks.positive("huber", "delta", delta)

    def formula(F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        if delta == math.inf:  # which torch.compile takes of a symbol as well
            return 0.5 * regression.squared_error(F, pred, label)
        return delta * regression.huber_over_rho(F, pred, label, rho=delta)

    return _averaged("huber", formula, y_true, y_pred)


def log_cosh(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Logarithm of the hyperbolic cosine of the error, averaged over the last axis (`LogCosh`)."""
    return _averaged("log_cosh", regression.log_cosh, y_true, y_pred)


def cosine_similarity(y_true: Tensor, y_pred: Tensor, axis: Axis = -1) -> Tensor:
    """Minus the cosine of the angle along `axis` (`CosineSimilarity`)."""
    loss = "cosine_similarity"
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, true, pred, axis)
    return F.cast_like(-embedding.unit_dot(F, true, pred, axis=axis, epsilon=base.epsilon()), y_pred)


class MeanSquaredError(base.NamedLoss):
    r"""Squared error: :math:`\ell_i = \frac1D \sum_d (y_{id} - x_{id})^2` of y_true y and y_pred x, over the last axis; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.MeanSquaredError``, Keras 3.15. Equal to ``torch.nn.MSELoss``; twice ``mxnet.gluon.loss.L2Loss``, averaged.

    >>> import numpy as np
    >>> print(MeanSquaredError()(np.array([1.0, 0.0]), np.array([3.0, 0.0])))
    2.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(base.NamedLoss):
    r"""Absolute error: :math:`\ell_i = \frac1D \sum_d |y_{id} - x_{id}|` of y_true y and y_pred x, over the last axis; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. Gradient 0 where the two are equal.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.MeanAbsoluteError``, Keras 3.15. Equal to ``torch.nn.L1Loss`` and ``mxnet.gluon.loss.L1Loss``, averaged.

    >>> import numpy as np
    >>> print(MeanAbsoluteError()(np.array([1.0, 0.0]), np.array([3.0, 0.0])))
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(base.NamedLoss):
    r"""Relative error in per cent: :math:`\ell_i = \frac{100}D \sum_d |y_{id} - x_{id}| / \max(|y_{id}|, \epsilon)`; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. :math:`\epsilon` is 1e-7, or what
    ``keras.config.set_epsilon`` has set: a label of 0 costs 1e9 times the error. Gradient 0 where the two are equal.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.MeanAbsolutePercentageError``, Keras 3.15.

    >>> import numpy as np
    >>> print(MeanAbsolutePercentageError()(np.array([1.0, 2.0]), np.array([1.5, 2.0])))
    25.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(base.NamedLoss):
    r"""Squared error of logarithms, averaged over the last axis; then the reduction.

    :math:`\ell_i = \frac1D \sum_d [\log(1 + \max(x_{id}, \epsilon)) - \log(1 + \max(y_{id}, \epsilon))]^2` of y_true y and y_pred x.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. :math:`\epsilon` is 1e-7, or what
    ``keras.config.set_epsilon`` has set; below it the gradient is 0. Small values keep their digits, where Keras adds 1 first.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.MeanSquaredLogarithmicError``, Keras 3.15.

    >>> import numpy as np
    >>> print(MeanSquaredLogarithmicError()(np.array([0.0]), np.array([np.e - 1])).round(4))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(base.NamedLoss):
    r"""Huber's function, averaged over the last axis.

    Of an error e it is :math:`e^2 / 2` where :math:`|e| \le \delta`, else :math:`\delta |e| - \delta^2 / 2`.

    Args:
        delta: where it turns from a parabola to a line, above 0; infinity gives half the squared error.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module.

    Raises ValueError for a delta not above 0, at the call (Keras computes with it: 0 makes every loss 0), for shapes that do not
    broadcast, and for a y_pred without axes.

    Source: ``keras.losses.Huber``, Keras 3.15, which leaves delta out of its config. Equal to ``torch.nn.HuberLoss``; delta times
    ``mxnet.gluon.loss.HuberLoss(rho=delta)``, averaged.

    >>> import numpy as np
    >>> print(Huber(delta=1.0)(np.array([0.0, 0.0]), np.array([1.0, 3.0])))
    1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(base.NamedLoss):
    r"""Logarithm of the hyperbolic cosine of the error: :math:`\ell_i = \frac1D \sum_d \log \cosh(x_{id} - y_{id})`; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. About :math:`e^2 / 2` for a small error e,
    exactly so where Keras's form cancels (to 0 for 1e-4 in float32, by 1.9e-9 everywhere in float64), and :math:`|e| - \log 2` for a
    large one.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.LogCosh``, Keras 3.15.

    >>> import numpy as np
    >>> print(LogCosh()(np.array([0.0, 0.0]), np.array([0.0, 100.0])).round(4))
    49.6534
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(base.NamedLoss):
    r"""Minus the cosine similarity: :math:`\ell_i = -\hat y_i \cdot \hat x_i` with :math:`\hat v = v / \max(\|v\|, \epsilon)`.

    Args:
        axis: of the vectors.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast; see the module. From -1 (one direction) to 1 (opposite);
    0 if one of the two is a zero vector, where the gradient is :math:`-\hat y / \epsilon` (Keras on JAX and PyTorch: NaN). Vectors may be
    as long as the dtype holds; Keras takes those whose square overflows, from 1.8e19 in float32, for zero vectors. :math:`\epsilon` is
    1e-7, or what ``keras.config.set_epsilon`` has set.

    Raises ValueError for shapes that do not broadcast and for an axis that y_pred has not.

    Source: ``keras.losses.CosineSimilarity``, Keras 3.15, which leaves axis out of its config. Minus ``torch.nn.CosineSimilarity``.

    >>> import numpy as np
    >>> print(CosineSimilarity()(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]])).round(4))
    -0.6
    """

    def __init__(
        self,
        axis: Axis = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
