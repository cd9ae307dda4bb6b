"""Losses that compare with a memory of what was seen before, and how that memory goes on. Nothing is changed in place."""

from __future__ import annotations

from polyloss.formulas.embedding import direction
from polyloss.opset import LOG_ZERO, OpSet, Tensor


def within(F: OpSet, label: Tensor, table: Tensor) -> Tensor:
    """1 where a label is the number of a row of `table`, else 0, in float32."""
    number = F.cast(label, "float32")
    rows = F.size(F.sum(F.stop_gradient(table), axis=1), axis=0)
    if isinstance(rows, int):
        below = F.broadcast_greater(rows - 0.5 - number, 0.0)
    else:
        below = F.broadcast_greater(F.cast(rows, "float32") - 0.5, number)
    return below * F.broadcast_greater(number, -0.5)


def members(F: OpSet, label: Tensor, table: Tensor) -> Tensor:
    """1 where a label (N,) is the number of a row of `table` (C, D), else 0: (N, C), in the dtype of the table."""
    number = F.expand_dims(F.cast(label, "float32"), axis=1)
    place = F.expand_dims(F.cast(F.arange_like(table, axis=0), "float32"), axis=0)
    return F.cast_like(F.broadcast_equal(number, place), table)


def center(F: OpSet, x: Tensor, label: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """``|x - c_label|^2`` per row, 0 where the label is no class, and 1 where it is one."""
    values = F.sum(F.square(_gaps(F, x, label, centers)), axis=1)
    return values, F.where(within(F, label, centers), F.stop_gradient(F.ones_like(values)), 0.0)


def _gaps(F: OpSet, x: Tensor, label: Tensor, centers: Tensor) -> Tensor:
    return F.where(F.expand_dims(within(F, label, centers), axis=1), x - F.take(centers, label), 0.0)


def center_update(F: OpSet, x: Tensor, label: Tensor, centers: Tensor, *, rate: float) -> Tensor:
    """``c_j - rate sum_(label = j) (c_j - x) / (1 + n_j)`` with n_j the number of rows of class j."""
    gaps = _gaps(F, x, label, centers)
    member = members(F, label, centers)
    count = F.expand_dims(1.0 + F.sum(member, axis=0), axis=1)
    return centers + rate * F.broadcast_div(F.dot(member, gaps, transpose_a=True), count)


def oim(
    F: OpSet, x: Tensor, label: Tensor, lut: Tensor, queue: Tensor, *, temperature: float, mask_empty: bool
) -> tuple[Tensor, Tensor]:
    """``-log softmax([lut, queue] x / |x| / temperature)_label`` per row, 0 where the label is no row of `lut`, and 1 where it is.

    With `mask_empty` rows of the tables that are 0 have no share, but for that of the label.
    """
    tables = F.concat(lut, queue, dim=0)
    counted = within(F, label, lut)
    x = F.where(F.expand_dims(counted, axis=1), x, 0.0)
    logits = F.dot(direction(F, x), tables, transpose_b=True) / temperature
    if mask_empty:
        filled = F.expand_dims(F.sum(F.abs(tables), axis=1), axis=0)
        own = F.where(members(F, label, tables), logits, LOG_ZERO)
        logits = F.where(F.broadcast_greater(filled, 0.0), logits, own)
    values = F.where(counted, F.softmax_cross_entropy(logits, label), 0.0)
    return values, F.where(counted, F.stop_gradient(F.ones_like(values)), 0.0)


def oim_lut(
    F: OpSet, x: Tensor, label: Tensor, lut: Tensor, *, classes: int, momentum: float, together: bool
) -> Tensor:
    """Each of the `classes` rows of `lut` whose class is in the batch moved to ``m v + (1 - m) x / |x|`` and made a unit vector.

    Row after row of the batch, or if `together` once for each class, with the mean of its rows.
    """
    x = direction(F, F.where(F.expand_dims(within(F, label, lut), axis=1), x, 0.0))
    member = members(F, label, lut)
    if together:
        count = F.expand_dims(F.sum(member, axis=0), axis=1)
        seen = F.broadcast_greater(count, 0.0)
        mean = F.broadcast_div(F.dot(member, x, transpose_a=True), F.where(seen, count, 1.0))
        return F.where(seen, direction(F, momentum * lut + (1 - momentum) * mean), lut)

    def step(row: Tensor, table: Tensor) -> Tensor:
        place = F.expand_dims(F.slice_axis(row, axis=0, begin=0, end=classes), axis=1)  # (C, 1)
        new = F.expand_dims(F.slice_axis(row, axis=0, begin=classes, end=None), axis=0)  # (1, D)
        own = F.sum(F.broadcast_mul(table, place), axis=0, keepdims=True)
        return F.where(place, direction(F, momentum * own + (1 - momentum) * new), table)

    return F.scan(step, F.concat(member, x, dim=1), lut)


def oim_queue(F: OpSet, x: Tensor, pushed: Tensor, queue: Tensor, head: Tensor, *, size: int) -> tuple[Tensor, Tensor]:
    """The circular `queue` of `size` rows and its `head` (1,) after the unit vectors of the rows marked in `pushed` went in.

    Of more rows than there are places the last stay. Row i goes to place ``(head + r_i) mod Q``, r_i the number of marked rows before it.
    """
    x = direction(F, F.where(F.expand_dims(pushed, axis=1), x, 0.0))
    ones = F.cast_like(pushed, queue)
    place = F.arange_like(ones, axis=0)
    before = F.broadcast_greater(F.expand_dims(place, axis=1), F.expand_dims(place, axis=0))
    rank = F.sum(F.broadcast_mul(before, F.expand_dims(ones, axis=0)), axis=1)
    total = F.sum(ones, axis=0, keepdims=True)
    start = F.cast_like(head, queue)
    kept = ones * F.broadcast_greater(F.broadcast_add(rank, size - total), -0.5)
    slot = _modulo(F, F.broadcast_add(rank, start), size)
    into = F.where(F.expand_dims(kept, axis=1), members(F, slot, queue), 0.0)
    filled = F.expand_dims(F.broadcast_greater(F.sum(into, axis=0), 0.0), axis=1)
    new = F.where(filled, F.dot(into, x, transpose_a=True), queue)
    return new, F.cast(_modulo(F, start + total, size), F.dtype(head) or "int32")


def _modulo(F: OpSet, number: Tensor, size: int) -> Tensor:
    """The rest of whole numbers, not negative, divided by `size`."""
    quotient = F.cast_like(F.cast((number + 0.5) / size, "int32"), number)
    return number - size * quotient
