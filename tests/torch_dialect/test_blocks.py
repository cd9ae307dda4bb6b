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
ROWS = SIGN.unsqueeze(1).expand(5, 3).contiguous()
FRAMES = torch.linspace(-1, 1, 90, dtype=torch.float64).sin().reshape(6, 5, 3).log_softmax(2)
TARGETS = torch.tensor([[1, 2], [2, 1], [1, 1], [2, 2], [1, 2]])
LENGTHS = (torch.tensor([6, 5, 4, 6, 3]), torch.full((5,), 2))
CALLS = {
    "L1Loss": (pnn.L1Loss(), (X, Y)),
    "MSELoss": (pnn.MSELoss(), (X, Y)),
    "SmoothL1Loss": (pnn.SmoothL1Loss(beta=0.5), (X, Y)),
    "PoissonNLLLoss": (pnn.PoissonNLLLoss(), (X, Y)),
    "PoissonNLLLoss of rates": (pnn.PoissonNLLLoss(log_input=False), (Y, X.square())),
    "SoftMarginLoss": (pnn.SoftMarginLoss(), (X, ROWS)),
    "BCEWithLogitsLoss": (pnn.BCEWithLogitsLoss(), (X, Y)),
    "HingeEmbeddingLoss": (pnn.HingeEmbeddingLoss(), (X, ROWS)),
    "MarginRankingLoss": (pnn.MarginRankingLoss(margin=0.5), (X, Y, ROWS)),
    "NLLLoss": (pnn.NLLLoss(), (X.log_softmax(1), CLASS)),
    "plain CrossEntropyLoss": (pnn.CrossEntropyLoss(), (X, CLASS)),
    "plain TripletMarginLoss": (pnn.TripletMarginLoss(), (X, Y, X.square())),
    "sum of MultiLabelSoftMarginLoss": (pnn.MultiLabelSoftMarginLoss(reduction="sum"), (X, Y)),
    "HuberLoss": (pnn.HuberLoss(reduction="sum"), (X, Y)),
    "BCELoss": (pnn.BCELoss(), (X.sigmoid(), Y)),
    "GaussianNLLLoss": (pnn.GaussianNLLLoss(), (X, Y, Y.square())),
    "KLDivLoss": (pnn.KLDivLoss(reduction="batchmean"), (X.log_softmax(1), Y)),
    "CrossEntropyLoss": (pnn.CrossEntropyLoss(label_smoothing=0.1), (X, CLASS)),
    "CrossEntropyLoss of probabilities": (pnn.CrossEntropyLoss(reduction="sum"), (X, Y)),
    "MultiMarginLoss": (pnn.MultiMarginLoss(p=2), (X, CLASS)),
    "MultiLabelSoftMarginLoss": (pnn.MultiLabelSoftMarginLoss(), (X, Y)),
    "CosineEmbeddingLoss": (pnn.CosineEmbeddingLoss(margin=-0.5), (X, Y, SIGN)),
    "CTCLoss": (pnn.CTCLoss(), (FRAMES, TARGETS, *LENGTHS)),
    "CTCLoss of concatenated targets": (pnn.CTCLoss(reduction="sum"), (FRAMES, TARGETS.reshape(-1), *LENGTHS)),
    "CTCLoss of many labels": (pnn.CTCLoss(), (FRAMES, TARGETS, *LENGTHS)),
    "CTCLoss of many concatenated targets": (
        pnn.CTCLoss(reduction="sum", blank=1),
        (FRAMES, torch.tensor([2, 0, 2, 2, 0, 2]), LENGTHS[0], torch.tensor([1, 1, 2, 1, 1])),
    ),
    "TripletMarginLoss": (pnn.TripletMarginLoss(swap=True), (X, Y, X.square())),
}


def derivatives(loss, args, scale, every=True):
    """The scaled value, its gradients by the first or all floating arguments, twice, and the gradients of the sum of their squares."""
    given = [one.clone().requires_grad_(one.is_floating_point() and (every or one is args[0])) for one in args]
    by = [one for one in given if one.requires_grad]
    value = loss(*given) * scale
    gradient = partial(torch.autograd.grad, allow_unused=True, materialize_grads=True)  # that of a sign is 0
    first = gradient(value, by, retain_graph=True)
    again = gradient(value, by, retain_graph=True)
    total = sum(one.square().sum() for one in gradient(value, by, create_graph=True))
    return [
        value.detach(),
        *first,
        *again,
        *(gradient(total, by) if total.requires_grad else map(torch.zeros_like, by)),
    ]


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_blocks(name, every, monkeypatch):
    from polyloss_backends import torch_kernels
    from polyloss_backends import torch_ready as ours

    (loss, args) = CALLS[name]
    taken = []
    ready = ours.computed

    def computed(whole, compute, data):
        def noted(*given):
            found = compute(*given)
            taken.append(found)  # unless it has refused them
            return found

        return ready(whole, noted, data)

    monkeypatch.setattr(ours, "computed", computed)
    with dispatch.fused(False):
        want = derivatives(loss, args, 3.0, every)
    assert not taken
    for limit in ("BLOCK", "FEW", "MANY"):
        monkeypatch.setattr(ours, limit, ELEMENTS)
    if "many" in name:
        monkeypatch.setattr(torch_kernels, "_MANY_LABELS", 1)
    found = derivatives(loss, args, 3.0, every)
    if name != "NLLLoss":  # which is one operation of torch
        assert len(taken) == 2, "once with the value, once for the second gradient of one graph"
    with torch.no_grad():
        torch.testing.assert_close(loss(*args) * 3.0, want[0], rtol=1e-12, atol=0)
    for one, other in zip(found, want, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_transforms_and_compilers_get_all_at_once(monkeypatch):
    from polyloss_backends import torch_ready as ours

    monkeypatch.setattr(ours, "BLOCK", ELEMENTS)
    monkeypatch.setattr(ours, "in_blocks", lambda *a: pytest.fail("a transform met the blocks"))
    loss = pnn.CrossEntropyLoss()
    with dispatch.fused(False):
        want = loss(X, CLASS)
    stacked = torch.func.vmap(loss, in_dims=(0, None))(torch.stack([X, X]), CLASS)
    torch.testing.assert_close(stacked, want.expand(2))
    for transformed in (
        torch.compile(loss, backend="aot_eager", fullgraph=True),
        lambda x, y: torch.func.jvp(lambda one: loss(one, y), (x,), (x,))[0],
    ):
        torch.testing.assert_close(transformed(X, CLASS), want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logistic_forms_are_exact(dtype, monkeypatch):
    """Those for many elements too, one by one, against the composition in float64."""
    from polyloss_backends import torch_ready

    monkeypatch.setattr(torch_ready, "FEW", 0)
    for x in (-80.0, -20.0, -1.0, -1e-4, -0.0, 0.0, 1e-4, 1.0, 20.0, 80.0):
        for loss, labels in ((pnn.BCEWithLogitsLoss(), (0.0, 0.25, 1.0)), (pnn.SoftMarginLoss(), (-1.0, 1.0))):
            for y in labels:
                with dispatch.fused(False):
                    want = derivatives(loss, [torch.tensor([one], dtype=torch.float64) for one in (x, y)], 1.0, False)
                found = derivatives(loss, [torch.tensor([one], dtype=dtype) for one in (x, y)], 1.0, False)
                eps = 8 * torch.finfo(dtype).eps
                for one, other in zip(found[:2], want[:2], strict=True):
                    torch.testing.assert_close(one.double(), other, rtol=eps, atol=torch.finfo(dtype).tiny)
