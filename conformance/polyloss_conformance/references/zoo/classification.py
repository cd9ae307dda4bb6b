"""References for the cross entropies and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exp, log, log1p_exp, log_softmax, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo

SHANNON = "Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27, 1948"
LIN = "Lin et al., Focal Loss for Dense Object Detection, ICCV 2017"


def positions(inputs: Inputs, config: Config, axis: int = 1) -> Iterator[tuple[tuple[int, ...], Array, int | None]]:
    """For each position its index, the scores of the classes there, and the class, or None where that is ignored."""
    rows = np.moveaxis(inputs["pred"], config.get("axis", axis), -1)
    for index in np.ndindex(rows.shape[:-1]):
        label = int(inputs["target"][index])
        yield index, rows[index], None if label == config.get("ignore_index") else label


def by_position(found: list[Number], inputs: Inputs) -> Array:
    """The values of all positions in the shape of the class numbers."""
    values = np.empty(inputs["target"].shape, dtype=object)
    values.reshape(-1)[:] = found
    return values


def log_probabilities(row: Array, config: Config) -> list[Number]:
    """The logarithms of the probabilities at one position."""
    if config.get("probabilities"):
        return [log(max(p, mp.mpf(config.get("eps", 1e-12)))) for p in row]
    return list(log_softmax(row, 0))


def _cross_entropy(inputs: Inputs, config: Config, call: Call) -> Array:
    (smoothing, axis) = (mp.mpf(config.get("label_smoothing", 0.0)), config.get("axis", 1))
    classes = inputs["pred"].shape[axis]
    weight = inputs.get("weight", [mp.one] * classes)

    def against(shares: list[Number], row: Array) -> Number:
        smoothed = [(1 - smoothing) * share + smoothing / classes for share in shares]
        logs = log_probabilities(row, config)
        return -total(w * share * log_p for w, share, log_p in zip(weight, smoothed, logs, strict=True) if share)

    if inputs["target"].shape == inputs["pred"].shape:
        (rows, shares) = (np.moveaxis(inputs[name], axis, -1) for name in ("pred", "target"))
        found = np.empty(rows.shape[:-1], dtype=object)
        for index in np.ndindex(found.shape):
            found[index] = against(list(shares[index]), rows[index])
        return reduced(found, config)
    (losses, counted) = ([], mp.zero)
    for _, row, label in positions(inputs, config):
        if label is None:
            losses.append(mp.zero)
            continue
        losses.append(against([mp.one if c == label else mp.zero for c in range(classes)], row))
        counted += weight[label]
    return reduced(by_position(losses, inputs), config, count=counted)


def _binary(inputs: Inputs, config: Config, call: Call) -> Array:
    smoothing = mp.mpf(config.get("label_smoothing", 0.0))
    eps = mp.mpf(config.get("eps", 1e-12))

    def loss(x: Number, y: Number) -> Number:
        y = y * (1 - smoothing) + smoothing / 2
        if config.get("probabilities"):
            return -y * log(max(x, eps)) - (1 - y) * log(max(1 - x, eps))
        return y * log1p_exp(-x) + (1 - y) * log1p_exp(x)

    return reduced(each(loss, inputs["pred"], inputs["target"]), config)


def _logistic_parts(x: Number) -> tuple[Number, Number]:
    """The logistic function of x and of -x."""
    return 1 / (1 + exp(-x)), 1 / (1 + exp(x))


def _power(base: Number, exponent: float) -> Number:
    if exponent == 0:
        return mp.one
    return mp.zero if base <= 0 else mp.power(base, exponent)


def _focal(inputs: Inputs, config: Config, call: Call) -> Array:
    (gamma, alpha) = (config.get("gamma", 2.0), config.get("alpha", 0.25))

    def loss(x: Number, y: Number) -> Number:
        (p, rest) = _logistic_parts(x)
        balance = mp.one if alpha is None else alpha * y + (1 - mp.mpf(alpha)) * (1 - y)
        entropy = y * log1p_exp(-x) + (1 - y) * log1p_exp(x)
        return balance * _power(y * rest + (1 - y) * p, gamma) * entropy

    values = each(loss, inputs["pred"], inputs["target"])
    if config.get("reduction") == "positive":
        return reduced(values, {"reduction": "mean"}, count=max(total(inputs["target"].flat), mp.one))
    return reduced(values, config)


def _of_classes(inputs: Inputs, config: Config, loss: object) -> Array:
    (values, counted) = ([], 0)
    for _, row, label in positions(inputs, config):
        values.append(mp.zero if label is None else loss(list(log_softmax(row, 0)), label))  # type: ignore[operator]  # a function
        counted += label is not None
    return reduced(by_position(values, inputs), config, count=counted)


def _softmax_focal(inputs: Inputs, config: Config, call: Call) -> Array:
    gamma = config.get("gamma", 2.0)
    alpha = inputs.get("alpha")

    def loss(logs: list[Number], y: int) -> Number:
        rest = total(exp(one) for c, one in enumerate(logs) if c != y)
        return -(mp.one if alpha is None else alpha[y]) * _power(rest, gamma) * logs[y]

    return _of_classes(inputs, config, loss)


def _poly1(inputs: Inputs, config: Config, call: Call) -> Array:
    epsilon = mp.mpf(config.get("epsilon", 2.0))
    return _of_classes(inputs, config, lambda logs, y: -logs[y] + epsilon * (1 - exp(logs[y])))


def _asymmetric(inputs: Inputs, config: Config, call: Call) -> Array:
    (positive, negative) = (config.get("gamma_positive", 1.0), config.get("gamma_negative", 4.0))
    margin = mp.mpf(config.get("margin", 0.05))

    def loss(x: Number, y: Number) -> Number:
        (p, rest) = _logistic_parts(x)
        lowered = relu(p - margin)
        kept = rest + margin if lowered > 0 else mp.one
        log_kept = -log1p_exp(x) if not margin else log(kept)
        return y * _power(rest, positive) * log1p_exp(-x) - (1 - y) * _power(lowered, negative) * log_kept

    values = each(loss, inputs["pred"], inputs["target"])
    return reduced(values.sum(axis=-1) if values.size else np.zeros(values.shape[:-1], dtype=object), config)


REFERENCES = (
    zoo(
        "CrossEntropy",
        "Cross entropy of logits or probabilities with classes, or with probabilities of classes.",
        r"H(t, p) = -\sum_c t_c \log p_c",
        REDUCED + r"l_n = -\sum_c w_c \left((1 - s) t_{nc} + \tfrac{s}{C}\right) \log p_{nc}, \quad"
        r" p = \operatorname{softmax}(x) \text{ or } \max(x, \varepsilon); \text{ of classes the mean divides by } \sum_n w_{y_n}",
        _cross_entropy,
        paper=SHANNON + "; smoothing: Szegedy et al., Rethinking the Inception Architecture, CVPR 2016",
    ),
    zoo(
        "BinaryCrossEntropy",
        "Cross entropy of yes or no, of logits or probabilities.",
        r"-y \log p - (1 - y) \log(1 - p)",
        REDUCED + r"l_n = y \log(1 + e^{-x}) + (1 - y) \log(1 + e^{x}) \text{ or }"
        r" -y \log \max(x, \varepsilon) - (1 - y) \log \max(1 - x, \varepsilon)",
        _binary,
        paper=SHANNON,
    ),
    zoo(
        "Focal",
        "Binary cross entropy in which what is already right counts little.",
        r"-\alpha_t (1 - p_t)^\gamma \log p_t",
        REDUCED + r"l_n = \alpha_t (1 - p_t)^\gamma \log(1 + e^{-x_t}), \quad"
        r" \text{positive: } \ell = \frac{\sum_n l_n}{\max(1, \sum_n y_n)}",
        _focal,
        paper=LIN,
    ),
    zoo(
        "SoftmaxFocal",
        "Cross entropy of classes in which samples that are already right count little.",
        r"-\alpha_t (1 - p_t)^\gamma \log p_t",
        REDUCED + r"l_n = -\alpha_{y_n} \left(\sum_{j \ne y_n} p_{nj}\right)^\gamma \log p_{n y_n}",
        _softmax_focal,
        paper=LIN + ", with a softmax in place of the sigmoid",
    ),
    zoo(
        "Poly1",
        "Cross entropy whose first polynomial coefficient is another.",
        r"-\log P_t + \epsilon_1 (1 - P_t)",
        REDUCED + r"l_n = -\log p_{n y_n} + \varepsilon \sum_{j \ne y_n} p_{nj}",
        _poly1,
        paper="Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, ICLR 2022",
    ),
    zoo(
        "Asymmetric",
        "Focal loss of several labels, in which negatives are focused on harder, and dropped when easy.",
        r"L_+ = (1 - p)^{\gamma_+} \log p, \quad L_- = p_m^{\gamma_-} \log(1 - p_m), \quad p_m = \max(p - m, 0)",
        REDUCED + r"l_n = -\sum_c y L_+ + (1 - y) L_-",
        _asymmetric,
        paper="Ridnik et al., Asymmetric Loss For Multi-Label Classification, ICCV 2021",
    ),
)
