"""The reference for the cross entropy over a large vocabulary."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, log_softmax, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _linear_cross_entropy(inputs: Inputs, config: Config, call: Call) -> Array:
    bias = inputs.get("bias", [mp.zero] * len(inputs["weight"]))
    losses: list[Number] = []
    counted = 0
    for x, label in zip(inputs["features"], inputs["target"], strict=True):
        if label == config.get("ignore_index"):
            losses.append(mp.zero)
            continue
        logits = [total(a * b for a, b in zip(row, x, strict=True)) for row in inputs["weight"]]
        shifted = np.array([logit + b for logit, b in zip(logits, bias, strict=True)], dtype=object)
        losses.append(-list(log_softmax(shifted, 0))[int(label)])
        counted += 1
    return reduced(losses, config, count=counted)


REFERENCES = (
    zoo(
        "LinearCrossEntropy",
        "Cross entropy of the logits that a linear layer makes of features.",
        r"-\log \operatorname{softmax}(A x + b)_y",
        REDUCED + r"l_n = \log \sum_c e^{a_c \cdot x_n + b_c} - a_{y_n} \cdot x_n - b_{y_n}",
        _linear_cross_entropy,
        paper="Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, ICLR 2025",
    ),
)
