"""The same loss objects under each framework's own transformations."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.mxnet.gluon.loss as gloss

RNG = np.random.default_rng(0)
PRED = RNG.normal(size=(4, 3)).astype("float32")
LABEL = RNG.uniform(0.1, 0.9, size=(4, 3)).astype("float32")
CLASSES = np.array([0, 2, 1, 1])
LOSSES = {
    "L2Loss": LABEL,
    "HuberLoss": LABEL,
    "SigmoidBCELoss": LABEL,
    "KLDivLoss": LABEL,
    "LogisticLoss": LABEL,
    "PoissonNLLLoss": LABEL,
    "SDMLLoss": LABEL,
    "SoftmaxCELoss": CLASSES,
}


def needs(framework):
    return pytest.mark.skipif(find_spec(framework) is None, reason=f"{framework} is not installed")


def expected(name):
    return getattr(gloss, name)()(PRED, LOSSES[name])


@needs("jax")
@pytest.mark.parametrize("name", LOSSES)
def test_jax(name):
    import jax
    import jax.numpy as jnp

    loss, pred, label = getattr(gloss, name)(), jnp.asarray(PRED), jnp.asarray(LOSSES[name])
    np.testing.assert_allclose(jax.jit(loss)(pred, label), expected(name), rtol=1e-5)

    def total(pred):
        return loss(pred, label).sum()

    gradient = jax.grad(total)(pred)
    assert gradient.shape == pred.shape
    assert float(abs(gradient).max()) > 0
    np.testing.assert_allclose(jax.jit(jax.grad(total))(pred), gradient, rtol=1e-5, atol=1e-6)
    stacked = jax.vmap(loss)(jnp.stack([pred, 2 * pred]), jnp.stack([label, label]))
    np.testing.assert_allclose(stacked[1], loss(2 * pred, label), rtol=1e-5)
    assert jax.jit(jax.hessian(total))(pred).shape == pred.shape * 2


@needs("torch")
@pytest.mark.parametrize("name", LOSSES)
def test_torch(name):
    import torch

    loss, pred, label = getattr(gloss, name)(), torch.tensor(PRED, requires_grad=True), torch.tensor(LOSSES[name])
    result = loss(pred, label)
    np.testing.assert_allclose(result.detach().numpy(), expected(name), rtol=1e-5)
    (gradient,) = torch.autograd.grad(result.sum(), pred)

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    np.testing.assert_allclose(compiled(pred, label).detach().numpy(), expected(name), rtol=1e-5)
    function = torch.func.grad(lambda pred: loss(pred, label).sum())
    np.testing.assert_allclose(function(pred.detach()).numpy(), gradient.numpy(), rtol=1e-5, atol=1e-6)
    stacked = torch.func.vmap(loss)(torch.stack([pred, 2 * pred]), torch.stack([label, label]))
    np.testing.assert_allclose(stacked[1].detach().numpy(), loss(2 * pred, label).detach().numpy(), rtol=1e-5)


@needs("torch")
def test_torch_second_derivative():
    import torch

    pred = torch.tensor(PRED, dtype=torch.float64, requires_grad=True)
    label = torch.tensor(LABEL, dtype=torch.float64)
    for name in ("L2Loss", "SigmoidBCELoss", "PoissonNLLLoss", "SDMLLoss"):
        loss = getattr(gloss, name)()
        assert torch.autograd.gradgradcheck(lambda p, loss=loss: loss(p, label), pred), name


@needs("tensorflow")
@pytest.mark.parametrize("name", LOSSES)
def test_tensorflow(name):
    import tensorflow as tf

    loss, pred, label = getattr(gloss, name)(), tf.Variable(PRED), tf.constant(LOSSES[name])

    def gradient(pred):
        with tf.GradientTape() as tape:
            tape.watch(pred)
            total = tf.reduce_sum(loss(pred, label))
        return tape.gradient(total, pred)

    for compiled in (loss, tf.function(loss), tf.function(loss, jit_compile=True)):
        np.testing.assert_allclose(compiled(pred, label), expected(name), rtol=1e-5)
    eager = gradient(tf.constant(PRED))
    for compiled in (tf.function(gradient), tf.function(gradient, jit_compile=True)):
        np.testing.assert_allclose(compiled(tf.constant(PRED)), eager, rtol=1e-5, atol=1e-6)


@needs("tensorflow")
def test_tensorflow_with_an_unknown_batch_size():
    import tensorflow as tf

    for name in LOSSES:
        loss = getattr(gloss, name)()
        label = tf.constant(LOSSES[name])
        shapes = [tf.TensorSpec([None, 3], tf.float32), tf.TensorSpec([None, *label.shape[1:]], label.dtype)]
        np.testing.assert_allclose(tf.function(loss, input_signature=shapes)(PRED, label), expected(name), rtol=1e-5)


class Focal(gloss.Loss):
    """A loss as one finds it in a Gluon project."""

    def __init__(self, gamma=2, alpha=0.25, weight=None, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)
        self._gamma = gamma
        self._alpha = alpha

    def hybrid_forward(self, F, pred, label, sample_weight=None):
        one_hot = F.one_hot(label, 3)
        p = F.softmax(pred, axis=-1)
        p_t = F.where(one_hot > 0, p, 1 - p)
        alpha = F.where(one_hot > 0, F.ones_like(p) * self._alpha, F.ones_like(p) * (1 - self._alpha))
        loss = -alpha * (1 - p_t) ** self._gamma * F.log(F.broadcast_maximum(p_t, F.zeros_like(p_t) + 1e-12))
        loss = gloss._apply_weighting(F, loss, self._weight, sample_weight)
        return F.mean(loss, axis=self._batch_axis, exclude=True)


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax", "tensorflow", "mxnet"])
def test_custom_gluon_loss(framework):
    from polyloss import dispatch

    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    pred, label = backend.from_numpy(PRED, "float32"), backend.from_numpy(CLASSES.astype("float32"), "float32")
    p = np.exp(PRED) / np.exp(PRED).sum(1, keepdims=True)
    hot = CLASSES[:, None] == np.arange(3)
    p_t = np.where(hot, p, 1 - p)
    by_hand = (-np.where(hot, 0.25, 0.75) * (1 - p_t) ** 2 * np.log(p_t)).mean(1)
    np.testing.assert_allclose(backend.to_numpy(Focal()(pred, label)), by_hand, rtol=1e-5)
