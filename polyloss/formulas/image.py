"""Losses of images and of feature maps: structural similarity, and distances of features and of their Gram matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from polyloss.opset import OpSet, Tensor


class Window(NamedTuple):
    """Where and how local means are taken."""

    size: int
    sigma: float | None
    """Of the Gaussian; None: all weights are equal."""
    border: str
    """``valid``, inside the image, or ``reflect``, around every place, which sees the image mirrored at its outermost places."""

    def found(self, places: int) -> int:
        """How many there are along an axis of so many places."""
        return places - self.size + 1 if self.border == "valid" else places


def window_matrix(F: OpSet, data: Tensor, *, axis: int, places: int, window: Window) -> Tensor:
    """The matrix (n, m) whose column j holds the weights of the window at place j: ``data . matrix`` are the n places' m local means.

    The weights are ``e^(-u^2 / (2 sigma^2))`` of the distance u from the middle, over their sum.
    """
    place = F.arange_like(data, axis=axis)
    row = F.expand_dims(place, axis=1)
    if window.border == "valid":
        middle = F.slice_axis(place, axis=0, begin=0, end=window.found(places)) + 0.5 * (window.size - 1)
        return _weights(F, F.broadcast_sub(row, F.expand_dims(middle, axis=0)), window)
    middle = F.expand_dims(place, axis=0)
    mirrored = ((-row, row), (2.0 * (places - 1) - row, (places - 1) - row))
    weights = _weights(F, F.broadcast_sub(row, middle), window)
    for image, within in mirrored:
        weights = weights + F.where(within > 0, _weights(F, F.broadcast_sub(image, middle), window), 0.0)
    return weights


def _weights(F: OpSet, distance: Tensor, window: Window) -> Tensor:
    inside = F.abs(distance) < 0.5 * window.size
    if window.sigma is None:
        return F.where(inside, F.ones_like(distance) / window.size, 0.0)
    spread = 2 * window.sigma**2
    middle = 0.5 * (window.size - 1)
    total = sum(math.exp(-((u - middle) ** 2) / spread) for u in range(window.size))
    return F.where(inside, F.exp(F.square(distance) / -spread) / total, 0.0)


def local_means(F: OpSet, fields: Sequence[Tensor], *, size: tuple[int, int], window: Window) -> list[Tensor]:
    """The means of images (B, H, W) in all windows, (B, w, h): with one matrix along the rows, and one along the columns."""
    (height, width) = size
    (rows, columns) = (
        window_matrix(F, fields[0], axis=axis, places=n, window=window) for axis, n in ((1, height), (2, width))
    )
    (count, h, w) = (len(fields), window.found(height), window.found(width))
    along = F.dot(F.reshape(F.stack(*fields, axis=1), (-1, width)), columns)
    along = F.swapaxes(F.reshape(along, (-1, count, height, w)), 2, 3)
    both = F.reshape(F.dot(F.reshape(along, (-1, height)), rows), (-1, count, w, h))
    return [F.reshape(F.slice_axis(both, axis=1, begin=i, end=i + 1), (-1, w, h)) for i in range(count)]


def _centred(F: OpSet, images: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Images (B, H, W) less their means, and these, as constants: local variances do not depend on them, and cancel less without."""
    shifts = [F.stop_gradient(F.mean(one, axis=(1, 2), keepdims=True)) for one in images]
    return [F.broadcast_sub(one, shift) for one, shift in zip(images, shifts, strict=True)], shifts


def dissimilarity(
    F: OpSet, pred: Tensor, target: Tensor, *, size: tuple[int, int], window: Window, constants: tuple[float, float]
) -> Tensor:
    """``1 - SSIM`` in each window of images (B, H, W): maps (B, w, h).

    With the window's means m and variances v of x, y and d = x - y, the luminances lack ``a = m_d^2 / (m_x^2 + m_y^2 + C1)`` of 1, contrast
    and structure ``b = v_d / (v_x + v_y + C2)``, and all together ``1 - (1 - a)(1 - b)``: images that are nearly alike keep the digits in
    which they differ. A variance is ``E x^2 - (E x)^2``, which rounding cannot take below 0.
    """
    ((x, y, d), shifts) = _centred(F, (pred, target, pred - target))
    fields = (x, y, d, F.square(x) + F.square(y), F.square(d))
    (*means, squares, square) = local_means(F, fields, size=size, window=window)
    (mx, my, md) = (F.broadcast_add(mean, shift) for mean, shift in zip(means, shifts, strict=True))
    spread = F.relu(squares - F.square(means[0]) - F.square(means[1]))
    (c1, c2) = constants
    a = F.square(md) / (F.square(mx) + F.square(my) + c1)
    b = F.relu(square - F.square(means[2])) / (spread + c2)
    return a + b - a * b


def similarities(
    F: OpSet, pred: Tensor, target: Tensor, *, size: tuple[int, int], window: Window, constants: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """The similarities of luminance, and of contrast and structure, in each window of images (B, H, W): maps (B, w, h).

    ``(2 m_x m_y + C1) / (m_x^2 + m_y^2 + C1)`` and ``(2 v_xy + C2) / (v_x + v_y + C2)``: those near 0, of which `ms_ssim` takes powers,
    keep their digits.
    """
    ((x, y), shifts) = _centred(F, (pred, target))
    (bx, by, squares, product) = local_means(F, (x, y, F.square(x) + F.square(y), x * y), size=size, window=window)
    (mx, my) = (F.broadcast_add(mean, shift) for mean, shift in zip((bx, by), shifts, strict=True))
    spread = F.relu(squares - F.square(bx) - F.square(by))
    (c1, c2) = constants
    luminance = (2.0 * mx * my + c1) / (F.square(mx) + F.square(my) + c1)
    return luminance, (2.0 * (product - bx * by) + c2) / (spread + c2)


def halved(F: OpSet, images: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Images (B, H, W) at half their size: the means of squares of four, a last odd row or column dropped."""
    (height, width) = (each // 2 for each in size)
    even = F.slice_axis(F.slice_axis(images, axis=1, begin=0, end=2 * height), axis=2, begin=0, end=2 * width)
    return F.mean(F.reshape(even, (-1, height, 2, width, 2)), axis=(2, 4))


def ssim(
    F: OpSet, pred: Tensor, target: Tensor, *, size: tuple[int, int], window: Window, constants: tuple[float, float]
) -> Tensor:
    """``1 - SSIM``, the mean over all windows, of each of the images (B, H, W)."""
    return F.mean(dissimilarity(F, pred, target, size=size, window=window, constants=constants), axis=(1, 2))


def ms_ssim(
    F: OpSet,
    pred: Tensor,
    target: Tensor,
    *,
    size: tuple[int, int],
    weights: Sequence[float],
    window: Window,
    constants: tuple[float, float],
) -> Tensor:
    """``prod_j max(s_j, 0)^w_j`` of each of the images (B, H, W), every scale half of the one before.

    ``s_j`` is the mean over the windows of contrast and structure, at the last scale of the whole similarity. The gradient is 0 where
    one is not above 0.
    """
    product = None
    for scale, weight in enumerate(weights):
        if scale:
            (pred, target) = (halved(F, one, size=size) for one in (pred, target))
            size = (size[0] // 2, size[1] // 2)
        (luminance, structure) = similarities(F, pred, target, size=size, window=window, constants=constants)
        similar = F.mean(structure if scale + 1 < len(weights) else luminance * structure, axis=(1, 2))
        above = similar > 0  # a fractional power has an infinite slope at 0
        factor = F.where(above, F.power(F.where(above, similar, 1.0), weight), 0.0)
        product = factor if product is None else product * factor
    return product


def feature_distance(
    F: OpSet, pred: Tensor, target: Tensor, *, error: Callable[[OpSet, Tensor, Tensor], Tensor]
) -> Tensor:
    """The mean of `error` over all places of each sample of two feature maps, the second a constant."""
    return F.mean(error(F, pred, F.stop_gradient(target)), axis=0, exclude=True)


def style_distance(
    F: OpSet, pred: Tensor, target: Tensor, *, error: Callable[[OpSet, Tensor, Tensor], Tensor]
) -> Tensor:
    """The sum of `error` over the Gram matrices (N, C, C) of each sample."""
    return F.sum(error(F, pred, target), axis=(1, 2))


def gram_matrix(F: OpSet, features: Tensor, *, channels: int, places: int) -> Tensor:
    """``f f^T / (C P)`` of maps (N, C, ...) with P places each: (N, C, C)."""
    flat = F.reshape(features, (-1, channels, places))
    return F.batch_dot(flat, flat, transpose_b=True) / max(channels * places, 1)
