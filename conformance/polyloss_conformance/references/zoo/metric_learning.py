"""References for the losses of vectors that are compared in triplets, in quadruplets, or all with one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, log1p_exp, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, cosine, fixed, reduced, zoo

Vector = Sequence[Number]


def apart(x: Vector, y: Vector, config: Config) -> Number:
    """The distance of two vectors, or its square."""
    squares = total((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return squares if config.get("distance") == "squared" else mp.sqrt(squares)


def numbers(values: Array) -> list[int]:
    """Class numbers."""
    return [int(value) for value in values.flat]


def _excess(gap: Number, margin: float | None) -> Number:
    return log1p_exp(gap) if margin is None else relu(gap + mp.mpf(margin))


def _each(inputs: Inputs, *names: str) -> list[tuple[Vector, ...]]:
    """The vectors of these names, place by place."""
    width = inputs[names[0]].shape[-1]
    return list(zip(*(inputs[name].reshape(-1, width) for name in names), strict=True))


def _triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    found = []
    for a, p, n in _each(inputs, "anchor", "positive", "negative"):
        far = apart(a, n, config)
        if config.get("swap"):
            far = min(far, apart(p, n, config))
        found.append(_excess(apart(a, p, config) - far, config.get("margin", 1.0)))
    return reduced(np.array(found, dtype=object).reshape(inputs["anchor"].shape[:-1]), config)


def _quadruplet(inputs: Inputs, config: Config, call: Call) -> Array:
    found = []
    for a, p, n, o in _each(inputs, "anchor", "positive", "negative", "other"):
        near = apart(a, p, config)
        first = _excess(near - apart(a, n, config), config.get("margin", 1.0))
        found.append(first + _excess(near - apart(n, o, config), config.get("margin2", 0.5)))
    return reduced(np.array(found, dtype=object).reshape(inputs["anchor"].shape[:-1]), config)


def _hardest(inputs: Inputs, config: Config, second: bool) -> Array:
    (x, label) = (inputs["x"], numbers(inputs["label"]))
    rows = range(len(x))
    distances = {(i, j): apart(x[i], x[j], config) for i in rows for j in rows}
    (found, counted) = ([], 0)
    for i in rows:
        near = [distances[i, p] for p in rows if p != i and label[p] == label[i]]
        far = [distances[i, n] for n in rows if label[n] != label[i]]
        if not near or not far:
            found.append(mp.zero)
            continue
        counted += 1
        loss = _excess(max(near) - min(far), config.get("margin", 1.0))
        strangers = [
            distances[k, m] for k in rows for m in rows if label[k] != label[m] and label[i] not in (label[k], label[m])
        ]
        if second and strangers:
            loss += _excess(max(near) - min(strangers), config.get("margin2", 0.5))
        found.append(loss)
    return reduced(found, config, count=counted)


def _batch_hard_triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    return _hardest(inputs, config, second=False)


def _batch_hard_quadruplet(inputs: Inputs, config: Config, call: Call) -> Array:
    return _hardest(inputs, config, second=True)


def _circle(inputs: Inputs, config: Config, call: Call) -> Array:
    (x, label) = (inputs["x"], numbers(inputs["label"]))
    weighing = fixed(x) if config.get("fixed_weights", True) else x
    (m, gamma) = (mp.mpf(config.get("margin", 0.25)), mp.mpf(config.get("gamma", 256)))
    whole = config.get("scope") == "batch"
    (found, counted) = ([], 0)
    pulls: list[Number] = []
    pushes: list[Number] = []
    for i in range(len(x)):
        if not whole:
            (pulls, pushes) = ([], [])
        for j in range(i + 1 if whole else 0, len(x)):
            if i == j:
                continue
            (s, weight) = (cosine(x[i], x[j]), cosine(weighing[i], weighing[j]))
            if label[i] == label[j]:
                pulls.append(exp(-gamma * relu(1 + m - weight) * (s - (1 - m))))
            else:
                pushes.append(exp(gamma * relu(weight + m) * (s - m)))
        if not whole:
            counted += bool(pulls and pushes)
            found.append(log(1 + total(pulls) * total(pushes)))
    if whole:
        return np.array(log(1 + total(pulls) * total(pushes)), dtype=object)
    return reduced(found, config, count=counted)


_CHEN = "Chen et al., Beyond Triplet Loss: a Deep Quadruplet Network, CVPR 2017"
_BOTH = r", \text{ the mean over } i \text{ with both}"

REFERENCES = (
    zoo(
        "Triplet",
        "An anchor is nearer to its positive than to its negative, by a margin.",
        r"\sum_n [\lVert a_n - p_n \rVert - \lVert a_n - n_n \rVert + m]_+",
        REDUCED + r"l_n = \max(0, d(a_n, p_n) - d(a_n, n_n) + m)",
        _triplet,
        paper="Weinberger and Saul, JMLR 10, 2009; Schroff et al., FaceNet, CVPR 2015",
    ),
    zoo(
        "BatchHardTriplet",
        "The triplet loss of every row with its farthest positive and its nearest negative in the batch.",
        r"\sum_i [m + \max_p d(x_i, x_p) - \min_n d(x_i, x_n)]_+",
        REDUCED + r"l_i = \max(0, \max_{y_p = y_i} d(x_i, x_p) - \min_{y_n \neq y_i} d(x_i, x_n) + m)" + _BOTH,
        _batch_hard_triplet,
        paper="Hermans, Beyer and Leibe, In Defense of the Triplet Loss, 2017, equation 5",
    ),
    zoo(
        "Quadruplet",
        "Besides the triplet's order, rows of two other classes are farther apart than the positive pair.",
        r"\sum [d(a, p) - d(a, n) + \alpha_1]_+ + \sum [d(a, p) - d(n, o) + \alpha_2]_+",
        REDUCED + r"l_n = \max(0, d(a_n, p_n) - d(a_n, n_n) + m_1) + \max(0, d(a_n, p_n) - d(n_n, o_n) + m_2)",
        _quadruplet,
        paper=_CHEN,
    ),
    zoo(
        "BatchHardQuadruplet",
        "The quadruplet loss of every row with its farthest positive, its nearest negative, and the nearest rows of two other classes.",
        r"\sum [d(a, p) - d(a, n) + \alpha_1]_+ + \sum [d(a, p) - d(n, o) + \alpha_2]_+",
        REDUCED
        + r"l_i = \max(0, d^+_i - d^-_i + m_1) + \max(0, d^+_i - d^{--}_i + m_2)"
        + _BOTH
        + r",\ d^{--}_i = \min_{y_k \neq y_l;\ y_k, y_l \neq y_i} d(x_k, x_l)",
        _batch_hard_quadruplet,
        paper=_CHEN + "; hardest rows as in Hermans et al. 2017",
    ),
    zoo(
        "Circle",
        "Every similarity is pulled to its own optimum, the harder the farther it is off.",
        r"\log\Bigl[1 + \sum_j e^{\gamma \alpha_n^j (s_n^j - \Delta_n)} \sum_i e^{-\gamma \alpha_p^i (s_p^i - \Delta_p)}\Bigr]",
        REDUCED
        + r"l_i = \log\Bigl[1 + \sum_n e^{\gamma [s_{in} + m]_+ (s_{in} - m)}"
        + r" \sum_p e^{-\gamma [1 + m - s_{ip}]_+ (s_{ip} - 1 + m)}\Bigr]"
        + _BOTH,
        _circle,
        paper="Sun et al., Circle Loss, CVPR 2020, equation 6",
    ),
)
