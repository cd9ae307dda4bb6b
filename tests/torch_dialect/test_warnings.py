"""What a loss warns of: once, as UserWarning, at the line that called it, on every framework."""

import inspect
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch

from .table import FIRST, TABLE

FRAMEWORKS = ["numpy", "torch", "jax", "tensorflow", "mxnet"]
BROADCASTING = {"L1Loss": "l1_loss", "MSELoss": "mse_loss", "SmoothL1Loss": "smooth_l1_loss", "HuberLoss": "huber_loss"}
FUNCTIONS = {kind: function for kind, function, *_ in TABLE}
LEGACY = [name for name in pnn.__all__ if "size_average" in inspect.signature(getattr(pnn, name).__init__).parameters]


def caught(call):
    """The value of a call, the warnings, and that all of them name the line of the call."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", FutureWarning)  # of a class that is deprecated itself
        value = call()
    line = call.__code__.co_firstlineno
    assert [(one.filename, one.lineno, one.category) for one in seen] == [(__file__, line, UserWarning)] * len(seen)
    return value, [str(one.message) for one in seen]


def tensors(framework, inputs):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    return [backend.from_numpy(one, "float32" if one.dtype.kind == "f" else str(one.dtype)) for one in inputs]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("kind", BROADCASTING)
def test_broadcast(kind, framework):
    (x, y) = tensors(framework, [np.ones((2, 3)), np.zeros((1, 3))])
    loss = getattr(pnn, kind)()
    function = getattr(pF, BROADCASTING[kind])
    for call in (lambda: loss(x, y), lambda: function(x, y)):
        (_, messages) = caught(call)
        (message,) = messages
        assert message.startswith(f"{BROADCASTING[kind]}: target has shape (1, 3), but input has (2, 3)")
    (_, messages) = caught(lambda: loss(x, x))
    assert messages == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("kind", LEGACY)
def test_deprecated_arguments(kind, framework):
    """Of the constructor and of the function; never at a call of the module."""
    (options, inputs) = FIRST[kind]
    given = tensors(framework, inputs)
    make = getattr(pnn, kind)
    for flags, mode in (({"size_average": False}, "sum"), ({"reduce": False}, "none"), ({"reduce": True}, "mean")):
        (loss, messages) = caught(lambda flags=flags: make(**options, **flags))
        assert messages == [f"size_average and reduce are deprecated: write reduction={mode!r}"]
        assert loss.reduction == mode
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if kind == "KLDivLoss" else "error")
            value = loss(*given)
        function = getattr(pF, FUNCTIONS[kind])
        (other, messages) = caught(lambda flags=flags, function=function: function(*given, **options, **flags))
        assert messages == [f"size_average and reduce are deprecated: write reduction={mode!r}"]
        to_numpy = dispatch.backend(framework).to_numpy
        np.testing.assert_allclose(
            to_numpy(value), to_numpy(other), rtol=1e-6
        )  # the third call of the module is compiled


@pytest.mark.parametrize("kind", LEGACY)
def test_as_many_as_torch(kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")
    (options, _) = FIRST[kind]
    counts = []
    for home in (pnn, torch.nn):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            getattr(home, kind)(**options, size_average=True, reduce=False)
        counts.append([one.category for one in seen])
    assert counts[0] == counts[1]


def test_mean_of_divergence():
    x = np.zeros(2)
    for loss in (pnn.KLDivLoss(), pF.kl_div):
        (_, messages) = caught(lambda loss=loss: loss(x, x))
        assert len(messages) == 1
        assert "batchmean" in messages[0]
    for quiet in (pnn.KLDivLoss(reduction="batchmean"), pnn.KLDivLoss(reduction="sum")):
        (_, messages) = caught(lambda loss=quiet: loss(x, x))
        assert messages == []


def test_a_subclass_and_a_model_around_it():
    torch = pytest.importorskip("torch")

    class Double(pnn.L1Loss):
        def forward(self, input, target):
            return 2 * super().forward(input, target)

    with pytest.warns(UserWarning, match="l1_loss: target has shape") as seen:
        Double()(torch.ones(2), torch.ones(1))
    assert [one.filename for one in seen] == [__file__]


def test_while_tracing():
    """torch.compile must not break its graph for a warning, so there is none; JAX and TensorFlow warn when they trace, and once."""
    (x, y) = (np.ones((2, 3), "float32"), np.ones((1, 3), "float32"))
    if find_spec("torch") is not None:
        import torch

        compiled = torch.compile(pnn.L1Loss(), fullgraph=True, backend="aot_eager")
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "l1_loss")
            compiled(torch.tensor(x), torch.tensor(y))
    if find_spec("jax") is not None:
        import jax

        jitted = jax.jit(pF.l1_loss)
        with pytest.warns(UserWarning, match="l1_loss: target has shape"):
            jitted(x, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            jitted(x, y)
    if find_spec("tensorflow") is not None:
        import tensorflow as tf

        traced = tf.function(pF.l1_loss)
        with pytest.warns(UserWarning, match="l1_loss: target has shape"):
            traced(tf.constant(x), tf.constant(y))
