"""Losses of classes: cross entropy from logits, and from log probabilities.

`cross_entropy` and `nll_loss` check a call and reduce; what they reduce comes from `class_terms` and `probability_terms`, which serve
whatever else makes logits.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from polyloss import calls, checks
from polyloss.formulas import cross_entropy as formulas
from polyloss.opset import INTEGERS, OpSet, Tensor, UnsupportedError
from polyloss.torch.nn import base, plans

Terms = tuple[Tensor, Tensor | None]
"""The loss of each position (the axes of the scores without axis 1, the classes), and what each adds to the denominator of the mean: 1
if None."""


@plans.remembered
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy of logits (`polyloss.torch.nn.CrossEntropyLoss`). A target shaped as `input` holds probabilities, any other classes."""
    name = "cross_entropy"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    checks.fraction(name, "label_smoothing", label_smoothing)
    F = calls.owner(name, input=input, target=target, weight=weight)
    _check_scores(F, name, input, weight, ignore_index)
    if not holds_probabilities(F, name, input, target):
        return _of_classes(F, name, input, target, weight, ignore_index, mode, smoothing=label_smoothing)
    _check_probabilities(F, name, target, ignore_index)
    tensors = {"input": input, "target": target} | ({} if weight is None else {"weight": weight})
    ((logits, wide, *weights), dtype) = base.promoted(F, name, **tensors)
    single = _without_batch(F, input)  # no `:=`, for AutoGraph, as in `dispatch`
    if single:
        (logits, wide) = (F.expand_dims(logits, axis=0), F.expand_dims(wide, axis=0))
    if not weights and not single and len(F.shape(logits) or ()) == 2:
        formula = partial(formulas.soft_cross_entropy, smoothing=label_smoothing)
        return base.reduced_each(F, formula, (logits, wide), mode, dtype, samples=True)
    terms = probability_terms(F, logits, wide, *weights, smoothing=label_smoothing)
    return reduced(F, terms, mode, dtype, single)


@plans.remembered
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood of classes, from log probabilities (`polyloss.torch.nn.NLLLoss`)."""
    name = "nll_loss"
    mode = base.checked_mode(name, base.legacy_mode(size_average, reduce, reduction))
    F = calls.owner(name, input=input, target=target, weight=weight)
    _check_scores(F, name, input, weight, ignore_index)
    return _of_classes(F, name, input, target, weight, ignore_index, mode, log_probabilities=True)


def _of_classes(
    F: OpSet,
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    mode: str,
    *,
    smoothing: float = 0.0,
    log_probabilities: bool = False,
) -> Tensor:
    """The loss of a target of class numbers."""
    checks.classes(F, name, "target", target)
    _check_positions(F, name, input, target)
    wide = None if weight is None else base.widened(F, name, "weight", weight, "input", input)
    (scores, single) = (F.widen(input), _without_batch(F, input))
    if single:
        (scores, target) = (F.expand_dims(scores, axis=0), F.reshape(target, (-1,)))
    weights = () if wide is None else (F.cast_like(wide, scores),)
    every_term = partial(
        class_terms, ignore_index=ignore_index, smoothing=smoothing, log_probabilities=log_probabilities
    )
    dtype = F.autocast_dtype(input)
    if not single and (loss := plans.by_kernel(F, every_term, (scores, target, *weights), mode)) is not None:
        return base.reduced(F, loss, "none", dtype)
    classes = (F.shape(scores) or (None, None))[1]
    every = classes is not None and calls.within(F, target, 0, classes - 1)
    ignores = not every or 0 <= ignore_index < (classes or 0)
    picked = log_probabilities and not smoothing  # nothing to compute, so nothing to keep in a cache
    if not ignores and weight is None and not single and not picked and len(F.shape(scores) or ()) == 2:
        formula = partial(formulas.label_cross_entropy, smoothing=smoothing, log_probabilities=log_probabilities)
        return base.reduced_each(F, formula, (scores, target), mode, dtype, samples=True)
    terms = class_terms(
        F,
        scores,
        target,
        *weights,
        ignore_index=ignore_index if ignores else None,
        smoothing=smoothing,
        log_probabilities=log_probabilities,
        checked=every or labels_checked(F, name, target, scores, ignore_index),
    )
    warn_of_nothing(F, name, terms, mode, ignore_index)
    return reduced(F, terms, mode, dtype, single)


def class_terms(
    F: OpSet,
    scores: Tensor,
    label: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int | None = -100,
    smoothing: float = 0.0,
    log_probabilities: bool = False,
    checked: bool = False,
) -> Terms:
    """The terms of class numbers, for scores (N, C, ...) of at least single precision and labels (N, ...).

    A position counts with the weight (C,) of its class, an ignored one with 0; an `ignore_index` of None ignores none. Unless labels are
    `checked`, one that is no class gives NaN.
    """
    number = F.cast(label, "int64") if F.dtype(label) in INTEGERS else label
    own = None if weight is None else F.take(weight, number)
    by_class = None if weight is None or not smoothing else _along_classes(F, weight, scores)
    loss = formulas.label_cross_entropy(
        F, scores, number, by_class, own, smoothing=smoothing, log_probabilities=log_probabilities
    )
    if checked and ignore_index is None:
        return loss, own
    counted = F.stop_gradient(F.ones_like(loss)) if own is None else own
    return counting(F, number, loss, counted, scores, ignore_index=ignore_index, checked=checked)


def counting(
    F: OpSet, label: Tensor, loss: Tensor, counted: Tensor, scores: Tensor, *, ignore_index: int | None, checked: bool
) -> tuple[Tensor, Tensor]:
    """`loss` and what it counts: both 0 where the label is ignored, the loss NaN where one that is not `checked` is no class."""
    if not checked:
        (number, classes) = _comparable(F, label, scores)
        loss = F.where(number < 0, float("nan"), F.where(number >= classes, float("nan"), loss))
    if ignore_index is not None and _may_hold(F, label, ignore_index):
        ignored = F.broadcast_equal(label, ignore_index)
        (loss, counted) = (F.where(ignored, 0.0, loss), F.where(ignored, 0.0, counted))
    return loss, counted


def probability_terms(
    F: OpSet, logits: Tensor, target: Tensor, weight: Tensor | None = None, *, smoothing: float = 0.0
) -> Terms:
    """The terms of probabilities, for logits and target (N, C, ...) of one dtype, at least single precision: each position counts 1."""
    by_class = None if weight is None else _along_classes(F, weight, logits)
    loss = formulas.soft_cross_entropy(F, logits, target, by_class, smoothing=smoothing)
    return loss, None


def warn_of_nothing(F: OpSet, name: str, terms: Terms, mode: str, ignore_index: int) -> None:
    """Warn the caller of a loss if it is the mean of nothing that counts."""
    counted = terms[1]
    if mode == "mean" and counted is not None and calls.anywhere(F, counted, lambda: _nothing_counts(F, counted)):
        calls.warn(
            f"{name}: every target is ignore_index={ignore_index} or of a class of weight 0, so the mean is 0 / 0, NaN: leave such a"
            " batch out, or add up polyloss.parts of the loss over several batches and divide then",
            by_values=True,
        )


def reduced(F: OpSet, terms: Terms, mode: str, dtype: str | None, single: bool) -> Tensor:
    """The terms reduced; those of an input without a batch are one, which ``none`` returns."""
    (loss, counted) = terms
    return base.reduced(
        F, loss, "sum" if single and mode == "none" else mode, dtype, None if counted is None else F.sum(counted)
    )


# --- what is accepted -----------------------------------------------------------------------------------------------------------------


def holds_probabilities(F: OpSet, name: str, input: Tensor, target: Tensor) -> bool:
    """Whether `target` holds a probability of each class, which it does in the shape of `input`, and not the number of one."""
    if F.shape(input) is not None and F.shape(target) is not None:
        return not calls.sizes_differ(F, target, input)
    dtype = F.dtype(target)
    if dtype is None:
        raise UnsupportedError(
            f"{name} on {F.name}: whether target holds classes or probabilities depends on its shape, which a symbol does not have,"
            " or its dtype, which this one does not say"
        )
    return dtype in checks.FLOATING


def labels_checked(F: OpSet, name: str, label: Tensor, scores: Tensor, ignore_index: int) -> bool:
    """Whether the values of `label` could be read; ValueError if one is neither a class nor `ignore_index`."""

    def outside() -> Tensor:
        (number, classes) = _comparable(F, F.cast(label, "int64"), scores)
        none = F.zeros_like(number)
        found = F.where(number < 0, 1, F.where(number >= classes, 1, none))
        return (
            F.where(F.broadcast_equal(number, ignore_index), 0, found) if _may_hold(F, number, ignore_index) else found
        )

    found = calls.anywhere(F, label, outside)
    if found:
        classes = (F.shape(scores) or (None, None))[1]
        raise ValueError(
            f"{name}: target has elements that are neither a class, 0 to {'C' if classes is None else classes} - 1, nor"
            f" ignore_index={ignore_index}"
        )
    return found is not None


def _check_scores(F: OpSet, name: str, input: Tensor, weight: Tensor | None, ignore_index: int) -> None:
    checks.floating(F, name, "input", input)
    if not isinstance(ignore_index, int):
        raise TypeError(f"{name}: ignore_index is {ignore_index!r}, a {type(ignore_index).__name__}; it must be an int")
    shape = F.shape(input)
    if shape is None:
        return
    if not shape or shape[min(1, len(shape) - 1)] == 0:
        raise ValueError(f"{name}: input has shape {shape}; accepted are (C,), (N, C) and (N, C, ...) with C classes")
    if weight is not None:
        checks.shaped(F, name, "weight", weight, [(shape[min(1, len(shape) - 1)],)], "one weight a class")


def _check_positions(F: OpSet, name: str, input: Tensor, target: Tensor) -> None:
    """Raise ValueError unless a target of classes has the shape of `input` without the classes."""
    shape = F.shape(input)
    if shape is not None:
        accepted = [(), (1,)] if len(shape) == 1 else [(shape[0], *shape[2:])]
        checks.shaped(F, name, "target", target, accepted, "that of input, {shape}, without its classes", shape=shape)


def _check_probabilities(F: OpSet, name: str, target: Tensor, ignore_index: int) -> None:
    dtype = F.dtype(target)
    if dtype is not None and dtype not in checks.FLOATING:
        raise TypeError(
            f"{name}: target has the shape of input, so it holds probabilities, but its dtype is {dtype};"
            f" accepted are {', '.join(checks.FLOATING)}"
        )
    if ignore_index >= 0:
        raise ValueError(f"{name}: ignore_index={ignore_index} has no meaning for a target of probabilities")


# --- details --------------------------------------------------------------------------------------------------------------------------


def _without_batch(F: OpSet, input: Tensor) -> bool:
    shape = F.shape(input)
    return shape is not None and len(shape) == 1


def _nothing_counts(F: OpSet, counted: Tensor) -> Tensor:
    return F.broadcast_equal(F.sum(counted), 0.0)


def _along_classes(F: OpSet, weight: Tensor, scores: Tensor) -> Tensor:
    """`weight` (C,) in a shape that broadcasts along axis 1 of `scores`."""
    shape = F.shape(scores)
    if shape is None:
        raise UnsupportedError(
            f"cross_entropy on {F.name}: weighting all classes takes a rank, which a symbol does not have"
        )
    return F.reshape(weight, (-1, *(1,) * (len(shape) - 2)))


def _comparable(F: OpSet, label: Tensor, scores: Tensor) -> tuple[Tensor, Tensor | int]:
    """`label`, and the number of classes to compare it with: both tensors of one dtype where that is not known while tracing."""
    size = F.size(scores, axis=1)
    if isinstance(size, int):
        return label, size
    classes = F.sum(F.stop_gradient(F.ones_like(scores)), axis=1)
    return F.cast(label, "float64"), F.cast(classes, "float64")


def _may_hold(F: OpSet, label: Tensor, number: int) -> bool:
    """Whether the dtype of `label` has this number."""
    dtype = F.dtype(label)
    return dtype not in INTEGERS or bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)
