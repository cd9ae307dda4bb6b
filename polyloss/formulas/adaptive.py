"""Adaptive softmax: frequent classes in a head, rare ones in clusters that share one place of it each."""

from __future__ import annotations

from collections.abc import Sequence

from polyloss.opset import OpSet, Tensor


def adaptive_linear_cross_entropy(
    F: OpSet, data: Tensor, label: Tensor, *parameters: Tensor, cutoffs: Sequence[int]
) -> Tensor:
    """`adaptive_cross_entropy` of the `adaptive_scores`; `label` holds classes."""
    (head, clusters) = adaptive_scores(F, data, parameters)
    return adaptive_cross_entropy(F, head, clusters, label, cutoffs=cutoffs)


def adaptive_scores(F: OpSet, data: Tensor, parameters: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """The logits of the head and of all clusters.

    `parameters` are the matrix of the head, its bias if there is one, and two matrices for each cluster.
    """
    (matrix, *rest) = parameters
    head = F.dot(data, matrix, transpose_b=True)
    if len(rest) % 2:
        head = F.broadcast_add(head, F.expand_dims(rest.pop(0), axis=0))
    clusters = [
        F.dot(F.dot(data, inner, transpose_b=True), outer, transpose_b=True)
        for inner, outer in zip(rest[::2], rest[1::2], strict=True)
    ]
    return head, clusters


def adaptive_cross_entropy(
    F: OpSet, head: Tensor, clusters: Sequence[Tensor], label: Tensor, *, cutoffs: Sequence[int]
) -> Tensor:
    """``-log p(label)``, shape (N,), with ``p(c) = softmax(head)[c]`` for the classes of the head.

    Cluster i holds the classes from ``cutoffs[i]`` to ``cutoffs[i + 1] - 1``, and has the place ``cutoffs[0] + i`` in the head:
    ``p(c) = softmax(head)[cutoffs[0] + i] softmax(clusters[i])[c - cutoffs[i]]``.
    """
    place = label
    within = F.stop_gradient(F.zeros_like(F.sum(head, axis=1)))
    for i, cluster in enumerate(clusters):
        inside = label >= cutoffs[i]
        place = F.where(inside, cutoffs[0] + i, place)
        within = F.where(inside, F.softmax_cross_entropy(cluster, label - cutoffs[i]), within)
    return F.softmax_cross_entropy(head, place) + within


def adaptive_log_softmax(F: OpSet, head: Tensor, clusters: Sequence[Tensor], *, shortlist: int) -> Tensor:
    """``log p`` of all classes, shape (N, C), in the terms of `adaptive_cross_entropy`."""
    log_head = F.log_softmax(head, axis=1)
    parts = [F.slice_axis(log_head, axis=1, begin=0, end=shortlist)]
    for i, cluster in enumerate(clusters, shortlist):
        share = F.slice_axis(log_head, axis=1, begin=i, end=i + 1)
        parts.append(F.broadcast_add(F.log_softmax(cluster, axis=1), share))
    return F.concat(*parts, dim=1)


def first_of_largest(F: OpSet, data: Tensor) -> Tensor:
    """The place of the largest element of each row, the first of several, in the dtype of `data`."""
    places = F.broadcast_like(F.expand_dims(F.arange_like(data, axis=1), axis=0), data)
    largest = F.broadcast_equal(data, F.broadcast_like(F.max(data, axis=1, keepdims=True), data))
    return F.min(F.where(largest, places, float("inf")), axis=1)
