"""Wrong calls of the losses and distances between distributions say what is wrong."""

import numpy as np
import pytest

import polyloss.zoo as zoo

ROW = np.zeros(3)
ROWS = np.zeros((4, 3))
SQUARE = np.eye(3)
CLOUDS = np.zeros((2, 4, 3))
STATE = zoo.feature_moments(ROWS)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: zoo.critic(ROW, ROW, kind="dual"), ValueError, "critic: kind='dual' is not one of"),
        (lambda: zoo.critic(ROW, ROW.astype("float32")), TypeError, "critic: real has dtype float32"),
        (lambda: zoo.critic(ROW, 1.0), TypeError, "critic: real is 1.0, a float"),
        (
            lambda: zoo.relativistic_average(ROW, ROW, kind="wasserstein"),
            ValueError,
            "kind='wasserstein' is not one of",
        ),
        (lambda: zoo.generator(ROW, kind="minimax"), ValueError, "generator: kind='minimax' is not one of"),
        (lambda: zoo.generator(ROW.astype("int64")), TypeError, "generator: fake has dtype int64"),
        (lambda: zoo.generator(ROW, reduction="batch"), ValueError, "generator: reduction='batch' is not one of"),
        (lambda: zoo.gradient_penalty(np.zeros(())), ValueError, r"gradient_penalty: gradient has shape \(\)"),
        (lambda: zoo.gradient_penalty(ROWS, weight=-1), ValueError, "weight=-1 must be at least 0"),
        (lambda: zoo.gradient_penalty(ROWS, norm=-0.5), ValueError, "norm=-0.5 must be at least 0"),
        (lambda: zoo.gradient_penalty(ROWS, norm="1"), TypeError, "norm is '1'"),
        (lambda: zoo.sinkhorn_divergence(ROWS, ROWS), ValueError, r"sinkhorn_divergence: x has shape \(4, 3\)"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS[:1]), ValueError, r"y has shape \(1, 4, 3\)"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS[..., :2]), ValueError, r"accepted is \(2, None, 3\)"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS, ROWS), ValueError, r"x_weight has shape \(4, 3\)"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS, epsilon=0.0), ValueError, "epsilon=0.0 must be above 0"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS, iterations=0), ValueError, "iterations=0 is not a whole"),
        (lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS, iterations=1.5), ValueError, "iterations=1.5 is not a whole"),
        (
            lambda: zoo.sinkhorn_divergence(CLOUDS, CLOUDS.astype("float32")),
            TypeError,
            "sinkhorn_divergence: y has dtype float32",
        ),
        (lambda: zoo.wasserstein_1d(ROW, np.zeros(())), ValueError, r"wasserstein_1d: y has shape \(\)"),
        (lambda: zoo.wasserstein_1d(ROW[:0], ROW), ValueError, r"wasserstein_1d: x has shape \(0,\)"),
        (
            lambda: zoo.wasserstein_1d(ROW, ROWS),
            ValueError,
            r"wasserstein_1d: y has shape \(4, 3\); accepted is \(None,\)",
        ),
        (lambda: zoo.wasserstein_1d(ROWS, ROWS[:2]), ValueError, r"y has shape \(2, 3\); accepted is \(4, None\)"),
        (lambda: zoo.wasserstein_1d(ROW, ROW, ROW[:2]), ValueError, r"x_weight has shape \(2,\), but x has \(3,\)"),
        (
            lambda: zoo.wasserstein_1d(ROW, ROW, None, ROWS),
            ValueError,
            r"y_weight has shape \(4, 3\), but y has \(3,\)",
        ),
        (lambda: zoo.wasserstein_1d(ROW, ROW, p=0.5), ValueError, "p=0.5 must be at least 1"),
        (lambda: zoo.wasserstein_1d(ROW, ROW, p=float("inf")), ValueError, "p=inf must be finite"),
        (lambda: zoo.fid(ROW, ROWS), ValueError, r"fid: fake has shape \(3,\)"),
        (lambda: zoo.fid(ROWS, ROWS[:, :2]), ValueError, r"fid: real has shape \(4, 2\); accepted is \(None, 3\)"),
        (lambda: zoo.fid(ROWS, ROWS[:1]), ValueError, "fid: real has 1 samples; a covariance takes at least two"),
        (lambda: zoo.fid_from_moments(ROW, SQUARE, ROW[:2], SQUARE), ValueError, r"real_mean has shape \(2,\)"),
        (lambda: zoo.fid_from_moments(ROW, ROWS, ROW, SQUARE), ValueError, r"fake_covariance has shape \(4, 3\)"),
        (lambda: zoo.feature_moments(ROW), ValueError, r"feature_moments: features has shape \(3,\)"),
        (lambda: zoo.merge_moments(STATE, {"count": ROW}), ValueError, "merge_moments: other has no 'mean'"),
        (
            lambda: zoo.merge_moments(STATE, zoo.feature_moments(ROWS[:, :2])),
            ValueError,
            r"the mean of other has shape \(2,\), but that of state has \(3,\)",
        ),
    ],
)
def test_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
