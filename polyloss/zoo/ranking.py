"""Scores of rankings. All are metrics."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import ranking as formulas
from polyloss.formulas.embedding import unit_vector
from polyloss.opset import Tensor
from polyloss.zoo.base import item, opened, reduced, score, shape_of

TIES = ("stable", "expected")
EMPTY = ("zero", "skip")


def r_precision(
    scores: Tensor, relevance: Tensor, *, ties: str = "stable", empty: str = "zero", reduction: str = "mean"
) -> Tensor:
    r"""The share of relevant documents among the first R of a ranking, where R is how many are relevant. A metric.

    .. math:: \ell = \operatorname{mean}_n \frac{1}{R_n} \sum_{d:\ \operatorname{rank}_n(d) \le R_n} y_{nd}, \quad R_n = \sum_d y_{nd}

    Use: judge a retrieval with one number that needs no cut-off.

    Elsewhere: a query without relevant documents is 0 in torchmetrics, and left out elsewhere: `empty`. Ties are broken by position in
    torchmetrics (``ties='stable'``) and by the document's name, descending, in trec_eval. The text and image score of AttnGAN that has the
    same name is `text_image_r_precision`.

    Args:
        scores: (N, D), higher is earlier. ``-inf`` is last.
        relevance: (N, D), 0 or 1, of any real dtype.
        ties: ``stable``: earlier positions first; ``expected``: the mean over all orders of the ties.
        empty: what a query without relevant documents is: ``zero``, or left out of the mean (``skip``).
        reduction: ``none`` (N,), or ``mean``.

    Returns:
        The score in the dtype of `scores`, between 0 and 1; the mean over nothing is 0. Asking for a gradient raises TypeError.

    Raises:
        ValueError: the shapes differ, or an option is none of its names.
        TypeError: `scores` is not floating.

    Source: Buckley and Voorhees, Retrieval System Evaluation, in TREC: Experiment and Evaluation in Information Retrieval, 2005.

    >>> import numpy as np
    >>> float(r_precision(np.array([[0.9, 0.8, 0.7, 0.6]]), np.array([[1, 0, 1, 0]])))
    0.5
    """
    name = "r_precision"
    (F, (s, y), dtype) = opened(name, ("relevance",), scores=scores, relevance=relevance)
    checks.one_of(name, "ties", ties, TIES)
    checks.one_of(name, "empty", empty, EMPTY)
    checks.shaped(F, name, "scores", s, [(None, None)], "the documents of each query in a row")
    calls.same_shape(F, name, "relevance", y, "scores", s)
    y = F.cast_like(y, s)
    wanted = F.sum(y, axis=-1)
    found = formulas.r_precision(F, s, y, wanted, expected=ties == "expected")
    count = F.sum(F.where(wanted > 0, F.ones_like(found), 0.0)) if empty == "skip" else None
    return score(F, name, reduced(F, name, found, reduction, None, count, ("none", "mean")), dtype, s)


def text_image_r_precision(
    queries: Tensor, candidates: Tensor, *, ties: str = "stable", reduction: str = "mean"
) -> Tensor:
    r"""How often the true caption is the nearest of all candidates, by cosine: AttnGAN's R-precision. A metric.

    .. math:: \ell = \operatorname{mean}_n\; [\, 0 = \operatorname{argmax}_k \cos(q_n, c_{nk}) \,]

    Use: judge whether a generated image shows what its text says, with 99 random captions beside the true one.

    Elsewhere: it is `r_precision` with R = 1, one relevant candidate: the accuracy of the first place.

    Args:
        queries: (N, E), the embeddings of the images.
        candidates: (N, K, E), the embeddings of texts, of which the first is the true one.
        ties: ``stable``: the true one is first among equals; ``expected``: the mean over all orders of the ties.
        reduction: ``none`` (N,), or ``mean``.

    Returns:
        The score in the dtype of `queries`, between 0 and 1; the mean over nothing is 0. The cosine of a zero vector is 0. Asking for a
        gradient raises TypeError.

    Raises:
        ValueError: the shapes do not fit, or an option is none of its names.
        TypeError: the dtypes differ or are not floating.

    Source: Xu et al., AttnGAN: Fine-Grained Text to Image Generation with Attentional Generative Adversarial Networks, CVPR 2018.

    >>> import numpy as np
    >>> candidates = np.array([[[0.9, 0.1], [0.0, 1.0]], [[1.0, 0.0], [0.9, 0.1]]])
    >>> float(text_image_r_precision(np.array([[1.0, 0.0], [0.0, 1.0]]), candidates))
    0.5
    """
    name = "text_image_r_precision"
    (F, (q, c), dtype) = opened(name, queries=queries, candidates=candidates)
    checks.one_of(name, "ties", ties, TIES)
    shape = shape_of(F, name, "queries", q)
    checks.shaped(F, name, "queries", q, [(None, None)], "an embedding for each image")
    accepted = (shape[0], None, shape[-1])
    checks.shaped(F, name, "candidates", c, [accepted], "candidates for each image, embedded as it is")
    units = [unit_vector(F, each, axis=-1, epsilon=1e-12) for each in (q, c)]
    cos = F.sum(F.broadcast_mul(F.expand_dims(units[0], axis=1), units[1]), axis=-1)
    place = F.expand_dims(F.arange_like(cos, axis=1), axis=0)
    first = F.broadcast_like(F.broadcast_equal(place, 0.0), cos)
    found = formulas.r_precision(F, cos, first, F.sum(first, axis=-1), expected=ties == "expected")
    return score(F, name, reduced(F, name, found, reduction, None, None, ("none", "mean")), dtype, q, c)


RPrecision = item(r_precision, differentiable=False)
TextImageRPrecision = item(text_image_r_precision, differentiable=False)
