"""Wrong calls of metrics and of the losses of sequences say what is wrong, and so does differentiating a metric."""

import numpy as np
import pytest

import polyloss.zoo as zoo

WORDS = np.zeros((2, 3), "int64")
STEPS = np.zeros((2, 3, 4))
ROWS = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: zoo.edit_distance(WORDS, WORDS[:1]), ValueError, r"edit_distance: truth has shape \(1, 3\)"),
        (lambda: zoo.edit_distance(WORDS[0], WORDS), ValueError, r"edit_distance: hypothesis has shape \(3,\)"),
        (lambda: zoo.edit_distance(WORDS, WORDS, WORDS[0]), ValueError, r"hypothesis_length has shape \(3,\)"),
        (lambda: zoo.edit_distance(WORDS, WORDS, substitution=-1), ValueError, "substitution=-1 must be at least 0"),
        (lambda: zoo.edit_distance(WORDS, WORDS, normalize="mean"), ValueError, "normalize='mean' is not one of"),
        (lambda: zoo.soft_edit_distance(STEPS, WORDS, gamma=-0.5), ValueError, "gamma=-0.5 must be at least 0"),
        (lambda: zoo.soft_edit_distance(WORDS, WORDS), TypeError, "soft_edit_distance: logits has dtype int64"),
        (lambda: zoo.soft_edit_distance(ROWS, WORDS), ValueError, r"logits has shape \(2, 3\)"),
        (lambda: zoo.minimum_risk(ROWS, ROWS[:1]), ValueError, r"minimum_risk: risk has shape \(1, 3\)"),
        (lambda: zoo.r_precision(ROWS, ROWS, ties="random"), ValueError, "ties='random' is not one of"),
        (lambda: zoo.r_precision(ROWS, ROWS, empty="nan"), ValueError, "empty='nan' is not one of"),
        (lambda: zoo.r_precision(ROWS, ROWS, reduction="sum"), ValueError, "reduction='sum' is not one of"),
        (lambda: zoo.r_precision(ROWS[0], ROWS[0]), ValueError, r"r_precision: scores has shape \(3,\)"),
        (lambda: zoo.text_image_r_precision(ROWS, ROWS), ValueError, r"candidates has shape \(2, 3\)"),
        (
            lambda: zoo.inception_score(ROWS),
            ValueError,
            "splits=10 must be at least 1 and at most the number of samples, 2",
        ),
        (
            lambda: zoo.inception_score(ROWS, splits=2, ddof=2),
            ValueError,
            "ddof=2 must be at least 0 and less than splits=2",
        ),
        (lambda: zoo.inception_score(ROWS[0]), ValueError, r"predictions has shape \(3,\)"),
    ],
)
def test_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


METRICS = {
    "r_precision": lambda scores: zoo.r_precision(scores, scores),
    "text_image_r_precision": lambda queries: zoo.text_image_r_precision(queries, queries[:, None]),
    "inception_score": lambda scores: zoo.inception_score(scores, from_logits=True, splits=1),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_so_when_it_is_differentiated(name):
    torch = pytest.importorskip("torch")
    given = torch.tensor([[1.0, 0.0]], requires_grad=True)
    value = METRICS[name](given)
    assert value == 1
    with pytest.raises(TypeError, match=f"{name} is a metric"):
        value.backward()
    jax = pytest.importorskip("jax")
    with pytest.raises(TypeError, match=f"{name} is a metric"):
        jax.grad(METRICS[name])(jax.numpy.array([[1.0, 0.0]]))
