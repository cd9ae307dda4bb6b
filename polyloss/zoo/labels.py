"""Class numbers: which of them count, and which are none."""

from __future__ import annotations

from typing import NamedTuple

from polyloss import calls, checks
from polyloss.opset import OpSet, Shape, Tensor
from polyloss.zoo.base import reduced, shape_of


class Labels(NamedTuple):
    """Class numbers in the dtype of the scores, and 1 where one is ignored, or is no class; None where none can be."""

    number: Tensor
    ignored: Tensor | None
    wrong: Tensor | None


def numbered(
    F: OpSet,
    loss: str,
    scores: Tensor,
    target: Tensor,
    *,
    axis: int,
    ignore_index: int | None = None,
    table: Tensor | None = None,
) -> Labels:
    """The class numbers `target` (any real dtype) for scores with the classes along `axis`, whose shape they have without that axis.

    There are as many classes as `table` has rows, or if it is None as `scores` has places along `axis`.

    Raises:
        ValueError: the shapes do not fit, or a number that can be read is neither a class nor `ignore_index`.
        TypeError: `ignore_index` is no int.
    """
    if ignore_index is not None and not isinstance(ignore_index, int):
        raise TypeError(f"{loss}: ignore_index is {ignore_index!r}, a {type(ignore_index).__name__}; it must be an int")
    checks.in_rank(F, loss, "axis", axis, "pred", scores)
    shape = F.shape(scores)
    if shape is not None:
        checks.shaped(
            F, loss, "target", target, [without(shape, axis)], "that of pred, {shape}, without its classes", shape=shape
        )
    (counted, along) = (scores, axis) if table is None else (table, 0)
    classes = (F.shape(counted) or {along: None})[along]
    number = F.cast_like(target, scores)
    ignored = None if ignore_index is None else F.broadcast_equal(number, float(ignore_index))

    def outside() -> Tensor:
        last = F.max(F.arange_like(F.stop_gradient(counted), axis=along)) if classes is None else float(classes - 1)
        found = F.where(number >= 0, F.broadcast_greater(number, last), 1.0)  # NaN is no class
        return found if ignored is None else F.where(ignored, 0.0, found)

    found = calls.anywhere(F, target, outside)
    if found:
        besides = "" if ignore_index is None else f" nor ignore_index={ignore_index}"
        raise ValueError(
            f"{loss}: target has elements that are neither a class, 0 to {classes} - 1,{besides}".rstrip(",")
        )
    return Labels(number, ignored, outside() if found is None else None)


def without(shape: Shape, axis: int) -> Shape:
    """A shape less one axis."""
    return tuple(size for i, size in enumerate(shape) if i != axis % len(shape))


def unspoiled(F: OpSet, scores: Tensor, labels: Labels, *, axis: int) -> Tensor:
    """`scores` with 0 where the label is ignored, so that what is there has no influence, be it NaN."""
    return scores if labels.ignored is None else F.where(F.expand_dims(labels.ignored, axis=axis), 0.0, scores)


def own_class(F: OpSet, loss: str, scores: Tensor, labels: Labels, *, axis: int) -> Tensor:
    """1 at the class of the label along `axis`, else 0, in the shape of `scores`."""
    column = F.arange_like(scores, axis=axis)
    if axis != -1:
        rank = len(shape_of(F, loss, "axis", scores))
        column = F.reshape(column, (-1, *(1,) * (rank - 1 - axis % rank)))
    return F.broadcast_equal(F.expand_dims(labels.number, axis=axis), column)


def weighed(
    F: OpSet, loss: str, values: Tensor, labels: Labels, reduction: str, dtype: str | None, weight: Tensor | None = None
) -> Tensor:
    """The losses of labels reduced: 0 where one is ignored, NaN where it is no class; the mean is over the others.

    With `weight`, of the shape of `values`, each counts so much in the mean.
    """
    counted = F.stop_gradient(F.ones_like(values)) if weight is None else weight
    if labels.wrong is not None:
        values = F.where(labels.wrong, float("nan"), values)
    if labels.ignored is not None:
        (values, counted) = (F.where(labels.ignored, 0.0, values), F.where(labels.ignored, 0.0, counted))
    everything = weight is None and labels.ignored is None
    return reduced(F, loss, values, reduction, dtype, None if everything else F.sum(counted))
