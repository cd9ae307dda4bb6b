"""Wrong calls of the losses of predicted returns say what is wrong."""

import numpy as np
import pytest

import polyloss.zoo as zoo

STEP = np.zeros((2, 3))
Q = np.zeros((2, 3))
ROW = np.zeros(2)
ACTION = np.zeros(2, "int64")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: zoo.temporal_difference(STEP, STEP, STEP[0], STEP),
            ValueError,
            r"temporal_difference: discount has shape \(3,\)",
        ),
        (lambda: zoo.temporal_difference(STEP, STEP, STEP, STEP, kind="l1"), ValueError, "kind='l1' is not one of"),
        (lambda: zoo.temporal_difference(STEP, STEP, STEP, STEP, delta=0), ValueError, "delta=0 must be above 0"),
        (lambda: zoo.td_lambda(STEP, STEP, STEP, STEP, weight=1.5), ValueError, r"weight=1.5 is not in \[0, 1\]"),
        (lambda: zoo.td_lambda(*4 * [np.zeros(())]), ValueError, r"td_lambda: value has shape \(\)"),
        (lambda: zoo.generalized_advantage(STEP, STEP, STEP, STEP, weight="x"), TypeError, "weight is 'x'"),
        (lambda: zoo.q_learning(Q, ACTION[:1], ROW, ROW, Q), ValueError, r"q_learning: action has shape \(1,\)"),
        (lambda: zoo.q_learning(Q, ACTION, ROW, ROW, Q.T), ValueError, r"q_learning: next_q has shape \(3, 2\)"),
        (lambda: zoo.q_learning(Q, ACTION, ROW, ROW, Q, Q[:1]), ValueError, r"selector has shape \(1, 3\)"),
        (lambda: zoo.sarsa(Q, ACTION, ROW, ROW, Q, ACTION[:1]), ValueError, r"sarsa: next_action has shape \(1,\)"),
        (lambda: zoo.sarsa(ROW, ACTION, ROW, ROW, ROW, ACTION), ValueError, r"sarsa: q has shape \(2,\)"),
        (
            lambda: zoo.expected_sarsa(Q, ACTION, ROW, ROW, Q, Q.astype("float32")),
            TypeError,
            "next_probability has dtype float32",
        ),
        (
            lambda: zoo.sarsa(Q, ACTION, ROW, ROW, Q, ACTION, reduction="batchmean"),
            ValueError,
            "reduction='batchmean' is not one of",
        ),
    ],
)
def test_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
