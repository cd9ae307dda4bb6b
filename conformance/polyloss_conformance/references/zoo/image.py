"""References for the losses of images and of their features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, exp, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo

Image = tuple[tuple[Number, ...], ...]
Options = tuple[tuple[str, Any], ...]
Similarity = Callable[[Image, Image, Options, int], Number]

WANG = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _weights(size: int, sigma: float | None) -> list[Number]:
    """Of a window along one axis."""
    if sigma is None:
        return [1 / mp.mpf(size)] * size
    heights = [exp(-((u - mp.mpf(size - 1) / 2) ** 2) / (2 * mp.mpf(sigma) ** 2)) for u in range(size)]
    return [height / total(heights) for height in heights]


def _places(n: int, size: int, border: str) -> list[list[int]]:
    """The places that each window sees along an axis."""
    if border == "valid":
        return [list(range(start, start + size)) for start in range(n - size + 1)]
    last = n - 1
    return [
        [last - abs(last - abs(p)) for p in range(middle - size // 2, middle + size // 2 + 1)] for middle in range(n)
    ]


def _windows(x: Image, y: Image, config: Config) -> Iterator[tuple[Number, Number]]:
    """The similarities of luminance, and of contrast and structure, of each window of two images."""
    (size, border) = (config.get("window", 11), config.get("border", "valid"))
    weights = _weights(size, config.get("sigma", 1.5))
    span = mp.mpf(config.get("data_range", 1))
    (c1, c2) = ((mp.mpf(config.get(key, default)) * span) ** 2 for key, default in (("k1", 0.01), ("k2", 0.03)))
    (height, width) = (len(x), len(x[0]))
    for rows in _places(height, size, border):
        for columns in _places(width, size, border):
            weighed = [v * w for v in weights for w in weights]
            (ours, theirs) = ([image[i][j] for i in rows for j in columns] for image in (x, y))
            (mx, my) = (mp.fdot(weighed, values) for values in (ours, theirs))
            (away, other) = ([a - mx for a in ours], [b - my for b in theirs])
            parts = [w * a for w, a in zip(weighed, away, strict=True)]
            (vx, common) = (mp.fdot(parts, away), mp.fdot(parts, other))
            vy = mp.fdot([w * b for w, b in zip(weighed, other, strict=True)], other)
            yield (2 * mx * my + c1) / (mx * mx + my * my + c1), (2 * common + c2) / (vx + vy + c2)


def _per_image(inputs: Inputs, config: Config, similarity: Similarity) -> Array:
    """One less the mean over what is between batch and image, then reduced."""
    (pred, target) = (inputs["pred"], inputs["target"])
    options = tuple(config.items())
    losses = []
    for x, y in zip(pred, target, strict=True):
        (ours, theirs) = (
            [tuple(map(tuple, channel)) for channel in each.reshape(-1, *pred.shape[-2:])] for each in (x, y)
        )
        losses.append(1 - mean([similarity(a, b, options, mp.prec) for a, b in zip(ours, theirs, strict=True)]))
    return reduced(losses, config)


@lru_cache(maxsize=256)  # a slope moves one image of many
def _similarity(x: Image, y: Image, options: Options, precision: int) -> Number:
    return mean([luminance * structure for luminance, structure in _windows(x, y, dict(options))])


def _ssim(inputs: Inputs, config: Config, call: Call) -> Array:
    return _per_image(inputs, config, _similarity)


def _half(image: Image) -> Image:
    """The means of squares of four; a last odd row or column is left."""
    return tuple(
        tuple(total((*above[j : j + 2], *below[j : j + 2])) / 4 for j in range(0, len(above) - 1, 2))
        for above, below in zip(image[0::2], image[1::2], strict=False)
    )


@lru_cache(maxsize=256)
def _similarity_of_scales(x: Image, y: Image, options: Options, precision: int) -> Number:
    config = dict(options)
    product = mp.one
    exponents = config.get("weights", WANG)
    for scale, exponent in enumerate(exponents):
        if scale:
            (x, y) = (_half(x), _half(y))
        last = scale + 1 == len(exponents)
        similar = mean([structure * (luminance if last else 1) for luminance, structure in _windows(x, y, config)])
        if similar <= 0:
            return mp.zero
        product *= similar ** mp.mpf(exponent)
    return product


def _ms_ssim(inputs: Inputs, config: Config, call: Call) -> Array:
    return _per_image(inputs, config, _similarity_of_scales)


def _layers(inputs: Inputs) -> list[tuple[Array, Array]]:
    """The features of the prediction and those of the target, which are constants, of each layer."""
    names = [name for name in inputs if name.startswith("pred")]
    return [(inputs[name], fixed(inputs[name.replace("pred", "target")])) for name in names]


def _distance(ours: Sequence[Number], theirs: Sequence[Number], config: Config) -> Number:
    if config.get("distance", "l2") == "l1":
        return total(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    return total((a - b) ** 2 for a, b in zip(ours, theirs, strict=True))


def _perceptual(inputs: Inputs, config: Config, call: Call) -> Array:
    layers = _layers(inputs)
    scales = config.get("weights") or (1,) * len(layers)
    losses = []
    for n in range(len(layers[0][0])):
        parts = [
            mp.mpf(scale) * _distance(list(x[n].flat), list(y[n].flat), config) / x[n].size
            for scale, (x, y) in zip(scales, layers, strict=True)
        ]
        losses.append(total(parts))
    return reduced(losses, config)


def _gram(features: Array) -> list[Number]:
    """Of the features (C, ...) of a sample, row after row."""
    places = prod(features.shape[1:])
    rows = [list(channel.flat) for channel in features.reshape(features.shape[0], places)]
    return [total(a * b for a, b in zip(x, y, strict=True)) / (len(rows) * places) for x in rows for y in rows]


def _style(inputs: Inputs, config: Config, call: Call) -> Array:
    layers = _layers(inputs)
    scales = config.get("weights") or (1,) * len(layers)
    losses = []
    for n in range(len(layers[0][0])):
        parts = [
            mp.mpf(scale) * _distance(_gram(x[n]), _gram(y[n]), config)
            for scale, (x, y) in zip(scales, layers, strict=True)
        ]
        losses.append(total(parts))
    return reduced(losses, config)


_JOHNSON = "Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016"

REFERENCES = (
    zoo(
        "SSIM",
        "One less the structural similarity of two images.",
        r"\mathrm{SSIM} = \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}{(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}",
        REDUCED + r"l_n = \operatorname{mean}_{c,w}\; a + b - a b,"
        r"\ a = \frac{(\mu_x - \mu_y)^2}{\mu_x^2 + \mu_y^2 + C_1},\ b = \frac{\sigma_{x-y}^2}{\sigma_x^2 + \sigma_y^2 + C_2}",
        _ssim,
        paper="Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004",
    ),
    zoo(
        "MSSSIM",
        "One less the structural similarity of two images over several scales.",
        r"\mathrm{MS{\text-}SSIM} = [l_M]^{\alpha_M} \prod_{j=1}^M [c_j s_j]^{w_j}",
        REDUCED + r"l_n = 1 - \operatorname{mean}_c \prod_{j=1}^M \max(q_j, 0)^{w_j},"
        r"\ q_j = \operatorname{mean} c_j s_j \ (j < M),\ q_M = \operatorname{mean} l_M c_M s_M",
        _ms_ssim,
        paper="Wang, Simoncelli and Bovik, Multi-scale Structural Similarity for Image Quality Assessment, 2003",
    ),
    zoo(
        "Perceptual",
        "The distance of the features that a network finds in two images.",
        r"\ell = \sum_j \frac{1}{C_j H_j W_j} \lVert \phi_j(\hat{y}) - \phi_j(y) \rVert_2^2",
        REDUCED + r"l_n = \sum_j w_j \operatorname{mean} (\phi_j(x_n) - \phi_j(y_n))^2",
        _perceptual,
        paper=_JOHNSON,
    ),
    zoo(
        "Style",
        "The distance of the Gram matrices of the features that a network finds in two images.",
        r"\ell = \sum_j \lVert G_j(\hat{y}) - G_j(y) \rVert_F^2",
        REDUCED
        + r"l_n = \sum_j w_j \lVert G_j(x_n) - G_j(y_n) \rVert_F^2,\ G_j = \frac{\phi_j \phi_j^\top}{C_j H_j W_j}",
        _style,
        paper=_JOHNSON,
    ),
)
