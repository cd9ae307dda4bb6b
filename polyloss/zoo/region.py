"""Losses on the overlap of regions: masks of classes, (N, C, ...)."""

from __future__ import annotations

import math

from polyloss import checks
from polyloss.formulas import region
from polyloss.formulas.classification import power_of_share
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import alike, divided, item, reduced

ACTIVATIONS = ("none", "sigmoid", "softmax")


def _masks(loss: str, pred: Tensor, target: Tensor) -> tuple[OpSet, Tensor, Tensor, str | None]:
    """The op set, prediction and target, which have one shape with a class axis, and the dtype of the result."""
    (F, (pred, target), dtype) = alike(loss, ("target",), pred=pred, target=target)
    checks.in_rank(F, loss, "class axis", 1, "pred", pred)
    return F, pred, F.cast_like(target, pred), dtype


def _activated(F: OpSet, loss: str, pred: Tensor, activation: str, accepted: tuple[str, ...] = ACTIVATIONS) -> Tensor:
    checks.one_of(loss, "activation", activation, accepted)
    if activation == "sigmoid":
        return F.sigmoid(pred)
    return F.softmax(pred, axis=1) if activation == "softmax" else pred


def _from_zero(loss: str, **numbers: float) -> None:
    for name, value in numbers.items():
        if value:
            checks.inside(loss, name, value, 0.0, math.inf)


def _kept(batch: bool) -> tuple[int, ...]:
    return (1,) if batch else (0, 1)


def dice(
    pred: Tensor,
    target: Tensor,
    *,
    squared: bool = False,
    smooth: float = 0.0,
    batch: bool = False,
    activation: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The Dice loss: how far two regions are from covering each other, whatever their size.

    .. math:: \ell = \operatorname{mean}_{nc}\; 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i + \sum_i t_i + s}, \quad
        \text{or with squares} \quad 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^2 + \sum_i t_i^2 + s}

    Use: segmentation with far more background than object, where cross entropy learns the background; often with it: `dice_ce`.

    Elsewhere: MONAI is this one at `smooth` 1e-5. Keras adds its epsilon below the line only, so that an empty mask rightly left empty
    costs 1, and adds up over batch and classes. The list that the zoo follows has `smooth` 1 in its code, and none in its figure. V-Net
    squares below the line: `squared`.

    Args:
        pred: probabilities, (N, C, ...), or with an `activation` scores.
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        squared: whether squares are added up below the line, as in V-Net.
        smooth: what is added to both parts of the quotient, from 0 on. Above 0 an absent class still pushes its probabilities down.
        batch: whether the sums run over the batch too.
        activation: ``none``, ``sigmoid`` or, over the classes, ``softmax``, taken of `pred` first.
        reduction: ``none`` (N, C), or with `batch` (C,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. A class that is neither there nor predicted loses
        nothing, and where its quotient is 0 / 0 it has no gradient.

    Raises:
        ValueError: `smooth` is below 0, the shapes differ or have no class axis, or there is no such activation or reduction.
        TypeError: `pred` is not floating.

    Source: Dice, Measures of the Amount of Ecologic Association Between Species, Ecology 26(3), 1945; Milletari et al., V-Net, 3DV 2016.

    >>> import numpy as np
    >>> pred = np.array([[[0.9, 0.2], [0.1, 0.6]]])
    >>> target = np.array([[[1, 0], [0, 1]]])
    >>> print(dice(pred, target, reduction="none").round(4))
    [[0.1429 0.2941]]
    """
    _from_zero("dice", smooth=smooth)
    (F, pred, target, dtype) = _masks("dice", pred, target)
    pred = _activated(F, "dice", pred, activation)
    values = region.smoothed_dice(F, pred, target, smooth=smooth, kept=_kept(batch), squared=squared)
    return reduced(F, "dice", values, reduction, dtype)


def jaccard(
    pred: Tensor,
    target: Tensor,
    *,
    smooth: float = 0.0,
    batch: bool = False,
    activation: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The Jaccard loss, or soft IoU: one less intersection over union.

    .. math:: \ell = \operatorname{mean}_{nc}\; 1 - \frac{\sum_i p_i t_i + s}{\sum_i p_i + \sum_i t_i - \sum_i p_i t_i + s}

    Use: segmentation that is judged by IoU; stricter than `dice` d, of which it is 2 d / (1 + d).

    Elsewhere: MONAI's `DiceLoss(jaccard=True)` at `smooth_nr = smooth_dr = s` is this one at s / 2. The Lovasz losses are another, exact
    extension of the Jaccard index to probabilities.

    Args:
        pred: probabilities, (N, C, ...), or with an `activation` scores.
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        smooth: what is added to both parts of the quotient, from 0 on. Above 0 an absent class still pushes its probabilities down.
        batch: whether the sums run over the batch too.
        activation: ``none``, ``sigmoid`` or, over the classes, ``softmax``, taken of `pred` first.
        reduction: ``none`` (N, C), or with `batch` (C,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. A class that is neither there nor predicted loses
        nothing, and where its quotient is 0 / 0 it has no gradient.

    Raises:
        ValueError: `smooth` is below 0, the shapes differ or have no class axis, or there is no such activation or reduction.
        TypeError: `pred` is not floating.

    Source: Rahman and Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation, ISVC 2016.

    >>> import numpy as np
    >>> pred = np.array([[[0.9, 0.2], [0.1, 0.6]]])
    >>> target = np.array([[[1, 0], [0, 1]]])
    >>> print(jaccard(pred, target, reduction="none").round(4))
    [[0.25   0.4545]]
    """
    _from_zero("jaccard", smooth=smooth)
    (F, pred, target, dtype) = _masks("jaccard", pred, target)
    pred = _activated(F, "jaccard", pred, activation)
    values = region.smoothed_tversky(F, pred, target, smooth=smooth, kept=_kept(batch), alpha=1.0, beta=1.0)
    return reduced(F, "jaccard", values, reduction, dtype)


def generalized_dice(
    pred: Tensor,
    target: Tensor,
    *,
    weight: str = "square",
    smooth: float = 0.0,
    batch: bool = False,
    activation: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The generalized Dice loss: one quotient for all classes, in which rare ones weigh more.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \frac{2 \sum_c w_c \sum_i p_{ci} t_{ci} + s}{\sum_c w_c \sum_i (p_{ci} + t_{ci}) + s},
    \quad
        w_c = 1 / \Big(\sum_i t_{ci}\Big)^2

    Use: segmentation of several classes of very different size.

    Elsewhere: the weight of an absent class is infinite as printed. MONAI gives it the largest of the others, as here; but 0 if all are
    absent, where here all weigh 1. Its `GeneralizedDiceFocalLoss` adds a focal term.

    Args:
        pred: probabilities, (N, C, ...), or with an `activation` scores.
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        weight: ``square`` or ``simple``: the power of the volume by which a class is divided, 2 or 1.
        smooth: what is added to both parts of the quotient, from 0 on. Above 0 an absent class still pushes its probabilities down.
        batch: whether the sums run over the batch too.
        activation: ``none``, ``sigmoid`` or, over the classes, ``softmax``, taken of `pred` first.
        reduction: ``none`` (N,), or with `batch` (), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. A class that is neither there nor predicted loses
        nothing, and where its quotient is 0 / 0 it has no gradient.
        The weights are constants for the gradient.

    Raises:
        ValueError: there is no such weight, `smooth` is below 0, the shapes differ or have no class axis, or there is no such activation
            or reduction.
        TypeError: `pred` is not floating.

    Source: Sudre et al., Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced Segmentations, DLMIA 2017.

    >>> import numpy as np
    >>> pred = np.array([[[0.9, 0.2], [0.1, 0.6]]])
    >>> target = np.array([[[1, 0], [0, 1]]])
    >>> print(generalized_dice(pred, target, reduction="none").round(4))
    [0.2105]
    """
    _from_zero("generalized_dice", smooth=smooth)
    checks.one_of("generalized_dice", "weight", weight, tuple(POWERS))
    (F, pred, target, dtype) = _masks("generalized_dice", pred, target)
    pred = _activated(F, "generalized_dice", pred, activation)
    values = region.generalized_dice(F, pred, target, smooth=smooth, kept=_kept(batch), power=POWERS[weight])
    return reduced(F, "generalized_dice", values, reduction, dtype)


def tversky(
    pred: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 0.0,
    batch: bool = False,
    activation: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The Tversky loss: `dice` with a price of its own for what is found in vain, and for what is missed.

    .. math:: \ell = \operatorname{mean}_{nc}\; 1 - \frac{\mathrm{TP} + s}{\mathrm{TP} + \alpha\, \mathrm{FP} + \beta\, \mathrm{FN} + s},
    \quad
        \mathrm{TP} = \sum_i p_i t_i,\ \mathrm{FP} = \sum_i p_i (1 - t_i),\ \mathrm{FN} = \sum_i (1 - p_i) t_i

    Use: segmentation of small lesions, where a miss is worse than a false alarm: `beta` above `alpha`. Both 1/2 is `dice`, both 1
    `jaccard`.

    Elsewhere: MONAI has both at 1/2 and 1e-5 for `smooth`. Keras says that its alpha weighs false positives, and gives it to false
    negatives. Others swap the letters in print as well.

    Args:
        pred: probabilities, (N, C, ...), or with an `activation` scores.
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        alpha: what a false positive weighs, from 0 on.
        beta: what a false negative weighs, from 0 on.
        smooth: what is added to both parts of the quotient, from 0 on. Above 0 an absent class still pushes its probabilities down.
        batch: whether the sums run over the batch too.
        activation: ``none``, ``sigmoid`` or, over the classes, ``softmax``, taken of `pred` first.
        reduction: ``none`` (N, C), or with `batch` (C,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. A class that is neither there nor predicted loses
        nothing, and where its quotient is 0 / 0 it has no gradient.

    Raises:
        ValueError: `alpha` or `beta` is below 0, `smooth` is below 0, the shapes differ or have no class axis, or there is no such
            activation or reduction.
        TypeError: `pred` is not floating.

    Source: Salehi et al., Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks, MLMI 2017.

    >>> import numpy as np
    >>> pred = np.array([[[0.9, 0.2], [0.1, 0.6]]])
    >>> target = np.array([[[1, 0], [0, 1]]])
    >>> print(tversky(pred, target, reduction="none").round(4))
    [[0.1262 0.3407]]
    """
    _from_zero("tversky", smooth=smooth, alpha=alpha, beta=beta)
    (F, pred, target, dtype) = _masks("tversky", pred, target)
    pred = _activated(F, "tversky", pred, activation)
    values = region.smoothed_tversky(F, pred, target, smooth=smooth, kept=_kept(batch), alpha=alpha, beta=beta)
    return reduced(F, "tversky", values, reduction, dtype)


def focal_tversky(
    pred: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4 / 3,
    smooth: float = 0.0,
    batch: bool = False,
    activation: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The focal Tversky loss: a root of `tversky`, which dwells on regions that are nearly right, or a power, which leaves them.

    .. math:: \ell = \operatorname{mean}_{nc}\; (1 - \mathrm{TI}_{nc})^{1 / \gamma}, \quad
        \mathrm{TI} = \frac{\mathrm{TP} + s}{\mathrm{TP} + \alpha\, \mathrm{FP} + \beta\, \mathrm{FN} + s}

    Use: small structures, as `tversky`. Above 1 `gamma` raises the slope where little is lost; below 1 it lowers it.

    Elsewhere: the exponent is 1 / gamma, as in the paper; some implementations raise to gamma itself.

    Args:
        pred: probabilities, (N, C, ...), or with an `activation` scores.
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        alpha: what a false positive weighs, from 0 on.
        beta: what a false negative weighs, from 0 on.
        gamma: the inverse of the exponent, above 0.
        smooth: what is added to both parts of the quotient, from 0 on. Above 0 an absent class still pushes its probabilities down.
        batch: whether the sums run over the batch too.
        activation: ``none``, ``sigmoid`` or, over the classes, ``softmax``, taken of `pred` first.
        reduction: ``none`` (N, C), or with `batch` (C,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. A class that is neither there nor predicted loses
        nothing, and where its quotient is 0 / 0 it has no gradient;
        nor has a region that is just right, where a root would have an infinite one.

    Raises:
        ValueError: `alpha` or `beta` is below 0, `gamma` not above 0, `smooth` is below 0, the shapes differ or have no class axis, or
            there is no such activation or reduction.
        TypeError: `pred` is not floating.

    Source: Abraham and Khan, A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion Segmentation, ISBI 2019.

    >>> import numpy as np
    >>> pred = np.array([[[0.9, 0.2], [0.1, 0.6]]])
    >>> target = np.array([[[1, 0], [0, 1]]])
    >>> print(focal_tversky(pred, target, reduction="none").round(4))
    [[0.2118 0.4459]]
    """
    _from_zero("focal_tversky", smooth=smooth, alpha=alpha, beta=beta)
    checks.inside("focal_tversky", "gamma", gamma, 0.0, math.inf)
    (F, pred, target, dtype) = _masks("focal_tversky", pred, target)
    pred = _activated(F, "focal_tversky", pred, activation)
    values = region.smoothed_tversky(F, pred, target, smooth=smooth, kept=_kept(batch), alpha=alpha, beta=beta)
    values = power_of_share(F, values, exponent=1 / gamma)
    return reduced(F, "focal_tversky", values, reduction, dtype)


def dice_ce(
    pred: Tensor,
    target: Tensor,
    *,
    dice_weight: float = 1.0,
    ce_weight: float = 1.0,
    squared: bool = False,
    smooth: float = 0.0,
    activation: str = "softmax",
    reduction: str = "mean",
) -> Tensor:
    r"""The Dice loss and cross entropy, added up: the one sees regions, the other gives every pixel a smooth slope.

    .. math:: \ell = \operatorname{mean}_n\; \lambda_d \operatorname{mean}_c \mathrm{dice}_{nc}
        + \lambda_e \operatorname{mean}_i \Big({-\sum_c} t_{nci} \log p_{nci}\Big)

    with `dice` and softmax probabilities p. With sigmoid ones each class has a binary cross entropy, averaged over classes too.

    Use: the usual loss of medical segmentation (nnU-Net); steadier than `dice` alone at the start.

    Elsewhere: MONAI's `DiceCELoss(to_onehot_y=False, softmax=True)` is this one at `smooth` 1e-5; with its ``sigmoid=True`` the
    entropy of several classes stays that of a softmax. nnU-Net leaves out the background, and subtracts the Dice score itself, not 1 less
    it.

    Args:
        pred: scores, (N, C, ...).
        target: the masks, of the shape of `pred`: 0 and 1, or probabilities, in any real dtype. Class numbers go through a one-hot first.
        dice_weight: the factor of the Dice loss, from 0 on.
        ce_weight: the factor of the cross entropy, from 0 on.
        squared: as in `dice`.
        smooth: as in `dice`.
        activation: ``softmax``, where classes exclude one another, or ``sigmoid``.
        reduction: ``none`` (N,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. The cross entropy is taken of the scores, and finite for finite ones.

    Raises:
        ValueError: a factor or `smooth` is below 0, the shapes differ or have no class axis, or there is no such activation or reduction.
        TypeError: `pred` is not floating.

    Source: Isensee et al., nnU-Net: a Self-Configuring Method for Deep Learning-Based Biomedical Image Segmentation, Nature Methods 18,
    2021.

    >>> import numpy as np
    >>> print(dice_ce(np.array([[[2.0, -1.0], [0.5, 1.0]]]), np.array([[[1, 0], [0, 1]]])).round(4))
    0.3151
    """
    _from_zero("dice_ce", smooth=smooth, dice_weight=dice_weight, ce_weight=ce_weight)
    (F, pred, target, dtype) = _masks("dice_ce", pred, target)
    given = _activated(F, "dice_ce", pred, activation, ACTIVATIONS[1:])
    regions = region.smoothed_dice(F, given, target, squared=squared, smooth=smooth, kept=(0, 1))
    if activation == "softmax":
        entropy = -F.sum(target * F.log_softmax(pred, axis=1), axis=1)
    else:
        entropy = F.sigmoid_cross_entropy(pred, target)
    (overlap, pixels) = (
        divided(F, F.sum(one, axis=0, exclude=True), F.size(one, axis=0, exclude=True)) for one in (regions, entropy)
    )
    return reduced(F, "dice_ce", dice_weight * overlap + ce_weight * pixels, reduction, dtype)


POWERS = {"square": 2, "simple": 1}
"""Of the volume of a class, by the name of its weight in `generalized_dice`."""

Dice = item(dice)
DiceCE = item(dice_ce, name="DiceCE")
FocalTversky = item(focal_tversky)
GeneralizedDice = item(generalized_dice)
Jaccard = item(jaccard)
Tversky = item(tversky)
