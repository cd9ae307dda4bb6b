"""The cases of Keras's hinges, overlaps, circle, CTC and wrapped functions catch what is done wrong to them."""

import pytest

from polyloss.formulas import classification, embedding, region
from polyloss.keras.losses import base

from .test_sabotage import function, halved_gradient, import_module, is_caught, op, pytestmark, without  # noqa: F401

hinges = import_module("polyloss.keras.losses.hinge")


def exchanged(original):
    return lambda F, x, y, *, alpha, beta, **more: original(F, x, y, alpha=beta, beta=alpha, **more)


def among_all_classes(original):
    return lambda F, x, y: F.clip(F.max(x, axis=-1) - F.sum(x * y, axis=-1) + 1.0, 0.0, float("inf"))


SABOTAGES = {
    "labels 0 and 1 as they are": (
        function(hinges, "_signs", lambda f: lambda F, y: y),
        "keras/Hinge",
        "/2x3/float32/bits",
    ),
    "all labels taken for 0 and 1": (
        function(hinges, "_signs", lambda f: lambda F, y: 2.0 * y - 1.0),
        "keras/Hinge",
        "/2x3/float32/three-labels",
    ),
    "signs row by row": (
        function(hinges, "_signs", lambda f: lambda F, y: F.where(F.broadcast_equal(y, 0.0), -1.0, y)),
        "keras/SquaredHinge",
        "/3x4-none/float32/three-labels",
    ),
    "margin halved": (
        function(classification, "closed_hinge", without(margin=0.5)),
        "keras/SquaredHinge",
        "/2x3/float32/signs",
    ),
    "the right class among the wrong": (
        function(classification, "categorical_hinge", among_all_classes),
        "keras/CategoricalHinge",
        "/2x3/float32/beyond",
    ),
    "a tie to one class": (
        op(
            "max", lambda f: lambda self, x, axis=None, **k: f(self, x + 1e-6 * self.arange_like(x, -1), axis=axis, **k)
        ),
        "keras/CategoricalHinge",
        "/2x3/float32/tie",
    ),
    "epsilon of Dice dropped": (
        function(region, "dice", without(epsilon=0.0)),
        "keras/Dice",
        "/2x3/float32/nothing",
    ),
    "epsilon of Tversky doubled": (
        function(region, "tversky", without(epsilon=2e-7)),
        "keras/Tversky",
        "/2x3/float32/faint",
    ),
    "alpha and beta exchanged": (function(region, "tversky", exchanged), "keras/Tversky", "/2x3-alpha=0.9,beta=0.1/"),
    "axes of a region ignored": (function(region, "dice", without(axis=None)), "keras/Dice", "axis=-1/float32"),
    "weights of the circle differentiated": (
        function(embedding, "circle", without(fixed_weights=False)),
        "keras/Circle",
        "/4x3/float32/ordinary",
    ),
    "a row its own partner": (
        op("eye_like", lambda f: lambda self, x: 0 * f(self, x)),
        "keras/Circle",
        "/4x3-none-native/float32/ordinary",
    ),
    "rows without partners counted": (
        function(base.LossFunctionWrapper, "_masked", lambda f: lambda self, y, x: (f(self, y, x)[0], None)),
        "keras/Circle",
        "/gamma=4-4x3/float32/alone",
    ),
    "labels rounded": (
        op("broadcast_equal", lambda f: lambda self, x, y: f(self, self.cast(x, "float32"), y)),
        "keras/Circle",
        "/gamma=4-4x3/float32/rounded-labels",
    ),
    "margin of the circle ignored": (
        function(embedding, "circle", without(margin=0.4)),
        "keras/Circle",
        "margin=0.125-mask/float32/ordinary",
    ),
    "padding aligned": (
        op("ctc_loss", lambda f: lambda self, x, y, *rest: f(self, x, self.clip(y, 0, 9), rest[0], None)),
        "keras/CTC",
        "/2x4x4/float32/ordinary",
    ),
    "the blank is the last class": (
        op("ctc_loss", lambda f: lambda self, x, y, *rest: f(self, x, y + 1, *rest)),
        "keras/CTC",
        "/2x4x4/float32/ordinary-3",
    ),
    "gradient of CTC halved": (op("ctc_loss", halved_gradient), "keras/CTC", "/2x4x4-none/float32/uniform"),
    "arguments of the function forgotten": (
        function(base.LossFunctionWrapper, "call", lambda f: lambda self, y, x: self.fn(*self._same_rank(y, x))),
        "keras/LossFunctionWrapper",
        "/huber-2x3/float32/far",
    ),
    "ranks as they come": (
        function(base, "same_rank", lambda f: lambda F, x1, x2: (x1, x2)),
        "keras/LossFunctionWrapper",
        "/absolute-2x1-2-none/float32/ordinary",
    ),
    "a mask's mean over all": (
        function(base, "_mask_weight", lambda f: lambda F, mask, reduction: mask),
        "keras/LossFunctionWrapper",
        "/rows-2x3x2-mask=2x3/float32/ordinary",
    ),
    "a mean by weight over all": (
        function(base, "reduced", lambda f: lambda *given: f(*given[:-1], "mean")),
        "keras/Dice",
        "/2x3-by-weight-weight=3/float32/bits",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
