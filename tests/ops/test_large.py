"""Operations along long axes, which backends compute in other ways than short ones: value and gradient, against NumPy's in float64."""

import numpy as np
import pytest

from polyloss import dispatch

SHAPES = [(8, 3000), (5, 4096), (3, 7919)]  # cut into rows of 1000, of 1024, and not at all
AXIS = {"axis": -1}


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def log_softmax(x):
    return np.log(softmax(x))


CASES = {  # what a backend computes, its value, and its gradient for the upstream gradient u
    "sum": (lambda F, x, _: F.sum(x, **AXIS), lambda x: x.sum(-1), lambda x, u: u[:, None] + 0 * x),
    "mean": (lambda F, x, _: F.mean(x, **AXIS), lambda x: x.mean(-1), lambda x, u: u[:, None] / x.shape[-1] + 0 * x),
    "max": (lambda F, x, _: F.max(x, **AXIS), lambda x: x.max(-1), lambda x, u: u[:, None] * (x == x.max(-1)[:, None])),
    "log_softmax": (
        lambda F, x, _: F.log_softmax(x, **AXIS),
        log_softmax,
        lambda x, u: u - softmax(x) * u.sum(-1, keepdims=True),
    ),
    "softmax_cross_entropy": (
        lambda F, x, label: F.softmax_cross_entropy(x, label, **AXIS),
        lambda x: -log_softmax(x).min(-1),
        lambda x, u: u[:, None] * (softmax(x) - (x == x.min(-1)[:, None])),
    ),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(backend, name, shape):
    (function, value, slope) = CASES[name]
    x = np.random.default_rng(0).uniform(0, 8, shape).astype("float32")  # of one sign: sums do not cancel
    wide = x.astype("float64")
    upstream = np.random.default_rng(1).standard_normal(value(wide).shape).astype("float32")
    tensors = [backend.from_numpy(x, "float32"), backend.from_numpy(x.argmin(-1), "int32")]
    for mode in backend.modes:
        if mode in backend.sampled:
            continue  # takes half a minute
        wrt = [0] if backend.differentiable else []
        run = backend.value_and_grad(lambda x, label: function(backend.op_set(x), x, label), wrt, mode)
        (found, slopes) = run(tensors, backend.from_numpy(upstream, "float32"))
        np.testing.assert_allclose(backend.to_numpy(found), value(wide), rtol=2e-6)
        for one in slopes:
            np.testing.assert_allclose(backend.to_numpy(one), slope(wide, upstream), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["log_softmax", "softmax_cross_entropy"])
def test_special_values(backend, name):
    """A place that is ruled out counts nothing where it is not asked for; what is not a number spoils its own row."""
    x = np.random.default_rng(0).standard_normal((8, 4096))
    x[0, 1] = x[1, 7] = -np.inf
    x[2, 5] = np.nan
    x[3, 5] = np.inf
    label = np.full(8, 7)
    with np.errstate(divide="ignore", invalid="ignore"):
        want = log_softmax(x)
    if name == "softmax_cross_entropy":
        want = -want[:, 7]
    tensors = [backend.from_numpy(x, "float32"), backend.from_numpy(label, "int32")]
    for mode in set(backend.modes) - set(backend.sampled):
        run = backend.value_and_grad(lambda x, label: CASES[name][0](backend.op_set(x), x, label), [], mode)
        found = backend.to_numpy(run(tensors, None)[0])
        rows = np.arange(8) != 3
        np.testing.assert_allclose(found[rows], want[rows], rtol=2e-6)
        assert not np.isfinite(found[3]).any()  # some of it may be infinite


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_second_derivative_in_jax(shape):
    """Forward over reverse, of sums of cross entropies: ``s (v - s.v)`` with the softmax s."""
    jax = pytest.importorskip("jax")
    (x, v) = np.random.default_rng(0).standard_normal((2, *shape)).astype("float32")
    F = dispatch.op_set("test", ("x",), (jax.numpy.asarray(x),))
    slope = jax.grad(lambda x: F.softmax_cross_entropy(x, jax.numpy.zeros(shape[0], "int32"), **AXIS).sum())
    (_, found) = jax.jit(lambda x, v: jax.jvp(slope, (x,), (v,)))(x, v)
    s = softmax(x.astype("float64"))
    np.testing.assert_allclose(found, s * (v - (s * v).sum(-1, keepdims=True)), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["log_softmax", "softmax_cross_entropy"])
def test_second_derivative_under_xla(name, shape):
    """Reverse over reverse, of sums of cross entropies: ``s (v - s.v)`` with the softmax s."""
    tf = pytest.importorskip("tensorflow")
    (x, v) = map(tf.constant, np.random.default_rng(0).standard_normal((2, *shape)).astype("float32"))
    F = dispatch.op_set("test", ("x",), (x,))

    def loss(x):
        found = CASES[name][0](F, x, tf.zeros(shape[0], "int32"))
        return tf.reduce_sum(found if name == "softmax_cross_entropy" else -found[:, 0])

    @tf.function(jit_compile=True)
    def twice(x, v):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = loss(x)
            along = tf.reduce_sum(inner.gradient(value, x) * v)
        return outer.gradient(along, x)

    s = softmax(x.numpy().astype("float64"))
    np.testing.assert_allclose(twice(x, v), s * (v - (s * v).numpy().sum(-1, keepdims=True)), rtol=2e-5, atol=1e-6)
