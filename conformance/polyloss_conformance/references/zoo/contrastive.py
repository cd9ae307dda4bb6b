"""References for the losses that pick a vector's partner out of a batch, and that rank the scores of a batch."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, cosine, reduced, zoo
from polyloss_conformance.references.zoo.metric_learning import Vector, numbers


def _miss(right: int, own: Vector, others: list[Vector], temperature: Number) -> Number:
    """Minus the logarithm of the share of ``others[right]`` among all of them."""
    powers = [exp(cosine(own, other) / temperature) for other in others]
    return log(total(powers)) - log(powers[right])


def _info_nce(inputs: Inputs, config: Config, call: Call) -> Array:
    temperature = mp.mpf(config.get("temperature", 0.1))
    keys = list(inputs["key"])
    return reduced([_miss(i, row, keys, temperature) for i, row in enumerate(inputs["query"])], config)


def _clip(inputs: Inputs, config: Config, call: Call) -> Array:
    temperature = mp.mpf(config.get("temperature", 0.07))
    (x, y) = (list(inputs["x"]), list(inputs["y"]))
    found = [(_miss(i, x[i], y, temperature) + _miss(i, y[i], x, temperature)) / 2 for i in range(len(x))]
    return reduced(found, config)


def _nt_xent(inputs: Inputs, config: Config, call: Call) -> Array:
    temperature = mp.mpf(config.get("temperature", 0.5))
    views = [*inputs["x"], *inputs["y"]]
    half = len(views) // 2
    found = []
    for i, row in enumerate(views):
        partner = (i + half) % len(views)
        others = [j for j in range(len(views)) if j != i]
        found.append(_miss(others.index(partner), row, [views[j] for j in others], temperature))
    return reduced(found, config)


def _sup_con(inputs: Inputs, config: Config, call: Call) -> Array:
    temperature = mp.mpf(config.get("temperature", 0.1))
    (x, label) = (list(inputs["x"]), numbers(inputs["label"]))
    (found, counted) = ([], 0)
    for i, row in enumerate(x):
        others = [j for j in range(len(x)) if j != i]
        misses = [
            _miss(place, row, [x[k] for k in others], temperature)
            for place, j in enumerate(others)
            if label[j] == label[i]
        ]
        counted += bool(misses)
        found.append(total(misses) / max(len(misses), 1))
    return reduced(found, config, count=counted)


def _expected(scores: list[Number], temperature: Number, nothing: int) -> Number:
    """The mean of scores weighted by ``exp(score / temperature)``."""
    if not scores:
        return mp.mpf(nothing)
    powers = [exp(score / temperature) for score in scores]
    return total(q * p for q, p in zip(powers, scores, strict=True)) / total(powers)


def _ranking(inputs: Inputs, config: Config, call: Call) -> Array:
    positives: list[Number] = []
    negatives: list[Number] = []
    for row, target in zip(inputs["logits"], numbers(inputs["target"]), strict=True):
        for k, z in enumerate(row):
            if target >= 0:
                (positives if k + 1 == target else negatives).append(1 / (1 + exp(-z)))
    of_negatives = _expected(negatives, mp.mpf(config.get("negative_temperature", 0.1 / np.log(3.5))), 0)
    of_positives = _expected(positives, -mp.mpf(config.get("positive_temperature", 1.0)), 1)
    smoothness = mp.mpf(config.get("smoothness", 6.0))
    gap = of_negatives - of_positives + mp.mpf(config.get("margin", 0.5))
    found = mp.mpf(config.get("weight", 4.0)) / smoothness * log(1 + exp(smoothness * gap))
    return np.array(found, dtype=object)


_COSINES = r",\ s_{ij} = \cos(x_i, y_j) / \tau"

REFERENCES = (
    zoo(
        "InfoNCE",
        "Every query is to pick its own key out of all keys of the batch.",
        r"-\mathbb{E}_X \log \frac{f(x, c)}{\sum_{x_j \in X} f(x_j, c)}",
        REDUCED + r"l_i = -\log \frac{e^{\cos(q_i, k_i) / \tau}}{\sum_j e^{\cos(q_i, k_j) / \tau}}",
        _info_nce,
        paper="van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding, 2018",
    ),
    zoo(
        "NTXent",
        "Every view is to pick its partner out of all other views of the batch.",
        r"-\log \frac{\exp(\operatorname{sim}(z_i, z_j) / \tau)}{\sum_k [k \neq i] \exp(\operatorname{sim}(z_i, z_k) / \tau)}",
        REDUCED + r"l_i = -\log \frac{e^{\cos(z_i, z_{i'}) / \tau}}{\sum_{j \neq i} e^{\cos(z_i, z_j) / \tau}}",
        _nt_xent,
        paper="Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020, equation 1",
    ),
    zoo(
        "CLIP",
        "Every image picks its text, and every text its image.",
        r"\tfrac12 (\operatorname{CE}(s, I) + \operatorname{CE}(s^T, I))",
        REDUCED
        + r"l_i = -\tfrac12 \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}} - \tfrac12 \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}"
        + _COSINES,
        _clip,
        paper="Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021, figure 3",
    ),
    zoo(
        "SupCon",
        "Every row is to pick all rows of its class out of all others.",
        r"\sum_i \frac{-1}{|P(i)|} \sum_{p \in P(i)} \log \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \neq i} \exp(z_i \cdot z_a / \tau)}",
        REDUCED
        + r"l_i = -\frac{1}{|P_i|} \sum_{p \in P_i} \log \frac{e^{s_{ip}}}{\sum_{j \neq i} e^{s_{ij}}},"
        + r"\text{ the mean over } i \text{ with } |P_i| > 0",
        _sup_con,
        paper="Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, equation 2",
    ),
    zoo(
        "DistributionalRanking",
        "The scores of the objects rank above those of the background, as two distributions.",
        r"\min_\theta \sum_i \ell_{logistic}(P_{i-} - P_{i+} + \gamma)",
        r"\ell = \frac{w}{L} \log(1 + e^{L (P_- - P_+ + \gamma)}),\ P_\pm = \sum_i q_i p_i,"
        r"\ q = \operatorname{softmax}(\mp p / \lambda_\pm),\ p = \operatorname{sigmoid}(z)",
        _ranking,
        paper="Qian et al., DR Loss: Improving Object Detection by Distributional Ranking, CVPR 2020, equation 12",
    ),
)
