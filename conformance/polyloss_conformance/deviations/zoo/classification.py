"""Discrepancies of the cross entropies and the focal loss."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_Z = [[2, 0.5, -1, 0], [0.1, 1.2, 0.3, -0.4], [-0.5, 0.25, 1.5, 3]]


def _modulated_mean(pred: Array, target: Array) -> Array:
    """The focal factor applied to the mean of the cross entropy."""
    rows = pred - np.log(np.exp(pred).sum(axis=1, keepdims=True))
    entropy = -rows[np.arange(len(pred)), target.astype(int)].mean()
    return np.asarray((1 - np.exp(-entropy)) ** 2 * entropy)


def _without_nan(pred: Array, target: Array) -> Array:
    """The sum over probabilities, in which NaN becomes 0 and infinity the largest float."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sum(np.nan_to_num(-target * np.log(pred) - (1 - target) * np.log(1 - pred))))


def _zero_times_log_zero(pred: Array, target: Array) -> Array:
    """The mean of the sum over classes of a one-hot target times the logarithm of the probabilities."""
    hot = np.eye(pred.shape[1])[target.astype(int)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-(hot * np.log(pred)).sum(axis=1).mean())


def _of_each_class(pred: Array, target: Array) -> Array:
    """The binary formula for every class of a softmax, added up: what did not happen is counted as well."""
    p = np.exp(pred) / np.exp(pred).sum(axis=1, keepdims=True)
    hot = np.eye(pred.shape[1])[target.astype(int)]
    return np.asarray(-(hot * np.log(p) + (1 - hot) * np.log(1 - p)).sum(axis=1).mean())


FINDINGS = (
    discrepancy(
        "zoo-L1-focal-mean",
        "The focal factor is applied to the mean of the cross entropy over the batch, not to each sample before the mean: equal only"
        " for gamma 0 or a batch of one.",
        LIST + "Focal (code); Lin et al. 2017, equation 5: the loss of each example is modulated",
        example("SoftmaxFocal", {"pred": _Z, "target": [0, 2, 3]}),
        _modulated_mean,
        (0.1941090842, 0.3406244951),
    ),
    discrepancy(
        "zoo-L2-cross-entropy-infinity",
        "Infinity is replaced by the largest float of the dtype: one probability of 0 for what happened makes the sum 1.8e308, a second"
        " one makes it infinite after all. Here a probability is bounded below, by `eps`.",
        LIST + "Cross entropy (NumPy code, binary)",
        example(
            "BinaryCrossEntropy",
            {"pred": [0.0, 0.5], "target": [1, 1]},
            {"probabilities": True, "reduction": "sum", "eps": 1e-10},
        ),
        _without_nan,
        (1.7976931348623157e308, 23.7189981105),
    ),
    discrepancy(
        "zoo-L2-cross-entropy-invalid",
        "NaN is replaced by 0, which hides what is no probability: 1.2 for what did not happen costs nothing. Here it raises where it"
        " can be read; the number is that of its bound.",
        LIST + "Cross entropy (NumPy code, binary)",
        example(
            "BinaryCrossEntropy",
            {"pred": [1.2], "target": [0]},
            {"probabilities": True, "reduction": "sum", "eps": 1e-10},
        ),
        _without_nan,
        (0.0, 23.0258509299),
    ),
    discrepancy(
        "zoo-L4-cross-entropy-binary",
        "The figure under the heading of all cross entropies is the binary one. Taken for several classes, class by class, it also counts"
        " the probability of not being what did not happen, which the categorical one has in its softmax.",
        LIST + "Cross entropy: the figure, and the code for several classes",
        example("CrossEntropy", {"pred": _Z, "target": [0, 2, 3]}),
        _of_each_class,
        (1.2570292272, 0.7270923204),
        by="class by class",
    ),
    discrepancy(
        "zoo-L3-cross-entropy-zero",
        "A class that cannot be and did not happen makes the loss NaN: 0 times the logarithm of 0.",
        LIST + "Cross entropy (TensorFlow and NumPy code, several classes)",
        example("CrossEntropy", {"pred": [[1.0, 0.0], [0.5, 0.5]], "target": [0, 1]}, {"probabilities": True}),
        _zero_times_log_zero,
        (np.nan, 0.34657359028),
    ),
)
