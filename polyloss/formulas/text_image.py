"""Losses that match texts and images by their words and regions."""

from __future__ import annotations

from polyloss.formulas.embedding import direction
from polyloss.formulas.masked import masked_count, masked_logsumexp, masked_softmax
from polyloss.opset import OpSet, Tensor


def word_scores(
    F: OpSet,
    regions: Tensor,
    words: Tensor,
    counts: Tensor,
    *,
    sizes: tuple[int, int, int],
    gammas: tuple[float, float],
    scaled: bool,
) -> Tensor:
    """How well image i and text j match by words: ``R_ij = log(sum_t e^(g2 cos(c_t, e_t))) / g2``, shape (B, B); not `scaled`, ``g2 R_ij``.

    `regions` (B, D, R) and `words` (B, D, T), of which `counts` (B, T) is above 0 for those that count. A word attends to regions: with
    ``s = softmax_t(e_t . v_r)``, ``c_t = sum_r softmax_r(g1 s_tr) v_r``. A text without words matches all images alike, with 0.
    """
    (depth, length, places) = sizes
    one = F.zeros_like(F.slice_axis(F.slice_axis(regions, axis=1, begin=0, end=1), axis=2, begin=0, end=1))
    words = F.where(F.expand_dims(counts, axis=1) > 0, words, 0.0)
    listed = F.reshape(F.swapaxes(words, 1, 2), (1, -1, depth))  # those of all texts, one after the other
    products = F.batch_dot(F.broadcast_add(one, listed), regions)  # (B, B T, R): of every image
    counted = F.broadcast_add(one, F.reshape(counts, (1, -1, 1))) > 0
    apart = F.reshape(products, (-1, length, places))  # (B B, T, R)
    share = masked_softmax(F, apart, F.reshape(counted, (-1, length, 1)), axis=1)
    attention = F.reshape_like(F.softmax(gammas[0] * share, axis=-1), products)
    context = F.batch_dot(attention, regions, transpose_b=True)
    cosines = F.sum(F.broadcast_mul(direction(F, context), direction(F, listed)), axis=2)
    (cosines, counted) = (F.reshape(each, (-1, length)) for each in (cosines, counted))
    scores = masked_logsumexp(F, gammas[1] * cosines, counted, axis=1)
    scores = F.where(masked_count(F, cosines, counted, axis=1) > 0, scores, 0.0)
    column = F.reshape(one, (-1, 1))
    scores = F.reshape_like(scores, F.dot(column, column, transpose_b=True))
    return scores / gammas[1] if scaled else scores


def sentence_scores(F: OpSet, image: Tensor, sentence: Tensor) -> Tensor:
    """The cosines of image i and text j, vectors (B, D): shape (B, B). The zero vector has cosines and gradient 0."""
    return F.dot(direction(F, image), direction(F, sentence), transpose_b=True)


def matching(F: OpSet, scores: Tensor, candidate: Tensor | None) -> Tensor:
    """``-log softmax_j(scores_ij)[i]``, shape (B,): row i is to pick its own column, out of those of `candidate` if that is given."""
    own = F.sum(F.where(F.eye_like(scores) > 0, scores, 0.0), axis=1)
    if candidate is None:
        candidate = F.stop_gradient(F.ones_like(scores)) > 0
    return masked_logsumexp(F, scores, candidate, axis=1) - own


def within(F: OpSet, words: Tensor, lengths: Tensor | None) -> Tensor:
    """1 for each of the words (B, D, T) that is within the length (B,) of its text, 0 for the others; shape (B, T)."""
    ones = F.stop_gradient(F.sum(F.zeros_like(words), axis=1)) + 1
    if lengths is None:
        return ones
    place = F.broadcast_mul(ones, F.expand_dims(F.arange_like(words, axis=2), axis=0))
    limit = F.broadcast_mul(ones, F.expand_dims(F.cast_like(lengths, words), axis=1))
    return F.where(place < limit, ones, 0.0)


def rivals(F: OpSet, label: Tensor, scores: Tensor) -> Tensor:
    """Which columns of `scores` (B, B) each row chooses from: its own, and those of other classes; a condition."""
    alike = F.broadcast_equal(F.expand_dims(label, axis=1), F.expand_dims(label, axis=0))
    return F.where(alike, F.eye_like(scores), F.stop_gradient(F.ones_like(scores))) > 0
