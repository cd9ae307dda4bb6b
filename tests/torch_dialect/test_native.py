"""Values and gradients on torch's tensors are those of torch itself."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")

import polyloss.torch.nn as pnn  # noqa: E402
import polyloss.torch.nn.functional as pF  # noqa: E402

from .table import CLASS, FIRST, IDS, INNER, KINDS, POSITIVE, TABLE, ZERO, X, dtype_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*kl_div.*:UserWarning", "ignore:reduction:UserWarning", "ignore:.*NLLLoss2d:FutureWarning"
)
TOLERANCE = {"float64": 1e-12, "float32": 2e-6, "float16": 4e-3, "bfloat16": 3e-2}


def tensor(value, dtype, grad=False):
    if not isinstance(value, np.ndarray):
        return value
    return torch.tensor(value, dtype=getattr(torch, dtype_of(value, dtype)), requires_grad=grad)


def options_in(options, dtype):
    return {name: tensor(value, dtype) for name, value in options.items()}


def run(loss, inputs, wrt, dtype):
    arguments = [tensor(value, dtype, i in wrt) for i, value in enumerate(inputs)]
    value = loss(*arguments)
    seed = torch.linspace(0.5, 1.5, value.numel(), dtype=torch.float64).reshape(value.shape).to(value.dtype)
    gradients = torch.autograd.grad(value, [arguments[i] for i in wrt], seed)
    return [value.detach(), *gradients]


def close(ours, theirs, tolerance):
    for a, b in zip(ours, theirs, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_loss(kind, function, options, inputs, wrt, dtype, reduction):
    given = options_in(options, dtype)
    theirs = run(getattr(torch.nn, kind)(**given, reduction=reduction), inputs, wrt, dtype)
    close(run(getattr(pnn, kind)(**given, reduction=reduction), inputs, wrt, dtype), theirs, TOLERANCE[dtype])

    def call(*arguments):
        return getattr(pF, function)(*arguments, **given, reduction=reduction)

    close(run(call, inputs, wrt, dtype), theirs, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_half(kind, function, options, inputs, wrt, dtype):
    """The rounded float64 result for the same rounded inputs; torch's own rounds on the way."""
    rounded = [tensor(value, dtype).double().numpy().astype(dtype_of(value, "float64")) for value in inputs]
    exact = {name: tensor(tensor(value, dtype), dtype) for name, value in options.items()}
    wide = {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in exact.items()}
    ours = run(getattr(pnn, kind)(**exact, reduction="none"), inputs, wrt, dtype)[0]
    theirs = run(getattr(torch.nn, kind)(**wide, reduction="none"), rounded, wrt, "float64")[0]
    assert ours.dtype == getattr(torch, dtype)
    torch.testing.assert_close(
        ours.double(), theirs.to(ours.dtype).double(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("function", ["l1_loss", "mse_loss", "huber_loss"])
def test_weight(function, reduction):
    weight = torch.tensor(np.abs(ZERO), dtype=torch.float64)
    ours, theirs = (
        run(
            lambda a, b, home=home: getattr(home, function)(a, b, reduction=reduction, weight=weight),
            (X, ZERO),
            (0, 1),
            "float64",
        )
        for home in (pF, torch.nn.functional)
    )
    close(ours, theirs, 1e-12)


@pytest.mark.parametrize(
    "shapes", [((4, 3), (4, 3)), ((1, 3), (4, 3)), ((4, 3), (3,)), ((3,), (3,)), ((), ()), ((0, 3), (0, 3))]
)
@pytest.mark.parametrize("log_target", [False, True])
def test_batchmean(shapes, log_target):
    generator = np.random.default_rng(1)
    inputs = [generator.uniform(0.1, 1, size=shape) for shape in shapes]
    ours, theirs = (
        run(
            lambda a, b, f=home.kl_div: f(a, b, reduction="batchmean", log_target=log_target), inputs, (0, 1), "float64"
        )
        for home in (pF, torch.nn.functional)
    )
    close(ours, theirs, 1e-12)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_empty(kind, function, options, inputs, wrt, reduction):
    if kind == "GaussianNLLLoss" and len({value.shape for value in inputs}) > 1:
        pytest.skip("a var of another shape")
    if kind in ("MultiMarginLoss", "MultiLabelMarginLoss") and reduction != "none":
        pytest.skip("torch's is memory that nobody wrote")
    if kind == "CTCLoss":
        pytest.skip("refused: a batch, frames and classes must not be empty")
    given = options_in({k: v for k, v in options.items() if "weight" not in k}, "float32")
    nothing = [value[:0] for value in inputs]
    ours, theirs = (
        run(getattr(home, kind)(**given, reduction=reduction), nothing, wrt, "float32")[0] for home in (pnn, torch.nn)
    )
    close([ours], [theirs], 0)


@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_broadcast(kind, function, options, inputs, wrt):
    refused = ("BCE", "CrossEntropy", "MultiLabelMargin")
    several = len({value.shape for value in inputs}) > 1 and kind != "CosineEmbeddingLoss"
    if kind.startswith(refused) or several:
        pytest.skip("refused")
    smaller = [inputs[0], inputs[1][:1], *inputs[2:]]
    seen = []
    for home in (pnn, torch.nn):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = getattr(home, kind)(**options_in(options, "float64"), reduction="none")
            found = run(loss, smaller, wrt, "float64")
        seen.append((found, [warning.category for warning in caught]))
    close(seen[0][0], seen[1][0], 1e-12)
    assert seen[0][1] == seen[1][1]


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8])
@pytest.mark.parametrize("kind", ["HingeEmbeddingLoss", "SoftMarginLoss", "MarginRankingLoss"])
def test_integer_targets(kind, dtype):
    inputs = [torch.randn(5) for _ in range(2 if kind == "MarginRankingLoss" else 1)]
    target = torch.tensor([1, -1, -1, 1, 1], dtype=dtype)
    close([getattr(pnn, kind)()(*inputs, target)], [getattr(torch.nn, kind)()(*inputs, target)], 1e-6)


def test_better_than_native():
    """Where torch gives infinity or NaN and a finite answer exists."""
    target = torch.zeros(2, requires_grad=True)
    log_p = torch.tensor([-1.0, -2.0])
    (gradient,) = torch.autograd.grad(pF.kl_div(log_p, target, reduction="sum"), target)
    assert gradient.tolist() == [1, 2]
    (gradient,) = torch.autograd.grad(pF.binary_cross_entropy(target.detach(), target, reduction="sum"), target)
    assert gradient.tolist() == [100, 100]
    far = torch.tensor([-200.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(pF.soft_margin_loss(far, torch.ones(1)), far)
    assert gradient.tolist() == [-1]
    assert float(pF.soft_margin_loss(far.detach(), torch.ones(1))) == 200


def test_number_as_variance():
    (x, y) = (torch.tensor(X), torch.tensor(ZERO))
    for var in (0.5, 0.0):
        close([pF.gaussian_nll_loss(x, y, var)], [torch.nn.functional.gaussian_nll_loss(x, y, var)], 1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_compiled(kind):
    (options, inputs) = FIRST[kind]
    function = next(name for other, name, *_ in TABLE if other == kind)
    arguments = [tensor(value, "float32") for value in inputs]
    expected = getattr(torch.nn, kind)(**options)(*arguments)
    for loss in (getattr(pnn, kind)(**options), lambda *given: getattr(pF, function)(*given, **options)):
        torch.compiler.reset()
        compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
        close([compiled(*arguments)], [expected], 2e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_transforms(kind):
    (options, inputs) = FIRST[kind]
    loss = getattr(pnn, kind)(**options)
    arguments = [tensor(value, "float64") for value in inputs]
    (_, gradient) = run(loss, inputs, (0,), "float64")
    close([torch.func.grad(loss)(*arguments)], [2 * gradient], 1e-12)  # run's upstream gradient of a scalar is 1/2
    stacked = torch.func.vmap(loss)(*(torch.stack([one, one]) for one in arguments))
    close([stacked[1]], [loss(*arguments)], 1e-12)


SMOOTH = [
    "MSELoss", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "PoissonNLLLoss", "GaussianNLLLoss", "KLDivLoss",
    "MultiLabelSoftMarginLoss", "NLLLoss", "SoftMarginLoss",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SMOOTH)
def test_second_derivative(kind):
    inputs = {"BCELoss": (INNER, CLASS), "GaussianNLLLoss": (X, ZERO, POSITIVE)}.get(kind, FIRST[kind][1])
    loss = getattr(pnn, kind)(reduction="sum")
    fixed = [tensor(value, "float64") for value in inputs[1:]]
    assert torch.autograd.gradgradcheck(lambda x: loss(x, *fixed), tensor(inputs[0], "float64", True))
