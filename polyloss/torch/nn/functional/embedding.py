"""Losses of vectors that are compared with one another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from polyloss import calls, checks
from polyloss.formulas import embedding
from polyloss.opset import OpSet, Tensor
from polyloss.torch.nn import base, plans
from polyloss.torch.nn.distance import PairwiseDistance, between

_EPSILON = float(np.float32(1e-12))  # torch has it in single precision, whatever the dtype

Distance = Callable[[Tensor, Tensor], Tensor]

_WITH_DISTANCE = "triplet_margin_with_distance_loss"


@plans.remembered
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of two distances (`polyloss.torch.nn.TripletMarginLoss`). The three have one rank, and broadcast."""
    name = "triplet_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    for argument, value in (("margin", margin), ("p", p), ("eps", eps)):
        checks.number(name, argument, value)
    checks.positive(name, "margin", margin)
    F = calls.owner(name, anchor=anchor, positive=positive, negative=negative)
    base.same_rank(F, name, anchor=anchor, positive=positive, negative=negative)
    (triplet, dtype) = base.promoted(
        F, name, integer=("positive", "negative"), anchor=anchor, positive=positive, negative=negative
    )

    formula = partial(triplet_of_rows, loss=name, margin=margin, p=p, eps=eps, swap=swap)
    return _reduced(F, formula, triplet, mode, dtype)


def _reduced(F: OpSet, formula: Callable[..., Tensor], triplet: list[Tensor], mode: str, dtype: str | None) -> Tensor:
    if _alike_rows(F, *triplet):
        return base.reduced_each(F, formula, triplet, mode, dtype, samples=True)
    return base.reduced(F, formula(F, *triplet), mode, dtype)


def triplet_of_rows(
    F: OpSet,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    loss: str,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
) -> Tensor:
    """The loss of each triplet, by the distance of vectors along the last axis."""
    distances = _distances(partial(between, F, loss, p=p, eps=eps), anchor, positive, negative, swap=swap)
    return _hinge(F, loss, distances, margin)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of two distances (`polyloss.torch.nn.TripletMarginWithDistanceLoss`). The three have one rank.

    `distance_function` takes two of them as they are and returns a tensor of their framework; None is `PairwiseDistance()`.
    """
    if distance_function is None or (isinstance(distance_function, PairwiseDistance) and not distance_function.keepdim):
        (p, eps) = (2.0, 1e-6) if distance_function is None else (distance_function.norm, distance_function.eps)
        return _with_pairwise_distance(anchor, positive, negative, p, eps, margin, swap, reduction)
    name = _WITH_DISTANCE
    mode = _checked_mode(anchor, positive, negative, margin, reduction)
    if not callable(distance_function):
        raise TypeError(f"{name}: distance_function is {distance_function!r}; it must be a function of two tensors")
    measure = distance_function
    found = _distances(lambda **pair: measure(*pair.values()), anchor, positive, negative, swap=swap)
    named = {f"distance_function({pair})": value for pair, value in found.items()}
    F = calls.owner(name, anchor=anchor, **named)
    (wide, dtype) = base.promoted(F, name, autocast=False, **named)
    distances = dict(zip(named, wide, strict=True))
    return base.reduced(F, _hinge(F, name, distances, margin), mode, dtype)


@plans.remembered
def _with_pairwise_distance(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    p: float,
    eps: float,
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    """`triplet_margin_with_distance_loss` with ``PairwiseDistance(p, eps)``."""
    name = _WITH_DISTANCE
    mode = _checked_mode(anchor, positive, negative, margin, reduction)
    tensors = {"anchor": anchor, "positive": positive, "negative": negative}
    F = calls.owner(name, **tensors)
    (triplet, dtype) = base.promoted(F, name, integer=("positive", "negative"), autocast=False, **tensors)
    formula = partial(triplet_of_rows, loss=name, margin=margin, p=p, eps=eps, swap=swap)
    return _reduced(F, formula, triplet, mode, dtype)


def _checked_mode(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, reduction: str) -> str:
    """The reduction of `triplet_margin_with_distance_loss`, its arguments being as they must be whatever the distance is."""
    mode = base.checked_mode(_WITH_DISTANCE, reduction, old_name=False)
    checks.number(_WITH_DISTANCE, "margin", margin)
    checks.positive(_WITH_DISTANCE, "margin", margin)
    tensors = {"anchor": anchor, "positive": positive, "negative": negative}
    base.same_rank(calls.owner(_WITH_DISTANCE, **tensors), _WITH_DISTANCE, **tensors)
    return mode


def _alike_rows(F: OpSet, *tensors: Tensor) -> bool:
    """Whether all have one known shape (N, D)."""
    shape = F.shape(tensors[0])
    return shape is not None and len(shape) == 2 and all(F.shape(one) == shape for one in tensors)


def _distances(
    measure: Callable[..., Tensor], anchor: Tensor, positive: Tensor, negative: Tensor, *, swap: bool
) -> dict[str, Tensor]:
    """The distances of a triplet, by what they are between; the third only to `swap`."""
    found = {
        "anchor, positive": measure(anchor=anchor, positive=positive),
        "anchor, negative": measure(anchor=anchor, negative=negative),
    }
    if swap:
        found["positive, negative"] = measure(positive=positive, negative=negative)
    return found


def _hinge(F: OpSet, loss: str, distances: dict[str, Tensor], margin: float) -> Tensor:
    """The loss of each triplet; the distances broadcast."""
    return embedding.triplet_margin(F, *calls.broadcast(F, loss, **distances), margin=margin)


@plans.remembered
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of the cosine of two vectors (`polyloss.torch.nn.CosineEmbeddingLoss`). `target` may have any dtype."""
    name = "cosine_embedding_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    checks.number(name, "margin", margin)
    F = calls.owner(name, input1=input1, input2=input2, target=target)
    shapes = [F.shape(tensor) for tensor in (input1, input2, target)]
    ranks = [None if shape is None else len(shape) for shape in shapes]
    if None not in ranks and ranks not in ([2, 2, 1], [1, 1, 0]):
        raise ValueError(
            f"{name}: input1, input2 and target have shapes {shapes}; accepted are (N, D), (N, D) and (N,), or (D,), (D,) and ()"
        )
    ((first, second), dtype) = base.promoted(F, name, integer=("input2",), input1=input1, input2=input2)
    if _alike_rows(F, first, second) and F.shape(target) == (F.shape(first) or ())[:1]:
        formula = partial(embedding.cosine_of_rows, margin=margin, epsilon=_EPSILON)
        return base.reduced_each(F, formula, (first, second, target), mode, dtype, samples=True)
    calls.broadcast(F, name, input1=first, input2=second)
    cosine = embedding.smoothed_cosine_similarity(F, first, second, epsilon=_EPSILON)
    (cosine, label) = calls.broadcast(F, name, input=cosine, target=F.cast_like(target, cosine))
    return base.reduced(F, embedding.cosine_distance(F, cosine, label, margin=margin), mode, dtype)
