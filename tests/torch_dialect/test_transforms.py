"""torch.func and JAX's transformations, first and second order, of every loss of the table: against torch's own losses, one by one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")

import polyloss.torch.nn as pnn  # noqa: E402

from .table import IDS, TABLE  # noqa: E402
from .test_native import options_in, tensor  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

EXCUSED: dict[tuple[str, str], str] = {
    (test, kind): f"torch has no second derivative of it: {own} looks at ours"
    for test in ("test_hessian", "test_jax_hessian")
    for kind, own in (
        ("MultiMarginLoss", "test_multi"),
        ("MultiLabelMarginLoss", "test_multi"),
        ("CTCLoss", "test_ctc"),
    )
}
"""What a loss cannot do or torch's own cannot, by test and class, and why."""


@pytest.fixture(autouse=True)
def excuse(request, kind):
    reason = EXCUSED.get((request.function.__name__, kind))
    if reason is not None:
        pytest.skip(reason)


ROWS = pytest.mark.parametrize(
    ("kind", "options", "inputs", "wrt"), [(kind, *rest) for kind, _, *rest in TABLE], ids=IDS
)


def both(kind, options, **more):
    """Our loss and torch's."""
    given = options_in(options, "float64")
    return getattr(pnn, kind)(**given, **more), getattr(torch.nn, kind)(**given, **more)


def tensors(inputs):
    return [tensor(value, "float64") for value in inputs]


def in_jax(arguments):
    import jax

    return [jax.numpy.asarray((one.float() if one.is_floating_point() else one).numpy()) for one in arguments]


def gradients(loss, arguments, wrt, create_graph=False):
    given = [one.detach().requires_grad_() if i in wrt else one for i, one in enumerate(arguments)]
    return torch.autograd.grad(loss(*given), [given[i] for i in wrt], create_graph=create_graph), given


def batches(arguments):
    """Three calls: the arguments, upside down, and again."""
    return [arguments, [one.flip(0) if one.ndim else one for one in arguments], arguments]


def stacked(calls):
    return [torch.stack(column) for column in zip(*calls, strict=True)]


def close(ours, theirs, tolerance=1e-10):
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)


def smooth(arguments, wrt):
    """The arguments moved off kinks, ties and the ends of domains, where a second derivative has two values, or none."""
    return [0.999 * one + 0.0004 * (i + 1) if i in wrt else one for i, one in enumerate(arguments)]


def second(loss, arguments, wrt):
    """The second derivatives by every pair of inputs, by differentiating twice."""
    (first, given) = gradients(loss, arguments, wrt, create_graph=True)
    found = []
    for gradient in first:
        for index in range(gradient.numel()):
            one = gradient.reshape(-1)[index]
            rows = (
                torch.autograd.grad(one, [given[i] for i in wrt], retain_graph=True, allow_unused=True)
                if one.requires_grad
                else [None] * len(wrt)
            )
            found += [torch.zeros_like(given[i]) if row is None else row for i, row in zip(wrt, rows, strict=True)]
    return found


@ROWS
def test_grad(kind, options, inputs, wrt):
    (ours, theirs) = both(kind, options)
    arguments = tensors(inputs)
    close(torch.func.grad(ours, argnums=wrt)(*arguments), gradients(theirs, arguments, wrt)[0])


@ROWS
def test_vmap(kind, options, inputs, wrt):
    (ours, theirs) = both(kind, options)
    calls = batches(tensors(inputs))
    expected = torch.stack([theirs(*call) for call in calls])
    close(torch.func.vmap(ours)(*stacked(calls)), expected)
    shared = (0,) + (None,) * (len(inputs) - 1)
    expected = torch.stack([theirs(call[0], *calls[0][1:]) for call in calls])
    close(torch.func.vmap(ours, in_dims=shared)(stacked(calls)[0], *calls[0][1:]), expected)


@ROWS
def test_vmap_of_grad(kind, options, inputs, wrt):
    (ours, theirs) = both(kind, options)
    calls = batches(tensors(inputs))
    expected = tuple(stacked([gradients(theirs, call, wrt)[0] for call in calls]))
    close(torch.func.vmap(torch.func.grad(ours, argnums=wrt))(*stacked(calls)), expected)


@ROWS
def test_jacobian(kind, options, inputs, wrt):
    (ours, theirs) = both(kind, options, reduction="none")
    arguments = tensors(inputs)
    fixed = arguments[1:]
    expected = torch.autograd.functional.jacobian(lambda x: theirs(x, *fixed), arguments[0])
    close(torch.func.jacrev(ours)(*arguments), expected)
    close(torch.func.jacfwd(ours)(*arguments), expected)


@ROWS
def test_hessian(kind, options, inputs, wrt):
    (ours, theirs) = both(kind, options, reduction="sum")
    arguments = smooth(tensors(inputs), wrt)
    expected = second(theirs, arguments, wrt)
    close(second(ours, arguments, wrt), expected, 1e-8)  # torch adds 1e-12 to a square of probabilities
    blocks = torch.func.hessian(ours, argnums=wrt)(*arguments)
    found = []
    for i, row in zip(wrt, blocks, strict=True):
        for index in np.ndindex(tuple(arguments[i].shape)):
            found += [block[index] for block in row]
    close(found, expected, 1e-8)


@ROWS
def test_jax(kind, options, inputs, wrt):
    jax = pytest.importorskip("jax")
    loss = getattr(pnn, kind)(**options)
    given = [in_jax(call) for call in batches(tensors(inputs))]
    columns = [jax.numpy.stack(column) for column in zip(*given, strict=True)]
    single = {"rtol": 2e-5, "atol": 2e-5}
    np.testing.assert_allclose(jax.vmap(loss)(*columns), [loss(*call) for call in given], **single)
    grad = jax.grad(loss, argnums=wrt)
    for found, expected in zip(
        jax.vmap(grad)(*columns), zip(*(grad(*call) for call in given), strict=True), strict=True
    ):
        np.testing.assert_allclose(found, np.stack(expected), **single)


@ROWS
def test_jax_hessian(kind, options, inputs, wrt):
    jax = pytest.importorskip("jax")
    (_, theirs) = both(kind, options)
    arguments = smooth(tensors(inputs), wrt)
    expected = torch.stack(second(theirs, arguments, (0,)))
    found = jax.hessian(getattr(pnn, kind)(**options))(*in_jax(arguments))
    np.testing.assert_allclose(
        np.reshape(found, expected.shape), expected, rtol=2e-4, atol=2e-4 * float(expected.abs().max())
    )
