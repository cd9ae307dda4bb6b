"""How far one distribution is from another: Kullback-Leibler and Jensen-Shannon."""

from __future__ import annotations

import math

from polyloss import checks
from polyloss.formulas import divergence as formulas
from polyloss.formulas.divergence import Form
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import alike, item, reduced

FORMS = ("probabilities", "log_probabilities", "logits")


def kl_divergence(
    pred: Tensor,
    target: Tensor,
    *,
    pred_as: Form = "probabilities",
    target_as: Form = "probabilities",
    axis: int = -1,
    base: float | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Kullback-Leibler divergence of the target from the prediction.

    .. math:: \ell = \operatorname{mean}_n \sum_c p_{nc} (\log p_{nc} - \log q_{nc}), \quad p = \text{target},\ q = \text{pred}

    Use: match a distribution, as a student that of its teacher. Its gradient is that of the cross entropy with the same targets; give
    the prediction as logits.

    Elsewhere: PyTorch's ``kl_div`` takes log q first, and its ``mean`` divides by the number of elements, classes included (its
    ``batchmean`` is the mean here). Keras clips both to 1e-7, so that a true infinity becomes a number. ``scipy.stats.entropy``
    normalises what it is given, ``scipy.special.kl_div`` adds ``q - p``. The divergence of q from p: exchange the two.

    Args:
        pred: q; any shape with the classes along `axis`.
        target: p, in the shape of `pred`.
        pred_as: what `pred` holds, ``probabilities``, ``log_probabilities`` or ``logits``; nothing is normalised but logits.
        target_as: what `target` holds, likewise.
        axis: that of the classes.
        base: of the logarithm, above 1; None: e.
        reduction: ``none`` (the shape of `pred` without its classes), ``mean`` over these, or ``sum``.

    Returns:
        The divergence in the dtype of `pred`, in nats if no base is given; the mean over nothing is 0. A class with ``p = 0`` adds 0 and
        has gradient 0; one with ``q = 0 < p`` makes it infinite.

    Raises:
        ValueError: the shapes differ, or an option is not one of those accepted.
        TypeError: the dtypes differ or are not floating.

    Source: Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22(1), 1951.

    >>> import numpy as np
    >>> print(kl_divergence(np.array([1 / 3, 1 / 3, 1 / 3]), np.array([0.36, 0.48, 0.16])).round(10))
    0.0852996013
    """
    name = "kl_divergence"
    checks.one_of(name, "pred_as", pred_as, FORMS)
    checks.one_of(name, "target_as", target_as, FORMS)
    (F, x, y, dtype) = _pair(name, pred, target, axis)
    values = formulas.kullback_leibler(F, x, y, pred_as=pred_as, target_as=target_as, axis=axis)
    return reduced(F, name, _in_base(name, values, base), reduction, dtype)


def js_divergence(
    pred: Tensor,
    target: Tensor,
    *,
    given_as: Form = "probabilities",
    axis: int = -1,
    base: float | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Jensen-Shannon divergence of two distributions, the same both ways and never more than log 2.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac12 \operatorname{KL}(p_n \,\|\, m_n) + \tfrac12 \operatorname{KL}(q_n \,\|\, m_n),
        \quad m = \tfrac12 (p + q)

    Use: compare distributions that need not have the same support, and agreement of several views of a sample.

    Elsewhere: ``scipy.spatial.distance.jensenshannon`` is its square root. The generalised forms of the noise-robust losses weigh the
    two sides.

    Args:
        pred: q; any shape with the classes along `axis`.
        target: p, in the shape of `pred`.
        given_as: what both hold, ``probabilities``, ``log_probabilities`` or ``logits``; nothing is normalised but logits.
        axis: that of the classes.
        base: of the logarithm, above 1; None: e. With base 2 it is at most 1.
        reduction: ``none`` (the shape of `pred` without its classes), ``mean`` over these, or ``sum``.

    Returns:
        The divergence in the dtype of `pred`; the mean over nothing is 0. A probability of 0 adds 0 and has gradient 0.

    Raises:
        ValueError: the shapes differ, or an option is not one of those accepted.
        TypeError: the dtypes differ or are not floating.

    Source: Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information Theory 37(1), 1991.

    >>> import numpy as np
    >>> print(js_divergence(np.array([1 / 3, 1 / 3, 1 / 3]), np.array([0.36, 0.48, 0.16])).round(10))
    0.0224598604
    """
    name = "js_divergence"
    checks.one_of(name, "given_as", given_as, FORMS)
    (F, x, y, dtype) = _pair(name, pred, target, axis)
    if given_as != "probabilities":
        (x, y) = (F.softmax(one, axis=axis) if given_as == "logits" else F.exp(one) for one in (x, y))
    return reduced(F, name, _in_base(name, formulas.jensen_shannon(F, x, y, axis=axis), base), reduction, dtype)


KLDivergence = item(kl_divergence, name="KLDivergence")
JSDivergence = item(js_divergence, name="JSDivergence")


def _pair(name: str, pred: Tensor, target: Tensor, axis: int) -> tuple[OpSet, Tensor, Tensor, str | None]:
    (F, (x, y), dtype) = alike(name, pred=pred, target=target)
    checks.in_rank(F, name, "axis", axis, "pred", pred)
    return F, x, y, dtype


def _in_base(name: str, values: Tensor, base: float | None) -> Tensor:
    if base is None:
        return values
    checks.number(name, "base", base)
    if not base > 1:
        raise ValueError(f"{name}: base={base!r} must be above 1")
    return values * (1 / math.log(base))
