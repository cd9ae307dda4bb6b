"""torch.compile takes a loss whole: as one operation of its tracer's graph, compiled anew whenever what it depends on has changed."""

from functools import partial, wraps

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: it is what compiles")

import polyloss.torch.nn as pnn  # noqa: E402
import polyloss.torch.nn.functional as pF  # noqa: E402
from polyloss import dispatch  # noqa: E402
from tests.torch_dialect.test_blocks import CALLS, X, Y  # noqa: E402


class Seen:
    """A compiler that keeps the graphs which it gets, and runs them as AOTAutograd does."""

    def __init__(self):
        self.graphs = []

    def __call__(self, graph, examples):
        from torch._dynamo.backends.debugging import aot_eager

        self.graphs.append(graph)
        return aot_eager(graph, examples)

    def operations(self):
        """Of the last graph."""
        return [node.target for node in self.graphs[-1].graph.nodes if node.op.startswith("call")]


@pytest.fixture
def seen():
    torch.compiler.reset()
    yield Seen()
    torch.compiler.reset()


def eager(loss, *args):
    """By its formula, so that nothing is remembered of the call."""
    with dispatch.fused(False):
        return loss(*args)


@pytest.mark.parametrize("name", CALLS)
def test_a_loss_is_one_operation(seen, name):
    (loss, args) = CALLS[name]
    compiled = torch.compile(loss, fullgraph=True, backend=seen)
    leaf = args[0].detach().clone().requires_grad_()
    for _ in range(2):
        torch.testing.assert_close(compiled(leaf, *args[1:]), eager(loss, leaf, *args[1:]), rtol=1e-10, atol=1e-12)
    (slope,) = torch.autograd.grad(compiled(leaf, *args[1:]), leaf)
    (want,) = torch.autograd.grad(eager(loss, leaf, *args[1:]), leaf)
    torch.testing.assert_close(slope, want, rtol=1e-10, atol=1e-12)
    assert len(seen.graphs) == 1
    assert len(seen.operations()) == 1


def test_a_change_of_an_option_takes_effect(seen):
    loss = pnn.TripletMarginLoss()
    compiled = torch.compile(loss, fullgraph=True, backend=seen)
    args = (X, Y, X.square())
    changes = ({}, {"margin": 2.0}, {"margin": 0.5}, {"reduction": "none"}, {"swap": True}, {"p": 1.0}, {"margin": 1})
    for change in changes:
        for name, value in change.items():
            setattr(loss, name, value)
        torch.testing.assert_close(compiled(*args), eager(loss, *args))


def test_a_weight_is_read_at_every_call(seen):
    loss = pnn.BCELoss(weight=torch.ones(3, dtype=X.dtype))
    compiled = torch.compile(loss, fullgraph=True, backend=seen)
    first = compiled(X.sigmoid(), Y)
    loss.weight.mul_(2)
    torch.testing.assert_close(compiled(X.sigmoid(), Y), 2 * first)
    loss.weight = None
    torch.testing.assert_close(compiled(X.sigmoid(), Y), first)


@pytest.mark.parametrize("dynamic", [False, None, True])
def test_other_shapes_and_dtypes(seen, dynamic):
    loss = pnn.KLDivLoss(reduction="batchmean")  # which divides by a size
    compiled = torch.compile(loss, fullgraph=True, backend=seen, dynamic=dynamic)
    for rows in (5, 3, 1):
        for dtype in (torch.float64, torch.float16):
            args = (X[:rows].log_softmax(1).to(dtype), Y[:rows].to(dtype))
            value = compiled(*args)
            assert value.dtype == dtype
            torch.testing.assert_close(value, eager(loss, *args))


THIRDS = torch.tensor([1.0, 2, 3], dtype=X.dtype)
WITH_OPTIONS = {
    "SmoothL1Loss of infinite beta": (pnn.SmoothL1Loss(beta=float("inf")), (X, Y)),
    "HuberLoss of infinite delta": (pnn.HuberLoss(delta=float("inf")), (X, Y)),
    "TripletMarginLoss of a power": (pnn.TripletMarginLoss(p=3.0, eps=1e-5, margin=0.3), (X, Y, X.square())),
    "TripletMarginLoss of the largest": (pnn.TripletMarginLoss(p=float("inf")), (X, Y, X.square())),
    "BCEWithLogitsLoss with weights": (pnn.BCEWithLogitsLoss(weight=THIRDS, pos_weight=THIRDS), (X, Y)),
    "GaussianNLLLoss of one variance a row": (pnn.GaussianNLLLoss(eps=1e-3), (X, Y, Y[:, 0].square())),
}


@pytest.mark.parametrize(
    ("name", "fullgraph"),
    [*((name, True) for name in (*CALLS, *WITH_OPTIONS)), ("HuberLoss", False), ("NLLLoss", False)],
)
def test_sizes_and_numbers_that_are_symbols(seen, name, fullgraph):
    (loss, args) = (CALLS | WITH_OPTIONS)[name]
    compiled = torch.compile(loss, dynamic=True, fullgraph=fullgraph, backend=seen)
    found = []
    for function in (compiled, partial(eager, loss)):
        leaf = args[0].detach().clone().requires_grad_()
        value = function(leaf, *args[1:])
        found.append((value, *torch.autograd.grad(value, leaf)))
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)
    assert seen.graphs


def test_another_op_set_is_followed(seen):
    loss = pnn.HuberLoss()
    compiled = torch.compile(loss, fullgraph=True, backend=seen)
    want = compiled(X, Y)
    with dispatch.fused(False):
        torch.testing.assert_close(compiled(X, Y), want)
        assert len(seen.operations()) > 1
    compiled(X, Y)
    assert len(seen.graphs) == 2


@pytest.mark.parametrize("fullgraph", [False, True])
def test_what_is_wrong_is_refused_in_its_own_words(seen, fullgraph):
    compiled = torch.compile(pnn.BCELoss(), fullgraph=fullgraph, backend=seen)
    error = torch._dynamo.exc.Unsupported if fullgraph else ValueError
    with pytest.raises(error, match="binary_cross_entropy: target has shape"):
        compiled(X.sigmoid(), Y[:2])
    loss = pnn.MarginRankingLoss(reduction="most")
    error = torch._dynamo.exc.Unsupported if fullgraph else ValueError
    with pytest.raises(error, match="margin_ranking_loss: reduction='most' is not one of"):
        torch.compile(loss, fullgraph=fullgraph, backend=seen)(X, Y, X)


def test_transforms_within(seen):
    (loss, args) = CALLS["CosineEmbeddingLoss"]

    def slopes(x):
        return torch.func.vmap(torch.func.grad(loss), in_dims=(0, None, None))(x, *args[1:])

    stacked = torch.stack([args[0], 2 * args[0]])
    torch.testing.assert_close(torch.compile(slopes, fullgraph=True, backend=seen)(stacked), eager(slopes, stacked))


def test_a_compiler_that_compiles_nothing_runs_the_loss_as_it_is(seen):
    compiled = torch.compile(pnn.BCELoss(), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(X.sigmoid(), Y), eager(pF.binary_cross_entropy, X.sigmoid(), Y))
    with pytest.raises(ValueError, match="input has elements outside"):
        compiled(X, Y)


def test_a_function_and_one_around_it(seen):
    @wraps(pF.binary_cross_entropy)
    def twice(*args):
        return 2 * pF.binary_cross_entropy(*args)

    want = eager(pF.binary_cross_entropy, X.sigmoid(), Y)
    for function, factor in ((pF.binary_cross_entropy, 1), (twice, 2)):
        compiled = torch.compile(function, backend=seen, fullgraph=True)
        torch.testing.assert_close(compiled(X.sigmoid(), Y), factor * want)
        assert len(seen.operations()) == factor


@pytest.mark.parametrize("wrt", [(0,), (0, 1)])
@pytest.mark.parametrize("kind", [pnn.BCEWithLogitsLoss, pnn.MultiLabelSoftMarginLoss])
def test_the_logistic_loss_is_exact_at_its_ends(seen, kind, wrt):
    """One exponential serves both its terms: in float32 neither value nor slope cancels, at 0 the slope is that of the smooth function."""
    x = torch.tensor([[0.0, -0.0, 20, -20, 20, -20, 120, -120, 120, -120, 1, -1]])
    y = torch.tensor([[1.0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0.25, 0.75]])
    loss = kind(reduction="sum")

    def outcome(function, dtype):
        leaves = [one.to(dtype).requires_grad_(i in wrt) for i, one in enumerate((x, y))]
        value = function(*leaves)
        return value, *torch.autograd.grad(value, [leaves[i] for i in wrt])

    found = outcome(torch.compile(loss, fullgraph=True, backend=seen), torch.float32)
    for one, other in zip(found, eager(outcome, loss, torch.float64), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-6, atol=1e-37)
