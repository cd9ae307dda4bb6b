"""Cross entropy of large float32 matrices of logits on MXNet, as an operator of a graph that keeps the softmax and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyloss.opset import Tensor
from polyloss_backends.mxnet import mx

TINY = 1e-25
"""Of a probability below this the logarithm is so large that some millionths are nothing beside it."""
BLOCK = 1 << 20
"""About so many elements are computed at a time."""

# oneDNN's softmax is exact; MXNet's own, and its log_softmax, take fifteen times as long. In oneDNN's log_softmax the logarithm of a
# row's sum is off by up to 4e-6, for all classes by the same, which the probability of one that is not rare tells. Both give numbers
# beside a NaN, where the sum of the softmax is NaN. MXNet's operators take two tensors more, and twice the time, for an exact gradient.


class _CrossEntropy(mx.operator.CustomOp):  # type: ignore[misc, name-defined]
    """The losses of the rows, their softmax, and what the log_softmax of each row lacks."""

    def __init__(self, sparse: bool) -> None:
        super().__init__()
        self._sparse = sparse

    def forward(
        self, is_train: bool, req: Sequence[str], in_data: list[Tensor], out_data: list[Tensor], aux: list[Tensor]
    ) -> None:
        ((data, label), (loss, share, gap), F) = (in_data, out_data, mx.nd)
        place = label if self._sparse else F.argmax(F.softmax(data, axis=-1, out=share), axis=-1)
        if not self._sparse:
            F.log_softmax(data, axis=-1, out=share)
            gap[:] = F.pick(share, place, axis=-1, keepdims=True)
            for low, high in _blocks(data):
                loss[low:high] = _row_sums(share[low:high] * label[low:high])
        F.softmax(data, axis=-1, out=share)
        total = _row_sums(share)
        at = F.pick(share, place, axis=-1, keepdims=True) / total
        if self._sparse:
            gap[:] = total - total  # 0, or NaN
            F.negative(F.log(at), out=loss)
            if not F.min(at).asscalar() >= TINY:  # there is one that rare, or a NaN
                F.log_softmax(data, axis=-1, out=share)
                F.where(at < TINY, -F.pick(share, place, axis=-1, keepdims=True), loss, out=loss)
                F.softmax(data, axis=-1, out=share)
        else:
            gap[:] = F.log(at) - gap
            loss[:] = -(loss + gap * _row_sums(label))

    def backward(
        self,
        req: Sequence[str],
        out_grad: list[Tensor],
        in_data: list[Tensor],
        out_data: list[Tensor],
        in_grad: list[Tensor],
        aux: list[Tensor],
    ) -> None:
        ((data, label), (_, share, gap), upstream, F) = (in_data, out_data, out_grad[0], mx.nd)
        if req[0] != "null":
            factor = (upstream if self._sparse else _row_sums(label) * upstream) + (gap - gap)
            slope = F.broadcast_mul(share, factor, out=None if req[0] == "add" else in_grad[0])
            if self._sparse:
                places = F.stack(F.arange(data.shape[0], ctx=data.context), label)
                at_label = F.pick(slope, label, axis=-1) - upstream.reshape((-1,))
                F._internal._scatter_set_nd(slope, at_label, places, shape=slope.shape, out=slope)
            else:
                for low, high in _blocks(data):
                    slope[low:high] -= F.broadcast_mul(label[low:high], upstream[low:high])
            if req[0] == "add":
                in_grad[0][:] += slope
        if not self._sparse and req[1] != "null":
            log_p = F.broadcast_add(F.log_softmax(data, axis=-1), gap)
            self.assign(in_grad[1], req[1], -F.broadcast_mul(log_p, upstream))


@mx.operator.register("polyloss_cross_entropy")
class _CrossEntropyProp(mx.operator.CustomOpProp):  # type: ignore[misc, name-defined]
    def __init__(self, sparse: str) -> None:
        super().__init__(need_top_grad=True)
        self._sparse = sparse == "True"

    def list_arguments(self) -> list[str]:
        return ["data", "label"]

    def list_outputs(self) -> list[str]:
        return ["loss", "share", "gap"]

    def infer_shape(self, in_shape: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        (rows, classes) = in_shape[0]
        label = [rows] if self._sparse else [rows, classes]
        return [in_shape[0], label], [[rows, 1], in_shape[0], [rows, 1]], []

    def create_operator(self, ctx: Any, in_shapes: list[Any], in_dtypes: list[Any]) -> _CrossEntropy:
        return _CrossEntropy(self._sparse)

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        return [out_grad[0], *in_data, *out_data[1:]]


def _row_sums(data: Tensor) -> Tensor:
    ones = mx.nd.ones((1, data.shape[1]), ctx=data.context)
    return mx.nd.FullyConnected(data, ones, num_hidden=1, no_bias=True)


def _blocks(data: Tensor) -> list[tuple[int, int]]:
    (rows, classes) = data.shape
    size = max(BLOCK // classes, 1)
    return [(low, min(low + size, rows)) for low in range(0, rows, size)]


def cross_entropy(data: Tensor, label: Tensor, sparse: bool) -> Tensor:
    """``-log softmax(data)[label]`` of each row, or ``-sum_j label_j log softmax(data)_j``, of shape (rows, 1); symbols of float32.

    A sparse label is a whole number in range.
    """
    return mx.sym.Custom(data, label, op_type="polyloss_cross_entropy", sparse=sparse)[0]
