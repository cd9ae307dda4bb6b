"""Losses of vectors that are compared with one another, by PyTorch, pytorch-metric-learning and info-nce-pytorch, gradients included."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held

PML = "pytorch_metric_learning"


def vectors(*names):
    def draw(rng):
        return {name: rng.normal(size=(8, 4)) for name in names}

    return draw


def labelled(rng):
    return {"x": rng.normal(size=(12, 4)), "label": rng.permutation(np.repeat(np.arange(4), 3))}


def pairs(rng):
    x = rng.normal(size=(10, 4))
    return {"x1": x, "x2": x + 0.3 * rng.normal(size=x.shape), "label": rng.integers(0, 2, 10)}


def heads(rng):
    return {**pairs(rng), "weight": rng.normal(size=(2, 4)), "bias": rng.normal(size=2)}


def triplet(anchor, positive, negative):
    from torch.nn import TripletMarginLoss

    return TripletMarginLoss(eps=0.0)(anchor, positive, negative)


def swapped(anchor, positive, negative):
    from torch.nn import TripletMarginLoss

    return TripletMarginLoss(eps=0.0, swap=True)(anchor, positive, negative)


def batch_hard(x, label):
    from pytorch_metric_learning import distances, losses, miners, reducers

    distance = distances.LpDistance(normalize_embeddings=False)
    loss = losses.TripletMarginLoss(margin=1.0, distance=distance, reducer=reducers.MeanReducer())
    return loss(x, label, miners.BatchHardMiner(distance=distance)(x, label))


def circle(x, label):
    from pytorch_metric_learning import losses, reducers

    return losses.CircleLoss(m=0.25, gamma=64, reducer=reducers.MeanReducer())(x, label)


def contrastive(x1, x2, label):
    from torch.nn import functional as F

    distance = (x1 - x2).norm(dim=1)
    return 0.5 * (label * F.relu(1.0 - distance) ** 2 + (1 - label) * distance**2).mean()


def cosine(x1, x2, label):
    from torch.nn import CosineEmbeddingLoss

    return CosineEmbeddingLoss(margin=0.3)(x1, x2, 2 * label - 1)


def verification(x1, x2, label, weight, bias):
    from torch.nn import functional as F

    return F.cross_entropy(F.linear((x1 - x2) ** 2, weight, bias), label)


def info_nce(query, key):
    from info_nce import InfoNCE

    return InfoNCE(temperature=0.1)(query, key)


def clip(x, y):
    return 0.5 * (info_nce(x, y) + info_nce(y, x))


def nt_xent(x, y):
    import torch
    from pytorch_metric_learning import losses

    label = torch.arange(len(x)).repeat(2)
    return losses.NTXentLoss(temperature=0.5)(torch.cat([x, y]), label)


def sup_con(x, label):
    from pytorch_metric_learning import losses

    return losses.SupConLoss(temperature=0.5)(x, label)


def quadruplet(anchor, positive, negative, other):
    from torch.nn import functional as F

    (near, far) = (F.pairwise_distance(*pair, eps=0.0) for pair in ((anchor, positive), (negative, other)))
    first = F.triplet_margin_loss(anchor, positive, negative, margin=2.0, eps=0.0)
    return first + F.margin_ranking_loss(far, near, far.detach() * 0 + 1, margin=1.0)


def batch_hard_quadruplet(x, label):
    """The first hinge by pytorch-metric-learning, the second over a list of all pairs."""
    import torch
    from torch.nn import functional as F

    gaps = torch.cdist(x, x)
    rows = range(len(x))
    total = 0.0
    for i in rows:
        near = max(gaps[i, j] for j in rows if j != i and label[j] == label[i])
        far = min(gaps[k, m] for k in rows for m in rows if len({int(label[n]) for n in (i, k, m)}) == 3)
        total = total + F.relu(near - far + 0.5) / len(x)
    return batch_hard(x, label) + total


def center(x, label, centers):
    from torch.nn import functional as F

    return 0.5 * F.mse_loss(x, centers[label], reduction="none").sum(dim=1).mean()


def members(rng):
    return {"x": rng.normal(size=(8, 4)), "label": rng.integers(0, 3, 8), "centers": rng.normal(size=(3, 4))}


def people(rng):
    (lut, queue) = (rng.normal(size=(size, 4)) for size in (3, 5))
    return {
        "x": rng.normal(size=(8, 4)),
        "label": rng.integers(-1, 3, 8),
        "lut": lut / np.linalg.norm(lut, axis=1, keepdims=True),
        "queue": queue / np.linalg.norm(queue, axis=1, keepdims=True),
    }


def oim(x, label, lut, queue):
    import torch
    from torch.nn import functional as F

    scores = F.linear(F.normalize(x), torch.cat([lut, queue])) / 0.2
    return F.cross_entropy(scores, label, ignore_index=-1)


TRIPLETS = vectors("anchor", "positive", "negative")
ROWS = [
    Row("triplet", TRIPLETS, triplet, ("torch",)),
    Row("triplet", TRIPLETS, swapped, ("torch",), {"swap": True}),
    Row("batch_hard_triplet", labelled, batch_hard, (PML,)),
    Row(
        "quadruplet",
        vectors("anchor", "positive", "negative", "other"),
        quadruplet,
        ("torch",),
        {"margin": 2.0, "margin2": 1.0},
    ),
    Row("batch_hard_quadruplet", labelled, batch_hard_quadruplet, (PML,)),
    Row("center", members, center, ("torch",), state=("centers",)),
    Row("oim", people, oim, ("torch",), {"temperature": 0.2}, state=("lut", "queue")),
    Row("circle", labelled, circle, (PML,), {"gamma": 64.0}),
    Row("contrastive", pairs, contrastive, ("torch",)),
    Row("siamese", pairs, cosine, ("torch",), {"kind": "cosine", "margin": 0.3}),
    Row("verification", heads, verification, ("torch",)),
    Row("info_nce", vectors("query", "key"), info_nce, ("info_nce",)),
    Row("clip", vectors("x", "y"), clip, ("info_nce",), {"temperature": 0.1}),
    Row("nt_xent", vectors("x", "y"), nt_xent, (PML,)),
    Row("sup_con", labelled, sup_con, (PML,), {"temperature": 0.5}),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
