"""The tests of promotion, automatic mixed precision, warnings and parts are tested: what is deliberately wrong must fail in them."""

import warnings
from contextlib import contextmanager

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")

from polyloss import calls, dispatch  # noqa: E402
from polyloss.torch.nn import base  # noqa: E402

from . import test_autocast, test_parts, test_promotion, test_transforms, test_warnings  # noqa: E402
from .table import TABLE  # noqa: E402

OPS = type(dispatch.backend("torch").op_set(torch.ones(1)))
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@contextmanager
def replaced(owner, name, make):
    original = getattr(owner, name)
    setattr(owner, name, make(original))
    try:
        yield
    finally:
        setattr(owner, name, original)


def row(kind, options=None):
    return next(one for one in TABLE if one[0] == kind and (options is None or set(one[2]) == set(options)))


def promoting(kind, name):
    """The promotion test of a loss."""
    return lambda: getattr(test_promotion, name)(torch, kind, "rows")


def result(dtype):
    """Promotion with another dtype of the result."""

    def make(original):
        def wrong(F, loss, **given):
            (parts, right) = original(F, loss, **given)
            return parts, dtype(F, given, right)

        return wrong

    return make


def of_input(F, given, right):
    return F.dtype(given.get("input", given.get("log_input", given.get("input1"))))


def with_denominator(change):
    """`reduced` with another denominator where a loss is taken apart."""

    def make(original):
        def wrong(F, loss, mode, *rest):
            both = original(F, loss, mode, *rest)
            return (both[0], change(both[1])) if isinstance(both, tuple) else both

        return wrong

    return make


SABOTAGES = {
    "result in the input's dtype": (base, "promoted", result(of_input), promoting("mse_loss", "test_floats")),
    "like ignored": (
        base,
        "promoted",
        lambda f: lambda F, loss, like=None, **given: f(F, loss, **given),
        promoting("hinge_embedding_loss", "test_floats"),
    ),
    "booleans taken": (
        base,
        "promoted",
        lambda f: lambda F, loss, boolean=True, **given: f(F, loss, **given),
        promoting("l1_loss", "test_integers"),
    ),
    "numbers promote": (
        base,
        "promoted",
        lambda f: lambda F, loss, **given: f(F, loss, **{**given, "expanded": True}),
        lambda: test_promotion.test_floats(torch, "kl_div", "number as target"),
    ),
    "numbers never promote": (
        base,
        "promoted",
        lambda f: lambda F, loss, **given: f(F, loss, **{**given, "expanded": False}),
        lambda: test_promotion.test_floats(torch, "mse_loss", "number as target"),
    ),
    "autocast ignored": (
        OPS,
        "autocast_dtype",
        lambda f: lambda self, data: self.dtype(data),
        lambda: test_autocast.test_halves(*row("MSELoss"), "bfloat16", "mean"),
    ),
    "autocast everywhere": (
        base,
        "promoted",
        lambda f: lambda F, loss, autocast=True, **given: f(F, loss, **given),
        lambda: test_autocast.test_halves(*row("GaussianNLLLoss"), "bfloat16", "mean"),
    ),
    "autocast of every device": (
        OPS,
        "autocast_dtype",
        lambda f: lambda self, data: "float32" if str(data.dtype) == "torch.bfloat16" else self.dtype(data),
        test_autocast.test_only_its_own_device_and_time,
    ),
    "denominator of one more": (
        base,
        "reduced",
        with_denominator(lambda denominator: denominator + 1),
        lambda: test_parts.test_pieces_add_up(*row("L1Loss"), "torch"),
    ),
    "denominator of 1": (
        base,
        "reduced",
        with_denominator(lambda denominator: denominator * 0 + 1),
        lambda: test_parts.test_pieces_add_up(*row("KLDivLoss"), "torch"),
    ),
    "warning at the loss": (
        calls,
        "warn",
        lambda f: lambda message: warnings.warn(message, stacklevel=1),
        lambda: test_warnings.test_broadcast("MSELoss", "numpy"),
    ),
    "gradient of the mean lost": (
        OPS,
        "mean",
        lambda f: lambda self, data, *a, **k: f(self, data.detach(), *a, **k) + 0 * f(self, data, *a, **k),
        lambda: test_transforms.test_vmap_of_grad(row("MSELoss")[0], *row("MSELoss")[2:]),
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    (owner, attribute, make, check) = SABOTAGES[name]
    check()
    with replaced(owner, attribute, make), pytest.raises(AssertionError):
        check()
