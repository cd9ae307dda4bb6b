"""Deliberately wrong losses of the zoo must be caught by their cases: images, point sets and texts."""

import pytest

from polyloss.formulas import image, point_sets, text_image

from .test_sabotage import function, is_caught, pytestmark  # noqa: F401 - a mark is found by its name


def given(**changed):
    """The formula with some of its arguments changed."""
    return lambda f: lambda *args, **options: f(*args, **{**options, **changed})


def sum_in_place_of_mean(f):
    return lambda F, x, y, *, error: F.sum(error(F, x, F.stop_gradient(y)), axis=0, exclude=True)


def target_not_constant(f):
    return lambda F, x, y, *, error: F.mean(error(F, x, y), axis=0, exclude=True)


def of_places(f):
    return lambda F, x, *, channels, places: f(F, x, channels=channels, places=places) * channels


def unmasked(f):
    return lambda F, x, y, in_x, in_y, **options: f(F, x, y, F.ones_like(in_x) > 0, F.ones_like(in_y) > 0, **options)


def every_word(f):
    return lambda F, words, lengths: f(F, words, None)


def odd_rows_first(f):
    return lambda F, images, *, size: f(F, F.flip(images, axis=2), size=size)


def of_texts(f):
    return lambda F, scores, candidate: f(F, F.swapaxes(scores, 0, 1), candidate)


def with_itself_only(f):
    return lambda F, label, scores: F.ones_like(scores) > 0


SABOTAGES = {
    "constants swapped": (
        function(image, "dissimilarity", lambda f: lambda *a, constants, **o: f(*a, constants=constants[::-1], **o)),
        "zoo/SSIM",
        "/2x2x3x4/",
    ),
    "window of equal weights": (
        function(
            image,
            "local_means",
            lambda f: lambda F, x, *, size, window: f(F, x, size=size, window=window._replace(sigma=None)),
        ),
        "zoo/SSIM",
        "/2x2x3x4/",
    ),
    "weights that do not add up": (
        function(image, "window_matrix", lambda f: lambda *args, **options: f(*args, **options) * 0.99),
        "zoo/SSIM",
        "border=reflect",
    ),
    "luminance at every scale": (
        function(image, "similarities", lambda f: lambda *a, **o: (f(*a, **o)[0], f(*a, **o)[0] * f(*a, **o)[1])),
        "zoo/MSSSIM",
        "/2x1x4x5/",
    ),
    "last column kept": (function(image, "halved", odd_rows_first), "zoo/MSSSIM", "/2x1x4x5/"),
    "sum over the places": (function(image, "feature_distance", sum_in_place_of_mean), "zoo/Perceptual", "/2x2x1x3/"),
    "gradient of the target": (function(image, "feature_distance", target_not_constant), "zoo/Perceptual", "/2x2x1x3/"),
    "Gram matrix by places": (function(image, "gram_matrix", of_places), "zoo/Style", "/2x2x1x3/"),
    "Gram matrices not squared": (
        function(image, "style_distance", lambda f: lambda F, x, y, *, error: F.sum(F.abs(x - y), axis=(1, 2))),
        "zoo/Style",
        "/2x2x1x3/",
    ),
    "one direction": (function(point_sets, "chamfer", given(direction="x")), "zoo/Chamfer", "/3-2/"),
    "masks ignored": (function(point_sets, "chamfer", unmasked), "zoo/Chamfer", "/masks-reduction=none/"),
    "steps in place of distances": (
        function(point_sets, "chamfer_template", given(metric="cityblock")),
        "zoo/ChamferTemplate",
        "/2x3x4/",
    ),
    "edges and the rest swapped": (
        function(
            point_sets, "distance_transform", lambda f: lambda F, marked, *, metric: f(F, 1 - marked, metric=metric)
        ),
        "zoo/ChamferTemplate",
        "/2x3x4/",
    ),
    "without the quotient": (function(text_image, "word_scores", given(scaled=False)), "zoo/DAMSM", "/2/"),
    "lengths ignored": (function(text_image, "within", every_word), "zoo/DAMSM", "/words-"),
    "texts for images": (function(text_image, "matching", of_texts), "zoo/DAMSM", "/words-"),
    "classes ignored": (function(text_image, "rivals", with_itself_only), "zoo/DAMSM", "/3-classes-"),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
