"""References for the losses of vectors that are compared with one another, as slow loops over rows.

``computed_*`` follow the code, with every epsilon; ``documented_*`` take the printed formula literally.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs, Value
from polyloss_conformance.references.torch_nn.common import REDUCED, torch
from polyloss_conformance.references.torch_nn.values import reduced

COSINE_EPSILON = float(np.float32(1e-12))
"""What CosineEmbeddingLoss adds to each square: the code says 1e-12 in single precision, whatever the dtype."""

TRIPLET = ("anchor", "positive", "negative")

Vectors = Callable[[Sequence[Number], Sequence[Number]], Number]
"""A number of two vectors."""


def _rows(measure: Vectors, x: Array, y: Array) -> Array:
    """`measure` of each pair of vectors along the last axis, the two broadcast; numbers without axes are vectors of one element."""
    if not x.ndim:
        (x, y) = (x.reshape(1), y.reshape(1))
    (x, y) = np.broadcast_arrays(x, y)
    out = np.empty(x.shape[:-1], dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = measure(list(x[index]), list(y[index]))
    return out


def norm(terms: Sequence[Number], p: float) -> Number:
    """The p-norm of a vector: for negative p 0 if an element is, for p = 0 the number of elements that are not."""
    sizes = [abs(x) for x in terms]
    if p == 0:
        return mp.mpf(sum(1 for size in sizes if size != 0))
    if mp.isinf(p):
        return max(sizes) if p > 0 else min(sizes)
    if p == 1:
        return total(sizes)
    if p == 2:
        return mp.sqrt(total(size * size for size in sizes))
    if p < 0 and 0 in sizes:
        return mp.zero
    powers = total(size ** mp.mpf(p) for size in sizes if size != 0)
    return powers ** (1 / mp.mpf(p)) if powers != 0 else mp.zero


def between(p: float, eps: float) -> Vectors:
    """The norm of the difference, to each element of which epsilon is added with its sign."""
    shift = mp.mpf(eps)
    return lambda x, y: norm([a - b + shift for a, b in zip(x, y, strict=True)], p)


def _dot(x: Sequence[Number], y: Sequence[Number]) -> Number:
    return total(a * b for a, b in zip(x, y, strict=True))


def cosines(x: Array, y: Array, eps: float) -> Array:
    """The cosines of pairs of vectors, with epsilon added to each square: of a vector before it broadcasts. NaN where the divisor is 0."""

    def quotient(dot: Number, u: Number, v: Number) -> Number:
        squares = (u + mp.mpf(eps)) * (v + mp.mpf(eps))
        return dot / mp.sqrt(squares) if squares != 0 else mp.nan

    return each(quotient, _rows(_dot, x, y), _rows(_dot, x, x), _rows(_dot, y, y))


DISTANCES: dict[str, Vectors] = {
    "l1": between(1, 0),
    "squared": lambda x, y: total((a - b) ** 2 for a, b in zip(x, y, strict=True)),
    "largest": between(mp.inf, 0),
    "pairwise-3": between(3, 0.25),
}
"""The distances that cases name and that go row by row, over the last axis."""


def _triplet(inputs: Inputs, config: Config, distance: Callable[[Array, Array], Array]) -> Array:
    """The hinge of the distances, which broadcast."""
    (anchor, positive, negative) = (inputs[name] for name in TRIPLET)
    if len({anchor.ndim, positive.ndim, negative.ndim}) > 1:
        raise ValueError("the ranks differ")
    margin = mp.mpf(config.get("margin", 1))
    far = distance(anchor, negative)
    if config.get("swap", False):
        far = each(min, far, distance(positive, negative))
    loss = each(lambda d, e: relu(d - e + margin), distance(anchor, positive), far)
    return reduced(loss, config)


def computed_triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    """max(0, d(a, p) - d(a, n) + margin) with the norm of the difference plus epsilon."""
    measure = between(config.get("p", 2), config.get("eps", 1e-6))
    return _triplet(inputs, config, lambda x, y: _rows(measure, x, y))


def documented_triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed norm of the difference, without epsilon."""
    return computed_triplet(inputs, {**config, "eps": 0}, call)


def computed_triplet_with_distance(inputs: Inputs, config: Config, call: Call) -> Array:
    """The same with a distance that has a name; by default the norm for p = 2 with epsilon 1e-6."""
    name = config.get("distance_function")
    if name == "elementwise":
        return _triplet(inputs, config, lambda x, y: each(lambda a, b: abs(a - b), x, y))
    if name == "cosine":
        return _triplet(inputs, config, lambda x, y: each(lambda cos: 1 - cos, cosines(x, y, 0)))
    measure = between(2, 1e-6) if name is None else DISTANCES[name]
    return _triplet(inputs, config, lambda x, y: _rows(measure, x, y))


def cosine_embedding(eps: float, other: Number) -> Value:
    """1 - cos for target 1, max(0, cos - margin) for -1, `other` for the rest."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        margin = mp.mpf(config.get("margin", 0))
        (x, y, target) = (inputs[name] for name in ("input1", "input2", "target"))
        if (x.ndim, y.ndim, target.ndim) not in ((2, 2, 1), (1, 1, 0)):
            raise ValueError("the ranks do not fit")

        def term(cos: Number, label: Number) -> Number:
            return 1 - cos if label == 1 else relu(cos - margin) if label == -1 else other

        return reduced(each(term, cosines(x, y, eps), target), config)

    return value


REFERENCES = (
    torch(
        "TripletMarginLoss",
        "What the negative lacks to being farther from the anchor than the positive, by a margin.",
        r"L(a, p, n) = \max \{d(a_i, p_i) - d(a_i, n_i) + {\rm margin}, 0\} \qquad"
        r" d(x_i, y_i) = \left\lVert {\bf x}_i - {\bf y}_i \right\rVert_p",
        REDUCED
        + r"l_n = \max(0,\ d(a_n, p_n) - d'_n + \text{margin}) \qquad d(x, y) = \left( \sum_i \vert x_i - y_i + \epsilon"
        r" \vert^p \right)^{1/p} \qquad d'_n = d(a_n, n_n) \text{ or, if swap, } \min(d(a_n, n_n),\ d(p_n, n_n))",
        computed_triplet,
        documented_triplet,
    ),
    torch(
        "TripletMarginWithDistanceLoss",
        "What the negative lacks to being farther from the anchor than the positive, by a margin, in any distance.",
        r"l_i = \max \{d(a_i, p_i) - d(a_i, n_i) + {\rm margin}, 0\}",
        REDUCED
        + r"l_n = \max(0,\ d(a, p)_n - d'_n + \text{margin}) \qquad d' = d(a, n) \text{ or, if swap, } \min(d(a, n),\ d(p, n))",
        computed_triplet_with_distance,
    ),
    torch(
        "CosineEmbeddingLoss",
        "One less the cosine of vectors that belong together, and by how much that of others is above the margin.",
        r"\text{loss}(x, y) = \begin{cases} 1 - \cos(x_1, x_2), & \text{if } y = 1 \\ \max(0, \cos(x_1, x_2) - \text{margin}), &"
        r" \text{if } y = -1 \end{cases}",
        REDUCED + r"l_n = [y_n = 1](1 - c_n) + [y_n = -1] \max(0, c_n - \text{margin}) \qquad"
        r" c_n = \frac{u_n \cdot v_n}{\sqrt{(\vert u_n \vert^2 + \epsilon)(\vert v_n \vert^2 + \epsilon)}} \qquad \epsilon = 10^{-12}",
        cosine_embedding(COSINE_EPSILON, mp.zero),
        cosine_embedding(0, mp.nan),
    ),
)
