"""References for the softmax of cosines with a margin: the angles are taken by the arc cosine, as the papers print them."""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import NEAR, Number, exact, log_softmax, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.classification import by_position
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo

_NOTHING = mp.mpf(NEAR)
"""Up to this length a vector is zero, and a constant for the gradient."""


def _length(v: Array) -> Number:
    return mp.sqrt(total(x * x for x in v))


def _cosine(x: Array, w: Array) -> Number:
    lengths = _length(x) * _length(w)
    return total(a * b for a, b in zip(x, w, strict=True)) / lengths if lengths > _NOTHING else mp.zero


def _margined(
    inputs: Inputs, config: Config, harder: Callable[[Number, Number], Number], scale: Callable[[Array], Number]
) -> Array:
    """The losses, where the logit of the right class is `harder` of its cosine and its angle."""
    (found, counted) = ([], 0)
    for x, label in zip(inputs["pred"], inputs["target"], strict=True):
        if label == config.get("ignore_index"):
            found.append(mp.zero)
            continue
        logits = [_cosine(x, w) for w in inputs["weight"]]
        own = logits[int(label)]
        nowhere = _length(x) <= _NOTHING
        logits[int(label)] = harder(own, mp.nan if nowhere else mp.acos(max(min(own, mp.one), -mp.one)))
        rows = exact([scale(x) * one for one in logits])
        found.append(-log_softmax(rows, 0)[int(label)])
        counted += 1
    return reduced(by_position(found, inputs), config, count=counted)


def _arcface(inputs: Inputs, config: Config, call: Call) -> Array:
    (scale, margin) = (mp.mpf(config.get("scale", 64.0)), mp.mpf(config.get("margin", 0.5)))

    def harder(cosine: Number, angle: Number) -> Number:
        if angle != angle:  # of a zero vector
            return cosine
        if config.get("monotone", True) and angle >= mp.pi - margin:
            return cosine - margin * mp.sin(margin)
        return mp.cos(angle + margin)

    return _margined(inputs, config, harder, lambda x: scale)


def _cosface(inputs: Inputs, config: Config, call: Call) -> Array:
    (scale, margin) = (mp.mpf(config.get("scale", 64.0)), mp.mpf(config.get("margin", 0.35)))
    return _margined(inputs, config, lambda cosine, angle: cosine - margin, lambda x: scale)


def _sphereface(inputs: Inputs, config: Config, call: Call) -> Array:
    (scale, margin) = (config.get("scale"), config.get("margin", 4))

    def harder(cosine: Number, angle: Number) -> Number:
        angle = mp.pi / 2 if angle != angle else angle
        k = min(int(mp.floor(margin * angle / mp.pi)), margin - 1)
        return (-1) ** k * mp.cos(margin * angle) - 2 * k

    return _margined(inputs, config, harder, lambda x: _length(x) if scale is None else mp.mpf(scale))


_SOFTMAX = r"l_n = -\log \frac{e^{s \psi(\theta_{n y_n})}}{e^{s \psi(\theta_{n y_n})} + \sum_{j \ne y_n} e^{s \cos \theta_{nj}}}, \quad "

REFERENCES = (
    zoo(
        "ArcFace",
        "Softmax cross entropy of cosines, with a margin added to the angle of the right class.",
        _SOFTMAX + r"\psi(\theta) = \cos(\theta + m)",
        REDUCED + _SOFTMAX + r"\psi(\theta) = \cos \theta \cos m - \sin \theta \sin m; \text{ monotone: }"
        r" \psi(\theta) = \cos \theta - m \sin m \text{ where } \theta \ge \pi - m",
        _arcface,
        paper="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019",
    ),
    zoo(
        "CosFace",
        "Softmax cross entropy of cosines, with a margin taken off the cosine of the right class.",
        _SOFTMAX + r"\psi(\theta) = \cos \theta - m",
        REDUCED + _SOFTMAX + r"\psi(\theta) = \cos \theta - m",
        _cosface,
        paper="Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018",
    ),
    zoo(
        "SphereFace",
        "Softmax cross entropy of cosines, with the angle of the right class multiplied.",
        _SOFTMAX
        + r"\psi(\theta) = (-1)^k \cos(m \theta) - 2 k, \quad k = \lfloor m \theta / \pi \rfloor, \quad s = |x_n|",
        REDUCED + _SOFTMAX + r"\psi(\theta) = (-1)^k T_m(\cos \theta) - 2 k, \quad s = |x_n| \text{ or a constant}",
        _sphereface,
        paper="Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR 2017",
    ),
)
