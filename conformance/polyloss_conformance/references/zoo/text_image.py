"""References for the losses that match texts and images."""

from __future__ import annotations

from collections.abc import Sequence

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, log, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, cosine, reduced, softmax, zoo

Vector = Sequence[Number]


def _product(a: Vector, b: Vector) -> Number:
    return total(x * y for x, y in zip(a, b, strict=True))


def _by_words(regions: list[Vector], words: list[Vector], config: Config) -> Number:
    """How well an image and a text match: equations 7 to 10 of the paper."""
    (attending, choosing, _) = config.get("gammas", (5, 5, 10))
    if not words:
        return mp.zero
    columns = [softmax([_product(word, region) for word in words]) for region in regions]
    terms = []
    for t, word in enumerate(words):
        attention = softmax([mp.mpf(attending) * column[t] for column in columns])
        context = [_product(attention, [region[d] for region in regions]) for d in range(len(word))]
        terms.append(exp(mp.mpf(choosing) * cosine(context, word)))
    found = log(total(terms))
    return found / mp.mpf(choosing) if config.get("paper_exact", True) else found


def _vectors(features: Array) -> list[Vector]:
    """Features (D, ...) as vectors, one for each place."""
    flat = features.reshape(features.shape[0], -1)
    return [list(flat[:, place]) for place in range(flat.shape[1])]


def _damsm(inputs: Inputs, config: Config, call: Call) -> Array:
    batch = len(inputs["words"] if "words" in inputs else inputs["image"])
    kinds = []
    if "words" in inputs:
        lengths = [int(n) for n in inputs["lengths"]] if "lengths" in inputs else [None] * batch
        texts = [_vectors(inputs["words"][i])[: lengths[i]] for i in range(batch)]
        images = [_vectors(inputs["regions"][i]) for i in range(batch)]
        kinds.append([[_by_words(image, text, config) for text in texts] for image in images])
    if "image" in inputs:
        kinds.append([[cosine(list(a), list(b)) for b in inputs["sentence"]] for a in inputs["image"]])
    label = inputs.get("label")
    gamma = mp.mpf(config.get("gammas", (5, 5, 10))[2])
    direction = config.get("direction", "both")
    losses = []
    for i in range(batch):
        rivals = [j for j in range(batch) if label is None or j == i or label[j] != label[i]]
        loss = mp.zero
        for scores in kinds:
            if direction != "image":
                loss -= log(softmax([gamma * scores[i][j] for j in rivals])[rivals.index(i)])
            if direction != "text":
                loss -= log(softmax([gamma * scores[j][i] for j in rivals])[rivals.index(i)])
        losses.append(loss)
    return reduced(losses, config)


REFERENCES = (
    zoo(
        "DAMSM",
        "Every image is to pick its text, and every text its image, by words and as a whole.",
        r"\ell = -\sum_i \log P(D_i | Q_i) + \log P(Q_i | D_i),"
        r"\ P(D_i | Q_i) = \frac{e^{\gamma_3 R(Q_i, D_i)}}{\sum_j e^{\gamma_3 R(Q_i, D_j)}},"
        r"\ R(Q, D) = \log \Bigl(\sum_i e^{\gamma_2 R(c_i, e_i)}\Bigr)^{1 / \gamma_2}",
        REDUCED
        + r"l_i = \sum_S \log \sum_j e^{\gamma_3 (S_{ij} - S_{ii})} + \log \sum_j e^{\gamma_3 (S_{ji} - S_{ii})},"
        r"\ S \in \{R, \cos\}",
        _damsm,
        paper="Xu et al., AttnGAN, CVPR 2018, equations 7 to 12",
    ),
)
