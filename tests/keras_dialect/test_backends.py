"""The same losses on the tensors of every framework, eager and traced: values of NumPy in float64, gradients of TensorFlow."""

from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.keras.losses as pl
from polyloss import dispatch

from .table import FIRST, IDS, TABLE

FRAMEWORKS = [name for name in ("numpy", "torch", "jax", "tensorflow", "mxnet") if find_spec(name) is not None]


def given(backend, value, dtype="float32"):
    return backend.from_numpy(value, "int32" if value.dtype.kind == "i" else dtype)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("kind", "function", "options", "y_true", "y_pred"), TABLE, ids=IDS)
def test_values_and_gradients(kind, function, options, y_true, y_pred, framework):
    backend = dispatch.backend(framework)
    arguments = [given(backend, y_true), given(backend, y_pred)]
    tolerance = {"rtol": 2e-5, "atol": 2e-5}
    if kind == "BinaryCrossentropy" and y_pred.max() == 1:
        tolerance["atol"] = 0.05  # 1 - 1e-7 is rounded in float32
    for reduction in ("none", "sum_over_batch_size")[:: -1 if framework == "tensorflow" else 1][:1]:
        loss = getattr(pl, kind)(**options, reduction=reduction)
        exact = getattr(pl, kind)(**options, reduction=reduction, dtype="float64")
        single = [value.astype("float32") if value.dtype.kind == "f" else value for value in (y_true, y_pred)]
        expected = exact(*single)
        if not backend.differentiable:
            np.testing.assert_allclose(backend.to_numpy(loss(*arguments)), expected, **tolerance)
            continue
        (value, (gradient,)) = backend.value_and_grad(loss, [1])(arguments, None)
        np.testing.assert_allclose(backend.to_numpy(value).reshape(np.shape(expected)), expected, **tolerance)
        if "tensorflow" in FRAMEWORKS and framework != "tensorflow":
            other = dispatch.backend("tensorflow")
            (_, (wanted,)) = other.value_and_grad(loss, [1])([given(other, y_true), given(other, y_pred)], None)
            wanted = other.to_numpy(wanted)
            np.testing.assert_allclose(
                backend.to_numpy(gradient), wanted, rtol=2e-5, atol=2e-5 * max(1, np.abs(wanted).max())
            )
    if framework != "mxnet":
        found = getattr(pl, function)(*arguments, **options)
        assert backend.op_set(arguments[1]).dtype(found) == "float32"


@pytest.mark.parametrize("kind", FIRST)
def test_jax(kind):
    jax = pytest.importorskip("jax")
    (_, options, y_true, y_pred) = FIRST[kind]
    options = {name: value for name, value in options.items() if name != "fixed_weights"}
    loss = getattr(pl, kind)(**options)
    backend = dispatch.backend("jax")
    (true, pred) = (given(backend, value) for value in (y_true, y_pred))
    weight = jax.numpy.ones(())
    expected = loss(true, pred)
    np.testing.assert_allclose(jax.jit(loss)(true, pred), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(loss)(true, pred, weight), expected, rtol=1e-5)
    eager = jax.grad(loss, 1)(true, pred)
    np.testing.assert_allclose(jax.jit(jax.grad(loss, 1))(true, pred), eager, rtol=1e-4, atol=1e-6)
    stacked = jax.vmap(loss)(jax.numpy.stack([true, true]), jax.numpy.stack([pred, pred]))
    np.testing.assert_allclose(stacked, [expected] * 2, rtol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("kind", FIRST)
def test_tensorflow(kind, xla):
    tf = pytest.importorskip("tensorflow")
    (_, options, y_true, y_pred) = FIRST[kind]
    loss = getattr(pl, kind)(**options)
    expected = loss(tf.constant(y_true), tf.constant(y_pred))
    for batch in (None, len(y_pred)):
        if xla and batch is None:
            continue  # TensorFlow compiles for the sizes it meets
        specification = [tf.TensorSpec([batch, *one.shape[1:]], one.dtype) for one in (y_true, y_pred)]
        traced = tf.function(lambda t, p: loss(t, p), input_signature=specification, jit_compile=xla)
        np.testing.assert_allclose(traced(y_true, y_pred), expected, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FIRST)
def test_torch(kind):
    torch = pytest.importorskip("torch")
    (function, options, y_true, y_pred) = FIRST[kind]
    backend = dispatch.backend("torch")
    (true, pred) = (given(backend, value) for value in (y_true, y_pred))
    loss = getattr(pl, kind)(**options)
    for one in (loss, lambda t, p: getattr(pl, function)(t, p, **options)):
        torch.compiler.reset()
        found = torch.compile(one, fullgraph=True, backend="aot_eager")(true, pred)
        torch.testing.assert_close(found, one(true, pred), rtol=2e-6, atol=2e-6)
    (gradient,) = backend.value_and_grad(loss, [1])([true, pred], None)[1]
    torch.testing.assert_close(torch.func.grad(loss, 1)(true, pred), gradient)
    if kind != "CTC":  # it reads its labels' values
        stacked = torch.func.vmap(loss)(torch.stack([true, true]), torch.stack([pred, pred]))
        torch.testing.assert_close(stacked[1], loss(true, pred), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("masked", [False, True])
def test_weights(framework, masked):
    backend = dispatch.backend(framework)
    generator = np.random.default_rng(8)
    (true, pred, weight) = (generator.normal(size=shape) for shape in ((3, 2, 4), (3, 2, 4), (3, 1)))
    tags = np.array([[0, 3], [1, 1], [3, 2]])
    for reduction in ("none", "sum", "mean", "mean_with_sample_weight"):
        for kind, label in (("MeanSquaredError", true), ("SparseCategoricalCrossentropy", tags)):
            options = {"from_logits": True, "ignore_class": 3 if masked else None} if label is tags else {}
            loss = getattr(pl, kind)(**options, reduction=reduction)
            for one in (weight, weight[:2, 0], 0.5):
                moved = given(backend, one) if isinstance(one, np.ndarray) else one
                found = loss(given(backend, label), given(backend, pred), moved)
                wanted = loss(label, pred, one)
                np.testing.assert_allclose(
                    backend.to_numpy(found).reshape(np.shape(wanted)), wanted, rtol=1e-4, atol=1e-5
                )


def test_unreadable_labels():
    """Class numbers that cannot be checked: NaN in place of a number that means nothing."""
    jax = pytest.importorskip("jax")
    label, pred = jax.numpy.array([0, 5, -1]), jax.numpy.full((3, 2), 0.5)
    for function, options in (
        (pl.sparse_categorical_crossentropy, {}),
        (pl.categorical_generalized_cross_entropy, {"q": 0.5}),
    ):
        found = jax.jit(lambda t, p, f=function, o=options: f(t, p, **o))(label, pred)
        assert np.isnan(found).tolist() == [False, True, True]
    words = jax.numpy.array([[1, 0], [0, 1], [7, 0]])
    assert np.isnan(jax.jit(pl.ctc)(words, jax.numpy.zeros((3, 4, 3)))).tolist() == [False, True, True]


@pytest.mark.parametrize("kind", FIRST)
def test_symbols(kind):
    """Where ranks already match, the losses run in a graph of MXNet."""
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    (_, options, y_true, y_pred) = FIRST[kind]
    loss = getattr(pl, kind)(**options)
    graph = loss(mx.sym.Variable("t"), mx.sym.Variable("p"))
    (found,) = graph.eval(t=mx.nd.array(y_true), p=mx.nd.array(y_pred))
    np.testing.assert_allclose(found.asnumpy(), [loss(y_true, y_pred)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_symbols_of_other_ranks(weighted):
    """Nothing is broadcast that Keras would bring to one rank."""
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    symbols = {name: mx.sym.Variable(name) for name in ("y_true", "y_pred", "sample_weight")[: 2 + weighted]}
    given = {"y_true": np.zeros((2, 3)), "y_pred": np.ones((2, 3)), "sample_weight": np.ones((2, 1))}
    if not weighted:
        given = {"y_true": np.zeros(2), "y_pred": np.ones((2, 1))}
    graph = pl.MeanSquaredError()(**symbols)
    with pytest.raises(mx.MXNetError):
        graph.eval(**{name: mx.nd.array(array) for name, array in given.items()})[0].asnumpy()
