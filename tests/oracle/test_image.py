"""Losses of images and of their features, by kornia, scikit-image, pytorch-msssim and PyTorch."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held


def images(*shape):
    def draw(rng):
        target = rng.uniform(size=shape)
        return {"pred": np.clip(target + 0.2 * rng.normal(size=shape), 0.0, 1.0), "target": target}

    return draw


def features(rng):
    return {name: rng.normal(size=(3, 4, 5, 6)) for name in ("pred", "target")}


def by_kornia(padding):
    def oracle(pred, target):
        from kornia.metrics import ssim

        return 1 - ssim(pred, target, window_size=11, eps=0.0, padding=padding).mean()

    return oracle


def by_skimage(**options):
    def oracle(pred, target):
        from skimage.metrics import structural_similarity

        def similarity(x, y):
            return structural_similarity(x, y, data_range=1.0, channel_axis=0, use_sample_covariance=False, **options)

        return 1 - np.mean([similarity(x, y) for x, y in zip(pred, target, strict=True)])

    return oracle


def by_pytorch_msssim(name, **options):
    def oracle(pred, target):
        import pytorch_msssim

        return 1 - getattr(pytorch_msssim, name)(pred, target, data_range=1.0, **options)

    return oracle


def distance(pred, target):
    from torch.nn import functional

    return functional.mse_loss(pred, target.detach())


def textures(pred, target):
    import torch

    def gram(features):
        flat = features.flatten(2)
        return torch.einsum("ncp,ndp->ncd", flat, flat) / flat[0].numel()

    return torch.square(torch.linalg.matrix_norm(gram(pred) - gram(target.detach()))).mean()


SMALL = images(2, 3, 16, 18)
LARGE = images(2, 1, 96, 80)
ROUNDED = {"tolerance": 1e-6, "reason": "the window of the oracle is a float32"}
SCALED = {"window": 5, "sigma": 0.8}
ROWS = [
    Row("ssim", SMALL, by_kornia("valid"), ("kornia",)),
    Row("ssim", SMALL, by_kornia("same"), ("kornia",), {"border": "reflect"}),
    Row("ssim", SMALL, by_skimage(gaussian_weights=True), ("skimage",), framework="numpy"),
    Row("ssim", SMALL, by_skimage(win_size=7), ("skimage",), {"window": 7, "sigma": None}, framework="numpy"),
    Row("ssim", SMALL, by_pytorch_msssim("ssim"), ("pytorch_msssim",), **ROUNDED),
    Row(
        "ms_ssim",
        LARGE,
        by_pytorch_msssim("ms_ssim", win_size=5, win_sigma=0.8),
        ("pytorch_msssim",),
        SCALED,
        **ROUNDED,
    ),
    Row("perceptual", features, distance, ("torch",), fixed=("target",)),
    Row("style", features, textures, ("torch",), fixed=("target",)),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
