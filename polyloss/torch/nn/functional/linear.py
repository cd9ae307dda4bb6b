"""Cross entropy of what a linear layer makes of an input."""

from __future__ import annotations

from typing import Any

from polyloss import calls, checks
from polyloss.opset import INTEGERS, OpSet, Tensor
from polyloss.torch.nn import base
from polyloss.torch.nn.functional.cross_entropy import (
    class_terms,
    counting,
    holds_probabilities,
    labels_checked,
    probability_terms,
    reduced,
    warn_of_nothing,
)

_NAME = "linear_cross_entropy"


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """Cross entropy of the logits ``input linear_weight^T + linear_bias`` (`polyloss.torch.nn.LinearCrossEntropyLoss`).

    `linear_weight` has the shape (C, H) or (C, d1, ..., dK, H), `linear_bias` the same without H.
    """
    mode = base.checked_mode(_NAME, reduction)
    checks.fraction(_NAME, "label_smoothing", label_smoothing)
    rows = rows_of(options)
    F = calls.owner(
        _NAME, input=input, linear_weight=linear_weight, target=target, linear_bias=linear_bias, weight=weight
    )
    _check_shapes(F, input, linear_weight, linear_bias, weight)
    (shape, matrix) = (F.shape(input), F.shape(linear_weight))
    single = shape is not None and len(shape) == 1
    outer = () if matrix is None else matrix[1:-1]
    dtype = F.autocast_dtype(input)
    constants = {"linear_weight": linear_weight, "linear_bias": linear_bias, "weight": weight}
    (w, bias, by_class) = (
        None if one is None else base.widened(F, _NAME, name, one, "input", input) for name, one in constants.items()
    )
    x = F.expand_dims(F.widen(input), axis=0) if single else F.widen(input)
    if _holds_probabilities(F, input, linear_weight, target, ignore_index):
        wide = base.widened(F, _NAME, "target", target, "input", input)
        wide = F.expand_dims(wide, axis=0) if single else wide
        weights = () if by_class is None else (by_class,)
        terms = probability_terms(F, _logits(F, x, w, bias), wide, *weights, smoothing=label_smoothing)
        return reduced(F, terms, mode, dtype, single)
    checks.classes(F, _NAME, "target", target)
    if shape is not None:
        accepted = [(), (1,)] if single else [(shape[0], *outer)]
        checks.shaped(F, _NAME, "target", target, accepted, "one class a row of input and place of linear_weight")
    label = F.reshape(target, (-1,)) if single else target
    ignored = -100 if ignore_index is None else ignore_index
    some = F.expand_dims(F.slice_axis(w, axis=-1, begin=0, end=1), axis=0)  # of logits: as many classes along axis 1
    checked = labels_checked(F, _NAME, label, some, ignored)
    if label_smoothing or outer or matrix is None:  # a symbol has no rows to count
        terms = class_terms(
            F, _logits(F, x, w, bias), label, by_class, ignore_index=ignored, smoothing=label_smoothing, checked=checked
        )
        warn_of_nothing(F, _NAME, terms, mode, ignored)
        return reduced(F, terms, mode, dtype, single)
    number = F.cast(label, "int64") if F.dtype(label) in INTEGERS else label
    ones = F.stop_gradient(F.sum(F.ones_like(F.slice_axis(x, axis=1, begin=0, end=1)), axis=1))
    counted = ones if by_class is None else F.take(by_class, number)
    (factor, counted) = counting(F, number, counted, counted, some, ignore_index=ignored, checked=checked)
    if mode == "none":
        loss = F.linear_cross_entropy(x, w, number, bias, rows=rows)
        loss = F.where(F.broadcast_equal(factor, 0.0), 0.0, loss) * factor
        return reduced(F, (loss, counted), mode, dtype, single)
    loss = F.linear_cross_entropy(x, w, number, bias, factor, rows)
    if mode == "mean":
        warn_of_nothing(F, _NAME, (loss, counted), mode, ignored)
        loss = _quotient(F, loss, F.sum(counted))
        counted = F.stop_gradient(F.ones_like(loss))
    return reduced(F, (loss, counted), mode, dtype, single)


def _quotient(F: OpSet, numerator: Tensor, denominator: Tensor) -> Tensor:
    """NaN where the denominator is 0, and no gradient then, as torch has it of a mean of nothing."""
    nothing = F.broadcast_equal(denominator, 0.0)
    return F.where(nothing, float("nan"), F.broadcast_div(numerator, F.where(nothing, 1.0, denominator)))


def _logits(F: OpSet, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """All logits, (N, C, d1, ..., dK)."""
    sizes = F.shape(weight) or (-1, -1)
    outer = sizes[1:-1]
    if outer:
        weight = F.reshape(weight, (-1, sizes[-1] or -1))
        bias = None if bias is None else F.reshape(bias, (-1,))
    logits = F.dot(x, weight, transpose_b=True)
    if bias is not None:
        logits = F.broadcast_add(logits, F.expand_dims(bias, axis=0))
    return F.reshape(logits, (-1, *sizes[:-1])) if outer else logits  # type: ignore[arg-type]  # sizes of parameters are known


def rows_of(options: Any) -> int | None:
    """The rows that `options` wants at a time; None leaves it to the backend."""
    rows = getattr(options, "batch_chunk_size", None)
    if rows is not None and (not isinstance(rows, int) or rows < 1):
        raise ValueError(f"{_NAME}: options.batch_chunk_size={rows!r}; accepted are None and whole numbers above 0")
    return rows


# --- what is accepted -----------------------------------------------------------------------------------------------------------------


def _check_shapes(F: OpSet, input: Tensor, matrix: Tensor, bias: Tensor | None, weight: Tensor | None) -> None:
    checks.floating(F, _NAME, "input", input)
    (shape, sizes) = (F.shape(input), F.shape(matrix))
    if shape is None or sizes is None:
        return
    if len(shape) not in (1, 2):
        raise ValueError(f"{_NAME}: input has shape {shape}; accepted are (H,) and (N, H)")
    if len(sizes) < 2 or sizes[0] == 0:
        raise ValueError(
            f"{_NAME}: linear_weight has shape {sizes}; accepted are (C, H) and (C, ..., H) with C classes"
        )
    if None not in (shape[-1], sizes[-1]) and shape[-1] != sizes[-1]:
        raise ValueError(
            f"{_NAME}: linear_weight has shape {sizes}, but input has {shape}: their last sizes must be equal"
        )
    if len(sizes) > 2 and len(shape) == 1:
        raise ValueError(
            f"{_NAME}: linear_weight has shape {sizes}, which takes an input (N, H), but input has {shape}"
        )
    if bias is not None:
        checks.shaped(F, _NAME, "linear_bias", bias, [sizes[:-1]], "that of linear_weight without its last axis")
    if weight is not None:
        checks.shaped(F, _NAME, "weight", weight, [sizes[:1]], "one weight a class")


def _holds_probabilities(F: OpSet, input: Tensor, matrix: Tensor, target: Tensor, ignore_index: int | None) -> bool:
    """Whether `target` has the shape of the logits; a symbol's dtype decides."""
    (shape, sizes, given) = (F.shape(input), F.shape(matrix), F.shape(target))
    if shape is None or sizes is None or given is None:
        return holds_probabilities(F, _NAME, input, target)
    logits = (*shape[:-1], *sizes[:-1])
    if len(given) != len(logits) or any(a != b and None not in (a, b) for a, b in zip(given, logits, strict=True)):
        return False
    if ignore_index is not None:
        raise ValueError(
            f"{_NAME}: ignore_index={ignore_index} has no meaning for a target of probabilities; it must be None"
        )
    if F.dtype(target) not in checks.FLOATING:
        raise TypeError(
            f"{_NAME}: target has the shape of the logits, so it holds probabilities, but its dtype is {F.dtype(target)};"
            f" accepted are {', '.join(checks.FLOATING)}"
        )
    return True
