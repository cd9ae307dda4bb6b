"""Checks of a call's arguments, made before anything is computed. Where a shape or dtype is not known (a Symbol), nothing is checked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from polyloss.opset import INTEGERS, OpSet, Shape, Tensor, UnsupportedTypeError

FLOATING = ("float64", "float32", "float16", "bfloat16")


def floating(F: OpSet, loss: str, name: str, tensor: Tensor) -> None:
    """Raise TypeError unless `tensor` has a floating dtype."""
    dtype = F.dtype(tensor)
    if dtype is not None and dtype not in FLOATING:
        raise TypeError(f"{loss}: {name} has dtype {dtype}; accepted are {', '.join(FLOATING)}")


def classes(F: OpSet, loss: str, name: str, tensor: Tensor) -> None:
    """Raise TypeError unless `tensor` has an integer dtype in which the framework takes class numbers."""
    dtype = F.dtype(tensor)
    if dtype is None or dtype in F.index_dtypes:
        return
    problem = f"{loss}: {name} has dtype {dtype}; accepted are class numbers in {', '.join(F.index_dtypes)}"
    if dtype in INTEGERS:
        raise UnsupportedTypeError(f"{problem}, to which {F.name}'s own losses are limited")
    raise TypeError(problem)


def same_dtype(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, reference: Tensor) -> None:
    """Raise TypeError unless `tensor` has the dtype of `reference`."""
    (dtype, wanted) = (F.dtype(tensor), F.dtype(reference))
    if dtype != wanted and dtype is not None and wanted is not None:
        raise TypeError(
            f"{loss}: {name} has dtype {dtype}, but {other} has {wanted}: cast one of them, they must be equal"
        )


def same_size(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, reference: Tensor) -> None:
    """Raise ValueError unless `tensor` has as many elements as `reference`."""
    (shape, wanted) = (F.shape(tensor), F.shape(reference))
    if shape == wanted or shape is None or wanted is None or None in shape or None in wanted:
        return
    if math.prod(shape) != math.prod(wanted):  # type: ignore[arg-type]  # None is excluded above
        raise ValueError(
            f"{loss}: {name} has shape {shape}, but {other} has {wanted}: they must have the same number of elements"
        )


def in_rank(F: OpSet, loss: str, name: str, axis: int, other: str, tensor: Tensor) -> None:
    """Raise ValueError unless `axis` is an axis of `tensor`."""
    shape = F.shape(tensor)
    if shape is not None and not -len(shape) <= axis < len(shape):
        raise ValueError(f"{loss}: {name}={axis} is not an axis of {other}, which has shape {shape}")


def broadcastable(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, shape: Shape | None) -> None:
    """Raise ValueError unless `tensor` broadcasts to `shape` without enlarging it."""
    given = F.shape(tensor)
    if given is None or shape is None:
        return
    pairs = zip(reversed(given), reversed(shape), strict=False)
    if len(given) > len(shape) or any(None not in (a, b) and a != 1 and a != b for a, b in pairs):
        raise ValueError(f"{loss}: {name} has shape {given}, which does not broadcast to that of {other}, {shape}")


def shaped(
    F: OpSet, loss: str, name: str, tensor: Tensor, accepted: Sequence[Shape], meaning: str, **told: object
) -> None:
    """Raise ValueError unless the shape of `tensor` is one of `accepted`; a size of None fits any.

    `meaning` is for the message, which it takes what is `told` into: `torch.compile` cannot format a number that is a symbol.
    """
    given = F.shape(tensor)
    if given is None:
        return
    for shape in accepted:
        if len(given) == len(shape) and all(None in (a, b) or a == b for a, b in zip(given, shape, strict=True)):
            return
    raise ValueError(
        f"{loss}: {name} has shape {given}; accepted is {' or '.join(map(str, accepted))}, {meaning.format(**told)}"
    )


def sized(F: OpSet, loss: str, name: str, tensor: Tensor, shape: Sequence[int | None], meaning: str) -> None:
    """Raise ValueError unless `tensor` has as many elements as a tensor of this (known) shape."""
    given = F.shape(tensor)
    if given is not None and None not in given and math.prod(given) != math.prod(shape):  # type: ignore[arg-type]  # as above
        raise ValueError(f"{loss}: {name} has shape {given}; accepted is {math.prod(shape)} elements, {meaning}")  # type: ignore[arg-type]  # as above


def at_most(F: OpSet, loss: str, name: str, tensor: Tensor, axis: int, limit: int | None, meaning: str) -> None:
    """Raise ValueError if `tensor` is larger than `limit` along `axis`."""
    given = F.shape(tensor)
    if given is not None and limit is not None and (size := given[axis]) is not None and size > limit:
        raise ValueError(f"{loss}: {name} has shape {given}; its axis {axis} may not exceed {limit}, {meaning}")


def one_of(loss: str, name: str, value: object, accepted: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of `accepted`."""
    if value not in accepted:
        raise ValueError(f"{loss}: {name}={value!r} is not one of {', '.join(map(repr, accepted))}")


def dtype_name(loss: str, dtype: object) -> str:
    """The name of a floating dtype, NumPy's or a framework's or a name; TypeError for anything else."""
    words = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", str(dtype))
    name = str(words).rpartition(".")[2]
    if name not in FLOATING:
        raise TypeError(f"{loss}: dtype is {dtype!r}; accepted are {', '.join(FLOATING)}")
    return name


def positive(loss: str, name: str, value: float) -> None:
    """Raise ValueError unless ``value > 0``."""
    if not value > 0:
        raise ValueError(f"{loss}: {name}={value!r} must be above 0")


def inside(loss: str, name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless ``low < value < high``."""
    number(loss, name, value)
    if not low < value < high:
        raise ValueError(f"{loss}: {name}={value!r} is not between {low:g} and {high:g}")


def fraction(loss: str, name: str, value: float) -> None:
    """Raise ValueError unless ``0 <= value <= 1``."""
    number(loss, name, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{loss}: {name}={value!r} is not in [0, 1]")


def at_least(loss: str, name: str, value: float, least: float) -> None:
    """Raise ValueError unless ``value >= least``."""
    number(loss, name, value)
    if not value >= least:
        raise ValueError(f"{loss}: {name}={value!r} must be at least {least:g}")


def number(loss: str, name: str, value: object) -> None:
    """Raise TypeError unless `value` is a real number."""
    if isinstance(value, (int, float)):  # also what torch.compile makes of one, which it can ask nothing more
        return
    if not hasattr(value, "__float__") or getattr(value, "ndim", 0) != 0:
        raise TypeError(f"{loss}: {name} is {value!r}, a {type(value).__name__}; it must be a number")
