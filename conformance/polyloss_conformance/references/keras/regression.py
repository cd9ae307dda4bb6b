"""References for the losses of real numbers."""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exp, log, mean, total
from polyloss_conformance.references.keras.common import EPSILON, REDUCED, Unreduced, along, keras, loss
from polyloss_conformance.references.reference import Config

Term = Callable[[Number, Number], Number]


def averaged(term: Callable[[Config], Term]) -> Unreduced:
    """A term of a label and a prediction, broadcast against each other, and its mean over the last axis."""
    return lambda true, pred, config: along(mean, each(term(config), true, pred))


def _squared(config: Config) -> Term:
    return lambda y, x: (y - x) ** 2


def _absolute(config: Config) -> Term:
    return lambda y, x: abs(y - x)


def _percentage(config: Config) -> Term:
    return lambda y, x: 100 * abs((y - x) / max(abs(y), mp.mpf(EPSILON)))


def logarithmic(epsilon: float = EPSILON) -> Callable[[Config], Term]:
    """The squared difference of the logarithms of two numbers raised to `epsilon`."""

    def raised(x: Number) -> Number:
        return log(1 + (mp.mpf(epsilon) if x < epsilon else x))

    return lambda config: lambda y, x: (raised(x) - raised(y)) ** 2


def _huber(config: Config) -> Term:
    delta = mp.mpf(config.get("delta", 1))

    def term(y: Number, x: Number) -> Number:
        d = abs(y - x)
        return d**2 / 2 if d <= delta else delta * d - delta**2 / 2

    return term


def log_cosh(log_2: float | None = None) -> Callable[[Config], Term]:
    """The logarithm of the hyperbolic cosine of the difference, with `log_2` for the logarithm of 2."""

    def term(y: Number, x: Number) -> Number:
        d = abs(y - x)
        return d + log(1 + exp(-2 * d)) - (log(mp.mpf(2)) if log_2 is None else mp.mpf(log_2))

    return lambda config: term


def poisson(epsilon: float = EPSILON) -> Callable[[Config], Term]:
    """A rate less the count times the logarithm of the rate and `epsilon`."""
    return lambda config: lambda y, x: x - y * log(x + mp.mpf(epsilon))


def _cosine(true: Array, pred: Array, config: Config) -> Array:
    """Minus the product of both vectors, each divided by its length or, if that is more, by epsilon."""
    (true, pred) = (each(lambda y, x: y, true, pred), each(lambda y, x: x, true, pred))
    axis = config.get("axis", -1)
    lengths = [along(_length, vectors, axis) for vectors in (true, pred)]
    products = along(total, each(lambda y, x: y * x, true, pred), axis)
    return each(lambda product, first, second: -product / (first * second), products, *lengths)


def _length(vector: list[Number]) -> Number:
    squares = total(x**2 for x in vector)
    return max(mp.sqrt(squares), mp.mpf(EPSILON))


# --- what is printed -------------------------------------------------------------------------------------------------------------


def _printed_percentage(config: Config) -> Term:
    return lambda y, x: 100 * abs((y - x) / max(y, mp.mpf(EPSILON)))


def _printed_logarithmic(config: Config) -> Term:
    return lambda y, x: (log(1 + y) - log(1 + x)) ** 2


def _printed_poisson(config: Config) -> Term:
    return lambda y, x: x - y * log(x)


_MEAN = REDUCED + r"l_n = \frac{1}{D} \sum_d "

REFERENCES = (
    keras(
        "MeanSquaredError",
        "The squared differences of labels and predictions, averaged over the last axis.",
        r"\text{loss} = \text{mean}(\text{square}(y_{true} - y_{pred}))",
        _MEAN + r"(y_{nd} - x_{nd})^2",
        loss(averaged(_squared)),
    ),
    keras(
        "MeanAbsoluteError",
        "The absolute differences of labels and predictions, averaged over the last axis.",
        r"\text{loss} = \text{mean}(\text{abs}(y_{true} - y_{pred}))",
        _MEAN + r"\left| y_{nd} - x_{nd} \right|",
        loss(averaged(_absolute)),
    ),
    keras(
        "MeanAbsolutePercentageError",
        "The absolute differences in per cent of the labels, averaged over the last axis.",
        r"\text{loss} = 100 * \text{mean}(\text{abs}((y_{true} - y_{pred}) / \text{maximum}(y_{true}, \epsilon)))",
        REDUCED
        + r"l_n = \frac{100}{D} \sum_d \frac{\left| y_{nd} - x_{nd} \right|}{\max(\left| y_{nd} \right|, 10^{-7})}",
        loss(averaged(_percentage)),
        loss(averaged(_printed_percentage)),
    ),
    keras(
        "MeanSquaredLogarithmicError",
        "The squared differences of the logarithms of labels and predictions, averaged over the last axis.",
        r"\text{loss} = \text{mean}(\text{square}(\log(y_{true} + 1) - \log(y_{pred} + 1)))",
        _MEAN + r"\left[ \log(1 + \max(x_{nd}, 10^{-7})) - \log(1 + \max(y_{nd}, 10^{-7})) \right]^2",
        loss(averaged(logarithmic())),
        loss(averaged(_printed_logarithmic)),
    ),
    keras(
        "Huber",
        "Differences that count quadratically up to delta and linearly, with slope delta, beyond, averaged over the last axis.",
        r"\text{loss} = \begin{cases} 0.5 * x^2 & \text{if } |x| <= delta \\ delta * |x| - 0.5 * delta^2 & \text{if } |x| > delta"
        r" \end{cases}",
        _MEAN
        + r"\begin{cases} \frac{1}{2} e_{nd}^2 & e_{nd} \le \delta \\ \delta e_{nd} - \frac{1}{2} \delta^2 & \text{otherwise}"
        r" \end{cases} \qquad e_{nd} = |y_{nd} - x_{nd}|",
        loss(averaged(_huber)),
    ),
    keras(
        "LogCosh",
        "The logarithms of the hyperbolic cosines of the differences, averaged over the last axis.",
        r"\text{logcosh} = \log((\exp(error) + \exp(-error))/2), \quad error = y_{pred} - y_{true}",
        _MEAN + r"\left( x_{nd} - y_{nd} + \log(1 + e^{-2 (x_{nd} - y_{nd})}) - \log 2 \right)",
        loss(averaged(log_cosh())),
    ),
    keras(
        "CosineSimilarity",
        "Minus the cosine of the angle between labels and predictions along an axis.",
        r"\text{loss} = -\text{sum}(\text{l2\_norm}(y_{true}) * \text{l2\_norm}(y_{pred}))",
        REDUCED + r"l_n = -\frac{\sum_d y_{nd}\, x_{nd}}{\max(\|y_n\|, 10^{-7}) \max(\|x_n\|, 10^{-7})}",
        loss(_cosine),
    ),
    keras(
        "Poisson",
        "The negative log likelihood of counts under Poisson distributions with the predicted rates, averaged over the last axis.",
        r"\text{loss} = y_{pred} - y_{true} * \log(y_{pred})",
        _MEAN + r"\left[ x_{nd} - y_{nd} \log(x_{nd} + 10^{-7}) \right]",
        loss(averaged(poisson())),
        loss(averaged(_printed_poisson)),
    ),
)
