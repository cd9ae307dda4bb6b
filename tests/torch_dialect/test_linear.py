"""The losses that hold parameters: the same as torch's, whoever's tensors these are, and optimizers find them."""

import copy
import inspect
import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss
import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch

RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, 8)).astype("float32")
Y = np.array([0, 2, 3, 7, 9, 4])
FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow", "mxnet")
MAKE = {
    "adaptive": lambda home, **more: home.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], 2.0, True, **more),
    "linear": lambda home, **more: home.LinearCrossEntropyLoss(8, 10, bias=True, **more),
}
needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: it is what is compared with"
)


def value_of(result):
    return getattr(result, "loss", result)


def backend_of(framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    return dispatch.backend(framework)


def numpy_of(backend, loss):
    return {name: backend.to_numpy(backend.tensor_of(one, None)) for name, one in loss.named_parameters()}


def draw(make):
    rng = np.random.default_rng(2)
    return {
        name: rng.normal(size=one.shape).astype("float32")
        for name, one in make(pnn, framework="numpy").named_parameters()
    }


# --- as torch's own -------------------------------------------------------------------------------------------------------------------


@needs_torch
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_is_torch_s_own(make):
    import torch

    torch.manual_seed(3)
    ours = make(pnn)
    torch.manual_seed(3)
    theirs = make(torch.nn)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)
    (x, y) = (torch.tensor(X), torch.tensor(Y))
    for each, expected in ((ours(x, y), theirs(x, y)), (ours.half()(x.half(), y), theirs.half()(x.half(), y))):
        torch.testing.assert_close(value_of(each), value_of(expected), rtol=2e-3, atol=2e-3)
    ours.load_state_dict(make(torch.nn).state_dict())
    ours.float()
    for twin in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert torch.equal(value_of(twin(x, y)), value_of(ours(x, y)))
        assert isinstance(twin, torch.nn.Module)


@needs_torch
def test_signatures():
    import torch

    def parameters(function):
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.default, p.kind) for p in found if p.name != "framework"]

    for name in ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"):
        (ours, theirs) = (getattr(pnn, name), getattr(torch.nn, name))
        assert parameters(ours.__init__) == parameters(theirs.__init__)
        assert parameters(ours.forward) == parameters(theirs.forward)
    for name in ("log_prob", "predict"):
        (ours, theirs) = (getattr(home.AdaptiveLogSoftmaxWithLoss, name) for home in (pnn, torch.nn))
        assert parameters(ours) == parameters(theirs)
    assert parameters(pF.linear_cross_entropy) == parameters(torch.nn.functional.linear_cross_entropy)
    assert repr(pnn.LinearCrossEntropyOptions()) == repr(torch.nn.LinearCrossEntropyOptions())


@needs_torch
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_compiled_and_transformed(make):
    import torch

    loss = make(pnn)
    (x, y) = (torch.tensor(X), torch.tensor(Y))
    expected = value_of(loss(x, y))
    torch.compiler.reset()
    torch.testing.assert_close(value_of(torch.compile(loss, fullgraph=True, backend="aot_eager")(x, y)), expected)
    own = {name: one.detach() for name, one in loss.named_parameters()}
    for call in (
        lambda p: value_of(torch.func.functional_call(loss, p, (x, y))),
        lambda p: value_of(loss.with_parameters(p)(x, y)),
    ):
        gradients = torch.func.grad(call)(own)
        for name, slope in zip(own, torch.autograd.grad(value_of(loss(x, y)), loss.parameters()), strict=True):
            torch.testing.assert_close(gradients[name], slope)
    stacked = torch.func.vmap(lambda x, y: value_of(loss(x, y)))(x.reshape(2, 3, 8), y.reshape(2, 3))
    torch.testing.assert_close(stacked.mean(), expected)


@needs_torch
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_chunks_of_torch(reduction):
    """Gradients in chunks: twice through a retained graph, second derivatives, and of what needs some only."""
    import torch

    (x, w, b) = (torch.tensor(RNG.normal(size=s), requires_grad=True) for s in ((5, 3), (4, 3), (4,)))
    (y, options) = (torch.tensor([0, 3, -100, 2, 1]), pnn.LinearCrossEntropyOptions(batch_chunk_size=2))

    def both(x, w, b):
        more = {
            "linear_bias": b,
            "reduction": reduction,
            "weight": torch.tensor([1.0, 0.5, 2.0, 0.25], dtype=x.dtype),
        }
        return pF.linear_cross_entropy(x, w, y, **more, options=options), torch.nn.functional.linear_cross_entropy(
            x, w, y, **more
        )

    (ours, theirs) = both(x, w, b)
    seed = torch.linspace(0.5, 2, ours.numel(), dtype=torch.float64).reshape(ours.shape)
    expected = torch.autograd.grad(theirs, (x, w, b), seed)
    for _ in range(2):
        for one, other in zip(torch.autograd.grad(ours, (x, w, b), seed, retain_graph=True), expected, strict=True):
            torch.testing.assert_close(one, other)
    (only,) = torch.autograd.grad(both(x.detach(), w, b.detach())[0], w, seed)
    torch.testing.assert_close(only, expected[1])
    assert torch.autograd.gradgradcheck(lambda *given: both(*given)[0], (x, w, b))
    with torch.no_grad():
        assert not both(x, w, b)[0].requires_grad
    with torch.autocast("cpu", dtype=torch.bfloat16):
        (ours, theirs) = both(*(one.detach().float() for one in (x, w, b)))
    torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)  # of the same dtype; the product is one of halves


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "function"])
@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_chunks_of_tensorflow(reduction, traced):
    """Gradients and second derivatives are those of all logits at once, and the tape may be asked for either alone."""
    tf = pytest.importorskip("tensorflow")
    # In float64: of terms of 1e4, which second derivatives are made of here, float32 keeps what two orders of summing do not share.
    (x, w) = (tf.constant(one, tf.float64) for one in (X, draw(MAKE["linear"])["linear.weight"]))

    def second(rows):
        def of(x, w):
            with tf.GradientTape() as outer:
                outer.watch([x, w])
                with tf.GradientTape() as inner:
                    inner.watch([x, w])
                    options = pnn.LinearCrossEntropyOptions(batch_chunk_size=rows)
                    loss = pF.linear_cross_entropy(x, w, tf.constant(Y), reduction=reduction, options=options)
                    total = tf.reduce_sum(loss**2)
                first = inner.gradient(total, [x, w])
                size = sum(tf.reduce_sum(one**2) for one in first)
            return loss, *first, *outer.gradient(size, [x, w])

        return (tf.function(of) if traced else of)(x, w)

    for found, expected in zip(second(4), second(6), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-10)


def test_no_tape_no_gradients(monkeypatch):
    tf = pytest.importorskip("tensorflow")
    backend_of("tensorflow")
    from polyloss_backends import tensorflow as home

    (asked, run) = ([], home._untaped_by_chunks)

    def spy(given, place, scale, rows):
        asked.append(scale is not None)
        return run(given, place, scale, rows)

    monkeypatch.setattr(home, "_untaped_by_chunks", spy)
    options = pnn.LinearCrossEntropyOptions(batch_chunk_size=4)
    w = tf.Variable(draw(MAKE["linear"])["linear.weight"])
    pF.linear_cross_entropy(tf.constant(X), w, tf.constant(Y), options=options)
    with tf.GradientTape():
        pF.linear_cross_entropy(tf.constant(X), w, tf.constant(Y), options=options)
    assert asked == [False, True]


# --- on every framework -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_initialised_there(make, framework):
    backend = backend_of(framework)
    loss = make(pnn, framework=framework)
    (x, y) = (backend.from_numpy(X, "float32"), backend.from_numpy(Y, "int64"))
    found = backend.to_numpy(value_of(loss(x, y))).reshape(())
    own = numpy_of(backend, loss)
    again = value_of(make(pnn, framework="numpy").with_parameters(own)(X, Y))
    np.testing.assert_allclose(found, again, rtol=1e-5)
    assert list(own) == [name for name, _ in make(pnn, framework="numpy").named_parameters()]
    for name, values in own.items():
        inner = values.shape[1] if values.ndim == 2 else 8
        assert values.dtype == np.float32, name
        assert abs(values).max() <= inner**-0.5 * (1 + 1e-6), name
        if values.size > 8:  # fewer may well all be small
            assert 0.3 * inner**-0.5 < abs(values).max(), name
    half = "float16"
    narrow = make(pnn, framework=framework, dtype=half)
    assert {str(value.dtype) for value in numpy_of(backend, narrow).values()} == {half}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_log_prob_and_predict(framework):
    backend = backend_of(framework)
    make = MAKE["adaptive"]
    own = draw(make)
    plain = make(pnn, framework="numpy").with_parameters(own)
    loss = make(pnn, framework=framework).with_parameters(
        {name: backend.from_numpy(v, "float32") for name, v in own.items()}
    )
    x = backend.from_numpy(X, "float32")
    log_p = backend.to_numpy(loss.log_prob(x))
    np.testing.assert_allclose(log_p, plain.log_prob(X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(backend.to_numpy(loss.predict(x)), log_p.argmax(axis=1))
    output = backend.to_numpy(loss(x, backend.from_numpy(Y, "int64")).output)
    np.testing.assert_allclose(output, log_p[np.arange(6), Y], rtol=1e-5)


@needs_torch
def test_predict_is_torch_s():
    import torch

    loss = MAKE["adaptive"](torch.nn)
    ours = MAKE["adaptive"](pnn)
    ours.load_state_dict(loss.state_dict())
    x = torch.randn(50, 8) * 3
    assert torch.equal(ours.predict(x), loss.predict(x))
    torch.testing.assert_close(ours.log_prob(x), loss.log_prob(x))


def descends(values):
    assert values[-1] < 0.8 * values[0], values


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
class TestOptimizers:
    def test_torch(self, make):
        torch = pytest.importorskip("torch")
        loss = make(pnn)
        optimizer = torch.optim.SGD(loss.parameters(), lr=0.5)
        seen = []
        for _ in range(8):
            optimizer.zero_grad()
            value = value_of(loss(torch.tensor(X), torch.tensor(Y)))
            value.backward()
            optimizer.step()
            seen.append(float(value))
        descends(seen)

    def test_jax(self, make):
        jax = pytest.importorskip("jax")
        loss = make(pnn, framework="jax")
        (x, y) = (jax.numpy.asarray(X), jax.numpy.asarray(Y))

        @jax.jit
        def step(p):
            value, slopes = jax.value_and_grad(lambda p: value_of(loss.with_parameters(p)(x, y)))(p)
            return value, {name: one - 0.5 * slopes[name] for name, one in p.items()}

        (p, seen) = (dict(loss.named_parameters()), [])
        for _ in range(8):
            (value, p) = step(p)
            seen.append(float(value))
        descends(seen)

    def test_tensorflow(self, make):
        tf = pytest.importorskip("tensorflow")
        loss = make(pnn, framework="tensorflow")
        assert all(isinstance(one, tf.Variable) for one in loss.trainable_variables)
        optimizer = tf.keras.optimizers.SGD(0.5)
        seen = []
        for _ in range(8):
            with tf.GradientTape() as tape:
                value = value_of(loss(tf.constant(X), tf.constant(Y)))
            slopes = tape.gradient(value, loss.trainable_variables)
            optimizer.apply_gradients(zip(slopes, loss.trainable_variables, strict=True))
            seen.append(float(value))
        descends(seen)

    def test_mxnet(self, make):
        backend_of("mxnet")
        import mxnet as mx

        loss = make(pnn, framework="mxnet")
        trainer = mx.gluon.Trainer(list(loss.parameters()), "sgd", {"learning_rate": 0.5})
        seen = []
        for _ in range(8):
            with mx.autograd.record():
                value = value_of(loss(mx.nd.array(X), mx.nd.array(Y, dtype="int32")))
            value.backward()
            trainer.step(1)
            seen.append(float(value.asscalar()))
        descends(seen)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_parts(framework):
    backend = backend_of(framework)
    loss = MAKE["linear"](pnn, framework=framework, weight=np.linspace(0.5, 2, 10).astype("float32"))
    own = {name: backend.from_numpy(one, "float32") for name, one in draw(MAKE["linear"]).items()}
    whole = loss.with_parameters(own)

    def given(piece):
        return backend.from_numpy(X[piece], "float32"), backend.from_numpy(Y[piece], "int64")

    pieces = [polyloss.parts(whole)(*given(piece)) for piece in (slice(2), slice(2, 6))]
    (numerator, denominator) = (sum(map(backend.to_numpy, column)) for column in zip(*pieces, strict=True))
    expected = backend.to_numpy(whole(*given(slice(6))))
    np.testing.assert_allclose(numerator / denominator, expected, rtol=1e-6)


# --- what is refused ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cutoffs", [[], [0, 2], [3, 2], [2, 2], [2, 10], [2, 3.5]], ids=str)
def test_cutoffs(cutoffs):
    with pytest.raises(ValueError, match=r"AdaptiveLogSoftmaxWithLoss: cutoffs=.*n_classes - 1 = 9"):
        pnn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs, framework="numpy")


def test_shapes_and_targets():
    loss = MAKE["adaptive"](pnn, framework="numpy")
    for x, y, message in [
        (X, Y[:5], r"target_ has shape \(5,\)"),
        (X[:, :7], Y, r"input_ has shape \(6, 7\)"),
        (X[0], Y, r"target_ has shape \(6,\)"),
        (X, np.where(Y == 9, 10, Y), r"target_ has elements outside \[0, 9\]"),
        (X, -Y, r"target_ has elements outside"),
    ]:
        with pytest.raises(ValueError, match=f"AdaptiveLogSoftmaxWithLoss: {message}"):
            loss(x, y)
    with pytest.raises(TypeError, match="target_ has dtype float64"):
        loss(X, Y.astype(float))
    with pytest.raises(ValueError, match=r"input has shape \(8,\)"):
        loss.predict(X[0])


def test_arguments_of_the_function():
    w = np.ones((4, 8), "float32")
    for arguments, more, message in [
        ((X, w[:, :7], Y), {}, "linear_weight has shape"),
        ((X, w[0], Y), {}, "linear_weight has shape"),
        ((X[None], w, Y), {}, r"input has shape \(1, 6, 8\)"),
        ((X[0], np.ones((4, 2, 8), "float32"), Y[0]), {}, "linear_weight has shape .* takes an input"),
        ((X, w, Y[:5]), {}, r"target has shape \(5,\)"),
        ((X, w, Y), {}, "target has elements that are neither"),
        ((X, w, Y % 4), {"linear_bias": np.ones(3, "float32")}, "linear_bias has shape"),
        ((X, w, Y % 4), {"weight": np.ones(3, "float32")}, "weight has shape"),
        ((X, w, Y % 4), {"reduction": "average"}, "reduction='average'"),
        ((X, w, Y % 4), {"label_smoothing": 1.5}, "label_smoothing=1.5"),
        ((X, w, np.ones((6, 4), "float32")), {"ignore_index": 1}, "ignore_index=1 has no meaning"),
    ]:
        with pytest.raises(ValueError, match=f"linear_cross_entropy: {message}"):
            pF.linear_cross_entropy(*arguments, **more)
    with pytest.raises(ValueError, match="batch_chunk_size=0"):
        pnn.LinearCrossEntropyOptions(batch_chunk_size=0)
    with pytest.raises(ValueError, match=r"LinearCrossEntropyLoss: weight has shape \(3,\)"):
        pnn.LinearCrossEntropyLoss(8, 4, weight=np.ones(3), framework="numpy")
    with pytest.raises(ValueError, match="LinearCrossEntropyLoss: label_smoothing=-1"):
        pnn.LinearCrossEntropyLoss(8, 4, label_smoothing=-1, framework="numpy")
    with pytest.warns(UserWarning, match="every target is ignore_index=-100"):
        assert np.isnan(pF.linear_cross_entropy(X, w, np.full(6, -100)))


def test_names_of_parameters():
    loss = MAKE["linear"](pnn, framework="numpy")
    with pytest.raises(ValueError, match=r"with_parameters: got weight; accepted are linear\.bias, linear\.weight"):
        loss.with_parameters({"weight": X})
    with pytest.raises(TypeError, match="dtype is 'int64'"):
        MAKE["linear"](pnn, framework="numpy", dtype="int64")
    twin = pickle.loads(pickle.dumps(loss))
    np.testing.assert_array_equal(twin(X, Y), loss(X, Y))


def test_which_framework():
    with pytest.raises(ValueError, match="framework='caffe' is not one of 'jax', 'mxnet'"):
        MAKE["linear"](pnn, framework="caffe")
    code = (
        "import polyloss.torch.nn as nn, sys\n"
        "try: nn.LinearCrossEntropyLoss(2, 3)\n"
        "except ValueError as error: assert 'no framework is imported: pass framework' in str(error), error\n"
        "else: raise AssertionError\n"
        "assert repr(nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2], framework='numpy')).count('Linear(') == 3\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_tracer_gives_nan_for_no_class():
    jax = pytest.importorskip("jax")
    for make in MAKE.values():
        loss = make(pnn, framework="jax")
        (x, y) = (jax.numpy.asarray(X), jax.numpy.asarray(np.where(Y == 9, 10, Y)))
        assert np.isnan(value_of(jax.jit(lambda x, y, loss=loss: loss(x, y))(x, y)))


def test_unknown_batch():
    tf = pytest.importorskip("tensorflow")
    for make in MAKE.values():
        loss = make(pnn, framework="tensorflow")
        traced = tf.function(
            lambda x, y, loss=loss: value_of(loss(x, y)),
            input_signature=[tf.TensorSpec([None, 8], tf.float32), tf.TensorSpec([None], tf.int64)],
        )
        np.testing.assert_allclose(traced(X, Y), value_of(loss(tf.constant(X), tf.constant(Y))), rtol=1e-5)
