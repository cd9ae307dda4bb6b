"""The dialect has torch's names, arguments, defaults, attributes and repr, and its modules are torch's modules."""

import copy
import inspect
import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF

from .table import KINDS

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: it is what is compared with"
)


@pytest.fixture(scope="module")
def native():
    import torch

    return torch.nn


def parameters(function):
    return [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]


@needs_torch
@pytest.mark.filterwarnings("ignore:.*NLLLoss2d:FutureWarning")
@pytest.mark.parametrize("name", KINDS)
def test_module(native, name):
    (ours, theirs) = (getattr(pnn, name), getattr(native, name))
    assert parameters(ours.__init__) == parameters(theirs.__init__)
    assert parameters(ours.forward) == parameters(theirs.forward)
    assert repr(ours(reduction="sum")) == repr(theirs(reduction="sum"))
    public = [{k: v for k, v in vars(kind()).items() if k[0] != "_"} for kind in (ours, theirs)]
    assert public[0] == public[1]
    assert isinstance(ours(), native.modules.loss._Loss)


@needs_torch
@pytest.mark.parametrize("name", pF.__all__)
def test_function(native, name):
    assert parameters(getattr(pF, name)) == parameters(getattr(native.functional, name))


@needs_torch
def test_is_a_module(native):
    import torch

    class Model(native.Module):
        def __init__(self):
            super().__init__()
            self.loss = pnn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))

    model = Model().to(torch.float64)
    assert list(model.state_dict()) == ["loss.pos_weight"]
    assert model.loss.pos_weight.dtype == torch.float64
    assert "(loss): BCEWithLogitsLoss()" in repr(model)
    calls = []
    model.loss.register_forward_hook(lambda *arguments: calls.append(arguments))
    logits = torch.zeros(2, dtype=torch.float64)
    expected = model.loss(logits, logits)
    assert len(calls) == 1
    model.loss._forward_hooks.clear()
    for twin in (copy.deepcopy(model.loss), pickle.loads(pickle.dumps(model.loss))):
        assert torch.equal(twin(logits, logits), expected)
        assert isinstance(twin, native.Module)

    class Double(pnn.L1Loss):
        def __init__(self):
            super().__init__(reduction="sum")
            self.child = pnn.MSELoss()

        def forward(self, input, target):
            return 2 * super().forward(input, target)

    assert float(Double()(torch.ones(2), torch.zeros(2))) == 4
    assert list(dict(Double().named_children())) == ["child"]


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "jax", "mxnet"])
def test_import_loads_no_framework(framework):
    code = (
        f"import sys, polyloss.torch.nn.functional; polyloss.torch.nn.L1Loss(); assert {framework!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch():
    code = (
        "import numpy as np, pickle, polyloss.torch.nn as nn\n"
        "loss = pickle.loads(pickle.dumps(nn.BCELoss(weight=np.array([2.0]))))\n"
        "assert repr(loss) == 'BCELoss()' and loss.reduction == 'mean'\n"
        "assert abs(loss(np.array([0.5]), np.array([1.0])) - 2 * np.log(2)) < 1e-12\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_numpy_constants_follow_the_input():
    loss = pnn.BCELoss(weight=np.array([2.0]))
    half = np.array([0.5], dtype="float32")
    assert loss(half, half).dtype == np.float32
