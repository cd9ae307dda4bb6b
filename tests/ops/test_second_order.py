"""Second derivatives, where the framework has them: no operation stops or bends them."""

import numpy as np
import pytest

from polyloss import dispatch

from ..conftest import chosen_backends
from .cases import ints, values
from .check import Case, derivative
from .test_ops import FIRST

SMOOTH = {  # operation -> argument to differentiate by
    **dict.fromkeys(
        ("square", "sqrt", "rsqrt", "exp", "log", "log1p", "sigmoid", "softrelu", "softmax", "log_softmax", "norm"), 0
    ),
    **dict.fromkeys(("logsumexp", "smooth_l1", "squared_error", "sigmoid_cross_entropy"), 0),
    **dict.fromkeys(("softmax_cross_entropy", "soft_label_cross_entropy"), 0),
    "broadcast_div": 1,
    **dict.fromkeys(("power", "arctan", "nuclear_norm"), 0),
    "running_product": 0,
    "reduced_product": 0,
    "reduced_rows": 0,
    "ctc_loss": 0,
    "ctc_alignment": 0,
}
SMALL = {name: Case(name, (values(3, 1, 3), ints([0, 1]))) for name in ("ctc_loss", "ctc_alignment")}


def gradient_in_torch(function):
    import torch

    return lambda x: torch.autograd.grad(function(x.requires_grad_()), x, create_graph=True)[0]


def gradient_in_tensorflow(function):
    import tensorflow as tf

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x)

    return gradient


def gradient_in_jax(function):
    import jax

    return jax.jit(jax.grad(function))


GRADIENT = {"torch": gradient_in_torch, "tensorflow": gradient_in_tensorflow, "jax": gradient_in_jax}


@pytest.mark.parametrize("case", [SMALL.get(case.name, case) for case in FIRST if case.name in SMOOTH], ids=str)
@pytest.mark.parametrize("name", sorted(GRADIENT.keys() & chosen_backends()))
def test_second_derivative(name, case):
    (backend, gradient, place) = (dispatch.backend(name), GRADIENT[name], SMOOTH[case.name])
    args = list(case.args)
    at = args[place]
    rng = np.random.default_rng(0)
    (u, v) = (rng.uniform(0.5, 1.5, shape) for shape in (case.want(args).shape, at.shape))

    def value(x):
        return case.want([*args[:place], x, *args[place + 1 :]])

    want = derivative(lambda x: derivative(value, x, u), at, v, step=1e-2)

    tensors = [backend.from_numpy(a, a.dtype.name) if isinstance(a, np.ndarray) else a for a in args]
    (upstream, direction) = (backend.from_numpy(a, "float64") for a in (u, v))
    F = backend.op_set(upstream)

    def weighted(x):
        return F.sum(case.on(F, [*tensors[:place], x, *tensors[place + 1 :]]) * upstream)

    got = gradient(lambda x: F.sum(gradient(weighted)(x) * direction))(tensors[place])
    np.testing.assert_allclose(backend.to_numpy(got.detach() if name == "torch" else got), want, rtol=1e-6, atol=1e-6)
