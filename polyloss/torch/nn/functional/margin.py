"""Losses of distances and scores that are compared with a margin."""

from __future__ import annotations

from functools import partial

from polyloss import calls
from polyloss.formulas import embedding
from polyloss.opset import Tensor
from polyloss.torch.nn import base, plans


@plans.remembered
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of distances (`polyloss.torch.nn.HingeEmbeddingLoss`). `target` may have an integer dtype; the shapes broadcast."""
    name = "hinge_embedding_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target)
    (both, dtype) = base.pair(F, name, input, target, integer=True, like="input")
    return base.reduced_each(F, partial(embedding.hinge_embedding, margin=margin), both, mode, dtype)


@plans.remembered
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of a ranking (`polyloss.torch.nn.MarginRankingLoss`). The three have one rank, and broadcast; `target` may be integer."""
    name = "margin_ranking_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input1=input1, input2=input2, target=target)
    tensors = {"input1": input1, "input2": input2, "target": target}
    base.same_rank(F, name, **tensors)
    ((first, second, label), dtype) = base.promoted(F, name, integer=tuple(tensors), boolean=False, **tensors)
    parts = calls.broadcast(F, name, input1=first, input2=second, target=label)
    return base.reduced_each(F, partial(embedding.margin_ranking, margin=margin), parts, mode, dtype)
