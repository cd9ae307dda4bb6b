"""The Frechet distance between features of two sets of samples, and the moments it can be taken from."""

from __future__ import annotations

from collections.abc import Mapping

from polyloss import calls, checks
from polyloss.formulas import frechet as formulas
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.zoo.base import item, opened, score, shape_of

STATE = ("count", "mean", "scatter")


def fid(fake: Tensor, real: Tensor) -> Tensor:
    r"""The Frechet distance (squared) between the normal distributions fitted to the features of two sets of samples. A metric.

    .. math:: \ell = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}\big(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\big)

    Use: compare generators of images by the features of a network that classifies images, the Inception network's where published
    numbers are to be met: FID. The network is the caller's.

    Elsewhere: 0 says that means and covariances are equal, not that the samples are. The covariances divide by n - 1; some
    reimplementations divide by n. Equal to torchmetrics' ``FrechetInceptionDistance`` on the same features. pytorch-fid adds 1e-6 to
    the diagonals where scipy's root of the product fails, which changes the number; no root of a matrix is taken here. The article's
    number is this, without a square root, for 2048 features; with other features or other numbers of samples it is another scale.

    Args:
        fake: (N, D), features of generated samples, N at least 2.
        real: (M, D), those of real samples, M at least 2. The matrix of all pairs, (N, M), is decomposed: where both are many more than
            D, `fid_from_moments` of `feature_moments` is the quicker way.

    Returns:
        The distance in the dtype of `fake`, at least 0; NaN if a feature is NaN or infinite. Asking for a gradient raises TypeError.

    Raises:
        ValueError: the shapes do not fit, or there are fewer than two samples, which have no covariance.
        TypeError: the dtypes differ or are not floating.

    Source: Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, NeurIPS 2017; Dowson and
    Landau, The Frechet Distance Between Multivariate Normal Distributions, Journal of Multivariate Analysis 12(3), 1982.

    >>> import numpy as np
    >>> square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> round(float(fid(3 * square, square)), 6)
    10.666667
    """
    name = "fid"
    (F, (x, y), dtype) = opened(name, fake=fake, real=real)
    checks.shaped(F, name, "fake", x, [(None, None)], "the features of a sample in a row")
    shape = F.shape(x)
    checks.shaped(
        F, name, "real", y, [(None, shape[1] if shape else None)], "the features of a sample in a row, those of fake"
    )
    for argument, features in (("fake", x), ("real", y)):
        rows = (F.shape(features) or (None,))[0]
        if rows is not None and rows < 2:
            raise ValueError(f"{name}: {argument} has {rows} samples; a covariance takes at least two")
    return score(F, name, formulas.of_samples(F, F.stop_gradient(x), F.stop_gradient(y)), dtype)


def fid_from_moments(fake_mean: Tensor, fake_covariance: Tensor, real_mean: Tensor, real_covariance: Tensor) -> Tensor:
    r"""The Frechet distance (squared) between two normal distributions, of given means and covariances. A metric.

    .. math:: \ell = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr}\big(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2}\big)

    Use: in place of `fid` where the samples are too many to be held, with what `feature_moments` gathers or a file of statistics holds.

    Elsewhere: as in `fid`; POT's ``bures_wasserstein_distance`` is the square root. The matrices are factorised column by column, in as
    many steps as there are features: outside a compiler, thousands of features take seconds. With fewer samples than features the
    covariance is singular, and its small eigenvalues have lost half of their digits to it: `fid` keeps them.

    Args:
        fake_mean: (D,), the mean of the features of generated samples.
        fake_covariance: (D, D), symmetric and without eigenvalues below 0.
        real_mean, real_covariance: those of real samples.

    Returns:
        The distance in the dtype of `fake_mean`, at least 0; not finite where an argument is not. Asking for a
        gradient raises TypeError.

    Raises:
        ValueError: the shapes do not fit.
        TypeError: the dtypes differ or are not floating.
        UnsupportedError: the number of features is not known (a symbol).

    Source: Dowson and Landau, The Frechet Distance Between Multivariate Normal Distributions, Journal of Multivariate Analysis 12(3),
    1982; Heusel et al., as in `fid`.

    >>> import numpy as np
    >>> round(float(fid_from_moments(np.zeros(2), 4 * np.eye(2), np.ones(2), np.eye(2))), 6)
    4.0
    """
    name = "fid_from_moments"
    given = {"fake_covariance": fake_covariance, "real_mean": real_mean, "real_covariance": real_covariance}
    (F, (m, s, n, t), dtype) = opened(name, fake_mean=fake_mean, **given)
    checks.shaped(F, name, "fake_mean", m, [(None,)], "a number for each feature")
    (size,) = shape_of(F, name, "fake_mean", m)
    checks.shaped(F, name, "real_mean", n, [(size,)], "a number for each feature")
    for argument, covariance in (("fake_covariance", s), ("real_covariance", t)):
        checks.shaped(F, name, argument, covariance, [(size, size)], "a number for each pair of features")
        if None in shape_of(F, name, argument, covariance):
            raise UnsupportedError(f"{name} on {F.name}: the number of features has to be known")
    return score(F, name, formulas.of_moments(F, *(F.stop_gradient(one) for one in (m, s, n, t))), dtype)


def feature_moments(features: Tensor) -> dict[str, Tensor]:
    """The moments of a batch of features: a state that `merge_moments` adds up, in place of all features.

    Args:
        features: (N, D), the features of a sample in a row; no rows give the state to begin with.

    Returns:
        ``count`` (1,), the number of rows; ``mean`` (D,); and ``scatter`` (D, D), the sum over the rows of the outer products of what the
        mean leaves: ``scatter / (count - 1)`` is the covariance. In float32 at least, without gradient. (Plain sums of the features and
        of their products lose the digits of a spread that is small beside the mean.)

    Raises:
        ValueError: the shape is not (N, D).
        TypeError: the features are not floating.

    >>> import numpy as np
    >>> state = feature_moments(np.array([[1.0, 0.0], [3.0, 0.0]]))
    >>> state["count"].tolist(), state["mean"].tolist(), state["scatter"].tolist()
    ([2.0], [2.0, 0.0], [[2.0, 0.0], [0.0, 0.0]])
    """
    (F, (x,), _) = opened("feature_moments", features=features)
    checks.shaped(F, "feature_moments", "features", x, [(None, None)], "the features of a sample in a row")
    return dict(zip(STATE, formulas.moments(F, F.stop_gradient(x)), strict=True))


def merge_moments(state: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The moments of two sets of features together, from those of each; neither is changed.

    Args:
        state, other: what `feature_moments` or this gave, of as many features.

    Returns:
        A state of the same kind; the order of merging matters up to rounding only.

    Raises:
        ValueError: the numbers of features differ, or an entry is missing.

    Source: Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, COMPSTAT 1982.

    >>> import numpy as np
    >>> both = merge_moments(feature_moments(np.array([[1.0]])), feature_moments(np.array([[3.0], [5.0]])))
    >>> both["count"].tolist(), both["mean"].tolist(), both["scatter"].tolist()
    ([3.0], [3.0], [[8.0]])
    """
    name = "merge_moments"
    for argument, one in (("state", state), ("other", other)):
        if missing := [key for key in STATE if key not in one]:
            raise ValueError(f"{name}: {argument} has no {missing[0]!r}; accepted is what feature_moments gives")
    F: OpSet = calls.owner(
        name, **{f"state_{key}": state[key] for key in STATE}, **{f"other_{key}": other[key] for key in STATE}
    )
    calls.same_shape(F, name, "the mean of other", other["mean"], "that of state", state["mean"])
    (x, y) = (tuple(one[key] for key in STATE) for one in (state, other))
    return dict(zip(STATE, formulas.merged(F, x, y), strict=True))


FID = item(fid, name="FID", differentiable=False)
FIDFromMoments = item(fid_from_moments, name="FIDFromMoments", differentiable=False)
