"""A call that repeats goes straight to its kernel: with the result, the errors and the warnings of a call that does not."""

import copy
import pickle
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: its calls are what is remembered")

import polyloss.torch.nn as pnn  # noqa: E402
import polyloss.torch.nn.functional as pF  # noqa: E402
from polyloss import dispatch, parts  # noqa: E402
from polyloss.torch.nn import plans  # noqa: E402

X = torch.linspace(-1.5, 2, 12).reshape(4, 3)
Y = torch.linspace(0.9, 0.1, 12).reshape(4, 3)
LOG_P = X.log_softmax(1)
CLASS = torch.tensor([0, 2, 1, 1])
SIGN = torch.tensor([[1.0, -1, 1]] * 4)
ROWS = torch.tensor([[1, 2], [2, 1], [1, 1], [2, 2]])
LENGTHS = (torch.full((4,), 5), torch.full((4,), 2))
FRAMES = torch.linspace(-1, 1, 60).reshape(5, 4, 3).log_softmax(2)
CALLS = {
    "L1Loss": (pnn.L1Loss, {}, (X, Y)),
    "MSELoss": (pnn.MSELoss, {}, (X, Y)),
    "SmoothL1Loss": (pnn.SmoothL1Loss, {"beta": 0.5}, (X, Y)),
    "HuberLoss": (pnn.HuberLoss, {"delta": 0.5}, (X, Y)),
    "PoissonNLLLoss": (pnn.PoissonNLLLoss, {}, (X, Y)),
    "PoissonNLLLoss of rates": (pnn.PoissonNLLLoss, {"log_input": False}, (Y, X.abs())),
    "GaussianNLLLoss": (pnn.GaussianNLLLoss, {}, (X, Y, Y.square())),
    "BCELoss": (pnn.BCELoss, {}, (Y, Y)),
    "BCEWithLogitsLoss": (pnn.BCEWithLogitsLoss, {}, (X, Y)),
    "SoftMarginLoss": (pnn.SoftMarginLoss, {}, (X, SIGN)),
    "KLDivLoss": (pnn.KLDivLoss, {"reduction": "batchmean"}, (LOG_P, Y)),
    "CrossEntropyLoss": (pnn.CrossEntropyLoss, {"ignore_index": 1}, (X, CLASS)),
    "CrossEntropyLoss of probabilities": (pnn.CrossEntropyLoss, {}, (X, Y)),
    "NLLLoss": (pnn.NLLLoss, {}, (LOG_P, CLASS)),
    "MultiMarginLoss": (pnn.MultiMarginLoss, {"p": 2}, (X, CLASS)),
    "MultiLabelMarginLoss": (pnn.MultiLabelMarginLoss, {}, (X, torch.tensor([[1, -1, 2]] * 4))),
    "MultiLabelSoftMarginLoss": (pnn.MultiLabelSoftMarginLoss, {}, (X, Y)),
    "HingeEmbeddingLoss": (pnn.HingeEmbeddingLoss, {}, (X, SIGN)),
    "MarginRankingLoss": (pnn.MarginRankingLoss, {"margin": 0.5}, (X, Y, SIGN)),
    "CosineEmbeddingLoss": (pnn.CosineEmbeddingLoss, {"margin": -0.5}, (X, Y, SIGN.reshape(-1)[:4])),
    "TripletMarginLoss": (pnn.TripletMarginLoss, {}, (X, Y, X.square())),
    "CTCLoss": (pnn.CTCLoss, {}, (FRAMES, ROWS, *LENGTHS)),
}
LOSSES = pytest.mark.parametrize("name", CALLS)


@pytest.fixture
def written(monkeypatch):
    """The names of the functions that were called as they are written."""
    names = []
    as_written = plans._as_written

    def noted(function, *rest):
        names.append(function.__name__)
        return as_written(function, *rest)

    monkeypatch.setattr(plans, "_as_written", noted)
    return names


def fresh(*args):
    """Copies of a size along axis 1 that no other test has: a kind of call that was never made."""
    fresh.size += 1
    return [one[:, :1].expand(-1, fresh.size).contiguous() for one in args]


fresh.size = 40


def derivatives(loss, args):
    """The value, the gradient for the first argument, and that of the sum of its squares."""
    given = [args[0].detach().clone().requires_grad_(), *args[1:]]
    value = loss(*given)
    (slope,) = torch.autograd.grad(value, given[:1], torch.full_like(value, 0.75), create_graph=True)
    second = torch.autograd.grad(slope.square().sum(), given[:1])[0] if slope.requires_grad else torch.zeros_like(slope)
    return value.detach(), slope.detach(), second


@LOSSES
@pytest.mark.parametrize("reduction", ["as it is", "sum"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_second_call_is_the_first(name, reduction, dtype, written):
    (kind, options, args) = CALLS[name]
    loss = kind(**(options if reduction == "as it is" else options | {"reduction": reduction}))
    args = [one.to(dtype) if one.is_floating_point() else one for one in args]
    with dispatch.fused(False):
        want = derivatives(loss, args)
    assert not written
    derivatives(loss, args)
    written.clear()
    found = derivatives(loss, args)
    assert not written, "it had been remembered"
    eps = torch.finfo(dtype).eps
    for one, other in zip(found, want, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=100 * eps, atol=100 * eps)


@LOSSES
def test_the_gradient_alone_is_that_of_the_composition(name):
    """Without a second derivative in view it comes ready with the value, and is scaled by what comes from above."""
    (kind, options, args) = CALLS[name]
    with dispatch.fused(False):
        (_, want, _) = derivatives(kind(**options), args)
    for _ in range(2):
        leaf = args[0].detach().clone().requires_grad_()
        value = kind(**options)(leaf, *args[1:])
        (value * 0.75).backward(retain_graph=True)
        torch.testing.assert_close(leaf.grad, want)
        (value * 0.75).backward()
        torch.testing.assert_close(leaf.grad, 2 * want)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_errors_come_each_time(times):
    bad = [
        (pF.binary_cross_entropy, (Y, Y), (Y + 1, Y), ValueError, "outside"),
        (pF.binary_cross_entropy, (Y, Y), (Y, Y + 1), ValueError, "outside"),
        (pF.cross_entropy, (X, CLASS), (X, CLASS + 2), ValueError, "neither a class"),
        (pF.nll_loss, (X, CLASS), (X, CLASS - 3), ValueError, "neither a class"),
        (pF.multi_margin_loss, (X, CLASS), (X, CLASS + 2), ValueError, "outside"),
        (
            pF.multilabel_margin_loss,
            (X, CLASS[:3].expand(4, 3)),
            (X, CLASS[:3].expand(4, 3) + 2),
            ValueError,
            "outside",
        ),
        (pF.gaussian_nll_loss, (X, Y, Y), (X, Y, Y - 0.5), ValueError, "negative"),
        (pF.ctc_loss, (FRAMES, ROWS, *LENGTHS), (FRAMES, ROWS + 1, *LENGTHS), ValueError, "no class"),
        (pF.ctc_loss, (FRAMES, ROWS, *LENGTHS), (FRAMES, ROWS, LENGTHS[0] + 1, LENGTHS[1]), ValueError, "lengths"),
        (pF.mse_loss, (X, Y), (X, Y.reshape(3, 4)), ValueError, "broadcast"),
        (pF.mse_loss, (X, Y), (X, np.zeros((4, 3))), TypeError, "one framework"),
    ]
    for function, good, wrong, error, words in bad:
        for _ in range(times):
            function(*good)
            with pytest.raises(error, match=words):
                function(*wrong)


def test_warnings_come_each_time():
    for function, args, options, words in (
        (pF.mse_loss, (X, Y[:1]), {}, "broadcast"),
        (pF.mse_loss, (X, Y), {"size_average": False}, "deprecated"),
        (pF.kl_div, (LOG_P, Y), {}, "batchmean"),
        (pF.cross_entropy, (X, torch.full((4,), -100)), {}, "every target is ignore_index"),
    ):
        for _ in range(3):
            with pytest.warns(UserWarning, match=words):
                function(*args, **options)


def test_a_call_that_warns_is_remembered_with_its_warning(written):
    (log_p, y) = fresh(LOG_P, Y)
    loss = pnn.KLDivLoss()
    for _ in range(3):
        with pytest.warns(UserWarning, match="batchmean") as caught:
            loss(log_p, y)
        assert [warning.filename for warning in caught] == [__file__]
    assert written == ["kl_div"]


def test_a_mean_of_nothing_warns_and_one_of_something_does_not():
    loss = pnn.CrossEntropyLoss()
    nothing = torch.full((4,), -100)
    for _ in range(2):
        with pytest.warns(UserWarning, match="every target"):
            assert loss(X, nothing).isnan()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loss(X, CLASS)


def test_what_changes_is_seen():
    loss = pnn.HuberLoss(delta=0.5)
    for _ in range(2):
        for delta, reduction in ((0.5, "mean"), (1.5, "mean"), (1, "sum"), (0.5, "none")):
            (loss.delta, loss.reduction) = (delta, reduction)
            for args in ((X, Y), (X.double(), Y.double()), (X[:2], Y[:2]), (X.T, Y.T), (X.bfloat16(), Y.bfloat16())):
                found = loss(*args)
                want = torch.nn.HuberLoss(delta=delta, reduction=reduction)(*args)
                assert found.dtype == want.dtype
                torch.testing.assert_close(found, want)
    loss.reduction = "median"
    with pytest.raises(ValueError, match="median"):
        loss(X, Y)


def test_the_kind_of_an_option_counts():
    """1, 1.0 and True are equal, and not the same."""
    pF.multi_margin_loss(X, CLASS, 1, 1.0)
    pF.ctc_loss(FRAMES, ROWS, *LENGTHS, 0)
    with pytest.raises(TypeError, match="blank"):
        pF.ctc_loss(FRAMES, ROWS, *LENGTHS, False)
    with pytest.raises(TypeError, match="blank"):
        pF.ctc_loss(FRAMES, ROWS, *LENGTHS, 0.0)


def test_a_tensor_given_twice(written):
    (x, y) = fresh(X, Y)
    for _ in range(2):
        assert pF.mse_loss(x, x) == 0
    assert written == ["mse_loss"] * 2, "not remembered"
    torch.testing.assert_close(pF.mse_loss(x, y), torch.nn.functional.mse_loss(x, y))


def test_arguments_by_name_and_by_place(written):
    (x, y) = fresh(X, Y)
    want = torch.nn.functional.mse_loss(x, y, reduction="sum")
    for _ in range(2):
        torch.testing.assert_close(pF.mse_loss(x, y, reduction="sum"), want)
        torch.testing.assert_close(pF.mse_loss(x, y, None, None, "sum"), want)
        torch.testing.assert_close(pF.mse_loss(x, target=y, reduction="sum"), want)
    torch.testing.assert_close(pF.mse_loss(x, reduction="sum", target=y), want)
    assert len(written) == 4


def test_the_switch(written):
    (x, y) = fresh(X, Y)
    loss = pnn.BCEWithLogitsLoss()
    leaf = x.requires_grad_()
    assert type(loss(leaf, y).grad_fn).__name__ == "ReadyBackward"
    with dispatch.fused(False):
        for _ in range(2):
            assert type(loss(leaf, y).grad_fn).__name__ != "ReadyBackward"
    loss(leaf, y)
    assert len(written) == 1


def test_it_forgets(monkeypatch, written):
    monkeypatch.setattr(plans, "MOST", 3)
    loss = plans.remembered(pF.mse_loss.__wrapped__)
    sizes = [fresh(X, Y) for _ in range(4)]
    for pair in sizes + sizes[1:]:
        loss(*pair)
    assert len(written) == 4
    loss(*sizes[0])
    assert len(written) == 5


def test_threads_remember_each_for_itself(written):
    """Two first calls at once, each within the other's: both have done their work before one of them ends."""
    both = threading.Barrier(2, timeout=10)

    def slow(*args):
        value = pF.mse_loss.__wrapped__(*args)
        both.wait()
        return value

    losses = [plans.remembered(slow) for _ in range(2)]
    pairs = [fresh(X, Y) for _ in losses]
    with ThreadPoolExecutor(2) as pool:
        first = list(pool.map(lambda loss, pair: loss(*pair), losses, pairs))
    assert len(written) == 2
    for loss, pair, value in zip(losses, pairs, first, strict=True):
        torch.testing.assert_close(loss(*pair), value, rtol=0, atol=0)
        torch.testing.assert_close(value, (pair[0] - pair[1]).square().mean())
    assert len(written) == 2, "they had been remembered"


@LOSSES
def test_transforms_step_aside(name):
    (kind, options, args) = CALLS[name]
    loss = kind(**options)
    want = loss(*args)
    loss(*args)
    leaf = args[0]
    with dispatch.fused(False):
        (_, slope, _) = derivatives(loss, args)
    found = torch.func.grad(lambda x: loss(x, *args[1:]))(leaf)
    torch.testing.assert_close(0.75 * found, slope, rtol=1e-4, atol=1e-6)
    if name != "CTCLoss":
        many = torch.func.vmap(lambda x: loss(x, *args[1:]))(torch.stack([leaf, leaf]))
        torch.testing.assert_close(many, want.expand(2))
    given = leaf.detach().clone().requires_grad_()
    value = loss(given, *args[1:])
    (rows,) = torch.autograd.grad(value, given, torch.tensor([1.0, 2.0], dtype=value.dtype), is_grads_batched=True)
    torch.testing.assert_close(rows[1], 2 * rows[0])
    torch.testing.assert_close(0.75 * rows[0], slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["MSELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "GaussianNLLLoss"])
def test_compilers_and_tracers_step_aside(name):
    (kind, options, args) = CALLS[name]
    loss = kind(**options)
    want = next(loss(*args) for _ in range(2))
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(lambda *given: loss(*given), args, check_trace=False)
    for step in (compiled, traced):
        torch.testing.assert_close(step(*args), want)
    other = (args[0] * 0.5, *args[1:])
    torch.testing.assert_close(traced(*other), loss(*other))


def test_autocast_is_seen():
    loss = pnn.MSELoss()
    (x, y) = (X.bfloat16(), Y.bfloat16())
    for _ in range(2):
        assert loss(x, y).dtype == torch.bfloat16
        with torch.autocast("cpu", torch.bfloat16):
            assert loss(x, y).dtype == torch.float32


def test_gradients_in_and_out_of_sight():
    loss = pnn.BCEWithLogitsLoss()
    leaf = X.clone().requires_grad_()
    with torch.no_grad():
        assert not loss(leaf, Y).requires_grad
    assert loss(leaf, Y).requires_grad
    assert not loss(X, Y).requires_grad
    with torch.inference_mode():
        assert loss(leaf, Y).is_inference()
    loss(leaf, Y).backward()
    both = [X.clone().requires_grad_(), Y.clone().requires_grad_()]
    torch.testing.assert_close(torch.autograd.grad(loss(*both), both)[1], -X / X.numel())


def test_a_subclass_of_a_tensor_is_no_plain_one(written):
    class Own(torch.Tensor):
        pass

    (x, y) = fresh(X, Y)
    for _ in range(2):
        assert type(pF.mse_loss(x.as_subclass(Own), y)) is Own
        assert type(pF.mse_loss(x, y)) is torch.Tensor
    assert written == ["mse_loss"]


def test_parts_and_copies():
    loss = pnn.MSELoss()
    loss(X, Y)
    for one in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        torch.testing.assert_close(one(X, Y), loss(X, Y))
    (numerator, denominator) = parts(loss)(X, Y)
    torch.testing.assert_close(numerator / denominator, loss(X, Y))
    assert pickle.loads(pickle.dumps(pF.mse_loss)) is pF.mse_loss


def test_threads():
    wrong = []

    def work(scale):
        (x, y) = (X * scale, Y)
        want = torch.nn.functional.mse_loss(x, y)
        for size in range(1, 4):
            for _ in range(50):
                if not torch.equal(pF.mse_loss(x, y), want) or pF.l1_loss(x[:size], x[:size].clone()) != 0:
                    wrong.append(scale)

    threads = [threading.Thread(target=work, args=(scale,)) for scale in (1.0, 2.0, 3.0)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def test_values_that_torch_takes_for_others():
    """Where torch's kernel or a closed form would give another result, the composition is asked, each time."""
    inf = float("inf")
    cases = [
        (pF.cross_entropy, ([[0.0, -inf]], [[1.0, 0.0]])),
        (pF.binary_cross_entropy_with_logits, ([[inf, -inf]], [[0.0, 1.0]])),
        (pF.kl_div, ([[-1.0, -2.0]], [[0.0, 0.5]])),
        (pF.cosine_embedding_loss, ([[1e15, 0.0]], [[1e15, 1e15]], [1.0])),
        (pF.multi_margin_loss, ([[0.0, float("nan")]], [0])),
        (pF.smooth_l1_loss, ([[inf, 1.0]], [[0.0, 0.0]])),
        (pF.gaussian_nll_loss, ([[0.0, 1.0]], [[1.0, 1.0]], [[0.0, 1e-9]])),
        (pF.triplet_margin_loss, ([[1.0, 1.0]], [[1.000001, 1.000001]], [[2.0, 2.0]])),
        (pF.soft_margin_loss, ([[-1000.0, 30.0]], [[1.0, 1.0]])),
    ]
    for function, given in cases:
        args = [torch.tensor(one) for one in given]
        with dispatch.fused(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want = derivatives(function, args)
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = derivatives(function, args)
            for one, other in zip(found, want, strict=True):
                torch.testing.assert_close(one, other, equal_nan=True)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("label", [[0, 2, 5, 3], [1, 1, 0, 1], [5, 5, 5, 5]])
def test_clusters_are_computed_for_their_rows(bias, label):
    loss = pnn.AdaptiveLogSoftmaxWithLoss(3, 6, [2, 4], div_value=1.5, head_bias=bias).double()
    args = (X.double(), torch.tensor(label))

    def found():
        given = [args[0].clone().requires_grad_(), *loss.parameters()]
        (output, value) = loss(given[0], args[1])
        slopes = torch.autograd.grad(value, given, torch.tensor(0.75), create_graph=True)
        return output, value, *slopes, torch.autograd.grad(slopes[0].square().sum(), given[0])[0]

    with dispatch.fused(False):
        want = found()
    for one, other in zip(found(), want, strict=True):
        torch.testing.assert_close(one, other)
    many = torch.func.vmap(lambda x: loss(x, args[1]).loss)(torch.stack([args[0], args[0]]))
    torch.testing.assert_close(many, want[1].expand(2))


def test_kernels_are_of_formulas_that_there_are():
    from polyloss_backends import torch_kernels

    for name in torch_kernels._makers:
        (module, function) = name.split(".")
        homes = [sys.modules.get(f"polyloss.{home}.{module}") for home in ("formulas", "torch.nn.functional")]
        assert sum(hasattr(home, function) for home in homes) == 1, name


def test_a_wrong_kernel_is_caught(monkeypatch):
    """Sabotage: what the composition is compared with is the kernel."""
    from polyloss_backends import torch_kernels

    monkeypatch.setattr(torch_kernels._nn, "mse_loss", lambda x, y, mode: torch.nn.functional.l1_loss(x, y))
    (x, y) = fresh(X, Y)
    with dispatch.fused(False):
        want = pF.mse_loss(x, y)
    assert not torch.allclose(pF.mse_loss(x, y), want)


def test_this_file_names_every_loss_that_has_a_kernel(monkeypatch):
    from polyloss_backends import torch_kernels

    used = set()
    find = torch_kernels.find
    monkeypatch.setattr(dispatch, "owner", lambda tensor: None)  # nothing is remembered

    def noted(ops, formula, reduction):
        found = find(ops, formula, reduction)
        function = getattr(formula, "func", formula)
        if found is not None:
            used.add(f"{function.__module__.rpartition('.')[2]}.{function.__name__}")
        return found

    monkeypatch.setattr(torch_kernels, "find", noted)
    for kind, options, args in CALLS.values():
        kind(**options)(*args)
    pnn.AdaptiveLogSoftmaxWithLoss(3, 5, [2], div_value=1)(X, CLASS)
    assert used == set(torch_kernels._makers)
