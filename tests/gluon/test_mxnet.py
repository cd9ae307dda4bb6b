"""A Gluon script runs with only its import changed, and to the same numbers."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.mxnet.gluon.loss as gloss
from polyloss import dispatch

pytestmark = pytest.mark.skipif(find_spec("mxnet") is None, reason="MXNet is not installed: these are scripts for it")

X = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
CLASSES = np.arange(8, dtype="float32") % 3
TARGETS = np.random.default_rng(1).uniform(0.1, 0.9, size=(8, 3)).astype("float32")
LOSSES = {
    "SoftmaxCrossEntropyLoss": ({}, CLASSES),
    "L2Loss": ({}, TARGETS),
    "HuberLoss": ({"rho": 0.2}, TARGETS),
    "SigmoidBCELoss": ({"weight": 2.0}, TARGETS),
    "KLDivLoss": ({"from_logits": False}, TARGETS),
    "PoissonNLLLoss": ({}, TARGETS),
}


@pytest.fixture(scope="module")
def mx():
    dispatch.backend("mxnet")  # imports MXNet with what NumPy 1.24 and later lack
    import mxnet

    return mxnet


def network(mx):
    mx.random.seed(7)
    net = mx.gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(mx.gluon.nn.Dense(6, activation="tanh", in_units=5), mx.gluon.nn.Dense(3, in_units=6))
    net.initialize(mx.init.Xavier())
    return net


def train(mx, module, name, hybridize=None):
    config, label = LOSSES[name]
    net, criterion = network(mx), getattr(module, name)(**config)
    if hybridize is not None:
        net.hybridize(**hybridize)
        criterion.hybridize(**hybridize)
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    history = []
    for _ in range(5):
        with mx.autograd.record():
            loss = criterion(net(mx.nd.array(X)), mx.nd.array(label))
        loss.backward()
        trainer.step(8)
        history.append(loss.mean().asscalar())
    return history


@pytest.mark.parametrize(
    "hybridize", [None, {}, {"static_alloc": True, "static_shape": True}], ids=["eager", "hybrid", "static"]
)
@pytest.mark.parametrize("name", LOSSES)
def test_training(mx, name, hybridize):
    ours = train(mx, gloss, name, hybridize)
    np.testing.assert_allclose(ours, train(mx, mx.gluon.loss, name, hybridize), rtol=2e-6)
    assert ours[-1] != ours[0]


def test_child_of_a_hybrid_block(mx, tmp_path):
    class WithLoss(mx.gluon.HybridBlock):
        def __init__(self, loss, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.net = mx.gluon.nn.Dense(3, in_units=5)
                self.loss = loss

        def hybrid_forward(self, F, x, label):
            return self.loss(self.net(x), label)

    blocks = []
    for module in (gloss, mx.gluon.loss):
        mx.random.seed(3)
        block = WithLoss(module.SoftmaxCrossEntropyLoss(), prefix="b_")
        block.initialize(mx.init.Xavier())
        block.hybridize(static_alloc=True)
        blocks.append(block)
    args = (mx.nd.array(X), mx.nd.array(CLASSES))
    ours, native = (block(*args).asnumpy() for block in blocks)
    np.testing.assert_allclose(ours, native, rtol=2e-6)
    assert "loss" in blocks[0]._children  # a real child: hybridize, cast and export reach it

    blocks[0].export(str(tmp_path / "model"))
    again = mx.gluon.SymbolBlock.imports(
        str(tmp_path / "model-symbol.json"), ["data0", "data1"], str(tmp_path / "model-0000.params")
    )
    np.testing.assert_array_equal(again(*args).asnumpy(), ours)


def test_symbols(mx):
    pred, label = mx.sym.var("pred"), mx.sym.var("label")
    values = {"pred": mx.nd.array(X[:, :3]), "label": mx.nd.array(TARGETS)}
    for name in ("L1Loss", "HuberLoss", "SigmoidBCELoss", "KLDivLoss", "LogisticLoss", "HingeLoss", "SquaredHingeLoss"):
        ours, native = (getattr(m, name)()(pred, label) for m in (gloss, mx.gluon.loss))
        results = [s.eval(ctx=mx.cpu(), **values)[0].asnumpy() for s in (ours, native)]
        np.testing.assert_allclose(*results, rtol=2e-6, err_msg=name)


def test_hybridized_loss_with_optional_arguments(mx):
    criterion, native = gloss.SigmoidBCELoss(), mx.gluon.loss.SigmoidBCELoss()
    criterion.hybridize(static_alloc=True)
    pred, label, pos = mx.nd.array(X[:, :3]), mx.nd.array(TARGETS), mx.nd.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(
        criterion(pred, label, pos_weight=pos).asnumpy(), native(pred, label, None, pos).asnumpy(), rtol=2e-6
    )


def test_estimator_takes_it_for_a_gluon_loss(mx):
    from mxnet.gluon.contrib.estimator import Estimator

    net = network(mx)
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd")
    Estimator(net=net, loss=gloss.SoftmaxCrossEntropyLoss(), trainer=trainer, context=mx.cpu())
    with pytest.raises(ValueError, match="loss"):
        Estimator(net=net, loss=lambda a, b: a, trainer=trainer, context=mx.cpu())


def test_mx_np_arrays(mx):
    pred, label = mx.np.array(X[:, :3]), mx.np.array(TARGETS)
    pred.attach_grad()
    with mx.autograd.record():
        loss = gloss.HuberLoss(rho=0.2)(pred, label)
    loss.backward()
    legacy = mx.nd.array(X[:, :3])
    legacy.attach_grad()
    with mx.autograd.record():
        expected = mx.gluon.loss.HuberLoss(rho=0.2)(legacy, mx.nd.array(TARGETS))
    expected.backward()
    assert isinstance(loss, mx.np.ndarray)
    np.testing.assert_allclose(loss.asnumpy(), expected.asnumpy(), rtol=2e-6)
    np.testing.assert_allclose(pred.grad.asnumpy(), legacy.grad.asnumpy(), rtol=2e-6)


def test_a_loss_made_for_mxnet_still_takes_other_tensors(mx):
    assert gloss.L1Loss()(X, X + 1).tolist() == pytest.approx([1.0] * 8)
    with pytest.raises(TypeError, match=r"pred is mxnet.ndarray.ndarray.NDArray, label is numpy.ndarray"):
        gloss.L1Loss()(mx.nd.array(X), X)


def test_hybridized_half_precision(mx):
    criterion = gloss.SigmoidBCELoss(from_sigmoid=True)
    criterion.hybridize(static_alloc=True)
    for dtype in ("float16", "float32", "float16"):  # a graph each: 1e-12 is 0 in float16
        pred, label = mx.nd.array([[0.0, 1.0]], dtype=dtype), mx.nd.array([[1.0, 1.0]], dtype=dtype)
        loss = criterion(pred, label)
        assert loss.dtype == np.dtype(dtype)
        np.testing.assert_allclose(loss.asnumpy(), [-np.log(1e-12) / 2], rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fused", [False, True])
def test_labels_of_ctc_that_a_gradient_is_asked_of(mx, dtype, fused):
    data, label = mx.nd.ones((2, 6, 4), dtype=dtype), mx.nd.array([[1, 0, 2], [1, -1, -1]], dtype=dtype)
    for one in (data, label):
        one.attach_grad()
    with dispatch.fused(fused):
        for _ in range(3):
            with mx.autograd.record():
                loss = gloss.CTCLoss()(data, label)
            loss.backward()
            assert np.isfinite(data.grad.asnumpy()).all()
            np.testing.assert_array_equal(label.grad.asnumpy(), 0)
