"""The recursion of connectionist temporal classification, as `OpSet.ctc_alignment` runs it by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyloss.opset import OpSet, Tensor

LOG_ZERO = -1e30  # a finite stand-in for log 0, small enough for float32: its differences stay finite, so gradients do


def ctc_cost(
    F: OpSet,
    log_prob: Tensor,
    label: Tensor,
    data_lengths: Tensor | None,
    label_lengths: Tensor | None,
    blank: int,
    width: int,
) -> Tensor:
    """`OpSet.ctc_alignment` for `log_prob` (T, N, C) that is not of half precision and `label` (N, L) with L = `width`."""
    dtype = F.dtype(log_prob) or "float32"
    finite = F.clip(log_prob, LOG_ZERO, -LOG_ZERO)  # the gradient of a sum of minus infinities is NaN
    silence = F.sum(F.slice_axis(finite, axis=2, begin=blank, end=blank + 1), axis=2)  # (T, N)
    label = F.stop_gradient(F.cast(label, dtype))  # MXNet dies of a gradient asked for it
    if not width:
        (label, width) = (F.sum(F.zeros_like(finite), axis=(0, 2), keepdims=True), 1)
        label = F.reshape(label, (-1, 1)) - 1.0
    column = F.expand_dims(F.arange_like(label, axis=1), axis=0)  # (1, L)
    if label_lengths is None:
        end = F.where(label < 0, F.broadcast_like(column, label), float(width))
        label_lengths = F.min(end, axis=1)
    label_lengths = F.cast(label_lengths, dtype)

    # For each number i of labels emitted so far, two log probabilities of all prefixes: one that ends in a blank, one in label i.
    #   blank_i <- (blank_i + label_i) y_blank       label_i <- (label_i + blank_(i-1) + [l_i != l_(i-1)] label_(i-1)) y_(l_i)
    picks = [
        F.pick(finite, F.broadcast_like(F.swapaxes(one, 0, 1), silence), axis=-1)
        for one in (F.slice_axis(label, axis=1, begin=i, end=i + 1) for i in range(width))
    ]
    emission = F.stack(silence, *picks, axis=2)  # (T, N, 1 + L)
    never = F.zeros_like(F.slice_axis(label, axis=1, begin=0, end=1)) + LOG_ZERO  # (N, 1)
    skip = never
    if width > 1:
        before = F.slice_axis(label, axis=1, begin=0, end=width - 1)
        after = F.slice_axis(label, axis=1, begin=1, end=width)
        skip = F.concat(never, F.broadcast_equal(after, before) * LOG_ZERO, dim=1)
    start = F.concat(F.zeros_like(never), *[never] * (2 * width), dim=1)

    def advance(frame: Tensor, state: Tensor) -> Tensor:
        ends_blank = F.slice_axis(state, axis=1, begin=0, end=width + 1)
        ends_label = F.slice_axis(state, axis=1, begin=width + 1, end=None)
        no_label_first = F.concat(never, ends_label, dim=1)
        stay_blank = F.logsumexp(F.stack(ends_blank, no_label_first), axis=0)
        skipping = F.slice_axis(no_label_first, axis=1, begin=0, end=width) + skip
        arrive = F.slice_axis(ends_blank, axis=1, begin=0, end=width)
        to_label = F.logsumexp(F.stack(ends_label, arrive, skipping), axis=0)
        y_blank = F.slice_axis(frame, axis=1, begin=0, end=1)
        y_label = F.slice_axis(frame, axis=1, begin=1, end=width + 1)
        new = F.concat(F.broadcast_add(stay_blank, y_blank), to_label + y_label, dim=1)
        if data_lengths is None:
            return new
        return F.where(F.slice_axis(frame, axis=1, begin=width + 1, end=None), new, state)

    if data_lengths is not None:
        time = F.expand_dims(F.arange_like(silence, axis=0), axis=1)
        running = F.broadcast_greater(F.expand_dims(F.cast(data_lengths, dtype), axis=0), time)
        emission = F.concat(emission, F.expand_dims(running, axis=2), dim=2)
    state = F.scan(advance, emission, start)
    ends_blank = F.slice_axis(state, axis=1, begin=0, end=width + 1)
    ends_label = F.concat(never, F.slice_axis(state, axis=1, begin=width + 1, end=None), dim=1)
    ends = [F.pick(end, label_lengths, axis=1) for end in (ends_blank, ends_label)]
    total = F.logsumexp(F.stack(*ends), axis=0)
    return F.where(total > LOG_ZERO / 2, -total, float("inf"))
