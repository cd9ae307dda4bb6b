"""References for the losses of probabilities and of class scores.

Keras's epsilon and 1 less epsilon are numbers of the dtype in which is computed. Where Keras is wrong in ways that
`polyloss_conformance.deviations.keras` records, they have the right number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array, rounded
from polyloss_conformance.references.exact import NEAR, Number, each, exact, exp, log, log1p_exp, mean, total
from polyloss_conformance.references.keras.common import EPSILON, REDUCED, along, keras, loss
from polyloss_conformance.references.reference import Config

Row = list[Number]


def _bounds(config: Config) -> tuple[Number, Number]:
    """Epsilon and 1 less epsilon; halves are computed in float32. ``bounds`` names other dtypes whose numbers the two are."""
    usual = "float64" if config.get("dtype") == "float64" else "float32"
    kinds = config.get("bounds", (usual, usual))
    given = zip((EPSILON, 1.0 - EPSILON), kinds, strict=True)
    low, high = (mp.mpf(float(rounded(np.asarray(bound), kind))) for bound, kind in given)
    return low, high


@lru_cache(maxsize=1 << 14)
def _power(base: Number, exponent: Number, precision: int) -> Number:
    return base**exponent


def _clipped(x: Number, low: Number, high: Number) -> Number:
    return low if x < low else high if x > high else x


def _per_row(function: Callable[[Row, Row], Number], true: Array, pred: Array, axis: int) -> Array:
    """`function` of the labels and the scores of each row of classes."""
    labels, scores = np.moveaxis(true, axis, -1), np.moveaxis(pred, axis, -1)
    out = np.empty(scores.shape[:-1], dtype=object)
    for place in np.ndindex(out.shape):
        out[place] = function(list(labels[place]), list(scores[place]))
    return out


def _mean_over(terms: Array, axis: int | Sequence[int] | None) -> Array:
    """The mean over an axis, over several, or over all."""
    axes = range(terms.ndim) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    places = sorted(one % terms.ndim for one in axes)
    turned = np.moveaxis(terms, places, range(-len(places), 0))
    kept = turned.shape[: terms.ndim - len(places)]
    return along(mean, turned.reshape(*kept, int(np.prod(turned.shape[len(kept) :]))))


# --- two classes ------------------------------------------------------------------------------------------------------------------


def _toward_half(y: Number, config: Config) -> Number:
    smoothing = mp.mpf(config.get("label_smoothing", 0))
    return y * (1 - smoothing) + smoothing / 2


def _rounded_sigmoid(x: Number, config: Config) -> Number:
    """As it is computed: in float32 with two roundings, otherwise with one. The step of the slopes, below them, stays."""
    kind = config.get("bounds", ["float64" if config.get("dtype") == "float64" else "float32"])[0]
    divisor = 1 + exp(-x)
    whole = mp.mpf(float(rounded(np.asarray(float(divisor)), kind))) if kind == "float32" else divisor
    exactly = 1 / divisor
    return mp.mpf(float(rounded(np.asarray(float(1 / whole)), kind))) + (exactly - mp.mpf(float(exactly)))


def _entropy(y: Number, x: Number, config: Config) -> Number:
    """Of a logit: ``-log s(x) = log(1 + e^-x)`` and ``-log(1 - s(x)) = log(1 + e^x)``.

    ``sigmoid_first`` takes the entropy of s(x), rounded and bounded, in place of that; ``floor`` is the least logarithm.
    """
    if config.get("from_logits") and not config.get("sigmoid_first"):
        return y * log1p_exp(-x) + (1 - y) * log1p_exp(x)
    p = _clipped(_rounded_sigmoid(x, config) if config.get("from_logits") else x, *_bounds(config))
    (of_p, of_rest) = (max(log(q), mp.mpf(config.get("floor", "-inf"))) for q in (p, 1 - p))
    return -(y * of_p + (1 - y) * of_rest)


def binary(true: Array, pred: Array, config: Config) -> Array:
    """The mean over ``axis`` of the cross entropy of each element."""
    terms = each(lambda y, x: _entropy(_toward_half(y, config), x, config), true, pred)
    return _mean_over(terms, config.get("axis", -1))


def _to_the_power(miss: Number, gamma: Number) -> Number:
    """``miss^gamma``; at 0 and below it is flat, also for gamma below 1, where its slope is infinite."""
    if gamma == 0 or gamma == 1:
        return miss**gamma
    return mp.zero if miss < mp.mpf(NEAR) else _power(miss, gamma, mp.prec)


def binary_focal(true: Array, pred: Array, config: Config) -> Array:
    """The cross entropy of each element by ``(1 - p_t)^gamma``, and by alpha or 1 less alpha; the mean over ``axis``."""
    gamma, alpha = mp.mpf(config.get("gamma", 2)), mp.mpf(config.get("alpha", 0.25))

    def term(y: Number, x: Number) -> Number:
        y = _toward_half(y, config)
        p = 1 / (1 + exp(-x)) if config.get("from_logits") else x
        found = _to_the_power(y * (1 - p) + (1 - y) * p, gamma) * _entropy(y, x, config)
        return (y * alpha + (1 - y) * (1 - alpha)) * found if config.get("apply_class_balancing") else found

    return _mean_over(each(term, true, pred), config.get("axis", -1))


# --- classes ----------------------------------------------------------------------------------------------------------------------


def _toward_even(labels: Row, config: Config) -> Row:
    smoothing = mp.mpf(config.get("label_smoothing", 0))
    return [y * (1 - smoothing) + smoothing / len(labels) for y in labels]


def _shares(scores: Row) -> Row:
    """Each by the sum of all; where that is 0, as they are, and so a step away, for there the share would jump."""
    whole = total(scores)
    return scores if abs(whole) < mp.mpf(NEAR) else [x / whole for x in scores]


def _softmax(scores: Row) -> Row:
    top = max(scores)
    return _shares([exp(x - top) for x in scores])


def _log_softmax(scores: Row) -> Row:
    top = max(scores)
    normalizer = top + log(total(exp(x - top) for x in scores))
    return [x - normalizer for x in scores]


def categorical(true: Array, pred: Array, config: Config) -> Array:
    """Minus the sum of label times log probability, along ``axis``."""
    bounded = _bounds(config)

    def of(labels: Row, scores: Row) -> Number:
        if config.get("from_logits"):
            logs = _log_softmax(scores)
        else:
            logs = [log(_clipped(p, *bounded)) for p in _shares(scores)]
        return -total(y * log_p for y, log_p in zip(_toward_even(labels, config), logs, strict=True))

    return _per_row(of, true, pred, config.get("axis", -1))


def categorical_focal(true: Array, pred: Array, config: Config) -> Array:
    """The same with each term by ``alpha (1 - p)^gamma``; p is bounded from logits as well."""
    bounded, gamma = _bounds(config), mp.mpf(config.get("gamma", 2))
    alpha = config.get("alpha", 0.25)

    def of(labels: Row, scores: Row) -> Number:
        weights = list(exact(alpha).flat) if isinstance(alpha, list) else [mp.mpf(alpha)] * len(labels)
        inside = [_clipped(p, *bounded) for p in _shares(_softmax(scores) if config.get("from_logits") else scores)]
        mixed = _toward_even(labels, config)
        return -total(
            w * _power(1 - p, gamma, mp.prec) * y * log(p) for w, p, y in zip(weights, inside, mixed, strict=True)
        )

    return _per_row(of, true, pred, config.get("axis", -1))


def _numbered(true: Array, pred: Array, axis: int) -> tuple[Array, Array]:
    """Class numbers without an axis of size 1 in the place of the classes, and scores with the classes last."""
    scores = np.moveaxis(pred, axis, -1)
    return true.reshape(scores.shape[:-1]), scores


def _parts(row: Row) -> Row:
    """Each by the sum of all, NaN where that is 0."""
    whole = total(row)
    return [x / whole if abs(whole) >= mp.mpf(NEAR) else mp.nan for x in row]


def sparse(true: Array, pred: Array, config: Config) -> tuple[Array, Array | None]:
    """Minus the log probability of the class; and which classes are not ``ignore_class``, or None where that is not given.

    Probabilities are bounded, and then divided by their sum; ``divided_first``, the other way round.
    """
    bounded, ignored = _bounds(config), config.get("ignore_class")
    labels, scores = _numbered(true, pred, config.get("axis", -1))
    losses, kept = np.empty(labels.shape, dtype=object), np.empty(labels.shape, dtype=object)
    for place in np.ndindex(labels.shape):
        row, kept[place] = list(scores[place]), mp.mpf(ignored is None or labels[place] != ignored)
        if not kept[place]:
            losses[place] = mp.zero
        elif config.get("from_logits"):
            losses[place] = -_log_softmax(row)[int(labels[place])]
        else:
            first = config.get("divided_first")
            row = [_clipped(p, *bounded) for p in (_parts(row) if first else row)]
            losses[place] = (mp.zero if first else log(total(row))) - log(row[int(labels[place])])
    return losses, None if ignored is None else kept


def generalized(true: Array, pred: Array, config: Config) -> Array:
    """``(1 - p^q) / q`` for the probability of the class, over the last axis; below 0 there is none."""
    q = mp.mpf(config.get("q", 0.5))
    labels, scores = _numbered(true, pred, -1)
    losses = np.empty(labels.shape, dtype=object)
    for place in np.ndindex(labels.shape):
        p = scores[place][int(labels[place])]
        losses[place] = (1 - p**q) / q if p >= 0 else mp.nan
    return losses


# --- distributions ------------------------------------------------------------------------------------------------------------------


def divergence(true: Array, pred: Array, config: Config) -> Array:
    """The sum of ``y log(y / p)`` over the last axis, both at least epsilon and at most 1."""
    low, _ = _bounds(config)

    def term(y: Number, p: Number) -> Number:
        inside = _clipped(y, low, mp.one)
        return inside * (log(inside) - log(_clipped(p, low, mp.one)))

    return along(total, each(term, true, pred))


def documented_divergence(true: Array, pred: Array, config: Config) -> Array:
    """Clipped to [0, 1], as is said; of 0 the logarithm is minus infinity, and 0 times that NaN."""

    def term(y: Number, p: Number) -> Number:
        inside = _clipped(y, mp.zero, mp.one)
        return inside * (log(inside) - log(_clipped(p, mp.zero, mp.one)))

    return along(total, each(term, true, pred))


_BOUNDED = r"\qquad \tilde p = \min(\max(p, \epsilon), 1 - \epsilon),\ \epsilon = 10^{-7}"
_OR_LOGITS = r" \text{ or, from logits, } p_n = \frac{1}{1 + e^{-x_n}} \text{ without bounds}"
_SOFTMAX = r" \text{ or, from logits, } p_{n,c} = \frac{e^{x_{n,c}}}{\sum_j e^{x_{n,j}}}"

REFERENCES = (
    keras(
        "BinaryCrossentropy",
        "The cross entropy of two classes, averaged over an axis.",
        r"\text{(none is printed)}",
        REDUCED
        + r"l_n = \operatorname{mean}_d \left[-y_{n,d} \log \tilde p_{n,d} - (1 - y_{n,d}) \log(1 - \tilde p_{n,d})\right],\ y ="
        r" (1 - s)\, y_\text{true} + \frac{s}{2}" + _BOUNDED + _OR_LOGITS,
        loss(binary),
    ),
    keras(
        "BinaryFocalCrossentropy",
        "The cross entropy of two classes with less weight on what is predicted well.",
        r"\text{loss} = - \alpha_t (1 - p_t)^\gamma \log(p_t)",
        REDUCED
        + r"l_n = \operatorname{mean}_d a_{n,d} (1 - p_{t})^\gamma \left[-y_{n,d} \log \tilde p_{n,d} - (1 - y_{n,d}) \log(1 -"
        r" \tilde p_{n,d})\right],\ p_t = y p + (1 - y)(1 - p),\ a = \alpha y + (1 - \alpha)(1 - y) \text{ or } 1"
        + _BOUNDED
        + _OR_LOGITS,
        loss(binary_focal),
    ),
    keras(
        "CategoricalCrossentropy",
        "The cross entropy of a probability of each class.",
        r"\text{(none is printed)}",
        REDUCED + r"l_n = -\sum_c y_{n,c} \log \tilde p_{n,c},\ y = (1 - s)\, y_\text{true} + \frac{s}{C},\ p_{n,c} ="
        r" \frac{x_{n,c}}{\sum_j x_{n,j}}" + _BOUNDED + _SOFTMAX + r" \text{ without bounds}",
        loss(categorical),
    ),
    keras(
        "CategoricalFocalCrossentropy",
        "The cross entropy of a probability of each class with less weight on what is predicted well.",
        r"\text{FL}(p_t) = \alpha (1 - p_t)^\gamma \cdot \text{CE}(y_\text{true}, y_\text{pred})",
        REDUCED
        + r"l_n = -\sum_c \alpha_c (1 - \tilde p_{n,c})^\gamma\, y_{n,c} \log \tilde p_{n,c},\ p_{n,c} = \frac{x_{n,c}}{\sum_j x_{n,j}}"
        + _BOUNDED
        + _SOFTMAX,
        loss(categorical_focal),
    ),
    keras(
        "SparseCategoricalCrossentropy",
        "The cross entropy of a class.",
        r"\text{(none is printed)}",
        REDUCED
        + r"l_n = [y_n \ne \text{ignore\_class}] \left[\log \sum_c \tilde p_{n,c} - \log \tilde p_{n,y_n}\right]"
        + _BOUNDED
        + _SOFTMAX
        + r" \text{ without bounds}",
        loss(sparse),
    ),
    keras(
        "CategoricalGeneralizedCrossEntropy",
        "Between the cross entropy and the absolute error of a class.",
        r"\text{loss} = \frac{1 - p^q}{q}",
        REDUCED + r"l_n = \frac{1 - p_{n,y_n}^q}{q}",
        loss(generalized),
    ),
    keras(
        "KLDivergence",
        "The divergence of one distribution from another.",
        r"\text{loss} = y_\text{true} \log\frac{y_\text{true}}{y_\text{pred}},\ \text{clipped to } [0, 1]",
        REDUCED
        + r"l_n = \sum_c \tilde y_{n,c} \log \frac{\tilde y_{n,c}}{\tilde p_{n,c}} \qquad \tilde z = \min(\max(z, \epsilon), 1),"
        r"\ \epsilon = 10^{-7}",
        loss(divergence),
        loss(documented_divergence),
    ),
)
