"""A wrong call raises at once, and names the loss, the argument, what came and what is accepted."""

import numpy as np
import pytest

import polyloss.mxnet.gluon.loss as gloss

A = np.ones((2, 3))
ROW = np.ones(2)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: gloss.L2Loss(weight=None), TypeError, ["L2Loss", "weight", "None"]),
        (lambda: gloss.L1Loss(weight="2"), TypeError, ["L1Loss", "weight", "'2'", "str"]),
        (lambda: gloss.L1Loss(batch_axis=None), TypeError, ["L1Loss", "batch_axis", "None"]),
        (lambda: gloss.HuberLoss(rho=0), ValueError, ["HuberLoss", "rho", "0"]),
        (lambda: gloss.HuberLoss(rho=float("nan")), ValueError, ["HuberLoss", "rho", "nan"]),
        (lambda: gloss.LogisticLoss(label_format="x"), ValueError, ["LogisticLoss", "'x'", "signed", "binary"]),
        (lambda: gloss.CTCLoss(layout="NCT"), ValueError, ["CTCLoss", "layout", "'NCT'", "NTC", "TNC"]),
        (lambda: gloss.CTCLoss(label_layout="T"), ValueError, ["CTCLoss", "label_layout", "'T'", "NT", "TN"]),
        (lambda: gloss.HingeLoss(margin=None), TypeError, ["HingeLoss", "margin", "None"]),
        (lambda: gloss.L2Loss(wieght=2), TypeError, ["wieght"]),
    ],
)
def test_constructor(make, kind, words):
    with pytest.raises(kind) as error:
        make()
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    ("loss", "args", "kind", "words"),
    [
        (gloss.L2Loss(), (A, A[:, :2]), ValueError, ["L2Loss", "label", "(2, 2)", "pred", "(2, 3)"]),
        (gloss.L2Loss(), (A, A.astype("float32")), TypeError, ["L2Loss", "label", "float32", "float64"]),
        (gloss.L1Loss(), (A.astype(int), A.astype(int)), TypeError, ["L1Loss", "pred", "int64", "float32"]),
        (gloss.L1Loss(), (A, A, ROW), ValueError, ["L1Loss", "sample_weight", "(2,)", "(2, 3)"]),
        (gloss.L1Loss(), (A[0], A[0], A), ValueError, ["L1Loss", "sample_weight", "(2, 3)", "(3,)"]),
        (gloss.L1Loss(), (A, A, A.astype("float32")), TypeError, ["L1Loss", "sample_weight", "float32"]),
        (gloss.L1Loss(batch_axis=2), (A, A), ValueError, ["L1Loss", "batch_axis=2", "(2, 3)"]),
        (gloss.L1Loss(), (np.array(1.0), np.array(1.0)), ValueError, ["L1Loss", "batch_axis=0", "()"]),
        (
            gloss.SigmoidBCELoss(),
            (A, A, None, ROW),
            ValueError,
            ["SigmoidBinaryCrossEntropyLoss", "pos_weight", "(2,)"],
        ),
        (gloss.SoftmaxCELoss(), (A, np.ones(3)), ValueError, ["label", "(3,)", "(2,)", "(2, 1)"]),
        (gloss.SoftmaxCELoss(), (A, A), ValueError, ["SoftmaxCrossEntropyLoss", "label", "(2, 3)"]),
        (gloss.SoftmaxCELoss(axis=2), (A, ROW), ValueError, ["axis=2", "(2, 3)"]),
        (gloss.KLDivLoss(), (A, np.ones((3, 2))), ValueError, ["KLDivLoss", "label", "(3, 2)", "(2, 3)"]),
        (gloss.CTCLoss(), (A, A), ValueError, ["CTCLoss", "pred", "(2, 3)", "NTC"]),
        (
            gloss.CTCLoss(),
            (np.ones((2, 2, 3)), np.ones((2, 3))),
            ValueError,
            ["CTCLoss", "label", "(2, 3)", "2", "frames"],
        ),
        (
            gloss.CTCLoss(),
            (np.ones((2, 4, 3)), np.ones((3, 1))),
            ValueError,
            ["CTCLoss", "label", "(3, 1)", "(2, None)"],
        ),
        (
            gloss.CTCLoss(),
            (np.ones((2, 4, 3)), np.ones((2, 1)), np.ones(3)),
            ValueError,
            ["pred_lengths", "(3,)", "(2,)"],
        ),
        (gloss.TripletLoss(), (A, A, A[:1]), ValueError, ["TripletLoss", "negative", "(1, 3)", "(2, 3)"]),
        (
            gloss.CosineEmbeddingLoss(),
            (A, A, np.ones(3)),
            ValueError,
            ["CosineEmbeddingLoss", "label", "(3,)", "2 elements"],
        ),
        (gloss.SDMLLoss(), (A, A[:1]), ValueError, ["SDMLLoss", "x2", "(1, 3)", "(2, 3)"]),
        (gloss.SDMLLoss(), (ROW, ROW), ValueError, ["SDMLLoss", "x1", "(2,)", "vector_dim"]),
        (gloss.PoissonNLLLoss(), (A, A, None, "small"), TypeError, ["PoissonNLLLoss", "epsilon"]),
        (gloss.L2Loss(), ([1.0], [2.0]), TypeError, ["L2Loss", "pred", "list", "numpy"]),
        (gloss.L2Loss(), (A,), TypeError, ["label"]),
    ],
)
def test_call(loss, args, kind, words):
    with pytest.raises(kind) as error:
        loss(*args)
    assert all(word in str(error.value) for word in words), error.value


def test_keywords():
    loss = gloss.SigmoidBCELoss()
    assert loss(A, label=A, pos_weight=2 * A).tolist() == loss(A, A, None, 2 * A).tolist()
    with pytest.raises(TypeError, match=r"SigmoidBinaryCrossEntropyLoss.*lable.*pos_weight"):
        loss(A, A, lable=A)


def test_base_class_is_abstract():
    with pytest.raises(NotImplementedError, match="hybrid_forward"):
        gloss.Loss(None, 0)(A)
