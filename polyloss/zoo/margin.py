"""Losses of how far a score is on the right side: hinge, its form for classes, and the logistic loss."""

from __future__ import annotations

from polyloss import checks
from polyloss.formulas import classification as formulas
from polyloss.formulas import margin as margins
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import alike, item, opened, reduced
from polyloss.zoo.labels import numbered, own_class, unspoiled, weighed


def hinge(
    pred: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    squared: bool = False,
    binary_labels: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""What a score lacks to being on the right side by a margin.

    .. math:: \ell = \operatorname{mean}_n\; \max(0,\ m - y_n x_n)

    Use: maximum-margin classifiers, and critics of generative networks; with `squared`, where the loss has to be smooth.

    Elsewhere: the loss is 0 only on the *right* side, from the margin on, and grows without bound on the wrong one, whatever the source
    list says. Keras turns labels 0 and 1 into -1 and 1 if it sees nothing else; here `binary_labels` says so.
    PyTorch's ``HingeEmbeddingLoss`` is another loss.

    Args:
        pred: scores, any shape.
        target: -1 or 1, in the shape of `pred`.
        margin: m.
        squared: the square of the hinge, element by element.
        binary_labels: the targets are 0 and 1.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The gradient just on the margin is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Cortes and Vapnik, Support-Vector Networks, Machine Learning 20, 1995.

    >>> import numpy as np
    >>> hinge(np.array([0.8, -1.2, 2.5, -0.3]), np.array([1.0, -1.0, 1.0, 1.0]), reduction="none").round(6)
    array([0.2, 0. , 0. , 1.3])
    """
    (F, x, y, dtype) = _signed("hinge", pred, target, binary_labels)
    checks.number("hinge", "margin", margin)
    values = formulas.hinge(F, x, y, margin=margin)
    return reduced(F, "hinge", F.square(values) if squared else values, reduction, dtype)


def multiclass_hinge(
    pred: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    squared: bool = False,
    axis: int = 1,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""What the score of the right class lacks to exceeding the best of the others by a margin.

    .. math:: \ell = \operatorname{mean}_n\; \max\left(0,\ m + \max_{j \ne y_n} x_{nj} - x_{n y_n}\right)

    Use: maximum-margin classifiers of several classes.

    Elsewhere: PyTorch's ``MultiMarginLoss`` (Weston and Watkins) adds up the lacks to all other classes and divides by the number of
    classes. Keras' ``CategoricalHinge`` compares with the larger of 0 and the best of the others. Equal to optax's
    ``multiclass_hinge_loss``.

    Args:
        pred: scores with the classes along `axis`: (N, C, ...).
        target: class numbers of any integer dtype, in the shape of `pred` without its classes.
        margin: m.
        squared: the square of the hinge, sample by sample.
        axis: that of the classes.
        ignore_index: the class number of positions that do not count.
        reduction: ``none`` (the shape of `target`), ``mean`` over all positions that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, 0 if there is one class only. The gradient just on the margin is 0; scores that tie for the best of
        the others share it. An ignored position costs 0 and passes no gradient; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtype is not floating, or the margin is no number.

    Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, JMLR 2, 2001.

    >>> import numpy as np
    >>> multiclass_hinge(np.array([[2.0, 0.5, -1.0], [0.1, 1.2, 0.3]]), np.array([0, 2]), reduction="none").round(6)
    array([0. , 1.9])
    """
    name = "multiclass_hinge"
    (F, (x, y), dtype) = opened(name, ("target",), pred=pred, target=target)
    checks.number(name, "margin", margin)
    labels = numbered(F, name, x, y, axis=axis, ignore_index=ignore_index)
    x = unspoiled(F, x, labels, axis=axis)
    own = own_class(F, name, x, labels, axis=axis)
    values = margins.best_other(F, x, labels.number, own, margin=margin, axis=axis)
    return weighed(F, name, F.square(values) if squared else values, labels, reduction, dtype)


def logistic(pred: Tensor, target: Tensor, *, binary_labels: bool = False, reduction: str = "mean") -> Tensor:
    r"""The logistic loss of a score and a side.

    .. math:: \ell = \operatorname{mean}_n\; \log\left(1 + e^{-y_n x_n}\right)

    Use: logistic regression with labels -1 and 1; boosting.

    Elsewhere: the source list prints the logistic *function* ``1 / (1 + e^-x)`` under this name, which knows no label and grows with the
    score. PyTorch's ``SoftMarginLoss`` overflows from ``-y x`` of 89 on in float32. With `binary_labels` it is `binary_cross_entropy` of
    logits.

    Args:
        pred: scores, any shape.
        target: -1 or 1, in the shape of `pred`.
        binary_labels: the targets are 0 and 1.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, finite for all finite scores; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Cox, The Regression Analysis of Binary Sequences, Journal of the Royal Statistical Society B 20(2), 1958.

    >>> import numpy as np
    >>> logistic(np.array([0.8, -1.2, 2.5, -0.3]), np.array([1.0, -1.0, 1.0, 1.0]), reduction="none").round(6)
    array([0.371101, 0.263282, 0.07889 , 0.854355])
    """
    (F, x, y, dtype) = _signed("logistic", pred, target, binary_labels)
    return reduced(F, "logistic", formulas.soft_margin(F, x, y), reduction, dtype)


Hinge = item(hinge)
MulticlassHinge = item(multiclass_hinge)
Logistic = item(logistic)


def _signed(name: str, pred: Tensor, target: Tensor, binary_labels: bool) -> tuple[OpSet, Tensor, Tensor, str | None]:
    (F, (x, y), dtype) = alike(name, pred=pred, target=target)
    return F, x, 2.0 * y - 1.0 if binary_labels else y, dtype
