"""Frameworks that compile calls that repeat, and what they have compiled."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from polyloss import dispatch, repeats
from polyloss.keras import losses

COMPILING = ("jax", "tensorflow")
RNG = np.random.default_rng(0)
PRED = RNG.normal(size=(4, 3))
TRUE = RNG.normal(size=(4, 3))
LABELS = np.array([0, 1, 2, 1])


@pytest.fixture
def unhosted(monkeypatch):
    """Losses of the dialects of torch and Gluon are their own classes, whichever frameworks other tests have imported."""
    for name in ("torch.nn.modules.loss", "mxnet.gluon.loss"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def nothing_kept(unhosted):
    repeats.forget()
    yield
    repeats.forget()


@pytest.fixture(params=COMPILING)
def framework(request, nothing_kept):
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    backend = dispatch.backend(request.param)
    value_and_slopes(backend, losses.Hinge(), TRUE, PRED)  # the first tensor of a type is one whose owner is looked for
    repeats.forget()
    return backend


@pytest.fixture
def jax(nothing_kept):
    return pytest.importorskip("jax")


@pytest.fixture
def tf(nothing_kept):
    return pytest.importorskip("tensorflow")


@pytest.fixture
def compiled(monkeypatch):
    """For each function that is compiled, how often it has been called."""
    calls = []

    def counting(original):
        def compiled(self, function):
            run = original(self, function)
            calls.append(0)
            mine = len(calls) - 1

            def counted(*tensors):
                calls[mine] += 1
                return run(*tensors)

            return counted

        return compiled

    for name in COMPILING:
        if find_spec(name):
            kind = type(ops(dispatch.backend(name)))
            monkeypatch.setattr(kind, "compiled", counting(kind.compiled))
    return calls


def ops(backend):
    return backend.op_set(backend.from_numpy(np.zeros(1), "float32"))


def tensors(backend, *arrays):
    return [backend.from_numpy(a, "int32" if a.dtype.kind == "i" else "float32") for a in arrays]


def value_and_slopes(backend, loss, *arrays):
    run = backend.value_and_grad(loss, [1])
    (value, slopes) = run(tensors(backend, *arrays), None)
    return [backend.to_numpy(one) for one in (value, *slopes)]
