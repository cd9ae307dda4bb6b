"""Deliberately wrong triplet and cosine embedding losses must be caught by their cases."""

import pytest

from polyloss.formulas import embedding
from polyloss.torch.nn.functional import embedding as functional

from .test_sabotage import FRAMEWORK, function, is_caught, op, without

pytestmark = pytest.mark.skipif(FRAMEWORK is None, reason="no framework with gradients is installed")

TRIPLET = "torch/TripletMarginLoss"
COSINE = "torch/CosineEmbeddingLoss"


def of_between(change):
    """`between` with some of its arguments changed."""
    return function(functional, "between", lambda f: lambda F, loss, **given: f(F, loss, **{**given, **change(given)}))


def reversed_pair(f):
    return lambda F, loss, *, p, eps, **pair: f(F, loss, p=p, eps=eps, **dict(reversed(pair.items())))


SABOTAGES = {
    "epsilon of the distance dropped": (of_between(lambda given: {"eps": 0.0}), TRIPLET, "p=3,swap=True,margin=0.25"),
    "epsilon on the other side": (function(functional, "between", reversed_pair), TRIPLET, "p=1,swap=False,margin=0.5"),
    "p ignored": (of_between(lambda given: {"p": 2}), TRIPLET, "p=3,swap=False"),
    "swap ignored": (
        function(embedding, "triplet_margin", lambda f: lambda F, near, far, *rest, margin: f(F, near, far, margin=margin)),
        TRIPLET,
        "p=2,swap=True",
    ),
    "swap to the farther": (
        op("broadcast_minimum", lambda f: lambda self, x, y: self.broadcast_maximum(x, y)),
        TRIPLET,
        "p=2,swap=True",
    ),
    "margin ignored": (function(embedding, "triplet_margin", without(margin=1.0)), "torch/TripletMarginWithDistanceLoss", "margin=0.5"),
    "half the cosine's epsilon": (
        function(embedding, "smoothed_cosine_similarity", without(epsilon=5e-13)),
        COSINE,
        "/2x3/",
    ),
    "margin of the cosine ignored": (function(embedding, "cosine_distance", without(margin=0.0)), COSINE, "margin=0.5"),
    "other targets taken for -1": (
        function(
            embedding,
            "_by_label",
            lambda f: lambda F, label, alike, unlike: F.where(F.broadcast_equal(label, 1.0), alike, unlike),
        ),
        COSINE,
        "other-targets",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
