"""Losses of images, and of the features that a network finds in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyloss import calls, checks
from polyloss.formulas import image as formulas
from polyloss.formulas.regression import absolute_error, squared_error
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import item, opened, reduced, shape_of

BORDERS = ("valid", "reflect")
ERRORS = {"l2": squared_error, "l1": absolute_error}


def ssim(
    pred: Tensor,
    target: Tensor,
    *,
    window: int = 11,
    sigma: float | None = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_range: float = 1.0,
    border: str = "valid",
    reduction: str = "mean",
) -> Tensor:
    r"""The structural dissimilarity of two images: one less their SSIM, from local means, contrasts and correlations.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \operatorname{mean}_{c,w}
        \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}{(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
        \quad C_i = (k_i L)^2

    Use: train or judge what restores images, where an error that keeps the structure should cost less than one that blurs it.

    Elsewhere: the name means the similarity in ``skimage``, ``torchmetrics`` and ``tf.image``; kornia's ``ssim_loss`` is half of this.
    scikit-image's default is a uniform window of 7 with the sample covariance; torchmetrics and kornia mirror the border. At its
    defaults equal to ``1 - skimage.metrics.structural_similarity(..., gaussian_weights=True, use_sample_covariance=False)``.

    Args:
        pred, target: images (N, ..., H, W), any number of channels between; equal shapes.
        window: the side of the windows, at most H and W.
        sigma: of the Gaussian that weighs a window; None weighs all of it alike.
        k1, k2: above 0; what steadies the quotients, as parts of `data_range`.
        data_range: L, the span of the values: 1, or 255.
        border: ``valid``, windows inside the image; ``reflect``, around every pixel of the image mirrored, for odd windows.
        reduction: ``none`` (N,), ``mean`` over the images, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, between 0 and 2; 0 for equal images. The mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a number is not above 0, or there is no such border or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.

    >>> import numpy as np
    >>> print(ssim(np.zeros((1, 1, 11, 11)), np.ones((1, 1, 11, 11))).round(6))
    0.9999
    """
    (F, images, dtype, channels, size) = _images("ssim", pred, target)
    windows = _window("ssim", window, sigma, border, size)
    values = formulas.ssim(F, *images, size=size, window=windows, constants=_constants("ssim", k1, k2, data_range))
    return reduced(F, "ssim", F.mean(F.reshape(values, (-1, channels)), axis=1), reduction, dtype)


def ms_ssim(
    pred: Tensor,
    target: Tensor,
    *,
    weights: tuple[float, ...] = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333),
    window: int = 11,
    sigma: float | None = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_range: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The structural dissimilarity of two images over several scales, each half of the one before.

    .. math:: \ell = \operatorname{mean}_n\; 1 - \operatorname{mean}_c \prod_{j=1}^M \max(s_j, 0)^{w_j},
        \quad s_j = \operatorname{mean} \frac{2 \sigma_{xy} + C_2}{\sigma_x^2 + \sigma_y^2 + C_2} \; (j < M)

    and at the last scale the mean of the whole similarity, as in `ssim`.

    Use: as `ssim`, where the distance from which an image is looked at is not known; often with an L1 loss.

    Elsewhere: the maximum keeps a fractional power of a negative similarity from being NaN, as TensorFlow and ``pytorch_msssim`` do;
    torchmetrics has it as an option. For sides that are odd at some scale TensorFlow repeats the last row, ``pytorch_msssim`` adds one of
    zeros, and torchmetrics, as here, drops it.

    Args:
        pred, target: images (N, ..., H, W), any number of channels between; equal shapes. H and W are at least `window` at the last scale:
            176 with the defaults.
        weights: the exponents, one for each scale; above 0.
        window, sigma, k1, k2, data_range: as in `ssim`.
        reduction: ``none`` (N,), ``mean`` over the images, or ``sum``.

    Returns:
        The loss in the dtype of `pred`, between 0 and 1; the mean over nothing is 0. It is 1, with gradient 0, where at some scale
        the images do not correlate at all.

    Raises:
        ValueError: the shapes do not fit, a number is not above 0, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Wang, Simoncelli and Bovik, Multi-scale Structural Similarity for Image Quality Assessment, 2003.

    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 64).reshape(1, 1, 8, 8)
    >>> print(ms_ssim(x, 1 - x, weights=(0.5, 0.5), window=3).round(6))
    1.0
    """
    loss = "ms_ssim"
    (F, images, dtype, channels, size) = _images(loss, pred, target)
    if not weights:
        raise ValueError(f"{loss}: weights={weights!r} is empty; accepted is one exponent for each scale")
    for weight in weights:
        checks.positive(loss, "weights", weight)
    smallest = (size[0] >> len(weights) - 1, size[1] >> len(weights) - 1)
    if min(smallest) < window:
        raise ValueError(
            f"{loss}: pred has images of {size}, at the last of {len(weights)} scales {smallest}: smaller than window={window}"
        )
    windows = _window(loss, window, sigma, "valid", smallest)
    constants = _constants(loss, k1, k2, data_range)
    products = formulas.ms_ssim(F, *images, size=size, weights=weights, window=windows, constants=constants)
    return reduced(F, loss, 1 - F.mean(F.reshape(products, (-1, channels)), axis=1), reduction, dtype)


def _images(loss: str, pred: Tensor, target: Tensor) -> tuple[OpSet, list[Tensor], str | None, int, tuple[int, int]]:
    """The op set, both tensors as images (B, H, W), the dtype of the result, the number of channels, and (H, W)."""
    (F, wide, dtype) = opened(loss, pred=pred, target=target)
    shape = shape_of(F, loss, "pred", pred)
    calls.same_shape(F, loss, "target", target, "pred", pred)
    if len(shape) < 3 or None in shape[1:] or 0 in shape[1:]:
        raise ValueError(
            f"{loss}: pred has shape {shape}; accepted is (N, ..., H, W), all sizes known and above 0 save that of the batch"
        )
    channels = 1
    for each in shape[1:-2]:
        channels *= each or 1
    (height, width) = (shape[-2] or 0, shape[-1] or 0)
    return F, [F.reshape(one, (-1, height, width)) for one in wide], dtype, channels, (height, width)


def _window(loss: str, window: int, sigma: float | None, border: str, size: tuple[int, int]) -> formulas.Window:
    checks.one_of(loss, "border", border, BORDERS)
    if sigma is not None:
        checks.positive(loss, "sigma", sigma)
    if not 1 <= window <= min(size):
        raise ValueError(f"{loss}: window={window!r} does not fit into images of {size}; accepted is 1 to {min(size)}")
    if border == "reflect" and window % 2 == 0:
        raise ValueError(f"{loss}: window={window!r} has no middle; with border='reflect' accepted are odd ones")
    return formulas.Window(window, sigma, border)


def _constants(loss: str, k1: float, k2: float, data_range: float) -> tuple[float, float]:
    for name, value in (("k1", k1), ("k2", k2), ("data_range", data_range)):
        checks.positive(loss, name, value)
    return (k1 * data_range) ** 2, (k2 * data_range) ** 2


def perceptual(
    pred: Tensor | Sequence[Tensor],
    target: Tensor | Sequence[Tensor],
    *,
    network: Callable[[Tensor], Tensor | Sequence[Tensor]] | None = None,
    weights: tuple[float, ...] | None = None,
    distance: str = "l2",
    reduction: str = "mean",
) -> Tensor:
    r"""The distance of two images as a network sees them: of the features of its layers.

    .. math:: \ell = \operatorname{mean}_n \sum_j w_j \frac{1}{C_j H_j W_j} \lVert \phi_j(x_n) - \phi_j(y_n) \rVert_2^2

    Use: super-resolution, style transfer and synthesis, where pixels need not agree but contents must; with `style` for textures.

    Elsewhere: which network, which of its layers, before or after the activation, and how images are normalised differ from paper to paper,
    and set the scale; none of them is here. LPIPS is this for unit features with learnt weights; some code takes the root.

    Args:
        pred: the features of the prediction (N, ...), a tensor or one for each layer; with a `network`, images.
        target: the same of the target. It is a constant: it has gradient 0.
        network: from images to features; called for both.
        weights: one for each layer; None: all 1.
        distance: ``l2``, squares, or ``l1``, absolute values.
        reduction: ``none`` (N,), ``mean`` over the samples, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. With ``l1`` the gradient is 0 where features are equal.

    Raises:
        ValueError: the shapes or numbers of layers do not fit, or there is no such distance or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, equation 2.

    >>> import numpy as np
    >>> layers = [np.ones((1, 2, 4, 4)), np.ones((1, 3, 2, 2))]
    >>> print(perceptual(layers, [0 * one for one in layers], weights=(1.0, 0.5)))
    1.5
    """
    loss = "perceptual"
    (F, pairs, scales, dtype) = _layers(loss, pred, target, network, weights)
    checks.one_of(loss, "distance", distance, tuple(ERRORS))
    total = None
    for (ours, theirs), scale in zip(pairs, scales, strict=True):
        part = scale * formulas.feature_distance(F, ours, theirs, error=ERRORS[distance])
        total = part if total is None else total + part
    return reduced(F, loss, total, reduction, dtype)


def style(
    pred: Tensor | Sequence[Tensor],
    target: Tensor | Sequence[Tensor],
    *,
    network: Callable[[Tensor], Tensor | Sequence[Tensor]] | None = None,
    weights: tuple[float, ...] | None = None,
    distance: str = "l2",
    reduction: str = "mean",
) -> Tensor:
    r"""The distance of two images' textures: of which features occur together, wherever in the image.

    .. math:: \ell = \operatorname{mean}_n \sum_j w_j \lVert G_j(x_n) - G_j(y_n) \rVert_F^2,
        \quad G_j(x) = \frac{\phi_j(x) \phi_j(x)^\top}{C_j H_j W_j}

    with the features as a matrix of a row for each channel.

    Use: style transfer and texture synthesis, beside `perceptual` for the content.

    Elsewhere: Gatys et al. do not scale G, and divide the square by :math:`4 C^2 (HW)^2`: a quarter of this. Code that takes the mean over
    G in place of the sum is less by :math:`C^2`.

    Args:
        pred: the features of the prediction (N, C, ...), a tensor or one for each layer; with a `network`, images.
        target: the same of the target, with any number of places. It is a constant: it has gradient 0.
        network: from images to features; called for both.
        weights: one for each layer; None: all 1.
        distance: ``l2``, squares, or ``l1``, absolute values.
        reduction: ``none`` (N,), ``mean`` over the samples, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0. With ``l1`` the gradient is 0 where the matrices agree.

    Raises:
        ValueError: the shapes or numbers of layers do not fit, or there is no such distance or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016, equation 4.

    >>> import numpy as np
    >>> print(style(np.ones((1, 2, 2, 2)), np.zeros((1, 2, 2, 2))))
    1.0
    """
    loss = "style"
    (F, pairs, scales, dtype) = _layers(loss, pred, target, network, weights, alike=False)
    checks.one_of(loss, "distance", distance, tuple(ERRORS))
    total = None
    for (ours, theirs), scale in zip(pairs, scales, strict=True):
        # MXNet can end the process where the matrix is made the constant, in place of the features
        matrices = [_gram(F, loss, name, one) for name, one in (("pred", ours), ("target", F.stop_gradient(theirs)))]
        part = scale * formulas.style_distance(F, *matrices, error=ERRORS[distance])
        total = part if total is None else total + part
    return reduced(F, loss, total, reduction, dtype)


def _layers(
    loss: str,
    pred: Any,
    target: Any,
    network: Callable[[Tensor], Any] | None,
    weights: tuple[float, ...] | None,
    alike: bool = True,
) -> tuple[OpSet, list[tuple[Tensor, Tensor]], Sequence[float], str | None]:
    """The op set, the features of each layer, widened, its weight, and the dtype of the result."""
    if network is not None:
        constant = calls.owner(loss, pred=pred, target=target).stop_gradient(target)
        (pred, target) = (network(pred), network(constant))
    (ours, theirs) = (list(one) if isinstance(one, (list, tuple)) else [one] for one in (pred, target))
    scales = (1.0,) * len(ours) if weights is None else weights
    if not ours or len(ours) != len(theirs) or len(ours) != len(scales):
        raise ValueError(
            f"{loss}: pred has {len(ours)} layers, target {len(theirs)}, weights {len(scales)}; they must be equal, above 0"
        )
    names = [(f"pred[{i}]", f"target[{i}]") for i in range(len(ours))] if len(ours) > 1 else [("pred", "target")]
    given: dict[str, Tensor] = {}
    for (mine, other), x, y in zip(names, ours, theirs, strict=True):
        given |= {mine: x, other: y}
    (F, wide, dtype) = opened(loss, **given)
    for mine, other in names:
        if alike:
            calls.same_shape(F, loss, other, given[other], mine, given[mine])
        elif (shape := F.shape(given[mine])) is not None:
            accepted = [(shape[0], *shape[1:2], *(None for _ in shape[2:]))]
            checks.shaped(F, loss, other, given[other], accepted, f"of the batch and the channels of {mine}")
    return F, list(zip(wide[::2], wide[1::2], strict=True)), scales, dtype


def _gram(F: OpSet, loss: str, name: str, features: Tensor) -> Tensor:
    """The Gram matrices (N, C, C) of features (N, C, ...)."""
    shape = shape_of(F, loss, name, features)
    if len(shape) < 2 or None in shape[1:]:
        raise ValueError(
            f"{loss}: {name} has shape {shape}; accepted is (N, C, ...), all sizes known save that of the batch"
        )
    places = 1
    for each in shape[2:]:
        places *= each or 0
    return formulas.gram_matrix(F, features, channels=shape[1] or 0, places=places)


SSIM = item(ssim, name="SSIM")
MSSSIM = item(ms_ssim, name="MSSSIM")
Perceptual = item(perceptual)
Style = item(style)
