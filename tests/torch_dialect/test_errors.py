"""What is refused, and how the message names it; what warns."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch

A = np.full((2, 3), 0.5)
B = np.full((2, 3), 0.25)
APART = ("ctc_loss", "linear_cross_entropy")  # which take no pair: test_ctc, test_linear
NAMES = [name for name in pF.__all__ if name not in APART]
INTEGER_INPUT = ("l1_loss", "mse_loss", "smooth_l1_loss", "margin_ranking_loss")
OF_CLASSES = ("cross_entropy", "nll_loss")
LABELS = {"multi_margin_loss": np.array([2, 0]), "multilabel_margin_loss": np.array([[2, -1, 0], [0, 1, -1]])}


def inputs(name):
    if name in OF_CLASSES:
        return A, np.array([0, 2])
    if name in LABELS:
        return A, LABELS[name]
    if name == "cosine_embedding_loss":
        return A, B, np.ones(2)
    three = name in ("gaussian_nll_loss", "margin_ranking_loss") or name.startswith("triplet")
    return (A, B, B + 1) if three else (A, B)


def legacy(name):
    return name not in ("huber_loss", "gaussian_nll_loss", "triplet_margin_with_distance_loss")


@pytest.mark.parametrize("name", NAMES)
def test_reduction(name):
    with pytest.raises(ValueError, match=f"{name}: reduction='average' is not one of 'none', 'mean', 'sum'"):
        getattr(pF, name)(*inputs(name), reduction="average")


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ((True, None), "mean"), ((None, True), "mean"), ((False, None), "sum"), ((None, False), "none"), ((True, False), "none"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [name for name in NAMES if legacy(name)])
def test_legacy_flags(name, flags, mode):
    with pytest.warns(UserWarning, match=f"write reduction='{mode}'") as caught:
        found = getattr(pF, name)(*inputs(name), size_average=flags[0], reduce=flags[1])
    assert [warning.filename for warning in caught] == [__file__]
    if name != "kl_div" or mode != "mean":
        np.testing.assert_array_equal(found, getattr(pF, name)(*inputs(name), reduction=mode))


def test_legacy_flags_of_a_module():
    with pytest.warns(UserWarning, match="write reduction='sum'"):
        assert pnn.L1Loss(size_average=False).reduction == "sum"


def test_old_name_of_the_mean():
    with pytest.warns(UserWarning, match="elementwise_mean"):
        assert pF.l1_loss(A, B, reduction="elementwise_mean") == 0.25
    with pytest.raises(ValueError, match="poisson_nll_loss: reduction"):
        pF.poisson_nll_loss(A, B, reduction="elementwise_mean")


@pytest.mark.filterwarnings("ignore:kl_div:UserWarning")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_CLASSES])
def test_dtypes(name):
    (first, second, *rest) = inputs(name)
    narrow = second.astype("float32")
    if name in LABELS:
        with pytest.raises(TypeError, match=f"{name}: target has dtype float32; accepted are class numbers in int64"):
            getattr(pF, name)(first, narrow)
    elif name == "binary_cross_entropy":
        with pytest.raises(TypeError, match=f"{name}: target has dtype float32, but input has float64"):
            getattr(pF, name)(first, narrow, *rest)
    else:
        assert getattr(pF, name)(first, narrow, *rest).dtype == "float64"
    whole = [value.astype("int64") for value in (first, second, *rest)]
    if name in INTEGER_INPUT:
        assert getattr(pF, name)(whole[0], second, *rest).dtype == "float64"
        whole[1:2] = whole[:1]
    else:
        whole[1:] = [second, *rest]
    with pytest.raises(TypeError, match=f"{name}: (input1?|anchor) has dtype int64"):
        getattr(pF, name)(*whole)
    with pytest.raises(TypeError, match=f"{name}: (target|input2|positive) is 1.0, a float"):
        getattr(pF, name)(first, 1.0, *rest)


@pytest.mark.parametrize("name", ["l1_loss", "gaussian_nll_loss", "margin_ranking_loss"])
def test_boolean_targets(name):
    with pytest.raises(TypeError, match=f"{name}: (target|input2) has dtype bool"):
        getattr(pF, name)(A, B > 1, *inputs(name)[2:])


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_equal_shapes(name):
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(1, 3\), but input has \(2, 3\)"):
        getattr(pF, name)(A, B[:1])
    with pytest.raises(ValueError, match=rf"{name}: weight has shape \(4, 2, 3\)"):
        getattr(pF, name)(A, B, weight=np.ones((4, 2, 3)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(("binary", *OF_CLASSES)) and n not in LABELS])
def test_shapes_that_do_not_broadcast(name):
    with pytest.raises(ValueError, match=f"{name}: the shapes do not broadcast"):
        getattr(pF, name)(A, np.ones((2, 2)), *inputs(name)[2:])


def test_target_that_would_enlarge_the_input():
    assert pF.soft_margin_loss(A, B[:1], reduction="none").shape == A.shape
    for shape in ((1, 3), (3,), ()):
        with pytest.raises(ValueError, match=r"soft_margin_loss: target has shape \(2, 3\), which does not broadcast"):
            pF.soft_margin_loss(np.ones(shape), B)


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcast_warns(name):
    with pytest.warns(UserWarning, match=rf"{name}: target has shape \(1, 3\), but input has \(2, 3\)"):
        getattr(pF, name)(A, B[:1])


def test_mean_of_divergence_warns():
    with pytest.warns(UserWarning, match="batchmean"):
        pF.kl_div(A, B)


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "huber_loss"])
def test_shape_of_weight(name):
    with pytest.raises(ValueError, match=rf"{name}: weight has shape \(3,\), but input has \(2, 3\)"):
        getattr(pF, name)(A, B, weight=np.ones(3))


def test_thresholds():
    with pytest.raises(ValueError, match=r"smooth_l1_loss: beta=-1"):
        pF.smooth_l1_loss(A, B, beta=-1)
    with pytest.raises(ValueError, match=r"huber_loss: delta=0"):
        pF.huber_loss(A, B, delta=0)
    with pytest.raises(TypeError, match=r"HuberLoss: delta is '1'"):
        pnn.HuberLoss(delta="1")


def test_variance():
    for shape in [(4,), (2, 2), (1, 1), (1,)]:
        with pytest.raises(ValueError, match="gaussian_nll_loss: var has shape"):
            pF.gaussian_nll_loss(A, B, np.ones(shape))
    for var in (-1.0, -A):
        with pytest.raises(ValueError, match="gaussian_nll_loss: var has negative"):
            pF.gaussian_nll_loss(A, B, var)


def test_ranks():
    with pytest.raises(ValueError, match=r"margin_ranking_loss: input1, input2 and target have shapes"):
        pF.margin_ranking_loss(A, B, B[0])


def test_frameworks_do_not_mix():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"mse_loss: all tensors must be of one kind.*target is torch\.Tensor"):
        pF.mse_loss(A, torch.tensor(B))


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax", "tensorflow", "mxnet"])
def test_values_are_read_where_they_can_be(framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    (a, b) = (backend.from_numpy(value, "float32") for value in (A, B))
    for bad in (-1e-3, 1.001, np.nan):
        wrong = backend.from_numpy(np.where(A > 0, bad, A), "float32")
        with pytest.raises(ValueError, match=r"binary_cross_entropy: input has elements outside \[0, 1\]"):
            pF.binary_cross_entropy(wrong, b)
        with pytest.raises(ValueError, match=r"binary_cross_entropy: target has elements outside \[0, 1\]"):
            pF.binary_cross_entropy(a, wrong)
    with pytest.raises(ValueError, match="gaussian_nll_loss: var has negative"):
        pF.gaussian_nll_loss(a, b, backend.from_numpy(A - 1, "float32"))
