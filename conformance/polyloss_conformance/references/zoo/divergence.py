"""References for how far one distribution is from another."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exp, log, log_softmax, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _probabilities(given: Array, form: str, axis: int) -> Array:
    if form == "probabilities":
        return given
    return each(exp, log_softmax(given, axis) if form == "logits" else given)


def _relative(p: Number, q: Number) -> Number:
    """``p log(p / q)``, 0 where p is 0; below, a step away from 0, there is nothing."""
    if p == 0:
        return mp.zero
    return p * (log(p) + mp.inf if q == 0 else log(p) - log(q))


def _by_sample(p: Array, q: Array, config: Config) -> Array:
    axis = config.get("axis", -1)
    terms = np.moveaxis(each(_relative, p, q), axis, -1)
    base = config.get("base")
    found = np.empty(terms.shape[:-1], dtype=object)
    for index in np.ndindex(found.shape):
        found[index] = total(terms[index]) / (mp.one if base is None else log(mp.mpf(base)))
    return found


def _kl(inputs: Inputs, config: Config, call: Call) -> Array:
    axis = config.get("axis", -1)
    (p, q) = (
        _probabilities(inputs[name], config.get(form, "probabilities"), axis)
        for name, form in (("target", "target_as"), ("pred", "pred_as"))
    )
    return reduced(_by_sample(p, q, config), config)


def _js(inputs: Inputs, config: Config, call: Call) -> Array:
    (form, axis) = (config.get("given_as", "probabilities"), config.get("axis", -1))
    (p, q) = (_probabilities(inputs[name], form, axis) for name in ("target", "pred"))
    middle = each(lambda a, b: (a + b) / 2, p, q)
    values = each(lambda a, b: (a + b) / 2, _by_sample(p, middle, config), _by_sample(q, middle, config))
    return reduced(values, config)


REFERENCES = (
    zoo(
        "KLDivergence",
        "Kullback-Leibler divergence of the target from the prediction.",
        r"\sum_c p_c \log \frac{p_c}{q_c}",
        REDUCED + r"l_n = \sum_c p_{nc} (\log p_{nc} - \log q_{nc}), \quad 0 \log 0 = 0",
        _kl,
        paper="Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22(1), 1951",
    ),
    zoo(
        "JSDivergence",
        "Jensen-Shannon divergence of two distributions.",
        r"\tfrac12 \operatorname{KL}(p \,\|\, m) + \tfrac12 \operatorname{KL}(q \,\|\, m), \quad m = \tfrac12 (p + q)",
        REDUCED
        + r"l_n = \tfrac12 \sum_c p_{nc} \log \frac{2 p_{nc}}{p_{nc} + q_{nc}} + q_{nc} \log \frac{2 q_{nc}}{p_{nc} + q_{nc}}",
        _js,
        paper="Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information Theory 37(1), 1991",
    ),
)
