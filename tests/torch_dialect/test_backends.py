"""The same loss objects on the tensors of other frameworks: torch's values and gradients, by way of float64 on NumPy."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn as pnn
from polyloss import dispatch

from .table import FIRST, IDS, KINDS, TABLE, dtype_of

pytestmark = pytest.mark.filterwarnings("ignore:.*kl_div.*:UserWarning", "ignore:.*NLLLoss2d:FutureWarning")


@pytest.mark.parametrize("framework", ["numpy", "jax", "tensorflow", "mxnet"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_values_and_gradients(kind, function, options, inputs, wrt, framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    for reduction in ("none", "mean"):
        loss = getattr(pnn, kind)(**options, reduction=reduction)
        expected = loss(*inputs)
        arguments = [backend.from_numpy(value, dtype_of(value, "float32")) for value in inputs]
        if not backend.differentiable:
            found = backend.to_numpy(loss(*arguments))
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
            continue
        (value, gradients) = backend.value_and_grad(loss, wrt)(arguments, None)
        found = backend.to_numpy(value)
        np.testing.assert_allclose(found.reshape(np.shape(expected)), expected, rtol=1e-5, atol=1e-5)
        if find_spec("torch") is None:
            continue
        torch = dispatch.backend("torch")
        tensors = [torch.from_numpy(value, dtype_of(value, "float64")) for value in inputs]
        (_, exact) = torch.value_and_grad(loss, wrt)(tensors, None)
        for ours, theirs in zip(gradients, exact, strict=True):
            np.testing.assert_allclose(backend.to_numpy(ours), torch.to_numpy(theirs), rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_traced(kind):
    """Under tracers, which have no values to read and may not know sizes."""
    (options, inputs) = FIRST[kind]
    loss = getattr(pnn, kind)(**options)
    expected = loss(*inputs)
    single = [value.astype(dtype_of(value, "float32")) for value in inputs]
    if find_spec("jax") is not None:
        import jax

        np.testing.assert_allclose(jax.jit(loss)(*map(jax.numpy.asarray, single)), expected, rtol=1e-5)
        assert jax.jit(jax.grad(loss))(*map(jax.numpy.asarray, single)).shape == inputs[0].shape
    if find_spec("tensorflow") is not None:
        import tensorflow as tf

        for size in (None, 4):
            specs = [tf.TensorSpec([size, *value.shape[1:]], value.dtype) for value in single]
            traced = tf.function(loss.forward, input_signature=specs)
            np.testing.assert_allclose(traced(*single), expected, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_batchmean_of_an_unknown_size():
    tf = pytest.importorskip("tensorflow")
    (_, (log_p, target)) = FIRST["KLDivLoss"]
    loss = pnn.KLDivLoss(reduction="batchmean")
    traced = tf.function(loss.forward, input_signature=[tf.TensorSpec([None, 3], tf.float64)] * 2)
    np.testing.assert_allclose(traced(log_p, target), loss(log_p, target), rtol=1e-12)


def test_symbols():
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    (_, (a, b)) = FIRST["HuberLoss"]
    graph = pnn.HuberLoss()(mx.sym.Variable("a"), mx.sym.Variable("b"))
    (found,) = graph.eval(a=mx.nd.array(a), b=mx.nd.array(b))
    np.testing.assert_allclose(found.asnumpy(), [pnn.HuberLoss()(a, b)], rtol=1e-5)
