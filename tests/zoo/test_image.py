"""What the losses of images have beside their cases: features as lists, a network, and the vector over five scales."""

import numpy as np
import pytest
from polyloss_conformance.vectors import shared

import polyloss.zoo as zoo
from polyloss.opset import UnsupportedError

LAYERS = [(2, 3, 2, 2), (2, 4, 1, 3)]


@pytest.mark.parametrize("function", [zoo.perceptual, zoo.style], ids=lambda one: one.__name__)
def test_layers_add_up(function):
    rng = np.random.default_rng(0)
    (pred, target) = ([rng.normal(size=shape) for shape in LAYERS] for _ in range(2))
    parts = [function(x, y, reduction="none") for x, y in zip(pred, target, strict=True)]
    together = function(pred, target, weights=(1.0, 0.25), reduction="none")
    np.testing.assert_allclose(together, parts[0] + 0.25 * parts[1], rtol=1e-14)
    np.testing.assert_allclose(function(tuple(pred), target, reduction="none"), parts[0] + parts[1], rtol=1e-14)


@pytest.mark.parametrize("function", [zoo.perceptual, zoo.style], ids=lambda one: one.__name__)
def test_network(function):
    rng = np.random.default_rng(0)
    (pred, target) = rng.normal(size=(2, 2, 3, 4, 4))

    def network(images):
        return [np.maximum(images, 0.0), images[:, :, ::2, ::2]]

    found = function(pred, target, network=network, weights=(1.0, 2.0))
    np.testing.assert_array_equal(found, function(network(pred), network(target), weights=(1.0, 2.0)))


def test_the_target_is_a_constant():
    torch = pytest.importorskip("torch")
    (pred, target) = (torch.rand(1, 2, 3, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    zoo.perceptual(pred, target, network=lambda images: images * 2).backward()
    assert pred.grad.abs().sum() > 0
    assert target.grad is None


def images():
    """Two of 192 by 192, with blocks, and with waves over them."""
    blocks = np.repeat(np.repeat(np.asarray(shared("I16")), 12, axis=0), 12, axis=1)
    (y, x) = np.mgrid[:192, :192]
    return blocks[None, None], np.clip(blocks + 0.1 * np.cos(0.11 * x + 0.07 * y), 0, 1)[None, None]


def by_windows(pred, target):
    """MS-SSIM in NumPy, window by window."""
    offsets = np.exp(-((np.arange(11) - 5.0) ** 2) / 4.5)
    kernel = np.outer(offsets, offsets) / offsets.sum() ** 2
    product = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        values = []
        for i in range(pred.shape[0] - 10):
            for j in range(pred.shape[1] - 10):
                (x, y) = (one[i : i + 11, j : j + 11] for one in (pred, target))
                (mx, my) = ((kernel * one).sum() for one in (x, y))
                (vx, vy, common) = ((kernel * p).sum() for p in ((x - mx) ** 2, (y - my) ** 2, (x - mx) * (y - my)))
                luminance = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4) if scale == 4 else 1.0
                values.append(luminance * (2 * common + 9e-4) / (vx + vy + 9e-4))
        product *= np.mean(values) ** weight
        (pred, target) = (
            (one[::2, ::2] + one[1::2, ::2] + one[::2, 1::2] + one[1::2, 1::2]) / 4 for one in (pred, target)
        )
    return 1 - product


@pytest.fixture(scope="module")
def expected():
    (pred, target) = images()
    return by_windows(pred[0, 0], target[0, 0])


@pytest.mark.parametrize(
    ("similarity", "oracle"),
    [(0.8926128149, "TensorFlow"), (0.8926131691, "pytorch-msssim"), (0.8926237533, "torchmetrics")],
    ids=lambda value: str(value),
)
def test_five_scales_of_others(expected, similarity, oracle):
    assert abs(expected - (1 - similarity)) < 2e-5, f"{oracle} computes in float32, torchmetrics with a mirrored border"


def test_five_scales(expected, backend):
    (pred, target) = (backend.from_numpy(one, "float64") for one in images())
    try:
        found = zoo.ms_ssim(pred, target)
    except UnsupportedError as error:
        pytest.skip(str(error))
    np.testing.assert_allclose(np.reshape(backend.to_numpy(found), ()), expected, rtol=1e-12)
