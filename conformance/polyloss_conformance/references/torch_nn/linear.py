"""References for the losses that hold parameters, which are inputs here, by their dotted names."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.torch_nn.common import torch
from polyloss_conformance.references.torch_nn.cross_entropy import computed_cross_entropy

Row = list[Number]


def _transformed(row: Row, weight: Array, bias: Array | None = None) -> Row:
    """What a linear layer makes of a row."""
    start = [mp.zero] * len(weight) if bias is None else list(bias)
    return [
        b + total(w * x for w, x in zip(line, row, strict=True) if x != 0 and w != 0)
        for line, b in zip(weight, start, strict=True)
    ]


def _log_p(scores: Row) -> Row:
    normalizer = log(total(exp(x) for x in scores))
    return [x - normalizer for x in scores]


# --- linear cross entropy ---------------------------------------------------------------------------------------------------------


def computed_linear_cross_entropy(inputs: Inputs, config: Config, call: Call) -> Array:
    """The cross entropy of the logits, row by row; the rows of the weight are the classes, then the places of ``out_features``."""
    x = inputs["input"]
    rows = [_transformed(list(row), inputs["linear.weight"], inputs.get("linear.bias")) for row in np.atleast_2d(x)]
    if x.ndim == 2 and not len(x):
        rows = []
    shape = (*x.shape[:-1], config["num_classes"], *config.get("out_features", ()))
    logits = np.empty(len(rows) * len(inputs["linear.weight"]), dtype=object)
    logits[:] = [one for row in rows for one in row]
    return computed_cross_entropy({"input": logits.reshape(shape), "target": inputs["target"]}, config, call)


# --- adaptive softmax -------------------------------------------------------------------------------------------------------------


def _adaptive(row: Row, inputs: Inputs, config: Config) -> Row:
    """The log probabilities of all classes."""
    limits = [*config["cutoffs"], config["n_classes"]]
    head = _log_p(_transformed(row, inputs["head.weight"], inputs.get("head.bias")))
    found = head[: limits[0]]
    for i, _ in enumerate(pairwise(limits)):
        inner = _transformed(row, inputs[f"tail.{i}.0.weight"])
        found += [head[limits[0] + i] + one for one in _log_p(_transformed(inner, inputs[f"tail.{i}.1.weight"]))]
    return found


def computed_adaptive(inputs: Inputs, config: Config, call: Call) -> Array:
    """The log probabilities of the targets, minus their mean, or all log probabilities, as ``of`` says."""
    x = inputs["input_"] if "input_" in inputs else inputs["input"]
    rows = [_adaptive(list(row), inputs, config) for row in x.reshape(-1, x.shape[-1])]
    if config["of"] == "log_prob":
        return np.array(rows, dtype=object).reshape(len(x), config["n_classes"])
    labels = inputs["target_"]
    found = np.empty(len(rows), dtype=object)
    found[:] = [row[int(label)] for row, label in zip(rows, labels.flat, strict=True)]
    if config["of"] == "output":
        return found.reshape(labels.shape)
    return np.asarray(-mean(list(found)), dtype=object)


REFERENCES = (
    torch(
        "LinearCrossEntropyLoss",
        "The cross entropy of the logits that a linear layer makes of the input.",
        r"\text{logits} = \text{linear}(\text{input}, \text{linear\_weight}),\ \text{loss} = \text{cross\_entropy}(\text{logits},"
        r" \text{target})",
        r"z_{n,c} = \sum_h A_{c,h} x_{n,h} + b_c \qquad l_n = -\omega_n w_{y_n} \log p_{n,y_n},\ p_{n,c} = \frac{e^{z_{n,c}}}{\sum_j"
        r" e^{z_{n,j}}},\ \ell = \frac{\sum_n l_n}{\sum_n \omega_n w_{y_n}},\ \omega_n = [y_n \ne \text{ignore\_index}]",
        computed_linear_cross_entropy,
    ),
    torch(
        "AdaptiveLogSoftmaxWithLoss",
        "The mean negative log likelihood under an adaptive softmax, whose rare classes lie in clusters.",
        r"\text{loss} = - \operatorname{mean}_n \text{output}_n",
        r"\text{output}_n = \log \sigma(A_0 x_n)_{y_n} \text{ for } y_n < k_1, \text{ else } \log \sigma(A_0 x_n)_{k_1 + i - 1} + \log"
        r" \sigma(B_i A_i x_n)_{y_n - k_i},\ k_i \le y_n < k_{i+1} \qquad \text{loss} = -\frac{1}{N} \sum_n \text{output}_n",
        computed_adaptive,
    ),
)
