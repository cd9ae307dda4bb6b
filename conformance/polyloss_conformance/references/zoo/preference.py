"""References for learning from preferences."""

from __future__ import annotations

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exp, log, log1p_exp, mean, relu
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo

_FOUR = ("chosen", "rejected", "ref_chosen", "ref_rejected")
_RATIO = r"h = \log \frac{\pi(y_w)}{\pi_\text{ref}(y_w)} - \log \frac{\pi(y_l)}{\pi_\text{ref}(y_l)}"


def _margin(inputs: Inputs) -> Array:
    """By how much more the model prefers the chosen to the rejected than its reference does."""
    return each(
        lambda won, lost, ref_won, ref_lost: (won - ref_won) - (lost - ref_lost), *(inputs[name] for name in _FOUR)
    )


def _dpo(inputs: Inputs, config: Config, call: Call) -> Array:
    (beta, smoothing) = (mp.mpf(config.get("beta", 0.1)), mp.mpf(config.get("label_smoothing", 0.0)))

    def loss(h: Number) -> Number:
        return (1 - smoothing) * log1p_exp(-beta * h) + smoothing * log1p_exp(beta * h)

    return reduced(each(loss, _margin(inputs)), config)


def _ipo(inputs: Inputs, config: Config, call: Call) -> Array:
    beta = mp.mpf(config.get("beta", 0.1))
    return reduced(each(lambda h: (h - 1 / (2 * beta)) ** 2, _margin(inputs)), config)


def _simpo(inputs: Inputs, config: Config, call: Call) -> Array:
    (beta, margin) = (mp.mpf(config.get("beta", 2.0)), mp.mpf(config.get("margin", 1.0)))
    return reduced(
        each(lambda won, lost: log1p_exp(margin - beta * (won - lost)), inputs["chosen"], inputs["rejected"]), config
    )


def _orpo(inputs: Inputs, config: Config, call: Call) -> Array:
    beta = mp.mpf(config.get("beta", 0.1))

    def log_odds(log_p: Number) -> Number:
        return log_p - log(1 - exp(log_p))

    def loss(won: Number, lost: Number) -> Number:
        return -won + beta * log1p_exp(log_odds(lost) - log_odds(won))

    return reduced(each(loss, inputs["chosen"], inputs["rejected"]), config)


def _kto(inputs: Inputs, config: Config, call: Call) -> Array:
    beta = mp.mpf(config.get("beta", 0.1))
    (good, bad) = (mp.mpf(config.get(name, 1.0)) for name in ("desirable_weight", "undesirable_weight"))
    z = relu(mean(list(fixed(inputs["mismatched"]).flat))) if "mismatched" in inputs else mp.zero

    def loss(log_p: Number, log_ref: Number, desirable: Number) -> Number:
        gain = beta * (log_p - log_ref - z)
        return good / (1 + exp(gain)) if desirable == 1 else bad / (1 + exp(-gain))

    return reduced(each(loss, inputs["pred"], inputs["ref"], inputs["desirable"]), config)


def _bradley_terry(inputs: Inputs, config: Config, call: Call) -> Array:
    margin = mp.mpf(config.get("margin", 0.0))
    return reduced(
        each(lambda won, lost: log1p_exp(margin - (won - lost)), inputs["chosen"], inputs["rejected"]), config
    )


def _ranknet(inputs: Inputs, config: Config, call: Call) -> Array:
    sigma = mp.mpf(config.get("sigma", 1.0))

    def loss(first: Number, second: Number, target: Number) -> Number:
        ahead = sigma * (first - second)
        return target * log1p_exp(-ahead) + (1 - target) * log1p_exp(ahead)

    return reduced(each(loss, inputs["first"], inputs["second"], inputs["target"]), config)


def _margin_ranking(inputs: Inputs, config: Config, call: Call) -> Array:
    margin = mp.mpf(config.get("margin", 1.0))

    def loss(first: Number, second: Number, target: Number) -> Number:
        return relu(margin - target * (first - second))

    return reduced(each(loss, inputs["first"], inputs["second"], inputs["target"]), config)


REFERENCES = (
    zoo(
        "DPO",
        "Direct preference optimisation.",
        r"-\log \sigma(\beta h), \quad " + _RATIO,
        REDUCED
        + r"l_n = (1 - \varepsilon) \log(1 + e^{-\beta h_n}) + \varepsilon \log(1 + e^{\beta h_n}), \quad "
        + _RATIO,
        _dpo,
        paper="Rafailov et al., Direct Preference Optimization, NeurIPS 2023; smoothing: Mitchell, A note on DPO with noisy"
        " preferences, 2023",
    ),
    zoo(
        "IPO",
        "Identity preference optimisation: the margin is drawn to a number.",
        r"\left(h - \frac{\tau^{-1}}{2}\right)^2, \quad " + _RATIO,
        REDUCED + r"l_n = \left(h_n - \frac{1}{2 \beta}\right)^2, \quad " + _RATIO,
        _ipo,
        paper="Azar et al., A General Theoretical Paradigm to Understand Learning from Human Preferences, AISTATS 2024",
    ),
    zoo(
        "SimPO",
        "Simple preference optimisation: no reference model, log probabilities per token.",
        r"-\log \sigma\left(\frac{\beta}{|y_w|} \log \pi(y_w) - \frac{\beta}{|y_l|} \log \pi(y_l) - \gamma\right)",
        REDUCED + r"l_n = \log\left(1 + e^{\gamma - \beta (\bar w_n - \bar l_n)}\right)",
        _simpo,
        paper="Meng, Xia and Chen, SimPO: Simple Preference Optimization with a Reference-Free Reward, NeurIPS 2024",
    ),
    zoo(
        "ORPO",
        "Odds ratio preference optimisation: fine-tuning, with the odds of the rejected answer held down.",
        r"L_\text{SFT} - \lambda \log \sigma\left(\log \frac{\operatorname{odds}(y_w)}{\operatorname{odds}(y_l)}\right), \quad"
        r" \operatorname{odds} = \frac{P}{1 - P}",
        REDUCED + r"l_n = -\log p_n + \beta \log\left(1 + \frac{q_n (1 - p_n)}{(1 - q_n) p_n}\right)",
        _orpo,
        paper="Hong, Lee and Thorne, ORPO: Monolithic Preference Optimization without Reference Model, EMNLP 2024",
    ),
    zoo(
        "KTO",
        "Kahneman-Tversky optimisation: answers that are good or bad, with no pairs.",
        r"\lambda_y - v(x, y), \quad v = \lambda_D \sigma(\beta (r - z_0)) \text{ or } \lambda_U \sigma(\beta (z_0 - r))",
        REDUCED
        + r"l_n = \frac{\lambda_D}{1 + e^{\beta (r_n - z)}} \text{ or } \frac{\lambda_U}{1 + e^{\beta (z - r_n)}},"
        r" \quad z = \max\left(0, \operatorname{mean}_k r'_k\right) \text{ fixed}",
        _kto,
        paper="Ethayarajh et al., KTO: Model Alignment as Prospect Theoretic Optimization, ICML 2024",
    ),
    zoo(
        "BradleyTerry",
        "Minus the log likelihood of preferences that follow the difference of two scores.",
        r"-\log \frac{e^{w}}{e^{w} + e^{l}}",
        REDUCED + r"l_n = \log\left(1 + e^{m - (w_n - l_n)}\right)",
        _bradley_terry,
        paper="Bradley and Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39, 1952",
    ),
    zoo(
        "RankNet",
        "Cross entropy of which of two ranks higher.",
        r"-\bar{P} \log P - (1 - \bar{P}) \log(1 - P), \quad P = \frac{1}{1 + e^{-(o_i - o_j)}}",
        REDUCED + r"l_n = t_n \log(1 + e^{-s o_n}) + (1 - t_n) \log(1 + e^{s o_n})",
        _ranknet,
        paper="Burges et al., Learning to Rank using Gradient Descent, ICML 2005",
    ),
    zoo(
        "MarginRanking",
        "What the score of the better of two lacks to being ahead by a margin.",
        r"\left(1 - z \left(U(x^{(1)}) - U(x^{(2)})\right)\right)_+",
        REDUCED + r"l_n = \max(0,\ m - y_n o_n), \quad o = \text{first} - \text{second}",
        _margin_ranking,
        paper="Herbrich, Graepel and Obermayer, Large Margin Rank Boundaries for Ordinal Regression, Advances in Large Margin"
        " Classifiers, 2000",
    ),
)
