"""Discrepancies of metrics and of the losses of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_P = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.25, 0.5, 0.25]]
_WORDS: dict[str, Any] = {
    "hypothesis": [[1.0, 2.0, 3.0]],
    "truth": [[1.0, 3.0, 3.0, 4.0]],
}


def _to_base_two(predictions: Array) -> float:
    marginal = predictions.mean(axis=0)
    return float(np.exp(np.mean(np.sum(predictions * np.log2(predictions / marginal), axis=1))))


def _swapped(hypothesis: Array, truth: Array) -> Array:
    """A table declared as rows by columns, and filled with the two sequences in each other's place: insertions cost what deletions do."""
    (a, b) = (truth[0], hypothesis[0])
    table = np.zeros((len(a) + 1, len(b) + 1))
    table[:, 0] = 0.25 * np.arange(len(a) + 1)
    table[0] = np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            put = table[i - 1, j - 1] + float(a[i - 1] != b[j - 1])
            table[i, j] = min(table[i - 1, j] + 0.25, table[i, j - 1] + 1.0, put)
    return table[-1, -1:]


def _zero_for_nothing(scores: Array, relevance: Array) -> float:
    found = []
    for s, y in zip(scores, relevance, strict=True):
        wanted = int(y.sum())
        first = np.argsort(-s, kind="stable")[:wanted]
        found.append(y[first].sum() / wanted if wanted else 0.0)
    return float(np.mean(found))


FINDINGS = (
    discrepancy(
        "zoo-L12-r-precision",
        "A heading over a picture. Taken is the score of information retrieval: of as many documents as are relevant, the share that is."
        " Where texts and images are matched the name means that one caption is true and has to come first: `text_image_r_precision`.",
        LIST + "r precision: the figure; Xu et al. 2018, section 4: R is 1",
        example(
            "RPrecision",
            {"scores": [[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]], "relevance": [[1.0, 0.0, 1.0, 1.0, 0.0, 0.0]]},
        ),
        lambda scores, relevance: float(np.mean(np.take_along_axis(relevance, scores.argmax(1)[:, None], 1))),
        (1.0, 2 / 3),
        by="R = 1",
    ),
    discrepancy(
        "zoo-L32-logarithm",
        "The score is the exponential of a divergence, so the divergence is in natural logarithms; the text leaves the base open, and"
        " announces the formula as that of another distance. In base 2 the same samples score higher.",
        LIST + "Inception score",
        example("InceptionScore", {"predictions": _P}, {"splits": 1}),
        _to_base_two,
        (1.37459, 1.24673),
        by="base 2",
    ),
    discrepancy(
        "zoo-L36-places",
        "The table is declared with a row for each place of one sequence, and indexed with the other: with equal costs nothing shows,"
        " with a deletion of 1 and an insertion of 1/4 the two are exchanged. The text also lists the distance as a loss like CTC,"
        " which it is not.",
        LIST + "Edit distance",
        example("EditDistance", _WORDS, {"insertion": 0.25, "reduction": "none"}),
        _swapped,
        ([1.25], [2.0]),
        by="exchanged",
    ),
    discrepancy(
        "zoo-L37-nothing-relevant",
        "Nothing is said of a query without relevant documents. torchmetrics counts it as 0, other tools leave it out.",
        LIST + "R-precision; torchmetrics 1.9, retrieval_r_precision",
        example(
            "RPrecision",
            {"scores": [[0.9, 0.8, 0.7], [0.9, 0.8, 0.7]], "relevance": [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]},
            {"empty": "skip"},
        ),
        _zero_for_nothing,
        (0.5, 1.0),
        by="as 0",
    ),
)
