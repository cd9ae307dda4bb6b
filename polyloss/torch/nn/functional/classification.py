"""Losses of scores, probabilities or distributions, element by element."""

from __future__ import annotations

from functools import partial

from polyloss import calls, checks
from polyloss.formulas import classification
from polyloss.opset import OpSet, Tensor
from polyloss.splitting import SPLIT
from polyloss.torch.nn import base, plans

_SPREAD = 9.999999960041972e-13  # torch has the float32 next to 1e-12 here, in every dtype


@plans.remembered
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross entropy of probabilities (`polyloss.torch.nn.BCELoss`). The shapes are equal; `weight` broadcasts to them."""
    name = "binary_cross_entropy"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target, weight=weight)
    wide = base.widened(F, name, "target", target, "input", input)
    calls.same_shape(F, name, "target", target, "input", input)
    for argument, tensor in (("input", input), ("target", target)):
        if calls.within(F, tensor, 0.0, 1.0) is False:
            raise ValueError(f"{name}: {argument} has elements outside [0, 1]; accepted are probabilities")
    formula = partial(classification.clamped_binary_cross_entropy, log_floor=-100.0, spread_floor=_SPREAD)
    both = (F.widen(input), wide)
    if weight is None:
        return base.reduced_each(F, formula, both, mode, F.autocast_dtype(input))
    loss = base.weighted(F, name, formula(F, *both), "weight", weight, input)
    return base.reduced(F, loss, mode, F.autocast_dtype(input))


@plans.remembered
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of logits (`polyloss.torch.nn.BCEWithLogitsLoss`). `weight` and `pos_weight` broadcast to the shape of `input`."""
    name = "binary_cross_entropy_with_logits"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target, weight=weight, pos_weight=pos_weight)
    calls.same_shape(F, name, "target", target, "input", input)
    ((logits, wide), dtype) = base.promoted(F, name, input=input, target=target)
    if pos_weight is None and weight is None:
        return base.reduced_each(F, classification.sigmoid_cross_entropy, (logits, wide), mode, dtype)
    if pos_weight is None:
        loss = F.sigmoid_cross_entropy(logits, wide)
    else:
        positive = base.factor(F, name, logits, "pos_weight", pos_weight, input)
        loss = classification.weighted_sigmoid_cross_entropy(F, logits, wide, positive)
    return base.reduced(F, base.weighted(F, name, loss, "weight", weight, input), mode, dtype)


@plans.remembered
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence (`polyloss.torch.nn.KLDivLoss`). ``batchmean`` divides the sum by the size of the first axis."""
    legacy = base.legacy_mode(size_average, reduce, reduction)
    if legacy == "mean" and size_average is None and reduce is None:
        calls.warn(
            "kl_div: reduction='mean' averages over all elements; the divergence per sample is reduction='batchmean'"
        )
    mode = base.checked_mode("kl_div", legacy, (*base.MODES, "batchmean"))
    F = calls.owner("kl_div", input=input, target=target)
    (both, dtype) = base.pair(F, "kl_div", input, target)
    formula = partial(classification.relative_entropy, log_target=log_target)
    if mode == "batchmean":
        if dtype == F.dtype(both[0]) and (loss := plans.by_kernel(F, formula, both, mode)) is not None:
            return loss
        total = base.reduced_each(F, formula, both, "sum", None)
        return base.reduced(F, total, "mean", dtype, _batch_size(F, input, total))
    if mode != SPLIT["batchmean"]:
        return base.reduced_each(F, formula, both, mode, dtype)
    loss = formula(F, *both)
    return base.reduced(F, loss, mode, dtype, _batch_size(F, input, loss))


def _batch_size(F: OpSet, input: Tensor, like: Tensor) -> Tensor:
    """The size of the first axis of `input`, 1 where it has none, as a tensor of shape () in the dtype of `like`."""
    size = 1 if F.shape(input) == () else F.size(input, axis=0)
    number = size if isinstance(size, int) else F.mean(F.cast_like(size, like))
    return F.sum(F.stop_gradient(F.zeros_like(like))) + number


@plans.remembered
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logistic loss of labels -1 and 1 (`polyloss.torch.nn.SoftMarginLoss`). `target` may be integer; it broadcasts to `input`."""
    name = "soft_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target)
    (both, dtype) = base.pair(F, name, input, target, integer=True, like="input")
    checks.broadcastable(F, name, "target", target, "input", F.shape(input))
    return base.reduced_each(F, classification.soft_margin, both, mode, dtype)
