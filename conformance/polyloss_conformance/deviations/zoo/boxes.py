"""Discrepancies of the losses on the overlap of boxes."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_SIDES = {
    "pred": [[1.0, 2.0, 3.0, 1.0], [0.5, 0.5, 0.5, 0.5], [2.0, 2.0, 2.0, 2.0]],
    "target": [[2.0, 1.0, 2.0, 2.0], [0.5, 0.5, 0.5, 0.5], [1.0, 3.0, 1.0, 3.0]],
}
_CONFIG = {"form": "ltrb", "kind": "log", "reduction": "none"}


def _one_below_the_line(pred: Array, target: Array) -> Array:
    """The list's code with its blank filled in as its figure has it."""
    nearer = np.minimum(pred, target)
    common = (nearer[:, 0] + nearer[:, 2]) * (nearer[:, 1] + nearer[:, 3])
    (found, wanted) = ((box[:, 0] + box[:, 2]) * (box[:, 1] + box[:, 3]) for box in (pred, target))
    return np.asarray(-np.log(common / (found + wanted - common + 1.0)))


def _wrong_signs(pred: Array, target: Array) -> Array:
    """UnitBox's areas of boxes whose sides are not clamped: two that are apart in both directions overlap."""
    (width, height) = (
        np.minimum(pred[:, i + 2], target[:, i + 2]) - np.maximum(pred[:, i], target[:, i]) for i in (0, 1)
    )
    areas = [(box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]) for box in (pred, target)]
    return np.asarray(1 - width * height / (areas[0] + areas[1] - width * height))


FINDINGS = (
    discrepancy(
        "zoo-L25-iou",
        "The list's code leaves a blank for the intersection, which is a syntax error, and adds 1 below the line only: a perfect box of"
        " area 1 costs log 2.",
        LIST + "IoU: code; Yu et al. 2016, algorithm 1, has no such term, FCOS adds 1 above the line as well",
        example("IoU", _SIDES, _CONFIG),
        _one_below_the_line,
        (
            [1.1526795099383855, 0.6931471805599453, 0.9650808960435872],
            [1.0986122886681098, 0.0, 0.9162907318741551],
        ),
    ),
    discrepancy(
        "zoo-iou-signs",
        "Without a clamp two negative sides of the intersection make a positive area: boxes that are apart seem to overlap.",
        "Yu et al. 2016, algorithm 1: written for distances that are not negative",
        example("IoU", {"pred": [[0.0, 0.0, 1.0, 1.0]], "target": [[2.0, 2.0, 3.0, 3.0]]}, {"reduction": "none"}),
        _wrong_signs,
        ([0.0], [1.0]),
        by="not clamped",
    ),
)
