"""Discrepancies of the losses that match texts and images."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example
from polyloss_conformance.vectors import shared

_WORDS = {"regions": shared("REGIONS"), "words": shared("WORDS"), "lengths": [3, 2]}
_WHOLE = {"image": [[1, 0.2, -0.5], [-0.3, 0.8, 0.4]], "sentence": [[0.9, 0.1, -0.2], [0.1, 0.7, 0.9]]}
_DTYPES = {"lengths": "int64"}


def _softmax(values: Array, axis: int) -> Array:
    heights = np.exp(values - values.max(axis=axis, keepdims=True))
    result: Array = heights / heights.sum(axis=axis, keepdims=True)
    return result


def _picks_its_text(regions: Array, words: Array, lengths: Array, last: int = 0, quotient: float = 1.0) -> float:
    """How an image picks its text by words, the `last` few of which are left out of the sum, divided by `quotient`."""
    images = regions.reshape(*regions.shape[:2], -1)
    scores = np.zeros((len(images), len(words)))
    for i, v in enumerate(images):
        for j, (text, length) in enumerate(zip(words, lengths, strict=True)):
            e = text[:, : int(length)]
            attention = _softmax(5.0 * _softmax(e.T @ v, axis=0), axis=1)
            context = v @ attention.T
            cosines = (context * e).sum(0) / (np.linalg.norm(context, axis=0) * np.linalg.norm(e, axis=0))
            scores[i, j] = 10.0 * np.log(np.exp(5.0 * cosines[: int(length) - last]).sum()) / quotient
    return float(-np.log(np.diag(_softmax(scores, axis=1))).mean())


def _words_alone(regions: Array, words: Array, image: Array, sentence: Array, lengths: Array) -> float:
    """Only how an image picks its text by words, which is what the figure prints."""
    return _picks_its_text(regions, words, lengths, quotient=5.0)


FINDINGS = (
    discrepancy(
        "zoo-L12-damsm",
        "A heading over a picture, whose formulas end with how an image picks its text by words. Taken is the sum of the paper: both"
        " directions, by words and as a whole.",
        LIST + "DAMSM: the figure; Xu et al. 2018, equations 11 and 12",
        example("DAMSM", {**_WORDS, **_WHOLE}, {}, _DTYPES),
        _words_alone,
        (1.1064841693, 2.8129166),
        by="one of four",
    ),
    discrepancy(
        "zoo-L28-damsm-quotient",
        "The released code leaves out the quotient by gamma 2, with which its gamma 3 is gamma 2 times as large.",
        LIST
        + "DAMSM; Xu et al. 2018, equation 10: the sum to the power of 1 / gamma 2; the authors' code takes its logarithm alone",
        example("DAMSM", _WORDS, {"direction": "text"}, _DTYPES),
        _picks_its_text,
        (4.5532949079, 1.1064841693),
        by="the released code",
    ),
    discrepancy(
        "zoo-L28-damsm-last-word",
        "The sum over the words runs from 1 to T - 1 in the figure: the last word is dropped.",
        LIST + "DAMSM: the figure; the code that the authors of Xu et al. 2018 released sums over all words",
        example("DAMSM", _WORDS, {"direction": "text"}, _DTYPES),
        lambda regions, words, lengths: _picks_its_text(regions, words, lengths, last=1, quotient=5.0),
        (6.327375208, 1.1064841693),
    ),
)
