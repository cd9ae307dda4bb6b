"""References for the losses of predicted returns, step by step. Targets are constants for the gradient."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo


def _penalty(errors: Array, config: Config) -> Array:
    kind = config.get("kind", "squared")
    delta = mp.mpf(config.get("delta", 1.0))

    def of(error: Number) -> Number:
        if kind == "error":
            return error
        if kind == "squared" or abs(error) <= delta:
            return error**2 / 2
        return delta * (abs(error) - delta / 2)

    return reduced(each(of, errors) if errors.size else errors, config)


def _temporal_difference(inputs: Inputs, config: Config, call: Call) -> Array:
    (r, g, w) = (fixed(inputs[name]) for name in ("reward", "discount", "next_value"))
    return _penalty(each(lambda v, r, g, w: r + g * w - v, inputs["value"], r, g, w), config)


def _returns(inputs: Inputs, config: Config) -> Array:
    """From the last step back, sequence by sequence."""
    (r, g, w) = (fixed(inputs[name]) for name in ("reward", "discount", "next_value"))
    weight = mp.mpf(config.get("weight", 0.95))
    found = np.empty(r.shape, dtype=object)
    for place in np.ndindex(r.shape[:-1]):
        later = w[(*place, r.shape[-1] - 1)] if r.shape[-1] else mp.zero
        for t in range(r.shape[-1] - 1, -1, -1):
            at = (*place, t)
            later = r[at] + g[at] * ((1 - weight) * w[at] + weight * later)
            found[at] = later
    return found


def _td_lambda(inputs: Inputs, config: Config, call: Call) -> Array:
    return _penalty(each(lambda G, v: G - v, _returns(inputs, config), inputs["value"]), config)


def _generalized_advantage(inputs: Inputs, config: Config, call: Call) -> Array:
    """Straight from the sum over all later steps."""
    (v, r, g, w) = (fixed(inputs[name]) for name in ("value", "reward", "discount", "next_value"))
    weight = mp.mpf(config.get("weight", 0.95))
    found = np.empty(r.shape, dtype=object)
    for place in np.ndindex(*r.shape):
        (row, t) = (place[:-1], place[-1])
        (factor, terms) = (mp.one, [])
        for k in range(t, r.shape[-1]):
            at = (*row, k)
            terms.append(factor * (r[at] + g[at] * w[at] - v[at]))
            factor = factor * weight * g[at]
        found[place] = total(terms)
    return found


def _of_actions(inputs: Inputs, config: Config, later: list[Number]) -> Array:
    (r, g) = (fixed(inputs[name]) for name in ("reward", "discount"))
    errors = [
        r[n] + g[n] * later[n] - row[int(action)]
        for n, (row, action) in enumerate(zip(inputs["q"], inputs["action"], strict=True))
    ]
    return _penalty(np.array(errors, dtype=object), config)


def _q_learning(inputs: Inputs, config: Config, call: Call) -> Array:
    q = fixed(inputs["next_q"])
    chosen = fixed(inputs["selector"]) if "selector" in inputs else q
    return _of_actions(inputs, config, [row[list(by).index(max(by))] for row, by in zip(q, chosen, strict=True)])


def _sarsa(inputs: Inputs, config: Config, call: Call) -> Array:
    q = fixed(inputs["next_q"])
    return _of_actions(inputs, config, [row[int(a)] for row, a in zip(q, inputs["next_action"], strict=True)])


def _expected_sarsa(inputs: Inputs, config: Config, call: Call) -> Array:
    (q, policy) = (fixed(inputs[name]) for name in ("next_q", "next_probability"))
    means = [total(p * x for p, x in zip(ps, row, strict=True) if p != 0) for ps, row in zip(policy, q, strict=True)]
    return _of_actions(inputs, config, means)


_KINDS = r"l(\delta) = \tfrac{1}{2} \delta^2,\ h(\delta) \text{ or } \delta"
_SUTTON = "Sutton, Learning to Predict by the Methods of Temporal Differences, Machine Learning 3, 1988"

REFERENCES = (
    zoo(
        "TemporalDifference",
        "The error of a state's value against the reward and the value of the next state.",
        r"\delta_t = r_{t+1} + \gamma V(s_{t+1}) - V(s_t)",
        REDUCED + r"l_n = l(\operatorname{sg}(r_n + \gamma_n v'_n) - v_n), \quad " + _KINDS,
        _temporal_difference,
        paper=_SUTTON,
    ),
    zoo(
        "TDLambda",
        "The error of each state's value against the mixture of all n-step returns.",
        r"G^\lambda_t = (1 - \lambda) \sum_{n \ge 1} \lambda^{n-1} G^{(n)}_t",
        REDUCED
        + r"l_t = l(\operatorname{sg}(G_t) - v_t), \quad G_t = r_t + \gamma_t ((1 - \lambda) v'_t + \lambda G_{t+1}), \quad "
        + _KINDS,
        _td_lambda,
        paper=_SUTTON,
    ),
    zoo(
        "GeneralizedAdvantage",
        "The discounted sum of the temporal differences that follow an action.",
        r"\hat{A}_t = \sum_{l \ge 0} (\gamma \lambda)^l \delta_{t+l}",
        r"A_t = \sum_{k \ge t} \Big(\prod_{j=t}^{k-1} \lambda \gamma_j\Big) (r_k + \gamma_k v'_k - v_k)",
        _generalized_advantage,
        paper="Schulman et al., High-Dimensional Continuous Control Using Generalized Advantage Estimation, ICLR 2016",
    ),
    zoo(
        "QLearning",
        "The error of an action's value against the reward and the best value of the next state.",
        r"\delta = r + \gamma \max_{a'} Q(s', a') - Q(s, a)",
        REDUCED
        + r"l_n = l(\operatorname{sg}(r_n + \gamma_n q'_n[\operatorname{argmax}_b s_n[b]]) - q_n[a_n]), \quad "
        + _KINDS,
        _q_learning,
        paper="Watkins and Dayan, Q-learning, Machine Learning 8, 1992; van Hasselt et al., Double Q-learning, AAAI 2016",
    ),
    zoo(
        "Sarsa",
        "The error of an action's value against the reward and the value of the action taken next.",
        r"\delta = r + \gamma Q(s', a') - Q(s, a)",
        REDUCED + r"l_n = l(\operatorname{sg}(r_n + \gamma_n q'_n[a'_n]) - q_n[a_n]), \quad " + _KINDS,
        _sarsa,
        paper="Rummery and Niranjan, On-line Q-learning Using Connectionist Systems, 1994",
    ),
    zoo(
        "ExpectedSarsa",
        "The error of an action's value against the reward and the mean value of the next state under a policy.",
        r"\delta = r + \gamma \sum_{a'} \pi(a' \mid s') Q(s', a') - Q(s, a)",
        REDUCED + r"l_n = l(\operatorname{sg}(r_n + \gamma_n \sum_b \pi_n(b)\, q'_n[b]) - q_n[a_n]), \quad " + _KINDS,
        _expected_sarsa,
        paper="van Seijen et al., A Theoretical and Empirical Analysis of Expected Sarsa, ADPRL 2009",
    ),
)
