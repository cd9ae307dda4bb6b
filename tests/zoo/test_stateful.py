"""What every item with a state keeps: the state is a constant, is never changed in place, and goes on alike in an object and by hand."""

import inspect

import numpy as np
import pytest

import polyloss.zoo as zoo
from polyloss.zoo import Stateful

X = np.array([[1, 0, 0.5], [0.8, 0.3, 0.4], [0, 1, 0.2], [0.2, 0.9, -0.1], [-0.5, 0.1, 1], [-0.4, -0.2, 0.8]])
UNIT = X / np.linalg.norm(X, axis=1, keepdims=True)
STATES = {
    "Center": {"centers": np.array([[0.9, 0.1, 0.4], [0.1, 0.8, 0.0], [-0.3, 0.0, 1.0]])},
    "OIM": {"lut": np.eye(3), "queue": np.array([[0.6, 0, 0.8], [0, -0.6, 0.8]]), "head": np.array([1], "int32")},
}
LABELS = {"Center": np.array([0, 0, 1, 1, 1, 2]), "OIM": np.array([0, 0, 1, -1, 2, -1])}
SIZES = {"Center": {"classes": 3}, "OIM": {"classes": 3, "queue": 2}}
OPTIONS = {"Center": [{}], "OIM": [{}, {"order": "mean"}]}
ITEMS = {
    name: kind for name in zoo.__all__ if isinstance(kind := getattr(zoo, name), type) and issubclass(kind, Stateful)
}
del ITEMS["Stateful"]
EACH = pytest.mark.parametrize(("name", "options"), [(name, options) for name in ITEMS for options in OPTIONS[name]])


def tensors(backend, name, dtype="float64"):
    """Batch, labels and state on a backend."""
    state = {
        key: backend.from_numpy(given, "int32" if given.dtype == "int32" else dtype)
        for key, given in STATES[name].items()
    }
    return backend.from_numpy(X, dtype), backend.from_numpy(LABELS[name], "int32"), state


def numbers(backend, state):
    return {key: backend.to_numpy(given).copy() for key, given in state.items()}


def same(left, right, **close):
    assert left.keys() == right.keys()
    for key in left:
        np.testing.assert_allclose(left[key], right[key], **(close or {"rtol": 1e-12, "atol": 1e-14}))


def test_each_is_tried():
    assert set(ITEMS) == set(STATES) == set(LABELS) == set(SIZES) == set(OPTIONS)


@pytest.mark.parametrize("name", ITEMS)
def test_protocol_is_written_down(name):
    kind = ITEMS[name]
    for function in (kind.initial, kind.updating):
        assert inspect.getdoc(function)
        assert getattr(zoo, function.__name__) is function


@EACH
def test_update(backend, name, options):
    """Against the definition, row by row."""
    (x, label, state) = tensors(backend, name)
    found = numbers(backend, ITEMS[name](**options).update(x, label, state))
    if name == "Center":
        expected = STATES[name]["centers"].copy()
        for j in range(3):
            rows = X[LABELS[name] == j]
            expected[j] -= 0.5 * (expected[j] - rows).sum(0) / (1 + len(rows))
        same(found, {"centers": expected})
        return
    (lut, queue, head) = (given.copy() for given in STATES[name].values())
    for j in range(3):
        rows = UNIT[LABELS[name] == j]
        for row in [rows.mean(0)] if options else rows:
            moved = 0.5 * lut[j] + 0.5 * row
            lut[j] = moved / np.linalg.norm(moved)
    for row in UNIT[LABELS[name] == -1]:
        queue[head[0]] = row
        head[0] = (head[0] + 1) % len(queue)
    same(found, {"lut": lut, "queue": queue, "head": head})


def test_printed_numbers(backend):
    """Those of the ledger's independent computation."""
    (x, label, state) = tensors(backend, "Center")
    found = numbers(backend, zoo.center_update(x, label, state))
    centers = [[0.9, 0.1166666667, 0.4166666667], [0.025, 0.75, 0.1375], [-0.325, -0.05, 0.95]]
    np.testing.assert_allclose(found["centers"], centers, rtol=0, atol=1e-9)
    (x, label, state) = tensors(backend, "OIM")
    found = numbers(backend, zoo.oim_update(x, label, {**state, "head": state["head"] - 1}))
    lut = [
        [0.9287416787, 0.1621631857, 0.3333796566],
        [0, 0.9951333267, 0.098537618],
        [-0.229054488, 0.0458108976, 0.9723350262],
    ]
    np.testing.assert_allclose(found["lut"], lut, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["queue"], UNIT[[3, 5]], rtol=1e-12)
    np.testing.assert_array_equal(found["head"], [0])


@pytest.mark.parametrize(("strangers", "places", "head"), [(5, 2, 1), (4, 4, 3), (3, 5, 4), (6, 1, 0), (0, 3, 2)])
def test_queue_goes_round(backend, strangers, places, head):
    label = np.array([-1] * strangers + [0] * (6 - strangers))
    queue = np.arange(3.0 * places).reshape(places, 3)
    state = {"lut": np.eye(3), "queue": queue.copy(), "head": np.array([head], "int32")}
    given = {key: backend.from_numpy(one, str(one.dtype)) for key, one in state.items()}
    new = zoo.oim_update(backend.from_numpy(X, "float64"), backend.from_numpy(label, "int32"), given)
    for row in UNIT[label == -1]:
        queue[head] = row
        head = (head + 1) % places
    np.testing.assert_allclose(backend.to_numpy(new["queue"]), queue, rtol=1e-12)
    np.testing.assert_array_equal(backend.to_numpy(new["head"]), [head])


@EACH
def test_nothing_is_changed_in_place(backend, name, options):
    (x, label, state) = tensors(backend, name)
    before = numbers(backend, state)
    kept = dict(state)
    (_, new) = ITEMS[name](**options).apply(x, label, state)
    same(numbers(backend, state), before, rtol=0)
    assert all(state[key] is kept[key] for key in kept)
    assert any(not np.array_equal(numbers(backend, new)[key], before[key]) for key in before)


@EACH
def test_no_gradient_passes(backend, name, options):
    """Neither from the loss to the state, nor from the new state to anything."""
    if not backend.differentiable:
        pytest.skip("it has no gradients")
    (x, label, state) = tensors(backend, name)
    item = ITEMS[name](**options)
    floating = [key for key in state if key != "head"]
    rest = {key: one for key, one in state.items() if key not in floating}

    def loss(x, *tables):
        return item.loss(x, label, {**rest, **dict(zip(floating, tables, strict=True))})

    given = [x, *(state[key] for key in floating)]
    (_, gradients) = backend.value_and_grad(loss, list(range(len(given))))(given, None)
    assert np.abs(backend.to_numpy(gradients[0])).max() > 0
    for gradient in gradients[1:]:
        assert not backend.to_numpy(gradient).any()

    for key in floating:

        def entry(x, *tables, key=key):
            F = backend.op_set(x)
            new = item.update(x, label, {**rest, **dict(zip(floating, tables, strict=True))})[key]
            return F.sum(new) + 0.0 * F.sum(x)  # a function of something, at least

        (_, gradients) = backend.value_and_grad(entry, list(range(len(given))))(given, None)
        for gradient in gradients:
            assert not backend.to_numpy(gradient).any()


@EACH
def test_object_and_by_hand(backend, name, options):
    (x, label, _) = tensors(backend, name)
    item = ITEMS[name](**options)
    state = item.init(x, **SIZES[name])
    assert {key: tuple(one.shape) for key, one in state.items()} == {
        key: one.shape for key, one in STATES[name].items()
    }
    assert not any(one.any() for one in numbers(backend, state).values())
    memory = zoo.Memory(item, **SIZES[name])
    for _ in range(3):
        value = item.loss(x, label, state)
        state = item.update(x, label, state)
        np.testing.assert_array_equal(backend.to_numpy(memory(x, label)), backend.to_numpy(value))
        same(numbers(backend, memory.state), numbers(backend, state), rtol=0)
    memory.training = False
    np.testing.assert_array_equal(backend.to_numpy(memory(x, label)), backend.to_numpy(item.loss(x, label, state)))
    same(numbers(backend, memory.state), numbers(backend, state), rtol=0)
    again = zoo.Memory(item, state=memory.state)
    np.testing.assert_array_equal(backend.to_numpy(again(x, label)), backend.to_numpy(item.loss(x, label, state)))


def test_split_batch(backend):
    """What goes in row after row may go in by halves."""
    (_, _, state) = tensors(backend, "OIM")
    item = zoo.OIM()
    whole = item.update(backend.from_numpy(X, "float64"), backend.from_numpy(LABELS["OIM"], "int32"), state)
    for rows in (slice(0, 2), slice(2, 6)):
        (x, label) = (backend.from_numpy(X[rows], "float64"), backend.from_numpy(LABELS["OIM"][rows], "int32"))
        state = item.update(x, label, state)
    same(numbers(backend, whole), numbers(backend, state))


@EACH
def test_float32_state_of_a_half_batch(backend, name, options):
    if "float16" not in backend.dtypes:
        pytest.skip("it has no float16")
    (x, label, _) = tensors(backend, name, "float16")
    item = ITEMS[name](**options)
    state = item.init(x, **SIZES[name])
    (value, new) = item.apply(x, label, state)
    assert "float16" in str(value.dtype)
    for each in (state, new):
        for key, one in each.items():
            assert ("int32" if key == "head" else "float32") in str(np.dtype(backend.to_numpy(one).dtype))


@EACH
def test_jax_jit_and_scan(name, options):
    jax = pytest.importorskip("jax")
    from polyloss import dispatch

    backend = dispatch.backend("jax")
    (x, label, state) = tensors(backend, name)
    item = ITEMS[name](**options)
    eager = item.apply(x, label, state)
    (value, new) = jax.jit(item.apply)(x, label, state)
    np.testing.assert_allclose(value, eager[0], rtol=1e-12)
    same(numbers(backend, new), numbers(backend, eager[1]))

    def step(state, _):
        (value, state) = item.apply(x, label, state)
        return state, value

    (last, values) = jax.lax.scan(step, state, None, length=3)
    for value in values:
        np.testing.assert_allclose(value, item.loss(x, label, state), rtol=1e-12)
        state = item.update(x, label, state)
    same(numbers(backend, last), numbers(backend, state))


@EACH
def test_torch_compile(name, options):
    torch = pytest.importorskip("torch")
    from polyloss import dispatch

    backend = dispatch.backend("torch")
    (x, label, state) = tensors(backend, name)
    item = ITEMS[name](**options)
    compiled = torch.compile(item.apply, fullgraph=True, backend="eager")
    (value, new) = compiled(x, label, state)
    (expected, after) = item.apply(x, label, state)
    torch.testing.assert_close(value, expected)
    same(numbers(backend, new), numbers(backend, after))


@EACH
def test_tensorflow_function(name, options):
    tf = pytest.importorskip("tensorflow")
    from polyloss import dispatch

    backend = dispatch.backend("tensorflow")
    (x, label, state) = tensors(backend, name)
    item = ITEMS[name](**options)
    (expected, after) = item.apply(x, label, state)
    (value, new) = tf.function(item.apply)(x, label, state)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    same(numbers(backend, new), numbers(backend, after))
    unknown = tf.function(
        lambda x, label: item.apply(x, label, state),
        input_signature=[tf.TensorSpec([None, 3], x.dtype), tf.TensorSpec([None], label.dtype)],
    )
    (value, new) = unknown(x, label)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    same(numbers(backend, new), numbers(backend, after))


def test_bad_states():
    (x, label) = (X, LABELS["Center"])
    state = STATES["Center"]
    with pytest.raises(ValueError, match="center: the state has 'lut'; accepted is one with 'centers'"):
        zoo.center(x, label, {"lut": np.eye(3)})
    with pytest.raises(ValueError, match=r"center: centers has shape .*rows like those of x"):
        zoo.center(x, label, {"centers": np.eye(2)})
    with pytest.raises(ValueError, match="center: a label is 3 or above"):
        zoo.center(x, label + 1, state)
    with pytest.raises(ValueError, match="center_update: a label is 3 or above"):
        zoo.center_update(x, label + 1, state)
    with pytest.raises(TypeError, match="center: centers has dtype int64"):
        zoo.center(x, label, {"centers": np.eye(3, dtype="int64")})
    with pytest.raises(TypeError, match="center: label has dtype float64"):
        zoo.center(x, label.astype("float64"), state)
    with pytest.raises(ValueError, match="center_init: classes=0"):
        zoo.center_init(x, classes=0)
    with pytest.raises(ValueError, match="oim_init: queue=0"):
        zoo.oim_init(x, queue=0)
    state = STATES["OIM"]
    with pytest.raises(ValueError, match="oim_update: the state has 'lut', 'queue'; accepted is one with 'head'"):
        zoo.oim_update(x, label, {"lut": state["lut"], "queue": state["queue"]})
    with pytest.raises(ValueError, match="unlabelled=2 is one of the 3 identities"):
        zoo.oim_update(x, label, state, unlabelled=2)
    with pytest.raises(ValueError, match="oim_update: order='both' is not one of"):
        zoo.oim_update(x, label, state, order="both")
    with pytest.raises(ValueError, match="oim: temperature=0"):
        zoo.oim(x, label, state, temperature=0)
    with pytest.raises(TypeError, match=r"Memory: item is Triplet.*keeps no state"):
        zoo.Memory(zoo.Triplet())
