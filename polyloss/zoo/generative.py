"""Scores and losses of generated samples."""

from __future__ import annotations

from itertools import pairwise

from polyloss import checks
from polyloss.formulas import generative as formulas
from polyloss.opset import Tensor, UnsupportedError
from polyloss.zoo.base import item, opened, score, shape_of

STATISTICS = ("mean", "std", "none")


def inception_score(
    predictions: Tensor, *, from_logits: bool = False, splits: int = 10, ddof: int = 0, reduction: str = "mean"
) -> Tensor:
    r"""How sharp and how varied the classes are that a classifier sees in generated samples. A metric.

    .. math:: \ell = \operatorname{mean}_s \exp\Big(\operatorname{mean}_{n \in s} \sum_c p_{nc} (\log p_{nc} - \log \bar{p}_{sc})\Big),
        \quad \bar{p}_s = \operatorname{mean}_{n \in s} p_n

    Use: compare generators of natural images where published scores are to be met; `fid` says more.

    Elsewhere: torchmetrics shuffles the samples first and divides the deviation by s - 1 (``ddof=1``); the original does neither. The
    logarithm is the natural one, as the exponential has to be. The classifier is the caller's.

    Args:
        predictions: (N, C), the class probabilities of each sample, or scores if `from_logits`.
        from_logits: whether `predictions` are scores.
        splits: into how many pieces the samples are cut, in their order; at most N. The score of each is its own.
        ddof: what is taken off the number of splits in the deviation, less than `splits`.
        reduction: ``mean`` or ``std`` over the splits, or ``none`` (splits,).

    Returns:
        The score in the dtype of `predictions`, between 1 and C. Asking for a gradient raises TypeError.

    Raises:
        ValueError: the shape is not (N, C), there are fewer samples than splits, or an option is out of its range.
        TypeError: `predictions` is not floating.
        UnsupportedError: the number of samples is not known (a symbol).

    Source: Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016.

    >>> import numpy as np
    >>> round(float(inception_score(np.eye(3), splits=1)), 6)
    3.0
    """
    name = "inception_score"
    (F, (p,), dtype) = opened(name, predictions=predictions)
    checks.one_of(name, "reduction", reduction, STATISTICS)
    checks.shaped(F, name, "predictions", p, [(None, None)], "the probabilities of the classes of each sample")
    rows = shape_of(F, name, "predictions", p)[0]
    if rows is None and splits > 1:
        raise UnsupportedError(f"{name} on {F.name}: the number of samples has to be known to be split")
    if not 1 <= splits <= (rows if rows is not None else 1):
        raise ValueError(f"{name}: splits={splits!r} must be at least 1 and at most the number of samples, {rows}")
    if not 0 <= ddof < splits:
        raise ValueError(f"{name}: ddof={ddof!r} must be at least 0 and less than splits={splits!r}")
    log_p = F.log_softmax(p, axis=1) if from_logits else F.log(p)
    edges = [split * (rows or 0) // splits for split in range(splits + 1)]
    pieces = [F.slice_axis(log_p, axis=0, begin=a, end=b) for a, b in pairwise(edges)] if splits > 1 else [log_p]
    found = F.concat(*(formulas.inception_score(F, piece) for piece in pieces), dim=0)
    if reduction != "none":
        mean = F.mean(found, axis=0, keepdims=True)
        spread = F.sum(F.square(F.broadcast_sub(found, mean)), axis=0) / (splits - ddof)
        found = F.sum(mean, axis=0) if reduction == "mean" else F.sqrt(spread)
    return score(F, name, found, dtype)


InceptionScore = item(inception_score, differentiable=False)
