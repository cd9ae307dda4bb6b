"""``log(1 + e^-|x|)`` of large tensors on MXNet, by NumPy, whose exponential and logarithm are vectorised where MXNet's are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from polyloss.opset import Tensor
from polyloss_backends.mxnet import mx

BLOCK = 1 << 17
"""So many elements are computed at a time: in a processor's cache, and in no second tensor of the size of the first."""

Block = np.ndarray[Any, Any]


class _SoftreluExcess(mx.operator.CustomOp):  # type: ignore[misc, name-defined]
    def forward(
        self, is_train: bool, req: Sequence[str], in_data: list[Tensor], out_data: list[Tensor], aux: list[Tensor]
    ) -> None:
        for found, data in _blocks(out_data[0], in_data[0]):
            _put(found, req[0], _excess(data.asnumpy()))

    def backward(
        self,
        req: Sequence[str],
        out_grad: list[Tensor],
        in_data: list[Tensor],
        out_data: list[Tensor],
        in_grad: list[Tensor],
        aux: list[Tensor],
    ) -> None:
        for found, data, upstream in _blocks(in_grad[0], in_data[0], out_grad[0]):
            _put(found, req[0], _slope(data.asnumpy()) * upstream.asnumpy())


@mx.operator.register("polyloss_softrelu_excess")
class _SoftreluExcessProp(mx.operator.CustomOpProp):  # type: ignore[misc, name-defined]
    def create_operator(self, ctx: Any, in_shapes: list[Any], in_dtypes: list[Any]) -> _SoftreluExcess:
        return _SoftreluExcess()

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        return [*out_grad, *in_data]


def _excess(data: Block) -> Block:
    power: Block = np.exp(-np.abs(data))
    total = 1 + power
    power -= total - 1  # what rounding has taken off
    power /= total
    power += np.log(total)
    return power


def _slope(data: Block) -> Block:
    power: Block = np.exp(-np.abs(data))
    power /= 1 + power
    power *= -np.sign(data)
    return power


def _blocks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    flat = [one.reshape((-1,)) for one in tensors]
    for low in range(0, flat[0].size, BLOCK):
        yield tuple(one[low : low + BLOCK] for one in flat)


def _put(found: Tensor, req: str, values: Block) -> None:
    if req == "add":
        values += found.asnumpy()
    if req != "null":
        found[:] = values


def softrelu_excess(data: Tensor) -> Tensor:
    """``log(1 + e^-|x|)`` of each element, with slope 0 at 0, of a symbol of float32 or float64."""
    return mx.sym.Custom(data, op_type="polyloss_softrelu_excess")
