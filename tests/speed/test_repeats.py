"""Calls that repeat are compiled once, where a framework gains by it, and nobody can tell except by the time."""

import gc
import sys
import warnings
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

import polyloss.mxnet.gluon.loss as gluon
import polyloss.torch.nn as nn
import polyloss.zoo as zoo
from polyloss import dispatch, repeats
from polyloss.keras import losses
from polyloss.keras.losses import base
from polyloss.torch.nn import functional

from .conftest import LABELS, PRED, TRUE, ops, tensors, value_and_slopes


def uncompiled(function, *args):
    with dispatch.fused(False):
        return function(*args)


# --- what is compiled, and when -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "arrays"),
    [
        (losses.Huber, {"delta": 0.5}, (TRUE, PRED)),
        (losses.SparseCategoricalCrossentropy, {"from_logits": True, "ignore_class": 2}, (LABELS, PRED)),
        (gluon.HuberLoss, {"rho": 2}, (TRUE, PRED)),
        (nn.HuberLoss, {"delta": 2}, (TRUE, PRED)),
        (zoo.Quantile, {"q": 0.1}, (TRUE, PRED)),
    ],
    ids=["keras", "keras of classes", "gluon", "torch", "zoo"],
)
def test_the_third_call_is_compiled_and_those_after_it_use_that(framework, compiled, kind, options, arrays):
    loss = kind(**options)
    expected = uncompiled(value_and_slopes, framework, loss, *arrays)
    for number in range(6):
        found = value_and_slopes(framework, loss, *arrays)
        assert compiled == ([number - 1] if number > 1 else [])
        for one, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-6)


FUNCTIONS = {
    "of numbers": (lambda x, y: functional.huber_loss(y, x, delta=0.5), (TRUE, PRED)),
    "of classes": (lambda y, x: functional.cross_entropy(x, y, reduction="sum", label_smoothing=0.1), (LABELS, PRED)),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_functions_of_torch_are_compiled_too(framework, compiled, case):
    (loss, arrays) = FUNCTIONS[case]
    expected = uncompiled(value_and_slopes, framework, loss, *arrays)
    for number in range(5):
        for one, wanted in zip(value_and_slopes(framework, loss, *arrays), expected, strict=True):
            np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-6)
        assert compiled == ([number - 1] if number > 1 else [])


def test_options_of_a_function_are_told_apart(framework, compiled):
    (x, y) = tensors(framework, PRED, TRUE)
    options = [{"delta": 1}, {"delta": 0.5}, {"delta": 0.5, "reduction": "sum"}, {"delta": 0.5, "reduction": "none"}]
    for given in options:
        loss = partial(functional.huber_loss, **given)
        expected = framework.to_numpy(uncompiled(loss, x, y))
        np.testing.assert_allclose([framework.to_numpy(loss(x, y)) for _ in range(4)], [expected] * 4, rtol=1e-5)
    assert compiled == [2] * len(options)


@pytest.fixture
def hosted(framework, monkeypatch):
    """Losses of Gluon and of torch are what they are in a program that has imported both."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: its losses are modules where it is")
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed: its losses are blocks where it is")
    dispatch.backend("mxnet")
    monkeypatch.setitem(sys.modules, "torch.nn.modules.loss", torch.nn.modules.loss)
    monkeypatch.setitem(sys.modules, "mxnet.gluon.loss", sys.modules["mxnet"].gluon.loss)
    return framework


@pytest.mark.parametrize("case", ["a block of Gluon", "a module of torch", "a module with a NumPy array"])
def test_what_another_framework_hosts_is_compiled_too(hosted, compiled, case):
    arrays = (TRUE, PRED)
    if case == "a block of Gluon":
        loss = gluon.HuberLoss(rho=2)
        assert isinstance(loss, sys.modules["mxnet.gluon.loss"].Loss)
    else:
        loss = nn.HuberLoss(delta=2)
        if case == "a module with a NumPy array":
            (loss, arrays) = (nn.CrossEntropyLoss(weight=np.array([1.0, 2.0, 4.0])), (PRED, LABELS))
        assert isinstance(loss, sys.modules["torch.nn.modules.loss"]._Loss)
    given = tensors(hosted, *arrays)
    expected = hosted.to_numpy(uncompiled(loss, *given))
    found = [hosted.to_numpy(loss(*given)) for _ in range(5)]
    np.testing.assert_allclose(found, [expected] * 5, rtol=1e-5)
    assert compiled == [3]


def test_a_block_that_changes_is_compiled_anew(hosted, compiled):
    loss = gluon.HuberLoss(rho=2, weight=0.5)
    given = tensors(hosted, TRUE, PRED)
    before = [hosted.to_numpy(loss(*given)) for _ in range(4)]
    loss._rho = 0.1
    after = [hosted.to_numpy(loss(*given)) for _ in range(4)]
    np.testing.assert_allclose(after, [hosted.to_numpy(uncompiled(loss, *given))] * 4, rtol=1e-5)
    assert not np.allclose(before, after)
    assert compiled == [2, 2]
    loss.hybridize()  # MXNet's own affair
    loss(*given)
    assert compiled == [2, 3]


def test_losses_of_one_configuration_share_it(framework, compiled):
    arrays = tensors(framework, TRUE, PRED)
    for _ in range(5):
        losses.Huber(delta=0.5, name="another")(*arrays)
    assert compiled == [3]


def test_changing_shapes_compile_nothing(framework, compiled):
    loss = losses.MeanSquaredError()
    for size in range(1, 40):
        loss(*tensors(framework, TRUE[:1].repeat(size, 0), PRED[:1].repeat(size, 0)))
    assert compiled == []


def test_no_shape_is_compiled_twice(framework, compiled, monkeypatch):
    """However many there are: from a limit on they are not compiled at all."""
    monkeypatch.setattr(repeats, "SHAPES", 4)
    loss = losses.MeanSquaredError()
    for _ in range(3):
        for size in range(1, 9):
            for _ in range(4):
                loss(*tensors(framework, TRUE[:1].repeat(size, 0), PRED[:1].repeat(size, 0)))
    assert len(compiled) == 4


def test_what_is_remembered_is_bounded(framework, monkeypatch):
    monkeypatch.setattr(repeats, "LOSSES", 4)
    monkeypatch.setattr(repeats, "SEEN", 4)
    arrays = tensors(framework, TRUE, PRED)
    for delta in range(1, 10):
        losses.Huber(delta=delta)(*arrays)
    assert len(repeats._known) == 4
    for size in range(1, 10):
        losses.Huber(delta=9)(*tensors(framework, TRUE[:1].repeat(size, 0), PRED[:1].repeat(size, 0)))
    (*_, last) = repeats._known.values()
    assert len(last._seen) <= 4


def test_no_loss_is_kept_alive(framework):
    loss = losses.Huber()
    for _ in range(4):
        loss(*tensors(framework, TRUE, PRED))
    assert len(repeats._lately) == 1
    del loss
    gc.collect()
    assert not repeats._lately


@pytest.mark.parametrize("case", ["a distance of somebody", "a subclass", "a function of somebody"])
def test_what_may_do_anything_is_not_compiled(framework, compiled, case):
    done = []

    class Own(losses.Huber):
        def call(self, y_true, y_pred):
            done.append(1)
            return super().call(y_true, y_pred)

    def own(y_true, y_pred):
        done.append(1)
        return losses.huber(y_true, y_pred)

    arrays = (TRUE, PRED)
    if case == "a subclass":
        loss = Own()
    elif case == "a function of somebody":
        loss = losses.LossFunctionWrapper(own)
    else:
        loss = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: own(x, y) + x[:, 0])
        arrays = (TRUE, PRED, PRED)
    for _ in range(5):
        loss(*tensors(framework, *arrays))
    assert compiled == []
    assert len(done) == (10 if case == "a distance of somebody" else 5)


def test_an_array_too_large_to_look_through_is_an_argument(framework, compiled):
    """The loss that holds it is not compiled; the function that it calls is."""
    loss = nn.CrossEntropyLoss(weight=np.ones(1 << 15))
    arrays = tensors(framework, np.ones((1, 1 << 15)), np.zeros(1, int))
    before = [framework.to_numpy(loss(*arrays)) for _ in range(4)]
    assert compiled == [2]
    loss.weight[:] = np.arange(1 << 15) < 1 << 14  # half of the classes count: so does this one, in a sum
    loss.reduction = "sum"
    np.testing.assert_allclose(before, [np.log(1 << 15)] * 4, rtol=1e-5)
    np.testing.assert_allclose(framework.to_numpy(loss(*arrays)), np.log(1 << 15), rtol=1e-5)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_other_frameworks_do_without(name):
    pytest.importorskip(name)
    repeats.forget()
    arrays = tensors(dispatch.backend(name), TRUE, PRED)
    for _ in range(5):
        losses.Huber()(*arrays)
    assert not repeats._known


def test_it_can_be_turned_off(framework, compiled):
    with dispatch.fused(False):
        for _ in range(5):
            losses.Huber()(*tensors(framework, TRUE, PRED))
    assert compiled == []


# --- what a call depends on ------------------------------------------------------------------------------------------------------------


def fixed(change, value):
    return lambda loss: setattr(loss, change, value)


CHANGES = {
    "reduction": (losses.Huber, fixed("reduction", "sum")),
    "an option": (losses.Huber, lambda loss: loss._fn_kwargs.update(delta=0.1)),
    "inside of a list": (
        lambda: losses.CategoricalFocalCrossentropy(alpha=[0.1, 0.2, 0.3], from_logits=True),
        lambda loss: loss._fn_kwargs["alpha"].reverse(),
    ),
    "inside of an array": (
        lambda: nn.MultiMarginLoss(weight=np.array([1.0, 2.0, 3.0])),
        lambda loss: loss.weight.sort() or np.negative(loss.weight, out=loss.weight),
    ),
    "a number for another": (lambda: gluon.L1Loss(weight=2), fixed("_weight", 3)),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_the_loss_takes_effect(framework, compiled, case):
    (make, change) = CHANGES[case]
    loss = make()
    arrays = tensors(framework, *((PRED, LABELS) if case == "inside of an array" else (np.abs(TRUE), PRED)))
    before = [framework.to_numpy(loss(*arrays)) for _ in range(4)]
    assert compiled == [2]
    change(loss)
    after = [framework.to_numpy(loss(*arrays)) for _ in range(4)]
    expected = framework.to_numpy(uncompiled(loss, *arrays))
    assert not np.allclose(before[-1], expected)
    np.testing.assert_allclose(after, [expected] * 4, rtol=1e-5)
    assert compiled == [2, 2]


def test_a_change_of_keras_takes_effect(framework, monkeypatch):
    (loss, arrays) = (losses.Poisson(), tensors(framework, np.abs(TRUE), np.zeros((4, 3))))
    for epsilon in (1e-7, 1e-2, 1e-7):
        monkeypatch.setitem(sys.modules, "keras.config", SimpleNamespace(epsilon=lambda value=epsilon: value))
        expected = framework.to_numpy(uncompiled(loss, *arrays))
        np.testing.assert_allclose([framework.to_numpy(loss(*arrays)) for _ in range(4)], [expected] * 4, rtol=1e-5)


def test_the_loss_that_is_compiled_is_the_one_that_was_there(jax, monkeypatch):
    """JAX traces anew when it has to: what the caller has changed by then does not enter."""
    loss = losses.Huber()
    arrays = tensors(dispatch.backend("jax"), TRUE, PRED)
    (expected, *_) = [loss(*arrays) for _ in range(4)]
    loss.reduction = "sum"
    jax.clear_caches()
    again = losses.Huber()
    np.testing.assert_allclose([again(*arrays) for _ in range(4)], [expected] * 4, rtol=1e-5)


@pytest.mark.parametrize("weight", [2, 2.0, 0.5, -0.0, None])
def test_numbers_and_none_among_the_arguments(framework, compiled, weight):
    loss = losses.MeanSquaredError(reduction="none")
    arrays = tensors(framework, TRUE, PRED)
    for other in (1.0, weight):
        expected = framework.to_numpy(uncompiled(loss, *arrays, other))
        for _ in range(4):
            found = framework.to_numpy(loss(*arrays, other))
            np.testing.assert_allclose(found, expected, rtol=1e-5)
            assert (np.signbit(found) == np.signbit(expected)).all()
    assert len(compiled) == 2


def test_masks(framework, compiled, monkeypatch):
    (true, pred, mask, other) = tensors(
        framework, TRUE, PRED, np.array([1.0, 0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0])
    )
    loss = losses.MeanSquaredError()
    for given in (mask, other, None):
        monkeypatch.setattr(base, "carried_mask", lambda tensor, given=given: given if tensor is pred else None)
        expected = framework.to_numpy(uncompiled(loss, true, pred))
        np.testing.assert_allclose([framework.to_numpy(loss(true, pred)) for _ in range(4)], [expected] * 4, rtol=1e-5)
    assert len(compiled) == 2


# --- errors and warnings ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("differentiated", [False, True])
def test_bad_values_are_still_refused(framework, compiled, differentiated):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)

    def run(labels):
        if differentiated:
            return value_and_slopes(framework, loss, labels, PRED)
        return loss(*tensors(framework, labels, PRED))

    for _ in range(4):
        run(LABELS)
    with pytest.raises(ValueError, match=r"class numbers outside \[0, 3\)"):
        run(LABELS + 1)
    run(LABELS)
    assert compiled == [4]


@pytest.mark.parametrize("bad", [-0.5, 1.5, np.nan])
def test_bad_probabilities_are_still_refused(framework, compiled, bad):
    (loss, good) = (nn.BCELoss(), np.full((4, 3), 0.5))
    for _ in range(4):
        loss(*tensors(framework, good, good))
    assert compiled == [2]
    for arrays in ((np.where(PRED > 0, bad, good), good), (good, np.where(PRED > 0, bad, good))):
        with pytest.raises(ValueError, match=r"elements outside \[0, 1\]"):
            loss(*tensors(framework, *arrays))


def test_a_wrong_call_says_what_it_always_says(framework):
    loss = losses.MeanSquaredError()
    (true, pred) = tensors(framework, TRUE, PRED)
    for _ in range(4):
        with pytest.raises(ValueError, match="do not broadcast"):
            loss(true[:, :2], pred)
        with pytest.raises(TypeError, match="all tensors must be of one kind"):
            loss(TRUE, pred)
        with pytest.raises(TypeError, match="is a list"):
            loss([true], pred)


def test_an_error_of_the_compiler_is_nobody_s_concern(framework, monkeypatch):
    """The call runs as it is, and what could not be compiled is not tried again."""
    tried = []

    def broken(self, function):
        def run(*tensors):
            tried.append(1)
            raise RuntimeError("out of something")

        return run

    monkeypatch.setattr(type(ops(framework)), "compiled", broken)
    (loss, arrays) = (losses.MeanSquaredError(), tensors(framework, TRUE, PRED))
    expected = ((TRUE - PRED) ** 2).mean()
    np.testing.assert_allclose([framework.to_numpy(loss(*arrays)) for _ in range(5)], [expected] * 5, rtol=1e-5)
    assert tried == [1]


def test_a_call_that_warns_does_so_each_time(framework, compiled):
    loss = losses.CategoricalCrossentropy()
    arrays = tensors(framework, np.ones((4, 1)), np.full((4, 1), 0.5))
    for _ in range(6):
        with pytest.warns(UserWarning, match="one class along axis -1") as caught:
            loss(*arrays)
        assert [warning.filename for warning in caught] == [__file__]
    assert compiled == [4]


@pytest.mark.parametrize("loss", [nn.KLDivLoss(), functional.kl_div], ids=["object", "function"])
def test_a_call_that_warns_is_differentiated(framework, compiled, loss):
    arrays = (np.abs(TRUE), PRED)
    with pytest.warns(UserWarning, match="batchmean"):
        expected = uncompiled(value_and_slopes, framework, loss, *arrays)
    for _ in range(4):
        with pytest.warns(UserWarning, match="batchmean") as caught:
            found = value_and_slopes(framework, loss, *arrays)
        assert len(caught) == 1
        for one, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-6)
    assert compiled == [2]


def test_a_mean_of_nothing_warns_and_one_of_something_does_not(framework, compiled):
    loss = nn.CrossEntropyLoss()
    (scores, something, nothing) = tensors(framework, PRED, LABELS, np.full(4, -100))
    for _ in range(4):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss(scores, something)
    assert compiled == [2]
    with pytest.warns(UserWarning, match="every target"):
        loss(scores, nothing)


def test_a_path_that_values_choose_is_taken(framework):
    """Ignored labels are no error, but the call that reads them takes another path than one without: neither is compiled for good."""
    loss = nn.CrossEntropyLoss()
    scores = tensors(framework, PRED)[0]
    for labels in (LABELS, np.where(LABELS == 1, -100, LABELS), LABELS):
        target = framework.from_numpy(labels, "int64")
        expected = framework.to_numpy(uncompiled(loss, scores, target))
        found = [framework.to_numpy(loss(scores, target)) for _ in range(4)]
        np.testing.assert_allclose(found, [expected] * 4, rtol=1e-5)
    nothing = framework.from_numpy(np.full(4, -100), "int64")
    for _ in range(4):
        with pytest.warns(UserWarning, match="every target is ignore_index"):
            loss(scores, nothing)


# --- what frameworks do around a loss ----------------------------------------------------------------------------------------------------


def test_under_jit_and_vmap_it_steps_aside(jax, compiled):
    loss = losses.MeanSquaredError()
    (true, pred) = tensors(dispatch.backend("jax"), TRUE, PRED)
    expected = loss(true, pred)
    for size in range(3, 7):
        part = pred.repeat(size, 0)
        for _ in range(3):
            jax.jit(jax.value_and_grad(loss, argnums=1))(true.repeat(size, 0), part)
            jax.make_jaxpr(jax.grad(loss, argnums=1))(true, pred)
            jax.vmap(loss)(true, pred)
            jax.vmap(jax.grad(loss, argnums=1))(true, pred)
    assert compiled == []
    np.testing.assert_allclose(jax.jit(loss)(true, pred), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(loss)(true, pred).mean(), expected, rtol=1e-5)


def test_constants_of_a_jitted_function(jax):
    """They are arrays, though what is made of them is traced."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    (labels, pred) = tensors(dispatch.backend("jax"), LABELS, PRED)
    (expected, *_) = [loss(labels, pred) for _ in range(4)]
    np.testing.assert_allclose(jax.jit(lambda x: x * loss(labels, pred))(2.0), 2 * expected, rtol=1e-5)


@pytest.mark.parametrize("case", ["hessian", "jvp", "jacrev of grad", "jacobian", "grad of grad", "linearize"])
def test_derivatives_on_jax(jax, compiled, case):
    (true, pred) = tensors(dispatch.backend("jax"), TRUE, PRED)
    loss = losses.LogCosh()

    def of(pred):
        return loss(true, pred)

    transforms = {
        "hessian": lambda: jax.hessian(of)(pred),
        "jvp": lambda: jax.jvp(of, (pred,), (true,)),
        "jacrev of grad": lambda: jax.jacrev(jax.grad(of))(pred),
        "jacobian": lambda: jax.jacfwd(of)(pred),
        "grad of grad": lambda: jax.grad(lambda x: (jax.grad(of)(x) ** 2).sum())(pred),
        "linearize": lambda: jax.linearize(of, pred)[1](true),
    }
    expected = jax.tree.leaves(uncompiled(transforms[case]))
    for _ in range(4):
        for found, wanted in zip(jax.tree.leaves(transforms[case]()), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert len(compiled) == 1


def test_doubles_on_jax(jax, float64_on_jax):
    (true, pred) = (jax.numpy.asarray(one) for one in (TRUE, PRED))
    loss = losses.MeanSquaredError(dtype="float64")
    found = [loss(true, pred) for _ in range(4)]
    assert {one.dtype.name for one in found} == {"float64"}
    np.testing.assert_allclose(found, [((TRUE - PRED) ** 2).mean()] * 4, rtol=1e-14)


def test_with_constants_and_for_xla_it_steps_aside(tf, compiled):
    loss = losses.MeanSquaredError()
    (true, pred) = tensors(dispatch.backend("tensorflow"), TRUE, PRED)
    for _ in range(4):
        tf.function(loss, jit_compile=True)(true, pred)
        tf.function(lambda x, loss=loss: x * loss(true, pred))(tf.constant(2.0))
    assert compiled == []


@pytest.mark.parametrize("case", ["nested tapes", "forward", "jacobian", "persistent tape", "forward over backward"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none"])
def test_derivatives_on_tensorflow(tf, compiled, case, reduction):
    (true, pred) = tensors(dispatch.backend("tensorflow"), TRUE, PRED)
    loss = losses.LogCosh(reduction=reduction)

    def nested():
        with tf.GradientTape() as outer:
            outer.watch([true, pred])
            with tf.GradientTape() as inner:
                inner.watch(pred)
                value = loss(true, pred)
            first = inner.gradient(value, pred)
            found = tf.reduce_sum(first**2)
        return [first, *outer.gradient(found, [true, pred])]

    def forward():
        with tf.autodiff.ForwardAccumulator(pred, true) as accumulator:
            value = loss(true, pred)
        return [accumulator.jvp(value)]

    def jacobian():
        with tf.GradientTape() as tape:
            tape.watch(pred)
            value = loss(true, pred)
        return [tape.jacobian(value, pred)]

    def persistent():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([true, pred])
            value = loss(true, pred)
        return [tape.gradient(value, true), tape.gradient(value, pred), tape.gradient(value, pred, 2 * value)]

    def over_backward():
        with tf.autodiff.ForwardAccumulator(pred, true) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(pred)
                value = loss(true, pred)
            slope = tape.gradient(value, pred)
        return [accumulator.jvp(value), accumulator.jvp(slope)]

    run = {
        "nested tapes": nested,
        "forward": forward,
        "jacobian": jacobian,
        "persistent tape": persistent,
        "forward over backward": over_backward,
    }[case]
    expected = uncompiled(run)
    for _ in range(4):
        for found, wanted in zip(run(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert len(compiled) == 1


def test_what_has_no_gradient_on_tensorflow_has_none(tf):
    (labels, pred) = tensors(dispatch.backend("tensorflow"), LABELS.astype(float), PRED)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    for _ in range(4):
        with tf.GradientTape() as tape:
            tape.watch([labels, pred])
            value = loss(labels, pred)
        (by_labels, by_pred) = tape.gradient(value, [labels, pred])
        assert by_labels is None
        assert by_pred is not None


def test_variables_and_strategies_on_tensorflow(tf, compiled):
    (true, pred) = tensors(dispatch.backend("tensorflow"), TRUE, PRED)
    loss = losses.MeanSquaredError()
    variable = tf.Variable(pred)
    expected = ((TRUE - PRED) ** 2).mean()
    for _ in range(4):
        with tf.GradientTape() as tape:
            value = loss(true, variable)
        np.testing.assert_allclose(value, expected, rtol=1e-5)
        np.testing.assert_allclose(tape.gradient(value, variable), (PRED - TRUE) / 6, rtol=1e-4)
        with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
            loss(true, pred)
    assert compiled == []
