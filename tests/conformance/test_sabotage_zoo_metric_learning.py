"""Deliberately wrong losses of the zoo must be caught by their cases: vectors that are compared with one another."""

import pytest

from polyloss.formulas import contrastive, masked, memory, metric_learning

from .test_sabotage import function, is_caught, pytestmark, without  # noqa: F401 - a mark is found by its name


def in_place_of(name, make, owner=metric_learning):
    return function(owner, name, make)


def with_self(f):
    return lambda F, mask: mask


def leaking(f):
    """The weights of circle as they are, not as constants."""
    return lambda *args, **kwargs: f(*args, **{**kwargs, "fixed_weights": False})


SABOTAGES = {
    "squared distance of a triplet": (
        in_place_of("triplet", without(squared=True)),
        "zoo/Triplet",
        "/2x3-none/",
    ),
    "no swap": (in_place_of("triplet", without(swap=False)), "zoo/Triplet", "swap=True"),
    "nearest by a product with the mask": (
        in_place_of("masked_min", lambda f: lambda F, x, mask, **o: F.min(F.where(mask, x, 0.0), **o)),
        "zoo/BatchHardTriplet",
        "/5x3-none/",
    ),
    "mean over all anchors": (
        in_place_of(
            "batch_hard_triplet", lambda f: lambda F, x, y, **o: (f(F, x, y, **o)[0], F.ones_like(f(F, x, y, **o)[1]))
        ),
        "zoo/BatchHardTriplet",
        "/5x3/float64/one pair",
    ),
    "first margin for both": (
        in_place_of("quadruplet", lambda f: lambda *a, margin, margin2, **o: f(*a, margin=margin, margin2=margin, **o)),
        "zoo/Quadruplet",
        "/2x3-none/",
    ),
    "squared distance of a quadruplet": (
        in_place_of("quadruplet", without(squared=True)),
        "zoo/Quadruplet",
        "/2x3-none/",
    ),
    "no second term": (
        in_place_of("_nearest_others", lambda f: lambda F, d, same: (f(F, d, same)[0], 0.0 * f(F, d, same)[1])),
        "zoo/BatchHardQuadruplet",
        "/5x3-none/",
    ),
    "strangers of the anchor's own class": (
        in_place_of(
            "_nearest_others",
            lambda f: lambda F, d, same: (masked.masked_min(F, d, 1.0 - same, axis=1), f(F, d, same)[1]),
        ),
        "zoo/BatchHardQuadruplet",
        "/5x3-none/",
    ),
    "weights of circle differentiated": (in_place_of("circle_by_anchor", leaking), "zoo/Circle", "/5x3-none/"),
    "pairs of circle with themselves": (in_place_of("without_self", with_self), "zoo/Circle", "/5x3-none/"),
    "labels turned round": (
        in_place_of("contrastive", lambda f: lambda F, x, y, alike, **o: f(F, x, y, 1 - alike, **o)),
        "zoo/Contrastive",
        "/4x3-none/",
    ),
    "push not squared": (
        in_place_of(
            "contrastive",
            lambda f: (
                lambda F, x, y, alike, *, margin: F.where(
                    alike,
                    f(F, x, y, alike, margin=margin),
                    F.relu(margin - metric_learning.distance(F, x, y, squared=False)),
                )
            ),
        ),
        "zoo/Contrastive",
        "/4x3-none/",
    ),
    "margin of cosine pairs": (
        in_place_of("cosine_pairs", without(margin=0.0)),
        "zoo/Siamese",
        "margin=0.3",
    ),
    "cosine of vectors as they are": (
        in_place_of("direction", lambda f: lambda F, x: x),
        "zoo/Siamese",
        "kind=cosine,reduction",
    ),
    "no bias of the head": (
        in_place_of("verification", lambda f: lambda F, x, y, same, w, b: f(F, x, y, same, w, None)),
        "zoo/Verification",
        "/4x3-2x3/",
    ),
    "label of the other class": (
        in_place_of("verification", lambda f: lambda F, x, y, same, w, b: f(F, x, y, 1.0 - same, w, b)),
        "zoo/Verification",
        "/4x3-2x3/",
    ),
    "temperature left out": (
        function(contrastive, "similarities", without(temperature=1.0)),
        "zoo/InfoNCE",
        "/3x3-none/",
    ),
    "keys without direction": (
        function(contrastive, "direction", lambda f: lambda F, x: x),
        "zoo/InfoNCE",
        "/3x3-none/",
    ),
    "one direction of two": (
        function(contrastive, "clip", lambda f: lambda F, x, y, **o: contrastive.info_nce(F, x, y, **o)),
        "zoo/CLIP",
        "/3x3-none/",
    ),
    "cosines without temperature": (
        function(contrastive, "similarities", without(temperature=1.0)),
        "zoo/CLIP",
        "/3x3-none/",
    ),
    "views with themselves": (function(contrastive, "without_self", with_self), "zoo/NTXent", "/3x3-none/"),
    "temperature of views": (function(contrastive, "nt_xent", without(temperature=1.0)), "zoo/NTXent", "/3x3-none/"),
    "rows with themselves": (function(contrastive, "without_self", with_self), "zoo/SupCon", "/5x3-none/"),
    "sum over positives": (
        function(contrastive, "masked_mean", lambda f: lambda F, x, m, axis: F.sum(F.where(m, x, 0.0), axis=axis)),
        "zoo/SupCon",
        "/5x3-none/float64/two classes",
    ),
    "classes from 0": (
        function(contrastive, "distributional_ranking", lambda f: lambda F, z, t, **o: f(F, z, t + 1, **o)),
        "zoo/DistributionalRanking",
        "/4x2/",
    ),
    "one temperature for both": (
        function(contrastive, "distributional_ranking", without(negative_temperature=1.0)),
        "zoo/DistributionalRanking",
        "/4x2/",
    ),
    "half of the distance to the center": (
        function(memory, "center", lambda f: lambda *a: (0.5 * f(*a)[0], f(*a)[1])),
        "zoo/Center",
        "/4x3-none/",
    ),
    "ignored rows pulled": (
        function(memory, "within", lambda f: lambda F, label, classes: f(F, label, classes) * 0.0 + 1.0),
        "zoo/Center",
        "/4x3-none/",
    ),
    "no strangers": (
        function(memory, "oim", lambda f: lambda F, x, y, lut, queue, **o: f(F, x, y, lut, 0.0 * queue, **o)),
        "zoo/OIM",
        "/4x3-none/",
    ),
    "empty rows counted": (function(memory, "oim", without(mask_empty=False)), "zoo/OIM", "mask_empty=True"),
    "vectors as they are": (function(memory, "direction", lambda f: lambda F, x: x), "zoo/OIM", "/4x3-none/"),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
