"""Which axes an operation means."""

from __future__ import annotations

from collections.abc import Sequence


def reduced_axes(axis: int | Sequence[int] | None, ndim: int, exclude: bool = False) -> tuple[int, ...]:
    """The axes that a reduction removes, non-negative and in order: `axis` (None: all), or with `exclude` all the others."""
    if axis is None:
        return () if exclude else tuple(range(ndim))
    if isinstance(axis, int):  # torch.compile takes long for a loop
        place = _place(axis, ndim)
        return (*range(place), *range(place + 1, ndim)) if exclude else (place,)
    named = {_place(i, ndim) for i in axis}
    return tuple(i for i in range(ndim) if (i in named) != exclude)


def _place(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for a tensor of rank {ndim}")
    return axis % ndim


def gathered_axis(shape: Sequence[int | None], indices: Sequence[int | None], axis: int) -> int:
    """`axis`, non-negative, of `OpSet.gather_along` for data and indices of these shapes.

    Raises:
        ValueError: the shapes differ elsewhere, or there is no such axis.
    """
    (place,) = reduced_axes(axis, len(shape))
    pairs = [pair for i, pair in enumerate(zip(shape, indices, strict=False)) if i != place]
    if len(shape) != len(indices) or any(a != b for a, b in pairs if a is not None and b is not None):
        raise ValueError(f"indices of shape {tuple(indices)} do not fit {tuple(shape)} along axis {axis}")
    return place
