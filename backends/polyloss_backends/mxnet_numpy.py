"""MXNet's `mx.np` arrays and symbols: the operations on the legacy kinds, between two changes of type."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from polyloss.opset import Axis, OpSet, Tensor

if TYPE_CHECKING:
    from polyloss_backends.mxnet import MXNetOps


class _Adapter(OpSet):
    name = "mxnet"

    def __init__(self, legacy: MXNetOps) -> None:
        self.legacy = legacy


def _to_legacy(value: Any) -> Any:
    return value.as_nd_ndarray() if hasattr(value, "as_nd_ndarray") else value


def _adapted(name: str) -> Callable[..., Any]:
    @wraps(getattr(OpSet, name), updated=())  # not the mark of an abstract method
    def operation(self: _Adapter, *args: Any, **options: Any) -> Any:
        args = tuple(map(_to_legacy, args))
        options = {key: _to_legacy(value) for key, value in options.items()}
        result = getattr(self.legacy, name)(*args, **options)
        return result.as_np_ndarray() if hasattr(result, "as_np_ndarray") else result

    return operation


def _adapted_reduction(name: str) -> Callable[..., Any]:
    reduce = _adapted(name)

    def operation(
        self: _Adapter, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False
    ) -> Tensor:
        axes = axis if axis is None or isinstance(axis, int) else tuple(axis)
        if axes == () and exclude:
            (axes, exclude) = (None, False)
        if keepdims or exclude or axes == ():
            return reduce(self, data, axes, keepdims, exclude)
        return reduce(self, data, axes, True).squeeze(axis=axes)  # the legacy kind would give (1,) for ()

    return operation


def _adapted_reshape_like(self: _Adapter, lhs: Tensor, rhs: Tensor) -> Tensor:
    return lhs.reshape(()) if self.legacy.shape(rhs) == () else _adapted("reshape_like")(self, lhs, rhs)


def _adapted_pick(self: _Adapter, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
    if self.legacy.shape(index) == ():
        index = index.reshape(1)
    picked = _adapted("pick")(self, data, index, axis, True)
    return picked if keepdims else picked.squeeze(axis=axis)


def _adapted_linear_cross_entropy(
    self: _Adapter,
    data: Tensor,
    weight: Tensor,
    label: Tensor,
    bias: Tensor | None = None,
    scale: Tensor | None = None,
    rows: int | None = None,
) -> Tensor:
    found = _adapted("linear_cross_entropy")(self, data, weight, label, bias, scale, rows)
    return found if scale is None else found.reshape(())


MXNetNumPyOps: Callable[[MXNetOps], OpSet] = type(
    "MXNetNumPyOps",
    (_Adapter,),
    {name: _adapted(name) for name in OpSet.__abstractmethods__ | {"smooth_l1", "ctc_loss", "ctc_alignment"}}
    | {name: _adapted_reduction(name) for name in ("sum", "mean", "max", "min", "norm", "logsumexp")}
    | {
        "reshape_like": _adapted_reshape_like,
        "pick": _adapted_pick,
        "linear_cross_entropy": _adapted_linear_cross_entropy,
    },
)
