"""Losses of class scores, of one right class or of several."""

from __future__ import annotations

from functools import partial

from polyloss import calls, checks
from polyloss.formulas import classification
from polyloss.formulas import margin as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.torch.nn import base, plans


@plans.remembered
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of class scores (`polyloss.torch.nn.MultiMarginLoss`). `target` holds class numbers, `weight` one number a class."""
    name = "multi_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    power(name, p)
    checks.number(name, "margin", margin)
    F = calls.owner(name, input=input, target=target, weight=weight)
    scores = _samples(F, name, input)
    (batch, classes) = F.shape(scores) or (None, None)
    alone = F.shape(target) == () and batch == 1
    if not alone:
        checks.shaped(F, name, "target", target, [(batch,)], "the number of samples; or () for one sample")
    _labels(F, name, target, 0, classes)
    label = F.reshape(target, (1,)) if alone else target
    formula = partial(formulas.multi_margin, p=p, margin=float(margin))
    if weight is None and not alone and batch is not None:
        return base.reduced_each(F, formula, (scores, label), mode, F.autocast_dtype(input), samples=True)
    loss = formula(F, scores, label)
    if weight is not None:
        wide = base.widened(F, name, "weight", weight, "input", input)
        checks.shaped(F, name, "weight", weight, [(classes,)], "the number of classes")
        loss = F.broadcast_mul(loss, F.take(wide, label))
    return base.reduced(F, F.sum(loss) if alone else loss, mode, F.autocast_dtype(input))


@plans.remembered
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of class scores with several right classes (`polyloss.torch.nn.MultiLabelMarginLoss`). The shapes are equal."""
    name = "multilabel_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target)
    scores = _samples(F, name, input)
    (given, wanted) = (F.shape(input), F.shape(target))
    if not {given, wanted} <= {(), (1,)}:
        calls.same_shape(F, name, "target", target, "input", input)
    _labels(F, name, target, -1, (F.shape(scores) or (None, None))[1])
    alone = given is not None and len(given) < 2
    if not alone and given is not None:
        return base.reduced_each(
            F, formulas.multilabel_margin, (scores, target), mode, F.autocast_dtype(input), together=True
        )
    loss = formulas.multilabel_margin(F, scores, F.reshape(target, (1, -1)) if alone else target)
    return base.reduced(F, F.sum(loss) if alone else loss, mode, F.autocast_dtype(input))


@plans.remembered
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logistic loss of independent classes (`polyloss.torch.nn.MultiLabelSoftMarginLoss`). The shapes broadcast."""
    name = "multilabel_soft_margin_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction), old_name=False)
    F = calls.owner(name, input=input, target=target, weight=weight)
    shape = F.shape(input)
    if shape == ():
        raise ValueError(f"{name}: input has shape (); accepted are shapes whose last axis is that of the classes")
    if F.dtype(target) == "bool":
        raise TypeError(f"{name}: target has dtype bool; accepted are floating and integer dtypes")
    given = {"input": input, "target": target, **({} if weight is None else {"weight": weight})}
    (wide, dtype) = base.promoted(F, name, integer=("target", "weight"), autocast=False, **given)
    if shape is None:  # nothing may be larger than a symbol, whose axes cannot be counted: infix it does not fit
        ones = F.stop_gradient(F.ones_like(wide[0]))
        (logits, label, *scale) = (wide[0], *(F.broadcast_mul(part, ones) for part in wide[1:]))
    else:
        (logits, label, *scale) = calls.broadcast(F, name, **dict(zip(given, wide, strict=True)))
    if not scale and len(shape or ()) == 2 and F.shape(logits) == shape:
        return base.reduced_each(F, classification.multilabel_soft_margin, (logits, label), mode, dtype, samples=True)
    loss = F.sigmoid_cross_entropy(logits, label)
    if scale:
        loss = loss * scale[0]
    if shape is None or not calls.sizes_differ(F, loss, input):
        return base.reduced(F, F.mean(loss, axis=-1), mode, dtype)
    # What broadcasts beyond the input does not move the class axis, nor change the number of classes.
    return base.reduced(F, F.sum(loss, axis=len(shape) - 1) / F.size(input, axis=-1), mode, dtype)


def power(loss: str, p: float) -> None:
    """Raise ValueError unless `p` is 1 or 2."""
    if p not in (1, 2):
        raise ValueError(f"{loss}: p={p!r} is not one of 1, 2")


def _samples(F: OpSet, loss: str, input: Tensor) -> Tensor:
    """`input`, widened, as samples times classes."""
    checks.floating(F, loss, "input", input)
    shape = F.shape(input)
    if shape is not None and (len(shape) > 2 or shape[-1:] == (0,)):
        raise ValueError(f"{loss}: input has shape {shape}; accepted are (N, C) and (C,), of one class or more")
    wide = F.widen(input)
    return wide if shape is None or len(shape) == 2 else F.reshape(wide, (1, -1))


def _labels(F: OpSet, loss: str, target: Tensor, lowest: int, classes: int | None) -> None:
    """Raise TypeError unless `target` has an integer dtype, ValueError if it is seen to leave the range of the class numbers."""
    checks.classes(F, loss, "target", target)
    if classes is not None and calls.within(F, target, lowest, classes - 1) is False:
        padding = "" if lowest == 0 else ", and -1 after the last that counts"
        raise ValueError(
            f"{loss}: target has elements outside [{lowest}, {classes - 1}]; accepted are classes of the input{padding}"
        )
