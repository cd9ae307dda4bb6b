"""Distances between distributions that are the least cost of moving one onto the other."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import transport as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import item, opened, reduced


def wasserstein_1d(
    x: Tensor,
    y: Tensor,
    x_weight: Tensor | None = None,
    y_weight: Tensor | None = None,
    *,
    p: float = 1.0,
    root: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""The Wasserstein distance between two samples of numbers, to its own power: the least mean cost of moving one onto the other.

    .. math:: \ell = \operatorname{mean}_b\; W_p^p(x_b, y_b), \quad W_p^p = \int_0^1 \lvert F_x^{-1}(t) - F_y^{-1}(t) \rvert^p\, dt

    Use: compare what a model makes with what is seen, number by number: histograms, projections of images (the sliced distance), returns.

    Elsewhere: ``scipy.stats.wasserstein_distance`` is p = 1, and POT's ``wasserstein_1d`` is this, along its first axis; the distance
    proper is ``root=True``. For points of a space see `sinkhorn_divergence`; for a critic in place of a distance, `critic`. As many
    samples without weights are compared in order; all else by merging both quantile functions.

    Args:
        x: (..., n), a sample in each row, n at least 1.
        y: (..., m), the same rows.
        x_weight: the mass of each place of `x`, in its shape; None: the same for all. It is divided by its sum. What is not above 0
            counts for nothing, whatever `x` holds there, NaN included.
        y_weight: the same for `y`.
        p: the power, at least 1.
        root: whether to take the p-th root of each row: :math:`W_p` in place of :math:`W_p^p`.
        reduction: ``none`` (...), ``mean`` or ``sum`` over the rows.

    Returns:
        The cost in the dtype of `x`. It is 0 for a row in which one side has no mass, and the mean over no rows is 0. The gradient of a
        pair that is equal is 0, and so is that of the root at 0; equal samples of a row share costs in the order of their places.

    Raises:
        ValueError: the shapes do not fit, a row is empty, `p` is below 1 or infinite, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Vallender, Calculation of the Wasserstein Distance Between Probability Distributions on the Line, Theory of Probability and its
    Applications 18(4), 1974; Peyre and Cuturi, Computational Optimal Transport, 2019, remark 2.30.

    >>> import numpy as np
    >>> float(wasserstein_1d(np.array([0.0, 1.0, 3.0]), np.array([5.0, 6.0, 8.0])))
    5.0
    """
    name = "wasserstein_1d"
    (F, (x, y, x_mass, y_mass), dtype) = opened(name, x=x, y=y, x_weight=x_weight, y_weight=y_weight)
    checks.at_least(name, "p", p, 1.0)
    if p == float("inf"):
        raise ValueError(f"{name}: p={p!r} must be finite: the largest difference is no mean")
    (shape, other) = (F.shape(x), F.shape(y))
    for argument, given in (("x", shape), ("y", other)):
        if given is not None and (not given or given[-1] == 0):
            raise ValueError(
                f"{name}: {argument} has shape {given}; accepted is (..., n), a sample that is not empty last"
            )
    if shape is not None:
        checks.shaped(F, name, "y", y, [(*shape[:-1], None)], "the rows of x")
    for argument, mass, of, samples in (("x_weight", x_mass, "x", x), ("y_weight", y_mass, "y", y)):
        if mass is not None:
            calls.same_shape(F, name, argument, mass, of, samples)
    as_many = shape is not None and other is not None and shape[-1] is not None and shape[-1] == other[-1]
    if as_many and x_mass is None and y_mass is None:
        values = formulas.wasserstein_1d(F, x, y, p=p)
    else:
        (a, b) = (
            F.stop_gradient(F.ones_like(one)) if mass is None else mass for one, mass in ((x, x_mass), (y, y_mass))
        )
        values = formulas.wasserstein_1d_of_masses(F, x, y, a, b, p=p)
    return reduced(F, name, formulas.root(F, values, p=p) if root else values, reduction, dtype)


def sinkhorn_divergence(
    x: Tensor,
    y: Tensor,
    x_weight: Tensor | None = None,
    y_weight: Tensor | None = None,
    *,
    epsilon: float = 0.1,
    half: bool = True,
    sharp: bool = False,
    debias: bool = True,
    iterations: int = 100,
    reduction: str = "mean",
) -> Tensor:
    r"""The Sinkhorn divergence of two sets of points: the entropic cost of moving one onto the other, less what each costs with itself.

    .. math:: \ell = \operatorname{mean}_b\; W(x_b, y_b) - \tfrac12 W(x_b, x_b) - \tfrac12 W(y_b, y_b), \quad
        W = \min_P \sum_{ij} P_{ij} C_{ij} + \varepsilon P_{ij} \log \frac{P_{ij}}{a_i b_j},
        \quad C_{ij} = \tfrac12 \lVert x_i - y_j \rVert^2

    over the plans P whose sums along rows and columns are the masses a and b.

    Use: compare point clouds, or samples with what a model makes of them, where nearness has to count: it lies between the Wasserstein
    distance (epsilon to 0) and a squared difference of means (epsilon to infinity).

    Elsewhere: three conventions share the name. geomloss has this one, its ``blur`` is the root of `epsilon`; OTT has the squared distance
    as its cost, ``half=False``; POT has that too, and leaves the entropy out of all three terms, ``sharp=True``. Genevay et al., who gave
    the name, are sharp as well, and count every term twice. All of them stop when little moves; here the number of steps is fixed.

    Args:
        x: points (B, N, D).
        y: points (B, M, D).
        x_weight: the mass of each point, (B, N); None: the same for all. It is divided by its sum. What is not above 0 counts for
            nothing, whatever `x` holds there, NaN included.
        y_weight: the same for `y`, (B, M).
        epsilon: above 0, in the unit of the cost, the square of a length.
        half: whether the cost is half of the squared distance, or all of it.
        sharp: whether W is the cost of the plan alone, without its entropy.
        debias: whether the two terms of a set with itself are subtracted; False: W(x, y) alone.
        iterations: how many steps each plan is improved by. The smaller epsilon is to the costs, the more are needed.
        reduction: ``none`` (B,), ``mean`` over the pairs of sets, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 for a pair in which one side has no mass, and for the mean over nothing. In the gradient the
        potentials are constants, which is exact once they have settled; with `sharp` the whole plan is, so that the masses have none.

    Raises:
        ValueError: the shapes do not fit, an option is out of range, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Feydy et al., Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019; Genevay, Peyre and
    Cuturi, Learning Generative Models with Sinkhorn Divergences, AISTATS 2018.

    >>> import numpy as np
    >>> (x, y) = (np.array([[[0.0, 0.0], [1.0, 0.0]]]), np.array([[[0.0, 2.0], [1.0, 2.0]]]))
    >>> print(sinkhorn_divergence(x, y).round(6))
    2.0
    """
    name = "sinkhorn_divergence"
    (F, (points, others, *masses), dtype) = opened(name, x=x, y=y, x_weight=x_weight, y_weight=y_weight)
    checks.positive(name, "epsilon", epsilon)
    if not isinstance(iterations, int) or iterations < 1:
        raise ValueError(f"{name}: iterations={iterations!r} is not a whole number of at least 1")
    checks.shaped(F, name, "x", x, [(None, None, None)], "sets of points")
    (sets, _, width) = F.shape(x) or (None, None, None)
    checks.shaped(F, name, "y", y, [(sets, None, width)], "as many sets of points of the same dimension")
    (a, b) = (
        _masses(F, name, *each) for each in (("x_weight", masses[0], "x", points), ("y_weight", masses[1], "y", others))
    )
    values = formulas.sinkhorn_divergence(
        F, points, others, a, b, epsilon=epsilon, half=half, sharp=sharp, debias=debias, iterations=iterations
    )
    return reduced(F, name, values, reduction, dtype)


def _masses(F: OpSet, loss: str, name: str, mass: Tensor | None, other: str, points: Tensor) -> Tensor:
    """The mass of each point (B, N)."""
    if mass is None:
        return F.sum(F.stop_gradient(F.zeros_like(points)), axis=2) + 1.0
    shape = F.shape(points)
    if shape is not None:
        checks.shaped(F, loss, name, mass, [shape[:2]], f"a mass for each point of {other}")
    return mass


Wasserstein1d = item(wasserstein_1d)
SinkhornDivergence = item(sinkhorn_divergence)
