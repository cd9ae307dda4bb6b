"""A wrong call says which loss, which argument, what came and what is accepted."""

import warnings

import numpy as np
import pytest

import polyloss.keras.losses as pl

A = np.zeros((4, 3), "float32")
C = np.array([0, 1, 2, 1])


def cases():
    mse, bce, cce, scce = (
        pl.mean_squared_error,
        pl.binary_crossentropy,
        pl.categorical_crossentropy,
        pl.sparse_categorical_crossentropy,
    )
    cfce, bfce, gce = (
        pl.categorical_focal_crossentropy,
        pl.binary_focal_crossentropy,
        pl.categorical_generalized_cross_entropy,
    )
    yield TypeError, "mean_squared_error: y_true is a list", lambda: mse([1.0], A)
    yield TypeError, "mean_squared_error: y_pred is a dict", lambda: mse(A, {"a": A})
    yield TypeError, "MeanSquaredError: y_pred is a tuple", lambda: pl.MeanSquaredError()(A, (A, A))
    yield TypeError, "MeanSquaredError: y_true is a list.*one tensor", lambda: pl.MeanSquaredError()([A, A], [A, A])
    yield TypeError, "MeanSquaredError: sample_weight is a list", lambda: pl.MeanSquaredError()(A, A, [1.0, 2.0])
    yield TypeError, "y_true is None", lambda: mse(None, A)
    yield TypeError, "y_true is 1.0, a float", lambda: mse(1.0, A)
    yield TypeError, "y_pred has dtype int64", lambda: mse(A, np.zeros((4, 3), "int64"))
    yield ValueError, "axis=-1 is not an axis of y_pred, which has shape \\(\\)", lambda: mse(A[0, 0], A[0, 0])
    yield (
        ValueError,
        "mean_squared_error: the shapes do not broadcast: y_true \\(4, 3\\), y_pred \\(4, 2\\)",
        lambda: mse(A, A[:, :2]),
    )
    yield ValueError, "hinge: the shapes do not broadcast", lambda: pl.hinge(A, A[:2])
    yield ValueError, "huber: delta=0 must be above 0", lambda: pl.huber(A, A, delta=0)
    yield ValueError, "huber: delta=-1.0", lambda: pl.Huber(delta=-1.0)(A, A)
    yield TypeError, "huber: delta is 'x'", lambda: pl.huber(A, A, delta="x")
    yield ValueError, "cosine_similarity: axis=2 is not an axis", lambda: pl.CosineSimilarity(axis=2)(A, A)
    yield TypeError, "cosine_similarity: axis is 0.5", lambda: pl.cosine_similarity(A, A, axis=0.5)
    yield ValueError, "binary_crossentropy: y_true has shape \\(4,\\), but y_pred has \\(4, 3\\)", lambda: bce(C, A)
    yield ValueError, "BinaryCrossentropy|binary_crossentropy: y_true", lambda: pl.BinaryCrossentropy()(A[:, :2], A)
    yield ValueError, "label_smoothing=1.5 is not in", lambda: bce(A, A, label_smoothing=1.5)
    yield ValueError, "binary_focal_crossentropy: gamma=-1 is below 0", lambda: bfce(A, A, gamma=-1)
    yield ValueError, "binary_focal_crossentropy: alpha=2", lambda: bfce(A, A, apply_class_balancing=True, alpha=2)
    yield ValueError, "categorical_crossentropy: y_true has shape", lambda: cce(A[:1], A)
    yield TypeError, "categorical_crossentropy: axis is True", lambda: cce(A, A, axis=True)
    yield TypeError, "categorical_crossentropy: axis is None", lambda: cce(A, A, axis=None)
    yield ValueError, "alpha has 2 numbers; accepted is one, or one for each of 3", lambda: cfce(A, A, alpha=[1.0, 2.0])
    yield TypeError, "alpha is 'x'", lambda: cfce(A, A, alpha="x")
    yield ValueError, "sparse_categorical_crossentropy: y_true has shape \\(3,\\).*\\(4,\\)", lambda: scce(C[:3], A)
    yield (
        ValueError,
        "sparse_categorical_crossentropy: y_true has class numbers outside \\[0, 3\\)",
        lambda: scce(C + 2, A),
    )
    yield ValueError, "outside \\[0, 3\\)", lambda: scce(C - 1, A, ignore_class=0)
    yield ValueError, "categorical_generalized_cross_entropy: q=1 ", lambda: gce(C, A, q=1)
    yield ValueError, "CategoricalGeneralizedCrossEntropy: q=0", lambda: pl.CategoricalGeneralizedCrossEntropy(q=0)
    yield ValueError, "outside \\[0, 3\\)", lambda: gce(C + 5, A, q=0.5)
    yield ValueError, "dice: y_true has shape \\(1, 3\\)", lambda: pl.dice(A[:1], A)
    yield ValueError, "tversky: the shapes do not broadcast", lambda: pl.tversky(A[:, :2], A)
    yield ValueError, "tversky: axis=3", lambda: pl.tversky(A, A, axis=(0, 3))
    yield TypeError, "tversky: alpha is None", lambda: pl.tversky(A, A, alpha=None)
    yield ValueError, "circle: y_true has shape \\(3,\\)", lambda: pl.circle(C[:3], A)
    yield ValueError, "circle: ref_labels and ref_embeddings belong together", lambda: pl.circle(C, A, ref_labels=C)
    yield ValueError, "circle: ref_embeddings has shape", lambda: pl.circle(C, A, C, A[:, :2])
    yield ValueError, "circle: y_pred has shape \\(3,\\)", lambda: pl.circle(C[:3], A[0])
    yield ValueError, "ctc: y_pred has shape", lambda: pl.ctc(C[:, None], A)
    yield ValueError, "ctc: y_true has shape \\(4,\\)", lambda: pl.ctc(C, A[:, None])
    yield ValueError, "ctc: y_true must hold class numbers in \\[1, 3\\)", lambda: pl.ctc(C[:, None] + 3, A[:, None])
    yield ValueError, "ctc: y_true must hold", lambda: pl.ctc(np.array([[0, 1]]), A[None])
    yield ValueError, "Huber: reduction='avg' is not one of", lambda: pl.Huber(reduction="avg")
    yield TypeError, "Huber: dtype is 'int32'; accepted are", lambda: pl.Huber(dtype="int32")
    yield (
        ValueError,
        "MeanSquaredError: sample_weight has shape \\(4, 3\\), which does not broadcast",
        lambda: pl.MeanSquaredError()(A, A, A),
    )
    yield TypeError, "Dice: its dtype is bfloat16, which numpy has not", lambda: pl.Dice(dtype="bfloat16")(A, A)
    yield TypeError, "sample_weight is str", lambda: pl.MeanSquaredError()(A, A, "x")


@pytest.mark.parametrize(
    ("kind", "message", "call"), list(cases()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused(kind, message, call):
    with pytest.raises(kind, match=message):
        call()


def test_frameworks_do_not_mix():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="MeanSquaredError: all tensors must be of one kind"):
        pl.MeanSquaredError()(A, torch.zeros(4, 3))
    with pytest.raises(TypeError, match=r"sample_weight is numpy\.ndarray"):
        pl.MeanSquaredError()(torch.zeros(4, 3), torch.zeros(4, 3), np.ones(4))


def test_one_class_warns():
    with pytest.warns(UserWarning, match="one class along axis -1"):
        pl.categorical_crossentropy(A[:, :1], A[:, :1] + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pl.categorical_crossentropy(A[:, :1], A[:, :1] + 1, axis=0)
