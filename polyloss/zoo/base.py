"""What the items of the zoo share: the tensors of a call, the reduction, and the class that holds the options of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from polyloss import calls, checks, dispatch, whole
from polyloss.opset import INTEGERS, OpSet, Shape, Tensor, UnsupportedError

MODES = ("none", "mean", "sum")


def opened(loss: str, exact: tuple[str, ...] = (), **tensors: Tensor) -> tuple[OpSet, list[Tensor], str | None]:
    """The op set of the `tensors`, the tensors themselves, and the dtype of the result.

    All have one floating dtype, save those named in `exact` (class numbers, masks, lengths), which stay as they are, and may have any
    real dtype. Half precision comes back as float32, in which it is computed. A tensor of None is absent.

    Raises:
        TypeError: the tensors belong to different frameworks, or their dtypes differ or are not floating.
    """
    F = calls.owner(loss, **tensors)
    (first, dtype) = ("", None)
    wide = []
    for name, tensor in tensors.items():
        if tensor is None or name in exact:
            wide.append(tensor)
            continue
        checks.floating(F, loss, name, tensor)
        if first:
            checks.same_dtype(F, loss, name, tensor, first, tensors[first])
        else:
            (first, dtype) = (name, F.dtype(tensor))
        wide.append(F.widen(tensor))
    return F, wide, dtype


def alike(loss: str, exact: tuple[str, ...] = (), **tensors: Tensor) -> tuple[OpSet, list[Tensor], str | None]:
    """As `opened`, for tensors of one shape.

    Raises:
        ValueError: their shapes differ.
        TypeError: as `opened`.
    """
    (F, wide, dtype) = opened(loss, exact, **tensors)
    calls.same_shapes(F, loss, **tensors)
    return F, wide, dtype


def class_numbers(F: OpSet, loss: str, name: str, tensor: Tensor) -> None:
    """Raise TypeError unless `tensor` has an integer dtype: class numbers are compared, and floats would run them together."""
    dtype = F.dtype(tensor)
    if dtype is not None and dtype not in INTEGERS:
        raise TypeError(f"{loss}: {name} has dtype {dtype}; accepted are class numbers in {', '.join(INTEGERS)}")


def shape_of(F: OpSet, loss: str, name: str, tensor: Tensor) -> Shape:
    """The shape of a tensor, where what it means depends on that.

    Raises:
        UnsupportedError: it is a symbol, which has none.
    """
    shape = F.shape(tensor)
    if shape is None:
        raise UnsupportedError(
            f"{loss} on {F.name}: what {name} means depends on its shape, which a symbol does not have"
        )
    return shape


def reduced(
    F: OpSet,
    loss: str,
    values: Tensor,
    reduction: str,
    dtype: str | None,
    count: Tensor | None = None,
    accepted: tuple[str, ...] = MODES,
) -> Tensor:
    """`values` reduced, in `dtype`. The mean divides by `count`, or if None by the number of values; over nothing it is 0.

    Raises:
        ValueError: the reduction is not one of `accepted`.
    """
    checks.one_of(loss, "reduction", reduction, accepted)
    if reduction != "none":
        size = F.size(values) if count is None else count
        values = F.sum(values)
        if reduction != "sum":
            values = divided(F, values, size)
    return values if dtype is None or dtype == F.dtype(values) else F.cast(values, dtype)


def score(F: OpSet, name: str, values: Tensor, dtype: str | None, *sources: Tensor) -> Tensor:
    """The `values` of a metric, in `dtype`, which refuse a gradient of the `sources` too that they have no path to, such as ranks."""
    for source in sources:
        finite = F.broadcast_equal(source - source, 0.0)
        values = F.broadcast_add(values, F.cast_like(F.sum(0.0 * F.where(finite, source, 0.0)), values))
    values = values if dtype is None or dtype == F.dtype(values) else F.cast(values, dtype)
    return F.undifferentiable(values, f"{name} is a metric: it has no gradient that anything could be learnt from")


def divided(F: OpSet, total: Tensor, count: Tensor | int) -> Tensor:
    """`total` over `count`, and `total` itself where nothing was counted."""
    if isinstance(count, int):
        return total / max(count, 1)
    count = F.cast_like(F.stop_gradient(count), total)
    one = F.ones_like(count)
    return F.broadcast_div(total, F.reshape_like(F.where(count > 0, count, one), total))


class Item:
    """Base class: the options of a function of the zoo, held; called with its tensors.

    Raises:
        TypeError: the function has no such option.
    """

    function: ClassVar[Callable[..., Any]]
    """What is called."""
    differentiable: ClassVar[bool] = True
    """False for a metric."""

    def __init__(self, **options: Any) -> None:
        dispatch.prepare()
        known = self.defaults()
        for name in options:
            if name not in known:
                raise TypeError(f"{type(self).__name__}: no option {name!r}; there are {', '.join(known)}")
        self.options = {**known, **options}
        """All options of the function, with their values."""
        if "reduction" in known and not isinstance(self.options["reduction"], str):
            raise TypeError(f"{type(self).__name__}: reduction is {self.options['reduction']!r}; accepted is a name")

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """All options by name, with the values that they have unless told otherwise."""
        return keyword_only(cls.function)

    def __call__(self, *tensors: Any) -> Any:
        """The value of these tensors, all of one framework."""
        return whole.call(type(self).forward, self, tensors)

    def forward(self, *tensors: Any) -> Any:
        """The value of these tensors, in the order of the function's arguments."""
        return type(self).function(*tensors, **self.options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.options.items())})"


def keyword_only(function: Callable[..., Any]) -> dict[str, Any]:
    """The keyword-only arguments of a function with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}


def item(function: Callable[..., Any], name: str | None = None, differentiable: bool = True) -> type[Item]:
    """The class of a function: of its name in CamelCase (or `name`), with its keyword-only arguments as options."""
    name = name or "".join(part.capitalize() for part in function.__name__.split("_"))
    signature = inspect.signature(function)
    tensors = [one for one in signature.parameters.values() if one.kind is not one.KEYWORD_ONLY]
    held = [one for one in signature.parameters.values() if one.kind is one.KEYWORD_ONLY]
    myself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)

    def forward(self: Item, *tensors: Any) -> Any:
        return Item.forward(self, *tensors)

    forward.__doc__ = f"`{function.__name__}` of these tensors, with the options held."
    forward.__signature__ = inspect.Signature([myself, *tensors])  # type: ignore[attr-defined]  # what inspect looks for
    doc = f"`{function.__name__}` with its options held: ``{name}(...)({', '.join(one.name for one in tensors)})``. All is told there."
    body = {
        "__module__": function.__module__,
        "__qualname__": name,
        "__doc__": doc,
        "__signature__": inspect.Signature(held),
        "function": staticmethod(function),
        "differentiable": differentiable,
        "forward": forward,
    }
    return type(name, (Item,), body)
