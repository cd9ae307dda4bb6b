"""Losses of vectors that are compared in triplets, in quadruplets, or all with one another."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import metric_learning as formulas
from polyloss.formulas.embedding import direction
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import class_numbers, item, opened, reduced

DISTANCES = ("euclidean", "squared")


def _rows(loss: str, x: Tensor, label: Tensor) -> tuple[OpSet, Tensor, str | None]:
    """The op set, the vectors widened and the dtype of the result, of vectors (N, D) with class numbers (N,)."""
    (F, (wide, _), dtype) = opened(loss, exact=("label",), x=x, label=label)
    checks.shaped(F, loss, "x", x, [(None, None)], "vectors in rows")
    class_numbers(F, loss, "label", label)
    checks.shaped(F, loss, "label", label, [((F.shape(x) or (None,))[0],)], "a class number for each row of x")
    return F, wide, dtype


def _alike(F: OpSet, loss: str, **tensors: Tensor) -> None:
    calls.same_shapes(F, loss, **tensors)
    first = next(iter(tensors))
    if F.shape(tensors[first]) == ():
        raise ValueError(f"{loss}: {first} has shape (); accepted are vectors, along the last axis")


def _options(loss: str, distance: str, **numbers: float | None) -> bool:
    """Whether the distance is squared, after all options are checked."""
    checks.one_of(loss, "distance", distance, DISTANCES)
    for name, given in numbers.items():
        if given is not None:
            checks.number(loss, name, given)
    return distance == "squared"


def triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float | None = 1.0,
    distance: str = "euclidean",
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""The triplet loss: an anchor is nearer to its positive than to its negative, by a margin.

    .. math:: \ell = \operatorname{mean}_n \max(0,\ d(a_n, p_n) - d(a_n, n_n) + m)

    with :math:`d(x, y) = \lVert x - y \rVert` or its square; without a margin, :math:`\log(1 + e^{d(a_n, p_n) - d(a_n, n_n)})`.

    Use: learn an embedding from triplets that are given: faces, products, sentences. With class numbers in place of triplets,
    `batch_hard_triplet` finds the hard ones.

    Elsewhere: ``torch.nn.TripletMarginLoss`` adds 1e-6 to every difference of two components, optax its epsilon inside the root: both
    differ from the sixth digit on. Gluon's ``TripletLoss`` and FaceNet have squared distances (FaceNet a margin of 0.2 and vectors of
    length 1), Keras has none. It is no regression loss, as some lists say: there is no target.

    Args:
        anchor, positive, negative: vectors along the last axis, (..., D); equal shapes.
        margin: m, or None for the soft form without an edge (Hermans et al. 2017).
        distance: ``euclidean`` or ``squared``.
        swap: whether the distance from the positive to the negative takes the place of the anchor's where it is less (Balntas et al. 2016).
        reduction: ``none`` (shape (...)), ``mean`` over all triplets, or ``sum``.

    Returns:
        The loss in the dtype of `anchor`; the mean over nothing is 0. The gradient is 0 on the margin, and that of a distance is 0 where
        its vectors are equal.

    Raises:
        ValueError: the shapes differ, or there is no such distance or reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Weinberger and Saul, JMLR 10, 2009; Schroff et al., FaceNet, CVPR 2015.

    >>> import numpy as np
    >>> (a, p, n) = (np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 4.5]]))
    >>> print(triplet(a, p, n))
    1.5
    """
    loss = "triplet"
    (F, tensors, dtype) = opened(loss, anchor=anchor, positive=positive, negative=negative)
    _alike(F, loss, anchor=anchor, positive=positive, negative=negative)
    squared = _options(loss, distance, margin=margin)
    return reduced(F, loss, formulas.triplet(F, *tensors, margin=margin, squared=squared, swap=swap), reduction, dtype)


def batch_hard_triplet(
    x: Tensor, label: Tensor, *, margin: float | None = 1.0, distance: str = "euclidean", reduction: str = "mean"
) -> Tensor:
    r"""The triplet loss of every row with its farthest positive and its nearest negative in the batch.

    .. math:: \ell = \operatorname{mean}_i \max\bigl(0,\ \max_{y_p = y_i} d(x_i, x_p) - \min_{y_n \neq y_i} d(x_i, x_n) + m\bigr)

    over the rows that have another row of their class and one of another class; without a margin, ``log(1 + e^x)`` of the difference.

    Use: the usual way to train with a triplet loss: batches of P classes with K rows each, no list of triplets.

    Elsewhere: ``pytorch_metric_learning``'s ``BatchHardMiner`` with its ``TripletMarginLoss`` gives these values when its mean is over all
    triplets; by default it leaves those out of the mean whose loss is 0, and normalises the vectors, as this does not. The maximum of
    ``distance * mask`` is right for positives only: a minimum over negatives needs a large number in place of 0.

    Args:
        x: vectors in rows (N, D).
        label: class numbers (N,) in any integer dtype.
        margin: m, or None for the soft form.
        distance: ``euclidean`` or ``squared``.
        reduction: ``none`` (N,), 0 for a row without a positive or a negative; ``mean`` over the rows that have both, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where no row has both. The gradient is 0 on the margin and between equal vectors, and equally far
        rows share it.

    Raises:
        ValueError: the shapes do not fit, or there is no such distance or reduction.
        TypeError: `x` is not floating, `label` no integers, or the margin no number.

    Source: Hermans, Beyer and Leibe, In Defense of the Triplet Loss, 2017, equation 5.

    >>> import numpy as np
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    >>> batch_hard_triplet(x, np.array([0, 0, 1]), margin=2.5, reduction="none")
    array([0.5, 1.5, 0. ])
    """
    loss = "batch_hard_triplet"
    (F, x, dtype) = _rows(loss, x, label)
    squared = _options(loss, distance, margin=margin)
    (values, both) = formulas.batch_hard_triplet(F, x, label, margin=margin, squared=squared)
    return reduced(F, loss, values, reduction, dtype, count=F.sum(both))


def quadruplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    other: Tensor,
    *,
    margin: float = 1.0,
    margin2: float = 0.5,
    distance: str = "euclidean",
    reduction: str = "mean",
) -> Tensor:
    r"""The quadruplet loss: besides the triplet's order, rows of two other classes are farther apart than the positive pair.

    .. math:: \ell = \operatorname{mean}_n \max(0, d(a_n, p_n) - d(a_n, n_n) + m_1) + \max(0, d(a_n, p_n) - d(n_n, o_n) + m_2)

    Use: where a triplet loss leaves classes too wide: person re-identification. `batch_hard_quadruplet` finds the quadruplets.

    Elsewhere: the paper learns the distance with a network and adapts its margins; common code has fixed ones, 1 and 0.5 or 1 and 1. Some
    code fuses both terms into one, ``max(0, 2 d(a, p) - d(a, n) - d(n, o) + m)``, where an easy negative excuses a hard one.

    Args:
        anchor, positive, negative, other: vectors along the last axis, (..., D); equal shapes. The last is of a class of its own.
        margin, margin2: the margins; the second, weaker one is the smaller.
        distance: ``euclidean`` or ``squared``.
        reduction: ``none`` (shape (...)), ``mean`` over all quadruplets, or ``sum``.

    Returns:
        The loss in the dtype of `anchor`; the mean over nothing is 0. Gradients as in `triplet`.

    Raises:
        ValueError: the shapes differ, or there is no such distance or reduction.
        TypeError: the dtypes differ or are not floating, or a margin is no number.

    Source: Chen et al., Beyond Triplet Loss: a Deep Quadruplet Network, CVPR 2017.

    >>> import numpy as np
    >>> (a, p, n, o) = (np.array([[x, 0.0]]) for x in (0.0, 1.0, 1.5, 1.75))
    >>> print(quadruplet(a, p, n, o))
    1.75
    """
    loss = "quadruplet"
    (F, tensors, dtype) = opened(loss, anchor=anchor, positive=positive, negative=negative, other=other)
    _alike(F, loss, anchor=anchor, positive=positive, negative=negative, other=other)
    squared = _options(loss, distance, margin=margin, margin2=margin2)
    values = formulas.quadruplet(F, *tensors, margin=margin, margin2=margin2, squared=squared)
    return reduced(F, loss, values, reduction, dtype)


def batch_hard_quadruplet(
    x: Tensor,
    label: Tensor,
    *,
    margin: float = 1.0,
    margin2: float = 0.5,
    distance: str = "euclidean",
    reduction: str = "mean",
) -> Tensor:
    r"""The quadruplet loss of every row with its farthest positive, its nearest negative, and the nearest rows of two other classes.

    .. math:: \ell = \operatorname{mean}_i \max(0, d^+_i - d^-_i + m_1) + \max(0, d^+_i - d^{--}_i + m_2)

    with :math:`d^+_i = \max_{y_p = y_i} d(x_i, x_p)`, :math:`d^-_i = \min_{y_n \neq y_i} d(x_i, x_n)` and
    :math:`d^{--}_i = \min d(x_k, x_l)` over all k and l of two different classes, neither of them that of i.

    Use: `quadruplet` on batches of P classes with K rows each, no list of quadruplets.

    Elsewhere: a widely copied snippet takes :math:`d^{--}` over pairs that are both positive and negative, of which there are none: its
    loss is 0 whatever the vectors.

    Args:
        x: vectors in rows (N, D).
        label: class numbers (N,) in any integer dtype.
        margin, margin2: the margins.
        distance: ``euclidean`` or ``squared``.
        reduction: ``none`` (N,), 0 for a row without a positive or a negative; ``mean`` over the rows that have both, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where no row has both. A row without two other classes has its first term only. Gradients as in
        `batch_hard_triplet`; of equally near pairs of rows, those of one pair of classes share it. Memory is that of N^2 D numbers.

    Raises:
        ValueError: the shapes do not fit, or there is no such distance or reduction.
        TypeError: `x` is not floating, `label` no integers, or a margin no number.

    Source: Chen et al., Beyond Triplet Loss: a Deep Quadruplet Network, CVPR 2017; hardest rows as in Hermans et al. 2017.

    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [1.5], [1.75]])
    >>> batch_hard_quadruplet(x, np.array([0, 0, 1, 2]), reduction="none")
    array([1.75, 2.75, 0.  , 0.  ])
    """
    loss = "batch_hard_quadruplet"
    (F, x, dtype) = _rows(loss, x, label)
    squared = _options(loss, distance, margin=margin, margin2=margin2)
    (values, both) = formulas.batch_hard_quadruplet(F, x, label, margin=margin, margin2=margin2, squared=squared)
    return reduced(F, loss, values, reduction, dtype, count=F.sum(both))


def circle(
    x: Tensor,
    label: Tensor,
    *,
    margin: float = 0.25,
    gamma: float = 256.0,
    scope: str = "anchor",
    fixed_weights: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""The circle loss: every similarity is pulled to its own optimum, the harder the farther it is off.

    .. math:: \ell = \operatorname{mean}_i \log\Bigl[1 + \sum_{y_n \neq y_i} e^{\gamma \alpha_{in} (s_{in} - m)}
        \sum_{y_p = y_i} e^{-\gamma \alpha_{ip} (s_{ip} - 1 + m)}\Bigr]

    with the cosines :math:`s_{ij}`, and the weights :math:`\alpha_{ip} = \max(0, 1 + m - s_{ip})` and
    :math:`\alpha_{in} = \max(0, s_{in} + m)`, constants for the gradient. The mean is over the rows with a positive and a negative.

    Use: embeddings for retrieval and verification, from class numbers, where a triplet loss converges slowly or unevenly.

    Elsewhere: ``keras.losses.Circle`` differentiates the weights too, so its gradients are others (``fixed_weights=False``), does not
    normalise, and divides by the rows whose loss is above 0. ``pytorch_metric_learning.losses.CircleLoss`` has m = 0.4, gamma = 80 and
    gives these gradients. The often copied class for the loss of one batch takes both sums over all pairs: ``scope="batch"``.

    Args:
        x: vectors in rows (N, D), of any length: they are normalised here.
        label: class numbers (N,) in any integer dtype.
        margin: m.
        gamma: the scale, above 0; in the paper 256 for faces, 128 for persons.
        scope: ``anchor`` for one loss per row, ``batch`` for both sums over all pairs i < j of the batch, which is one number.
        fixed_weights: whether the weights are constants for the gradient.
        reduction: ``none`` (N,), 0 for a row without a positive or a negative; ``mean`` over the rows that have both, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where there is no positive or no negative. The zero vector has cosines and gradients 0.

    Raises:
        ValueError: the shapes do not fit, gamma is not above 0, or there is no such scope or reduction.
        TypeError: `x` is not floating, `label` no integers, or an option no number.

    Source: Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, CVPR 2020, equation 6.

    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> print(circle(x, np.array([0, 0, 1]), gamma=2.0).round(4))
    1.1546
    """
    loss = "circle"
    (F, x, dtype) = _rows(loss, x, label)
    checks.one_of(loss, "scope", scope, ("anchor", "batch"))
    checks.number(loss, "margin", margin)
    checks.number(loss, "gamma", gamma)
    checks.positive(loss, "gamma", gamma)
    compute = formulas.circle_of_batch if scope == "batch" else formulas.circle_by_anchor
    found = compute(F, direction(F, x), label, gamma=gamma, margin=margin, fixed_weights=fixed_weights)
    (values, both) = (found, None) if scope == "batch" else found
    return reduced(F, loss, values, reduction, dtype, count=None if both is None else F.sum(both))


Triplet = item(triplet)
BatchHardTriplet = item(batch_hard_triplet)
Quadruplet = item(quadruplet)
BatchHardQuadruplet = item(batch_hard_quadruplet)
Circle = item(circle)
