"""References for the Lovasz losses: the extension of a set function, from its values on sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, mean, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _jaccard(wrong: set[int], truth: set[int]) -> Number:
    """The Jaccard loss if the pixels `wrong` are."""
    return mp.mpf(len(wrong)) / len(wrong | truth) if wrong else mp.zero


def _extension(errors: Sequence[Number], truth: set[int]) -> Number:
    """The Lovasz extension of the Jaccard loss: each error times what the loss grows by when its pixel joins those of larger ones."""
    wrong: set[int] = set()
    terms = []
    for i in sorted(range(len(errors)), key=lambda i: -errors[i]):
        grown = _jaccard(wrong | {i}, truth) - _jaccard(wrong, truth)
        terms.append(errors[i] * grown)
        wrong.add(i)
    return total(terms)


def _images(pixels: list[list[tuple[Array, int]]], config: Config, per_image: bool) -> list[list[tuple[Array, int]]]:
    """The pixels (scores, label) of each image that count."""
    images = pixels if config.get("per_image", per_image) else [[pixel for image in pixels for pixel in image]]
    return [[pixel for pixel in image if pixel[1] != config.get("ignore")] for image in images]


def _softmax_loss(inputs: Inputs, config: Config, call: Call) -> Array:
    (pred, target) = (inputs["pred"], inputs["target"])
    classes = pred.shape[1]
    scores_last = np.moveaxis(pred, 1, -1)
    pixels = [
        [(scores_last[(n, *at)], int(target[(n, *at)])) for at in np.ndindex(pred.shape[2:])] for n in range(len(pred))
    ]
    values = []
    for image in _images(pixels, config, False):
        odds = [[exp(x - max(scores)) for x in scores] for scores, _ in image]
        losses = []
        for c in range(classes):
            truth = {i for i, (_, label) in enumerate(image) if label == c}
            if truth or not config.get("present", True):
                errors = [abs((i in truth) - odds[i][c] / total(odds[i])) for i in range(len(image))]
                losses.append(_extension(errors, truth))
        values.append(mean(losses) if losses else mp.zero)
    return reduced(np.array(values, dtype=object), config)


def _hinge(inputs: Inputs, config: Config, call: Call) -> Array:
    pixels = [
        [(x, int(y)) for x, y in zip(image.flat, labels.flat, strict=True)]
        for image, labels in zip(inputs["pred"], inputs["target"], strict=True)
    ]
    values = []
    for image in _images(pixels, config, True):
        truth = {i for i, (_, label) in enumerate(image) if label == 1}
        values.append(_extension([relu(1 - x if i in truth else 1 + x) for i, (x, _) in enumerate(image)], truth))
    return reduced(np.array(values, dtype=object), config)


_EXTENSION = (
    r"\overline{\Delta_J}(m) = \sum_i m_{\pi_i} \big(\Delta_J(\{\pi_1, \dots, \pi_i\})"
    r" - \Delta_J(\{\pi_1, \dots, \pi_{i-1}\})\big)"
)

REFERENCES = (
    zoo(
        "LovaszSoftmax",
        "The Jaccard loss of each class, extended to probabilities.",
        r"\frac{1}{|C|} \sum_{c \in C} \overline{\Delta_{J_c}}(m(c)), \quad " + _EXTENSION,
        REDUCED
        + r"l_n = \operatorname{mean}_c \overline{\Delta_{J_c}}(m_{nc}), \quad m_{nci} = |[y_{ni} = c] - p_{nci}|",
        _softmax_loss,
        paper="Berman et al., The Lovasz-Softmax Loss, CVPR 2018",
    ),
    zoo(
        "LovaszHinge",
        "The Jaccard loss of one class, extended to the hinge of its scores.",
        r"\overline{\Delta_J}(m), \quad m_i = \max(0, 1 - F_i y_i), \quad " + _EXTENSION,
        REDUCED + r"l_n = \overline{\Delta_J}(m_n), \quad m_{ni} = \max(0, 1 - x_{ni} (2 y_{ni} - 1))",
        _hinge,
        paper="Yu and Blaschko, Learning Submodular Losses with the Lovasz Hinge, ICML 2015; Berman et al., CVPR 2018",
    ),
)
