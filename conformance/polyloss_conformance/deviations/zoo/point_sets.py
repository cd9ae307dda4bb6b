"""Discrepancies of the distances of point sets, and of a template from an edge image."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_EDGES = [[[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]]
_TEMPLATE = [[[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]]
_SETS = {"x": [[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]], "y": [[[0.5, 1.0], [2.0, 0.25]]]}


def _of_what_is_no_edge(template: Array, image: Array) -> float:
    """The score with a template in which edges are 0 and all else is 1."""
    edges = np.argwhere(image[0] == 1)
    pixels = np.argwhere(template[0] == 0)
    return float(np.mean([np.min(np.sqrt(np.sum((edges - p) ** 2, axis=1))) for p in pixels]))


def _means_of_distances(x: Array, y: Array) -> float:
    table = np.sqrt(np.sum((x[0][:, None] - y[0][None]) ** 2, axis=2))
    return float(table.min(axis=1).mean() + table.min(axis=0).mean())


FINDINGS = (
    discrepancy(
        "zoo-L23-chamfer-edges",
        "A template whose edges are 0 and whose rest is 1, put into the printed sum over the template, scores all that is no edge.",
        LIST
        + "Chamfer: the figure's text describes the input of a distance transform, its formula is a sum over the template's points;"
        " Borgefors 1988: the average is over the edge points",
        example("ChamferTemplate", {"template": _TEMPLATE, "image": _EDGES}),
        _of_what_is_no_edge,
        (1.419352365, 1.4714045208),
    ),
    discrepancy(
        "zoo-L23-chamfer-name",
        "Of point sets the name means a sum of squares to some, and the means of distances to others; the list has neither.",
        LIST + "Chamfer: template matching only; Fan, Su and Guibas 2017, equation 1: sums of squares;"
        " point-cloud-utils 0.34.0, chamfer_distance: means of distances",
        example("Chamfer", _SETS),
        _means_of_distances,
        (2.1633533255, 5.875),
        by="point-cloud-utils",
    ),
)
