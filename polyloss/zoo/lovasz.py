"""Lovasz losses: the Jaccard index of masks, extended to what is wrong by some amount."""

from __future__ import annotations

import math

from polyloss import checks
from polyloss.formulas import lovasz as formulas
from polyloss.opset import OpSet, Shape, Tensor, UnsupportedError
from polyloss.zoo.base import divided, item, opened, reduced, shape_of


def _count(sizes: Shape) -> int:
    """How many elements they make, or -1 where one is not known."""
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else -1


def _rows(F: OpSet, tensor: Tensor, shape: Shape, kept: int, per_image: bool) -> Tensor:
    """`tensor` (N, ...) with all axes from `kept` on as one; not `per_image`, the batch as well, as one image."""
    (batch, pixels) = (shape[:1], shape[kept:])
    classes = [_count(shape[1:kept])] if kept > 1 else []
    if per_image:
        if _count(batch) < 0 and _count(pixels) < 0:
            raise UnsupportedError(f"Lovasz losses on {F.name}: neither batch nor pixels of shape {shape} are known")
        return F.reshape(tensor, [_count(batch), *classes, _count(pixels)])
    if classes:
        tensor = F.swapaxes(tensor, 0, 1)
    return F.reshape(tensor, [1, *classes, _count((*batch, *pixels))])


def _without(F: OpSet, dropped: Tensor | None, *tensors: Tensor) -> list[Tensor]:
    """The tensors, 0 where `dropped`: pixels that are not wrong and of no class come last, and count for nothing."""
    return [one if dropped is None else F.where(dropped, 0.0, one) for one in tensors]


def lovasz_softmax(
    pred: Tensor,
    target: Tensor,
    *,
    per_image: bool = False,
    present: bool = True,
    ignore: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""The Lovasz-softmax loss: the Jaccard loss of each class, extended to probabilities.

    .. math:: \ell = \operatorname{mean}_{nc}\; \overline{\Delta_{J_c}}(m_{nc}), \quad
        m_{nci} = |[y_{ni} = c] - p_{nci}|, \quad p = \operatorname{softmax}(x)

    with the Lovasz extension: the errors m from the largest on, each times what the Jaccard loss grows by if its pixel is wrong too.

    Use: segmentation that is judged by mean IoU; often to finish training that began with cross entropy.

    Elsewhere: the authors' function takes probabilities, kornia's and this one scores.

    Args:
        pred: scores, (N, C, ...).
        target: class numbers, (N, ...), of any real dtype. A number that is no class belongs to none.
        per_image: whether each image has a loss of its own; otherwise the batch is one image.
        present: whether only classes that are there count in the mean over classes.
        ignore: a class number whose pixels do not count, whatever their scores.
        reduction: ``none`` ((N,), or not `per_image` (1,)), ``mean`` over the images, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, from 0 to 1; the mean over nothing is 0. Where errors are equal, the slope is that of the order in
        which they stand.

    Raises:
        ValueError: the shapes do not fit, or there is no such reduction.
        TypeError: `pred` is not floating.
        UnsupportedError: the tensors are symbols.

    Source: Berman et al., The Lovasz-Softmax Loss, CVPR 2018.

    >>> import numpy as np
    >>> print(lovasz_softmax(np.array([[[2.0, -1.0], [0.0, 1.0]]]), np.array([[0, 1]])).round(4))
    0.1192
    """
    (F, (pred, target), dtype) = opened("lovasz_softmax", ("target",), pred=pred, target=target)
    shape = shape_of(F, "lovasz_softmax", "pred", pred)
    checks.in_rank(F, "lovasz_softmax", "class axis", 1, "pred", pred)
    given = (shape[0], *shape[2:])
    checks.shaped(F, "lovasz_softmax", "target", target, [given], "that of pred without its classes")
    if shape[1] is None:
        raise ValueError(f"lovasz_softmax: pred has shape {shape}; the number of classes must be known")
    scores = _rows(F, pred, shape, 2, per_image)  # (N, C, P)
    labels = F.expand_dims(_rows(F, F.cast_like(target, pred), given, 1, per_image), axis=1)
    column = F.reshape(F.arange_like(scores, axis=1), (1, -1, 1))
    truth = F.broadcast_equal(labels, column)
    dropped = None if ignore is None else F.broadcast_equal(labels, float(ignore))
    (scores, truth) = _without(F, dropped, scores, truth)  # no NaN of theirs may reach a gradient
    (errors,) = _without(F, dropped, F.abs(truth - F.softmax(scores, axis=1)))
    losses = formulas.lovasz_jaccard(F, errors, truth)  # (N, C)
    there = F.broadcast_greater(F.sum(truth, axis=-1), 0.0) if present else F.ones_like(losses)
    images = divided(F, F.sum(F.where(there, losses, 0.0), axis=1), F.sum(there, axis=1))
    return reduced(F, "lovasz_softmax", images, reduction, dtype)


def lovasz_hinge(
    pred: Tensor, target: Tensor, *, per_image: bool = True, ignore: float | None = None, reduction: str = "mean"
) -> Tensor:
    r"""The Lovasz hinge: the Jaccard loss of one class, extended to the hinge of its scores.

    .. math:: \ell = \operatorname{mean}_n\; \overline{\Delta_J}(m_n), \quad m_{ni} = \max(0, 1 - x_{ni} (2 y_{ni} - 1))

    with the Lovasz extension: the errors m from the largest on, each times what the Jaccard loss grows by if its pixel is wrong too.

    Use: segmentation of one class that is judged by its IoU.

    Elsewhere: the authors' code is this one; libraries differ in whether the batch is one image.

    Args:
        pred: scores, (N, ...).
        target: 0 and 1, of the shape of `pred` and any real dtype.
        per_image: whether each image has a loss of its own; otherwise the batch is one image.
        ignore: a number in `target` whose pixels do not count, whatever their scores.
        reduction: ``none`` ((N,), or not `per_image` (1,)), ``mean`` over the images, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. Where errors are equal, the slope is that of the order in which they
        stand; on the margin it is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: `pred` is not floating.
        UnsupportedError: the tensors are symbols.

    Source: Berman et al., The Lovasz-Softmax Loss, CVPR 2018; Yu and Blaschko, Learning Submodular Losses with the Lovasz Hinge, ICML 2015.

    >>> import numpy as np
    >>> print(lovasz_hinge(np.array([[1.2, -0.3, 0.4, -2.0]]), np.array([[1, 0, 0, 1]])).round(4))
    1.7917
    """
    (F, (pred, target), dtype) = opened("lovasz_hinge", ("target",), pred=pred, target=target)
    shape = shape_of(F, "lovasz_hinge", "pred", pred)
    checks.in_rank(F, "lovasz_hinge", "batch axis", 0, "pred", pred)
    checks.shaped(F, "lovasz_hinge", "target", target, [shape], "that of pred")
    (scores, truth) = (_rows(F, one, shape, 1, per_image) for one in (pred, F.cast_like(target, pred)))
    dropped = None if ignore is None else F.broadcast_equal(truth, float(ignore))
    (scores, truth) = _without(F, dropped, scores, truth)
    (errors,) = _without(F, dropped, F.relu(1 - scores * (2 * truth - 1)))
    return reduced(F, "lovasz_hinge", formulas.lovasz_jaccard(F, errors, truth), reduction, dtype)


LovaszHinge = item(lovasz_hinge)
LovaszSoftmax = item(lovasz_softmax)
