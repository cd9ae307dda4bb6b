"""CTCLoss: its targets and lengths in every form, what cannot be aligned, what is refused, and its traces."""

import itertools
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss
import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch
from polyloss.opset import UnsupportedError

RNG = np.random.default_rng(5)
(T, N, C) = (5, 3, 4)
LOG_PROBS = np.log(RNG.dirichlet(np.ones(C), size=(T, N)))
TARGETS = np.array([[1, 2, 2], [3, 1, 2], [2, 1, 3]])
FRAMES = (5, 5, 3)
COUNT = (3, 2, 0)
JOINED = np.array([1, 2, 2, 3, 1])
NONE = {"reduction": "none"}
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: it is compared with")


def tensors(dtype="int64"):
    return np.array(FRAMES, dtype), np.array(COUNT, dtype)


def forms():
    """Padded and concatenated, lengths as tuples, lists and tensors."""
    lengths = [(FRAMES, COUNT), (list(FRAMES), list(COUNT)), tensors(), tensors("uint8"), tensors("int16")]
    return list(itertools.product((TARGETS, JOINED), lengths))


def on_torch(call, targets, lengths, **options):
    import torch

    given = [torch.tensor(one) if isinstance(one, np.ndarray) else one for one in (targets, *lengths)]
    log_probs = torch.tensor(LOG_PROBS, requires_grad=True)
    value = call(log_probs, *given, **options)
    (gradient,) = torch.autograd.grad(value.sum(), log_probs)
    return value.detach().numpy(), gradient.numpy()


@needs_torch
@pytest.mark.parametrize(("targets", "lengths"), forms())
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_forms(targets, lengths, reduction):
    import torch

    calls = (pF.ctc_loss, torch.nn.functional.ctc_loss)
    (ours, theirs) = (on_torch(call, targets, lengths, reduction=reduction) for call in calls)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(pF.ctc_loss(LOG_PROBS, targets, *lengths, reduction=reduction), theirs[0], rtol=1e-12)


def test_one_sample():
    batch = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT, **NONE)
    for lengths in [((5,), (3,)), (np.array(5), np.array(3)), (np.array([5]), np.array([[3]]))]:
        for targets in (TARGETS[0], TARGETS[:1]):
            one = pF.ctc_loss(LOG_PROBS[:, 0], targets, *lengths, **NONE)
            assert np.shape(one) == ()
            np.testing.assert_allclose(one, batch[0], rtol=1e-14)
            mean = pF.ctc_loss(LOG_PROBS[:, 0], targets, *lengths)
            np.testing.assert_allclose(mean, batch[0] / 3, rtol=1e-14)


def test_integers_of_other_kinds():
    expected = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT)
    assert pF.ctc_loss(LOG_PROBS, TARGETS, tuple(map(np.int32, FRAMES)), COUNT, blank=np.int64(0)) == expected
    assert pF.ctc_loss(LOG_PROBS, TARGETS + 0.9, FRAMES, COUNT) == expected


def test_padding_counts_for_nothing():
    expected = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT)
    rubbish = np.where(np.arange(3) < np.array(COUNT)[:, None], TARGETS, -100)
    for lengths in ((FRAMES, COUNT), tensors()):
        for beyond in (np.nan, np.inf, -np.inf, 1e5):
            log_probs = LOG_PROBS.copy()
            log_probs[3:, 2] = beyond
            assert pF.ctc_loss(log_probs, rubbish, *lengths) == expected


@needs_torch
def test_padding_has_no_gradient():
    import torch

    log_probs = torch.tensor(LOG_PROBS)
    log_probs[3:, 2] = torch.nan
    log_probs.requires_grad_()
    pF.ctc_loss(log_probs, torch.tensor(TARGETS), FRAMES, COUNT).backward()
    assert torch.isfinite(log_probs.grad).all()
    assert (log_probs.grad[3:, 2] == 0).all()


@needs_torch
@pytest.mark.parametrize("scale", [1, 5, 300, -1])
def test_many_labels(scale, monkeypatch):
    """At once for all samples, on probabilities; by torch's recursion where they vanish, or where they are none."""
    import torch
    from polyloss_backends import ctc_posteriors

    posteriors = ctc_posteriors.posteriors
    found = []
    monkeypatch.setattr(ctc_posteriors, "posteriors", lambda *args: found.append(posteriors(*args)) or found[-1])
    rng = np.random.default_rng(7)
    log_probs = torch.tensor(np.log(rng.dirichlet(np.ones(6), size=(30, 20)))) * scale
    targets = torch.tensor(rng.integers(1, 6, (20, 8)))
    lengths = (torch.tensor(rng.integers(20, 31, 20)), torch.tensor(rng.integers(1, 9, 20)))
    results = []
    for fused in (True, False):
        given = log_probs.clone().requires_grad_()
        with dispatch.fused(fused):
            value = pF.ctc_loss(given, targets, *lengths)
        results.append((value.detach(), *torch.autograd.grad(value, given)))
    assert [one is not None for one in found] == [scale in (1, 5)]
    for ours, composed in zip(*results, strict=True):
        torch.testing.assert_close(ours, composed, rtol=1e-11, atol=1e-13)


def gradients(framework, log_probs, targets, lengths, **options):
    backend = dispatch.backend(framework)
    run = backend.value_and_grad(lambda x, y: pF.ctc_loss(x, y, *lengths, **options), (0,))
    (value, (gradient,)) = run([backend.from_numpy(log_probs, "float32"), backend.from_numpy(targets, "int32")], None)
    return backend.to_numpy(value), backend.to_numpy(gradient)


@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow", "mxnet"])
def test_what_cannot_be_aligned(framework, zero_infinity):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    log_probs = LOG_PROBS[:4].copy()
    log_probs[:, 1, 2] = -np.inf
    targets = np.array(
        [[1, 1, 1], [1, 2, 1], [3, 2, 1]]
    )  # five frames needed, a label of probability 0, and one that can
    (value, gradient) = gradients(
        framework, log_probs, targets, ((4, 4, 4), (3, 3, 3)), zero_infinity=zero_infinity, **NONE
    )
    assert list(np.isposinf(value)) == [not zero_infinity, not zero_infinity, False]
    assert not zero_infinity or list(value[:2]) == [0, 0]
    assert not gradient[:, :2].any()
    assert np.isfinite(gradient).all()
    assert gradient[:, 2].any(axis=1).all()


@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow", "mxnet"])
def test_probability_0(framework):
    """The gradient of a frame still adds up to 0: what is behind a log_softmax sees nothing of the infinity."""
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    probability = np.array([[[0.5, 0.5, 0.0]], [[0.25, 0.0, 0.75]], [[0.5, 0.25, 0.25]]])
    with np.errstate(divide="ignore"):
        log_probs = np.log(probability)
    (value, gradient) = gradients(framework, log_probs, np.array([[1, 2]]), ((3,), (2,)), **NONE)
    # 1 in the first frame, 2 in one of the others or in both: 1/2 (3/4 1/2 + 1/4 1/4 + 3/4 1/4)
    np.testing.assert_allclose(value, [-np.log(0.3125)], rtol=1e-6)
    np.testing.assert_allclose(gradient.sum(axis=2), 0, atol=1e-6)
    np.testing.assert_allclose(gradient[1, 0], [0.25 - 0.1, 0.0, 0.75 - 0.9], atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_gradient_is_that_behind_a_log_softmax(shift):
    if find_spec("jax") is None:
        pytest.skip("jax is not installed")
    import jax

    logits = jax.numpy.asarray(RNG.normal(size=(T, N, C)), "float32")
    targets = jax.numpy.asarray(TARGETS)

    def loss(x):
        return pF.ctc_loss(jax.nn.log_softmax(x), targets, FRAMES, COUNT)

    (slope, x) = (np.asarray(jax.grad(loss)(logits)), np.asarray(logits, "float64"))
    for place in [(0, 0, 1), (2, 1, 3), (4, 0, 2), (1, 2, 0)]:
        ends = []
        for step in (-1e-4, 1e-4):
            moved = x.copy()
            moved[place] += step
            log_probs = moved - np.log(np.exp(moved).sum(-1, keepdims=True))
            ends.append(pF.ctc_loss(log_probs, TARGETS, FRAMES, COUNT))
        np.testing.assert_allclose(slope[place], (ends[1] - ends[0]) / 2e-4, rtol=1e-4, atol=1e-5)
    # Of what is not normalised it is e^x less the posterior: the frame adds up to e^shift - 1.
    (_, slope) = gradients("jax", LOG_PROBS + shift, TARGETS, (FRAMES, COUNT), reduction="sum")
    np.testing.assert_allclose(slope[0].sum(axis=-1), np.exp(shift) - 1, rtol=1e-5, atol=1e-5)


@needs_torch
def test_second_derivative_behind_a_log_softmax():
    import torch

    logits = torch.tensor(RNG.normal(size=(3, 1, 3)), requires_grad=True)
    target = torch.tensor([[1, 2]])
    loss = pnn.CTCLoss(reduction="sum")
    assert torch.autograd.gradgradcheck(lambda x: loss(x.log_softmax(-1), target, (3,), (2,)), logits)


def test_half_precision():
    half = LOG_PROBS.astype("float16")
    found = pF.ctc_loss(half, TARGETS, FRAMES, COUNT, **NONE)
    assert found.dtype == "float16"
    expected = pF.ctc_loss(half.astype("float64"), TARGETS, FRAMES, COUNT, **NONE)
    np.testing.assert_array_equal(found, expected.astype("float16"))


@needs_torch
def test_autocast():
    import torch

    args = (torch.tensor(TARGETS), FRAMES, COUNT)
    with torch.autocast("cpu", torch.bfloat16):
        for dtype in (torch.bfloat16, torch.float32, torch.float64):
            log_probs = torch.tensor(LOG_PROBS).to(dtype)
            (ours, theirs) = (home.ctc_loss(log_probs, *args) for home in (pF, torch.nn.functional))
            assert ours.dtype == theirs.dtype
            torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("targets", "lengths"), [(TARGETS, tensors()), (JOINED, tensors()), (JOINED, (FRAMES, COUNT))])
def test_parts(targets, lengths):
    (numerator, denominator) = polyloss.parts(pnn.CTCLoss())(LOG_PROBS, targets, *lengths)
    assert denominator == N
    np.testing.assert_allclose(numerator / denominator, pF.ctc_loss(LOG_PROBS, targets, *lengths), rtol=1e-14)
    losses = pF.ctc_loss(LOG_PROBS, targets, *lengths, **NONE)
    np.testing.assert_allclose(numerator, (losses / [3, 2, 1]).sum(), rtol=1e-14)


WRONG = [
    ({"log_probs": LOG_PROBS[0, 0]}, ValueError, r"log_probs has shape \(4,\); accepted is \(T, N, C\) or \(T, C\)"),
    ({"log_probs": LOG_PROBS[:0]}, ValueError, r"log_probs has shape \(0, 3, 4\).*at least 1"),
    ({"log_probs": LOG_PROBS.astype(int)}, TypeError, "log_probs has dtype int64"),
    ({"targets": TARGETS[:2]}, ValueError, r"targets has shape \(2, 3\); accepted is \(3, None\) or \(None,\)"),
    ({"targets": np.array(1)}, ValueError, r"targets has shape \(\)"),
    ({"targets": TARGETS + 2}, ValueError, "targets has elements that are no class; accepted is 0 to 3"),
    ({"targets": TARGETS - 2}, ValueError, "targets has elements that are no class"),
    ({"targets": JOINED[:4]}, ValueError, "target_lengths is .*; accepted are lengths that add up to 4"),
    ({"target_lengths": (4, 1, 1)}, ValueError, r"target_lengths is \[4, 1, 1\]; accepted is 0 to 3, the size of targets"),
    ({"target_lengths": (-1, 1, 1)}, ValueError, r"target_lengths is \[-1, 1, 1\]"),
    ({"input_lengths": (6, 5, 5)}, ValueError, r"input_lengths is \[6, 5, 5\]; accepted is 0 to 5, the number of frames"),
    ({"input_lengths": (5, 5)}, ValueError, "input_lengths has 2 lengths; accepted is 3, one a sample"),
    ({"input_lengths": (5, 5, 5.0)}, TypeError, "input_lengths holds 5.0, a float"),
    ({"input_lengths": (5, 5, True)}, TypeError, "input_lengths holds True, a bool"),
    ({"input_lengths": np.array(FRAMES)}, TypeError, "input_lengths is a ndarray and target_lengths is a tuple"),
    ({"input_lengths": 5, "target_lengths": 3}, TypeError, "input_lengths is 5, a int"),
    ({"blank": 4}, ValueError, "blank=4 is no class of log_probs, which has 4: accepted is 0 to 3"),
    ({"blank": -1}, ValueError, "blank=-1 is no class"),
    ({"blank": 1.0}, TypeError, "blank is 1.0, a float"),
    ({"zero_infinity": 1}, TypeError, "zero_infinity is 1, a int; accepted is a bool"),
    ({"reduction": "average"}, ValueError, "reduction='average' is not one of"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "message"), WRONG)
def test_errors(change, kind, message):
    given = {"log_probs": LOG_PROBS, "targets": TARGETS, "input_lengths": FRAMES, "target_lengths": COUNT}
    with pytest.raises(kind, match=f"^ctc_loss: {message}"):
        pF.ctc_loss(**{**given, **change})


def test_old_name_of_the_mean():
    with pytest.warns(UserWarning, match="elementwise_mean"):
        old = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT, reduction="elementwise_mean")
    assert old == pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT)


LENGTHS_IN_TENSORS = [
    (TARGETS, (5, 5, 6), COUNT, "input_lengths has other lengths; accepted is 0 to 5"),
    (TARGETS, (5, 5, -1), COUNT, "input_lengths has other lengths"),
    (TARGETS, FRAMES, (4, 0, 0), "target_lengths has other lengths; accepted is 0 to 3"),
    (TARGETS, FRAMES, (0, 0, -1), "target_lengths has other lengths"),
    (JOINED, FRAMES, (3, 2, 1), "target_lengths has other lengths; accepted are lengths that add up to 5"),
    (JOINED, FRAMES, (6, -1, 0), "target_lengths has other lengths"),
    (TARGETS + 2, FRAMES, COUNT, "targets has elements that are no class"),
    (TARGETS - 2, FRAMES, COUNT, "targets has elements that are no class"),
]


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax", "tensorflow", "mxnet"])
def test_values_are_read_where_they_can_be(framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    log_probs = backend.from_numpy(LOG_PROBS, "float32")
    for targets, frames, count, message in LENGTHS_IN_TENSORS:
        given = [backend.from_numpy(np.array(one), "int32") for one in (targets, frames, count)]
        with pytest.raises(ValueError, match=f"^ctc_loss: {message}"):
            pF.ctc_loss(log_probs, *given)
    with pytest.raises(TypeError, match=r"^ctc_loss: target_lengths has dtype float32; accepted are integers"):
        pF.ctc_loss(log_probs, *given[:2], backend.from_numpy(np.array(COUNT), "float32"))
    with pytest.raises(ValueError, match=r"^ctc_loss: input_lengths has shape \(2,\); accepted is 3 elements"):
        pF.ctc_loss(log_probs, given[0], given[1][:2], given[2])


def test_traced_by_jax():
    jax = pytest.importorskip("jax")
    log_probs = jax.numpy.asarray(LOG_PROBS, "float32")
    loss = jax.jit(lambda x, targets, frames, count: pF.ctc_loss(x, targets, frames, count, **NONE))
    for targets in (TARGETS, JOINED):
        expected = pF.ctc_loss(LOG_PROBS, targets, FRAMES, COUNT, **NONE)
        np.testing.assert_allclose(loss(log_probs, targets, *tensors()), expected, rtol=1e-5)
        static = jax.jit(lambda x, targets: pF.ctc_loss(x, targets, FRAMES, COUNT, **NONE))
        np.testing.assert_allclose(static(log_probs, targets), expected, rtol=1e-5)
    for targets, frames, count, _ in LENGTHS_IN_TENSORS:
        assert np.isnan(loss(log_probs, targets, np.array(frames), np.array(count))).any(), (targets, frames, count)
    by_sample = jax.vmap(lambda x, *given: pF.ctc_loss(x, *given, **NONE), in_axes=(1, 0, 0, 0))
    given = (TARGETS, np.array(FRAMES), np.array([3, 3, 3]))
    expected = pF.ctc_loss(LOG_PROBS, *given, **NONE)
    np.testing.assert_allclose(by_sample(log_probs, *map(jax.numpy.asarray, given)), expected, rtol=1e-5)


def test_traced_by_tensorflow():
    tf = pytest.importorskip("tensorflow")
    spec = [tf.TensorSpec(shape, dtype) for shape, dtype in [((None, None, C), tf.float32), ((None, 3), tf.int64)]]
    lengths = [tf.TensorSpec((None,), tf.int32)] * 2
    traced = tf.function(lambda *given: pF.ctc_loss(*given, **NONE), input_signature=[*spec, *lengths])
    expected = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT, **NONE)
    np.testing.assert_allclose(traced(LOG_PROBS.astype("float32"), TARGETS, *tensors("int32")), expected, rtol=1e-5)
    wrong = traced(LOG_PROBS.astype("float32"), TARGETS, np.array([6, 5, 5], "int32"), np.array(COUNT, "int32"))
    assert np.isnan(wrong).tolist() == [True, False, False]
    joined = tf.TensorSpec((None,), tf.int64)
    with pytest.raises(UnsupportedError, match="the number of concatenated targets must be known"):
        tf.function(pF.ctc_loss, input_signature=[spec[0], joined, *lengths], autograph=False).get_concrete_function()
    static = tf.function(lambda x, y: pF.ctc_loss(x, y, FRAMES, COUNT, **NONE), jit_compile=True)
    found = static(tf.constant(LOG_PROBS, tf.float32), tf.constant(JOINED))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@needs_torch
def test_traced_by_torch():
    import torch

    dispatch.prepare()  # of a framework that was imported after polyloss

    given = [torch.tensor(one) for one in (LOG_PROBS, JOINED, *tensors())]
    expected = pF.ctc_loss(LOG_PROBS, TARGETS, FRAMES, COUNT)
    for loss, arguments in [
        (pF.ctc_loss, given),
        (lambda x, y: pF.ctc_loss(x, y, FRAMES, COUNT), given[:2]),
    ]:
        torch.compiler.reset()
        compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
        np.testing.assert_allclose(compiled(*arguments), expected, rtol=1e-12)
    stacked = torch.stack([given[0], given[0]])
    for lengths in ((FRAMES, COUNT), given[2:]):
        both = torch.func.vmap(lambda x, lengths=lengths: pF.ctc_loss(x, given[1], *lengths))(stacked)
        np.testing.assert_allclose(both, [expected] * 2, rtol=1e-12)


def test_symbols():
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    dispatch.backend("mxnet")
    import mxnet as mx

    with pytest.raises(UnsupportedError, match="ctc_loss on mxnet: the shapes of tensors must be known"):
        pnn.CTCLoss()(*map(mx.sym.Variable, "abcd"))
