"""Discrepancies of the losses of images and of their features."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_BRIGHT = {"pred": [[[0.25, 0.5], [0.75, 1.0]]], "target": [[[0.5, 0.25], [0.75, 0.5]]]}
_WHOLE = {"window": 2, "sigma": None}
_FEATURES = {"pred": [[[1.0, 0.5], [0.0, 2.0]]], "target": [[[0.5, 0.5], [1.0, 1.5]]]}


def _similarity(pred: Array, target: Array) -> float:
    """Of two images that are one uniform window."""
    (mx, my) = (pred.mean(), target.mean())
    common = np.mean((pred - mx) * (target - my))
    above = (2 * mx * my + 0.01**2) * (2 * common + 0.03**2)
    return float(above / ((mx**2 + my**2 + 0.01**2) * (pred.var() + target.var() + 0.03**2)))


def _unscaled(pred: Array, target: Array) -> float:
    """The style loss of Gatys et al. 2016, of features (1, C, P)."""
    (_, channels, places) = pred.shape
    (ours, theirs) = (one[0] @ one[0].T for one in (pred, target))
    return float(np.sum((ours - theirs) ** 2) / (4 * channels**2 * places**2))


FINDINGS = (
    discrepancy(
        "zoo-L33-ssim-similarity",
        "What is printed as a loss is the similarity, which is greatest where the images agree; window, constants and border are missing.",
        LIST
        + "SSIM: the figure is equation 13 of Wang et al. 2004, whose value of equal images is 1; the loss is one less it",
        example("SSIM", _BRIGHT, _WHOLE),
        _similarity,
        (0.2844341514, 0.7155658486),
    ),
    discrepancy(
        "zoo-ssim-halved",
        "kornia's ssim_loss is half of one less the similarity.",
        "kornia 0.9.0, losses.ssim_loss: the similarity is taken from one, divided by two and bounded by 0 and 1",
        example("SSIM", _BRIGHT, _WHOLE),
        lambda pred, target: min(max((1 - _similarity(pred, target)) / 2, 0.0), 1.0),
        (0.3577829243, 0.7155658486),
        by="kornia",
    ),
    discrepancy(
        "zoo-L27-perceptual-style",
        "Only the distance of features is printed, without their network, its layers or their weights; the loss of textures, half of the"
        " paper, is missing. Its older form has another scale: a quarter of this.",
        LIST
        + "Perceptual: the figure is equation 2 of Johnson et al. 2016, whose equation 4 is the style; Gatys et al. 2016, equations 3 to 5",
        example("Style", _FEATURES),
        _unscaled,
        (0.01953125, 0.078125),
        by="Gatys et al.",
    ),
)
