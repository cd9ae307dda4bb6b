"""Triplet and cosine embedding losses: what the table shared by all losses does not reach."""

import math
import pickle

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import parts

A = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])
P = np.array([[1.5, 2.0, 0.0], [0.5, 0.25, -1.0]])
N = np.array([[0.0, -1.0, 3.0], [0.5, 0.0, -0.75]])
TARGET = np.array([1.0, -1.0])
TRIPLETS = ["triplet_margin_loss", "triplet_margin_with_distance_loss"]


@pytest.mark.parametrize("name", TRIPLETS)
def test_triplets_refused(name):
    loss = getattr(pF, name)
    for margin in (0, -1.0):
        with pytest.raises(ValueError, match=f"{name}: margin={margin} must be above 0"):
            loss(A, P, N, margin=margin)
    with pytest.raises(TypeError, match=f"{name}: margin is '1'"):
        loss(A, P, N, margin="1")
    with pytest.raises(ValueError, match=rf"{name}: anchor, positive and negative have shapes \[\(2, 3\), \(3,\)"):
        loss(A, P[0], N)
    with pytest.raises(ValueError, match=f"{name}: the shapes do not broadcast: anchor"):
        loss(A, P, N[:, :2])
    with pytest.raises(ValueError, match=f"{name}: the shapes do not broadcast: .*anchor, negative"):
        loss(A[:1], P, np.ones((3, 3)))


@pytest.mark.parametrize("kind", [pnn.TripletMarginLoss, pnn.TripletMarginWithDistanceLoss])
def test_margin_is_refused_at_construction(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}: margin=0 must be above 0"):
        kind(margin=0)


def test_norm_refused():
    with pytest.raises(TypeError, match="triplet_margin_loss: p is 'x'"):
        pF.triplet_margin_loss(A, P, N, p="x")
    for p in (math.inf, -1):
        with pytest.raises(ValueError, match=f"triplet_margin_loss: vectors of no elements have no norm for p={p}"):
            pF.triplet_margin_loss(A[:, :0], P[:, :0], N[:, :0], p=p)
    assert pF.triplet_margin_loss(A[:, :0], P[:, :0], N[:, :0], p=3) == 1


def test_distance_refused():
    name = "triplet_margin_with_distance_loss"
    with pytest.raises(TypeError, match=f"{name}: distance_function is 'l1'; it must be a function"):
        pF.triplet_margin_with_distance_loss(A, P, N, distance_function="l1")
    with pytest.raises(TypeError, match=rf"{name}: distance_function\(anchor, positive\) is 3.0, a float"):
        pF.triplet_margin_with_distance_loss(A, P, N, distance_function=lambda x, y: 3.0)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (2, 3), ()), ((3,), (3,), (1,)), ((2, 3), (2, 3), (2, 1)), ((2, 3), (3,), (2,))]
)
def test_ranks_of_cosines(shapes):
    with pytest.raises(ValueError, match="cosine_embedding_loss: input1, input2 and target have shapes"):
        pF.cosine_embedding_loss(*map(np.ones, shapes))


def test_batch_of_cosines():
    with pytest.raises(ValueError, match=r"cosine_embedding_loss: the shapes do not broadcast: .*target"):
        pF.cosine_embedding_loss(A, P, np.ones(3))


def test_by_hand():
    """Epsilon is signed, in each of the distances; the swap is that of positive to negative."""
    (a, p, n) = ([0.0], [1.0], [3.0])
    one = [np.array(x) for x in (a, p, n)]
    assert pF.triplet_margin_loss(*one, eps=0.25, margin=4.0) == 4 + 0.75 - 2.75
    assert pF.triplet_margin_loss(*one, eps=0.25, margin=4.0, swap=True) == 4 + 0.75 - 1.75
    assert pF.triplet_margin_loss(*one[::-1], eps=0.25, margin=1.0, swap=True) == 1 + 2.25 - 1.25
    assert pF.pairwise_distance(np.array([3.0, 4.0]), np.zeros(2), eps=0.0, keepdim=True).tolist() == [5.0]


def test_large_powers():
    """Where torch has infinity, 0 or NaN."""
    far = np.full((1, 3), 1e6, "float32")
    assert pF.pairwise_distance(far, -far, p=20) == pytest.approx(2e6 * 3 ** (1 / 20))
    assert pF.pairwise_distance(far, far, p=20) == pytest.approx(1e-6 * 3 ** (1 / 20))
    x = np.array([[3e12, 4e12]], "float32")
    assert pF.cosine_embedding_loss(x, x[:, ::-1], np.ones(1)) == pytest.approx(0.04, abs=1e-6)
    half = np.array([[300.0, 400.0]], "float16")
    assert pF.cosine_embedding_loss(half, half, -np.ones(1), reduction="none").tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint8", "bool", "float32"])
def test_dtype_of_targets(dtype):
    target = np.array([1, 0]).astype(dtype)
    assert pF.cosine_embedding_loss(A, P, target).dtype == np.float64
    np.testing.assert_array_equal(
        pF.cosine_embedding_loss(A, P, target, reduction="none")[1], 0.0
    )  # a target that is neither 1 nor -1


@pytest.mark.parametrize("kind", ["TripletMarginLoss", "TripletMarginWithDistanceLoss", "CosineEmbeddingLoss"])
def test_parts(kind):
    inputs = (A, P, TARGET) if kind.startswith("Cosine") else (A, P, N)
    loss = getattr(pnn, kind)()
    pieces = [parts(loss)(*(x[rows] for x in inputs)) for rows in (slice(0, 1), slice(1, 2))]
    (numerator, denominator) = (sum(column) for column in zip(*pieces, strict=True))
    assert numerator / denominator == pytest.approx(loss(*inputs))
    assert denominator == 2


def test_distance_is_a_module():
    torch = pytest.importorskip("torch")
    loss = pnn.TripletMarginWithDistanceLoss()
    assert isinstance(loss.distance_function, torch.nn.Module)
    assert [name for name, _ in loss.named_children()] == ["distance_function"]
    assert repr(loss) == repr(torch.nn.TripletMarginWithDistanceLoss())
    assert repr(pickle.loads(pickle.dumps(loss))) == repr(loss)
    given = [torch.tensor(x) for x in (A, P, N)]
    own = pnn.TripletMarginWithDistanceLoss(distance_function=pnn.PairwiseDistance(p=1, eps=0.5))
    theirs = torch.nn.TripletMarginWithDistanceLoss(distance_function=torch.nn.PairwiseDistance(p=1, eps=0.5))
    torch.testing.assert_close(own(*given), theirs(*given))


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 0.5, -1.5])
def test_second_derivative(p):
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(1)
    given = [torch.tensor(generator.normal(size=(2, 3)), requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradgradcheck(lambda *x: pF.triplet_margin_loss(*x, p=p, margin=9.0, reduction="sum"), given)
    target = torch.tensor(TARGET)
    assert torch.autograd.gradgradcheck(lambda x, y: pF.cosine_embedding_loss(x, y, target, margin=-1.0), given[:2])


@pytest.mark.parametrize("p", [0.5, 1.5, 2, -1])
def test_second_derivative_at_zero_is_finite(p):
    """torch's is NaN."""
    torch = pytest.importorskip("torch")
    x = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    loss = pF.triplet_margin_loss(x, torch.zeros_like(x).detach(), torch.ones(1, 3), p=p, eps=0.0, margin=20.0)
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    assert bool(torch.isfinite(curvature).all())
