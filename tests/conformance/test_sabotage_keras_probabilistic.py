"""The cases of the Keras losses of probabilities catch what is done wrong to them."""

import pytest

from polyloss.formulas import classification
from polyloss.keras.losses import base, probabilistic

from .test_sabotage import function, halved_gradient, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name

BINARY, FOCAL = "keras/BinaryCrossentropy", "keras/CategoricalFocalCrossentropy"
CATEGORICAL, SPARSE = "keras/CategoricalCrossentropy", "keras/SparseCategoricalCrossentropy"


def never_divided(f):
    return lambda F, pred, *, axis, epsilon: F.clip(pred, epsilon, 1.0 - epsilon)


def divided_first(f):
    return lambda F, pred, index, *, axis, epsilon: (
        -F.log(F.pick(classification.bounded_share(F, pred, axis=axis, epsilon=epsilon), index, axis=axis))
    )


SABOTAGES = {
    "another epsilon": (
        function(classification, "bounded_binary_cross_entropy", without(epsilon=1.1e-7)),
        BINARY,
        "/2x3/float64/certain",
    ),
    "bounds left out": (
        op("clip", lambda f: lambda self, x, low, high: x),
        BINARY,
        "/2x3/float64/outside",
    ),
    "labels pulled to 0": (
        function(probabilistic, "_two_classes", lambda f: lambda loss, t, p, s, axis: f(loss, t * (1 - s), p, 0.0, axis)),
        BINARY,
        "/2x3-label_smoothing=0.25/",
    ),
    "labels not pulled": (
        function(probabilistic, "_plus", lambda f: lambda F, label, amount, count: label),
        CATEGORICAL,
        "axis=1,label_smoothing=0.25/",
    ),
    "another gamma": (
        function(classification, "focal_factor", without(gamma=2.0)),
        "keras/BinaryFocalCrossentropy",
        "gamma=1.5,apply_class_balancing=True/float64",
    ),
    "a focal factor that is flat at 0": (
        function(classification, "focal_factor", lambda f: lambda F, miss, *, gamma: F.where(miss > 0, miss, 0.0)),
        "keras/BinaryFocalCrossentropy",
        "gamma=1.0/float64/certain",
    ),
    "alphas the other way round": (
        function(probabilistic, "_class_weights", lambda f: lambda F, loss, alpha, *rest: f(F, loss, alpha[::-1], *rest)),
        FOCAL,
        "axis=1,alpha",
    ),
    "shares not made": (
        function(classification, "bounded_share", never_divided),
        CATEGORICAL,
        "/3x4-reduction=sum/float64/unnormalized",
    ),
    "divided before it is bounded": (
        function(classification, "bounded_sparse_cross_entropy", divided_first),
        SPARSE,
        "outside",
    ),
    "ignored classes in the mean": (
        function(base, "reduced", lambda f: lambda F, loss, values, weight, mask, mode: f(F, loss, values, weight, None, mode)),
        SPARSE,
        "ignore_class=1/float64/ignored-others",
    ),
    "valid share left out": (
        function(base, "_mask_weight", lambda f: lambda F, mask, reduction: mask),
        BINARY,
        "mask2x3",
    ),
    "another axis of classes": (
        op("log_softmax", lambda f: lambda self, x, axis=-1: f(self, x, axis=-1)),
        CATEGORICAL,
        "2x3x2-from_logits=True,axis=1/",
    ),
    "half the gradient of a pick": (op("pick", halved_gradient), SPARSE, "/3x4-y_true3/"),
    "q ignored": (
        function(classification, "generalized_cross_entropy", without(q=0.5)),
        "keras/CategoricalGeneralizedCrossEntropy",
        "q=0.75",
    ),
    "labels without a bound": (
        function(classification, "bounded_relative_entropy", without(epsilon=1e-6)),
        "keras/KLDivergence",
        "/3x4/float64/hot",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
