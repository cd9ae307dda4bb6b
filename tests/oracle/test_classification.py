"""Losses of classes, sides and divergences, by PyTorch, optax, scipy, kornia and pytorch-metric-learning."""

import math

import numpy as np
import pytest

from .judge import SEEDS, Row, held

TORCH = ("torch",)
OPTAX = ("optax",)


def rows(rng):
    return {"pred": rng.normal(size=(7, 5)) * 3, "target": rng.integers(0, 5, 7)}


def weighted(rng):
    return {**rows(rng), "weight": rng.uniform(0.2, 3, 5)}


def shares(rng):
    return {"pred": rng.normal(size=(7, 5)) * 3, "target": rng.dirichlet(np.ones(5), 7)}


def pictures(rng):
    return {"pred": rng.normal(size=(2, 4, 3, 3)), "target": rng.integers(0, 4, (2, 3, 3))}


def answers(rng):
    return {"pred": rng.normal(size=(6, 3)) * 3, "target": rng.integers(0, 2, (6, 3)).astype(float)}


def sides(rng):
    return {"pred": rng.normal(size=20) * 3, "target": rng.choice([-1.0, 1.0], 20)}


def chances(rng):
    return {"pred": rng.uniform(0.01, 0.99, 20), "target": rng.uniform(0, 1, 20)}


def two(rng):
    return {name: rng.dirichlet(np.ones(6), 4) for name in ("pred", "target")}


def embeddings(rng):
    return {
        "pred": rng.normal(size=(8, 6)),
        "weight": rng.normal(size=(5, 6)),
        "target": rng.integers(0, 5, 8),
    }


def cross_entropy(**options):
    def oracle(pred, target, weight=None):
        from torch.nn import functional

        return functional.cross_entropy(pred, target, weight, **options)

    return oracle


def vocabulary(rng):
    shapes = {"features": (7, 3), "weight": (5, 3)}
    found = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {**found, "target": rng.integers(0, 5, 7), "bias": rng.normal(size=5)}


def linear_cross_entropy(**options):
    def oracle(features, weight, target, bias):
        from torch.nn import functional

        return functional.cross_entropy(functional.linear(features, weight, bias), target, **options)

    return oracle


def torch_function(name, **options):
    def oracle(pred, target):
        from torch.nn import functional

        return getattr(functional, name)(pred, target, **options)

    return oracle


def optax_function(name, **options):
    def oracle(pred, target):
        import optax.losses

        return getattr(optax.losses, name)(pred, target, **options)

    return oracle


def one_hot(function):
    def oracle(pred, target):
        return function(pred, np.eye(pred.shape[1])[target])

    return oracle


def kornia_focal(pred, target):
    from kornia.losses import focal_loss

    return focal_loss(pred, target, alpha=None, gamma=1.5, reduction="none").sum(dim=1)  # which has the classes too


def kl(pred, target):
    from scipy.special import rel_entr

    return rel_entr(target, pred).sum(axis=-1)


def js(pred, target):
    from scipy.spatial.distance import jensenshannon

    return jensenshannon(pred, target, axis=-1, base=2) ** 2


def angular(name, **options):
    """pytorch-metric-learning holds the classes in columns."""

    def oracle(pred, weight, target):
        from pytorch_metric_learning import losses

        loss = getattr(losses, name)(num_classes=weight.shape[0], embedding_size=weight.shape[1], **options)
        del loss.W  # a parameter, in the place of which the gradient of ours is wanted
        loss.W = weight.t()
        return loss(pred, target)

    return oracle


NONE = {"reduction": "none"}
ROWS = [
    Row("cross_entropy", rows, cross_entropy(), TORCH),
    Row("cross_entropy", weighted, cross_entropy(label_smoothing=0.2), TORCH, {"label_smoothing": 0.2}, ("weight",)),
    Row("cross_entropy", pictures, cross_entropy(ignore_index=2), TORCH, {"ignore_index": 2}),
    Row("cross_entropy", shares, cross_entropy(label_smoothing=0.1), TORCH, {"label_smoothing": 0.1}),
    Row("linear_cross_entropy", vocabulary, linear_cross_entropy(), TORCH, {"rows": 2}),
    Row("linear_cross_entropy", vocabulary, linear_cross_entropy(ignore_index=3), TORCH, {"ignore_index": 3}),
    Row("binary_cross_entropy", answers, torch_function("binary_cross_entropy_with_logits"), TORCH),
    Row(
        "binary_cross_entropy",
        chances,
        torch_function("binary_cross_entropy"),
        TORCH,
        {"probabilities": True},
        ("target",),
    ),
    Row(
        "focal",
        answers,
        optax_function("sigmoid_focal_loss", alpha=0.25, gamma=2.0),
        OPTAX,
        NONE,
        ("target",),
        framework="jax",
    ),
    Row("softmax_focal", pictures, kornia_focal, ("kornia",), {"gamma": 1.5, **NONE}),
    Row("poly1", rows, one_hot(optax_function("poly_loss_cross_entropy", epsilon=2.0)), OPTAX, NONE, framework="jax"),
    Row("hinge", sides, optax_function("hinge_loss"), OPTAX, NONE, framework="jax"),
    Row("multiclass_hinge", rows, optax_function("multiclass_hinge_loss"), OPTAX, NONE, framework="jax"),
    Row("logistic", sides, torch_function("soft_margin_loss"), TORCH, fixed=("target",)),
    Row("kl_divergence", two, kl, ("scipy",), NONE, framework="numpy"),
    Row("js_divergence", two, js, ("scipy",), {"base": 2.0, **NONE}, framework="numpy"),
    Row(
        "arcface",
        embeddings,
        angular("ArcFaceLoss", scale=10, margin=math.degrees(0.5)),
        ("pytorch_metric_learning",),
        {"scale": 10.0, "margin": 0.5},
    ),
    Row(
        "cosface",
        embeddings,
        angular("CosFaceLoss", scale=10, margin=0.35),
        ("pytorch_metric_learning",),
        {"scale": 10.0, "margin": 0.35},
    ),
    Row(
        "sphereface",
        embeddings,
        angular("SphereFaceLoss", scale=1, margin=4),
        ("pytorch_metric_learning",),
    ),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
