"""Losses of a prediction and a real-valued target."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from polyloss import calls, checks
from polyloss.formulas import regression
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.torch.nn import base, plans


def _difference(
    loss: str,
    formula: Callable[[OpSet, Tensor, Tensor], Tensor],
    input: Tensor,
    target: Tensor,
    reduction: str,
    weight: Tensor | None = None,
    by_weight: bool = True,
    integer: tuple[str, ...] = ("input", "target", "weight"),
    boolean: bool = True,
) -> Tensor:
    """A loss of the difference. `by_weight`: the mean divides by the sum of the weights. `integer`, `boolean`: as in `base.promoted`."""
    mode = base.checked_mode(loss, reduction, old_name=weight is None)
    F = calls.owner(loss, input=input, target=target, weight=weight)
    tensors = {"input": input, "target": target} | ({} if weight is None else {"weight": weight})
    ((pred, label, *weights), dtype) = base.promoted(
        F, loss, integer=integer, boolean=boolean, expanded=True, **tensors
    )
    if calls.sizes_differ(F, input, target):
        calls.warn(
            f"{loss}: target has shape {F.shape(target)}, but input has {F.shape(input)}: they broadcast, which is rarely meant"
        )
    both = calls.broadcast(F, loss, input=pred, target=label)
    if not weights:
        return base.reduced_each(F, formula, both, mode, dtype)
    value = formula(F, *both)
    calls.same_shape(F, loss, "weight", weight, "input", input)
    return base.reduced(F, F.broadcast_mul(value, weights[0]), mode, dtype, F.sum(weights[0]) if by_weight else None)


@plans.remembered
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
    return _difference("l1_loss", regression.absolute_error, input, target, mode, weight, boolean=False)


@plans.remembered
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


@plans.remembered
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
        return _difference("smooth_l1_loss", regression.absolute_error, input, target, mode, boolean=False)
    checks.positive("smooth_l1_loss", "beta", beta)
    formula = _nothing if beta == math.inf else partial(regression.huber_over_rho, rho=beta)
    return _difference("smooth_l1_loss", formula, input, target, mode)


def _nothing(F: OpSet, input: Tensor, target: Tensor) -> Tensor:
    return regression.squared_error(F, input, target) * 0.0


@plans.remembered
def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Huber's function (`polyloss.torch.nn.HuberLoss`). `weight` has the shape of `input`; the mean does not divide by its sum."""
    checks.positive("huber_loss", "delta", delta)
    formula = _half_square if delta == math.inf else partial(regression.huber, delta=delta)
    integer = ("target", "weight")
    return _difference("huber_loss", formula, input, target, reduction, weight, by_weight=False, integer=integer)


def _half_square(F: OpSet, input: Tensor, target: Tensor) -> Tensor:
    return regression.squared_error(F, input, target) * 0.5


@plans.remembered
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
    F = calls.owner(name, input=input, target=target)
    (both, dtype) = base.pair(F, name, input, target, integer=True)
    formula = partial(regression.poisson_nll, from_logits=log_input, compute_full=full, epsilon=eps)
    return base.reduced_each(F, formula, both, mode, dtype)


@plans.remembered
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
    integer = ("target",)
    if isinstance(var, float):
        F = calls.owner(name, input=input, target=target)
        negative = var < 0
        ((mean, wide), dtype) = base.promoted(
            F, name, integer=integer, boolean=False, autocast=False, input=input, target=target
        )
        spread = F.ones_like(mean) * var
    else:
        F = calls.owner(name, input=input, target=target, var=var)
        negative = calls.within(F, var, 0.0, math.inf) is False and bool(
            calls.anywhere(F, var, lambda: F.where(var < 0, F.stop_gradient(F.ones_like(var)), 0.0))
        )
        ((mean, wide, spread), dtype) = base.promoted(
            F, name, integer=integer, boolean=False, autocast=False, input=input, target=target, var=var
        )
        spread = _variance(F, name, spread, input)
    if negative:
        raise ValueError(f"{name}: var has negative elements; accepted are variances, 0 or above")
    parts = calls.broadcast(F, name, input=mean, target=wide, var=spread)
    return base.reduced_each(F, partial(regression.gaussian_nll, full=full, epsilon=eps), parts, mode, dtype)


def _variance(F: OpSet, loss: str, var: Tensor, input: Tensor) -> Tensor:
    """`var` in the rank of `input`."""
    (shape, wanted) = (F.shape(var), F.shape(input))
    if shape is None or wanted is None:
        raise UnsupportedError(f"{loss} on {F.name}: what var means depends on its shape, which a symbol does not have")
    if not calls.sizes_differ(F, var, input):
        return var
    if shape == wanted[:-1]:
        return F.expand_dims(var, axis=-1)
    if len(shape) != len(wanted) or [a for a, b in zip(shape, wanted, strict=True) if a != b] != [1]:
        raise ValueError(
            f"{loss}: var has shape {shape}; accepted is that of input, {wanted}, with one axis of size 1 or without the last"
        )
    return var
