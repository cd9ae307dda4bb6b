"""Tensors of different dtypes: the dtypes of value and gradients are those to which torch promotes."""

import itertools
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.torch.nn.functional as pF
from polyloss import dispatch

FLOATS = ("float64", "float32", "float16", "bfloat16")
OTHERS = ("int64", "int16", "uint8", "bool")
SHAPES = {"rows": ((4,), (4,)), "number as target": ((4,), ()), "number as input": ((), (4,))}
INPUT = np.array([0.25, 0.5, 0.75, 0.875])
TARGET = np.array([1.0, 0.0, 1.0, 0.0])
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 5e-3, "bfloat16": 4e-2}

REGRESSIONS = ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss")
BINARIES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
DIFFERENT = ("huber_loss", "binary_cross_entropy_with_logits")
"""Losses in which torch returns another dtype than the promoted one, by accident: the findings of that name say how."""
NAMES = (*REGRESSIONS, *BINARIES, "poisson_nll_loss", "gaussian_nll_loss", "kl_div", "hinge_embedding_loss",
         "soft_margin_loss", "margin_ranking_loss")  # fmt: skip
WITHOUT_TARGET = (
    "hinge_embedding_loss",
    "soft_margin_loss",
    "margin_ranking_loss",
)  # no gradient, or none of mixed dtypes

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def arguments(name, shapes):
    """Input, target, and what else the loss takes."""
    (x, y) = (
        values[:1].reshape(shape) if shape == () else values
        for values, shape in zip((INPUT, TARGET), shapes, strict=False)
    )
    if name == "kl_div":  # torch has no gradient for a target of 0
        return [x, 1 + y]
    if name == "gaussian_nll_loss":
        return [x, y, np.full(x.shape, 0.5)]
    if name == "margin_ranking_loss":
        return [x, x * 0.5, 1 - 2 * y]
    return [x, y]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: it is what is compared with")


def outcome(torch, function, name, values, dtypes, **options):
    """Value and gradients, or None where the call or its gradient is refused."""
    given = [torch.tensor(value, dtype=getattr(torch, dtype)) for value, dtype in zip(values, dtypes, strict=False)]
    wrt = [one for one in (given[:1] if name in WITHOUT_TARGET else given) if one.is_floating_point()]
    for one in wrt:
        one.requires_grad_()
    try:
        value = function(*given, **options)
        return value, torch.autograd.grad(value.sum(), wrt) if wrt else ()
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return None


def same(ours, theirs):
    if ours is None or theirs is None:
        assert ours is theirs
        return
    for a, b in zip((ours[0], *ours[1]), (theirs[0], *theirs[1]), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        coarsest = max(TOLERANCE[str(one.dtype)[6:]] for one in (ours[0], *ours[1]))
        np.testing.assert_allclose(a.detach().double(), b.detach().double(), rtol=coarsest, atol=coarsest)


def pairs(second):
    return [pair for pair in itertools.product(FLOATS, second) if pair[0] != pair[1]]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in DIFFERENT])
def test_floats(torch, name, shapes):
    if name == "margin_ranking_loss" and shapes != "rows":
        pytest.skip("refused: its tensors have one rank")
    values = arguments(name, SHAPES[shapes])
    for pair in pairs(FLOATS):
        dtypes = (*pair, pair[1 if name == "margin_ranking_loss" else 0])
        ours = outcome(torch, getattr(pF, name), name, values, dtypes)
        theirs = outcome(torch, getattr(torch.nn.functional, name), name, values, dtypes)
        refused = name == "binary_cross_entropy" or (name == "soft_margin_loss" and shapes == "number as input")
        assert (ours is None) == refused, pair
        same(ours, theirs)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_integers(torch, name, shapes):
    """As targets, in every width; torch's huber_loss has no gradient for them."""
    if name == "margin_ranking_loss" and shapes != "rows":
        pytest.skip("refused: its tensors have one rank")
    values = arguments(name, SHAPES[shapes])
    for floating, integer in pairs(OTHERS):
        if integer in ("uint8", "bool") and name in ("soft_margin_loss", "margin_ranking_loss"):
            continue  # torch negates the target, which wraps: see test_unsigned_targets
        dtypes = (floating, floating, integer) if name == "margin_ranking_loss" else (floating, integer, floating)
        ours = outcome(torch, getattr(pF, name), name, values, dtypes)
        theirs = outcome(torch, getattr(torch.nn.functional, name), name, values, dtypes)
        if name == "huber_loss":
            assert theirs is None
            value = getattr(torch.nn.functional, name)(
                *(torch.tensor(v, dtype=getattr(torch, dtype)) for v, dtype in zip(values, dtypes, strict=False))
            )
            theirs = (value, ours[1])
        same(ours, theirs)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "smooth_l1_loss", "margin_ranking_loss"])
def test_integer_input(torch, name, shapes):
    if name == "margin_ranking_loss" and shapes != "rows":
        pytest.skip("refused: its tensors have one rank")
    values = [np.round(arguments(name, SHAPES[shapes])[0] * 4), *arguments(name, SHAPES[shapes])[1:]]
    for floating, integer in pairs(OTHERS):
        dtypes = (integer, floating, floating)
        same(*(outcome(torch, getattr(home, name), name, values, dtypes) for home in (pF, torch.nn.functional)))


def test_unsigned_targets(torch):
    """A label of 1 in an unsigned dtype is 1: torch's minus turns it into 255."""
    one = torch.ones(1, dtype=torch.uint8)
    x = torch.full((1,), 2.0, requires_grad=True)
    assert pF.margin_ranking_loss(x, torch.zeros(1), one) == 0
    assert torch.nn.functional.margin_ranking_loss(x, torch.zeros(1), one) == 2 * 255
    (ours, theirs) = (
        torch.autograd.grad(home.soft_margin_loss(x, one), x)[0].item() for home in (pF, torch.nn.functional)
    )
    assert ours == pytest.approx(-1 / (1 + np.exp(2.0)), rel=1e-6)
    assert np.isnan(theirs)


@pytest.mark.parametrize("name", DIFFERENT)
def test_promoted_where_torch_is_not(torch, name):
    """torch returns the input's dtype and fails in the gradient (huber_loss), or returns the target's (with logits)."""
    values = arguments(name, SHAPES["rows"])
    for pair in pairs(FLOATS):
        (value, gradients) = outcome(torch, getattr(pF, name), name, values, pair)
        (expected, _) = outcome(torch, pF.mse_loss, "mse_loss", values, pair)
        assert value.dtype == expected.dtype
        assert [str(one.dtype)[6:] for one in gradients] == list(pair)
        given = [torch.tensor(one, dtype=getattr(torch, dtype)) for one, dtype in zip(values, pair, strict=False)]
        native = getattr(torch.nn.functional, name)
        assert native(*given).dtype == given[name != "huber_loss"].dtype
        assert (outcome(torch, native, name, values, pair) is None) == (name == "huber_loss")


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(
    ("name", "weight"),
    [(name, "weight") for name in ("l1_loss", "mse_loss", "huber_loss", *BINARIES)] + [(BINARIES[1], "pos_weight")],
)
def test_weights(torch, name, weight, reduction):
    """Of any dtype: they promote the losses of differences, and nothing else."""
    values = arguments(name, SHAPES["rows"])
    for dtype, other in pairs((*FLOATS, "int64")):
        given = torch.tensor([1.0, 2.0, 0.0, 3.0], dtype=getattr(torch, other))
        options = {weight: given, "reduction": reduction}

        ours, theirs = (
            outcome(torch, getattr(home, name), name, values, (dtype, dtype), **options)
            for home in (pF, torch.nn.functional)
        )
        same(ours, theirs)


@pytest.mark.parametrize("framework", ["numpy", "jax", "tensorflow", "mxnet"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "binary_cross_entropy"])
def test_other_frameworks(torch, name, framework):
    """The dtype is the same everywhere, and the value is."""
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    backend = dispatch.backend(framework)
    values = arguments(name, SHAPES["rows"])
    mixed = [("float16", "float32"), ("float32", "float16"), ("float32", "int32"), ("float16", "int8")]
    for pair in mixed[: None if name not in ("kl_div", *BINARIES) else 2]:
        dtypes = (pair[0], pair[0], pair[1]) if name == "margin_ranking_loss" else (*pair, pair[0])
        expected = outcome(torch, getattr(pF, name), name, values, dtypes)[0].detach()
        found = getattr(pF, name)(
            *(backend.from_numpy(value, dtype) for value, dtype in zip(values, dtypes, strict=False))
        )
        assert backend.op_set(found).dtype(found) == str(expected.dtype)[6:]
        tolerance = TOLERANCE[str(expected.dtype)[6:]]
        np.testing.assert_allclose(
            backend.to_numpy(found).reshape(()), expected.double(), rtol=tolerance, atol=tolerance
        )
