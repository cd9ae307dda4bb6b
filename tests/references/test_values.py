"""Computed and documented values against numbers worked out by hand."""

import math

import numpy as np
import pytest
from mpmath import mp
from polyloss_conformance.references.exact import exact
from polyloss_conformance.references.gluon import ALIASES, REFERENCES

LOG2 = math.log(2)
SOFTPLUS1 = math.log1p(math.e)


def computed(loss, config=None, call=None, **inputs):
    return numbers(REFERENCES[f"gluon/{loss}"].value(inputs, config or {}, call or {}))


def documented(loss, config=None, call=None, **inputs):
    return numbers(REFERENCES[f"gluon/{loss}"].documented_value(inputs, config or {}, call or {}))


def numbers(array):
    return np.array([float(x) for x in array.flat]).reshape(array.shape)


def is_close(got, want):
    want = np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)


PAIR = {"pred": [[1.0, 2.0], [3.0, 5.0]], "label": [[1.0, 0.0], [3.0, 4.0]]}


@pytest.mark.parametrize(
    ("loss", "mean", "total"),
    [
        ("L2Loss", [1.0, 0.25], [2.0, 0.5]),
        ("L1Loss", [1.0, 0.5], [2.0, 1.0]),
        ("HuberLoss", [0.75, 0.25], [1.5, 0.5]),
        ("HingeLoss", [0.5, 0.0], [1.0, 0.0]),
        ("SquaredHingeLoss", [0.5, 0.0], [1.0, 0.0]),
    ],
)
def test_mean_and_printed_sum(loss, mean, total):
    is_close(computed(loss, **PAIR), mean)
    is_close(documented(loss, **PAIR), total)


def test_weights_and_axes():
    is_close(computed("L1Loss", {"weight": 3.0}, **PAIR), [3.0, 1.5])
    is_close(computed("L1Loss", {"batch_axis": 1}, **PAIR), [0.0, 1.5])
    is_close(computed("L1Loss", {"batch_axis": -1}, **PAIR), [0.0, 1.5])
    is_close(computed("L1Loss", sample_weight=[[1.0], [4.0]], **PAIR), [1.0, 2.0])
    is_close(computed("L1Loss", sample_weight=[1.0, 4.0], **PAIR), [4.0, 2.0])
    is_close(computed("L1Loss", pred=[1.0, 2.0], label=[[0.0], [0.0]]), [1.0, 2.0])
    is_close(computed("L1Loss", pred=np.zeros((0, 3)), label=np.zeros((0, 3))), np.zeros(0))
    assert np.isnan(computed("L1Loss", pred=np.zeros((2, 0)), label=np.zeros((2, 0)))).all()
    with pytest.raises(ValueError, match="reshape"):
        computed("L1Loss", pred=[1.0, 2.0], label=[1.0, 2.0, 3.0])


def test_huber_rho():
    values = {"pred": [[3.0, 0.5]], "label": [[0.0, 0.0]]}
    is_close(computed("HuberLoss", {"rho": 2}, **values), [(2.0 + 0.0625) / 2])
    is_close(documented("HuberLoss", {"rho": 2}, **values), [2.0625])


def test_binary_cross_entropy():
    is_close(
        computed("SigmoidBCELoss", pred=[[0.5, -1.0]], label=[[1.0, 0.0]]),
        [(math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-1))) / 2],
    )
    is_close(computed("SigmoidBCELoss", pred=[[1.0]], label=[[0.25]]), [0.25 * (SOFTPLUS1 - 1) + 0.75 * SOFTPLUS1])
    is_close(
        computed("SigmoidBCELoss", pred=[[1.0]], label=[[0.25]], pos_weight=[[2.0]]),
        [0.5 * (SOFTPLUS1 - 1) + 0.75 * SOFTPLUS1],
    )
    is_close(computed("SigmoidBCELoss", pred=[[0.0]], label=[[1.0]]), [LOG2])
    is_close(computed("SigmoidBCELoss", pred=[[1e4, -1e4]], label=[[0.0, 1.0]]), [1e4])
    probabilities = {"pred": [[0.75, 0.5]], "label": [[1.0, 0.0]]}
    is_close(
        computed("SigmoidBCELoss", {"from_sigmoid": True}, **probabilities),
        [-(math.log(0.75 + 1e-12) + math.log(0.5 + 1e-12)) / 2],
    )
    is_close(documented("SigmoidBCELoss", {"from_sigmoid": True}, **probabilities), [-math.log(0.75) + math.log(0.5)])
    is_close(computed("SigmoidBCELoss", {"from_sigmoid": True}, pred=[0.0], label=[1.0]), [12 * math.log(10)])


def test_logistic():
    is_close(computed("LogisticLoss", pred=[[1.0, 1.0]], label=[[1.0, -1.0]]), [SOFTPLUS1 - 0.5])
    is_close(computed("LogisticLoss", {"label_format": "binary"}, pred=[1.0], label=[0.0]), [SOFTPLUS1])
    is_close(documented("LogisticLoss", {"label_format": "binary"}, pred=[1.0], label=[0.0]), [LOG2])
    is_close(computed("LogisticLoss", pred=[2.0], label=[0.0]), [math.log1p(math.exp(-2)) + 1])  # halfway


def test_softmax_cross_entropy():
    pred = [[0.0, 0.0], [math.log(3), 0.0]]
    is_close(computed("SoftmaxCELoss", pred=pred, label=[0.0, 0.0]), [LOG2, math.log(4 / 3)])
    is_close(documented("SoftmaxCELoss", pred=pred, label=[0.0, 0.0]), LOG2 + math.log(4 / 3))
    is_close(computed("SoftmaxCELoss", pred=pred, label=[[0.0], [0.0]]), [LOG2, math.log(4 / 3)])
    is_close(
        computed("SoftmaxCELoss", pred=pred, label=[0.0, 0.0], sample_weight=[1.0, 3.0]),
        [2 * LOG2, 2 * math.log(4 / 3)],
    )
    is_close(
        computed("SoftmaxCELoss", pred=pred, label=[0.0, 0.0], sample_weight=[[1.0], [3.0]]),
        [LOG2, 3 * math.log(4 / 3)],
    )
    dense = {"sparse_label": False}
    is_close(
        computed("SoftmaxCELoss", dense, pred=pred, label=[[0.5, 0.5], [0.25, 0.75]]),
        [LOG2, 0.25 * math.log(4 / 3) + 0.75 * math.log(4)],
    )
    is_close(computed("SoftmaxCELoss", {"from_logits": True}, pred=[[-1.0, -2.0]], label=[1.0]), [2.0])


@pytest.mark.parametrize(
    ("label", "category"), [(-1, 0), (-0.75, 0), (0.75, 0), (1.5, 1), (2, 2), (2.5, 2), (3, 2), (99, 2)]
)
def test_class_numbers_are_truncated_then_clipped(label, category):
    is_close(
        computed("SoftmaxCELoss", {"from_logits": True}, pred=[[-1.0, -2.0, -4.0]], label=[label]),
        [[1.0, 2.0, 4.0][category]],
    )


def test_softmax_axis():
    pred = -np.arange(12.0).reshape(2, 3, 2)
    logits = {"from_logits": True, "axis": 1}
    is_close(computed("SoftmaxCELoss", logits, pred=pred, label=[[0, 1], [2, 0]]), [(0 + 3) / 2, (10 + 7) / 2])
    is_close(computed("SoftmaxCELoss", {**logits, "axis": -2}, pred=pred, label=[[[0, 1]], [[2, 0]]]), [1.5, 8.5])
    with pytest.raises(ValueError, match=r"label of shape \(2, 3\)"):
        computed("SoftmaxCELoss", logits, pred=pred, label=np.zeros((2, 3)))


def test_kl_divergence():
    pred, label = [[-1.0, -2.0]], [[0.5, 0.5]]
    is_close(computed("KLDivLoss", pred=pred, label=label), [math.log(0.5) + 1.5 + 2e-12])
    is_close(computed("KLDivLoss", {"average": True}, pred=pred, label=label), [(math.log(0.5) + 1.5 + 2e-12) / 2])
    is_close(documented("KLDivLoss", pred=pred, label=label), [(math.log(0.5) + 1.5) / 2])
    is_close(computed("KLDivLoss", {"from_logits": False}, pred=[[0.0, 0.0]], label=[[1.0, 0.0]]), [LOG2 + 1e-12])
    is_close(computed("KLDivLoss", pred=[[-1.0, -2.0], [-1.0, -1.0]], label=[0.0, 1.0]), [2.0 + 1e-12, 1.0 + 1e-12])
    is_close(documented("KLDivLoss", pred=[[-1.0, -2.0]], label=[[0.0, 1.0]]), [1.0])


FRAMES = np.log([[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]])


def test_ctc():
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, 1]]), [math.log(4)])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, -1]]), [-math.log(0.3125)])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, -1, 1]]), [-math.log(0.3125)])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[-1, -1]]), [math.log(16)])
    is_close(computed("CTCLoss", {"weight": 2.0}, pred=FRAMES, label=[[0, 1]], sample_weight=[3.0]), [6 * math.log(4)])
    is_close(computed("CTCLoss", {"layout": "TNC"}, pred=FRAMES.swapaxes(0, 1), label=[[0, 1]]), [math.log(4)])
    is_close(computed("CTCLoss", {"label_layout": "TN"}, pred=FRAMES, label=[[0], [1]]), [math.log(4)])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, 1]], label_lengths=[1]), [-math.log(0.3125)])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, -1]], pred_lengths=[1]), [LOG2])
    is_close(computed("CTCLoss", pred=FRAMES, label=[[0, 0]]), [math.inf])
    assert np.isnan(computed("CTCLoss", pred=FRAMES, label=[[0, 2]])).all()
    assert np.isnan(computed("CTCLoss", pred=FRAMES, label=[[0, -1]], label_lengths=[2])).all()


def test_triplet():
    values = {
        "pred": [[0.0, 0.0], [0.0, 0.0]],
        "positive": [[1.0, 1.0], [0.0, 0.0]],
        "negative": [[1.0, 0.0], [3.0, 0.0]],
    }
    is_close(computed("TripletLoss", **values), [2.0, 0.0])
    is_close(computed("TripletLoss", {"weight": 0.5, "margin": 10}, **values), [5.5, 0.5])
    is_close(documented("TripletLoss", {"weight": 0.5, "margin": 10}, **values), 12.0)


def test_poisson():
    values = {"pred": [[0.0, 1.0]], "target": [[2.0, 3.0]]}
    is_close(computed("PoissonNLLLoss", **values), [(1 + math.e - 3) / 2])
    is_close(documented("PoissonNLLLoss", **values), [[(1 + LOG2 + math.e - 3 + math.log(6)) / 2]])

    def stirling(k):
        return k * math.log(k) - k + 0.5 * math.log(2 * math.pi * k)

    full = {"compute_full": True}
    is_close(computed("PoissonNLLLoss", full, **values), [(1 + math.e - 3 + stirling(2) + stirling(3)) / 2])
    is_close(
        computed("PoissonNLLLoss", full, pred=[[0.0, 1.0]], target=[[0.0, 1.0]]), [(1 + math.e - 1) / 2]
    )  # none up to 1
    rates = {"from_logits": False}
    is_close(computed("PoissonNLLLoss", rates, pred=[2.0], target=[3.0]), [2 - 3 * math.log(2 + 1e-8)])
    is_close(computed("PoissonNLLLoss", rates, {"epsilon": 0.5}, pred=[0.5], target=[3.0]), [0.5])
    is_close(computed("PoissonNLLLoss", sample_weight=[[4.0]], **values), [2 * (1 + math.e - 3)])


def test_cosine_embedding():
    pairs = {"input1": [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], "input2": [[3.0, 4.0], [3.0, 4.0], [-1.0, 0.0]]}
    is_close(computed("CosineEmbeddingLoss", **pairs, label=[1, -1, -1]), [[0.4], [0.6], [0.0]])
    is_close(computed("CosineEmbeddingLoss", {"margin": 0.25}, **pairs, label=[1, -1, 0]), [[0.4], [0.35], [0.0]])
    is_close(documented("CosineEmbeddingLoss", {"margin": 0.25}, **pairs, label=[1, -1, -1]), 0.4 + 0.6 - 1)
    weighted = computed("CosineEmbeddingLoss", **pairs, label=[1, -1, -1], sample_weight=[1, 2, 3])
    is_close(weighted, [[0.4, 0.8, 1.2], [0.6, 1.2, 1.8], [0, 0, 0]])
    is_close(computed("CosineEmbeddingLoss", input1=[[0.0, 0.0]], input2=[[1.0, 2.0]], label=[1]), [[1.0]])
    is_close(
        computed("CosineEmbeddingLoss", input1=[[1e-20, 0.0]], input2=[[1.0, 0.0]], label=[-1]), [[1e-8]]
    )  # epsilon 1e-12


def test_sdml():
    x = [[0.0], [1.0]]
    near, far = math.log1p(math.exp(-1)), 1 + math.log1p(math.exp(-1))
    entropy = 0.75 * math.log(0.75 + 1e-12) + 0.25 * math.log(0.25 + 1e-12)
    loss = 0.75 * near + 0.25 * far + entropy
    is_close(computed("SDMLLoss", {"smoothing_parameter": 0.25}, x1=x, x2=x), [loss, loss])
    is_close(computed("SDMLLoss", {"smoothing_parameter": 0.25, "weight": 5}, x1=x, x2=x), [loss, loss])
    is_close(documented("SDMLLoss", {"smoothing_parameter": 0.25, "weight": 5}, x1=x, x2=x), [5 * loss, 5 * loss])
    is_close(
        computed("SDMLLoss", {"smoothing_parameter": 0.25}, x1=[[1.0]], x2=[[7.0]]), [0.75 * math.log(0.75 + 1e-12)]
    )


def test_aliases_share_a_record():
    for alias, name in ALIASES.items():
        assert REFERENCES[f"gluon/{alias}"] is REFERENCES[f"gluon/{name}"]
    assert len({id(reference) for reference in REFERENCES.values()}) == 14


@pytest.mark.parametrize("reference", {r.name: r for r in REFERENCES.values()}.values(), ids=lambda r: r.name)
def test_record_is_complete(reference):
    assert reference.summary.endswith(".")
    assert "1.9.1" in reference.source
    for latex in (reference.documented, reference.computed):
        assert latex.count("{") == latex.count("}")
        assert latex.count(r"\left") == latex.count(r"\right")


def test_exact_keeps_every_bit():
    assert exact([0.1])[0] == mp.mpf(0.1)
    assert exact(np.array([0.1], np.float32))[0] == mp.mpf(float(np.float32(0.1)))
    with mp.workdps(60):
        assert exact([mp.mpf("0.1")])[0] != mp.mpf(0.1)
