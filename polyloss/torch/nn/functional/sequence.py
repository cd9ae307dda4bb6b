"""Losses of sequences."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial

from polyloss import calls, checks
from polyloss.formulas import sequence
from polyloss.opset import INTEGERS, OpSet, Shape, Tensor, UnsupportedError
from polyloss.splitting import SPLIT
from polyloss.torch.nn import base, plans

_NAME = "ctc_loss"


@plans.remembered
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Connectionist temporal classification (`polyloss.torch.nn.CTCLoss`). Lengths are two tensors, or two tuples or lists of integers."""
    mode = base.checked_mode(_NAME, reduction)
    lengths = {"input_lengths": input_lengths, "target_lengths": target_lengths}
    static = [isinstance(given, (tuple, list)) for given in lengths.values()]
    if static[0] != static[1]:
        kinds = " and ".join(f"{name} is a {type(given).__name__}" for name, given in lengths.items())
        raise TypeError(f"{_NAME}: {kinds}; accepted are two tensors, or two tuples or lists of integers")
    F = calls.owner(_NAME, log_probs=log_probs, targets=targets, **({} if static[0] else lengths))
    checks.floating(F, _NAME, "log_probs", log_probs)
    shape = F.shape(log_probs)
    if shape is None:
        raise UnsupportedError(f"{_NAME} on {F.name}: the shapes of tensors must be known, and a symbol has none")
    _check_options(shape, blank, zero_infinity)
    wide = F.widen(log_probs)
    formula = partial(
        _of_sequences,
        blank=operator.index(blank),
        zero_infinity=zero_infinity,
        by_length=mode in ("mean", SPLIT["mean"]),
    )
    given = (wide, targets, input_lengths, target_lengths)
    dtype = F.autocast_dtype(log_probs)
    if len(shape) == 3 and not static[0]:
        return base.reduced_each(F, formula, given, mode, dtype, together=True)
    if len(shape) == 2 and mode == "none":
        mode = "sum"  # of one: without an axis
    return base.reduced(F, formula(F, *given), mode, dtype)


def _of_sequences(
    F: OpSet,
    wide: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    *,
    blank: int,
    zero_infinity: bool,
    by_length: bool,
) -> Tensor:
    """The loss of each sample, with `by_length` over the number of its targets."""
    if len(F.shape(wide) or ()) == 2:
        wide = F.expand_dims(wide, axis=1)
    (frames, batch, classes) = F.shape(wide) or (None,) * 3
    limit = _target_size(F, targets, batch)
    samples = _Samples(F, wide, targets)
    used = samples.lengths("input_lengths", input_lengths, batch, frames, "the number of frames")
    count = samples.lengths("target_lengths", target_lengths, batch, limit, "the size of targets")
    label = samples.labels(count, samples.longest(target_lengths, count))
    if classes is not None:
        samples.check_classes(label, count, classes)

    loss = sequence.ctc(F, wide, label, used, count, blank=blank)
    if zero_infinity:
        loss = F.where(F.broadcast_equal(loss, float("inf")), 0.0, loss)
    loss = samples.without_faults(loss)
    return loss / F.broadcast_maximum(count, F.ones_like(count)) if by_length else loss


def _check_options(shape: Shape, blank: int, zero_infinity: bool) -> None:
    """Raise unless `shape` is one of log_probs that holds something, `blank` one of its classes, and `zero_infinity` a bool."""
    if len(shape) not in (2, 3) or 0 in shape:
        raise ValueError(f"{_NAME}: log_probs has shape {shape}; accepted is (T, N, C) or (T, C), each at least 1")
    if isinstance(blank, (bool, float)) or not hasattr(blank, "__index__"):
        raise TypeError(f"{_NAME}: blank is {blank!r}, a {type(blank).__name__}; accepted is an integer")
    if not isinstance(zero_infinity, bool):
        raise TypeError(
            f"{_NAME}: zero_infinity is {zero_infinity!r}, a {type(zero_infinity).__name__}; accepted is a bool"
        )
    classes = shape[-1]
    if classes is not None and not 0 <= blank < classes:
        raise ValueError(
            f"{_NAME}: blank={blank!r} is no class of log_probs, which has {classes}: accepted is 0 to {classes - 1}"
        )


def _target_size(F: OpSet, targets: Tensor, batch: int | None) -> int | None:
    """The size of the last axis of targets, which is the longest target that they hold."""
    checks.shaped(F, _NAME, "targets", targets, [(batch, None), (None,)], "padded to one length, or concatenated")
    return (F.shape(targets) or (None,))[-1]


class _Samples:
    """The lengths of a call as tensors, the targets as rows, and what could not be checked because values could not be read."""

    def __init__(self, F: OpSet, log_prob: Tensor, targets: Tensor) -> None:
        self._F = F
        self._concatenated = len(F.shape(targets) or ()) == 1
        whole = F.cast(targets, "int32") if F.dtype(targets) in checks.FLOATING else targets
        self._target = F.cast(whole, F.dtype(log_prob) or "float32")
        first = F.stop_gradient(F.zeros_like(F.slice_axis(log_prob, axis=0, begin=0, end=1)))
        self._zero = F.sum(first, axis=(0, 2))  # (N,)
        alone = F.slice_axis(F.slice_axis(log_prob, axis=2, begin=0, end=1), axis=1, begin=0, end=1)
        self._frames = F.sum(F.stop_gradient(F.ones_like(alone)))
        self._faults: list[Tensor] = []

    def lengths(
        self, name: str, given: Tensor | Sequence[int], batch: int | None, limit: int | None, meaning: str
    ) -> Tensor:
        """Lengths of shape (N,), none of them below 0 or above `limit`, in the dtype of the log probabilities."""
        (F, concatenated) = (self._F, self._concatenated and name == "target_lengths")
        most = "any" if limit is None else limit
        wrong = f"; accepted is 0 to {most}, {meaning}"
        if concatenated:
            wrong = f"; accepted are lengths that add up to {most}, {meaning}"
        if isinstance(given, (tuple, list)):
            numbers = [_integer(name, number) for number in given]
            if batch is not None and len(numbers) != batch:
                raise ValueError(f"{_NAME}: {name} has {len(numbers)} lengths; accepted is {batch}, one a sample")
            off = limit is not None and (sum(numbers) != limit if concatenated else max(numbers) > limit)
            if off or min(numbers) < 0:
                raise ValueError(f"{_NAME}: {name} is {numbers}{wrong}")
            return self._row(numbers)
        dtype = F.dtype(given)
        if dtype is not None and dtype not in INTEGERS:
            raise TypeError(f"{_NAME}: {name} has dtype {dtype}; accepted are integers")
        if batch is not None:
            checks.sized(F, _NAME, name, given, (batch,), "one length a sample")
        row = F.reshape(F.cast_like(given, self._zero), (-1,))

        def flags() -> Tensor:
            below = F.broadcast_greater(-row, 0.0)
            if not concatenated:
                return below + F.broadcast_greater(row, self._frames if limit is None else float(limit))
            if limit is None:
                return below
            differs = 1.0 - F.broadcast_equal(F.sum(row, axis=0, keepdims=True), float(limit))
            return F.broadcast_add(below, differs)

        self._check(given, flags, f"{name} has other lengths{wrong}")
        return row

    def _row(self, numbers: list[int]) -> Tensor:
        F = self._F
        if len(set(numbers)) == 1:
            return self._zero + numbers[0]
        zero = F.sum(self._zero)
        return F.reshape(F.stack(*(zero + number for number in numbers)), (-1,))

    def longest(self, given: Tensor | Sequence[int], row: Tensor) -> int | None:
        """The longest length, where it can be read."""
        if isinstance(given, (tuple, list)):
            return max(map(operator.index, given))
        if self._F.readable(given):
            try:
                return int(self._F.max(row))
            except Exception:  # within a transform, as in calls.anywhere
                return None
        return None

    def labels(self, count: Tensor, longest: int | None) -> Tensor:
        """The targets (N, L), L as small as can be known."""
        F = self._F
        size = (F.shape(self._target) or (None,))[-1]
        if longest == 0 or size == 0:
            return F.expand_dims(self._zero, axis=1)
        if not self._concatenated:
            return self._target if longest is None else F.slice_axis(self._target, axis=1, begin=0, end=longest)
        if size is None:
            raise UnsupportedError(
                f"{_NAME} on {F.name}: the number of concatenated targets must be known while tracing"
            )
        # Sample n begins where all before it end.
        number = F.arange_like(count, axis=0)
        before = F.broadcast_greater(F.expand_dims(number, axis=1), F.expand_dims(number, axis=0))
        begin = F.sum(F.broadcast_mul(before, F.expand_dims(count, axis=0)), axis=1, keepdims=True)
        column = F.arange_like(F.slice_axis(self._target, axis=0, begin=0, end=longest or size), axis=0)
        return F.take(self._target, F.broadcast_add(begin, F.expand_dims(column, axis=0)))

    def check_classes(self, label: Tensor, count: Tensor, classes: int) -> None:
        """Raise ValueError if a label in use is no class."""
        F = self._F

        def flags() -> Tensor:
            column = F.expand_dims(F.arange_like(label, axis=1), axis=0)
            outside = F.broadcast_greater(-label, 0.0) + F.broadcast_greater(label, classes - 1.0)
            return F.sum(outside * F.broadcast_greater(F.expand_dims(count, axis=1), column), axis=1)

        self._check(label, flags, f"targets has elements that are no class; accepted is 0 to {classes - 1}")

    def _check(self, tensor: Tensor, flags: Callable[[], Tensor], message: str) -> None:
        found = calls.anywhere(self._F, tensor, flags)
        if found:
            raise ValueError(f"{_NAME}: {message}")
        if found is None:
            self._faults.append(flags())

    def without_faults(self, loss: Tensor) -> Tensor:
        """`loss`, NaN where what was wrong could not be seen."""
        for fault in self._faults:
            loss = self._F.where(fault > 0, float("nan"), loss)
        return loss


def _integer(name: str, number: int) -> int:
    if isinstance(number, (bool, float)) or not hasattr(number, "__index__"):
        raise TypeError(f"{_NAME}: {name} holds {number!r}, a {type(number).__name__}; accepted are integers")
    return operator.index(number)
