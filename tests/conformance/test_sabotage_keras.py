"""Deliberately wrong losses of the Keras dialect must be caught by their cases: what all share, and the losses of real numbers."""

import pytest

from polyloss.formulas import embedding, regression
from polyloss.keras.losses import base

from .test_sabotage import function, judged, op_set, pytestmark, without  # noqa: F401 - a mark is found by its name

MSE = "keras/MeanSquaredError"


def of_reduced(**change):
    """`reduced` with some of its arguments changed."""

    def wrong(original):
        def reduced(F, loss, values, weight, mask, reduction):
            given = {"values": values, "weight": weight, "mask": mask, "reduction": reduction}
            return original(F, loss, **given | change)

        return reduced

    return function(base, "reduced", wrong)


def of_labels_without_gradient(original):
    def matched(F, *rest, **options):
        (true, pred) = original(F, *rest, **options)
        return F.stop_gradient(true), pred

    return matched


SABOTAGES = {
    "weights ignored": (of_reduced(weight=None), MSE, "/2x3-sw=2-mean/float32/second"),
    "mask ignored": (of_reduced(mask=None), MSE, "/2x3-mask=2/float32/second"),
    "reduction ignored": (of_reduced(reduction="mean"), MSE, "/3x4-sum/float32/second"),
    "mean not by weight": (of_reduced(reduction="mean"), MSE, "/2x3-sw=2-by-weight/float32/second"),
    "mean over what is masked": (
        function(base, "_mask_weight", lambda f: lambda F, mask, reduction: mask),
        MSE,
        "/2x3-mask=2/float32/second",
    ),
    "mask of a mean without weights": (
        function(base, "_mask_weight", lambda f: lambda F, mask, reduction: f(F, mask, "mean")),
        MSE,
        "/2x3-mask=2-sw=2x1-sum/float32/second",
    ),
    "ranks left apart": (
        function(base, "same_rank", lambda f: lambda F, x, y: (x, y)),
        MSE,
        "/2-2x1-none/float32/second",
    ),
    "axes of size 1 gone from vectors": (
        function(base, "same_rank", lambda f: lambda F, x, y: (F.reshape(x, (-1,)), F.reshape(y, (-1,)))),
        MSE,
        "/2x1-2/float32/second",
    ),
    "no weight, no zero": (
        function(base, "_ratio", lambda f: lambda F, x, y: x / y if isinstance(y, int) else F.broadcast_div(x, y)),
        MSE,
        "/2x3-sw=2-by-weight/float32/no-weight",
    ),
    "gradient of labels lost": (
        function(base, "matched", of_labels_without_gradient),
        "keras/MeanAbsoluteError",
        "/2x3/float32/second",
    ),
    "dtype ignored": (
        function(base.Loss, "_converted", lambda f: lambda self, F, tensor: F.cast(tensor, "float32")),
        MSE,
        "/2x3/float64/second",
    ),
    "epsilon of percentages": (
        function(regression, "relative_error", without(epsilon=1e-3)),
        "keras/MeanAbsolutePercentageError",
        "/2x3/float32/zeros",
    ),
    "logarithms of what is negative": (
        function(regression, "squared_log_error", without(epsilon=-0.5)),
        "keras/MeanSquaredLogarithmicError",
        "/2x3/float32/negative",
    ),
    "delta ignored": (function(regression, "huber_over_rho", without(rho=1.0)), "keras/Huber", "/2x3-delta=0.5/float32/second"),
    "error doubled": (
        function(regression, "log_cosh", lambda f: lambda F, pred, label: f(F, 2 * pred, label)),
        "keras/LogCosh",
        "/2x3/float32/second",
    ),
    "axis ignored": (function(embedding, "unit_dot", without(axis=-1)), "keras/CosineSimilarity", "/2x3-axis=0/float32/second"),
    "zero vectors": (function(embedding, "unit_dot", without(epsilon=1e-6)), "keras/CosineSimilarity", "/2x3/float32/zero-pred"),
    "rates of 0": (function(regression, "poisson_nll", without(epsilon=1e-6)), "keras/Poisson", "/2x3/float32/zeros"),
}  # fmt: skip


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    (sabotage, loss, part) = SABOTAGES[name]
    ops = op_set()
    sound = judged(loss, part)
    assert all(cell["status"] == "pass" for cell in sound.values()), sound
    with sabotage(ops):
        wrong = judged(loss, part)
    assert any(cell["status"] in ("fail", "error") for cell in wrong.values()), wrong
