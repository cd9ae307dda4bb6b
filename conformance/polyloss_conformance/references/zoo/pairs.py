"""References for the losses of two vectors of which is known whether they belong together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, relu, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, cosine, reduced, zoo
from polyloss_conformance.references.zoo.metric_learning import Vector, apart


def _pairs(inputs: Inputs, config: Config, convention: str) -> Iterator[tuple[Vector, Vector, bool]]:
    """The two vectors of each pair, and whether they belong together."""
    width = inputs["x1"].shape[-1]
    rows = zip(inputs["x1"].reshape(-1, width), inputs["x2"].reshape(-1, width), inputs["label"].flat, strict=True)
    for a, b, label in rows:
        yield a, b, (label == 1) == (config.get("label_convention", convention) == "similar")


def _shaped(found: list[Number], inputs: Inputs, config: Config) -> Array:
    return reduced(np.array(found, dtype=object).reshape(inputs["label"].shape), config)


def _squares(inputs: Inputs, config: Config, convention: str, margin: float) -> list[Number]:
    found = []
    for a, b, alike in _pairs(inputs, config, convention):
        distance = apart(a, b, {})
        found.append(distance**2 if alike else relu(mp.mpf(margin) - distance) ** 2)
    return found


def _contrastive(inputs: Inputs, config: Config, call: Call) -> Array:
    factor = 2 if config.get("half", True) else 1
    found = _squares(inputs, config, "dissimilar", config.get("margin", 1.0))
    return _shaped([each / factor for each in found], inputs, config)


def _siamese(inputs: Inputs, config: Config, call: Call) -> Array:
    if config.get("kind", "contrastive") == "contrastive":
        margin = config.get("margin")
        found = _squares(inputs, config, "similar", 1.0 if margin is None else margin)
        return _shaped([each / 2 for each in found], inputs, config)
    margin = mp.mpf(config.get("margin") or 0.0)
    found = []
    for a, b, alike in _pairs(inputs, config, "similar"):
        found.append(1 - cosine(a, b) if alike else relu(cosine(a, b) - margin))
    return _shaped(found, inputs, config)


def _verification(inputs: Inputs, config: Config, call: Call) -> Array:
    (weight, bias) = (inputs["weight"], inputs.get("bias"))
    found = []
    for a, b, same in zip(inputs["x1"], inputs["x2"], inputs["label"], strict=True):
        squares = [(p - q) ** 2 for p, q in zip(a, b, strict=True)]
        heads = weight.reshape(-1, len(squares))
        logits = [total(w * f for w, f in zip(row, squares, strict=True)) for row in heads]
        if bias is not None:
            logits = [z + each for z, each in zip(logits, bias, strict=True)]
        if len(logits) == 1:
            logits = [mp.zero, *logits]
        normaliser = log(total(exp(z) for z in logits))
        found.append(-same * (logits[1] - normaliser) - (1 - same) * (logits[0] - normaliser))
    return reduced(found, config)


REFERENCES = (
    zoo(
        "Contrastive",
        "A pair that belongs together is pulled together, any other pushed apart up to a margin.",
        r"\sum_n (1 - Y) \tfrac12 D_W^2 + Y \tfrac12 [\max(0, m - D_W)]^2",
        REDUCED + r"l_n = \tfrac12 (1 - y_n) D_n^2 + \tfrac12 y_n \max(0, m - D_n)^2,\ D_n = \lVert a_n - b_n \rVert",
        _contrastive,
        paper="Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006",
    ),
    zoo(
        "Siamese",
        "The contrastive loss, or the cosine embedding loss, of the outputs of two towers.",
        r"\cos(a, b) \to 1 \text{ for genuine pairs}",
        REDUCED
        + r"l_n = y_n (1 - \cos(a_n, b_n)) + (1 - y_n) \max(0, \cos(a_n, b_n) - m), \text{ or the contrastive loss}",
        _siamese,
        paper="Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, NIPS 1993",
    ),
    zoo(
        "Verification",
        "A linear head on the squared differences of two vectors says whether they are of one identity.",
        r"-\delta_{ij} \log p(\delta_{ij} | f_{ij}) - (1 - \delta_{ij}) \log(1 - p(\delta_{ij} | f_{ij}))",
        REDUCED
        + r"l_n = -\delta_n \log p_n - (1 - \delta_n) \log(1 - p_n),"
        + r"\ p_n = \operatorname{softmax}(W (a_n - b_n)^2 + b)_1",
        _verification,
        paper="Zheng, Zheng and Yang, A Discriminatively Learned CNN Embedding for Person Reidentification, TOMM 14(1), 2017",
    ),
)
