"""References for the losses of how far a score is on the right side."""

from __future__ import annotations

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, log1p_exp, relu
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.classification import by_position, positions
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _side(y: Number, config: Config) -> Number:
    return 2 * y - 1 if config.get("binary_labels") else y


def _hinge(inputs: Inputs, config: Config, call: Call) -> Array:
    (margin, power) = (mp.mpf(config.get("margin", 1.0)), 2 if config.get("squared") else 1)
    values = each(lambda x, y: relu(margin - _side(y, config) * x) ** power, inputs["pred"], inputs["target"])
    return reduced(values, config)


def _multiclass(inputs: Inputs, config: Config, call: Call) -> Array:
    (margin, power) = (mp.mpf(config.get("margin", 1.0)), 2 if config.get("squared") else 1)
    (found, counted) = ([], 0)
    for _, row, label in positions(inputs, config):
        others = [x for c, x in enumerate(row) if c != label]
        counted += label is not None
        if label is None or not others:
            found.append(mp.zero)
        else:
            found.append(relu(margin + max(others) - row[label]) ** power)
    return reduced(by_position(found, inputs), config, count=counted)


def _logistic(inputs: Inputs, config: Config, call: Call) -> Array:
    return reduced(each(lambda x, y: log1p_exp(-_side(y, config) * x), inputs["pred"], inputs["target"]), config)


REFERENCES = (
    zoo(
        "Hinge",
        "What a score lacks to being on the right side by a margin.",
        r"\max(0,\ 1 - y f(x))",
        REDUCED + r"l_n = \max(0,\ m - y_n x_n) \text{ or its square}",
        _hinge,
        paper="Cortes and Vapnik, Support-Vector Networks, Machine Learning 20, 1995",
    ),
    zoo(
        "MulticlassHinge",
        "What the score of the right class lacks to exceeding the best of the others by a margin.",
        r"\max_r \{\bar{M}_r \cdot \bar{x} + 1 - \delta_{y, r}\} - \bar{M}_y \cdot \bar{x}",
        REDUCED + r"l_n = \max\left(0,\ m + \max_{j \ne y_n} x_{nj} - x_{n y_n}\right) \text{ or its square}",
        _multiclass,
        paper="Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, JMLR 2, 2001",
    ),
    zoo(
        "Logistic",
        "The logistic loss of a score and a side.",
        r"\log\left(1 + e^{-y f(x)}\right)",
        REDUCED + r"l_n = \log\left(1 + e^{-y_n x_n}\right)",
        _logistic,
        paper="Cox, The Regression Analysis of Binary Sequences, Journal of the Royal Statistical Society B 20(2), 1958",
    ),
)
