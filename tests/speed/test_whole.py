"""torch.compile takes losses that are objects whole, too: as one operation, compiled anew whenever what they depend on has changed."""

import sys
from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what compiles")

import polyloss.keras.losses as kl  # noqa: E402
import polyloss.mxnet.gluon.loss as gloss  # noqa: E402
from polyloss import dispatch, zoo  # noqa: E402
from polyloss.keras.losses import base  # noqa: E402
from tests.torch_dialect.test_blocks import X, Y  # noqa: E402
from tests.torch_dialect.test_compiled import eager, seen  # noqa: E402, F401 - the second is a fixture

CLASSES = torch.tensor([0, 2, 1, 1, 0])
OBJECTS = {
    "gluon, two numbers": (lambda: gloss.HuberLoss(rho=2, weight=0.5), (X, Y)),
    "gluon, of classes": (gloss.SoftmaxCrossEntropyLoss, (X, CLASSES)),
    "keras, a function": (lambda: kl.Huber(delta=0.5), (Y, X)),
    "keras, a global number": (kl.BinaryCrossentropy, (Y.sigmoid().round(), X.sigmoid())),
    "zoo, options": (lambda: zoo.Focal(gamma=1.5), (X, Y.sigmoid().round())),
}


@pytest.fixture(autouse=True)
def no_blocks(monkeypatch):
    """A loss of Gluon is no block of MXNet's, even if another test has imported that."""
    monkeypatch.delitem(sys.modules, "mxnet.gluon.loss", raising=False)


def value_and_slope(loss, args, at):
    leaf = args[at].detach().clone().requires_grad_()
    value = loss(*args[:at], leaf, *args[at + 1 :])
    return value, torch.autograd.grad(value.sum(), leaf)[0]


def compiled_as(loss, seen):  # noqa: F811 - the fixture
    return torch.compile(loss, fullgraph=True, backend=seen)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_one_operation(seen, name):  # noqa: F811
    (make, args) = OBJECTS[name]
    loss = make()
    compiled = compiled_as(loss, seen)
    at = 1 if name.startswith("keras") else 0
    want = value_and_slope(lambda *given: eager(loss, *given), args, at)
    for _ in range(2):
        torch.testing.assert_close(value_and_slope(compiled, args, at), want, rtol=1e-10, atol=1e-12)
    assert len(seen.graphs) == 1
    assert len(seen.operations()) == 1


@pytest.fixture
def blocks(no_blocks, monkeypatch):
    """MXNet is imported, and a loss of Gluon one of its blocks."""
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed: its losses are blocks where it is")
    dispatch.backend("mxnet")
    monkeypatch.setitem(sys.modules, "mxnet.gluon.loss", sys.modules["mxnet"].gluon.loss)


@pytest.mark.parametrize("name", [name for name in OBJECTS if name.startswith("gluon")])
def test_a_block_is_one_operation(blocks, seen, name):  # noqa: F811
    (make, args) = OBJECTS[name]
    loss = make()
    assert isinstance(loss, sys.modules["mxnet.gluon.loss"].Loss)
    compiled = compiled_as(loss, seen)
    want = value_and_slope(lambda *given: eager(loss, *given), args, 0)
    torch.testing.assert_close(value_and_slope(compiled, args, 0), want, rtol=1e-10, atol=1e-12)
    assert len(seen.operations()) == 1
    loss._weight = 3.0
    torch.testing.assert_close(compiled(*args), eager(loss, *args))


@pytest.mark.parametrize(
    ("loss", "change", "args"),
    [
        (gloss.HuberLoss(rho=2), lambda loss: setattr(loss, "_rho", 0.25), (X, Y)),
        (gloss.L2Loss(), lambda loss: setattr(loss, "_weight", 3.0), (X, Y)),
        (kl.MeanSquaredError(), lambda loss: setattr(loss, "reduction", "none"), (Y, X)),
        (kl.MeanSquaredError(), lambda loss: setattr(loss, "fn", kl.mean_absolute_error), (Y, X)),
        (zoo.Focal(), lambda loss: loss.options.update(gamma=0.5), (X, Y.sigmoid().round())),
    ],
)
def test_a_change_of_an_attribute_takes_effect(seen, loss, change, args):  # noqa: F811
    compiled = compiled_as(loss, seen)
    before = compiled(*args)
    change(loss)
    after = compiled(*args)
    torch.testing.assert_close(after, eager(loss, *args))
    assert before.shape != after.shape or not torch.equal(before, after)


def test_a_change_of_what_is_read_besides_takes_effect(seen, monkeypatch):  # noqa: F811
    loss = kl.BinaryCrossentropy()
    compiled = compiled_as(loss, seen)
    args = (torch.ones(2, 2), torch.zeros(2, 2))
    before = compiled(*args)
    monkeypatch.setattr(base, "_setting", lambda name, otherwise: 0.01)  # where Keras is asked for its epsilon
    after = compiled(*args)
    torch.testing.assert_close(after, eager(loss, *args))
    assert after < before


def test_many_losses_of_a_kind_share_a_graph(seen):  # noqa: F811
    compiled = compiled_as(lambda loss: loss(Y, X), seen)
    want = eager(kl.MeanSquaredError(), Y, X)
    for _ in range(12):  # each has a name of its own
        torch.testing.assert_close(compiled(kl.MeanSquaredError()), want)
    assert len(seen.graphs) == 1


def test_losses_in_one_program(seen):  # noqa: F811
    (one, other) = (gloss.HuberLoss(rho=1), gloss.HuberLoss(rho=2))
    compiled = compiled_as(lambda: one(X, Y) - 2 * other(X, Y), seen)
    torch.testing.assert_close(compiled(), eager(one, X, Y) - 2 * eager(other, X, Y))
    made = compiled_as(lambda: gloss.HuberLoss(rho=3)(X, Y), seen)
    torch.testing.assert_close(made(), eager(gloss.HuberLoss(rho=3), X, Y))


def test_what_is_not_of_the_package_is_followed(seen):  # noqa: F811
    class Own(gloss.Loss):
        def hybrid_forward(self, F, pred, label):
            return F.mean(F.abs(label - pred), axis=self._batch_axis, exclude=True)

    def own(y_true, y_pred):
        return (y_true - y_pred).abs()

    for loss in (Own(None, 0), kl.LossFunctionWrapper(own)):
        torch.testing.assert_close(compiled_as(loss, seen)(X, Y), eager(loss, X, Y))
        assert len(seen.operations()) > 1


def test_what_is_wrong_is_refused_in_its_own_words(seen):  # noqa: F811
    with pytest.raises(torch._dynamo.exc.Unsupported, match="HuberLoss: label has"):
        compiled_as(gloss.HuberLoss(), seen)(X, Y[:2])


def test_sizes_that_are_symbols(seen):  # noqa: F811
    for make, args in OBJECTS.values():
        loss = make()
        compiled = torch.compile(loss, fullgraph=True, backend=seen, dynamic=True)
        torch.testing.assert_close(compiled(*args), eager(loss, *args), rtol=1e-10, atol=1e-12)


def test_another_op_set_is_followed(seen):  # noqa: F811
    loss = gloss.HuberLoss()
    compiled = compiled_as(loss, seen)
    want = compiled(X, Y)
    with dispatch.fused(False):
        torch.testing.assert_close(compiled(X, Y), want)
        assert len(seen.operations()) > 1
