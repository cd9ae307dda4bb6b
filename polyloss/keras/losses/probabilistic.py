"""Losses of probabilities and of scores that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyloss import calls, checks
from polyloss.formulas import classification, regression
from polyloss.keras.losses import base
from polyloss.opset import Axis, OpSet, Tensor


def kl_divergence(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Kullback-Leibler divergence over the last axis (`KLDivergence`)."""
    loss = "kl_divergence"
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, true, pred)
    terms = classification.bounded_relative_entropy(F, pred, true, epsilon=base.epsilon())
    return F.cast_like(F.sum(terms, axis=-1), y_pred)


def poisson(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Negative log likelihood of counts, averaged over the last axis (`Poisson`)."""
    loss = "poisson"
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    (true, pred) = base.matched(F, loss, true, pred)
    terms = regression.poisson_nll(F, pred, true, from_logits=False, compute_full=False, epsilon=base.epsilon())
    return F.cast_like(F.mean(terms, axis=-1), y_pred)


def _two_classes(
    loss: str, y_true: Tensor, y_pred: Tensor, label_smoothing: float, axis: Axis
) -> tuple[OpSet, Tensor, Tensor]:
    """The op set, the labels pulled toward 1/2, and the predictions, of one shape."""
    checks.fraction(loss, "label_smoothing", label_smoothing)
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    base.same_shape(F, loss, true, pred)
    base.in_rank(F, loss, axis, pred)
    return F, true * (1.0 - label_smoothing) + 0.5 * label_smoothing, pred


def binary_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1
) -> Tensor:
    """Cross entropy of two classes, averaged over `axis` (`BinaryCrossentropy`)."""
    (F, true, pred) = _two_classes("binary_crossentropy", y_true, y_pred, label_smoothing, axis)
    if from_logits:
        loss = F.sigmoid_cross_entropy(pred, true)
    else:
        loss = classification.bounded_binary_cross_entropy(F, pred, true, epsilon=base.epsilon())
    return F.cast_like(F.mean(loss, axis=axis), y_pred)


def binary_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Axis = -1,
) -> Tensor:
    """Focal cross entropy of two classes, averaged over `axis` (`BinaryFocalCrossentropy`)."""
    name = "binary_focal_crossentropy"
    base.not_negative(name, "gamma", gamma)
    (F, true, pred) = _two_classes(name, y_true, y_pred, label_smoothing, axis)
    loss = classification.binary_focal_cross_entropy(
        F, pred, true, gamma=gamma, from_logits=from_logits, epsilon=base.epsilon()
    )
    if apply_class_balancing:
        checks.fraction(name, "alpha", alpha)
        loss = (alpha * true + (1.0 - alpha) * (1.0 - true)) * loss
    return F.cast_like(F.mean(loss, axis=axis), y_pred)


def _classes(
    loss: str, y_true: Tensor, y_pred: Tensor, label_smoothing: float, axis: int
) -> tuple[OpSet, Tensor, Tensor]:
    """The op set, the labels pulled toward 1/C, and the predictions, of one shape with C classes along `axis`."""
    checks.fraction(loss, "label_smoothing", label_smoothing)
    (F, true, pred) = base.arguments(loss, y_true, y_pred)
    base.same_shape(F, loss, true, pred)
    if not isinstance(axis, int):
        raise TypeError(f"{loss}: axis is {axis!r}, a {type(axis).__name__}; accepted is an int")
    base.in_rank(F, loss, axis, pred)
    shape = F.shape(pred)
    if shape is not None and shape[axis] == 1:
        calls.warn(
            f"{loss}: y_pred has shape {shape}, so one class along axis {axis}; two classes need one of them in binary_crossentropy"
        )
    if not label_smoothing:
        return F, true, pred
    return F, _plus(F, true * (1.0 - label_smoothing), label_smoothing, F.size(pred, axis=axis)), pred


def _plus(F: OpSet, label: Tensor, amount: float, count: Tensor | int) -> Tensor:
    """``label + amount / count``."""
    return label + amount / count if isinstance(count, int) else F.broadcast_add(label, amount / count)


def categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Cross entropy of one-hot or soft labels along `axis` (`CategoricalCrossentropy`)."""
    (F, true, pred) = _classes("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    if from_logits:
        loss = -F.sum(true * F.log_softmax(pred, axis=axis), axis=axis)
    else:
        loss = classification.bounded_categorical_cross_entropy(F, pred, true, axis=axis, epsilon=base.epsilon())
    return F.cast_like(loss, y_pred)


def categorical_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Focal cross entropy of one-hot or soft labels along `axis` (`CategoricalFocalCrossentropy`)."""
    name = "categorical_focal_crossentropy"
    base.not_negative(name, "gamma", gamma)
    (F, true, pred) = _classes(name, y_true, y_pred, label_smoothing, axis)
    if from_logits:
        pred = F.softmax(pred, axis=axis)
    loss = classification.categorical_focal_cross_entropy(
        F, pred, true, _class_weights(F, name, alpha, pred, axis), gamma=gamma, axis=axis, epsilon=base.epsilon()
    )
    return F.cast_like(loss, y_pred)


def _class_weights(F: OpSet, loss: str, alpha: Any, pred: Tensor, axis: int) -> Tensor | float:
    """`alpha` as a number, or as a tensor of one for each class along `axis`, which broadcasts with `pred`."""
    weights = alpha if isinstance(alpha, (int, float, list, tuple)) else getattr(alpha, "tolist", lambda: alpha)()
    if not isinstance(weights, (list, tuple)):
        checks.number(loss, "alpha", weights)
        return float(weights)
    shape = F.shape(pred)
    count = None if shape is None else shape[axis]
    if count not in (None, len(weights)):
        raise ValueError(
            f"{loss}: alpha has {len(weights)} numbers; accepted is one, or one for each of {count} classes"
        )
    column = F.stop_gradient(F.zeros_like(F.slice_axis(pred, axis=axis, begin=0, end=1)))
    return F.concat(*[column + float(weight) for weight in weights], dim=axis)


def sparse_categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Cross entropy of class numbers along `axis` (`SparseCategoricalCrossentropy`)."""
    return base.carry_mask(*_sparse(y_true, y_pred, from_logits, ignore_class, axis))


def _sparse(
    y_true: Tensor, y_pred: Tensor, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> tuple[Tensor, Tensor | None]:
    """The loss, and 1 where the class is not `ignore_class`."""
    name = "sparse_categorical_crossentropy"
    (F, _, pred) = base.arguments(name, y_true, y_pred)
    label = base.class_numbers(F, name, y_true, y_pred, axis)
    kept = None
    if ignore_class is not None:
        ignored = F.broadcast_equal(F.stop_gradient(label), ignore_class)
        kept = 1 - ignored
        label = F.where(ignored, 0, label)
        pred = F.where(F.expand_dims(ignored, axis=axis), 0.0, pred)
    valid = base.in_range(F, name, label, pred, axis)
    if from_logits:
        loss = F.softmax_cross_entropy(pred, label, axis=axis)
    else:
        loss = classification.bounded_sparse_cross_entropy(F, pred, label, axis=axis, epsilon=base.epsilon())
    loss = base.poisoned(F, loss, valid)
    if kept is not None:
        loss = F.where(kept, loss, 0.0)
    return F.cast_like(loss, y_pred), kept


base.MASKING[sparse_categorical_crossentropy] = _sparse


def categorical_generalized_cross_entropy(y_true: Tensor, y_pred: Tensor, q: float) -> Tensor:
    """Generalised cross entropy of class numbers over the last axis (`CategoricalGeneralizedCrossEntropy`)."""
    name = "categorical_generalized_cross_entropy"
    _check_q(name, q)
    (F, _, pred) = base.arguments(name, y_true, y_pred)
    label = base.class_numbers(F, name, y_true, y_pred, -1)
    valid = base.in_range(F, name, label, pred, -1)
    loss = classification.generalized_cross_entropy(F, F.pick(pred, label, axis=-1), q=q)
    return F.cast_like(base.poisoned(F, loss, valid), y_pred)


def _check_q(loss: str, q: float) -> None:
    if not 0 < q < 1:
        raise ValueError(f"{loss}: q={q!r} is outside (0, 1)")


class KLDivergence(base.NamedLoss):
    r"""Kullback-Leibler divergence: :math:`\ell_i = \sum_d y_{id} \log(y_{id} / x_{id})`, over the last axis; then the reduction.

    y_true y and y_pred x are clipped to :math:`[\epsilon, 1]`, with 1e-7, or what ``keras.config.set_epsilon`` has set; nothing normalises
    them. Outside the gradient is 0.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast, probabilities; see the module.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.KLDivergence``, Keras 3.15. Equal to ``torch.nn.KLDivLoss(reduction="batchmean")`` of logarithms inside the
    bounds; the number of classes times ``mxnet.gluon.loss.KLDivLoss``.

    >>> import numpy as np
    >>> print(KLDivergence()(np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])).round(4))
    0.1438
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(base.NamedLoss):
    r"""Negative log likelihood of counts: :math:`\ell_i = \frac1D \sum_d x_{id} - y_{id} \log(x_{id} + \epsilon)`; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of shapes that broadcast, counts y_true y and rates y_pred x of 0 and more; see the
    module. :math:`\epsilon` is 1e-7, or what ``keras.config.set_epsilon`` has set. The constant :math:`\log y!` is left out.

    Raises ValueError for shapes that do not broadcast, and for a y_pred without axes.

    Source: ``keras.losses.Poisson``, Keras 3.15. Equal to ``torch.nn.PoissonNLLLoss(log_input=False, eps=1e-7)`` and
    ``mxnet.gluon.loss.PoissonNLLLoss(from_logits=False, epsilon=1e-7)``, averaged.

    >>> import numpy as np
    >>> print(Poisson()(np.array([2.0]), np.array([1.0])).round(4))
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)


class BinaryCrossentropy(base.NamedLoss):
    r"""Cross entropy of two classes: the mean over `axis` of :math:`-y \log p - (1 - y) \log(1 - p)`; then the reduction.

    Args:
        from_logits: whether y_pred holds logits x, with :math:`p = 1 / (1 + e^{-x})`, in place of probabilities. Of logits nothing is
            clipped; probabilities are, to :math:`[\epsilon, 1 - \epsilon]`, where the gradient ends: 0 and 1 cost 16.12 and 15.94 in
            float32, whose bounds are 1e-7 and 1 - 1.19e-7.
        label_smoothing: s in [0, 1]; y is ``(1 - s) y_true + s / 2``.
        axis: of the mean, before the reduction.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of equal shapes; see the module. Predictions are what they are said to be: Keras on
    TensorFlow takes the logits of a probability instead, where it finds the sigmoid that has made it (1449.7 for 15.94): for that pass
    the logits, with from_logits=True. Labels may lie outside [0, 1]; Keras on PyTorch refuses them.
    :math:`\epsilon` is 1e-7, or what ``keras.config.set_epsilon`` has set.

    Raises ValueError for shapes that differ, for label_smoothing outside [0, 1] and for an axis that y_pred has not.

    Source: ``keras.losses.BinaryCrossentropy``, Keras 3.15. From logits equal to ``torch.nn.BCEWithLogitsLoss``, and to
    ``mxnet.gluon.loss.SigmoidBCELoss``, averaged.

    >>> import numpy as np
    >>> print(BinaryCrossentropy(from_logits=True)(np.array([1.0, 0.0]), np.array([0.0, 100.0])).round(4))
    50.3466
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Axis = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **options)


class BinaryFocalCrossentropy(base.NamedLoss):
    r"""Focal cross entropy of two classes: the mean over `axis` of :math:`w (1 - p_t)^\gamma [-y \log p - (1 - y) \log(1 - p)]`.

    :math:`p_t = y p + (1 - y)(1 - p)`; the reduction follows.

    Args:
        apply_class_balancing: whether :math:`w = \alpha y + (1 - \alpha)(1 - y)`, in place of 1.
        alpha: in [0, 1], of class 1.
        gamma: of 0 and more.
        from_logits, label_smoothing, axis: as in `BinaryCrossentropy`; of logits nothing is clipped. (So does Keras on TensorFlow;
            on its other backends a logit of 1e4 against label 0 costs 15.94 and has gradient 0.)
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of equal shapes; see the module. The gradient is finite, also of gamma below 1, where
    Keras's is NaN at a certain prediction.

    Raises ValueError for shapes that differ, for arguments out of their range and for an axis that y_pred has not.

    Source: ``keras.losses.BinaryFocalCrossentropy``, Keras 3.15; Lin et al. 2018, https://arxiv.org/abs/1708.02002.

    >>> import numpy as np
    >>> print(BinaryFocalCrossentropy()(np.array([1.0]), np.array([0.5])).round(4))
    0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Axis = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options: dict[str, Any] = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        options |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **options)


class CategoricalCrossentropy(base.NamedLoss):
    r"""Cross entropy of one-hot or soft labels: :math:`\ell_i = -\sum_c y_{ic} \log p_{ic}`, over `axis`; then the reduction.

    Args:
        from_logits: whether y_pred holds logits, with their softmax for p. Otherwise it is divided by its sum over the classes (1 where
            that is 0, as in a masked row, which is NaN in Keras) and clipped to :math:`[\epsilon, 1 - \epsilon]`, where the gradient ends.
        label_smoothing: s in [0, 1]; y is ``(1 - s) y_true + s / C`` with C the number of classes along `axis`. (Keras has the size of
            the last axis for C: for that pass ``y_true * (1 - s) + s / y_true.shape[-1]`` and no label_smoothing.)
        axis: of the classes.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of equal shapes; see the module. The gradient is exact for labels that do not add up to 1
    too; Keras's on TensorFlow is softmax minus labels, which is the same where they do. Of a softmax that it finds, Keras on TensorFlow
    takes the logits: for that pass these, with from_logits=True. :math:`\epsilon` is 1e-7, or what ``keras.config.set_epsilon`` has
    set. One class alone draws a warning.

    Raises ValueError for shapes that differ, for label_smoothing outside [0, 1] and for an axis that y_pred has not.

    Source: ``keras.losses.CategoricalCrossentropy``, Keras 3.15. From logits equal to ``torch.nn.CrossEntropyLoss`` of probabilities and to
    ``mxnet.gluon.loss.SoftmaxCELoss(sparse_label=False)``, averaged.

    >>> import numpy as np
    >>> print(CategoricalCrossentropy()(np.array([[0, 1, 0]]), np.array([[0.25, 0.5, 0.25]])).round(4))
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **options)


class CategoricalFocalCrossentropy(base.NamedLoss):
    r"""Focal cross entropy of one-hot or soft labels, over `axis`; then the reduction.

    :math:`\ell_i = -\sum_c \alpha_c (1 - p_{ic})^\gamma y_{ic} \log p_{ic}`.

    Args:
        alpha: one weight, or one for each class along `axis` (Keras: along the last axis, where the two are the same).
        gamma: of 0 and more.
        from_logits: whether y_pred holds logits, with their softmax for p. Divided by its sum and clipped p is in either case, as in
            `CategoricalCrossentropy`.
        label_smoothing, axis: as in `CategoricalCrossentropy`.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)`` of equal shapes; see the module.

    Raises ValueError for shapes that differ, for arguments out of their range, for as many alphas as there are not classes, and for an
    axis that y_pred has not.

    Source: ``keras.losses.CategoricalFocalCrossentropy``, Keras 3.15; Lin et al. 2018, https://arxiv.org/abs/1708.02002.

    >>> import numpy as np
    >>> print(CategoricalFocalCrossentropy()(np.array([[0, 1]]), np.array([[0.5, 0.5]])).round(4))
    0.0433
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options: dict[str, Any] = {"alpha": getattr(alpha, "tolist", lambda: alpha)(), "gamma": gamma}
        options |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **options)


class SparseCategoricalCrossentropy(base.NamedLoss):
    r"""Cross entropy of class numbers: :math:`\ell_i = -\log p_{i y_i}` over `axis`; then the reduction.

    Args:
        from_logits: whether y_pred holds logits, with their softmax for p. Otherwise it is clipped to :math:`[\epsilon, 1 - \epsilon]`,
            where the gradient ends, and then divided by its sum over the classes: Keras on TensorFlow (elsewhere it divides first, and
            a row of zeros is NaN).
        ignore_class: a class number, of which an element costs 0 and is left out of a mean; None: none.
        axis: of the classes, any (Keras: the last on TensorFlow; on NumPy and JAX it reads the wrong elements or raises).
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)``: class numbers of any dtype, exact, and of the shape of y_pred without `axis`, or with
    size 1 there; see the module. Half precision does not round them: in Keras's float16 label 2049 is 2048.

    Raises ValueError for other shapes, for an axis that y_pred has not, and for class numbers out of range where values can be read:
    elsewhere their loss is NaN. (On TensorFlow Keras does so too; on JAX such a class costs 0: for that name it as ignore_class.)

    Source: ``keras.losses.SparseCategoricalCrossentropy``, Keras 3.15, which leaves axis out of its config. From logits equal to
    ``torch.nn.CrossEntropyLoss`` and to ``mxnet.gluon.loss.SoftmaxCELoss``, averaged.

    >>> import numpy as np
    >>> print(SparseCategoricalCrossentropy(ignore_class=9)(np.array([1, 9]), np.array([[0.5, 0.5], [0.1, 0.9]])).round(4))
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **options)


class CategoricalGeneralizedCrossEntropy(base.NamedLoss):
    r"""Generalised cross entropy of class numbers: :math:`\ell_i = (1 - p_{i y_i}^q) / q`, over the last axis; then the reduction.

    Args:
        q: in (0, 1); toward 0 the loss is :math:`-\log p`, toward 1 it is :math:`1 - p`.
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)``: class numbers (...,) or (..., 1), exact, and probabilities (..., C), which nothing
    normalises or clips; see the module. The gradient at p = 0 is infinite, and 0 for the other classes (Keras: NaN).

    Raises ValueError for q outside (0, 1), for other shapes (of labels (N, 1) Keras makes (N, N) losses), and for class numbers out of
    range where values can be read: elsewhere their loss is NaN (Keras on TensorFlow and JAX: 1 / q, that of a p of 0).

    Source: ``keras.losses.CategoricalGeneralizedCrossEntropy``, Keras 3.15; Zhang and Sabuncu 2018, https://arxiv.org/abs/1805.07836.

    >>> import numpy as np
    >>> print(CategoricalGeneralizedCrossEntropy()(np.array([1]), np.array([[0.75, 0.25]])))
    1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        _check_q(type(self).__name__, q)
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
