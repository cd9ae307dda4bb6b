"""The dialect has upstream's names, arguments, defaults and repr."""

import inspect
from importlib.util import find_spec

import pytest

import polyloss.mxnet.gluon.loss as gloss
from polyloss import dispatch

pytestmark = pytest.mark.skipif(
    find_spec("mxnet") is None, reason="MXNet is not installed: it is what is compared with"
)

OURS_ONLY = {"KLDivLoss": {"average"}}
NAMES = [name for name in gloss.__all__ if name != "Loss"]


@pytest.fixture(scope="module")
def native():
    dispatch.backend("mxnet")  # imports MXNet with what NumPy 1.24 and later lack
    import mxnet

    return mxnet.gluon.loss


def parameters(function, skip, without=()):
    found = list(inspect.signature(function).parameters.values())[skip:]
    kept = [p for p in found if p.name not in without and p.kind is not p.VAR_KEYWORD]
    return [(p.name, p.default, p.kind) for p in kept]


def test_all_names(native):
    assert sorted(native.__all__) == sorted(gloss.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_constructor(native, name):
    ours = parameters(getattr(gloss, name).__init__, 1, OURS_ONLY.get(name, ()))
    assert ours == parameters(getattr(native, name).__init__, 1)


@pytest.mark.parametrize("name", NAMES)
def test_call(native, name):
    ours = parameters(getattr(gloss, name).hybrid_forward, 2)
    assert ours == parameters(getattr(native, name).hybrid_forward, 2)


@pytest.mark.parametrize("name", NAMES)
def test_repr(native, name):
    assert repr(getattr(gloss, name)()) == repr(getattr(native, name)())
    assert repr(getattr(gloss, name)(weight=0.25)) == repr(getattr(native, name)(weight=0.25))


def test_base_class(native):
    assert repr(gloss.Loss(2, 1)) == repr(native.Loss(2, 1)) == "Loss(batch_axis=1, w=2)"
    assert isinstance(gloss.L2Loss(), native.Loss)


def test_aliases():
    assert gloss.SigmoidBCELoss is gloss.SigmoidBinaryCrossEntropyLoss
    assert gloss.SoftmaxCELoss is gloss.SoftmaxCrossEntropyLoss
