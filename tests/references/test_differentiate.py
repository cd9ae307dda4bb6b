"""Slopes against closed forms, at kinks, and where there is none."""

import numpy as np
import pytest
from mpmath import mp
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import exact
from polyloss_conformance.references.gluon import REFERENCES


def of(loss, upstream, wrt, config=None, call=None, **inputs):
    value = REFERENCES[f"gluon/{loss}"].compute
    return slopes(value, {k: exact(v) for k, v in inputs.items()}, config or {}, call or {}, upstream, wrt)


def smooth(found, want, rtol=1e-15):
    assert found.smooth.all()
    np.testing.assert_allclose(found.lower, np.broadcast_to(want, found.lower.shape), rtol=rtol, atol=1e-40)


rng = np.random.default_rng(5)
P, Y, U = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), np.array([[0.7], [-1.3]])


def test_squares():
    found = of("L2Loss", U[:, 0], ("pred", "label"), {"weight": 3.0}, pred=P, label=Y)
    smooth(found["pred"], U * (P - Y))
    smooth(found["label"], U * (Y - P))


def test_sample_weight():
    found = of("L2Loss", U[:, 0], ("sample_weight",), pred=P, label=Y, sample_weight=[[1.0], [2.0]])
    smooth(found["sample_weight"], U * ((P - Y) ** 2).mean(axis=1, keepdims=True) / 2)


def test_cross_entropies():
    softmax = np.exp(P) / np.exp(P).sum(axis=1, keepdims=True)
    found = of("SoftmaxCELoss", U[:, 0], ("pred",), pred=P, label=[0, 2])
    smooth(found["pred"], U * (softmax - np.eye(3)[[0, 2]]), 1e-14)
    label = abs(Y)
    found = of("SigmoidBCELoss", U[:, 0], ("pred", "label"), pred=P, label=label)
    smooth(found["pred"], U * (1 / (1 + np.exp(-P)) - label) / 3, 1e-13)
    smooth(found["label"], -U * P / 3, 1e-14)


def test_poisson():
    found = of("PoissonNLLLoss", [2.0], ("pred", "target"), pred=P, target=[[0, 1, 2], [3, 4, 5]])
    smooth(found["pred"], 2 * (np.exp(P) - np.arange(6).reshape(2, 3)) / 6, 1e-14)
    smooth(found["target"], -2 * P / 6)


def test_steep_logarithm():
    found = of("SigmoidBCELoss", [1.0], ("pred",), {"from_sigmoid": True}, pred=[0.0], label=[1.0])
    smooth(found["pred"], -1e12)
    found = of("KLDivLoss", [1.0], ("label",), pred=[[-1.0]], label=[[0.0]])
    smooth(found["label"], np.log(1e-12) + 1)


def test_tiny_slope():
    smooth(of("SigmoidBCELoss", [1.0], ("pred",), pred=[-80.0], label=[0.0])["pred"], np.exp(-80.0), 1e-13)
    smooth(of("SigmoidBCELoss", [1.0], ("pred",), pred=[80.0], label=[1.0])["pred"], -np.exp(-80.0), 1e-13)


def test_large_arguments():
    smooth(of("L1Loss", [1.0], ("pred",), pred=[1e30], label=[0.0])["pred"], 1.0)
    smooth(of("SquaredHingeLoss", [1.0], ("pred",), pred=[-1e30], label=[1.0])["pred"], -2e30, 1e-14)


def test_small_slope_beside_a_huge_term():
    found = of("PoissonNLLLoss", [1.0], ("pred",), pred=[1e4, 0.5], target=[0.0, 3.0])["pred"]
    assert found.lower[1] == pytest.approx((np.exp(0.5) - 3) / 2, rel=1e-15)
    assert found.lower[0] == np.inf  # beyond float64


def test_above_all_measure():
    assert np.isnan(of("PoissonNLLLoss", [1.0], ("pred",), pred=[1e30, 0.5], target=[0.0, 3.0])["pred"].lower).all()


@pytest.mark.parametrize(
    ("loss", "pred", "label", "config", "ends"),
    [
        ("L1Loss", 2.0, 2.0, {}, (-1, 1)),
        ("HingeLoss", 1.0, 1.0, {}, (-1, 0)),
        ("HingeLoss", -0.5, -1.0, {"margin": 0.5}, (0, 1)),
    ],
)
def test_kinks(loss, pred, label, config, ends):
    for upstream in (1.0, -1.5):
        found = of(loss, [upstream], ("pred",), config, pred=[pred], label=[label])["pred"]
        assert sorted(upstream * end for end in ends) == [found.lower[0], found.upper[0]]
        assert not found.smooth[0]


@pytest.mark.parametrize(
    ("loss", "pred", "label", "slope"), [("HuberLoss", 1.0, 0.0, 1.0), ("SquaredHingeLoss", 1.0, 1.0, 0.0)]
)
def test_no_kink_where_branches_meet_smoothly(loss, pred, label, slope):
    smooth(of(loss, [1.0], ("pred",), pred=[pred], label=[label])["pred"], slope)


def test_kinks_of_vectors():
    same = {name: [[1.0, 2.0]] for name in ("pred", "positive", "negative")}
    found = of("TripletLoss", [1.0], ("positive",), {"margin": 0}, **same)["positive"]
    np.testing.assert_allclose(found.lower, 0, atol=1e-40)
    found = of("CosineEmbeddingLoss", [[1.0]], ("input1",), input1=[[1.0, 0.0]], input2=[[0.0, 1.0]], label=[-1])[
        "input1"
    ]
    np.testing.assert_allclose([found.lower, found.upper], [[[0, 0]], [[0, 1]]], atol=1e-40)


def test_zero_vector_has_the_slope_of_the_guarded_quotient():
    found = of(
        "CosineEmbeddingLoss", [[1.0]], ("input1", "input2"), input1=[[0.0, 0.0]], input2=[[1.0, 2.0]], label=[1]
    )
    smooth(found["input1"], [[-1e12, -2e12]])
    smooth(found["input2"], [[0.0, 0.0]])


def test_no_slope():
    assert np.isnan(
        of("L1Loss", [1.0, 1.0], ("pred",), pred=[np.inf, 1.0], label=[0.0, 0.0])["pred"].lower
    ).tolist() == [True, False]
    assert np.isnan(of("L1Loss", [np.nan], ("pred",), pred=[1.0], label=[0.0])["pred"].lower).all()


def test_infinite_values_leave_other_samples_alone():
    pred = np.log([[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]] * 2)
    both = of("CTCLoss", [1.0, 2.0], ("pred",), pred=pred, label=[[0, 0], [0, 1]])["pred"]
    alone = of("CTCLoss", [2.0], ("pred",), pred=pred[1:], label=[[0, 1]])["pred"]
    assert np.isnan(both.lower[0]).all()
    np.testing.assert_allclose(both.lower[1], alone.lower[0], rtol=1e-15, atol=1e-40)


def test_no_upstream_no_slope():
    pred = np.log([[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]])
    smooth(of("CTCLoss", [0.0], ("pred",), pred=pred, label=[[0, 0]])["pred"], 0.0)


def test_inputs_stay_as_they_were():
    inputs = {"pred": exact([1.0]), "label": exact([3.0])}
    slopes(REFERENCES["gluon/L2Loss"].compute, inputs, {}, {}, [1.0], ("pred",))
    assert inputs["pred"][0] == 1
    assert mp.dps == 15


def test_wrong_upstream():
    with pytest.raises(ValueError, match="2 upstream elements for 1"):
        of("L1Loss", [1.0, 1.0], ("pred",), pred=[1.0], label=[0.0])
    assert of("L1Loss", [1.0], (), pred=[1.0], label=[0.0]) == {}
