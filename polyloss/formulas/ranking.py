"""Scores of rankings."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def r_precision(F: OpSet, scores: Tensor, relevance: Tensor, wanted: Tensor, *, expected: bool) -> Tensor:
    """The share of the relevant (relevance 1) among the `wanted` (N,) first of each row of scores; 0 where none is wanted.

    With `expected` the mean over all orders of ties: of e equal scores of which g others are higher, each is among the first R with
    probability ``min(max((R - g) / e, 0), 1)``.
    """
    R = F.expand_dims(wanted, axis=1)
    if expected:
        (of, other) = (F.expand_dims(scores, axis=2), F.expand_dims(scores, axis=1))
        higher = F.sum(F.broadcast_greater(other, of), axis=2)
        equal = F.sum(F.broadcast_equal(of, other), axis=2)
        among = F.clip(F.broadcast_sub(R, higher) / equal, 0.0, 1.0)
    else:
        order = F.argsort(scores, axis=1, is_ascend=False)
        relevance = F.gather_along(relevance, order, axis=1)
        among = F.broadcast_greater(R, F.expand_dims(F.arange_like(scores, axis=1), axis=0))
    return F.sum(relevance * among, axis=1) / F.where(wanted > 0, wanted, 1.0)
