"""References for the losses of class scores with one right class or several, as slow loops over samples and classes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exact, log1p_exp, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.torch_nn.common import REDUCED, torch
from polyloss_conformance.references.torch_nn.values import reduced

Sample = Callable[[list[Number], list[int]], Number]


def _by_sample(inputs: Inputs, sample: Sample, labels: int, config: Config, shape: tuple[int, ...]) -> Array:
    """`sample` of each row of scores and its class numbers, `labels` of them a row, in this shape, reduced."""
    scores, numbers = inputs["input"], [int(y) for y in inputs["target"].flat]
    classes = scores.shape[-1] if scores.ndim else 1
    losses = np.empty(scores.size // classes, dtype=object)
    for n in range(losses.size):
        row = list(scores.flat)[n * classes : (n + 1) * classes]
        losses[n] = sample(row, numbers[n * labels : (n + 1) * labels])
    return reduced(losses.reshape(shape), config)


def computed_multi_margin(inputs: Inputs, config: Config, call: Call) -> Array:
    """What each wrong class costs, times the weight of the right one, over the number of classes."""
    margin, p = mp.mpf(config.get("margin", 1)), int(config.get("p", 1))
    weight = config.get("weight")

    def sample(x: list[Number], labels: list[int]) -> Number:
        (y,) = labels
        cost = total(relu(margin - x[y] + x[i]) ** p for i in range(len(x)) if i != y)
        return cost * (1 if weight is None else exact(weight)[y]) / len(x)

    return _by_sample(inputs, sample, 1, config, inputs["target"].shape)


def computed_multilabel_margin(inputs: Inputs, config: Config, call: Call) -> Array:
    """What each pair of a right class, as often as it is named ahead of the first negative number, and a wrong one costs."""

    def sample(x: list[Number], labels: list[int]) -> Number:
        right = list(takewhile(lambda y: y >= 0, labels))
        wrong = [i for i in range(len(x)) if i not in right]
        return total(relu(1 - x[y] + x[i]) for y in right for i in wrong) / len(x)

    shape = inputs["input"].shape
    return _by_sample(inputs, sample, shape[-1] if shape else 1, config, shape[:-1])


def computed_multilabel_soft_margin(inputs: Inputs, config: Config, call: Call) -> Array:
    """The cross entropies of all classes, weighted, summed along the last axis of the input and divided by its size there."""
    x = inputs["input"]
    weight = exact(1.0 if config.get("weight") is None else config["weight"])
    # -log sigmoid(x) = log(1 + exp(-x)), -log(1 - sigmoid(x)) = log(1 + exp(x))
    terms = each(lambda x, y, w: w * (y * log1p_exp(-x) + (1 - y) * log1p_exp(x)), x, inputs["target"], weight)
    rows = np.moveaxis(terms, x.ndim - 1, -1)
    losses = np.empty(rows.shape[:-1], dtype=object)
    for index in np.ndindex(losses.shape):
        losses[index] = total(rows[index]) / x.shape[-1] if x.shape[-1] else mp.nan
    return reduced(losses, config)


REFERENCES = (
    torch(
        "MultiMarginLoss",
        "What the score of the right class lacks to exceeding each other one by the margin, or the square of it.",
        r"\text{loss}(x, y) = \frac{\sum_i w[y] * \max(0, \text{margin} - x[y] + x[i])^p}{\text{x.size}(0)}",
        REDUCED + r"l_n = \frac{w_{y_n}}{C} \sum_{i \ne y_n} \max(0, \text{margin} - x_{n y_n} + x_{ni})^p",
        computed_multi_margin,
    ),
    torch(
        "MultiLabelMarginLoss",
        "What the score of each right class lacks to exceeding that of each wrong one by 1.",
        r"\text{loss}(x, y) = \sum_{ij}\frac{\max(0, 1 - (x[y[j]] - x[i]))}{\text{x.size}(0)}",
        REDUCED + r"l_n = \frac{1}{C} \sum_{j < J_n} \sum_{i \notin \{y_{n0}, \dots, y_{n,J_n-1}\}}"
        r" \max(0, 1 - x_{n y_{nj}} + x_{ni}) \qquad J_n = \min \{j : y_{nj} < 0\}",
        computed_multilabel_margin,
    ),
    torch(
        "MultiLabelSoftMarginLoss",
        "The cross entropy of independent classes, from logits, averaged over the classes.",
        r"loss(x, y) = - \frac{1}{C} * \sum_i y[i] * \log((1 + \exp(-x[i]))^{-1}) + (1-y[i]) *"
        r" \log\left(\frac{\exp(-x[i])}{(1 + \exp(-x[i]))}\right)",
        REDUCED
        + r"l_n = \frac{1}{C} \sum_i w_i \left[ y_{ni} \log(1 + e^{-x_{ni}}) + (1 - y_{ni}) \log(1 + e^{x_{ni}}) \right]",
        computed_multilabel_soft_margin,
    ),
)
