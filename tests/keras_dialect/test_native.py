"""Values and gradients on TensorFlow's tensors are those of Keras itself, on its TensorFlow backend."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed: it is what is compared with")
keras = pytest.importorskip("keras", reason="Keras is not installed: it is what is compared with")
if keras.backend.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend", allow_module_level=True)

import polyloss.keras.losses as pl  # noqa: E402

from .table import BITS, IDS, INNER, SEQUENCE, TABLE, TAGS  # noqa: E402

TOLERANCE = {"float64": 1e-11, "float32": 3e-6}
LOW = {"LogCosh", "MeanSquaredLogarithmicError"}  # Keras's form cancels
SINGLE = {"LogCosh", "CategoricalFocalCrossentropy"}  # Keras has log 2 and a list of alphas in float32


def native_options(kind, options):
    """The options under which Keras computes the same."""
    if kind == "Tversky" and options:
        return {**options, "alpha": options["beta"], "beta": options["alpha"]}
    return {name: value for name, value in options.items() if name != "fixed_weights"}


def tensor(value, dtype):
    return tf.constant(value) if np.asarray(value).dtype.kind == "i" else tf.constant(value, dtype)


def run(loss, y_true, y_pred):
    """Value and gradient, for an upstream gradient that is not one."""
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(y_true, y_pred)
        seed = tf.reshape(tf.cast(tf.linspace(0.5, 1.5, max(int(tf.size(value)), 1)), value.dtype), value.shape)
        total = tf.reduce_sum(value * seed)
    return value, tape.gradient(total, y_pred)


def label_gradient(loss, y_true, y_pred):
    with tf.GradientTape() as tape:
        tape.watch(y_true)
        total = tf.reduce_sum(loss(y_true, y_pred))
    return tape.gradient(total, y_true)


def close(ours, theirs, tolerance):
    for a, b in zip(ours, theirs, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def compared(kind, options, found):
    """Value and gradient, or the value alone where the gradients differ on purpose."""
    return found[:1] if kind == "Circle" and "fixed_weights" not in options else found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "function", "options", "y_true", "y_pred"), TABLE, ids=IDS)
def test_function(kind, function, options, y_true, y_pred, dtype):
    if kind == "CTC" and dtype == "float64":
        pytest.skip("Keras computes it in float32")
    true, pred = tensor(y_true, dtype), tensor(y_pred, dtype)
    ours = run(lambda t, p: getattr(pl, function)(t, p, **options), true, pred)
    theirs = run(lambda t, p: getattr(keras.losses, function)(t, p, **native_options(kind, options)), true, pred)
    tolerance = TOLERANCE[dtype] * (10 if kind in LOW or y_pred.max() > 1e3 else 1)
    if kind in SINGLE:
        tolerance = max(tolerance, 1e-7)
    close(compared(kind, options, ours), compared(kind, options, theirs), tolerance)


@pytest.mark.parametrize(("kind", "function", "options", "y_true", "y_pred"), TABLE, ids=IDS)
def test_gradient_of_labels(kind, function, options, y_true, y_pred):
    if y_true.dtype.kind == "i":
        pytest.skip("class numbers")
    given = tensor(y_true, "float64"), tensor(y_pred, "float64")
    ours = label_gradient(lambda t, p: getattr(pl, function)(t, p, **options), *given)
    native = native_options(kind, options)
    close([ours], [label_gradient(lambda t, p: getattr(keras.losses, function)(t, p, **native), *given)], 1e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none"])
@pytest.mark.parametrize(("kind", "function", "options", "y_true", "y_pred"), TABLE, ids=IDS)
def test_class(kind, function, options, y_true, y_pred, reduction):
    ours = getattr(pl, kind)(**options, reduction=reduction)
    theirs = getattr(keras.losses, kind)(**native_options(kind, options), reduction=reduction)
    assert (ours.name, ours.dtype) == (theirs.name, theirs.dtype)
    given = tensor(y_true, "float64"), tensor(y_pred, "float32")
    found, wanted = run(ours, *given), run(theirs, *given)
    close(
        compared(kind, options, found),
        compared(kind, options, wanted),
        3e-5 if kind in LOW or y_pred.max() > 1e3 else 4e-6,
    )


WEIGHTS = {
    "number": np.float32(0.7), "scalar": np.array(0.5), "one": np.array([2.0]), "batch": np.array([0.5, 2.0]),
    "column": np.array([[0.5], [2.0]]), "full": np.array([[0.5, 1, 2, 0], [1, 1, 0, 3.0]]), "time": np.array([1.0, 0, 2, 1]),
    "extra": np.ones((2, 4, 1)) * 0.3, "zero": np.zeros((2, 4)), "integer": np.array([[2], [1]]),
}  # fmt: skip


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_and_masks(weight, masked, reduction):
    given = tf.constant(SEQUENCE[::-1], tf.float32), tf.constant(SEQUENCE, tf.float32)
    if masked:
        given[1]._keras_mask = tf.constant([[True, False, True, True], [False, False, True, True]])
    for kind, true in (("MeanSquaredError", given[0]), ("SparseCategoricalCrossentropy", tf.constant(TAGS))):
        options = {"from_logits": True, "ignore_class": 1} if kind.startswith("Sparse") else {}
        found = []
        for home in (pl, keras.losses):
            loss = getattr(home, kind)(**options, reduction=reduction)
            try:
                found.append(loss(true, given[1], sample_weight=tf.constant(WEIGHTS[weight])))
            except (ValueError, tf.errors.InvalidArgumentError):
                found.append(None)
        if found[1] is None:
            assert found[0] is None
        else:
            close([found[0]], [found[1]], 3e-6)


def test_shapes_of_weights():
    """Ranks of loss and weights as Keras matches them, the result's shape included."""
    for values, weight in [
        ((4, 1), (4,)),
        ((4,), (4, 1)),
        ((4, 3, 1), (4, 3)),
        ((4,), ()),
        ((2, 3), (3,)),
        ((4,), (2, 4)),
    ]:
        pred = tf.random.stateless_normal((*values, 2), (1, 2))
        true, given = tf.zeros((*values, 2)), tf.random.stateless_uniform(weight, (3, 4))
        for reduction in ("none", "sum_over_batch_size", "mean_with_sample_weight"):
            ours, theirs = (
                home.MeanSquaredError(reduction=reduction)(true, pred, given) for home in (pl, keras.losses)
            )
            close([ours], [theirs], 2e-6)


@pytest.mark.parametrize(
    ("true", "pred"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (4, 3, 1)), ((4, 3, 1), (4, 3)), ((1, 3), (4, 3))]
)
@pytest.mark.parametrize("kind", ["MeanSquaredError", "Huber", "CosineSimilarity", "Poisson", "Hinge", "KLDivergence"])
def test_ranks(kind, true, pred):
    generator = np.random.default_rng(2)
    given = [tf.constant(generator.uniform(0.1, 1, size=shape), tf.float32) for shape in (true, pred)]
    ours, theirs = (getattr(home, kind)(reduction=None)(*given) for home in (pl, keras.losses))
    close([ours], [theirs], 3e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "mixed_float16"])
@pytest.mark.parametrize(("kind", "function", "options", "y_true", "y_pred"), TABLE, ids=IDS)
def test_dtype(kind, function, options, y_true, y_pred, dtype):
    """Half precision is the float64 result of the rounded predictions, rounded once."""
    loss = getattr(pl, kind)(**options, reduction="none", dtype=dtype)
    compute = dtype.removeprefix("mixed_")
    found = loss(tf.constant(y_true), tf.constant(y_pred, "float64"))
    assert (loss.dtype, found.dtype) == (compute, compute)
    rounded = tf.cast(tf.cast(y_pred, compute), tf.float64)
    exact = getattr(pl, kind)(**options, reduction="none", dtype="float64")(tf.constant(y_true), rounded)
    exact = tf.cast(tf.cast(exact, compute), tf.float64)
    tolerance = {"float16": 1e-3, "bfloat16": 8e-3, "float64": 0}[compute]
    if kind == "BinaryCrossentropy" and float(tf.reduce_max(y_pred)) == 1:
        tolerance = 2e-2  # 1 - 1e-7 is rounded in float32
    np.testing.assert_allclose(tf.cast(found, tf.float64), exact, rtol=tolerance, atol=tolerance / 10)


def test_labels_are_exact():
    logits = tf.one_hot([2049, 2048], 4000) * 8
    for dtype in ("float32", "float16", "bfloat16"):
        loss = pl.SparseCategoricalCrossentropy(from_logits=True, reduction=None, dtype=dtype)
        value = loss(tf.constant([2049, 2048]), logits)
        np.testing.assert_allclose(tf.cast(value, "float32"), [0.8504] * 2, rtol=2e-2)
    assert float(pl.mean_squared_error(tf.constant([[2049]]), tf.constant([[2048.0]], tf.float16))[0]) == 1


def test_function_in_half_precision():
    for kind, function, options, y_true, y_pred in TABLE:
        if kind == "CTC":
            continue
        found = getattr(pl, function)(tf.constant(y_true), tf.constant(y_pred, tf.bfloat16), **options)
        exact = getattr(pl, function)(
            tf.constant(y_true), tf.cast(tf.constant(y_pred, tf.bfloat16), tf.float32), **options
        )
        assert found.dtype == tf.bfloat16
        np.testing.assert_array_equal(*(tf.cast(one, tf.float32) for one in (found, tf.cast(exact, tf.bfloat16))))


def test_floatx_and_epsilon():
    keras.config.set_floatx("float64")
    keras.config.set_epsilon(1e-3)
    try:
        for kind, y_pred in (("BinaryCrossentropy", np.round(INNER)), ("Dice", INNER)):
            ours, theirs = (
                getattr(home, kind)()(tf.constant(BITS), tf.constant(y_pred)) for home in (pl, keras.losses)
            )
            close([ours], [theirs], 1e-12)
            assert ours.dtype == tf.float64
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)


@pytest.mark.parametrize("remove", [True, False])
def test_circle_against_references(remove):
    generator = np.random.default_rng(4)
    x, reference = (tf.constant(generator.normal(size=(size, 3)) / 3, tf.float32) for size in (4, 6))
    labels, others = tf.constant([0, 1, 2, 1]), tf.constant([0, 1, 2, 1, 0, 5])
    options = {"remove_diagonal": remove, "gamma": 3}
    ours = run(lambda t, p: pl.circle(t, p, others, reference, **options, fixed_weights=False), labels, x)
    theirs = run(lambda t, p: keras.losses.circle(t, p, others, reference, **options), labels, x)
    close(ours, theirs, 1e-5)


def test_traced_like_eager():
    """Unlike Keras's, a compiled loss of a sigmoid is that of the probability."""
    for function in (pl.binary_crossentropy, keras.losses.binary_crossentropy):
        eager = float(function(tf.constant([[0.0]]), tf.sigmoid(tf.constant([[1449.7]])))[0])
        graph = float(tf.function(lambda x, f=function: f(tf.zeros((1, 1)), tf.sigmoid(x)))(tf.constant([[1449.7]]))[0])
        assert eager == pytest.approx(15.942385)
        assert graph == pytest.approx(15.942385 if function is pl.binary_crossentropy else 1449.7)


def test_better_than_native():
    """Where Keras gives NaN, or a gradient that is not the loss's."""
    zero, label = tf.zeros((1, 2)), tf.constant([[0.0, 1.0]])
    value, gradient = run(pl.categorical_crossentropy, label, zero)
    assert float(value[0]) == pytest.approx(16.118095)
    assert gradient.numpy().tolist() == [[0, 0]]
    assert np.isnan(keras.losses.categorical_crossentropy(label, zero)).all()
    (_, gradient) = run(lambda t, p: pl.categorical_crossentropy(t, p, from_logits=True), zero, label)
    assert gradient.numpy().tolist() == [[0, 0]]
    value, gradient = run(lambda t, p: pl.huber(t, p, delta=float("inf")), zero[:, :1], tf.constant([[2.0]]))
    assert (value.numpy().tolist(), gradient.numpy().tolist()) == ([2], [[1]])
    value = pl.log_cosh(tf.zeros((2, 1)), tf.constant([[1e-4], [-1e-3]]))
    np.testing.assert_allclose(value, [5e-9, 4.9999992e-7], rtol=1e-6)
    far = tf.constant([[1e30, 1e30]])
    np.testing.assert_allclose(pl.cosine_similarity(far, far), [-1], rtol=1e-6)
    (_, gradient) = run(
        lambda t, p: pl.binary_focal_crossentropy(t, p, gamma=0.5, from_logits=True),
        label[:, 1:],
        tf.constant([[200.0]]),
    )
    assert gradient.numpy().tolist() == [[0]]
    assert float(pl.binary_crossentropy(zero, label + zero, axis=None)) == pytest.approx(15.942385 / 2)
    (_, gradient) = run(lambda t, p: pl.binary_focal_crossentropy(t, p, gamma=0), zero, tf.zeros((1, 2)))
    assert gradient.numpy().tolist() == [[0, 0]]


def test_axis_of_classes():
    """Any, with class numbers; Keras on TensorFlow has the last alone."""
    x = tf.constant(SEQUENCE, tf.float32)
    for options in ({}, {"from_logits": True}, {"ignore_class": 1}):
        given = x if "from_logits" in options else tf.nn.softmax(x)
        expected = pl.sparse_categorical_crossentropy(tf.constant(TAGS), given, **options)
        for axis, turned in ((1, tf.transpose(given, (0, 2, 1))), (0, tf.transpose(given, (2, 0, 1)))):
            np.testing.assert_allclose(
                pl.sparse_categorical_crossentropy(tf.constant(TAGS), turned, **options, axis=axis), expected, rtol=1e-6
            )
            loss = pl.SparseCategoricalCrossentropy(**options, axis=axis)
            np.testing.assert_allclose(
                loss(tf.constant(TAGS), turned),
                pl.SparseCategoricalCrossentropy(**options)(tf.constant(TAGS), given),
                rtol=1e-6,
            )
    one_hot = tf.one_hot(TAGS, 3)
    expected = keras.losses.categorical_focal_crossentropy(
        one_hot, tf.nn.softmax(x), alpha=[1.0, 2.0, 3.0], label_smoothing=0.3
    )
    turned = [tf.transpose(one, (0, 2, 1)) for one in (one_hot, tf.nn.softmax(x))]
    found = pl.categorical_focal_crossentropy(*turned, alpha=np.array([1.0, 2.0, 3.0]), label_smoothing=0.3, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    expected = keras.losses.categorical_crossentropy(one_hot, tf.nn.softmax(x), label_smoothing=0.3)
    np.testing.assert_allclose(pl.categorical_crossentropy(*turned, label_smoothing=0.3, axis=1), expected, rtol=1e-5)


def test_tversky_is_as_documented():
    """alpha weighs false positives; Keras's weighs false negatives."""
    label, pred = tf.constant([1.0, 0.0]), tf.constant([1.0, 1.0])
    assert float(pl.Tversky(alpha=0.9, beta=0.1)(label, pred)) == pytest.approx(0.9 / 1.9, rel=1e-5)
    assert float(keras.losses.Tversky(alpha=0.9, beta=0.1)(label, pred)) == pytest.approx(0.1 / 1.1, rel=1e-5)


def test_circle_gradient():
    """By default the weights are constants: the gradient of the paper."""
    label, x = tf.constant([0, 0, 1]), tf.constant([[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
    (_, native) = run(lambda t, p: keras.losses.circle(t, p, gamma=2.0), label, x)
    (_, full) = run(lambda t, p: pl.circle(t, p, gamma=2.0, fixed_weights=False), label, x)
    (_, fixed) = run(lambda t, p: pl.circle(t, p, gamma=2.0), label, x)
    np.testing.assert_allclose(full, native, rtol=1e-5)
    assert np.abs(fixed - native).max() > 0.1


def test_empty():
    nothing = tf.zeros((0, 3))
    for reduction in ("sum", "mean", "sum_over_batch_size", "mean_with_sample_weight"):
        loss = pl.MeanSquaredError(reduction=reduction)
        for value in (loss(nothing, nothing), loss(nothing, nothing, tf.zeros((0,)))):
            assert (value.shape, float(value)) == ((), 0)
    assert pl.MeanSquaredError(reduction=None)(nothing, nothing).shape == (0,)
    assert pl.SparseCategoricalCrossentropy(ignore_class=0)(tf.zeros((0,), tf.int32), nothing).shape == ()


def test_scalars_are_weighed():
    """A loss without axes is reduced like any other."""
    label, pred = tf.constant([1.0, 0.0]), tf.constant([0.5, 0.5])
    loss = pl.Dice(reduction="mean_with_sample_weight")
    assert float(loss(label, pred, 3.0)) == pytest.approx(0.5)
    assert float(pl.Dice()(label, pred, tf.constant(3.0))) == pytest.approx(1.5)
