"""What each loss of ``mxnet.gluon.loss`` 1.9.1 computes, and what its documentation prints, as slow loops over elements.

``computed_*`` follow the code, with every epsilon, weight and mean; ``documented_*`` take the printed formula literally. In the printed
formulas of losses documented to return shape ``(batch_size,)``, i runs over the elements of one sample; where the printed formula
indexes whole samples by i (softmax cross entropy, triplet, cosine embedding) the sum is over samples and the result has shape ``()``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references import ctc
from polyloss_conformance.references.exact import (
    Number,
    each,
    exp,
    log,
    log1p_exp,
    log_softmax,
    mean,
    per_sample,
    relu,
    reshape_like,
    total,
    weighted,
)
from polyloss_conformance.references.reference import Call, Config, Inputs, Value

Term = Callable[[Config], Callable[[Number, Number], Number]]

TINY = "1e-12"
"""The epsilon written into SigmoidBinaryCrossEntropyLoss, KLDivLoss and CosineEmbeddingLoss."""


def elementwise(term: Term) -> Value:
    """A term of prediction and label, weighted, averaged over everything but the batch."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        label = reshape_like(inputs["label"], inputs["pred"])
        loss = weighted(each(term(config), inputs["pred"], label), config, inputs)
        return per_sample(loss, config.get("batch_axis", 0), mean)

    return value


def printed_sum(term: Term) -> Value:
    """A term of prediction and label, summed over everything but the batch."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        label = reshape_like(inputs["label"], inputs["pred"])
        return per_sample(each(term(config), inputs["pred"], label), config.get("batch_axis", 0), total)

    return value


def l2(config: Config) -> Callable[[Number, Number], Number]:
    """Half the square of the difference."""
    return lambda p, y: (y - p) ** 2 / 2


def l1(config: Config) -> Callable[[Number, Number], Number]:
    """The absolute difference."""
    return lambda p, y: abs(y - p)


def huber(config: Config) -> Callable[[Number, Number], Number]:
    """Quadratic up to rho, linear beyond."""
    rho = mp.mpf(config.get("rho", 1))

    def term(p: Number, y: Number) -> Number:
        d = abs(y - p)
        return d - rho / 2 if d > rho else d**2 / (2 * rho)

    return term


def hinge(config: Config) -> Callable[[Number, Number], Number]:
    """What is missing to the margin."""
    margin = mp.mpf(config.get("margin", 1))
    return lambda p, y: relu(margin - p * y)


def squared_hinge(config: Config) -> Callable[[Number, Number], Number]:
    """The square of what is missing to the margin."""
    margin = mp.mpf(config.get("margin", 1))
    return lambda p, y: relu(margin - p * y) ** 2


def logistic(config: Config) -> Callable[[Number, Number], Number]:
    """Binary cross entropy of the logit, after mapping a signed label to 0..1."""
    signed = config.get("label_format", "signed") == "signed"

    def term(p: Number, y: Number) -> Number:
        return logits_cross_entropy(p, (y + 1) / 2 if signed else y)

    return term


NEAR_ZERO = "1e-30"
"""Below any logit that is tested and above the step of the slopes: where Gluon's slope at a logit of 0 is written in."""


def logits_cross_entropy(x: Number, y: Number, pos_weight: Number | None = None) -> Number:
    """Binary cross entropy of a logit, with Gluon's slope at 0.

    The code composes it of max(x, 0), max(-x, 0) and log(1 + exp(-|x|)), each with slope 0 at 0 in MXNet. What is left is the slope -y
    of -x y, with a positive weight the slope 1 - y of x - x y; the true slopes are 1/2 - y and 1 - y - w/2 with w = 1 + (pos_weight - 1) y.
    """
    weight = mp.one if pos_weight is None else pos_weight
    if abs(x) < mp.mpf(NEAR_ZERO):
        slope = -y if pos_weight is None else 1 - y
        return (y * weight + 1 - y) * log(mp.mpf(2)) + slope * x
    # -log sigmoid(x) = log(1 + exp(-x)), -log(1 - sigmoid(x)) = log(1 + exp(x))
    return y * weight * log1p_exp(-x) + (1 - y) * log1p_exp(x)


def printed_logistic(config: Config) -> Callable[[Number, Number], Number]:
    """log(1 + exp(-p y)), whatever the label format."""
    return lambda p, y: log1p_exp(-p * y)


def computed_bce(inputs: Inputs, config: Config, call: Call) -> Array:
    """Binary cross entropy; ``pos_weight`` scales the positive term."""
    pred = inputs["pred"]
    label = reshape_like(inputs["label"], pred)
    weights = [inputs["pos_weight"]] if "pos_weight" in inputs else []
    eps = mp.mpf(TINY)
    if config.get("from_sigmoid", False):
        loss = each(lambda p, y, w=mp.one: -(log(p + eps) * y * w + log(1 - p + eps) * (1 - y)), pred, label, *weights)
    else:
        loss = each(logits_cross_entropy, pred, label, *weights)
    return per_sample(weighted(loss, config, inputs), config.get("batch_axis", 0), mean)


def documented_bce(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed sum: its minus sign stands before the first term alone."""
    pred = inputs["pred"]
    label = reshape_like(inputs["label"], pred)
    pos_weight = inputs.get("pos_weight", np.array(mp.one, dtype=object))
    prob = pred if config.get("from_sigmoid", False) else each(lambda x: 1 / (1 + exp(-x)), pred)
    loss = each(lambda p, y, w: -y * log(p) * w + (1 - y) * log(1 - p), prob, label, pos_weight)
    return per_sample(loss, config.get("batch_axis", 0), total)


def _log_probabilities(inputs: Inputs, config: Config, from_logits: bool) -> Array:
    return inputs["pred"] if from_logits else log_softmax(inputs["pred"], config.get("axis", -1))


def _picked(log_p: Array, label: Array, axis: int) -> Array:
    """The element of the label's class, `axis` kept with size 1: labels truncated toward zero, then clipped into range."""
    rows = np.moveaxis(log_p, axis, -1)
    kept = rows.shape[:-1]
    with_axis = np.moveaxis(np.empty((*kept, 1)), -1, axis).shape
    without_axis = with_axis[: axis % log_p.ndim] + with_axis[axis % log_p.ndim + 1 :]
    if label.shape not in (without_axis, with_axis):
        raise ValueError(f"label of shape {label.shape}, where {without_axis} or {with_axis} is due")
    label = np.moveaxis(label.reshape(with_axis), axis, -1)
    out = np.empty((*kept, 1), dtype=object)
    for index in np.ndindex(*kept):
        category = min(max(int(label[(*index, 0)]), 0), rows.shape[-1] - 1)
        out[(*index, 0)] = rows[(*index, category)]
    return np.moveaxis(out, -1, axis)


def _cross_entropies(inputs: Inputs, config: Config) -> Array:
    axis = config.get("axis", -1)
    log_p = _log_probabilities(inputs, config, config.get("from_logits", False))
    if config.get("sparse_label", True):
        return each(lambda t: -t, _picked(log_p, inputs["label"], axis))
    products = each(lambda t, y: t * y, log_p, reshape_like(inputs["label"], log_p))
    rows = np.moveaxis(products, axis, -1)
    out = np.empty((*rows.shape[:-1], 1), dtype=object)
    for index in np.ndindex(*rows.shape[:-1]):
        out[(*index, 0)] = -total(rows[index])
    return np.moveaxis(out, -1, axis)


def computed_softmax_ce(inputs: Inputs, config: Config, call: Call) -> Array:
    """Cross entropy of softmax, the class axis kept with size 1 for the weights, then averaged over all but the batch."""
    loss = weighted(_cross_entropies(inputs, config), config, inputs)
    return per_sample(loss, config.get("batch_axis", 0), mean)


def documented_softmax_ce(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed sum over samples (and positions): one number."""
    return np.asarray(total(_cross_entropies(inputs, config).flat), dtype=object)


def computed_kl_div(inputs: Inputs, config: Config, call: Call) -> Array:
    """Summed over all but the batch; ``average=True``, which 1.9.1 lacks, averages as its documentation has it."""
    log_p = _log_probabilities(inputs, config, config.get("from_logits", True))
    eps = mp.mpf(TINY)
    loss = weighted(each(lambda y, t: y * (log(y + eps) - t), inputs["label"], log_p), config, inputs)
    return per_sample(loss, config.get("batch_axis", 0), mean if config.get("average", False) else total)


def documented_kl_div(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed term, averaged over all but the batch; 0 log 0 = 0, its limit."""
    log_p = _log_probabilities(inputs, config, config.get("from_logits", True))
    label = reshape_like(inputs["label"], log_p)
    loss = each(lambda y, t: y * (log(y) - t) if y != 0 else mp.zero, label, log_p)
    return per_sample(loss, config.get("batch_axis", 0), mean)


def computed_ctc(inputs: Inputs, config: Config, call: Call) -> Array:
    """Minus the log of the probability of each labelling.

    A labelling ends at its first negative entry, or at ``label_lengths``. Infinite where no path reads as the labelling; NaN, for
    undefined, where a label is no class or the blank.
    """
    pred = inputs["pred"] if config.get("layout", "NTC") == "NTC" else np.moveaxis(inputs["pred"], 1, 0)
    labels = inputs["label"] if config.get("label_layout", "NT") == "NT" else inputs["label"].T
    rows = each(exp, log_softmax(pred, -1))
    loss = np.empty(len(pred), dtype=object)
    for n in range(len(pred)):
        labelling = [int(mp.nint(label)) for label in labels[n]]
        if "label_lengths" in inputs:
            labelling = labelling[: int(inputs["label_lengths"][n])]
        else:
            labelling = labelling[: next((i for i, label in enumerate(labelling) if label < 0), len(labelling))]
        steps = int(inputs["pred_lengths"][n]) if "pred_lengths" in inputs else pred.shape[1]
        if all(0 <= label < pred.shape[2] - 1 for label in labelling):
            loss[n] = -log(ctc.by_recursion(rows[n, :steps].tolist(), labelling))
        else:
            loss[n] = mp.nan
    return weighted(loss, config, inputs)


def computed_triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    """The difference of the squared distances of each sample, plus the margin, from 0 up, times the weight."""
    pred = inputs["pred"]
    positive, negative = (reshape_like(inputs[name], pred) for name in ("positive", "negative"))
    terms = each(lambda x, p, n: (p - x) ** 2 - (n - x) ** 2, pred, positive, negative)
    margin = mp.mpf(config.get("margin", 1))
    distances = per_sample(terms, config.get("batch_axis", 0), total)
    return weighted(each(lambda d: relu(d + margin), distances), config, {})


def documented_triplet(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed sum over samples: one number."""
    unweighted = {key: given for key, given in config.items() if key != "weight"}
    return np.asarray(total(computed_triplet(inputs, unweighted, call)), dtype=object)


def computed_poisson_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """The mean over everything, batch included: shape (1,). Stirling's term counts for targets above 1 only."""
    pred = inputs["pred"]
    target = reshape_like(inputs["target"], pred)
    epsilon = mp.mpf(call.get("epsilon", 1e-08))
    from_logits, full = config.get("from_logits", True), config.get("compute_full", False)

    def term(p: Number, k: Number) -> Number:
        loss = exp(p) - k * p if from_logits else p - k * log(p + epsilon)
        return loss + (k * log(k) - k + log(2 * mp.pi * k) / 2 if full and k > 1 else mp.zero)

    loss = weighted(each(term, pred, target), config, inputs)
    return np.array([mean(list(loss.flat))], dtype=object)


def documented_poisson_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed formula with log(target!) always and no epsilon, averaged: shape (1, 1)."""
    target = reshape_like(inputs["target"], inputs["pred"])
    rate = each(exp, inputs["pred"]) if config.get("from_logits", True) else inputs["pred"]
    loss = each(lambda r, k: r - (k * log(r) if k != 0 else 0) + mp.loggamma(k + 1), rate, target)
    return np.array([[mean(list(loss.flat))]], dtype=object)


def _dot(x: Array, y: Array) -> Number:
    return total(a * b for a, b in zip(x, y, strict=True))


def computed_cosine_embedding(inputs: Inputs, config: Config, call: Call) -> Array:
    """1 - cos for label 1, cos less margin from 0 up for label -1, and 0 for any other label: shape (N, 1) before the weights."""
    y = inputs["input2"]
    x = reshape_like(inputs["input1"], y)
    eps, margin = mp.mpf(TINY), mp.mpf(config.get("margin", 0))
    cosines = np.empty((int(np.prod(y.shape[:-1])), 1), dtype=object)
    for n, index in enumerate(np.ndindex(*y.shape[:-1])):
        norms = mp.sqrt(_dot(x[index], x[index])) * mp.sqrt(_dot(y[index], y[index]))
        cosines[n, 0] = _dot(x[index], y[index]) / (eps if norms < eps else norms)

    def term(cosine: Number, label: Number) -> Number:
        return 1 - cosine if label == 1 else relu(cosine - margin) if label == -1 else mp.zero

    return weighted(each(term, cosines, inputs["label"].reshape(-1, 1)), config, inputs)


def documented_cosine_embedding(inputs: Inputs, config: Config, call: Call) -> Array:
    """The printed sum over samples, with no margin, no clipping and no epsilon: one number."""
    y = inputs["input2"].reshape(-1, inputs["input2"].shape[-1])
    x = reshape_like(inputs["input1"], y)
    loss = mp.zero
    for n, label in enumerate(inputs["label"].flat):
        cosine = _dot(x[n], y[n]) / (mp.sqrt(_dot(x[n], x[n])) * mp.sqrt(_dot(y[n], y[n])))
        loss += 1 - cosine if label == 1 else cosine
    return np.asarray(loss, dtype=object)


def computed_sdml(inputs: Inputs, config: Config, call: Call) -> Array:
    """The divergence of the softmax over negative squared distances from the smoothed identity: shape (N,).

    The code spreads ``smoothing / (N - 1)`` on every pair that is not aligned. A batch of 1 has no such pair: its one label is
    1 - smoothing, as on the diagonal of every other batch, and the loss is the constant (1 - s) log(1 - s + epsilon). This is also
    the limit of the code's expression ``(1 - gold) * s / (N - 1)`` for gold = 1 as N falls to 1, where the code divides 0 by 0.
    """
    x1, x2 = inputs["x1"], inputs["x2"]
    size = len(x1)
    smoothing, eps = mp.mpf(config.get("smoothing_parameter", 0.3)), mp.mpf(TINY)
    closeness = np.empty((size, size), dtype=object)
    for i, j in np.ndindex(size, size):
        closeness[i, j] = -total((a - b) ** 2 for a, b in zip(x1[i], x2[j], strict=True))
    log_p = log_softmax(closeness, 1)
    out = np.empty(size, dtype=object)
    for i in range(size):
        labels = [1 - smoothing if i == j else smoothing / (size - 1) for j in range(size)]
        out[i] = total(label * (log(label + eps) - t) for label, t in zip(labels, log_p[i], strict=True))
    return out


def documented_sdml(inputs: Inputs, config: Config, call: Call) -> Array:
    """The loss with the documented ``weight``, which the code ignores."""
    loss = computed_sdml(inputs, config, call)
    return each(lambda term: term * mp.mpf(config.get("weight", 1)), loss)
