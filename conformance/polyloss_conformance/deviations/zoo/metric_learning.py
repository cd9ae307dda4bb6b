"""Discrepancies of the losses of vectors that are compared with one another: the list's ledger, each measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.record import SOURCE, Example, Finding, Measurement, close, plain
from polyloss_conformance.deviations.zoo.common import LIST, beside_its_class, discrepancy, example
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.vectors import shared

_WHOLE = {"label": "int64"}
_ROWS = {"x": shared("E"), "label": shared("L")}
_PAIRS = {"x1": shared("X1"), "x2": shared("X2"), "label": shared("SAME")}
_CENTERS = {"x": shared("E"), "label": shared("Lc"), "centers": [[0.9, 0.1, 0.4], [0.1, 0.8, 0.0], [-0.3, 0.0, 1.0]]}
_TRIPLETS = {"anchor": shared("A_E"), "positive": shared("P_E"), "negative": shared("N_E"), "other": shared("N2_E")}
_MARGIN = {"margin": 2.0}
_MEMORY = {"lut": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "queue": [[0.6, 0, 0.8], [0, -0.6, 0.8]]}
_SCORES = [[1.2, -0.5], [0.3, 0.8], [-2.0, -1.0], [0.1, -3.0]]


def _ranking_of_images(logits: Array, target: Array) -> float:
    """The figure's term of one image: the distributional ranking loss without a weight."""
    p = 1 / (1 + np.exp(-logits))
    positive = target[:, None] == np.arange(1, p.shape[1] + 1)
    negative = ~positive & (target >= 0)[:, None]
    (scores, ranks) = ([p[mask] for mask in (negative, positive)], [np.log(3.5) / 0.1, -1.0])
    (low, high) = (float(np.average(s, weights=np.exp(s * rank))) for s, rank in zip(scores, ranks, strict=True))
    return float(np.log1p(np.exp(6.0 * (low - high + 0.5))) / 6.0)


def _distances(x: Array) -> Array:
    return np.asarray(np.linalg.norm(x[:, None] - x[None], axis=-1))


def _literal_verification(x1: Array, x2: Array, label: Array, weight: Array) -> Array:
    """Both terms with the probability of what is the case, ``p(label | f)``."""
    p = 1 / (1 + np.exp(-(np.square(x1 - x2) @ weight)))
    given = np.where(label == 1, p, 1 - p)
    return np.asarray(-label * np.log(given) - (1 - label) * np.log(1 - given))


def _empty_mask_quadruplet(x: Array, label: Array) -> Array:
    """The nearest strangers among pairs that are positive and negative at once."""
    same = label[:, None] == label[None]
    distances = _distances(x)
    near = np.where(same & ~np.eye(len(x), dtype=bool), distances, 0.0).max(1)
    far = np.where(same, np.inf, distances).min(1)
    strangers = np.where(same & ~same, distances, np.inf).min(initial=np.inf)
    return np.asarray(np.maximum(0.0, 2 * near - far - strangers + 2.0))


def _fused_quadruplet(x: Array, label: Array) -> Array:
    """One hinge for both terms, with the strangers that were meant."""
    same = label[:, None] == label[None]
    distances = _distances(x)
    near = np.where(same & ~np.eye(len(x), dtype=bool), distances, 0.0).max(1)
    far = np.where(same, np.inf, distances).min(1)
    strangers = [
        min(distances[k, m] for k in range(len(x)) for m in range(len(x)) if len({own, label[k], label[m]}) == 3)
        for own in label
    ]
    return np.asarray(np.maximum(0.0, 2 * near - far - np.array(strangers) + 2.0))


def _one_margin(anchor: Array, positive: Array, negative: Array, other: Array) -> Array:
    (near, far, strangers) = (
        np.linalg.norm(a - b, axis=-1) for a, b in ((anchor, positive), (anchor, negative), (negative, other))
    )
    return np.asarray(np.maximum(0.0, near - far + 2.0) + np.maximum(0.0, near - strangers + 2.0))


def _triplets(anchor: Array, positive: Array, negative: Array, power: int = 1) -> Array:
    """The triplet loss of each row, of distances to a power, with a margin of 2."""
    (near, far) = (np.linalg.norm(anchor - other, axis=-1) ** power for other in (positive, negative))
    return np.asarray(np.maximum(0.0, near - far + 2.0))


def _of_cosines(x1: Array, x2: Array, label: Array) -> Array:
    """One less the cosine for a pair that belongs together, the cosine above 0 for any other."""
    cos = (x1 * x2).sum(-1) / (np.linalg.norm(x1, axis=-1) * np.linalg.norm(x2, axis=-1))
    return np.where(label == 1, 1 - cos, np.maximum(0.0, cos))


def _first_memory(x: Array, label: Array, lut: Array, queue: Array) -> float:
    """Another meaning of the name: all identities at temperature 1, and no strangers."""
    rows = x / np.linalg.norm(x, axis=1, keepdims=True) @ lut.T
    (known, own) = (label >= 0, label[label >= 0].astype(int))
    return float((np.log(np.exp(rows[known]).sum(1)) - rows[known, own]).mean())


def _shifted(x1: Array, x2: Array, label: Array) -> Array:
    """The distance with 1e-6 added to every difference, no half, a margin of 2."""
    distance = np.linalg.norm(x1 - x2 + 1e-6, axis=-1)
    return np.where(label == 1, distance**2, np.maximum(0.0, 2.0 - distance) ** 2)


def _expanded_squares(x: Array, label: Array, centers: Array) -> Array:
    """``|x|^2 + |c|^2 - 2 x.c`` in float32: squares rounded one by one, products as a matrix product adds them up, without rounding."""
    (a, c) = (x.astype(np.float32), centers[label].astype(np.float32))
    (of_x, of_c) = (_add_up(np.square(each)) for each in (a, c))
    products = np.sum(a.astype(np.float64) * c, axis=1).astype(np.float32)
    return np.asarray((of_x + of_c) - np.float32(2) * products, np.float64)


def _add_up(terms: Array) -> Array:
    """The sum of each row, rounded after every step."""
    return np.asarray(np.add.accumulate(terms, axis=1, dtype=np.float32)[:, -1])


def _moves() -> Measurement:
    """The step of the centers: by the paper's rule, and by the gradient of the printed loss."""
    case = Example(
        "Center",
        _CENTERS,
        {"half": False, "learnable": True},
        dtype="float64",
        wrt=("centers",),
        dtypes=_WHOLE,
        dialect="zoo",
    ).case()
    found = slopes(dialects.reference(case).compute, inputs_of(case), case.config, case.call, 1.0, case.wrt)
    (x, label, centers) = (np.asarray(_CENTERS[name]) for name in ("x", "label", "centers"))
    rule = np.array(
        [(centers[j] - x[label == j]).sum(0) / (1 + (label == j).sum()) for j in range(len(centers))], dtype=np.float64
    )
    by_gradient = [[0, -1 / 30, -1 / 30], [0.2, 2 / 15, -11 / 30], [1 / 30, 1 / 15, 1 / 15]]
    by_rule = [[0, -1 / 30, -1 / 30], [0.15, 0.1, -0.275], [0.05, 0.1, 0.1]]
    gradient = found["centers"].lower
    numbers = [
        {"quantity": "step of the centers, divided by its rate", "source": plain(gradient), "paper": plain(rule)}
    ]
    return Measurement(numbers, close(gradient, by_gradient) and close(rule, by_rule) and not close(gradient, rule))


def _circle_gradient() -> Measurement:
    """The gradient of the second row, with the weights as constants and with them differentiated."""

    def gradient(config: Mapping[str, Any]) -> Array:
        case = Example(
            "Circle", _ROWS, {"gamma": 64.0, **config}, dtype="float64", wrt=("x",), dtypes=_WHOLE, dialect="zoo"
        ).case()
        found = slopes(dialects.reference(case).compute, inputs_of(case), case.config, case.call, 1.0, case.wrt)
        return np.asarray(found["x"].lower)

    (fixed, differentiated) = (gradient({"fixed_weights": each}) for each in (True, False))
    holds = (
        close(fixed[0], [-0.0013138608, -0.9046366967, 0.0026277216])
        and close(fixed[1], [-5.126974, 19.601163, -4.446925])
        and close(differentiated[1], [-6.146350, 23.815111, -5.568633])
    )
    row = {"quantity": "gradient of row 1", "keras": plain(differentiated[1]), "paper": plain(fixed[1])}
    return Measurement([row], holds)


FINDINGS = (
    discrepancy(
        "zoo-L11-verification-probability",
        "Printed with p(delta | f) in both terms: if that is the probability of what is the case, the second term penalises a right"
        " answer on two identities. The p of both terms is the probability that they are one.",
        LIST + "Verification: the formula",
        example(
            "Verification",
            {"x1": [[1.0]], "x2": [[0.0]], "label": [0.0], "weight": [-np.log(4.0)]},
            {"reduction": "none"},
        ),
        _literal_verification,
        ([1.609438], [0.223144]),
    ),
    discrepancy(
        "zoo-L12-oim",
        "Under the heading stands prose: a table of identities, a circular queue of strangers, no parameters. Taken is the paper's equation"
        " with both, at a temperature of 0.1. The same name is given to a softmax over the table alone, at temperature 1.",
        LIST + "OIM: a heading and a picture of text; Xiao et al. 2017, equations 1 to 3",
        example("OIM", {"x": shared("E"), "label": [0, 0, 1, -1, 2, -1], **_MEMORY}, {}, _WHOLE),
        _first_memory,
        (0.6668008137, 0.3775231264),
        by="the table alone",
    ),
    discrepancy(
        "zoo-L13-center-forward",
        "The snippet's forward stands beside its class, one indentation short: the class has none, and a call of the loss raises.",
        LIST + "Center: the code",
        example("Center", _CENTERS, {}, _WHOLE),
        beside_its_class,
        ("NotImplementedError: Loss has no forward", 0.1783333333),
    ),
    Finding(
        "zoo-L14-center-rule",
        SOURCE,
        "zoo/Center",
        "The snippet divides by the batch, without the factor 1/2, and trains the centers by gradient, though the figure beside it shows"
        " the paper's rule, by which a center moves less the fewer of its rows there are.",
        LIST + "Center: the code, and the figure; Wen et al. 2016, equation 4",
        _moves,
    ),
    discrepancy(
        "zoo-L15-center-distances",
        "The snippet expands the squared distance to |x|^2 + |c|^2 - 2 x.c, without the clamp of the code it comes from: of near vectors of"
        " length 1e3 it comes out below 0 in float32.",
        LIST + "Center: the code",
        example(
            "Center",
            {"x": [[626.0, 1749.0, 1680.6]], "label": [0], "centers": [[626.0, 1749.0, 1680.6]]},
            {"half": False, "reduction": "none"},
            _WHOLE,
        ),
        _expanded_squares,
        ([-1.0], [0.0]),
    ),
    discrepancy(
        "zoo-L16-circle-forward",
        "The snippet's forward stands beside its class; there is nothing that makes similarities of vectors, and its logarithm of a sum of"
        " exponentials goes over the first axis, which is right for the pairs of a whole batch in one row only.",
        LIST + "Circle: the code",
        example("Circle", _ROWS, {"gamma": 64.0}, _WHOLE),
        beside_its_class,
        ("NotImplementedError: Loss has no forward", 2.0742174573),
    ),
    discrepancy(
        "zoo-L17-triplet-squared",
        "Distance, margin and reduction are left open, and the loss is called one of regression. The distance is the Euclidean one here, as"
        " in PyTorch; FaceNet and Gluon square it, which is another loss with the same margin.",
        LIST + "Triplet: the code; Schroff et al. 2015, section 3.1: squares",
        example("Triplet", {name: _TRIPLETS[name] for name in ("anchor", "positive", "negative")}, _MARGIN),
        lambda anchor, positive, negative: _triplets(anchor, positive, negative, power=2).mean(),
        (0.1633333333, 0.9295585179),
        by="squared",
    ),
    discrepancy(
        "zoo-L17-triplet-sum",
        "Of a batch the code gives one number for each triplet and says nothing of their reduction. Here it is their mean; FaceNet prints"
        " their sum.",
        LIST + "Triplet: the code; Schroff et al. 2015, section 3.1: a sum",
        example("Triplet", {name: _TRIPLETS[name] for name in ("anchor", "positive", "negative")}, _MARGIN),
        lambda anchor, positive, negative: _triplets(anchor, positive, negative).sum(),
        (2.7886755537, 0.9295585179),
        by="sum",
    ),
    discrepancy(
        "zoo-L18-contrastive-half",
        "The snippet lacks the factor 1/2 that its own figure has, and takes its distance from a function that adds 1e-6 to every"
        " difference; that its label 1 says dissimilar, it does not say.",
        LIST + "Contrastive: the code, and the figure",
        example("Contrastive", _PAIRS, {"margin": 2.0, "label_convention": "similar", "reduction": "none"}),
        _shifted,
        ([0.14, 0.307266852, 0.1400004, 0.3072677723], [0.07, 0.153633541, 0.07, 0.153633541]),
    ),
    discrepancy(
        "zoo-L19-quadruplet-empty-mask",
        "The mask of the strangers is that of pairs both positive and negative: always empty. The least of nothing is infinite, so the loss"
        " is 0 whatever the vectors.",
        LIST + "Quadruplet: the code",
        example("BatchHardQuadruplet", _ROWS, {"margin": 2.0, "margin2": 1.0, "reduction": "none"}, _WHOLE),
        _empty_mask_quadruplet,
        ([0.0] * 6, [1.0991285916, 1.4596052161, 1.3065190438, 1.4032986463, 1.4596052161, 1.4032986463]),
    ),
    discrepancy(
        "zoo-L20-quadruplet-one-hinge",
        "Both terms stand under one maximum, with one margin: an easy negative excuses near strangers. The paper has two.",
        LIST + "Quadruplet: the code; Chen et al. 2017",
        example("BatchHardQuadruplet", _ROWS, {"margin": 2.0, "margin2": 1.0, "reduction": "none"}, _WHOLE),
        _fused_quadruplet,
        (
            [0.0991285916, 0.4596052161, 0.3065190438, 0.4032986463, 0.4596052161, 0.4032986463],
            [1.0991285916, 1.4596052161, 1.3065190438, 1.4032986463, 1.4596052161, 1.4032986463],
        ),
    ),
    discrepancy(
        "zoo-L21-quadruplet-one-margin",
        "The figure has one margin for both terms. In the paper the second term, which is not about the anchor, has a smaller one.",
        LIST + "Quadruplet: the figure; Chen et al. 2017",
        example("Quadruplet", _TRIPLETS, {"margin": 2.0, "margin2": 1.0, "reduction": "none"}),
        _one_margin,
        ([1.9988077668, 1.8601930, 1.7183503], [0.9988077668, 1.0703252576, 0.7898677869]),
    ),
    discrepancy(
        "zoo-L22-siamese-cosine",
        "A network of two towers is listed as a loss; its text mixes a cosine distance with the contrastive loss, which is Euclidean. These"
        " are two losses: `kind` says which.",
        LIST + "Siamese: text; Bromley et al. 1993: the cosine",
        example("Siamese", _PAIRS, {"kind": "contrastive", "reduction": "none"}),
        _of_cosines,
        ([0.0519090737, 0.0877058019, 0.0694991442, 0.028329635], [0.07, 0.0, 0.07, 0.0]),
        by="cosine",
    ),
    discrepancy(
        "zoo-L24-ranking-weight",
        "The figure has no weight, and sums over the images of a batch; the code beside it is the authors': one number for the whole batch,"
        " times 4.",
        LIST + "Distributional Ranking: the figure; Qian et al. 2020, equation 12, and their code",
        example("DistributionalRanking", {"logits": _SCORES, "target": [1, 2, 0, -1]}, {}, {"target": "int64"}),
        lambda logits, target: _ranking_of_images(logits[:1], target[:1]) + _ranking_of_images(logits[1:], target[1:]),
        (0.5718490, 1.386301339),
    ),
    Finding(
        "zoo-X2-circle-weights",
        SOURCE,
        "zoo/Circle",
        "keras.losses.Circle (3.15) differentiates the weights of its exponents, which in the paper are constants: its values are"
        " those of pytorch-metric-learning, its gradients are not.",
        "keras/src/losses/losses.py, circle: no stop_gradient; Sun et al. 2020, section 3.2; pytorch-metric-learning 2.9.0 for row 0",
        _circle_gradient,
    ),
)
