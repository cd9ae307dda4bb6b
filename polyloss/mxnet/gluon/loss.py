"""`mxnet.gluon.loss` of MXNet 1.9.1, on the tensors of any backend: the same names, arguments, defaults, values and gradients.

In all losses `weight` is a number that scales the result (or None), and `batch_axis` the axis of the samples; `sample_weight` has
the dtype of the unreduced loss and broadcasts to its shape. Tensors of one call belong to one framework and have one floating dtype
(class labels: any dtype). A wrong call raises ValueError or TypeError that names the loss and the argument.

MXNet 1.9.1 differs from what is here in what it returns as NaN or garbage; the conformance report lists each such case.
"""

from __future__ import annotations

from typing import Any

from polyloss import checks
from polyloss.formulas import classification, embedding, regression
from polyloss.mxnet.gluon.base import ElementwiseLoss, Loss
from polyloss.mxnet.gluon.base import apply_weighting as _apply_weighting  # noqa: F401 - custom losses import it from Gluon's module
from polyloss.mxnet.gluon.base import reshape_like as _reshape_like  # noqa: F401 - as above
from polyloss.opset import OpSet, Tensor

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "HingeLoss", "HuberLoss", "KLDivLoss", "L1Loss", "L2Loss", "LogisticLoss",
    "Loss", "PoissonNLLLoss", "SDMLLoss", "SigmoidBCELoss", "SigmoidBinaryCrossEntropyLoss", "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss", "SquaredHingeLoss", "TripletLoss",
]  # fmt: skip

_EPSILON = 1e-12  # Gluon's guard of logarithms and norms


class L2Loss(ElementwiseLoss):
    r"""Half the squared error, averaged per sample.

    :math:`L_n = \frac{w}{2m} \sum_i (y_{ni} - p_{ni})^2` over the m elements of sample n.

    Args:
        weight: w, default 1. None is refused, as Gluon does.
        batch_axis: the axis of the samples.

    Call: ``(pred, label, sample_weight=None)``. `pred` has any shape with at least one axis, `label` the same number of elements.
    Returns shape (batch_size,). The gradient is exact everywhere.

    Source: ``mxnet.gluon.loss.L2Loss``, MXNet 1.9.1, whose printed formula has a sum where the code has the mean.
    Half of ``torch.nn.MSELoss`` and ``keras.losses.MeanSquaredError`` per sample.

    >>> import numpy as np
    >>> L2Loss()(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [3.0, 4.0]]))
    array([1.  , 0.25])
    """

    def __init__(self, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        checks.number("L2Loss", "weight", weight)
        super().__init__(weight, batch_axis, **kwargs)

    _factor = 0.5

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return regression.squared_error(F, pred, label)


class L1Loss(ElementwiseLoss):
    r"""Absolute error, averaged per sample.

    :math:`L_n = \frac{w}{m} \sum_i |y_{ni} - p_{ni}|` over the m elements of sample n.

    Call: ``(pred, label, sample_weight=None)``. `pred` has any shape with at least one axis, `label` the same number of elements.
    Returns shape (batch_size,). The gradient where prediction and label are equal is 0.

    Source: ``mxnet.gluon.loss.L1Loss``, MXNet 1.9.1, whose printed formula has a sum where the code has the mean.
    Equal to ``torch.nn.L1Loss`` and ``keras.losses.MeanAbsoluteError`` per sample.

    >>> import numpy as np
    >>> L1Loss()(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [3.0, 4.0]]))
    array([1. , 0.5])
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return regression.absolute_error(F, pred, label)


class SigmoidBinaryCrossEntropyLoss(Loss):
    r"""Binary cross entropy of logits, or of probabilities, averaged per sample. Also `SigmoidBCELoss`.

    :math:`L_n = -\frac{w}{m} \sum_i [\pi_i y_{ni} \log q_{ni} + (1 - y_{ni}) \log(1 - q_{ni})]` with :math:`q = 1/(1 + e^{-p})`; from
    probabilities :math:`q = p` and both logarithms have :math:`10^{-12}` added to their argument.

    Args:
        from_sigmoid: predictions are probabilities in [0, 1], not logits.
        weight: w, or None.
        batch_axis: the axis of the samples.

    Call: ``(pred, label, sample_weight=None, pos_weight=None)``. `label` in [0, 1] has as many elements as `pred`; `pos_weight` (pi, of
    the positive terms) broadcasts to the shape of `pred`. Returns shape (batch_size,).

    At a logit of exactly 0 the gradient is Gluon's: ``-label`` (with `pos_weight` ``1 - label``), not ``1/2 - label``.

    Source: ``mxnet.gluon.loss.SigmoidBinaryCrossEntropyLoss``, MXNet 1.9.1, whose printed formula lacks parentheses after the minus
    and the mean. Equal to ``torch.nn.BCEWithLogitsLoss`` per sample (save that gradient); from probabilities it differs from
    ``torch.nn.BCELoss`` and Keras, which clamp in other ways.

    >>> import numpy as np
    >>> SigmoidBCELoss()(np.array([[0.0, 100.0]]), np.array([[1.0, 0.0]])).round(4)
    array([50.3466])
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def hybrid_forward(
        self,
        F: OpSet,
        pred: Tensor,
        label: Tensor,
        sample_weight: Tensor | None = None,
        pos_weight: Tensor | None = None,
    ) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        label = self._like(F, "label", label, "pred", pred)
        if pos_weight is not None:
            name = type(self).__name__
            checks.same_dtype(F, name, "pos_weight", pos_weight, "pred", pred)
            checks.broadcastable(F, name, "pos_weight", pos_weight, "pred", F.shape(pred))
            pos_weight = F.widen(pos_weight)
        wide = F.widen(pred)
        if self._from_sigmoid:
            loss = classification.binary_cross_entropy(F, wide, label, pos_weight, epsilon=_EPSILON)
        elif pos_weight is None:
            loss = classification.logistic_cross_entropy(F, wide, label)
        else:
            loss = classification.weighted_logistic_cross_entropy(F, wide, label, pos_weight)
        return self._per_sample(F, loss, sample_weight, pred)


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(Loss):
    r"""Cross entropy of logits (or log probabilities) against classes or distributions, averaged per sample. Also `SoftmaxCELoss`.

    :math:`L_n = -\frac{w}{m} \sum_i \sum_j y_{nij} \log softmax(p)_{nij}`, i over the m places of sample n, j over the classes.

    Args:
        axis: the axis of the classes.
        sparse_label: labels are class numbers; otherwise they are weights of all classes, of the shape of `pred`.
        from_logits: predictions are log probabilities already. (Gluon's word; elsewhere *logits* are what softmax takes.)
        weight: w, or None.
        batch_axis: the axis of the samples.

    Call: ``(pred, label, sample_weight=None)``. A sparse `label` has the shape of `pred` without `axis`, or with size 1 there, and any real
    dtype: fractions are truncated, and classes out of range are clipped into it. `sample_weight` broadcasts to the shape of `pred` with
    size 1 at `axis`. Returns shape (batch_size,).

    Source: ``mxnet.gluon.loss.SoftmaxCrossEntropyLoss``, MXNet 1.9.1. Equal to ``torch.nn.CrossEntropyLoss(reduction="none")``
    and ``keras.losses.SparseCategoricalCrossentropy(from_logits=True)`` averaged per sample, for labels in range.

    >>> import numpy as np
    >>> SoftmaxCELoss()(np.array([[2.0, 0.5, -1.0, 0.0]]), np.array([0])).round(4)
    array([0.3423])
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def hybrid_forward(self, F: OpSet, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        name = type(self).__name__
        checks.in_rank(F, name, "axis", self._axis, "pred", pred)
        logits = pred
        if not self._sparse_label:
            (label, logits) = (self._like(F, "label", label, "pred", pred), F.widen(pred))
        elif (shape := F.shape(pred)) is not None:
            checks.floating(F, name, "pred", pred)
            i = self._axis % len(shape)
            accepted = ((*shape[:i], *shape[i + 1 :]), (*shape[:i], 1, *shape[i + 1 :]))
            checks.shaped(
                F,
                name,
                "label",
                label,
                accepted,
                "that of pred, {shape}, without axis {axis}",
                shape=shape,
                axis=self._axis,
            )
        loss = classification.categorical_cross_entropy(
            F, logits, label, axis=self._axis, sparse=self._sparse_label, log_probabilities=self._from_logits
        )
        return self._per_sample(F, loss, sample_weight, pred)


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(Loss):
    r"""Kullback-Leibler divergence of predicted log probabilities from a distribution, summed per sample.

    :math:`L_n = w \sum_i y_{ni} [\log(y_{ni} + 10^{-12}) - p_{ni}]` over the elements of sample n; unless `from_logits` with log_softmax
    of p in place of p.

    Args:
        from_logits: predictions are log probabilities. (Gluon's word; elsewhere *logits* are what softmax takes.)
        axis: the axis of the softmax, where it is taken.
        weight: w, or None.
        batch_axis: the axis of the samples.
        average: divide by the number of elements per sample, as Gluon's documentation says and MXNet did before 1.7; 1.9.1 does not.

    Call: ``(pred, label, sample_weight=None)``. `pred` and `label` broadcast against each other (`label` is not reshaped). A label of 0
    costs 0. Returns shape (batch_size,).

    Source: ``mxnet.gluon.loss.KLDivLoss``, MXNet 1.9.1. Equal to ``torch.nn.KLDivLoss(reduction="none")`` summed per sample, save the
    epsilon; Keras clips both distributions at 1e-7 instead.

    >>> import numpy as np
    >>> KLDivLoss()(np.log([[0.25, 0.75]]), np.array([[0.5, 0.5]])).round(4)
    array([0.1438])
    """

    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: float | None = None,
        batch_axis: int = 0,
        *,
        average: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis
        self._average = average

    def hybrid_forward(self, F: OpSet, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        name = type(self).__name__
        checks.floating(F, name, "pred", pred)
        checks.same_dtype(F, name, "label", label, "pred", pred)
        checks.broadcastable(F, name, "label", label, "pred", F.shape(pred))
        checks.in_rank(F, name, "batch_axis", self._batch_axis, "pred", pred)
        log_prob = F.widen(pred)
        if not self._from_logits:
            checks.in_rank(F, name, "axis", self._axis, "pred", pred)
            log_prob = F.log_softmax(log_prob, axis=self._axis)
        loss = classification.kl_divergence(F, log_prob, F.widen(label), epsilon=_EPSILON)
        reduce = F.mean if self._average else F.sum
        loss = self._with_sample_weight(F, loss, sample_weight, pred)
        return self._scaled(F, reduce(loss, axis=self._batch_axis, exclude=True), pred)


class CTCLoss(Loss):
    r"""Connectionist temporal classification: minus the log probability of a label sequence, over all its alignments.

    :math:`L_n = -w \log \sum_{a: B(a) = y_n} \prod_t softmax(p_{tn})_{a_t}`, where B merges repeats and drops blanks.

    Args:
        layout: of `pred`, ``NTC`` or ``TNC``: batch, frame, class. The last class is the blank.
        label_layout: of `label`, ``NT`` or ``TN``.
        weight: w, or None.

    Call: ``(pred, label, pred_lengths=None, label_lengths=None, sample_weight=None)``. `pred` holds logits. `label` holds classes from 0,
    padded with -1 (or with anything, where `label_lengths` of shape (batch_size,) are given), in any real dtype, and is no wider than
    there are frames. `pred_lengths` (batch_size,) defaults to all frames. Returns shape (batch_size,).

    An empty label is the probability of blanks alone. A label that cannot be aligned in the frames costs infinity, with gradient 0.

    Source: ``mxnet.gluon.loss.CTCLoss``, MXNet 1.9.1; Graves et al., ICML 2006. Equal to ``torch.nn.CTCLoss(blank=C-1,
    reduction="none")`` on log_softmax, and to ``tf.nn.ctc_loss(blank_index=-1)``.

    >>> import numpy as np
    >>> CTCLoss()(np.zeros((1, 4, 3)), np.array([[1, 0]])).round(4)  # 15 of 81 equally likely paths
    array([1.6864])
    """

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        checks.one_of("CTCLoss", "layout", layout, ("NTC", "TNC"))
        checks.one_of("CTCLoss", "label_layout", label_layout, ("NT", "TN"))
        super().__init__(weight, label_layout.find("N"), **kwargs)
        self._layout = layout
        self._label_layout = label_layout

    def hybrid_forward(
        self,
        F: OpSet,
        pred: Tensor,
        label: Tensor,
        pred_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        checks.floating(F, "CTCLoss", "pred", pred)
        checks.shaped(F, "CTCLoss", "pred", pred, [(None, None, None)], f"{self._layout}")
        checks.shaped(F, "CTCLoss", "label", label, [(None, None)], f"{self._label_layout}")
        if self._layout == "NTC":
            pred = F.swapaxes(pred, 0, 1)
        if self._batch_axis == 1:
            label = F.swapaxes(label, 0, 1)
        if (shape := F.shape(pred)) is not None:
            (frames, batch, _) = shape
            checks.shaped(F, "CTCLoss", "label", label, [(batch, None)], "the batch size of pred by the longest label")
            checks.at_most(F, "CTCLoss", "label", label, 1, frames, "the number of frames in pred")
            if pred_lengths is not None:
                checks.shaped(F, "CTCLoss", "pred_lengths", pred_lengths, [(batch,)], "one length a sample")
            if label_lengths is not None:
                checks.shaped(F, "CTCLoss", "label_lengths", label_lengths, [(batch,)], "one length a sample")
        loss = F.ctc_loss(F.widen(pred), label, pred_lengths, label_lengths)
        return self._scaled(F, self._with_sample_weight(F, loss, sample_weight, pred), pred)


class HuberLoss(ElementwiseLoss):
    r"""Quadratic below `rho`, linear above, averaged per sample; also called smooth L1.

    :math:`L_n = \frac{w}{m} \sum_i h(|y_{ni} - p_{ni}|)`, with :math:`h(e) = e^2 / (2\rho)` for :math:`e < \rho` and
    :math:`e - \rho/2` otherwise.

    Args:
        rho: the threshold, above 0.
        weight: w, or None.
        batch_axis: the axis of the samples.

    Call: ``(pred, label, sample_weight=None)``. `pred` has any shape with at least one axis, `label` the same number of elements.
    Returns shape (batch_size,). Value and slope are continuous at rho.

    Source: ``mxnet.gluon.loss.HuberLoss``, MXNet 1.9.1, whose printed formula has a sum where the code has the mean. Equal to
    ``torch.nn.SmoothL1Loss(beta=rho)``, and ``torch.nn.HuberLoss(delta=rho)`` and Keras's Huber divided by rho, per sample.

    >>> import numpy as np
    >>> HuberLoss(rho=2)(np.array([[0.0, 1.0, 2.5, -1.0]]), np.array([[0.5, 1.0, 1.0, 1.0]]))
    array([0.40625])
    """

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        checks.positive("HuberLoss", "rho", rho)
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return regression.huber_over_rho(F, pred, label, rho=self._rho)


class HingeLoss(ElementwiseLoss):
    r"""Hinge loss of a support vector machine, averaged per sample.

    :math:`L_n = \frac{w}{m} \sum_i \max(0, \mu - p_{ni} y_{ni})`.

    Args:
        margin: mu.
        weight: w, or None.
        batch_axis: the axis of the samples.

    Call: ``(pred, label, sample_weight=None)``. `label` is -1 or 1 and has as many elements as `pred`. Returns shape (batch_size,).
    The gradient on the margin is 0.

    Source: ``mxnet.gluon.loss.HingeLoss``, MXNet 1.9.1, whose printed formula has a sum where the code has the mean.
    Equal to ``keras.losses.Hinge`` per sample for labels -1 and 1; ``torch.nn.HingeEmbeddingLoss`` is another loss.

    >>> import numpy as np
    >>> HingeLoss()(np.array([[0.8, -1.2]]), np.array([[1.0, -1.0]])).round(4)
    array([0.1])
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        checks.number(type(self).__name__, "margin", margin)
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return classification.hinge(F, pred, label, margin=self._margin)


class SquaredHingeLoss(HingeLoss):
    r"""Squared hinge loss, averaged per sample.

    :math:`L_n = \frac{w}{m} \sum_i \max(0, \mu - p_{ni} y_{ni})^2`, with margin mu; arguments, shapes and domains as in `HingeLoss`.
    The gradient is continuous.

    Source: ``mxnet.gluon.loss.SquaredHingeLoss``, MXNet 1.9.1, whose documentation calls it the soft-margin loss and prints a sum where
    the code has the mean. Equal to ``keras.losses.SquaredHinge`` per sample for labels -1 and 1.

    >>> import numpy as np
    >>> SquaredHingeLoss()(np.array([[0.5, -1.2]]), np.array([[1.0, -1.0]]))
    array([0.125])
    """

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        return F.square(super()._formula(F, pred, label))


class LogisticLoss(ElementwiseLoss):
    r"""Logistic loss of a binary classifier, averaged per sample.

    :math:`L_n = \frac{w}{m} \sum_i \log(1 + e^{-p_{ni} y_{ni}})` for labels -1 and 1. For any other label y it is the cross entropy
    with the label :math:`(y + 1)/2`.

    Args:
        weight: w, or None.
        batch_axis: the axis of the samples.
        label_format: ``signed`` (-1 and 1) or ``binary`` (0 and 1).

    Call: ``(pred, label, sample_weight=None)``. `label` has as many elements as `pred`. Returns shape (batch_size,).
    At a prediction of exactly 0 the gradient is Gluon's: minus the label as 0 or 1.

    Source: ``mxnet.gluon.loss.LogisticLoss``, MXNet 1.9.1, whose printed formula has a sum where the code has the mean.
    Equal to ``torch.nn.SoftMarginLoss`` per sample, save that gradient; with ``binary`` equal to `SigmoidBCELoss`.

    >>> import numpy as np
    >>> LogisticLoss()(np.array([[0.8, -1.2]]), np.array([[1.0, -1.0]])).round(4)
    array([0.3172])
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any
    ) -> None:
        checks.one_of("LogisticLoss", "label_format", label_format, ("signed", "binary"))
        super().__init__(weight, batch_axis, **kwargs)
        self._label_format = label_format

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        if self._label_format == "signed":
            return classification.signed_logistic_cross_entropy(F, pred, label)
        return classification.logistic_cross_entropy(F, pred, label)


class TripletLoss(Loss):
    r"""A positive example must be nearer than a negative one, by a margin, in squared Euclidean distance.

    :math:`L_n = w \max(0, \|a_n - p_n\|^2 - \|b_n - p_n\|^2 + \mu)` for prediction p, positive a, negative b; norms over all axes but the
    batch axis.

    Args:
        margin: mu.
        weight: w, or None.
        batch_axis: the axis of the samples.

    Call: ``(pred, positive, negative)``, of one size. Returns shape (batch_size,). The gradient on the margin is 0.

    Source: ``mxnet.gluon.loss.TripletLoss``, MXNet 1.9.1. ``torch.nn.TripletMarginLoss`` takes distances, not their squares.

    >>> import numpy as np
    >>> TripletLoss()(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    array([1.])
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        checks.number("TripletLoss", "margin", margin)
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: OpSet, pred: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        positive = self._like(F, "positive", positive, "pred", pred)
        negative = self._like(F, "negative", negative, "pred", pred)
        checks.in_rank(F, "TripletLoss", "batch_axis", self._batch_axis, "pred", pred)
        loss = embedding.triplet(F, F.widen(pred), positive, negative, margin=self._margin, batch_axis=self._batch_axis)
        return self._scaled(F, F.widen(loss), pred)


class PoissonNLLLoss(Loss):
    r"""Negative log likelihood of counts under a Poisson distribution, averaged over everything.

    :math:`L = \frac{w}{m} \sum_i [\lambda_i - t_i \log \lambda_i]` over m elements, with :math:`\lambda = e^p`, or without `from_logits`
    :math:`\lambda = p` and :math:`\log(p + \varepsilon)`.

    Args:
        weight: w, or None.
        from_logits: predictions are log rates.
        batch_axis: taken, and without effect, as in Gluon.
        compute_full: add Stirling's :math:`t \log t - t + \log(2 \pi t)/2` where t > 1, in place of :math:`\log t!`.

    Call: ``(pred, target, sample_weight=None, epsilon=1e-08)``. `target` has as many elements as `pred`, none below 0; without
    `from_logits` `pred` is not below 0 either. Returns shape (1,): one mean, not one per sample.

    Source: ``mxnet.gluon.loss.PoissonNLLLoss``, MXNet 1.9.1, whose documentation gives shape (1, 1). Equal to
    ``torch.nn.PoissonNLLLoss(log_input=from_logits, full=compute_full, eps=epsilon)``, which returns a scalar.

    >>> import numpy as np
    >>> PoissonNLLLoss(from_logits=False)(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])).round(4)
    array([1.5])
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def hybrid_forward(
        self, F: OpSet, pred: Tensor, target: Tensor, sample_weight: Tensor | None = None, epsilon: float = 1e-08
    ) -> Tensor:
        """The mean over all elements, shape (1,)."""
        checks.number("PoissonNLLLoss", "epsilon", epsilon)
        target = self._like(F, "target", target, "pred", pred)
        loss = regression.poisson_nll(
            F, F.widen(pred), target, from_logits=self._from_logits, compute_full=self._compute_full, epsilon=epsilon
        )
        total = F.mean(self._with_sample_weight(F, loss, sample_weight, pred))
        return self._scaled(F, F.reshape(total, (1,)), pred)


class CosineEmbeddingLoss(Loss):
    r"""Pulls pairs of vectors together or apart, by the cosine of their angle.

    :math:`L_n = w (1 - c_n)` for label 1, :math:`w \max(0, c_n - \mu)` for label -1 and 0 for any other, with
    :math:`c = x \cdot y / \max(|x| |y|, 10^{-12})` over the last axis.

    Args:
        weight: w, or None.
        batch_axis: taken, and without effect, as in Gluon.
        margin: mu.

    Call: ``(input1, input2, label, sample_weight=None)``. `input1` and `input2` have one size, and all their axes but the last number
    the rows; `label` holds one number a row. Returns shape (rows, 1); a `sample_weight` of shape (rows,) makes it (rows, rows).

    A zero vector has cosine 0, and the gradient of that quotient: the other vector times 1e12.

    Source: ``mxnet.gluon.loss.CosineEmbeddingLoss``, MXNet 1.9.1, whose documentation leaves out margin and clipping and gives shape
    (batch_size,). Equal to ``torch.nn.CosineEmbeddingLoss(reduction="none")`` away from zero vectors, save the shape.

    >>> import numpy as np
    >>> CosineEmbeddingLoss()(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([1.0])).round(4)
    array([[0.4]])
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        checks.number("CosineEmbeddingLoss", "margin", margin)
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(
        self, F: OpSet, input1: Tensor, input2: Tensor, label: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """The loss per row, shape (rows, 1)."""
        input1 = self._like(F, "input1", input1, "input2", input2)
        checks.same_dtype(F, "CosineEmbeddingLoss", "label", label, "input2", input2)
        checks.in_rank(F, "CosineEmbeddingLoss", "batch_axis", self._batch_axis, "input2", input2)
        if (shape := F.shape(input2)) is not None and None not in shape:
            checks.sized(F, "CosineEmbeddingLoss", "label", label, shape[:-1], "one label a row of input2")
        loss = embedding.cosine_embedding(
            F, input1, F.widen(input2), F.widen(label), margin=self._margin, epsilon=_EPSILON
        )
        return self._scaled(F, self._with_sample_weight(F, loss, sample_weight, input2, enlarge=True), input2)


class SDMLLoss(Loss):
    r"""Smoothed deep metric learning: each vector must find its partner among all partners of the batch.

    :math:`L_n = \sum_j q_{nj} [\log(q_{nj} + 10^{-12}) - \log softmax_j(-\|x_n - y_j\|^2)]`, with :math:`q_{nn} = 1 - s` and
    :math:`q_{nj} = s/(N - 1)` for the others.

    Args:
        smoothing_parameter: s, in [0, 1).
        weight: taken, and without effect, as in Gluon.
        batch_axis: taken, and without effect, as in Gluon.

    Call: ``(x1, x2)``, both (batch_size, vector_dim): row n of one is the partner of row n of the other. Returns shape (batch_size,).
    In a batch of one there are no others: the loss is the constant :math:`(1 - s) \log(1 - s + 10^{-12})`.

    Source: ``mxnet.gluon.loss.SDMLLoss``, MXNet 1.9.1; Bonadiman et al. 2019, arXiv:1905.12786.

    >>> import numpy as np
    >>> SDMLLoss()(np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])).round(4)
    array([0.6073, 0.0823])
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        checks.number("SDMLLoss", "smoothing_parameter", smoothing_parameter)
        super().__init__(weight, batch_axis, **kwargs)
        self.smoothing_parameter = smoothing_parameter

    def hybrid_forward(self, F: OpSet, x1: Tensor, x2: Tensor) -> Tensor:
        """The loss per row, shape (batch_size,)."""
        checks.floating(F, "SDMLLoss", "x1", x1)
        checks.same_dtype(F, "SDMLLoss", "x2", x2, "x1", x1)
        checks.shaped(F, "SDMLLoss", "x1", x1, [(None, None)], "(batch_size, vector_dim)")
        if (shape := F.shape(x1)) is not None:
            checks.shaped(F, "SDMLLoss", "x2", x2, [shape], "that of x1")
        loss = embedding.smoothed_deep_metric(
            F, F.widen(x1), F.widen(x2), smoothing=self.smoothing_parameter, epsilon=_EPSILON
        )
        return F.cast_like(loss, x1)
