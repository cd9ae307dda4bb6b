"""References for the distances of point sets, and of a template from an edge image."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _between(p: Array, q: Array, config: Config) -> Number:
    square = total((a - b) ** 2 for a, b in zip(p, q, strict=True))
    return square if config.get("squared", True) else mp.sqrt(square)


def _members(points: Array, mask: Array | None) -> list[Array]:
    return [point for i, point in enumerate(points) if mask is None or mask[i] != 0]


def _directed(ours: list[Array], theirs: list[Array], config: Config) -> Number:
    if not ours or not theirs:
        return mp.zero
    nearest = [min(_between(p, q, config) for q in theirs) for p in ours]
    return mean(nearest) if config.get("points") == "mean" else total(nearest)


def _chamfer(inputs: Inputs, config: Config, call: Call) -> Array:
    direction = config.get("direction", "both")
    losses = []
    for b in range(len(inputs["x"])):
        (x, y) = (
            _members(inputs[name][b], inputs[f"{name}_mask"][b] if f"{name}_mask" in inputs else None) for name in "xy"
        )
        forth = _directed(x, y, config) if direction != "y" else mp.zero
        back = _directed(y, x, config) if direction != "x" else mp.zero
        losses.append(forth + back)
    return reduced(losses, config)


def _pixels(p: tuple[int, ...], q: tuple[int, ...], metric: str) -> Number:
    steps = [mp.mpf(abs(a - b)) for a, b in zip(p, q, strict=True)]
    if metric == "euclidean":
        return mp.sqrt(total(step**2 for step in steps))
    return total(steps) if metric == "cityblock" else max(steps)


def _template(inputs: Inputs, config: Config, call: Call) -> Array:
    metric = config.get("metric", "euclidean")
    scores = []
    for template, image in zip(inputs["template"], inputs["image"], strict=True):
        edges = [q for q in np.ndindex(image.shape) if image[q] != 0]
        weights = [(p, template[p]) for p in np.ndindex(template.shape) if template[p] != 0]
        if not weights:
            scores.append(mp.zero)
        elif not edges:
            scores.append(mp.inf)
        else:
            apart = total(weight * min(_pixels(p, q, metric) for q in edges) for p, weight in weights)
            scores.append(apart / total(weight for _, weight in weights))
    return reduced(scores, config)


REFERENCES = (
    zoo(
        "Chamfer",
        "From every point of two sets to the nearest of the other set.",
        r"d(S_1, S_2) = \sum_{x \in S_1} \min_{y \in S_2} \lVert x - y \rVert_2^2"
        r" + \sum_{y \in S_2} \min_{x \in S_1} \lVert x - y \rVert_2^2",
        REDUCED
        + r"l_b = \sum_i \min_j \lVert x_{bi} - y_{bj} \rVert^2 + \sum_j \min_i \lVert x_{bi} - y_{bj} \rVert^2",
        _chamfer,
        paper="Fan, Su and Guibas, A Point Set Generation Network for 3D Object Reconstruction from a Single Image, CVPR 2017",
    ),
    zoo(
        "ChamferTemplate",
        "The mean distance of a template's edges from those of an image.",
        r"D(T, I) = \frac{1}{|T|} \sum_{t \in T} d_I(t)",
        REDUCED
        + r"l_b = \frac{\sum_p t_{bp} d_b(p)}{\sum_p t_{bp}},\ d_b(p) = \min_{y'} \sqrt{(y - y')^2 + \min_{x'} (x - x')^2}",
        _template,
        paper="Borgefors, Hierarchical Chamfer Matching: A Parametric Edge Matching Algorithm, TPAMI 10(6), 1988",
    ),
)
