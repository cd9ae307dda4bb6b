"""Within torch.autocast a loss has the dtype and the value that torch's has."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")

import polyloss.torch.nn as pnn  # noqa: E402
import polyloss.torch.nn.functional as pF  # noqa: E402

from .table import FIRST, IDS, TABLE  # noqa: E402
from .test_native import options_in, tensor  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

HALF_IN_TORCH = ("GaussianNLLLoss", "MultiLabelSoftMarginLoss", "TripletMarginWithDistanceLoss")
"""Losses that autocast does not know: they stay in half precision."""

HALF = {"float16": 1e-2, "bfloat16": 4e-2}  # torch adds distances up in half precision
SINGLE = 2e-5


def outcome(loss, inputs, wrt, dtype, autocast):
    """Value and gradients with unit upstream."""
    given = [tensor(value, dtype, i in wrt) for i, value in enumerate(inputs)]
    with torch.autocast("cpu", dtype=getattr(torch, autocast)):
        value = loss(*given)
    return value.detach(), *torch.autograd.grad(value.sum(), [given[i] for i in wrt])


def alike(ours, theirs, dtype, single=SINGLE):
    for a, b in zip(ours, theirs, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        # torch rounds halves on the way, and sums them in half precision.
        tolerance = single if a.dtype == torch.float32 == theirs[0].dtype else HALF[dtype]
        if b.dtype in (torch.float16, torch.bfloat16):  # where torch's own overflows on the way
            (a, b) = (a[b.isfinite()], b[b.isfinite()])
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_halves(kind, function, options, inputs, wrt, dtype, reduction):
    given = options_in(options, dtype)
    theirs = outcome(getattr(torch.nn, kind)(**given, reduction=reduction), inputs, wrt, dtype, dtype)
    assert theirs[0].dtype == (getattr(torch, dtype) if kind in HALF_IN_TORCH else torch.float32)
    alike(outcome(getattr(pnn, kind)(**given, reduction=reduction), inputs, wrt, dtype, dtype), theirs, dtype)

    def call(*arguments):
        return getattr(pF, function)(*arguments, **given, reduction=reduction)

    alike(outcome(call, inputs, wrt, dtype, dtype), theirs, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_wide(kind, function, options, inputs, wrt, dtype):
    """float32 and float64 are left alone."""
    given = options_in(options, dtype)
    (ours, theirs) = (outcome(getattr(home, kind)(**given), inputs, wrt, dtype, "bfloat16") for home in (pnn, torch.nn))
    assert ours[0].dtype == getattr(torch, dtype)
    alike(ours, theirs, "bfloat16")


@pytest.mark.parametrize(
    "kind", [name for name in FIRST if len(FIRST[name][1]) > 1 and FIRST[name][1][1].dtype.kind == "f"]
)
def test_half_beside_single(kind):
    """What autocast is for: a prediction in half precision, and a target that never was."""
    (options, inputs) = FIRST[kind]
    given = options_in(options, "float32")

    def run(home):
        pred = tensor(inputs[0], "bfloat16", True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = getattr(home, kind)(**given)(pred, *(tensor(one, "float32") for one in inputs[1:]))
        return value.detach(), *torch.autograd.grad(value, pred)

    single = (
        HALF["bfloat16"] if kind in HALF_IN_TORCH else SINGLE
    )  # torch computes in half precision before it promotes
    alike(run(pnn), run(torch.nn), "bfloat16", single)


@pytest.mark.parametrize("kind", FIRST)
def test_compiled(kind):
    (options, inputs) = FIRST[kind]
    given = options_in(options, "bfloat16")
    arguments = [tensor(value, "bfloat16") for value in inputs]
    for loss in (getattr(pnn, kind)(**given), pF.__dict__[next(f for k, f, *_ in TABLE if k == kind)]):
        extra = {} if isinstance(loss, torch.nn.Module) else given

        def step(*tensors, loss=loss, extra=extra):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return loss(*tensors, **extra)

        torch.compiler.reset()
        found = torch.compile(step, fullgraph=True, backend="aot_eager")(*arguments)
        alike([found], [step(*arguments)], "bfloat16")
        outside = torch.compile(loss, fullgraph=True, backend="aot_eager")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            alike([outside(*arguments, **extra)], [step(*arguments)], "bfloat16")


def test_only_its_own_device_and_time():
    half = torch.ones(2, dtype=torch.bfloat16)
    with torch.autocast("cpu", enabled=False):
        assert pF.mse_loss(half, half).dtype == torch.bfloat16
    with torch.autocast("cpu", dtype=torch.float16):
        assert pF.mse_loss(half, half).dtype == torch.float32
        with torch.autocast("cpu", enabled=False):
            assert pF.mse_loss(half, half).dtype == torch.bfloat16
        assert pF.mse_loss(np.float16([1]), np.float16([1])).dtype == np.float16  # NumPy knows nothing of it
    assert pF.mse_loss(half, half).dtype == torch.bfloat16
