"""References for the losses of classes, as loops over positions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exact, exp, log, total
from polyloss_conformance.references.reference import Call, Config, Inputs, Value
from polyloss_conformance.references.torch_nn.common import torch
from polyloss_conformance.references.torch_nn.values import reduction_of

Row = list[Number]
Term = Callable[[Row, Number], tuple[Number, Number]]
"""Of the scores of a position and its label: its loss, and what it adds to the denominator of the mean."""


def _quotient(numerator: Number, denominator: Number) -> Number:
    return numerator / denominator if denominator != 0 else mp.nan


def _reduced(losses: Array, counted: Row, config: Config) -> Array:
    match reduction_of(config):
        case "none":
            return losses
        case "sum":
            return np.asarray(total(losses.flat), dtype=object)
        case _:
            return np.asarray(_quotient(total(losses.flat), total(counted)), dtype=object)


def _rows(scores: Array) -> Array:
    """The classes last."""
    return np.moveaxis(scores, min(1, scores.ndim - 1), -1)


def _log_p(row: Row) -> Row:
    normalizer = log(total(exp(x) for x in row))
    return [x - normalizer for x in row]


def _weights(config: Config, classes: int) -> Row:
    weight = config.get("weight")
    return [mp.one] * classes if weight is None else list(exact(weight).flat)


def _over_labels(inputs: Inputs, config: Config, term: Term) -> Array:
    """A term for each position; an ignored one is 0 and counts 0."""
    rows = _rows(inputs["input"])
    labels = inputs["target"].reshape(rows.shape[:-1])
    losses = np.empty(labels.shape, dtype=object)
    counted = []
    for place in np.ndindex(labels.shape):
        ignored = labels[place] == config.get("ignore_index", -100)
        (losses[place], counts) = (mp.zero, mp.zero) if ignored else term(list(rows[place]), labels[place])
        counted.append(counts)
    return _reduced(losses, counted, config)


def _over_probabilities(inputs: Inputs, config: Config, times: Callable[[Number, Number], Number]) -> Array:
    rows, targets = _rows(inputs["input"]), _rows(inputs["target"])
    classes = rows.shape[-1]
    weights, smoothing = _weights(config, classes), mp.mpf(config.get("label_smoothing", 0))
    losses = np.empty(rows.shape[:-1], dtype=object)
    for place in np.ndindex(losses.shape):
        mixed = [t * (1 - smoothing) + smoothing / classes for t in targets[place]]
        losses[place] = -total(
            w * times(t, lp) for w, t, lp in zip(weights, mixed, _log_p(list(rows[place])), strict=True)
        )
    return _reduced(losses, [mp.one] * losses.size, config)


def _zero_log_zero(t: Number, log_p: Number) -> Number:
    return t * log_p if t != 0 else mp.zero


def computed_cross_entropy(inputs: Inputs, config: Config, call: Call) -> Array:
    """Of logits. A target in the shape of the input holds probabilities, and its mean is over positions, whatever the weights."""
    if inputs["target"].shape == inputs["input"].shape:
        return _over_probabilities(inputs, config, _zero_log_zero)
    smoothing = mp.mpf(config.get("label_smoothing", 0))

    def term(row: Row, label: Number) -> tuple[Number, Number]:
        weights, log_p, own = _weights(config, len(row)), _log_p(row), int(label)
        loss = -weights[own] * log_p[own]
        if smoothing:
            spread = -total(w * lp for w, lp in zip(weights, log_p, strict=True)) / len(row)
            loss = (1 - smoothing) * loss + smoothing * spread
        return loss, weights[own]

    return _over_labels(inputs, config, term)


def documented_cross_entropy(inputs: Inputs, config: Config, call: Call) -> Array:
    """With smoothing, class numbers become the probabilities that the printed formula for these takes; 0 times infinity is NaN."""
    if inputs["target"].shape == inputs["input"].shape:
        return _over_probabilities(inputs, config, lambda t, log_p: t * log_p)
    if not config.get("label_smoothing"):
        return computed_cross_entropy(inputs, config, call)
    hot = np.zeros(inputs["input"].shape)
    for place in np.ndindex(inputs["target"].shape):
        np.moveaxis(hot, min(1, hot.ndim - 1), -1)[place][int(inputs["target"][place])] = 1
    return documented_cross_entropy({**inputs, "target": exact(hot)}, config, call)


def computed_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """Minus the weighted score of the label."""

    def term(row: Row, label: Number) -> tuple[Number, Number]:
        own = _weights(config, len(row))[int(label)]
        return -own * row[int(label)], own

    return _over_labels(inputs, config, term)


def mean_of_elements(compute: Value) -> Value:
    """The mean as torch.nn.functional describes it: the sum of the output by the number of its elements."""

    def described(inputs: Inputs, config: Config, call: Call) -> Array:
        losses = list(compute(inputs, {**config, "reduction": "none"}, call).flat)
        return np.asarray(_quotient(total(losses), len(losses)), dtype=object)

    return described


def weighted_mean(inputs: Inputs, config: Config, call: Call) -> Array:
    """The mean as the argument ``reduction`` has it, weighted also for probabilities."""
    weights = list(exact(config["weight"]).flat)
    weight = total(
        w * t for row in _rows(inputs["target"]).reshape(-1, len(weights)) for w, t in zip(weights, row, strict=True)
    )
    return np.asarray(computed_cross_entropy(inputs, {**config, "reduction": "sum"}, call) / weight, dtype=object)


_NLL = (
    r"l_n = - w_{y_n} x_{n,y_n}, \quad w_{c} = \text{weight}[c] \cdot \mathbb{1}\{c \neq \text{ignore\_index}\}, \quad"
    r" \ell(x, y) = \sum_{n=1}^N \frac{1}{\sum_{n=1}^N w_{y_n}} l_n",
    r"\ell = \frac{\sum_n l_n}{\sum_n \omega_n},\ \sum_n l_n \text{ or } (l_n)_n \qquad l_n = -\omega_n x_{n,y_n},\ \omega_n = [y_n \ne"
    r" \text{ignore\_index}]\, w_{y_n}",
)

REFERENCES = (
    torch(
        "CrossEntropyLoss",
        "The cross entropy of logits with a class, or with a probability of each class.",
        r"l_n = - w_{y_n} \log \frac{\exp(x_{n,y_n})}{\sum_{c=1}^C \exp(x_{n,c})} \cdot \mathbb{1}\{y_n \neq \text{ignore\_index}\}"
        r" \quad\text{or}\quad l_n = - \sum_{c=1}^C w_c \log \frac{\exp(x_{n,c})}{\sum_{i=1}^C \exp(x_{n,i})} y_{n,c}",
        r"l_n = \omega_n \left[-(1 - s)\, w_{y_n} \log p_{n,y_n} - \frac{s}{C} \sum_c w_c \log p_{n,c}\right],\ \ell ="
        r" \frac{\sum_n l_n}{\sum_n \omega_n w_{y_n}},\ \omega_n = [y_n \ne \text{ignore\_index}] \quad\text{or}\quad"
        r" l_n = -\sum_c w_c \left[(1 - s)\, y_{n,c} + \frac{s}{C}\right] \log p_{n,c},\ \ell = \frac{1}{N} \sum_n l_n"
        r" \qquad p_{n,c} = \frac{e^{x_{n,c}}}{\sum_j e^{x_{n,j}}}",
        computed_cross_entropy,
        documented_cross_entropy,
    ),
    torch("NLLLoss", "Minus the log probability of the class, weighted by class.", *_NLL, computed_nll),
    torch("NLLLoss2d", "NLLLoss under an old name, for images.", *_NLL, computed_nll),
)
