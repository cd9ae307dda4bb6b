"""Distances of point sets, and of a template from an edge image."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import point_sets as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import item, opened, reduced, shape_of

METRICS = ("euclidean", "cityblock", "chessboard")


def chamfer(
    x: Tensor,
    y: Tensor,
    x_mask: Tensor | None = None,
    y_mask: Tensor | None = None,
    *,
    squared: bool = True,
    points: str = "sum",
    direction: str = "both",
    reduction: str = "mean",
) -> Tensor:
    r"""The Chamfer distance of two sets of points: from every point to the nearest one of the other set.

    .. math:: \ell = \operatorname{mean}_b \sum_i \min_j \lVert x_{bi} - y_{bj} \rVert_2^2 + \sum_j \min_i \lVert x_{bi} - y_{bj} \rVert_2^2

    Use: point clouds, shapes and edges, whose points have no order and need not be of the same number.

    Elsewhere: which of its four forms is meant is seldom said. PyTorch3D takes means of squares, ``point_cloud_utils`` the sum of the means
    of distances, papers either; some halve it. `chamfer_template` is the older score of the same name.

    Args:
        x: points (B, N, D).
        y: points (B, M, D).
        x_mask: (B, N), not 0 (or True) where a point belongs to its set; None: all do. What the others hold does not matter.
        y_mask: the same for `y`, (B, M).
        squared: whether squares are added up, or distances.
        points: ``sum`` or ``mean`` over the points of a set.
        direction: ``both``; ``x`` for the first term alone, from `x` to the nearest of `y`; ``y`` for the second.
        reduction: ``none`` (B,), ``mean`` over the pairs of sets, or ``sum``.

    Returns:
        The loss in the dtype of `x`; the mean over nothing is 0. Where one of two sets has no points, it is 0. Points at the same distance
        share the gradient; at distance 0 it is 0.

    Raises:
        ValueError: the shapes do not fit, or there is no such option or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Fan, Su and Guibas, A Point Set Generation Network for 3D Object Reconstruction from a Single Image, CVPR 2017, equation 1.

    >>> import numpy as np
    >>> x = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]])
    >>> y = np.array([[[0.5, 1.0], [2.0, 0.25]]])
    >>> print(chamfer(x, y), chamfer(x, y, points="mean"))
    5.875 2.34375
    """
    loss = "chamfer"
    (F, (of_x, of_y, _, _), dtype) = opened(loss, exact=("x_mask", "y_mask"), x=x, y=y, x_mask=x_mask, y_mask=y_mask)
    checks.shaped(F, loss, "x", x, [(None, None, None)], "sets of points")
    (sets, _, width) = F.shape(x) or (None, None, None)
    checks.shaped(F, loss, "y", y, [(sets, None, width)], "as many sets of points of the same dimension")
    checks.one_of(loss, "points", points, ("sum", "mean"))
    checks.one_of(loss, "direction", direction, ("both", "x", "y"))
    masks = [
        _members(F, loss, f"{name}_mask", mask, name, one)
        for name, mask, one in (("x", x_mask, of_x), ("y", y_mask, of_y))
    ]
    values = formulas.chamfer(F, of_x, of_y, *masks, squared=squared, points=points, direction=direction)
    return reduced(F, loss, values, reduction, dtype)


def _members(F: OpSet, loss: str, name: str, mask: Tensor | None, other: str, points: Tensor) -> Tensor:
    """Which points belong to their sets, as a condition (B, N)."""
    if mask is None:
        return F.sum(F.stop_gradient(F.zeros_like(points)), axis=2) < 1
    shape = F.shape(points)
    if shape is not None:
        checks.shaped(F, loss, name, mask, [shape[:2]], f"a place for each point of {other}")
    return F.abs(F.cast_like(mask, points)) > 0


def chamfer_template(template: Tensor, image: Tensor, *, metric: str = "euclidean", reduction: str = "mean") -> Tensor:
    r"""How far the edges of a template lie from those of an image, on average: the Chamfer score of template matching.

    .. math:: \ell = \operatorname{mean}_b \frac{\sum_p t_{bp}\, d_b(p)}{\sum_p t_{bp}},
        \quad d_b(p) = \min_{q : i_{bq} \neq 0} \lVert p - q \rVert

    Use: find a shape in an edge image. With weights in place of a binary template it is differentiable in the template.

    Elsewhere: it is directed, from the template to the image, where `chamfer` of point sets goes both ways. Texts that say that edges are
    0 and all else 1 mean the input of a distance transform; summed with such a template it would score all that is no edge.

    Args:
        template: weights (B, H, W) of at least 0: 1 on an edge, 0 elsewhere.
        image: edge images (B, H, W) in any dtype, not 0 (or True) on an edge. They have no gradient.
        metric: the distance of pixels: ``euclidean``; ``cityblock``, steps to the four neighbours; ``chessboard``, to the eight.
        reduction: ``none`` (B,), ``mean`` over the templates, or ``sum``.

    Returns:
        The score in the dtype of `template`; the mean over nothing is 0. An empty template scores 0; any other scores infinity on an image
        without edges. In both cases the gradient is 0.

    Raises:
        ValueError: the shapes do not fit, or there is no such metric or reduction.
        TypeError: `template` is not floating.

    Source: Borgefors, Hierarchical Chamfer Matching: A Parametric Edge Matching Algorithm, TPAMI 10(6), 1988; Barrow et al., IJCAI 1977.

    >>> import numpy as np
    >>> image = np.zeros((1, 3, 4))
    >>> image[0, 0, 0] = 1.0
    >>> template = np.zeros((1, 3, 4))
    >>> template[0, 2, 0] = template[0, 0, 3] = 1.0
    >>> print(chamfer_template(template, image))
    2.5
    """
    loss = "chamfer_template"
    (F, (weights, _), dtype) = opened(loss, exact=("image",), template=template, image=image)
    checks.shaped(F, loss, "template", template, [(None, None, None)], "a map for each image")
    calls.same_shape(F, loss, "image", image, "template", template)
    if 0 in shape_of(F, loss, "template", template)[1:]:
        raise ValueError(f"{loss}: template has shape {F.shape(template)}; accepted are maps with pixels")
    checks.one_of(loss, "metric", metric, METRICS)
    marked = F.abs(F.cast_like(image, weights))
    return reduced(F, loss, formulas.chamfer_template(F, weights, marked, metric=metric), reduction, dtype)


Chamfer = item(chamfer)
ChamferTemplate = item(chamfer_template)
