"""Losses on the overlap of boxes, (..., 4)."""

from __future__ import annotations

import math

from polyloss import calls, checks
from polyloss.formulas import boxes as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import item, opened, reduced

FORMS = ("xyxy", "cxcywh", "ltrb")


def _boxes(loss: str, pred: Tensor, target: Tensor, form: str) -> tuple[OpSet, formulas.Box, formulas.Box, str | None]:
    """The op set, both boxes, and the dtype of the result."""
    checks.one_of(loss, "form", form, FORMS)
    (F, (pred, target), dtype) = opened(loss, pred=pred, target=target)
    shape = F.shape(pred)
    if shape is not None and (not shape or shape[-1] not in (4, None)):
        raise ValueError(f"{loss}: pred has shape {shape}; accepted is (..., 4), four numbers for each box")
    calls.same_shape(F, loss, "target", target, "pred", pred)
    return F, formulas.corners(F, pred, form=form), formulas.corners(F, target, form=form), dtype


def iou(
    pred: Tensor,
    target: Tensor,
    *,
    form: str = "xyxy",
    kind: str = "linear",
    smooth: float | tuple[float, float] = 0.0,
    eps: float = 1e-12,
    reduction: str = "mean",
) -> Tensor:
    r"""One less intersection over union, or as in UnitBox minus its logarithm.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \frac{I_n + a}{U_n + b}, \quad \text{or with `kind` log} \quad
        -\log \frac{\max(I_n + a, \epsilon)}{\max(U_n + b, \epsilon)}

    Use: boxes that are judged by IoU, in place of errors of their numbers, which large boxes dominate. Apart boxes give the linear form no
    slope: `giou` and its kin do.

    Elsewhere: UnitBox and FCOS are ``form="ltrb", kind="log"``, FCOS with ``smooth=1``. The list that the zoo follows leaves a blank for
    the intersection, and adds 1 below the line only, so that a perfect box costs something: ``smooth=(0, 1)``.

    Args:
        pred: boxes, (..., 4).
        target: boxes, of the shape of `pred`.
        form: ``xyxy`` (corners), ``cxcywh`` (centre and size), or ``ltrb``: distances, from 0 on, from a point that both boxes share to
            two sides and then to the opposite two, in the order left, top, right, bottom, or top, left, bottom, right.
        kind: ``linear`` or ``log``.
        smooth: what is added to intersection and union, from 0 on, or two numbers: a and b.
        eps: with `kind` log the least area, above 0.
        reduction: ``none`` (the shape of `pred` without its last axis), ``mean`` over the boxes, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. A box turned inside out has no area. Two boxes without area cost 1, or
        with `kind` log or `smooth` 0. Where sides coincide the two share the slope: a perfect box has gradient 0.

    Raises:
        ValueError: the shapes differ or do not end in 4, `smooth` is below 0, `eps` not above, or there is no such form, kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Yu et al., UnitBox: An Advanced Object Detection Network, ACM Multimedia 2016.

    >>> import numpy as np
    >>> print(iou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 1.0, 3.0, 3.0]])).round(4))
    0.8571
    """
    checks.one_of("iou", "kind", kind, ("linear", "log"))
    checks.inside("iou", "eps", eps, 0.0, math.inf)
    (above, below) = smooth if isinstance(smooth, tuple) else (smooth, smooth)
    for each in (above, below):
        if each:
            checks.inside("iou", "smooth", each, 0.0, math.inf)
    (F, found, wanted, dtype) = _boxes("iou", pred, target, form)
    if kind == "log":
        values = formulas.log_iou(F, found, wanted, smooth=(above, below), epsilon=eps)
    else:
        values = 1 - formulas.iou(F, found, wanted, smooth=(above, below))
    return reduced(F, "iou", values, reduction, dtype)


def giou(pred: Tensor, target: Tensor, *, form: str = "xyxy", reduction: str = "mean") -> Tensor:
    r"""One less the generalized IoU, which sees how far boxes are apart: by the part of the box around both that neither fills.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \mathrm{IoU}_n + \frac{C_n - U_n}{C_n}

    Use: boxes that may not touch yet, where `iou` has no slope.

    Elsewhere: ``torchvision.ops.generalized_box_iou_loss`` and MONAI's `BoxGIoULoss` are this one; a function called giou may give the
    score itself, from -1 to 1.

    Args:
        pred: boxes, (..., 4).
        target: boxes, of the shape of `pred`.
        form: ``xyxy``, ``cxcywh`` or ``ltrb``, as in `iou`.
        reduction: ``none`` (the shape of `pred` without its last axis), ``mean`` over the boxes, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 2; the mean over nothing is 0. A quotient 0 / 0 of boxes without area is 0, without
        gradient. Where sides coincide the two share the slope: a perfect box has gradient 0.

    Raises:
        ValueError: the shapes differ or do not end in 4, or there is no such form or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Rezatofighi et al., Generalized Intersection over Union, CVPR 2019.

    >>> import numpy as np
    >>> print(giou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 1.0, 3.0, 3.0]])).round(4))
    1.0794
    """
    (F, found, wanted, dtype) = _boxes("giou", pred, target, form)
    return reduced(F, "giou", 1 - formulas.giou(F, found, wanted), reduction, dtype)


def diou(pred: Tensor, target: Tensor, *, form: str = "xyxy", reduction: str = "mean") -> Tensor:
    r"""One less the distance IoU: how far the centres are apart, measured by the diagonal of the box around both.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \mathrm{IoU}_n + \frac{d_n^2}{c_n^2}

    Use: as `giou`, but the centres are drawn together at once, also where one box holds the other.

    Elsewhere: ``torchvision.ops.distance_box_iou_loss`` adds an epsilon below the lines.

    Args:
        pred: boxes, (..., 4).
        target: boxes, of the shape of `pred`.
        form: ``xyxy``, ``cxcywh`` or ``ltrb``, as in `iou`.
        reduction: ``none`` (the shape of `pred` without its last axis), ``mean`` over the boxes, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 2; the mean over nothing is 0. A quotient 0 / 0 of boxes without area is 0, without
        gradient. Where sides coincide the two share the slope: a perfect box has gradient 0.

    Raises:
        ValueError: the shapes differ or do not end in 4, or there is no such form or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Zheng et al., Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression, AAAI 2020.

    >>> import numpy as np
    >>> print(diou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 1.0, 3.0, 3.0]])).round(4))
    0.9683
    """
    (F, found, wanted, dtype) = _boxes("diou", pred, target, form)
    return reduced(F, "diou", 1 - formulas.diou(F, found, wanted), reduction, dtype)


def ciou(pred: Tensor, target: Tensor, *, form: str = "xyxy", reduction: str = "mean") -> Tensor:
    r"""One less the complete IoU: `diou` with a term for the ratio of the sides.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \mathrm{IoU}_n + \frac{d_n^2}{c_n^2} + \Big\lfloor \frac{v_n}{1 - \mathrm{IoU}_n + v_n}
        \Big\rfloor v_n, \quad v = \frac{4}{\pi^2} \Big(\arctan \frac{w_t}{h_t} - \arctan \frac{w_p}{h_p}\Big)^2

    where :math:`\lfloor\cdot\rfloor` is a constant for the gradient.

    Use: as `diou`, where the shape of the boxes matters as well.

    Elsewhere: the authors' code takes the term into account only where IoU is above 1/2, and leaves out a factor ``1 / (w^2 + h^2)`` of its
    gradient; Keras and others differentiate the weight too.

    Args:
        pred: boxes, (..., 4).
        target: boxes, of the shape of `pred`.
        form: ``xyxy``, ``cxcywh`` or ``ltrb``, as in `iou`.
        reduction: ``none`` (the shape of `pred` without its last axis), ``mean`` over the boxes, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 3; the mean over nothing is 0. A quotient 0 / 0 of boxes without area is 0, without
        gradient, and so is their v. Where sides coincide the two share the slope: a perfect box has gradient 0.

    Raises:
        ValueError: the shapes differ or do not end in 4, or there is no such form or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Zheng et al., Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression, AAAI 2020.

    >>> import numpy as np
    >>> print(ciou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[0.5, 0.5, 1.5, 1.0]])).round(4))
    0.8847
    """
    (F, found, wanted, dtype) = _boxes("ciou", pred, target, form)
    return reduced(F, "ciou", 1 - formulas.ciou(F, found, wanted), reduction, dtype)


CIoU = item(ciou, name="CIoU")
DIoU = item(diou, name="DIoU")
GIoU = item(giou, name="GIoU")
IoU = item(iou, name="IoU")
