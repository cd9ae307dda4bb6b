"""Deliberately wrong metrics and losses of sequences must be caught by their cases."""

import pytest

from polyloss.formulas import generative, ranking, sequence
from polyloss.zoo import ranking as rankings
from polyloss.zoo import sequence as sequences

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name

EDIT = "zoo/EditDistance"
SOFT = "zoo/SoftEditDistance"


def transposed(original):
    return lambda F, cost, running, lengths, **more: original(F, cost, running, lengths - 1, **more)


def always_running(original):
    return lambda F, cost, running, lengths, **more: original(F, cost, F.ones_like(running), lengths, **more)


SABOTAGES = {
    "insertions for deletions": (
        function(sequence, "edit_distance", without(insertion=0.75)),
        EDIT,
        "substitution=2.0",
    ),
    "the last place forgotten": (function(sequence, "edit_distance", transposed), EDIT, "/4x3/"),
    "lengths of the hypothesis ignored": (
        function(sequence, "edit_distance", always_running),
        EDIT,
        "/cut-reduction=none/",
    ),
    "minima hard": (function(sequence, "edit_distance", without(gamma=0.0)), SOFT, "/2x3x4/"),
    "lengths of the steps ignored": (function(sequence, "edit_distance", always_running), SOFT, "/cut-reduction=none/"),
    "not normalized": (
        function(sequences, "_distance", lambda f: lambda F, c, a, b, normalize, **more: f(F, c, a, b, "none", **more)),
        SOFT,
        "normalize=max",
    ),
    "mask ignored": (
        function(sequence, "minimum_risk", lambda f: lambda F, s, r, m: f(F, s, r, None)),
        "zoo/MinimumRisk",
        "/2x3-mask-",
    ),
    "probabilities not renormalized": (
        op("softmax", lambda f: lambda self, x, axis=-1: self.exp(x)),
        "zoo/MinimumRisk",
        "/2x3/",
    ),
    "ties in any order": (
        op("argsort", lambda f: lambda self, x, axis=-1, is_ascend=True: self.flip(f(self, x, axis=axis), axis)),
        "zoo/RPrecision",
        "/3x4-reduction=none/float32/ties",
    ),
    "empty queries counted": (
        function(rankings, "reduced", lambda f: lambda F, n, v, r, d, count=None, a=(): f(F, n, v, r, d, None, a)),
        "zoo/RPrecision",
        "/3x4-empty=skip/",
    ),
    "ties not expected": (
        function(ranking, "r_precision", without(expected=False)),
        "zoo/RPrecision",
        "ties=expected",
    ),
    "products for cosines": (
        function(rankings, "unit_vector", lambda f: lambda F, x, **more: x),
        "zoo/TextImageRPrecision",
        "/3x4x2-reduction=none/",
    ),
    "true caption last": (
        op("broadcast_equal", lambda f: lambda self, x, y: f(self, x, 3.0)),
        "zoo/TextImageRPrecision",
        "/3x4x2-reduction=none/",
    ),
    "divergence from the sum": (
        op("mean", lambda f: lambda self, x, axis=None, **more: self.sum(x, axis=axis, **more)),
        "zoo/InceptionScore",
        "/6x3-splits=2/",
    ),
    "splits ignored": (
        function(generative, "inception_score", lambda f: lambda F, log_p: 0 * f(F, log_p) + 1),
        "zoo/InceptionScore",
        "/6x3-splits=2/",
    ),
    "masked softmax of all": (
        function(sequence, "masked_softmax", lambda f: lambda F, x, mask: F.softmax(F.where(mask, x, 0.0))),
        "zoo/MinimumRisk",
        "/2x3-mask-",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
