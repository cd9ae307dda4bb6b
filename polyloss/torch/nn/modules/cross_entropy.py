"""Losses of classes: cross entropy from logits, and from log probabilities."""

from __future__ import annotations

import warnings

from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import WeightedLoss


class CrossEntropyLoss(WeightedLoss):
    r"""Cross entropy of classes, from logits.

    With :math:`\log p_c = x_c - \log \sum_j e^{x_j}` of input x and the smoothing s, at each position n

    .. math:: \ell_n = -(1 - s) w_{y_n} \log p_{n, y_n} - \frac{s}{C} \sum_c w_c \log p_{n, c}

    for a target y of classes, 0 where :math:`y_n` is `ignore_index`; and for a target t of probabilities

    .. math:: \ell_n = -\sum_c w_c \left[(1 - s) t_{n, c} + \frac{s}{C}\right] \log p_{n, c}.

    The sum is over positions, and so is the mean, which is the sum divided by :math:`\sum_n w_{y_n}` over the positions that are not
    ignored for classes, and by the number of positions (the weights do not count) for probabilities.

    Args:
        weight: w, a tensor (C,), or None for 1.
        size_average, reduce, reduction: see the module.
        ignore_index: a class number that is not counted, a class or not; below 0 for probabilities, where it has no meaning.
        label_smoothing: s, from 0 to 1, checked at the call.

    Call: ``(input, target)``. Input (N, C), (N, C, d1, ...), or (C,) without a batch. A target of the input's shape holds
    probabilities, which are not checked, in any floating dtype; one without axis C holds classes in [0, C), in an integer dtype
    (for torch's tensors int64 or uint8). For input (C,) it may be (1,);
    a symbol of MXNet, which has no shape, is taken to have a batch. Returns shape (), with ``none`` that of the positions.
    A probability of 0 for a class of logit -inf counts 0, where torch gives NaN. A mean in which nothing counts is NaN, with a
    UserWarning where values can be read; the sum is 0. Gradients are exact, also for probabilities.

    Raises ValueError for shapes and a smoothing that are not accepted, and for a label that is neither a class nor `ignore_index`
    where values can be read (under a tracer it gives NaN); TypeError for dtypes that are not accepted and for a weight that has not
    the input's; `polyloss.opset.UnsupportedError`, which then is a TypeError too, for integers that the framework's own losses refuse.

    Source: ``torch.nn.CrossEntropyLoss``, torch 2.13. Without options equal to ``mxnet.gluon.loss.SoftmaxCrossEntropyLoss(axis=1)``
    and ``keras.losses.SparseCategoricalCrossentropy(from_logits=True)``, averaged.

    >>> import numpy as np
    >>> logits = np.array([[0.0, 0.0], [0.0, 5.0], [7.0, 8.0]])
    >>> print(CrossEntropyLoss()(logits, np.array([0, 1, -100])).round(4))
    0.3499
    """

    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.cross_entropy(
            input,
            target,
            weight=self._constant("weight", input),
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    r"""Negative log likelihood of classes, from log probabilities.

    :math:`\ell_n = -w_{y_n} x_{n, y_n}` of input x and target y, 0 where :math:`y_n` is `ignore_index`; `reduction` takes the sum over
    all positions n, or the mean: the sum divided by that of :math:`w_{y_n}` over the positions that are not ignored.

    Args:
        weight: w, a tensor (C,), or None for 1.
        size_average, reduce, reduction: see the module.
        ignore_index: a class number that is not counted, a class or not.

    Call: ``(input, target)``. Input (N, C), (N, C, d1, ...), or (C,) without a batch; the target has its shape without C, or is (1,)
    for input (C,), with classes in [0, C), in an integer dtype (for torch's tensors int64 or uint8). Returns shape (), with ``none``
    that of the target. The input is not checked to be log probabilities, and the loss is linear in it. A mean in which nothing
    counts is NaN, with a UserWarning where values can be read; the sum is 0.

    Raises as `CrossEntropyLoss` does.

    Source: ``torch.nn.NLLLoss``, torch 2.13. Behind a log softmax equal to `CrossEntropyLoss`.

    >>> import numpy as np
    >>> log_p = np.log(np.array([[0.5, 0.5], [0.75, 0.25]]))
    >>> print(NLLLoss(weight=np.array([1.0, 3.0]))(log_p, np.array([0, 1])).round(4))
    1.213
    """

    ignore_index: int

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.nll_loss(
            input,
            target,
            weight=self._constant("weight", input),
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """`NLLLoss` under its old name for images, deprecated with a FutureWarning.

    Formula, arguments, shapes and errors are those of `NLLLoss`.

    Source: ``torch.nn.NLLLoss2d``, torch 2.13.

    >>> import numpy as np, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     loss = NLLLoss2d()
    >>> print(loss(np.full((1, 2, 1, 1), -0.5), np.array([[[1]]])))
    0.5
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn("NLLLoss2d is deprecated: NLLLoss takes the same arguments", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)
