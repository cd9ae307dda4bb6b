"""What each loss of ``torch.nn`` 2.13 computes, and what its documentation prints, as slow loops over elements.

``computed_*`` follow the code, with every epsilon, clamp, weight and reduction; ``documented_*`` take the printed formula literally.
Where torch defines a gradient that is not the slope of its value (a clamp that autograd does not see), the value is continued with that
slope beside the number that was given: the slopes then are torch's, and the value is the code's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, constant, each, exact, exp, log, log1p_exp, mean, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs, Value

Term = Callable[[Config], Callable[[Number, Number], Number]]

BCE_FLOOR = -100
"""From below, BCELoss clamps its logarithms to this."""

BCE_EPSILON = float(np.float32(1e-12))
"""The least p (1 - p) by which the gradient of BCELoss divides: the code says 1e-12 in single precision, whatever the dtype."""


def reduction_of(config: Config) -> str:
    """``reduction``, or what the deprecated ``size_average`` and ``reduce`` say in its place."""
    average, reduce = config.get("size_average"), config.get("reduce")
    if average is None and reduce is None:
        return str(config.get("reduction", "mean"))
    if reduce is not None and not reduce:
        return "none"
    return "mean" if average is None or average else "sum"


def reduced(loss: Array, config: Config, batch: int | None = None) -> Array:
    """`loss` reduced as the configuration asks; a mean of nothing is NaN. `batch`: the size of the input's first axis, if it has one."""
    terms = list(loss.flat)
    match reduction_of(config):
        case "none":
            return loss
        case "mean":
            number = mean(terms)
        case "sum":
            number = total(terms)
        case "batchmean":
            number = total(terms) if batch is None else total(terms) / batch if batch else mp.nan
        case other:
            raise ValueError(f"reduction {other!r}")
    return np.asarray(number, dtype=object)


def elementwise(term: Term) -> Value:
    """A term of input and target, broadcast against each other, reduced."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        return reduced(each(term(config), *inputs.values()), config)

    return value


def l1(config: Config) -> Callable[[Number, Number], Number]:
    """The absolute difference."""
    return lambda x, y: abs(x - y)


def mse(config: Config) -> Callable[[Number, Number], Number]:
    """The square of the difference."""
    return lambda x, y: (x - y) ** 2


def smooth_l1(config: Config) -> Callable[[Number, Number], Number]:
    """Quadratic up to beta, linear beyond; linear only for beta 0."""
    beta = mp.mpf(config.get("beta", 1))

    def term(x: Number, y: Number) -> Number:
        d = abs(x - y)
        return d**2 / (2 * beta) if d < beta else d - beta / 2

    return term


def huber(config: Config) -> Callable[[Number, Number], Number]:
    """Quadratic up to delta, linear with slope delta beyond."""
    delta = mp.mpf(config.get("delta", 1))

    def term(x: Number, y: Number) -> Number:
        d = abs(x - y)
        return d**2 / 2 if d < delta else delta * (d - delta / 2)

    return term


def hinge_embedding(config: Config) -> Callable[[Number, Number], Number]:
    """x unless the target is -1, plus what x lacks to the margin unless the target is 1: both for any other target."""
    margin = mp.mpf(config.get("margin", 1))
    return lambda x, y: (mp.zero if y == -1 else x) + (mp.zero if y == 1 else relu(margin - x))


def printed_hinge_embedding(config: Config) -> Callable[[Number, Number], Number]:
    """Nothing is printed for targets other than 1 and -1."""
    margin = mp.mpf(config.get("margin", 1))
    return lambda x, y: x if y == 1 else relu(margin - x) if y == -1 else mp.nan


def soft_margin(config: Config) -> Callable[[Number, Number], Number]:
    """log(1 + exp(-y x))."""
    return lambda x, y: log1p_exp(-y * x)


def computed_margin_ranking(inputs: Inputs, config: Config, call: Call) -> Array:
    """max(0, -y (x1 - x2) + margin), all three broadcast."""
    margin = mp.mpf(config.get("margin", 0))
    tensors = (inputs["input1"], inputs["input2"], inputs["target"])
    return reduced(each(lambda a, b, y: relu(margin - y * (a - b)), *tensors), config)


def _cross_entropy_of_probability(p: Number, y: Number) -> Number:
    """Minus the clamped log likelihood; where p (1 - p) < 1e-12 with the slope (p - y) / 1e-12, which is how torch's kernel goes on."""
    given = constant(p)
    if given * (1 - given) >= BCE_EPSILON:
        return _clamped_likelihood(p, y)
    return _clamped_likelihood(given, y) + (given - y) / mp.mpf(BCE_EPSILON) * (p - given)


def _clamped_likelihood(p: Number, y: Number) -> Number:
    return -(y * max(log(p), mp.mpf(BCE_FLOOR)) + (1 - y) * max(log(1 - p), mp.mpf(BCE_FLOOR)))


def _weighted(loss: Array, config: Config) -> Array:
    weight = config.get("weight")
    return loss if weight is None else each(lambda term, w: term * w, loss, exact(weight))


def computed_bce(inputs: Inputs, config: Config, call: Call) -> Array:
    """Binary cross entropy of probabilities; the weight broadcasts from the last axis on, and the mean is over all elements."""
    if inputs["input"].shape != inputs["target"].shape:
        raise ValueError("input and target differ in shape")
    loss = each(_cross_entropy_of_probability, inputs["input"], inputs["target"])
    return reduced(_weighted(loss, config), config)


def computed_bce_with_logits(inputs: Inputs, config: Config, call: Call) -> Array:
    """Binary cross entropy of logits; ``pos_weight`` scales the positive term. Both weights broadcast from the last axis on."""
    if inputs["input"].shape != inputs["target"].shape:
        raise ValueError("input and target differ in shape")
    positive = exact(1.0 if config.get("pos_weight") is None else config["pos_weight"])
    # -log sigmoid(x) = log(1 + exp(-x)), -log(1 - sigmoid(x)) = log(1 + exp(x))
    loss = each(
        lambda x, y, w: y * w * log1p_exp(-x) + (1 - y) * log1p_exp(x), inputs["input"], inputs["target"], positive
    )
    return reduced(_weighted(loss, config), config)


def by_sample(value: Value) -> Value:
    """The same with ``weight`` as the documentation has it: of the size of the batch, one number a sample."""

    def documented(inputs: Inputs, config: Config, call: Call) -> Array:
        weight = config.get("weight")
        if weight is None:
            return value(inputs, config, call)
        weights = exact(weight)
        column = weights.reshape([weights.size] + [1] * (inputs["input"].ndim - 1))
        return value(inputs, {**config, "weight": column}, call)

    return documented


def computed_poisson_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """Stirling's term, on demand, counts for targets above 1 only."""
    eps = mp.mpf(config.get("eps", 1e-8))
    of_log, full = config.get("log_input", True), config.get("full", False)

    def term(x: Number, k: Number) -> Number:
        loss = exp(x) - k * x if of_log else x - k * log(x + eps)
        return loss + (k * log(k) - k + log(2 * mp.pi * k) / 2 if full and k > 1 else mp.zero)

    return reduced(each(term, inputs["log_input"], inputs["target"]), config)


def documented_poisson_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed formula: of the rate, with log(target!) always and no epsilon."""
    rate = each(exp, inputs["log_input"]) if config.get("log_input", True) else inputs["log_input"]
    loss = each(lambda r, k: r - (k * log(r) if k != 0 else 0) + mp.loggamma(k + 1), rate, inputs["target"])
    return reduced(loss, config)


def _clamped(variance: Number, eps: Number) -> Number:
    """The variance, at least eps; below it with slope 1 beside any double, since autograd does not see the clamp."""
    if variance >= eps:
        return variance
    return eps + (variance - constant(variance))


def computed_gaussian_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """Half of log(var) + (x - y)^2 / var, on demand with the constant; a variance may lack the last axis or have size 1 there."""
    x, y = inputs["input"], inputs["target"]
    variance = inputs["var"] if "var" in inputs else exact(call["var"])
    if variance.shape != x.shape and variance.shape == x.shape[:-1] and x.ndim:
        variance = variance[..., np.newaxis]
    eps = mp.mpf(config.get("eps", 1e-6))
    constant = log(2 * mp.pi) / 2 if config.get("full", False) else mp.zero

    def term(x: Number, y: Number, variance: Number) -> Number:
        v = _clamped(variance, eps)
        return (log(v) + (x - y) ** 2 / v) / 2 + constant

    return reduced(each(term, x, y, variance), config)


def _divergence(inputs: Inputs, config: Config, term: Callable[[Number, Number], Number]) -> Array:
    x = inputs["input"]
    return reduced(each(term, x, inputs["target"]), config, len(x) if x.ndim else None)


def computed_kl_div(inputs: Inputs, config: Config, call: Call) -> Array:
    """y (log y - x) with 0 log 0 = 0, or exp(y) (y - x) of log targets; ``batchmean`` divides by the size of the first axis."""
    if config.get("log_target", False):
        return _divergence(inputs, config, lambda x, y: exp(y) * (y - x))
    return _divergence(inputs, config, lambda x, y: (y * log(y) if y != 0 else mp.zero) - y * x)


def documented_kl_div(inputs: Inputs, config: Config, call: Call) -> Array:
    """``target * (target.log() - input)`` as it stands: 0 times infinity is NaN."""
    if config.get("log_target", False):
        return computed_kl_div(inputs, config, call)
    return _divergence(inputs, config, lambda x, y: y * (log(y) - x) if y != 0 else mp.nan)
