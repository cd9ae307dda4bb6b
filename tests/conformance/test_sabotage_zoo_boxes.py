"""Deliberately wrong losses of the zoo must be caught by their cases: the overlap of boxes, and Lovasz losses."""

import pytest

from polyloss.formulas import boxes, lovasz
from polyloss.zoo import lovasz as zoo_lovasz

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name


def swapped(original):
    return lambda F, pred, target: original(F, target, pred)


def never_dropped(original):
    return lambda F, dropped, *tensors: original(F, None, *tensors)


SABOTAGES = {
    "one below the line only": (
        function(
            boxes, "log_iou", lambda f: lambda F, p, t, smooth, epsilon: f(F, p, t, smooth=(0.0, 1.0), epsilon=epsilon)
        ),
        "zoo/IoU",
        "smooth=1.0",
    ),
    "larger and smaller mixed up": (function(boxes, "_larger", lambda f: boxes._smaller), "zoo/GIoU", "/4x4-none/"),
    "sides not clamped": (op("relu", lambda f: lambda self, x: x), "zoo/IoU", "/4x4-none/"),
    "centre taken for a corner": (
        function(boxes, "corners", without(form="xyxy")),
        "zoo/IoU",
        "form=cxcywh",
    ),
    "distances taken for corners": (function(boxes, "corners", without(form="xyxy")), "zoo/GIoU", "form=ltrb"),
    "box around both too small": (
        function(boxes, "_hull", lambda f: lambda F, pred, target: f(F, pred, pred)),
        "zoo/GIoU",
        "/4x4/",
    ),
    "no distance": (function(boxes, "diou", lambda f: boxes.iou), "zoo/DIoU", "/4x4/"),
    "generalized for distance": (function(boxes, "diou", lambda f: boxes.giou), "zoo/DIoU", "/4x4/"),
    "weight with a gradient": (op("stop_gradient", lambda f: lambda self, x: x), "zoo/CIoU", "/4x4-none/"),
    "no aspect": (op("arctan", lambda f: lambda self, x: 0 * x), "zoo/CIoU", "/4x4/"),
    "smallest errors first": (
        op("argsort", lambda f: lambda self, x, axis=-1, is_ascend=True: f(self, x, axis=axis, is_ascend=True)),
        "zoo/LovaszSoftmax",
        "/2x3x3/",
    ),
    "absent classes count": (
        op("broadcast_greater", lambda f: lambda self, x, y: self.ones_like(x)),
        "zoo/LovaszSoftmax",
        "/2x3x3/",
    ),
    "what does not count does": (function(zoo_lovasz, "_without", never_dropped), "zoo/LovaszSoftmax", "ignore=1"),
    "running totals of the errors": (
        op("cumsum", lambda f: lambda self, x, axis=-1: f(self, self.flip(x, axis=-1), axis=axis)),
        "zoo/LovaszHinge",
        "/2x4/",
    ),
    "images joined": (
        function(zoo_lovasz, "_rows", lambda f: lambda F, x, shape, kept, per_image: f(F, x, shape, kept, True)),
        "zoo/LovaszHinge",
        "per_image=False",
    ),
    "order by truth": (
        function(lovasz, "lovasz_jaccard", lambda f: lambda F, errors, truth: F.sum(errors * truth, axis=-1)),
        "zoo/LovaszHinge",
        "/2x4-none/",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
