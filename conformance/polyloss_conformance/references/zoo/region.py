"""References for the losses on the overlap of regions: sums over the pixels of a class, one class after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exp, log1p_exp, log_softmax, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs, Value
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo

Pixels = list[tuple[Number, Number]]
"""Probability and truth of each."""


def _probabilities(pred: Array, config: Config, default: str = "none") -> Array:
    kind = config.get("activation", default)
    if kind == "softmax":
        return each(exp, log_softmax(pred, 1))
    return each(lambda x: 1 / (1 + exp(-x)), pred) if kind == "sigmoid" else pred


def _pixels(pred: Array, target: Array, batch: bool) -> Array:
    """The pixels of each sample and class, an object array (N, C), or over the batch (C,)."""
    (samples, classes) = pred.shape[:2]
    found = np.empty((samples, classes), dtype=object)
    for n in range(samples):
        for c in range(classes):
            found[n, c] = list(zip(pred[n, c].flat, target[n, c].flat, strict=True))
    if not batch:
        return found
    joined = np.empty(classes, dtype=object)
    for c in range(classes):
        joined[c] = [pixel for n in range(samples) for pixel in found[n, c]]
    return joined


def _quotient(part: Number, whole: Number) -> Number:
    """One less `part` over `whole`; nothing is lost where there is nothing."""
    return 1 - part / whole if whole != 0 else mp.zero


def _each_class(lost: Callable[[Pixels, Config], Number]) -> Value:
    def compute(inputs: Inputs, config: Config, call: Call) -> Array:
        pred = _probabilities(inputs["pred"], config)
        regions = _pixels(pred, inputs["target"], config.get("batch", False))
        values = np.empty(regions.shape, dtype=object)
        for index in np.ndindex(regions.shape):
            values[index] = lost(regions[index], config)
        return reduced(values, config)

    return compute


def _dice(pixels: Pixels, config: Config) -> Number:
    smooth = mp.mpf(config.get("smooth", 0.0))
    power = 2 if config.get("squared") else 1
    whole = total(p**power for p, _ in pixels) + total(t**power for _, t in pixels) + smooth
    return _quotient(2 * total(p * t for p, t in pixels) + smooth, whole)


def _jaccard(pixels: Pixels, config: Config) -> Number:
    smooth = mp.mpf(config.get("smooth", 0.0))
    both = total(p * t for p, t in pixels)
    return _quotient(both + smooth, total(p for p, _ in pixels) + total(t for _, t in pixels) - both + smooth)


def _tversky(pixels: Pixels, config: Config) -> Number:
    smooth = mp.mpf(config.get("smooth", 0.0))
    right = total(p * t for p, t in pixels)
    in_vain = total(p * (1 - t) for p, t in pixels)
    missed = total((1 - p) * t for p, t in pixels)
    weighed = mp.mpf(config.get("alpha", 0.3)) * in_vain + mp.mpf(config.get("beta", 0.7)) * missed
    return _quotient(right + smooth, right + weighed + smooth)


def _focal_tversky(pixels: Pixels, config: Config) -> Number:
    lost = _tversky(pixels, config)
    return lost ** (1 / mp.mpf(config.get("gamma", 4 / 3))) if lost > 0 else mp.zero


def _generalized_dice(inputs: Inputs, config: Config, call: Call) -> Array:
    batch = config.get("batch", False)
    smooth = mp.mpf(config.get("smooth", 0.0))
    power = {"square": 2, "simple": 1}[config.get("weight", "square")]
    pred = _probabilities(inputs["pred"], config)
    regions = _pixels(pred, inputs["target"], batch)
    constant = _pixels(pred, fixed(inputs["target"]), batch)
    rows = [(regions, constant)] if batch else list(zip(regions, constant, strict=True))
    values = []
    for classes, still in rows:
        volumes = [total(t for _, t in pixels) for pixels in still]
        largest = max((1 / v**power for v in volumes if v != 0), default=mp.one)
        weights = [1 / v**power if v != 0 else largest for v in volumes]
        part = total(2 * w * p * t for w, pixels in zip(weights, classes, strict=True) for p, t in pixels)
        whole = total(w * (p + t) for w, pixels in zip(weights, classes, strict=True) for p, t in pixels)
        values.append(_quotient(part + smooth, whole + smooth))
    return reduced(np.array(values[0] if batch else values, dtype=object), config)


def _dice_ce(inputs: Inputs, config: Config, call: Call) -> Array:
    (pred, target) = (inputs["pred"], inputs["target"])
    given = _probabilities(pred, config, "softmax")
    regions = _pixels(given, target, False)
    log_p = log_softmax(pred, 1)
    (dice_weight, ce_weight) = (mp.mpf(config.get(name, 1.0)) for name in ("dice_weight", "ce_weight"))
    values = []
    for n in range(len(pred)):
        overlap = mean([_dice(pixels, config) for pixels in regions[n]])
        if config.get("activation") == "sigmoid":
            terms = [
                t * log1p_exp(-x) + (1 - t) * log1p_exp(x) for x, t in zip(pred[n].flat, target[n].flat, strict=True)
            ]
            entropy = mean(terms)
        else:
            terms = [-t * x for x, t in zip(log_p[n].flat, target[n].flat, strict=True)]
            entropy = total(terms) * pred.shape[1] / len(terms)
        values.append(dice_weight * overlap + ce_weight * entropy)
    return reduced(values, config)


_TI = r"\mathrm{TI} = \frac{\mathrm{TP} + s}{\mathrm{TP} + \alpha \mathrm{FP} + \beta \mathrm{FN} + s}"
_COUNTS = (
    r",\quad \mathrm{TP} = \sum_i p_i t_i,\ \mathrm{FP} = \sum_i p_i (1 - t_i),\ \mathrm{FN} = \sum_i (1 - p_i) t_i"
)

REFERENCES = (
    zoo(
        "Dice",
        "How far two regions are from covering each other, whatever their size.",
        r"1 - \frac{2 |A \cap B|}{|A| + |B|}",
        REDUCED
        + r"l_{nc} = 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^k + \sum_i t_i^k + s}, \quad k = 1 \text{ or } 2",
        _each_class(_dice),
        paper="Dice, Ecology 26(3), 1945; Milletari et al., V-Net, 3DV 2016",
    ),
    zoo(
        "Jaccard",
        "One less intersection over union, of masks that may be soft.",
        r"1 - \frac{|A \cap B|}{|A \cup B|}",
        REDUCED + r"l_{nc} = 1 - \frac{\sum_i p_i t_i + s}{\sum_i (p_i + t_i - p_i t_i) + s}",
        _each_class(_jaccard),
        paper="Rahman and Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation, ISVC 2016",
    ),
    zoo(
        "GeneralizedDice",
        "One Dice quotient for all classes, in which rare ones weigh more.",
        r"1 - 2 \frac{\sum_c w_c \sum_i p_{ci} t_{ci}}{\sum_c w_c \sum_i (p_{ci} + t_{ci})}, \quad w_c = 1 / (\sum_i t_{ci})^2",
        REDUCED + r"l_n = 1 - \frac{2 \sum_c w_c \sum_i p_{ci} t_{ci} + s}{\sum_c w_c \sum_i (p_{ci} + t_{ci}) + s}"
        r",\quad w_c \text{ a constant, of an absent class the largest}",
        _generalized_dice,
        paper="Sudre et al., Generalised Dice Overlap as a Deep Learning Loss Function, DLMIA 2017",
    ),
    zoo(
        "Tversky",
        "The Dice loss with a price of its own for what is found in vain, and for what is missed.",
        r"1 - \frac{|A \cap B|}{|A \cap B| + \alpha |A \setminus B| + \beta |B \setminus A|}",
        REDUCED + r"l_{nc} = 1 - \mathrm{TI}_{nc}, \quad " + _TI + _COUNTS,
        _each_class(_tversky),
        paper="Salehi et al., Tversky Loss Function for Image Segmentation, MLMI 2017",
    ),
    zoo(
        "FocalTversky",
        "A root of the Tversky loss, or a power.",
        r"(1 - \mathrm{TI})^{1 / \gamma}",
        REDUCED + r"l_{nc} = (1 - \mathrm{TI}_{nc})^{1 / \gamma}, \quad " + _TI + _COUNTS,
        _each_class(_focal_tversky),
        paper="Abraham and Khan, A Novel Focal Tversky Loss Function, ISBI 2019",
    ),
    zoo(
        "DiceCE",
        "The Dice loss and cross entropy, added up.",
        r"\mathcal{L}_{\mathrm{dice}} + \mathcal{L}_{\mathrm{CE}}",
        REDUCED + r"l_n = \lambda_d \operatorname{mean}_c \mathrm{dice}_{nc}"
        r" - \lambda_e \operatorname{mean}_i \sum_c t_{nci} \log p_{nci}",
        _dice_ce,
        paper="Isensee et al., nnU-Net, Nature Methods 18, 2021",
    ),
)
