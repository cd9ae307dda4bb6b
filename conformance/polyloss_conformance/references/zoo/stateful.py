"""References for the losses that compare with a memory of what was seen before."""

from __future__ import annotations

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import NEAR, exp, log, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo
from polyloss_conformance.references.zoo.metric_learning import numbers


def _center(inputs: Inputs, config: Config, call: Call) -> Array:
    centers = inputs["centers"] if config.get("learnable") else fixed(inputs["centers"])
    factor = 2 if config.get("half", True) else 1
    (found, counted) = ([], 0)
    for row, label in zip(inputs["x"], numbers(inputs["label"]), strict=True):
        counted += label >= 0
        squares = [(a - c) ** 2 for a, c in zip(row, centers[label], strict=True)] if label >= 0 else []
        found.append(total(squares) / factor)
    return reduced(found, config, count=counted)


def _oim(inputs: Inputs, config: Config, call: Call) -> Array:
    (lut, queue) = (fixed(inputs["lut"]), fixed(inputs["queue"]))
    temperature = mp.mpf(config.get("temperature", 0.1))
    (found, counted) = ([], 0)
    for row, label in zip(inputs["x"], numbers(inputs["label"]), strict=True):
        if not 0 <= label < len(lut):
            found.append(mp.zero)
            continue
        counted += 1
        length = mp.sqrt(total(a * a for a in row))
        unit = [a / length if length > mp.mpf(NEAR) else mp.zero for a in row]
        powers = [exp(total(a * b for a, b in zip(unit, other, strict=True)) / temperature) for other in [*lut, *queue]]
        candidates = [
            power
            for j, (power, other) in enumerate(zip(powers, [*lut, *queue], strict=True))
            if j == label or not config.get("mask_empty") or any(a != 0 for a in other)
        ]
        found.append(log(total(candidates)) - log(powers[label]))
    return reduced(found, config, count=counted)


REFERENCES = (
    zoo(
        "Center",
        "Every vector is pulled to the center of its class, which a memory keeps.",
        r"\tfrac12 \sum_{i=1}^m \lVert x_i - c_{y_i} \rVert_2^2",
        REDUCED + r"l_i = \tfrac12 \lVert x_i - c_{y_i} \rVert^2",
        _center,
        paper="Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, ECCV 2016, equations 2 and 4",
    ),
    zoo(
        "OIM",
        "A person is to match the memory of its identity, out of all identities and strangers.",
        r"p_i = \frac{\exp(v_i^T x / \tau)}{\sum_j \exp(v_j^T x / \tau) + \sum_k \exp(u_k^T x / \tau)},\ \mathcal{L} = E_x [\log p_t]",
        REDUCED
        + r"l_i = -\log \frac{e^{\hat x_i \cdot v_{y_i} / \tau}}"
        + r"{\sum_j e^{\hat x_i \cdot v_j / \tau} + \sum_k e^{\hat x_i \cdot u_k / \tau}},"
        + r"\text{ the mean over the rows with an identity}",
        _oim,
        paper="Xiao et al., Joint Detection and Identification Feature Learning for Person Search, CVPR 2017",
    ),
)
