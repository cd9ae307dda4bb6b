"""`torch.nn.functional` of torch 2.13: its losses, on the tensors of any backend; the same names, arguments, defaults and semantics.

Each function takes tensors of one framework and one floating dtype, and returns that dtype: float16 and bfloat16 are computed
in float32 and rounded once. `reduction` is ``none``, ``mean`` (of nothing: NaN) or ``sum``; `size_average` and `reduce` are deprecated
and override it, with a UserWarning. A wrong call raises ValueError or TypeError, also where torch raises RuntimeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from polyloss import checks, dispatch
from polyloss.formulas import classification, embedding, regression
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.torch.nn import base

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss",
    "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss",
]  # fmt: skip

_SPREAD = 9.999999960041972e-13  # torch has the float32 next to 1e-12 here, in every dtype

dispatch.prepare()  # of frameworks that are imported already: a tracer could not follow it in the first call


def _pair(
    F: OpSet, loss: str, input: Tensor, target: Tensor, warn: bool = False, integer: bool = False
) -> list[Tensor]:
    """Both tensors, widened and broadcast to one shape."""
    wide = base.widened(F, loss, "target", target, "input", input, integer)
    if warn:
        base.warn_of_sizes(F, loss, input, target)
    return base.broadcast(F, loss, input=F.widen(input), target=wide)


def _difference(
    loss: str,
    formula: Callable[[OpSet, Tensor, Tensor], Tensor],
    input: Tensor,
    target: Tensor,
    reduction: str,
    weight: Tensor | None = None,
    by_weight: bool = True,
) -> Tensor:
    """A loss of the difference. `by_weight`: the mean divides by the sum of the weights."""
    mode = base.checked_mode(loss, reduction, old_name=weight is None)
    F = base.owner(loss, input=input, target=target, weight=weight)
    value = formula(F, *_pair(F, loss, input, target, warn=True))
    if weight is not None:
        wide = base.widened(F, loss, "weight", weight, "input", input)
        base.same_shape(F, loss, "weight", weight, "input", input)
        value = F.broadcast_mul(value, wide)
        if mode == "mean" and by_weight:
            return F.cast_like(F.broadcast_div(F.sum(value), F.sum(wide)), input)
    return base.reduced(F, value, mode, input)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|`` (`polyloss.torch.nn.L1Loss`). `weight` has the shape of `input`; the mean divides by its sum."""
    mode = base.legacy_mode(size_average, reduce, reduction)
    return _difference("l1_loss", regression.absolute_error, input, target, mode, weight)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target)^2`` (`polyloss.torch.nn.MSELoss`). `weight` has the shape of `input`; the mean divides by its sum."""
    mode = base.legacy_mode(size_average, reduce, reduction)
    return _difference("mse_loss", regression.squared_error, input, target, mode, weight)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squares below `beta`, absolute values above (`polyloss.torch.nn.SmoothL1Loss`). 0 is `l1_loss`; below 0 raises ValueError."""
    mode = base.legacy_mode(size_average, reduce, reduction)
    if beta == 0:
        return _difference("smooth_l1_loss", regression.absolute_error, input, target, mode)
    checks.positive("smooth_l1_loss", "beta", beta)

    def formula(F: OpSet, input: Tensor, target: Tensor) -> Tensor:
        if math.isinf(beta):
            return regression.squared_error(F, input, target) * 0.0
        return regression.huber_over_rho(F, input, target, rho=beta)

    return _difference("smooth_l1_loss", formula, input, target, mode)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Huber's function (`polyloss.torch.nn.HuberLoss`). `weight` has the shape of `input`; the mean does not divide by its sum."""
    checks.positive("huber_loss", "delta", delta)

    def formula(F: OpSet, input: Tensor, target: Tensor) -> Tensor:
        if math.isinf(delta):
            return regression.squared_error(F, input, target) * 0.5
        return regression.huber_over_rho(F, input, target, rho=delta) * delta

    return _difference("huber_loss", formula, input, target, reduction, weight, by_weight=False)


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
    F = base.owner(name, input=input, target=target, weight=weight)
    wide = base.widened(F, name, "target", target, "input", input)
    base.same_shape(F, name, "target", target, "input", input)
    for argument, tensor in (("input", input), ("target", target)):
        if base.anywhere(F, partial(_outside, F, tensor)):
            raise ValueError(f"{name}: {argument} has elements outside [0, 1]; accepted are probabilities")
    loss = classification.clamped_binary_cross_entropy(F, F.widen(input), wide, log_floor=-100.0, spread_floor=_SPREAD)
    return base.reduced(F, base.weighted(F, name, loss, "weight", weight, input), mode, input)


def _outside(F: OpSet, tensor: Tensor) -> Tensor:
    """1 where an element is not in [0, 1], NaN included, else 0."""
    zero = F.stop_gradient(F.zeros_like(tensor))
    return F.where(tensor >= 0, F.where(tensor <= 1, zero, 1.0), 1.0)


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
    F = base.owner(name, input=input, target=target, weight=weight, pos_weight=pos_weight)
    wide = base.widened(F, name, "target", target, "input", input)
    base.same_shape(F, name, "target", target, "input", input)
    if pos_weight is None:
        loss = F.sigmoid_cross_entropy(F.widen(input), wide)
    else:
        positive = base.widened(F, name, "pos_weight", pos_weight, "input", input)
        checks.broadcastable(F, name, "pos_weight", pos_weight, "input", F.shape(input))
        loss = classification.weighted_sigmoid_cross_entropy(F, F.widen(input), wide, positive)
    return base.reduced(F, base.weighted(F, name, loss, "weight", weight, input), mode, input)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood of counts (`polyloss.torch.nn.PoissonNLLLoss`). The shapes broadcast, without a warning."""
    name = "poisson_nll_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction), old_name=False)
    F = base.owner(name, input=input, target=target)
    (pred, wide) = _pair(F, name, input, target)
    loss = regression.poisson_nll(F, pred, wide, from_logits=log_input, compute_full=full, epsilon=eps)
    return base.reduced(F, loss, mode, input)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood of a normal distribution (`polyloss.torch.nn.GaussianNLLLoss`). A `var` below `eps` counts as `eps`.

    `var` has the shape of `input`, with one axis of size 1 or without the last one, or is a float. A negative element raises ValueError
    where values can be read; under a tracer it counts as `eps`.
    """
    name = "gaussian_nll_loss"
    mode = base.checked_mode(name, reduction, old_name=False)
    if isinstance(var, float):
        F = base.owner(name, input=input, target=target)
        checks.floating(F, name, "input", input)
        negative = var < 0
        spread = F.ones_like(F.widen(input)) * var
    else:
        F = base.owner(name, input=input, target=target, var=var)
        negative = base.anywhere(F, lambda: F.where(var < 0, F.stop_gradient(F.ones_like(var)), 0.0))
        spread = _variance(F, name, var, input)
    if negative:
        raise ValueError(f"{name}: var has negative elements; accepted are variances, 0 or above")
    (mean, wide) = _pair(F, name, input, target)
    (mean, wide, spread) = base.broadcast(F, name, input=mean, target=wide, var=spread)
    return base.reduced(F, regression.gaussian_nll(F, mean, wide, spread, full=full, epsilon=eps), mode, input)


def _variance(F: OpSet, loss: str, var: Tensor, input: Tensor) -> Tensor:
    """`var`, widened and of the rank of `input`."""
    wide = base.widened(F, loss, "var", var, "input", input)
    (shape, wanted) = (F.shape(var), F.shape(input))
    if shape is None or wanted is None:
        raise UnsupportedError(f"{loss} on {F.name}: what var means depends on its shape, which a symbol does not have")
    if not base.sizes_differ(F, var, input):
        return wide
    if shape == wanted[:-1]:
        return F.expand_dims(wide, axis=-1)
    if len(shape) != len(wanted) or [a for a, b in zip(shape, wanted, strict=True) if a != b] != [1]:
        raise ValueError(
            f"{loss}: var has shape {shape}; accepted is that of input, {wanted}, with one axis of size 1 or without the last"
        )
    return wide


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
        base.warn_of_mean()
    mode = base.checked_mode("kl_div", legacy, (*base.MODES, "batchmean"))
    F = base.owner("kl_div", input=input, target=target)
    (log_prob, wide) = _pair(F, "kl_div", input, target)
    loss = classification.relative_entropy(F, log_prob, wide, log_target=log_target)
    if mode != "batchmean":
        return base.reduced(F, loss, mode, input)
    size = 1 if F.shape(input) == () else F.size(input, axis=0)
    if not isinstance(size, int):
        total = F.sum(F.broadcast_div(loss, F.cast_like(size, loss)))
    else:
        total = F.sum(loss) * (1 / size if size else float("nan"))
    return F.cast_like(total, input)


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
    F = base.owner(name, input=input, target=target)
    (distance, label) = _pair(F, name, input, target, integer=True)
    return base.reduced(F, embedding.hinge_embedding(F, distance, label, margin=margin), mode, input)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logistic loss of labels -1 and 1 (`polyloss.torch.nn.SoftMarginLoss`). `target` may have an integer dtype; the shapes broadcast."""
    name = "soft_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = base.owner(name, input=input, target=target)
    (pred, label) = _pair(F, name, input, target, integer=True)
    return base.reduced(F, classification.soft_margin(F, pred, label), mode, input)


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
    F = base.owner(name, input1=input1, input2=input2, target=target)
    second = base.widened(F, name, "input2", input2, "input1", input1)
    label = base.widened(F, name, "target", target, "input1", input1, integer=True)
    shapes = [F.shape(input1), F.shape(input2), F.shape(target)]
    if None not in shapes and len({len(shape or ()) for shape in shapes}) > 1:
        raise ValueError(f"{name}: input1, input2 and target have shapes {shapes}; they must have the same rank")
    (first, second, label) = base.broadcast(F, name, input1=F.widen(input1), input2=second, target=label)
    return base.reduced(F, embedding.margin_ranking(F, first, second, label, margin=margin), mode, input1)
