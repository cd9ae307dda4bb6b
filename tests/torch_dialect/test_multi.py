"""The losses of class scores: labels of any width, what is refused, what is no number, and where torch stops."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch, parts
from polyloss.opset import INTEGERS, UnsupportedError

X = np.array([[0.1, 0.2, 0.4, 0.8], [1.0, 0.0, -1.0, 0.5]])
ONE = np.array([3, 0])
SEVERAL = np.array([[3, 0, -1, 1], [0, -1, -1, -1]])
LOSSES = [(pF.multi_margin_loss, ONE), (pF.multilabel_margin_loss, SEVERAL)]
FRAMEWORKS = ["numpy", "torch", "jax", "tensorflow", "mxnet"]


def backend_of(framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    return dispatch.backend(framework)


def test_documented_examples():
    assert pF.multi_margin_loss(X[:1], ONE[:1]) == pytest.approx(0.325)
    assert pF.multilabel_margin_loss(X[:1], SEVERAL[:1]) == pytest.approx(0.85)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("loss", [pF.multi_margin_loss, pF.multilabel_margin_loss])
def test_width_of_labels(loss, framework, dtype):
    backend = backend_of(framework)
    label = ONE if loss is pF.multi_margin_loss else np.array([[3, 3, 0, 1], [0, 1, 2, 3]])
    scores = backend.from_numpy(X, "float32")
    try:
        given = backend.from_numpy(label, dtype)
    except Exception:
        pytest.skip(f"{framework} has no {dtype}")
    F = backend.op_set(scores)
    if dtype not in F.index_dtypes:
        with pytest.raises(TypeError, match=f"target has dtype {dtype}; accepted are class numbers in int64") as caught:
            loss(scores, given)
        assert isinstance(caught.value, UnsupportedError)
        return
    found = backend.to_numpy(loss(scores, given, reduction="none"))
    np.testing.assert_allclose(found, loss(X, label, reduction="none"), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "bool"])
def test_labels_are_integers(dtype):
    for loss, label in LOSSES:
        with pytest.raises(TypeError, match=f"target has dtype {dtype}; accepted are class numbers in int64") as caught:
            loss(X, label.astype(dtype))
        assert not isinstance(caught.value, UnsupportedError)


def test_truth_values_are_refused():
    with pytest.raises(TypeError, match="multilabel_soft_margin_loss: target has dtype bool"):
        pF.multilabel_soft_margin_loss(X, X > 0)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_range(framework):
    backend = backend_of(framework)
    scores = backend.from_numpy(X, "float32")
    for bad in (4, -1, -100):
        with pytest.raises(ValueError, match=r"multi_margin_loss: target has elements outside \[0, 3\]"):
            pF.multi_margin_loss(scores, backend.from_numpy(np.array([bad, 0]), "int64"))
    for row in ([4, 0, -1, -1], [-2, 0, 0, 0], [3, 0, -1, 9], [3, 0, -1, -2]):
        with pytest.raises(ValueError, match=r"multilabel_margin_loss: target has elements outside \[-1, 3\]"):
            pF.multilabel_margin_loss(scores, backend.from_numpy(np.array([row, [0, 1, 2, 3]]), "int64"))


BAD = [(pF.multi_margin_loss, [4, 0]), (pF.multi_margin_loss, [-1, 0])]
BAD += [(pF.multilabel_margin_loss, [row, [0, -1, -1, -1]]) for row in ([4, -1, 0, 0], [-2, 0, 0, 0], [3, -1, 0, 9])]


@pytest.mark.parametrize(("loss", "label"), BAD)
@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow"])
def test_range_under_a_tracer(framework, loss, label):
    backend_of(framework)
    good = loss(X[1:], np.array(label[1:]), reduction="sum")
    if framework == "jax":
        import jax

        found = jax.jit(lambda x, y: loss(x, y, reduction="none"))(X, np.array(label))
    elif framework == "tensorflow":
        import tensorflow as tf

        found = tf.function(lambda x, y: loss(x, y, reduction="none"))(tf.constant(X), tf.constant(label))
    else:
        import torch

        found = torch.func.vmap(lambda x, y: loss(x, y, reduction="none"))(torch.tensor(X), torch.tensor(label))
    np.testing.assert_allclose(np.asarray(found), [np.nan, good], rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 0), (0,)])
def test_shape_of_scores(shape):
    for loss, _ in LOSSES:
        with pytest.raises(ValueError, match="input has shape"):
            loss(np.zeros(shape), np.zeros(shape, int))


def test_shapes():
    for shape in [(1,), (2, 1), ()]:
        with pytest.raises(ValueError, match=r"multi_margin_loss: target has shape .*; accepted is \(2,\)"):
            pF.multi_margin_loss(X, np.zeros(shape, int))
    for shape in [(4,), (1, 4), (2, 3)]:
        with pytest.raises(ValueError, match="multilabel_margin_loss: target has shape"):
            pF.multilabel_margin_loss(X, np.zeros(shape, int))
    with pytest.raises(ValueError, match=r"multilabel_soft_margin_loss: input has shape \(\)"):
        pF.multilabel_soft_margin_loss(np.zeros(()), np.zeros(3))


def test_options():
    for make in (lambda p: pnn.MultiMarginLoss(p=p), lambda p: pF.multi_margin_loss(X, ONE, p=p)):
        for p in (0, 3, 1.5, "1", None):
            with pytest.raises(ValueError, match=r"p=.* is not one of 1, 2"):
                make(p)
    for weight in (np.ones((1, 4)), np.ones(())):
        with pytest.raises(ValueError, match="MultiMarginLoss: weight has shape"):
            pnn.MultiMarginLoss(weight=weight)
    with pytest.raises(ValueError, match=r"multi_margin_loss: weight has shape \(3,\); accepted is \(4,\)"):
        pnn.MultiMarginLoss(weight=np.ones(3))(X, ONE)
    with pytest.raises(TypeError, match="multi_margin_loss: weight has dtype float32, but input has float64"):
        pF.multi_margin_loss(X, ONE, weight=np.ones(4, "float32"))
    with pytest.raises(TypeError, match="multi_margin_loss: margin is '1'"):
        pnn.MultiMarginLoss(margin="1")(X, ONE)
    with pytest.raises(ValueError, match="elementwise_mean"):
        pF.multilabel_soft_margin_loss(X, X, reduction="elementwise_mean")


def test_nothing_of_no_samples():
    for loss, label in LOSSES:
        assert loss(X[:0], label[:0], reduction="sum") == 0
        assert loss(X[:0], label[:0], reduction="none").shape == (0,)
        assert np.isnan(loss(X[:0], label[:0]))


def test_what_is_no_number_stays_so():
    diverged = X.copy()
    diverged[0, 1] = np.nan
    for loss, label in LOSSES:
        np.testing.assert_array_equal(np.isnan(loss(diverged, label, reduction="none")), [True, False])


def test_infinite_scores():
    far = np.array([[np.inf, 0.0, -np.inf]])
    assert pF.multi_margin_loss(far, np.array([0])) == 0
    assert pF.multilabel_margin_loss(far, np.array([[0, 1, -1]])) == 0


def test_parts():
    weight = np.array([0.5, 2.0, 1.25, 1.0])
    for loss, label in [(pnn.MultiMarginLoss(weight=weight), ONE), (pnn.MultiLabelMarginLoss(), SEVERAL)]:
        (numerator, denominator) = parts(loss)(X, label)
        assert denominator == 2
        assert numerator / denominator == pytest.approx(loss(X, label))


def test_symbols():
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    for loss, label in [*LOSSES, (pF.multilabel_soft_margin_loss, X > 0)]:
        label = label.astype("float32")
        graph = loss(mx.sym.Variable("x"), mx.sym.Variable("y"), reduction="none")
        (found,) = graph.eval(x=mx.nd.array(X), y=mx.nd.array(label))
        kind = "float64" if loss is pF.multilabel_soft_margin_loss else "int64"
        np.testing.assert_allclose(found.asnumpy(), loss(X, label.astype(kind), reduction="none"), rtol=1e-6)


def test_torch_takes_it_further():
    """Second derivatives, a gradient for the weight, half precision: torch's own kernels have none of them."""
    torch = pytest.importorskip("torch")
    x = torch.tensor(1.1 * X, requires_grad=True)  # away from the hinges' edges
    one, several = torch.tensor(ONE), torch.tensor(SEVERAL)
    squared = lambda x: pF.multi_margin_loss(x, one, p=2, reduction="sum")  # noqa: E731
    assert torch.autograd.gradgradcheck(squared, x)
    assert torch.autograd.gradcheck(
        lambda w: pF.multi_margin_loss(x.detach(), one, weight=w), torch.ones(4).double().requires_grad_()
    )
    for loss, label in ((pF.multi_margin_loss, one), (pF.multilabel_margin_loss, several)):
        assert not torch.autograd.functional.hessian(lambda x, f=loss, y=label: f(x, y), x.detach()).any()
        assert loss(x.half(), label).dtype == torch.float16


def test_autocast():
    torch = pytest.importorskip("torch")
    half = torch.tensor(X, dtype=torch.bfloat16)
    calls = [(name, torch.tensor(y)) for name, y in (("multi_margin_loss", ONE), ("multilabel_margin_loss", SEVERAL))]
    calls.append(("multilabel_soft_margin_loss", (half > 0).bfloat16()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for name, label in calls:
            (ours, theirs) = (getattr(home, name)(half, label) for home in (pF, torch.nn.functional))
            assert ours.dtype == theirs.dtype
            torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=0)


SHAPES = [((4,), (2, 4)), ((2, 4), (4,)), ((2, 1), (2, 4)), ((3, 1), (2, 3, 4)), ((1,), ()), ((2, 0), (2, 0))]


@pytest.mark.parametrize(("first", "second"), SHAPES)
@pytest.mark.parametrize("weight", [(), (1,), (2, 1, 1)])
def test_broadcast_as_torch_does(first, second, weight):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    (x, y, w) = (torch.tensor(rng.uniform(size=shape)) for shape in (first, second, weight))
    for reduction in ("none", "mean", "sum"):
        ours, theirs = (
            home.multilabel_soft_margin_loss(x, y, weight=w, reduction=reduction) for home in (pF, torch.nn.functional)
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_targets_larger_than_the_input(framework):
    """The class axis, and the number of classes, stay the input's."""
    backend = backend_of(framework)
    target = np.arange(8.0).reshape(2, 4) / 8
    for shape, axis in (((4,), 0), ((2, 1), 1), ((1, 4), 1)):
        scores = np.linspace(-1.0, 1.0, num=int(np.prod(shape))).reshape(shape)
        terms = np.log1p(np.exp(scores)) - target * scores
        found = pF.multilabel_soft_margin_loss(
            *(backend.from_numpy(x, "float32") for x in (scores, target)), reduction="none"
        )
        np.testing.assert_allclose(backend.to_numpy(found), terms.sum(axis) / shape[-1], rtol=1e-6)


def test_targets_larger_than_a_symbol():
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    graph = pF.multilabel_soft_margin_loss(mx.sym.Variable("x"), mx.sym.Variable("y"))
    for x, y in (((2, 4), (1, 4)), ((2, 4), (4,))):
        assert graph.eval(x=mx.nd.zeros(x), y=mx.nd.zeros(y))[0].asscalar() == pytest.approx(np.log(2))
    for x, y in (((2, 1), (2, 4)), ((4,), (2, 4))):
        with pytest.raises(mx.MXNetError):
            graph.eval(x=mx.nd.zeros(x), y=mx.nd.zeros(y))[0].asnumpy()


UNBATCHED = [((4,), ()), ((4,), (1,)), ((1, 4), ()), ((), ()), ((), (1,)), ((1,), ())]


@pytest.mark.parametrize(("shape", "label"), UNBATCHED)
def test_one_sample(shape, label):
    torch = pytest.importorskip("torch")
    x, y = torch.full(shape, 0.5), torch.zeros(label, dtype=torch.int64)
    for reduction in ("none", "mean", "sum"):
        losses = [(pF.multi_margin_loss, torch.nn.functional.multi_margin_loss, y)]
        losses.append(
            (pF.multilabel_margin_loss, torch.nn.functional.multilabel_margin_loss, torch.zeros(shape).long())
        )
        for ours, theirs, target in losses:
            torch.testing.assert_close(ours(x, target, reduction=reduction), theirs(x, target, reduction=reduction))
