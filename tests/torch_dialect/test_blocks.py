"""What torch computes block by block is what it computes at once: value, first and second derivative, twice from one graph."""

from functools import partial

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what works in blocks")

import polyloss.torch.nn as pnn  # noqa: E402
from polyloss import dispatch  # noqa: E402

ELEMENTS = 7
X = torch.linspace(-1.5, 2, 15, dtype=torch.float64).reshape(5, 3)
Y = torch.linspace(0.9, 0.1, 15, dtype=torch.float64).reshape(5, 3)
CLASS = torch.tensor([0, 2, 1, 1, 0])
SIGN = torch.tensor([1.0, -1, 1, 1, -1], dtype=torch.float64)
CALLS = {
    "MSELoss": (pnn.MSELoss(), (X, Y)),
    "HuberLoss": (pnn.HuberLoss(reduction="sum"), (X, Y)),
    "BCELoss": (pnn.BCELoss(), (X.sigmoid(), Y)),
    "GaussianNLLLoss": (pnn.GaussianNLLLoss(), (X, Y, Y.square())),
    "KLDivLoss": (pnn.KLDivLoss(reduction="batchmean"), (X.log_softmax(1), Y)),
    "CrossEntropyLoss": (pnn.CrossEntropyLoss(label_smoothing=0.1), (X, CLASS)),
    "CrossEntropyLoss of probabilities": (pnn.CrossEntropyLoss(reduction="sum"), (X, Y)),
    "MultiMarginLoss": (pnn.MultiMarginLoss(p=2), (X, CLASS)),
    "MultiLabelSoftMarginLoss": (pnn.MultiLabelSoftMarginLoss(), (X, Y)),
    "CosineEmbeddingLoss": (pnn.CosineEmbeddingLoss(margin=-0.5), (X, Y, SIGN)),
    "TripletMarginLoss": (pnn.TripletMarginLoss(swap=True), (X, Y, X.square())),
}


def derivatives(loss, args, scale):
    """The scaled value, its gradients by all floating arguments, twice, and the gradients of the sum of their squares."""
    given = [one.clone().requires_grad_(one.is_floating_point()) for one in args]
    by = [one for one in given if one.requires_grad]
    value = loss(*given) * scale
    gradient = partial(torch.autograd.grad, allow_unused=True, materialize_grads=True)  # that of a sign is 0
    first = gradient(value, by, retain_graph=True)
    again = gradient(value, by, retain_graph=True)
    total = sum(one.square().sum() for one in gradient(value, by, create_graph=True))
    return [value.detach(), *first, *again, *gradient(total, by)]


@pytest.mark.parametrize("name", CALLS)
def test_blocks(name, monkeypatch):
    from polyloss_backends import torch as ours

    (loss, args) = CALLS[name]
    taken = []
    monkeypatch.setattr(ours, "_in_blocks", lambda *a, f=ours._in_blocks: taken.append(a[1]) or f(*a))
    with dispatch.fused(False):
        want = derivatives(loss, args, 3.0)
    assert not taken
    monkeypatch.setattr(ours, "BLOCK", ELEMENTS)
    found = derivatives(loss, args, 3.0)
    assert len(taken) == 2, "once with the value, once for the second gradient of one graph"
    with torch.no_grad():
        torch.testing.assert_close(loss(*args) * 3.0, want[0], rtol=1e-12, atol=0)
    for one, other in zip(found, want, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_transforms_and_compilers_get_all_at_once(monkeypatch):
    from polyloss_backends import torch as ours

    monkeypatch.setattr(ours, "BLOCK", ELEMENTS)
    monkeypatch.setattr(ours, "_in_blocks", lambda *a: pytest.fail("a transform met the blocks"))
    loss = pnn.CrossEntropyLoss()
    with dispatch.fused(False):
        want = loss(X, CLASS)
    stacked = torch.func.vmap(loss, in_dims=(0, None))(torch.stack([X, X]), CLASS)
    torch.testing.assert_close(stacked, want.expand(2))
    for transformed in (
        torch.compile(loss, backend="eager", fullgraph=True),
        lambda x, y: torch.func.jvp(lambda one: loss(one, y), (x,), (x,))[0],
    ):
        torch.testing.assert_close(transformed(X, CLASS), want)
