"""References for metrics and for losses of sequences: straight from their definitions, by recursion and by counting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, cosine, fixed, reduced, softmax, zoo

Cost = Callable[[int, int], Number]


def _least(config: Config) -> Callable[[Sequence[Number]], Number]:
    """The minimum, hard or soft."""
    gamma = mp.mpf(config.get("gamma", 1.0)) if "_soft" in config else mp.zero
    if gamma == 0:
        return min
    return lambda options: -gamma * log(total(exp(-x / gamma) for x in options))


def _table(rows: int, columns: int, put: Cost, config: Config) -> Number:
    """The recursion over prefixes, cell by cell."""
    least = _least(config)
    (add, drop) = (mp.mpf(config.get(key, 1.0)) for key in ("insertion", "deletion"))
    table = {(0, t): t * drop for t in range(columns + 1)}
    for s in range(1, rows + 1):
        table[s, 0] = table[s - 1, 0] + add
        for t in range(1, columns + 1):
            table[s, t] = least(
                [table[s - 1, t] + add, table[s, t - 1] + drop, table[s - 1, t - 1] + put(s - 1, t - 1)]
            )
    return table[rows, columns]


def _normalized(distance: Number, rows: int, columns: int, config: Config) -> Number:
    mode = config.get("normalize", "none")
    if mode == "none":
        return distance
    size = columns if mode == "truth" else max(rows, columns)
    return distance / size if size else (mp.inf if rows else mp.zero)


def _lengths(inputs: Inputs, name: str, array: Array) -> list[int]:
    return [int(x) for x in inputs[name]] if name in inputs else [array.shape[1]] * len(array)


def _edit_distance(inputs: Inputs, config: Config, call: Call) -> Array:
    (a, b) = (inputs["hypothesis"], inputs["truth"])
    change = mp.mpf(config.get("substitution", 1.0))
    found = []
    for s, t, rows, columns in zip(
        a, b, _lengths(inputs, "hypothesis_length", a), _lengths(inputs, "truth_length", b), strict=True
    ):
        distance = _table(rows, columns, partial(_changed, s, t, change), config)
        found.append(_normalized(distance, rows, columns, config))
    return reduced(found, config)


def _changed(s: Array, t: Array, change: Number, i: int, j: int) -> Number:
    return mp.zero if s[i] == t[j] else change


def _missed(p: list[list[Number]], t: Array, i: int, j: int) -> Number:
    return 1 - p[i][int(t[j])]


def _soft_edit_distance(inputs: Inputs, config: Config, call: Call) -> Array:
    (x, b) = (inputs["logits"], inputs["target"])
    config = {**config, "_soft": True}
    found = []
    for scores, t, rows, columns in zip(
        x, b, _lengths(inputs, "logit_length", x), _lengths(inputs, "target_length", b), strict=True
    ):
        p = [softmax(list(row)) if config.get("from_logits", True) else list(row) for row in scores[:rows]]
        distance = _table(rows, columns, partial(_missed, p, t), config)
        found.append(_normalized(distance, rows, columns, config))
    return reduced(found, config)


def _minimum_risk(inputs: Inputs, config: Config, call: Call) -> Array:
    (scores, risks) = (inputs["score"], inputs["risk"])
    masks = inputs.get("mask", np.ones(scores.shape))
    found = []
    for row, risk, mask in zip(scores, risks, masks, strict=True):
        kept = [k for k in range(len(row)) if mask[k]]
        p = softmax([row[k] for k in kept]) if kept else []
        found.append(total(x * risk[k] for x, k in zip(p, kept, strict=True)))
    return reduced(found, config)


def _among(scores: Sequence[Number], relevant: Sequence[Number], config: Config) -> Number | None:
    """The share of relevant documents among the first R; None where none is."""
    wanted = int(total(relevant))
    if not wanted:
        return None
    if config.get("ties", "stable") == "stable":
        order = sorted(range(len(scores)), key=lambda d: (-scores[d], d))
        return total(relevant[d] for d in order[:wanted]) / wanted
    hits = mp.zero
    for d, score in enumerate(scores):
        higher = sum(1 for other in scores if other > score)
        equal = sum(1 for other in scores if other == score)
        hits += relevant[d] * min(max(mp.mpf(wanted - higher) / equal, mp.zero), mp.one)
    return hits / wanted


def _r_precision(inputs: Inputs, config: Config, call: Call) -> Array:
    found = [
        _among(list(s), list(y), config) for s, y in zip(fixed(inputs["scores"]), inputs["relevance"], strict=True)
    ]
    if config.get("empty", "zero") == "skip" and config.get("reduction", "mean") == "mean":
        found = [one for one in found if one is not None]
    return reduced([mp.zero if one is None else one for one in found], config)


def _text_image(inputs: Inputs, config: Config, call: Call) -> Array:
    found = []
    for query, candidates in zip(fixed(inputs["queries"]), fixed(inputs["candidates"]), strict=True):
        cosines = [cosine(list(query), list(candidate)) for candidate in candidates]
        found.append(_among(cosines, [mp.one] + [mp.zero] * (len(cosines) - 1), config))
    return reduced(found, config)


def _inception(inputs: Inputs, config: Config, call: Call) -> Array:
    rows = [list(row) for row in fixed(inputs["predictions"])]
    if config.get("from_logits", False):
        rows = [softmax(row) for row in rows]
    splits = config.get("splits", 10)
    found = []
    for begin, end in pairwise(split * len(rows) // splits for split in range(splits + 1)):
        piece = rows[begin:end]
        marginal = [mean(column) for column in zip(*piece, strict=True)]
        divergences = [total(p * log(p / m) for p, m in zip(row, marginal, strict=True) if p) for row in piece]
        found.append(exp(mean(divergences)))
    mode = config.get("reduction", "mean")
    if mode == "none":
        return np.array(found, dtype=object)
    if mode == "mean":
        return np.asarray(mean(found), dtype=object)
    spread = total((x - mean(found)) ** 2 for x in found) / (splits - config.get("ddof", 0))
    return np.asarray(mp.sqrt(spread), dtype=object)


_RECURSION = r"D(s, t) = \min\{ D(s-1, t) + c_i,\ D(s, t-1) + c_d,\ D(s-1, t-1) + "

REFERENCES = (
    zoo(
        "EditDistance",
        "The least number of insertions, deletions and substitutions between two sequences.",
        r"d_{ij} = \min\{ d_{i-1,j} + 1,\ d_{i,j-1} + 1,\ d_{i-1,j-1} + [a_i \ne b_j] \}",
        REDUCED + r"l_n = D(S_n, T_n), \quad " + _RECURSION + r"c_s [a_s \ne b_t] \}",
        _edit_distance,
        paper="Levenshtein, Binary Codes Capable of Correcting Deletions, Insertions, and Reversals, Soviet Physics Doklady 10(8), 1966",
    ),
    zoo(
        "SoftEditDistance",
        "The edit distance of a sequence of distributions, with expected substitutions and soft minima.",
        r"\operatorname{min}_\gamma x = -\gamma \log \sum_k e^{-x_k / \gamma}",
        REDUCED
        + r"l_n = D(S_n, T_n), \quad "
        + _RECURSION.replace(r"\min", r"\operatorname{min}_\gamma")
        + r"1 - p_s[b_t] \}",
        _soft_edit_distance,
        paper="Levenshtein 1966 with the soft minimum of Cuturi and Blondel, Soft-DTW, ICML 2017",
    ),
    zoo(
        "MinimumRisk",
        "The expected risk of a list of hypotheses under their renormalized probabilities.",
        r"\sum_{y_i \in \text{n-best}} \hat{P}(y_i \mid x)\, W(y_i, y^*)",
        REDUCED + r"l_n = \sum_k \operatorname{softmax}(s_n)_k\, r_{nk}",
        _minimum_risk,
        paper="Prabhavalkar et al., Minimum Word Error Rate Training for Attention-based Sequence-to-sequence Models, ICASSP 2018",
    ),
    zoo(
        "RPrecision",
        "The share of relevant documents among as many as there are, at the head of a ranking.",
        r"\text{R-precision} = \frac{|\{\text{relevant}\} \cap \{\text{first } R\}|}{R}",
        r"\ell = \operatorname{mean}_n \frac{1}{R_n} \sum_{d:\ \operatorname{rank}_n(d) \le R_n} y_{nd}",
        _r_precision,
        paper="Buckley and Voorhees, Retrieval System Evaluation, in TREC: Experiment and Evaluation in Information Retrieval, 2005",
    ),
    zoo(
        "TextImageRPrecision",
        "How often the true caption of an image is the nearest of all candidates.",
        r"\operatorname{mean}_n [\, \text{the true caption has rank } 1 \,]",
        r"\ell = \operatorname{mean}_n [\, 0 = \operatorname{argmax}_k \cos(q_n, c_{nk}) \,]",
        _text_image,
        paper="Xu et al., AttnGAN: Fine-Grained Text to Image Generation with Attentional Generative Adversarial Networks, CVPR 2018",
    ),
    zoo(
        "InceptionScore",
        "How sharp and how varied the classes are that a classifier sees in generated samples.",
        r"\exp\left(\mathbb{E}_x \operatorname{KL}(p(y \mid x) \,\|\, p(y))\right)",
        r"\ell = \operatorname{mean}_s \exp\Big(\operatorname{mean}_{n \in s} \sum_c p_{nc} (\log p_{nc} - \log \bar{p}_{sc})\Big)",
        _inception,
        paper="Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016",
    ),
)
