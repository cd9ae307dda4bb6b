"""On MXNet a call that comes again is one graph: the same numbers, errors and gradients, and nothing that it holds on to."""

import copy
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.mxnet.gluon.loss as gloss
from polyloss import dispatch
from polyloss.mxnet.gluon.graphs import LIMIT

pytestmark = pytest.mark.skipif(find_spec("mxnet") is None, reason="MXNet is not installed: these are its graphs")

RNG = np.random.default_rng(0)
(X, Y, Z) = RNG.normal(size=(3, 4, 5)).astype("float32")
SIGNS = np.sign(Y)
UNIT = RNG.uniform(0.1, 0.9, size=(4, 5)).astype("float32")
CALLS = {
    "L2Loss": ({}, (X, Y)),
    "L1Loss": ({"weight": 2}, (X, Y)),
    "HuberLoss": ({"rho": 0.5}, (X, Y)),
    "HingeLoss": ({}, (X, SIGNS)),
    "SquaredHingeLoss": ({"batch_axis": 1}, (X, SIGNS)),
    "LogisticLoss": ({}, (X, SIGNS)),
    "SigmoidBCELoss": ({}, (X, UNIT, Z, UNIT)),
    "SoftmaxCELoss": ({}, (X, np.arange(4))),
    "KLDivLoss": ({"from_logits": False}, (X, UNIT)),
    "PoissonNLLLoss": ({}, (X, UNIT)),
    "TripletLoss": ({}, (X, Y, Z)),
    "CosineEmbeddingLoss": ({}, (X, Y, np.array([1, -1, 1, -1], "float32"))),
    "SDMLLoss": ({}, (X, Y)),
    "CTCLoss": ({}, (RNG.normal(size=(2, 6, 4)).astype("float32"), np.array([[1, 0, 2], [1, -1, -1]]))),
}
LARGE = {"large": {"LARGE": 1}, "unlikely": {"LARGE": 1, "VAST": 1}, "huge": {"LARGE": 1, "HUGE": 1, "VAST": 1}}
"""From how many elements on a graph takes what is quicker for large tensors."""
FAR = (X * 100).astype("float32")  # shares of 0 among them
ODD = X.copy()
(ODD[0, 1], ODD[1, 2], ODD[2, 0]) = (np.nan, np.inf, -np.inf)
CLASSES = np.array([3, 0, 0, 4])
CROSS_ENTROPIES = {
    "classes": ({}, (X, CLASSES)),
    "weighted": ({"weight": 2}, (X, CLASSES, UNIT[:, :1])),
    "first axis": ({"axis": 0, "batch_axis": 1}, (X, np.array([3, 0, 0, 2, 1]))),
    "three axes": ({}, (RNG.normal(size=(2, 3, 4)).astype("float32"), np.array([[0, 1, 3], [2, 2, 0]]))),
    "classes out of range": ({}, (X, np.array([-1, 5, 7, 2]))),
    "log probabilities": ({"from_logits": True}, (np.log(UNIT), CLASSES)),
    "unlikely classes": ({}, (FAR, FAR.argmin(1))),
    "some of them": ({}, (FAR, np.array([*FAR[:2].argmin(1), *FAR[2:].argmax(1)]))),
    "no numbers": ({}, (ODD, CLASSES)),
    "probabilities": ({"sparse_label": False}, (X, UNIT)),
    "probabilities, weighted": ({"sparse_label": False}, (X, UNIT, UNIT[:, :1])),
    "probabilities, three axes": ({"sparse_label": False}, tuple(RNG.uniform(size=(2, 2, 3, 4)).astype("float32"))),
    "probabilities of unlikely classes": ({"sparse_label": False}, (FAR, UNIT)),
    "probabilities, no numbers": ({"sparse_label": False}, (ODD, UNIT)),
}


@pytest.fixture(scope="module")
def mx():
    dispatch.backend("mxnet")
    import mxnet

    return mxnet


@pytest.fixture
def made(monkeypatch, mx):
    """The graphs that are made, one entry for each."""
    from polyloss_backends import mxnet_graph

    (made, graph) = ([], mxnet_graph.graph)

    def noted(*args):
        made.append(graph(*args))
        return made[-1]

    monkeypatch.setattr(mxnet_graph, "graph", noted)
    return made


def arrays(mx, given):
    return [mx.nd.array(x, dtype=x.dtype) if isinstance(x, np.ndarray) else x for x in given]


def gradients(mx, loss, given, request="write"):
    """The value, and the gradients by all arrays of floats."""
    tensors = arrays(mx, given)
    leaves = [x for x in tensors if isinstance(x, mx.nd.NDArray) and x.dtype == np.float32]
    for x in leaves:
        x.attach_grad(request)
    for _ in range(1 if request == "write" else 2):
        with mx.autograd.record():
            value = loss(*tensors)
        value.backward()
    return [value.asnumpy(), *(x.grad.asnumpy() for x in leaves)]


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_numbers(mx, made, name, hybridize):
    (options, given) = CALLS[name]
    loss = getattr(gloss, name)(**options)
    if hybridize:
        loss.hybridize()
    for request in ("write", "add"):
        with dispatch.fused(False):
            want = gradients(mx, getattr(gloss, name)(**options), given, request)
        for _ in range(2):
            for got, wanted in zip(gradients(mx, loss, given, request), want, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)
    assert len(made) == 1
    assert made[0] is not None


@pytest.fixture(params=LARGE)
def large(request, monkeypatch, mx):
    from polyloss_backends import mxnet_graph

    for name, elements in LARGE[request.param].items():
        monkeypatch.setattr(mxnet_graph, name, elements)
    return request.param


@pytest.mark.parametrize("name", CALLS)
def test_the_same_numbers_of_large_tensors(mx, made, large, name):
    test_the_same_numbers(mx, made, name, hybridize=False)


@pytest.mark.parametrize("case", CROSS_ENTROPIES)
def test_cross_entropy_of_large_tensors(mx, made, large, case, monkeypatch):
    from polyloss_backends import mxnet_graph

    (in_python, operator) = ([], mxnet_graph.cross_entropy)
    monkeypatch.setattr(mxnet_graph, "cross_entropy", lambda *args, **kw: in_python.append(1) or operator(*args, **kw))
    (options, given) = CROSS_ENTROPIES[case]
    loss = gloss.SoftmaxCELoss(**options)
    for request in ("write", "add"):
        with dispatch.fused(False):
            want = gradients(mx, gloss.SoftmaxCELoss(**options), given, request)
        for _ in range(3):
            for got, wanted in zip(gradients(mx, loss, given, request), want, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)
    assert len(made) == 1
    assert made[0] is not None
    if large == "huge" and case not in ("first axis", "log probabilities"):
        assert in_python


def test_unlikely_values_are_asked_for_again_and_likely_ones_are_not(mx, large, monkeypatch):
    from polyloss_backends import mxnet_graph

    (asked, make) = ([], mxnet_graph._made)
    monkeypatch.setattr(mxnet_graph, "_made", lambda *args, likely: asked.append(likely) or make(*args, likely=likely))
    loss = gloss.SoftmaxCELoss()
    for data, label in ((X, CLASSES), (X, CLASSES), (X, CLASSES)):
        gradients(mx, loss, (data, label))
    assert asked == [True]
    for _ in range(3):
        gradients(mx, loss, (FAR, FAR.argmin(1)))
    assert asked == ([True, False] if large == "large" else [True])


def test_a_batch_without_labels_is_asked_for_again(mx, made):
    data = RNG.normal(size=(2, 6, 4)).astype("float32")
    loss = gloss.CTCLoss()
    for label in ([[1, 0, 2], [-1, -1, -1]], [[-1, 1, 2], [-0.5, 2, 1]], [[-2, 1, 2], [-1, -1, -1]]):
        label = np.array(label, "float64")
        with dispatch.fused(False):
            want = gradients(mx, gloss.CTCLoss(), (data, label))
        for _ in range(3):
            for got, wanted in zip(gradients(mx, loss, (data, label)), want, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)
    assert len(made) == 1


def test_a_shape_that_comes_once_makes_none(mx, made):
    loss = gloss.L2Loss()
    for n in range(1, 3 * LIMIT):
        loss(*arrays(mx, (np.ones((n, 2)), np.ones((n, 2)))))
    assert made == []
    assert len(loss._graphs) <= LIMIT


def test_errors_are_those_of_the_first_call(mx):
    loss = gloss.SoftmaxCELoss()
    good = arrays(mx, (X, np.arange(4)))
    for _ in range(3):
        loss(*good)
        with pytest.raises(ValueError, match=r"SoftmaxCrossEntropyLoss: label has shape \(3,\)"):
            loss(good[0], mx.nd.arange(3))
        with pytest.raises(TypeError, match="SoftmaxCrossEntropyLoss: pred has dtype int32"):
            loss(good[0].astype("int32"), good[1])


def test_attributes_and_dtypes_are_those_of_the_call(mx, made):
    loss = gloss.L1Loss()
    (x, y) = arrays(mx, (X, Y))
    plain = [loss(x, y).asnumpy() for _ in range(3)]
    loss._weight = 3.0
    np.testing.assert_allclose(loss(x, y).asnumpy(), 3 * plain[0], rtol=1e-6)
    np.testing.assert_allclose(loss(x, y).asnumpy(), 3 * plain[0], rtol=1e-6)
    for _ in range(3):
        half = loss(x.astype("float16"), y.astype("float16"))
        assert half.dtype == np.float16
        np.testing.assert_allclose(half.asnumpy(), 3 * plain[0], rtol=2e-3)
    assert len(made) == 3


def test_numbers_are_part_of_the_call(mx, made):
    loss = gloss.PoissonNLLLoss(from_logits=False)
    (x, y) = arrays(mx, (UNIT, UNIT))
    values = [[loss(x, y, None, epsilon).asscalar() for _ in range(3)] for epsilon in (0.0, 0.5)]
    assert values[0][0] == pytest.approx(values[0][2])
    assert values[1][0] == pytest.approx(values[1][2])
    assert values[0][0] != pytest.approx(values[1][0])
    assert len(made) == 2


def test_hooks_see_every_call(mx, made):
    loss = gloss.L2Loss()
    seen = []
    loss.register_forward_hook(lambda block, given, value: seen.append(value.shape))
    for _ in range(3):
        loss(*arrays(mx, (X, Y)))
    assert seen == [(4,)] * 3
    assert made == []


def test_a_copy_makes_its_own(mx, made):
    loss = gloss.L2Loss()
    (x, y) = arrays(mx, (X, Y))
    want = [loss(x, y).asnumpy() for _ in range(2)]
    other = copy.deepcopy(loss)
    assert other._graphs == {}
    np.testing.assert_array_equal(other(x, y).asnumpy(), want[0])
    assert len(made) == 1


def test_losses_of_others_are_run_each_time(mx, made):
    calls = []

    class Own(gloss.L2Loss):
        def _formula(self, F, pred, label):
            calls.append(F)
            return super()._formula(F, pred, label)

    loss = Own()
    for _ in range(3):
        loss(*arrays(mx, (X, Y)))
    assert len(calls) == 3
    assert made == []


def test_fused_off_makes_none(mx, made):
    loss = gloss.L2Loss()
    with dispatch.fused(False):
        for _ in range(3):
            loss(*arrays(mx, (X, Y)))
    assert made == []


def test_a_constant_loss_still_has_gradients(mx):
    loss = gloss.SDMLLoss()
    for _ in range(3):
        (_, *slopes) = gradients(mx, loss, (X[:1], Y[:1]))
        np.testing.assert_array_equal(slopes, np.zeros((2, 1, 5)))


def test_export_after_repeated_calls(mx, tmp_path):
    loss = gloss.L2Loss()
    loss.hybridize()
    (x, y) = arrays(mx, (X, Y))
    value = [loss(x, y) for _ in range(3)][-1]
    loss.export(str(tmp_path / "loss"))
    found = mx.gluon.SymbolBlock.imports(str(tmp_path / "loss-symbol.json"), ["data0", "data1"])(x, y)
    np.testing.assert_allclose(found.asnumpy(), value.asnumpy(), rtol=1e-6)
