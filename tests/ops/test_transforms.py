"""Operations on order, indices and matrices under the transforms of each framework: mapped, compiled whole, of unknown sizes."""

import numpy as np
import pytest

from polyloss import dispatch

from ..conftest import chosen_backends
from .cases import CUBE, ints
from .check import derivative
from .reference import Reference

INDEX = ints([0, 2], [1, 1], [3, 0])
CALLS = {  # of a tensor (3, 4)
    "argsort": lambda F, x, index: x * F.cast_like(F.argsort(x, axis=0, is_ascend=False), x),
    "gather_along": lambda F, x, index: F.gather_along(x, index),
    "sort": lambda F, x, index: F.sort(x, is_ascend=False),
    "flip": lambda F, x, index: F.flip(x, axis=0),
    "cumsum": lambda F, x, index: F.cumsum(x, axis=0),
    "batch_dot": lambda F, x, index: F.batch_dot(*[F.expand_dims(x, axis=0)] * 2, transpose_b=True),
    "nuclear_norm": lambda F, x, index: F.nuclear_norm(x),
    "arctan": lambda F, x, index: F.arctan(x),
}


def in_torch(loss):
    import torch

    whole = torch.compile(loss, fullgraph=True, backend="aot_eager", dynamic=True)

    def compiled(x, index):
        x = x.clone().requires_grad_()
        value = whole(x, index)
        return *torch.autograd.grad(value, x), value.detach()

    return torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, None)), compiled


def in_tensorflow(loss):
    import tensorflow as tf

    def gradient_and_value(x, index):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x, index)
        return tape.gradient(value, x), value

    sizes_unknown = (tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None, None), tf.int32))
    return None, *(
        tf.function(gradient_and_value, input_signature=sizes_unknown, jit_compile=xla, autograph=False)
        for xla in (False, True)
    )


def in_jax(loss):
    import jax

    def gradient_and_value(x, index):
        return jax.value_and_grad(loss)(x, index)[::-1]

    return jax.jit(jax.vmap(gradient_and_value, in_axes=(0, None))), jax.jit(gradient_and_value)


TRANSFORMS = {"torch": in_torch, "tensorflow": in_tensorflow, "jax": in_jax}


@pytest.mark.parametrize("op", CALLS)
@pytest.mark.parametrize("name", sorted(TRANSFORMS.keys() & chosen_backends()))
def test_transforms(name, op):
    backend = dispatch.backend(name)
    (data, index) = (backend.from_numpy(CUBE, "float32"), backend.from_numpy(INDEX, "int32"))
    F = backend.op_set(data)
    (mapped, *compiled) = TRANSFORMS[name](lambda x, index: F.sum(F.square(CALLS[op](F, x, index))))

    def value(x):
        return np.sum(np.square(CALLS[op](Reference, x, INDEX)))

    wants = [derivative(value, x, np.ones(())) for x in CUBE], [value(x) for x in CUBE]
    if mapped:
        for got, want in zip(mapped(data, index), wants, strict=True):
            np.testing.assert_allclose(backend.to_numpy(got), want, rtol=1e-4, atol=1e-4)
    for function in compiled:
        for got, want in zip(function(data[0], index), wants, strict=True):
            np.testing.assert_allclose(backend.to_numpy(got), want[0], rtol=1e-4, atol=1e-4)


def test_strict_promotion_on_jax():
    jax = pytest.importorskip("jax")
    x = jax.numpy.asarray(CUBE[0], "float32")
    with jax.numpy_dtype_promotion("strict"):
        assert dispatch.backend("jax").op_set(x).nuclear_norm(x).dtype == "float32"
