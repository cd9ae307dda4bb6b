"""What the losses of classes, sides, distributions and preferences refuse, and what they say."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.zoo as zoo
from polyloss import dispatch
from polyloss.opset import UnsupportedError

X = np.zeros((3, 4))
LABELS = np.array([0, 2, 3])
ROW = np.array([0.5, 0.25])
FOUR = (ROW,) * 4

WRONG = {
    "labels of another size": (lambda: zoo.cross_entropy(X, LABELS[:2]), r"cross_entropy: target has shape \(2,\)"),
    "no such class": (
        lambda: zoo.cross_entropy(X, np.array([0, 4, 1])),
        r"cross_entropy: target has elements that are neither a class, 0 to 4 - 1$",
    ),
    "no number": (
        lambda: zoo.poly1(X, np.array([0.0, np.nan, 1.0])),
        "poly1: target has elements that are neither a class",
    ),
    "a label below 0": (
        lambda: zoo.cross_entropy(X, np.array([0, -3, 1]), ignore_index=-1),
        "0 to 4 - 1, nor ignore_index=-1",
    ),
    "ignoring probabilities": (lambda: zoo.cross_entropy(X, X, ignore_index=1), "ignore_index=1 has no meaning"),
    "smoothing above 1": (
        lambda: zoo.cross_entropy(X, LABELS, label_smoothing=1.5),
        r"cross_entropy: label_smoothing=1.5 is not in \[0, 1\]",
    ),
    "no such axis": (lambda: zoo.cross_entropy(X, LABELS, axis=2), "cross_entropy: axis=2 is not an axis of pred"),
    "a weight too few": (lambda: zoo.cross_entropy(X, LABELS, ROW), r"cross_entropy: weight has shape \(2,\)"),
    "an epsilon of 0": (
        lambda: zoo.cross_entropy(X, LABELS, probabilities=True, eps=0.0),
        "cross_entropy: eps=0.0 must be above 0",
    ),
    "no such reduction": (
        lambda: zoo.cross_entropy(X, LABELS, reduction="batchmean"),
        "cross_entropy: reduction='batchmean' is not one of",
    ),
    "no probability": (
        lambda: zoo.binary_cross_entropy(np.array([1.2]), np.array([0.0]), probabilities=True),
        r"binary_cross_entropy: pred has elements outside \[0, 1\]",
    ),
    "binary shapes": (
        lambda: zoo.binary_cross_entropy(ROW, ROW[:, None]),
        r"binary_cross_entropy: target has shape \(2, 1\), but pred has \(2,\)",
    ),
    "gamma below 0": (lambda: zoo.focal(ROW, ROW, gamma=-1.0), "focal: gamma=-1.0 must be at least 0"),
    "alpha above 1": (lambda: zoo.focal(ROW, ROW, alpha=2.0), r"focal: alpha=2.0 is not in \[0, 1\]"),
    "positives of a mean": (
        lambda: zoo.binary_cross_entropy(ROW, ROW, reduction="positive"),
        "reduction='positive' is not one of 'none', 'mean', 'sum'",
    ),
    "softmax gamma below 0": (lambda: zoo.softmax_focal(X, LABELS, gamma=-1.0), "softmax_focal: gamma=-1.0 must be"),
    "an alpha too few": (lambda: zoo.softmax_focal(X, LABELS, ROW), r"softmax_focal: alpha has shape \(2,\)"),
    "epsilon of Poly-1": (lambda: zoo.poly1(X, LABELS, epsilon=-1.0), "poly1: epsilon=-1.0 must be above -1"),
    "margin of 1": (lambda: zoo.asymmetric(X, X, margin=1.0), r"asymmetric: margin=1.0 is not in \[0, 1\)"),
    "no labels": (lambda: zoo.asymmetric(np.array(0.0), np.array(0.0)), "asymmetric: the axis of the labels=-1"),
    "sides of other shapes": (lambda: zoo.hinge(ROW, X), "hinge: target has shape"),
    "classes of a hinge": (lambda: zoo.multiclass_hinge(X, X), r"multiclass_hinge: target has shape \(3, 4\)"),
    "logistic shapes": (lambda: zoo.logistic(ROW, X), "logistic: target has shape"),
    "no such form": (lambda: zoo.kl_divergence(ROW, ROW, pred_as="log"), "kl_divergence: pred_as='log' is not one of"),
    "base 1": (lambda: zoo.kl_divergence(ROW, ROW, base=1.0), "kl_divergence: base=1.0 must be above 1"),
    "divergence shapes": (lambda: zoo.js_divergence(ROW, X), "js_divergence: target has shape"),
    "divergence axis": (lambda: zoo.js_divergence(ROW, ROW, axis=1), "js_divergence: axis=1 is not an axis of pred"),
    "no rows": (lambda: zoo.arcface(ROW, X, LABELS), r"arcface: pred has shape \(2,\)"),
    "classes of another length": (lambda: zoo.arcface(X, X[:, :2], LABELS), r"arcface: weight has shape \(3, 2\)"),
    "labels and rows": (lambda: zoo.cosface(X, X, LABELS[:2]), r"cosface: target has shape \(2,\); accepted is \(3,\)"),
    "no such identity": (lambda: zoo.cosface(X, X, LABELS), "neither a class, 0 to 3 - 1"),
    "margin of a half turn": (lambda: zoo.arcface(X, X, LABELS * 0, margin=3.2), r"margin=3.2 is not in \[0, pi\)"),
    "scale 0": (lambda: zoo.sphereface(X, X, LABELS * 0, scale=0.0), "sphereface: scale=0.0 must be above 0"),
    "margin 0": (lambda: zoo.sphereface(X, X, LABELS * 0, margin=0), "sphereface: margin=0 must be at least 1"),
    "beta 0": (lambda: zoo.dpo(*FOUR, beta=0.0), "dpo: beta=0.0 must be above 0"),
    "all the wrong way": (lambda: zoo.dpo(*FOUR, label_smoothing=0.5), r"label_smoothing=0.5 is not in \[0, 1/2\)"),
    "a reference too short": (
        lambda: zoo.ipo(ROW, ROW, ROW[:1], ROW),
        r"ipo: ref_chosen has shape \(1,\), but chosen has \(2,\)",
    ),
    "margin below 0": (lambda: zoo.simpo(ROW, ROW, margin=-1.0), "simpo: margin=-1.0 must be at least 0"),
    "beta below 0": (lambda: zoo.orpo(ROW, ROW, beta=-1.0), "orpo: beta=-1.0 must be at least 0"),
    "weight below 0": (lambda: zoo.kto(ROW, ROW, ROW, desirable_weight=-1.0), "kto: desirable_weight=-1.0 must be"),
    "a table of mismatched": (lambda: zoo.kto(ROW, ROW, ROW, X), r"kto: mismatched has shape \(3, 4\)"),
    "pairs of other shapes": (lambda: zoo.bradley_terry(ROW, X), "bradley_terry: rejected has shape"),
    "sides of a pair": (lambda: zoo.margin_ranking(ROW, ROW, X), "margin_ranking: target has shape"),
    "a row of another class": (
        lambda: zoo.linear_cross_entropy(X, X, LABELS[:2]),
        r"linear_cross_entropy: target has shape \(2,\)",
    ),
    "features without rows": (
        lambda: zoo.linear_cross_entropy(ROW, X, LABELS),
        r"linear_cross_entropy: features has shape \(2,\)",
    ),
    "a matrix of other features": (
        lambda: zoo.linear_cross_entropy(X, X[:, :2], LABELS),
        r"linear_cross_entropy: weight has shape \(3, 2\)",
    ),
    "a bias too few": (
        lambda: zoo.linear_cross_entropy(X, X, LABELS * 0, ROW),
        r"linear_cross_entropy: bias has shape \(2,\)",
    ),
    "a class without a row": (
        lambda: zoo.linear_cross_entropy(X, X, LABELS),
        "linear_cross_entropy: target has elements that are neither a class, 0 to 3 - 1$",
    ),
    "no rows at a time": (
        lambda: zoo.linear_cross_entropy(X, X, LABELS * 0, rows=0),
        "linear_cross_entropy: rows=0; accepted",
    ),
    "no such reduction of rows": (
        lambda: zoo.linear_cross_entropy(X, X, LABELS * 0, reduction="average"),
        "linear_cross_entropy: reduction='average' is not one of",
    ),
    "sigma 0": (lambda: zoo.ranknet(ROW, ROW, ROW, sigma=0.0), "ranknet: sigma=0.0 must be above 0"),
}

UNFIT = {
    "number to ignore": (lambda: zoo.poly1(X, LABELS, ignore_index=1.0), "poly1: ignore_index is 1.0, a float"),
    "integer scores": (lambda: zoo.multiclass_hinge(LABELS[:, None], LABELS), "multiclass_hinge: pred has dtype int64"),
    "two dtypes": (
        lambda: zoo.cross_entropy(X, X.astype(np.float32)),
        "cross_entropy: target has dtype float32, but pred has float64",
    ),
    "a margin that is none": (lambda: zoo.hinge(ROW, ROW, margin="1"), "hinge: margin is '1', a str"),
    "half an angle": (lambda: zoo.sphereface(X, X, LABELS * 0, margin=2.5), "sphereface: margin is 2.5, a float"),
    "text for a base": (lambda: zoo.js_divergence(ROW, ROW, base="2"), "js_divergence: base is '2', a str"),
    "a margin between ranks": (
        lambda: zoo.margin_ranking(ROW, ROW, ROW, margin=None),
        "margin_ranking: margin is None, a NoneType",
    ),
    "a margin of text": (lambda: zoo.bradley_terry(ROW, ROW, margin="1"), "bradley_terry: margin is '1', a str"),
}


@pytest.mark.parametrize("name", WRONG)
def test_values(name):
    (call, words) = WRONG[name]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", UNFIT)
def test_types(name):
    (call, words) = UNFIT[name]
    with pytest.raises(TypeError, match=words):
        call()


def test_labels_that_cannot_be_read_give_nan():
    jax = pytest.importorskip("jax")
    (x, labels) = (jax.numpy.zeros((3, 4)), jax.numpy.array([0, 4, -1]))
    assert np.isnan(jax.jit(lambda x, y: zoo.cross_entropy(x, y, reduction="none"))(x, labels)).tolist() == [
        False,
        True,
        True,
    ]
    assert np.isnan(jax.jit(lambda x, y: zoo.cosface(x, x[:2], y, reduction="none"))(x, labels)).tolist() == [
        False,
        True,
        True,
    ]
    (p, y) = (jax.numpy.array([0.5, 1.5, -0.5]), jax.numpy.zeros(3))
    found = jax.jit(lambda p, y: zoo.binary_cross_entropy(p, y, probabilities=True, reduction="none"))(p, y)
    assert np.isnan(found).tolist() == [False, True, True]


@pytest.mark.skipif(find_spec("mxnet") is None, reason="MXNet is not installed")
def test_a_symbol_does_not_say_what_its_target_holds():
    dispatch.backend("mxnet")
    from mxnet import sym

    with pytest.raises(UnsupportedError, match="cross_entropy on mxnet: what target means depends on its shape"):
        zoo.cross_entropy(sym.Variable("x"), sym.Variable("y"))
