"""Within a `tf.function` a loss of large tensors is XLA programs of its own, with the values and derivatives of the plain graph."""

import numpy as np
import pytest

from polyloss import dispatch
from polyloss.keras import losses

from .conftest import tensors

tf = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=(160, 128))
PRED = RNG.normal(size=(160, 128))
CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@pytest.fixture
def loss(nothing_kept):
    dispatch.backend("tensorflow")
    return losses.LogCosh()


def programs(function, *args):
    graph = function.get_concrete_function(*args).graph
    return [
        node
        for node in graph.get_operations()
        if node.type in CALLS
        and graph._get_function(node.get_attr("f").name).cached_definition.attr["_XlaMustCompile"].b
    ]


def given():
    return tensors(dispatch.backend("tensorflow"), TRUE, PRED)


def slopes_within(loss):
    @tf.function
    def run(true, pred):
        with tf.GradientTape() as tape:
            tape.watch(pred)
            value = loss(true, pred)
        return value, tape.gradient(value, pred)

    return run


def test_a_large_call_is_a_program_for_the_value_and_one_for_the_gradients(loss):
    assert len(programs(tf.function(loss), *given())) == 1
    assert len(programs(slopes_within(loss), *given())) == 2


def test_the_very_first_call_of_a_process_is_one_too(loss, monkeypatch):
    (true, pred) = given()
    monkeypatch.setattr(dispatch, "_owner", dict.fromkeys(dispatch.NEUTRAL))
    monkeypatch.setattr(dispatch, "_backends", {})
    dispatch.prepare()
    assert len(programs(slopes_within(loss), true, pred)) == 2


def test_a_call_in_a_loop_or_a_branch_is_one_too(loss):
    @tf.function
    def run(true, pred):
        total = tf.constant(0.0)
        for _ in tf.range(3):
            total += loss(true, pred)
        return tf.cond(total > 0, lambda: loss(true, pred), lambda: 2 * loss(true, pred))

    np.testing.assert_allclose(run(*given()), np.log(np.cosh(PRED - TRUE)).mean(), rtol=1e-5)


@pytest.mark.parametrize("case", ["small", "size unknown", "for XLA", "turned off", "another function", "products"])
def test_it_steps_aside(loss, case):
    (true, pred) = given()
    function = tf.function(loss)
    if case == "small":
        (true, pred) = (true[:5], pred[:5])
    elif case == "size unknown":
        form = tf.TensorSpec((None, TRUE.shape[1]))
        function = tf.function(loss, input_signature=[form, form])
        (true, pred) = (form, form)
    elif case == "for XLA":
        function = tf.function(loss, jit_compile=True)
    elif case == "another function":
        function = tf.function(losses.LossFunctionWrapper(lambda true, pred: abs(true - pred)))
    elif case == "products":
        (function, true) = (tf.function(losses.Circle()), tf.range(len(TRUE)))
    with dispatch.fused(case != "turned off"):
        assert programs(function, true, pred) == []


def test_a_strategy_does_without(loss):
    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        assert programs(tf.function(loss), *given()) == []


def within(loss, true, pred):
    return slopes_within(loss)(true, pred)


def around(loss, true, pred):
    with tf.GradientTape() as tape:
        tape.watch(pred)
        value = tf.function(loss)(true, pred)
    return value, tape.gradient(value, pred)


def by_the_graph(loss, true, pred):
    @tf.function
    def run(true, pred):
        value = loss(true, pred)
        return value, *tf.gradients(value, pred)

    return run(true, pred)


def twice(loss, true, pred):
    @tf.function
    def run(true, pred):
        with tf.GradientTape() as outer:
            outer.watch([true, pred])
            with tf.GradientTape() as inner:
                inner.watch(pred)
                value = loss(true, pred)
            found = tf.reduce_sum(inner.gradient(value, pred) ** 2)
        return found, *outer.gradient(found, [true, pred], unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return run(true, pred)


def inside_and_around(loss, true, pred):
    with tf.GradientTape() as tape:
        tape.watch([true, pred])
        found = tf.reduce_sum(slopes_within(loss)(true, pred)[1] ** 2)
    return found, *tape.gradient(found, [true, pred], unconnected_gradients=tf.UnconnectedGradients.ZERO)


def forward(loss, true, pred):
    with tf.autodiff.ForwardAccumulator(pred, true) as accumulator:
        value = tf.function(loss)(true, pred)
    return value, accumulator.jvp(value)


def for_each(loss, true, pred):
    stack = [tf.stack([one, 2 * one]) for one in (true, pred)]
    return [tf.function(lambda *pairs: tf.vectorized_map(lambda pair: loss(*pair), pairs))(*stack)]


def jacobian(loss, true, pred):
    @tf.function
    def run(true, scale):
        with tf.GradientTape() as tape:
            tape.watch(scale)
            value = tf.stack([loss(true, scale * pred), loss(true, 2 * scale * pred)])
        return tape.jacobian(value, scale)

    return [run(true, tf.ones([pred.shape[1]]))]


CASES = (within, around, by_the_graph, twice, inside_and_around, forward, for_each, jacobian)


@pytest.mark.parametrize("case", CASES, ids=[case.__name__ for case in CASES])
@pytest.mark.parametrize("kind", [losses.LogCosh, losses.CosineSimilarity, losses.CategoricalHinge, losses.Hinge])
def test_derivatives(loss, kind, case):
    found = case(kind(), *given())
    with dispatch.fused(False):
        expected = case(kind(), *given())
    for one, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=2e-4, atol=1e-8)


def test_class_numbers_out_of_range_are_nan(loss):
    label = tf.constant(np.arange(160) % 128)
    pred = given()[1]
    classes = losses.SparseCategoricalCrossentropy(from_logits=True)
    run = tf.function(classes)
    assert len(programs(run, label, pred)) == 1
    np.testing.assert_allclose(run(label, pred), classes(label, pred), rtol=1e-5)
    assert np.isnan(run(label + 1, pred))


def test_a_wrong_call_says_what_it_always_says(loss):
    with pytest.raises(ValueError, match="shape"):
        tf.function(loss)(given()[0], given()[1][:, 1:])


def test_a_call_in_a_graph_compiles_nothing_for_eager_calls(loss, compiled):
    tf.function(loss)(*given())
    loss(*given())
    assert compiled == [1]


def test_it_can_be_saved(loss, tmp_path):
    module = tf.Module()
    module.run = tf.function(loss, input_signature=[tf.TensorSpec(TRUE.shape)] * 2)
    expected = module.run(*given())
    tf.saved_model.save(module, str(tmp_path))
    np.testing.assert_allclose(tf.saved_model.load(str(tmp_path)).run(*given()), expected)
