"""The losses of classes: what is refused, what warns, what a tracer gives, and batches taken apart."""

import warnings
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

import polyloss
import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch
from polyloss.opset import INTEGERS, UnsupportedError

RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(5, 3)) * 2
LABELS = np.array([0, 2, -100, 1, 2])
SOFT = RNG.dirichlet(np.ones(3), size=5)
WEIGHT = np.array([0.5, 2.0, 1.25])
BACKENDS = ("numpy", "torch", "jax", "tensorflow", "mxnet")
FUNCTIONS = ("cross_entropy", "nll_loss")


def backend_of(framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    return dispatch.backend(framework)


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


# --- refusals -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shapes(name):
    loss = getattr(pF, name)
    for shape in [(4,), (5, 1), (1, 5), ()]:
        with pytest.raises(ValueError, match=rf"{name}: target has shape .*accepted is \(5,\)"):
            loss(LOGITS, np.zeros(shape, int))
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(2, 2\); accepted is \(2, 4\)"):
        loss(np.zeros((2, 3, 4)), np.zeros((2, 2), int))
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(2,\); accepted is \(\) or \(1,\)"):
        loss(np.zeros(3), np.zeros(2, int))
    for shape in [(), (0,), (2, 0)]:
        with pytest.raises(ValueError, match=f"{name}: input has shape"):
            loss(np.zeros(shape), np.zeros(shape[:1], int))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_weights(name):
    loss = getattr(pF, name)
    for shape in [(1,), (4,), (1, 3), ()]:
        with pytest.raises(ValueError, match=rf"{name}: weight has shape .*accepted is \(3,\), one weight a class"):
            loss(LOGITS, LABELS, weight=np.ones(shape))
    with pytest.raises(TypeError, match=f"{name}: weight has dtype float32, but input has float64"):
        loss(LOGITS, LABELS, weight=WEIGHT.astype("float32"))
    assert pF.cross_entropy(LOGITS, SOFT, weight=WEIGHT.astype("float32")).dtype == "float64"
    with pytest.raises(ValueError, match="cross_entropy: weight has shape"):
        pF.cross_entropy(LOGITS, SOFT, weight=np.ones(1))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes(name):
    loss = getattr(pF, name)
    with pytest.raises(TypeError, match=f"{name}: input has dtype int64"):
        loss(LOGITS.astype(int), LABELS)
    for kind in ("float64", "float32", "bool"):
        with pytest.raises(TypeError, match=f"{name}: target has dtype {kind}; accepted are class numbers") as caught:
            loss(LOGITS, LABELS.astype(kind))
        assert not isinstance(caught.value, UnsupportedError)
    with pytest.raises(TypeError, match=f"{name}: ignore_index is 1.5, a float"):
        loss(LOGITS, LABELS, ignore_index=1.5)
    for kind in ("int64", "bool", "uint8"):
        with pytest.raises(TypeError, match=f"holds probabilities, but its dtype is {kind}"):
            pF.cross_entropy(LOGITS, SOFT.astype(kind))


def test_integers_that_torch_refuses():
    torch = pytest.importorskip("torch")
    logits = torch.tensor(LOGITS)
    with pytest.raises(TypeError, match="target has dtype int32; accepted are class numbers in int64, uint8") as caught:
        pF.cross_entropy(logits, torch.tensor(LABELS, dtype=torch.int32))
    assert isinstance(caught.value, UnsupportedError)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("framework", BACKENDS)
def test_integers(framework, name):
    backend = backend_of(framework)
    scores = backend.from_numpy(LOGITS, "float32")
    labels = np.array([0, 2, 0, 1, 2])
    expected = getattr(pF, name)(LOGITS, labels, ignore_index=1)
    for kind in backend.op_set(scores).index_dtypes:
        try:
            target = backend.from_numpy(labels, kind)
        except UnsupportedError:
            assert framework == "mxnet"
            continue
        found = backend.to_numpy(getattr(pF, name)(scores, target, ignore_index=1))
        np.testing.assert_allclose(found.reshape(()), expected, rtol=1e-6, err_msg=kind)
        for index in (-100, 300, 2**40):  # which not all of these integers can hold
            kept = backend.to_numpy(getattr(pF, name)(scores, target, ignore_index=index, reduction="none"))
            assert (kept != 0).all()
    assert framework == "torch" or backend.op_set(scores).index_dtypes == INTEGERS


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("framework", BACKENDS)
def test_labels_out_of_range(framework, name):
    backend = backend_of(framework)
    scores = backend.from_numpy(LOGITS, "float32")
    for wrong in (3, -1, -101, 2**20):
        target = backend.from_numpy(np.where(LABELS == 1, wrong, LABELS), "int64")
        with pytest.raises(
            ValueError, match=f"{name}: target has elements that are neither a class, 0 to 3 - 1, nor ign"
        ):
            getattr(pF, name)(scores, target)
    ignored = backend.from_numpy(np.where(LABELS < 0, 7, LABELS), "int64")
    found = backend.to_numpy(getattr(pF, name)(scores, ignored, ignore_index=7)).reshape(())
    np.testing.assert_allclose(found, getattr(pF, name)(LOGITS, LABELS), rtol=1e-6)


def test_smoothing():
    for wrong in (-0.1, 1.5, float("nan")):
        loss = pnn.CrossEntropyLoss(label_smoothing=wrong)
        for target in (LABELS, SOFT):
            with pytest.raises(ValueError, match=rf"cross_entropy: label_smoothing={wrong} is not in \[0, 1\]"):
                loss(LOGITS, target)
    with pytest.raises(TypeError, match="cross_entropy: label_smoothing is 'a', a str"):
        pF.cross_entropy(LOGITS, LABELS, label_smoothing="a")


def test_probabilities_have_none_to_ignore():
    with pytest.raises(ValueError, match="cross_entropy: ignore_index=0 has no meaning"):
        pF.cross_entropy(LOGITS, SOFT, ignore_index=0)
    assert pF.cross_entropy(LOGITS, SOFT, ignore_index=-1) == pF.cross_entropy(LOGITS, SOFT)


def test_old_name_warns():
    with pytest.warns(FutureWarning, match="NLLLoss2d is deprecated: NLLLoss") as caught:
        loss = pnn.NLLLoss2d(reduction="sum")
    assert caught[0].filename == __file__
    assert isinstance(loss, pnn.NLLLoss)


# --- values ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", BACKENDS)
def test_nothing_counts(framework):
    backend = backend_of(framework)
    scores = backend.from_numpy(LOGITS, "float32")
    none = backend.from_numpy(np.full(5, -100), "int64")
    for name in FUNCTIONS:
        with pytest.warns(UserWarning, match=rf"{name}: every target is ignore_index=-100 .*polyloss\.parts") as caught:
            found = getattr(pF, name)(scores, none)
        assert caught[0].filename == __file__
        assert np.isnan(backend.to_numpy(found))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert backend.to_numpy(getattr(pF, name)(scores, none, reduction="sum")) == 0
            assert (backend.to_numpy(getattr(pF, name)(scores, none, reduction="none")) == 0).all()
            assert [
                float(backend.to_numpy(part).sum()) for part in polyloss.parts(getattr(pF, name))(scores, none)
            ] == [0, 0]


def test_empty_batch_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(pF.cross_entropy(LOGITS[:0], LABELS[:0]))


def test_impossible_class():
    logits = np.array([[0.0, 1.0, -np.inf]])
    for smoothing, soft in ((0.0, [[1.0, 0.0, 0.0]]), (0.0, [[0.5, 0.5, 0.0]])):
        found = pF.cross_entropy(logits, np.array(soft), label_smoothing=smoothing)
        np.testing.assert_allclose(found, pF.cross_entropy(logits[:, :2], np.array(soft)[:, :2]), rtol=1e-12)
    assert pF.cross_entropy(logits, np.array([[0.5, 0.25, 0.25]])) == np.inf
    assert pF.cross_entropy(logits, np.array([0]), label_smoothing=0.1) == np.inf


@pytest.mark.parametrize("framework", BACKENDS)
def test_without_a_batch(framework):
    """A target of shape (1,) counts as one without axes, which MXNet does not have."""
    backend = backend_of(framework)
    (scores, soft) = (backend.from_numpy(given[0], "float32") for given in (LOGITS, SOFT))
    label = backend.from_numpy(LABELS[1:2], "int64")
    for options in ({}, {"label_smoothing": 0.2, "reduction": "none"}):
        for target, whole in ((label, LABELS[1:2]), (soft, SOFT[:1])):
            loss = pnn.CrossEntropyLoss(**options)
            found = backend.to_numpy(loss(scores, target))
            expected = loss(LOGITS[:1], whole)
            assert found.shape == (() if framework != "mxnet" else (1,))
            np.testing.assert_allclose(found.reshape(()), expected.reshape(()), rtol=1e-5)
            if backend.differentiable:
                (_, (slope,)) = backend.value_and_grad(loss, (0,))([scores, target], None)
                assert abs(backend.to_numpy(slope).sum()) < 1e-6


@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow", "numpy"])
def test_large_half_batch(framework):
    """Float16 cannot count 70,000 rows, whose mean it can hold."""
    backend = backend_of(framework)
    scores = backend.from_numpy(np.zeros((70_000, 2)), "float16")
    labels = backend.from_numpy(np.zeros(70_000), "int64")
    for options in ({}, {"label_smoothing": 0.1}):
        found = backend.to_numpy(pF.cross_entropy(scores, labels, **options))
        assert found == np.float16(np.log(2))
        assert found.dtype == np.float16


def test_against_nll():
    for options in ({}, {"weight": WEIGHT}, {"weight": WEIGHT, "ignore_index": 2}):
        labels = np.where(LABELS < 0, 2, LABELS)
        direct = pF.nll_loss(log_softmax(LOGITS), labels, **options)
        np.testing.assert_allclose(pF.cross_entropy(LOGITS, labels, **options), direct, rtol=1e-12)


# --- batches taken apart ----------------------------------------------------------------------------------------------------------------

OPTIONS = [
    {},
    {"weight": WEIGHT},
    {"label_smoothing": 0.2},
    {"weight": WEIGHT, "label_smoothing": 0.2},
    {"weight": WEIGHT, "label_smoothing": 0.2, "ignore_index": 2},
]
PIECES = (slice(0, 1), slice(1, 5), slice(2, 3))  # the last holds an ignored label alone


@pytest.mark.parametrize("framework", BACKENDS)
@pytest.mark.parametrize(("options", "soft"), [*product(OPTIONS, [False]), *product(OPTIONS[:4], [True])])
def test_pieces_add_up(framework, options, soft):
    backend = backend_of(framework)
    loss = pnn.CrossEntropyLoss(**options)
    labels = np.where(LABELS < 0, 2, LABELS) if "ignore_index" in options else LABELS
    chosen = [np.arange(5)[piece] for piece in PIECES]
    order = np.concatenate(chosen)

    def given(places):
        target = backend.from_numpy(SOFT[places], "float32") if soft else backend.from_numpy(labels[places], "int64")
        return backend.from_numpy(LOGITS[places], "float32"), target

    whole = float(backend.to_numpy(loss(*given(order))).reshape(()))
    parts = polyloss.parts(loss)
    sums = [[float(backend.to_numpy(part).reshape(())) for part in parts(*given(places))] for places in chosen]
    (numerator, denominator) = (sum(column) for column in zip(*sums, strict=True))
    np.testing.assert_allclose(numerator / denominator, whole, rtol=1e-6)
    if not backend.differentiable:
        return

    def gradient(function, places):
        (_, (slope,)) = backend.value_and_grad(function, (0,))(list(given(places)), None)
        return backend.to_numpy(slope)

    pieces = [gradient(lambda x, y: parts(x, y)[0], places) / denominator for places in chosen]
    np.testing.assert_allclose(np.concatenate(pieces), gradient(loss, order), rtol=1e-5, atol=1e-6)


def test_parts_of_nll():
    (numerator, denominator) = polyloss.parts(pnn.NLLLoss(weight=WEIGHT))(LOGITS, LABELS)
    assert denominator == WEIGHT[[0, 2, 1, 2]].sum()
    np.testing.assert_allclose(numerator / denominator, pF.nll_loss(LOGITS, LABELS, weight=WEIGHT), rtol=1e-12)


# --- tracers ----------------------------------------------------------------------------------------------------------------------------

WRONG = np.where(LABELS == 1, 3, LABELS)


def test_jax():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    (logits, labels) = (jnp.asarray(LOGITS, "float32"), jnp.asarray(LABELS, "int32"))
    for options in OPTIONS[:4]:
        loss = pnn.CrossEntropyLoss(**options)
        np.testing.assert_allclose(jax.jit(loss)(logits, labels), loss(LOGITS, LABELS), rtol=1e-5)
        one_by_one = jax.vmap(pnn.CrossEntropyLoss(**options, reduction="none"))(logits, labels)  # (C,) and ()
        np.testing.assert_allclose(one_by_one, pF.cross_entropy(LOGITS, LABELS, **options, reduction="none"), rtol=1e-5)
    hessian = jax.hessian(lambda x: pF.cross_entropy(x, labels, label_smoothing=0.1, reduction="sum"))(logits)
    row = np.exp(log_softmax(LOGITS))[0]
    np.testing.assert_allclose(hessian[0, :, 0, :], np.diag(row) - np.outer(row, row), rtol=1e-4, atol=1e-6)
    assert np.isnan(jax.jit(pF.cross_entropy)(logits, jnp.asarray(WRONG)))
    assert np.isnan(jax.jit(pF.nll_loss)(logits, jnp.asarray(np.where(LABELS == 1, -1, LABELS))))


def test_torch():
    torch = pytest.importorskip("torch")
    (logits, labels) = (torch.tensor(LOGITS), torch.tensor(LABELS))
    for options in OPTIONS[:4]:
        given = {key: torch.tensor(value) if key == "weight" else value for key, value in options.items()}
        loss = pnn.CrossEntropyLoss(**given, reduction="none")
        native = torch.nn.CrossEntropyLoss(**given, reduction="none")
        torch.testing.assert_close(torch.func.vmap(loss)(logits, labels), native(logits, labels))
        torch.testing.assert_close(
            torch.func.grad(lambda x, f=loss: f(x, labels).sum())(logits),
            torch.func.grad(lambda x, f=native: f(x, labels).sum())(logits),
        )
        torch.compiler.reset()
        compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(logits, labels), native(logits, labels))
    assert compiled(logits, torch.tensor(WRONG)).isnan().any()
    soft = torch.tensor(SOFT, requires_grad=True)
    wide = torch.tensor(LOGITS, requires_grad=True)
    weight = torch.tensor(WEIGHT)
    assert torch.autograd.gradgradcheck(lambda x, y: pF.cross_entropy(x, y, weight, label_smoothing=0.1), (wide, soft))
    assert torch.autograd.gradgradcheck(lambda x: pF.cross_entropy(x, labels, weight, label_smoothing=0.1), wide)


def test_torch_autocast():
    torch = pytest.importorskip("torch")
    (logits, labels) = (torch.tensor(LOGITS), torch.tensor(LABELS))
    for dtype, options in product((torch.bfloat16, torch.float16, torch.float32), ({}, {"weight": torch.ones(3)})):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for name, target in product(FUNCTIONS, (labels, torch.tensor(SOFT, dtype=dtype))):
                if name == "nll_loss" and target is not labels:
                    continue
                ours, theirs = (
                    getattr(home, name)(logits.to(dtype), target, **options) for home in (pF, torch.nn.functional)
                )
                assert ours.dtype == theirs.dtype
                torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("compiled", [False, True])
def test_tensorflow(compiled):
    tf = pytest.importorskip("tensorflow")
    logits = tf.constant(LOGITS)
    for options in OPTIONS[:4]:
        loss = pnn.CrossEntropyLoss(**options)
        shape = [None, 3] if compiled else [None, None]
        specs = [tf.TensorSpec(shape, tf.float64), tf.TensorSpec([None], tf.int32)]
        if "weight" in options:
            specs[0] = tf.TensorSpec([None, 3], tf.float64)
        traced = tf.function(loss.forward, input_signature=specs, jit_compile=compiled)
        np.testing.assert_allclose(traced(logits, LABELS.astype("int32")), loss(LOGITS, LABELS), rtol=1e-12)
        assert np.isnan(traced(logits, WRONG.astype("int32")))
    soft = tf.function(
        pF.cross_entropy, input_signature=[tf.TensorSpec([None, 3], tf.float64)] * 2, jit_compile=compiled
    )
    np.testing.assert_allclose(soft(logits, SOFT), pF.cross_entropy(LOGITS, SOFT), rtol=1e-12)


def test_mxnet_symbols():
    backend_of("mxnet")
    import mxnet as mx

    (x, y) = (mx.sym.Variable("x"), mx.sym.Variable("y", dtype="int32"))
    inputs = {"x": mx.nd.array(LOGITS), "y": mx.nd.array(LABELS, dtype="int32")}
    for graph in (pF.cross_entropy(x, y), pF.cross_entropy(x, y, label_smoothing=0.1), pF.nll_loss(x, y)):
        (found,) = graph.eval(**inputs)
        assert found.shape == (1,)
    np.testing.assert_allclose(found.asnumpy(), [pF.nll_loss(LOGITS, LABELS)], rtol=1e-5)
    soft = pF.cross_entropy(x, mx.sym.Variable("y", dtype="float32"))
    (found,) = soft.eval(x=inputs["x"], y=mx.nd.array(SOFT))
    np.testing.assert_allclose(found.asnumpy(), [pF.cross_entropy(LOGITS, SOFT)], rtol=1e-5)
    with pytest.raises(UnsupportedError, match="whether target holds classes or probabilities"):
        pF.cross_entropy(x, mx.sym.Variable("y"))
    weight = mx.sym.Variable("w")
    (found,) = pF.nll_loss(x, y, weight).eval(**inputs, w=mx.nd.array(WEIGHT))
    np.testing.assert_allclose(found.asnumpy(), [pF.nll_loss(LOGITS, LABELS, WEIGHT)], rtol=1e-5)
    with pytest.raises(UnsupportedError, match="weighting all classes takes a rank"):
        pF.cross_entropy(x, y, weight, label_smoothing=0.1)
