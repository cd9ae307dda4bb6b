"""Cross entropies of classes and of yes or no, and what is made of them: focal loss, Poly-1, the asymmetric loss."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import classification as formulas
from polyloss.formulas import cross_entropy as cross_entropies
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import MODES, alike, item, opened, reduced, shape_of
from polyloss.zoo.labels import Labels, numbered, own_class, unspoiled, weighed


def cross_entropy(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    probabilities: bool = False,
    eps: float = 1e-12,
    axis: int = 1,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross entropy of classes: how many nats it takes to name the right one.

    .. math:: \ell = \frac{\sum_n \ell_n}{\sum_n w_{y_n}}, \quad
        \ell_n = -\sum_c w_c \left((1 - s)\, t_{nc} + \tfrac{s}{C}\right) \log \operatorname{softmax}(x_n)_c

    with :math:`t_n` the one-hot vector of the class :math:`y_n`, or the probabilities that are given, and s the smoothing.

    Use: classification into one of several classes; with smoothing where labels are noisy or confidence is to stay calibrated.

    Elsewhere: Keras and older code take probabilities where nothing else is said, PyTorch and optax logits. Equal to
    ``torch.nn.functional.cross_entropy``, but that the mean over nothing is 0 where PyTorch's is NaN. With probabilities, Keras
    clips them to 1e-7, PyTorch's binary form bounds logarithms at -100: the value at probability 0 is a convention of each.

    Args:
        pred: logits, or `probabilities`, with the classes along `axis`: (N, C, ...).
        target: class numbers of any integer dtype, in the shape of `pred` without its classes; or probabilities, in the shape of `pred`.
        weight: of each class, (C,), in the dtype of `pred`.
        probabilities: `pred` holds probabilities, of which ``max(p, eps)`` is taken. Prefer logits.
        eps: the least probability, above 0; from it on down, the gradient is 0.
        axis: that of the classes.
        ignore_index: the class number of positions that do not count.
        label_smoothing: how much of each target is shared by all classes, in [0, 1].
        reduction: ``none`` (the shape of `pred` without its classes), ``mean`` or ``sum``. The mean is over the weights of the classes, and
            for targets of probabilities over the number of positions.

    Returns:
        The loss in the dtype of `pred`. An ignored position costs 0 and passes no gradient, whatever it holds; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27, 1948; smoothing: Szegedy et al.,
    Rethinking the Inception Architecture, CVPR 2016.

    >>> import numpy as np
    >>> x = np.array([[2.0, 0.5, -1.0, 0.0], [0.1, 1.2, 0.3, -0.4], [-0.5, 0.25, 1.5, 3.0]])
    >>> print(cross_entropy(x, np.array([0, 2, 3])).round(10))
    0.7270923204
    """
    name = "cross_entropy"
    (F, (scores, wide, weights), dtype) = opened(name, ("target",), pred=pred, target=target, weight=weight)
    checks.fraction(name, "label_smoothing", label_smoothing)
    checks.positive(name, "eps", eps)
    shape = shape_of(F, name, "target", pred)
    checks.in_rank(F, name, "axis", axis, "pred", pred)
    if weights is not None:
        checks.shaped(F, name, "weight", weights, [(shape[axis],)], "one weight a class")
    soft = not calls.sizes_differ(F, target, pred)
    if soft:
        if ignore_index is not None:
            raise ValueError(f"{name}: ignore_index={ignore_index} has no meaning for a target of probabilities")
        checks.floating(F, name, "target", target)
        checks.same_dtype(F, name, "target", target, "pred", pred)
        wide = F.widen(target)
        labels = None
    else:
        labels = numbered(F, name, scores, wide, axis=axis, ignore_index=ignore_index)
        scores = unspoiled(F, scores, labels, axis=axis)
    if probabilities:
        scores = F.log(F.clip(scores, eps, float("inf")))
    by_class = None if weights is None else F.reshape(weights, (-1, *(1,) * (len(shape) - 1 - axis % len(shape))))
    smoothing = float(label_smoothing)
    if labels is None:
        values = cross_entropies.soft_cross_entropy(
            F, scores, wide, by_class, smoothing=smoothing, log_probabilities=probabilities, axis=axis
        )
        return reduced(F, name, values, reduction, dtype)
    own = None if weights is None else F.take(weights, labels.number)
    values = cross_entropies.label_cross_entropy(
        F, scores, labels.number, by_class, own, smoothing=smoothing, log_probabilities=probabilities, axis=axis
    )
    return weighed(F, name, values, labels, reduction, dtype, own)


def binary_cross_entropy(
    pred: Tensor,
    target: Tensor,
    *,
    probabilities: bool = False,
    eps: float = 1e-12,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross entropy of yes or no, elementwise: the logarithmic loss.

    .. math:: \ell = \operatorname{mean}_n\; -y_n \log \sigma(x_n) - (1 - y_n) \log(1 - \sigma(x_n))
        = \operatorname{mean}_n\; \max(x_n, 0) - x_n y_n + \log(1 + e^{-|x_n|})

    Use: two classes, or several labels that do not exclude one another.

    Elsewhere: scikit-learn's ``log_loss`` takes probabilities and the target first; with `probabilities`, PyTorch bounds the logarithms
    at -100, Keras clips to 1e-7 and the source list replaces infinity by the largest float. With labels -1 and 1 it is `logistic`.

    Args:
        pred: logits, or `probabilities`; any shape.
        target: in [0, 1], in the shape of `pred`.
        probabilities: `pred` holds probabilities, of which and of whose complement at least `eps` is taken. Prefer logits.
        eps: the least probability, above 0; from it on down, the gradient of its logarithm is 0.
        label_smoothing: how far targets are moved to 1/2: ``(1 - s) y + s / 2``; in [0, 1].
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. From logits it is finite with gradient ``s(x) - y``, everywhere.

    Raises:
        ValueError: the shapes differ, an option is out of range, or a probability that can be read is not in [0, 1]; one that cannot be
            read gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27, 1948.

    >>> import numpy as np
    >>> binary_cross_entropy(np.array([0.9, 0.25]), np.array([1.0, 0.0]), probabilities=True, reduction="none").round(6)
    array([0.105361, 0.287682])
    """
    name = "binary_cross_entropy"
    (F, (x, y), dtype) = alike(name, pred=pred, target=target)
    checks.positive(name, "eps", eps)
    checks.fraction(name, "label_smoothing", label_smoothing)
    if label_smoothing:
        y = y * (1 - label_smoothing) + 0.5 * label_smoothing
    if not probabilities:
        return reduced(F, name, F.sigmoid_cross_entropy(x, y), reduction, dtype)
    values = formulas.probability_cross_entropy(F, x, y, epsilon=eps)
    outside = _outside(F, name, x)
    return reduced(F, name, values if outside is None else F.where(outside, float("nan"), values), reduction, dtype)


def focal(
    pred: Tensor,
    target: Tensor,
    *,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    reduction: str = "mean",
) -> Tensor:
    r"""Binary cross entropy in which what is already right counts little.

    .. math:: \ell = \operatorname{mean}_n\; -\alpha_t (1 - p_t)^\gamma \log p_t, \quad p_t = y \sigma(x) + (1 - y) \sigma(-x), \quad
        \alpha_t = \alpha y + (1 - \alpha)(1 - y)

    Use: dense detection and other tasks with few positives among many easy negatives. A detector takes ``reduction="positive"``, the
    sum divided by the number of positives, as in the paper.

    Elsewhere: the modulation must come before the mean; applied to the mean of the cross entropy, as some code does, it is another
    function. kornia's form for classes gives class 0 the weight 1 - alpha. Keras' ``BinaryFocalCrossentropy`` balances by alpha only if
    asked to. Several classes that exclude one another: `softmax_focal`.

    Args:
        pred: logits, any shape.
        target: 0 or 1, or between, in the shape of `pred`.
        gamma: how much, at least 0; 0 leaves the weighted cross entropy.
        alpha: the weight of positives in [0, 1], that of negatives being 1 - alpha; None: both 1.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all elements, ``sum``, or ``positive``: the sum over the sum of the
            targets, or over 1 if that is less.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. For gamma below 1, the gradient of the factor is 0 where ``1 - p_t``
        underflows.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.

    >>> import numpy as np
    >>> focal(np.array([0.8, -1.2, 2.5, -0.3]), np.array([1.0, 0.0, 1.0, 1.0]), reduction="none").round(6)
    array([0.008917, 0.01058 , 0.000113, 0.070481])
    """
    name = "focal"
    (F, (x, y), dtype) = alike(name, pred=pred, target=target)
    checks.at_least(name, "gamma", gamma, 0.0)
    if alpha is not None:
        checks.fraction(name, "alpha", alpha)
    values = formulas.balanced_focal_cross_entropy(F, x, y, gamma=gamma, alpha=alpha)
    count = None
    if reduction == "positive":
        count = F.stop_gradient(F.sum(y))
        count = F.broadcast_maximum(count, F.ones_like(count))
    return reduced(F, name, values, reduction, dtype, count, (*MODES, "positive"))


def softmax_focal(
    pred: Tensor,
    target: Tensor,
    alpha: Tensor | None = None,
    *,
    gamma: float = 2.0,
    axis: int = 1,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross entropy of classes in which samples that are already right count little.

    .. math:: \ell = \operatorname{mean}_n\; -\alpha_{y_n} (1 - p_{n y_n})^\gamma \log p_{n y_n}, \quad p_n = \operatorname{softmax}(x_n)

    Use: classification of classes that exclude one another, most of them rare.

    Elsewhere: Keras' ``CategoricalFocalCrossentropy`` weighs all classes by 0.25, which only scales the loss; segmentation-models-pytorch
    applies the binary form to each class and adds up. The source list modulates the mean over the batch.

    Args:
        pred: logits with the classes along `axis`: (N, C, ...).
        target: class numbers of any integer dtype, in the shape of `pred` without its classes.
        alpha: the weight of each class, (C,), in the dtype of `pred`; it is not divided by.
        gamma: how much, at least 0; 0 leaves the cross entropy.
        axis: that of the classes.
        ignore_index: the class number of positions that do not count.
        reduction: ``none`` (the shape of `target`), ``mean`` over all positions that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`. An ignored position costs 0 and passes no gradient, whatever it holds; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, with a softmax in place of the sigmoid.

    >>> import numpy as np
    >>> softmax_focal(np.array([[2.0, 0.5, -1.0], [0.1, 1.2, 0.3]]), np.array([0, 2]), reduction="none").round(6)
    array([0.011093, 0.853476])
    """
    name = "softmax_focal"
    (F, (x, y, weights), dtype) = opened(name, ("target",), pred=pred, target=target, alpha=alpha)
    checks.at_least(name, "gamma", gamma, 0.0)
    (x, labels, own) = _classes(F, name, x, y, axis, ignore_index)
    if weights is not None:
        checks.shaped(F, name, "alpha", weights, [((F.shape(x) or (None,))[axis],)], "one weight a class")
    values = formulas.softmax_focal(F, x, labels.number, own, gamma=gamma, axis=axis)
    if weights is not None:
        values = values * F.take(weights, labels.number)
    return weighed(F, name, values, labels, reduction, dtype)


def poly1(
    pred: Tensor,
    target: Tensor,
    *,
    epsilon: float = 2.0,
    axis: int = 1,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross entropy whose first polynomial coefficient is another: Poly-1 of the PolyLoss framework.

    .. math:: \ell = \operatorname{mean}_n\; -\log p_{n y_n} + \varepsilon (1 - p_{n y_n}), \quad p_n = \operatorname{softmax}(x_n)

    Use: in place of the cross entropy with one more number to tune: above 0 for confident predictions, below for rare classes.

    Elsewhere: this library is called polyloss for another reason. optax takes epsilon 2 too, the paper tunes it for each task.

    Args:
        pred: logits with the classes along `axis`: (N, C, ...).
        target: class numbers of any integer dtype, in the shape of `pred` without its classes.
        epsilon: what is added to the first coefficient, which is 1; above -1.
        axis: that of the classes.
        ignore_index: the class number of positions that do not count.
        reduction: ``none`` (the shape of `target`), ``mean`` over all positions that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`. An ignored position costs 0 and passes no gradient, whatever it holds; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes are not floating.

    Source: Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, ICLR 2022.

    >>> import numpy as np
    >>> poly1(np.array([[2.0, 0.5, -1.0], [0.1, 1.2, 0.3]]), np.array([0, 2]), reduction="none").round(6)
    array([0.670117, 2.986092])
    """
    name = "poly1"
    (F, (x, y), dtype) = opened(name, ("target",), pred=pred, target=target)
    if not epsilon > -1:
        raise ValueError(f"{name}: epsilon={epsilon!r} must be above -1")
    (x, labels, own) = _classes(F, name, x, y, axis, ignore_index)
    values = formulas.poly1(F, x, labels.number, own, epsilon=epsilon, axis=axis)
    return weighed(F, name, values, labels, reduction, dtype)


def asymmetric(
    pred: Tensor,
    target: Tensor,
    *,
    gamma_positive: float = 1.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
    reduction: str = "mean",
) -> Tensor:
    r"""The asymmetric loss of several labels: negatives are focused on harder than positives, and easy ones are dropped.

    .. math:: \ell = \operatorname{mean}_n \sum_c -y (1 - p)^{\gamma_+} \log p - (1 - y)\, q^{\gamma_-} \log(1 - q), \quad
        p = \sigma(x), \quad q = \max(p - m, 0)

    Use: pictures and texts with several labels each, of which almost all are absent.

    Elsewhere: the authors' code and timm bound the logarithms at that of 1e-8, which shows in values only for p below that, and add up
    over everything or, in timm, average over the batch. With both gamma equal and no margin it is `focal` without alpha.

    Args:
        pred: logits, (N, C) or any shape with the labels along the last axis.
        target: 0 or 1, or between, in the shape of `pred`.
        gamma_positive: the focusing of positives, at least 0.
        gamma_negative: the focusing of negatives, at least 0.
        margin: by how much the probabilities of negatives are lowered, in [0, 1).
        reduction: ``none`` (a loss for each sample, summed over the last axis), ``mean`` over the samples, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. A negative with p up to the margin costs 0 and has gradient 0.

    Raises:
        ValueError: the shapes differ or have no axis, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Ridnik et al., Asymmetric Loss For Multi-Label Classification, ICCV 2021.

    >>> import numpy as np
    >>> x = np.array([[1.2, -0.7, 0.3], [-2.0, 0.5, -0.1]])
    >>> print(asymmetric(x, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])).round(6))
    0.344517
    """
    name = "asymmetric"
    (F, (x, y), dtype) = alike(name, pred=pred, target=target)
    checks.in_rank(F, name, "the axis of the labels", -1, "pred", pred)
    checks.at_least(name, "gamma_positive", gamma_positive, 0.0)
    checks.at_least(name, "gamma_negative", gamma_negative, 0.0)
    if not 0 <= margin < 1:
        raise ValueError(f"{name}: margin={margin!r} is not in [0, 1)")
    values = formulas.asymmetric(
        F, x, y, gamma_positive=gamma_positive, gamma_negative=gamma_negative, margin=float(margin)
    )
    return reduced(F, name, F.sum(values, axis=-1), reduction, dtype)


CrossEntropy = item(cross_entropy)
BinaryCrossEntropy = item(binary_cross_entropy)
Focal = item(focal)
SoftmaxFocal = item(softmax_focal)
Poly1 = item(poly1)
Asymmetric = item(asymmetric)


def _classes(
    F: OpSet, name: str, pred: Tensor, target: Tensor, axis: int, ignore_index: int | None
) -> tuple[Tensor, Labels, Tensor]:
    """Scores in which nothing ignored is left, the class numbers, and 1 at the class of each."""
    labels = numbered(F, name, pred, target, axis=axis, ignore_index=ignore_index)
    pred = unspoiled(F, pred, labels, axis=axis)
    return pred, labels, own_class(F, name, pred, labels, axis=axis)


def _outside(F: OpSet, loss: str, pred: Tensor) -> Tensor | None:
    """1 where a probability is not in [0, 1], or None where all could be read, and are.

    Raises:
        ValueError: one that can be read is not.
    """

    def outside() -> Tensor:
        return F.where(pred < 0, 1.0, F.where(pred > 1, 1.0, F.zeros_like(pred)))

    found = calls.anywhere(F, pred, outside)
    if found:
        raise ValueError(f"{loss}: pred has elements outside [0, 1], which are no probabilities")
    return outside() if found is None else None
