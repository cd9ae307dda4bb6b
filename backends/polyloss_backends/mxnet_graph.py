"""A function of MXNet arrays of known shapes and dtypes as one graph: one call into MXNet in place of one for each operation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyloss.opset import Axis, Tensor, UnsupportedError, reduced_axes
from polyloss_backends.mxnet import MXNetOps, mx
from polyloss_backends.mxnet_cross_entropy import TINY, cross_entropy
from polyloss_backends.mxnet_logistic import softrelu_excess

LARGE = 1 << 15
"""From so many elements on what an operation does with each costs more than starting it."""
HUGE = 1 << 19
"""From so many elements on an operator in Python costs less than two tensors more."""
VAST = 1 << 21
"""From so many elements on it costs less than one tensor more."""
LONGEST = 1 << 20
"""A vector of more elements than this is no constant to be kept."""
CHAIN = 128
"""So many numbers may be added up one after the other."""

Condition = Callable[[np.ndarray[Any, Any]], Any]
"""Whether a tensor has likely values."""


class GraphOps(MXNetOps):
    """The operations on symbols whose shapes are known, in fewer or quicker nodes where that lets them be.

    With `likely` they may be right for likely values only: where each of `conditions` is true of its tensor. With `on_cpu` NumPy may
    compute some.
    """

    def __init__(self, likely: bool, on_cpu: bool) -> None:
        super().__init__(mx.sym)
        (self.likely, self.on_cpu) = (likely, on_cpu)
        self.conditions: list[tuple[Tensor, Condition]] = []
        self.constants: dict[tuple[bytes, tuple[int, ...], str], tuple[Any, np.ndarray[Any, Any]]] = {}
        self._shapes: dict[int, tuple[Any, tuple[int, ...]]] = {}

    def shape(self, data: Tensor) -> tuple[int, ...]:
        if id(data) not in self._shapes:
            (found,) = data.infer_shape()[1]
            self._shapes[id(data)] = (data, found)  # with the symbol, whose number another one would get
        return self._shapes[id(data)][1]

    def dtype(self, data: Tensor) -> str:
        return np.dtype(data.infer_type()[1][0]).name

    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        raise UnsupportedError("a graph cannot refuse a gradient")

    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        old = self.shape(data)
        if -1 in shape and (known := -math.prod(shape)):
            shape = [math.prod(old) // known if size == -1 else size for size in shape]
        return data if old == tuple(shape) else super().reshape(data, shape)

    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        return lhs if self.shape(lhs) == self.shape(rhs) else super().reshape_like(lhs, rhs)

    def cast(self, data: Tensor, dtype: str) -> Tensor:
        return data if self.dtype(data) == dtype else super().cast(data, dtype)

    def zeros_like(self, data: Tensor) -> Tensor:
        return self._filled(data, 0.0) if self._is_small(data) else super().zeros_like(data)

    def ones_like(self, data: Tensor) -> Tensor:
        return self._filled(data, 1.0) if self._is_small(data) else super().ones_like(data)

    def _is_small(self, data: Tensor) -> bool:
        return math.prod(self.shape(data)) < LARGE

    def _filled(self, data: Tensor, value: float) -> Tensor:
        return self._constant(np.full(self.shape(data), value), self.dtype(data))

    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return lhs == rhs if _is_finite(rhs) else super().broadcast_equal(lhs, rhs)

    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        return lhs > rhs if _is_finite(rhs) else super().broadcast_greater(lhs, rhs)

    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        (x, y) = (self._number(one, other) for one, other in ((x, y), (y, x)))
        return super().where(condition, x, y)

    def _number(self, value: Tensor | float, like: Tensor) -> Tensor:
        return self._vector(value, 1, self.dtype(like)) if isinstance(value, (int, float)) else value

    def softrelu(self, data: Tensor) -> Tensor:
        # max(x, 0) + log(1 + e^-|x|): at 0, where max has the slope 1 and this |x|, too, the whole has 1 - 1/2, as is due.
        positive = self.F.maximum(data, 0.0)
        if self._is_small(data):
            return positive + self.F.log1p(self.F.exp(self.F.minimum(-data, data)))
        return positive + self._tail(self.F.LeakyReLU(-data, act_type="leaky", slope=-1.0))

    def softrelu_excess(self, data: Tensor) -> Tensor:
        if self._is_small(data):
            return self.F.log1p(self.F.exp(-self.F.abs(data)))
        if self.on_cpu and math.prod(self.shape(data)) >= HUGE and self.dtype(data) in ("float32", "float64"):
            return softrelu_excess(data)
        # Of x times the largest number tanh is the sign: MXNet's takes ten times as long, and the derivative of |x| twenty times.
        largest = float(np.finfo(self.dtype(data)).max)
        return self._tail(data * self.F.Activation(self.F.BlockGrad(data) * largest, act_type="tanh"))

    def _tail(self, size: Tensor) -> Tensor:
        """``log(1 + e^-x)`` for x from 0 on: -log s(x) with the logistic s, by oneDNN; s(-x) tells what its rounding took off."""
        share = self.F.Activation(size, act_type="sigmoid")
        fixed = self.F.BlockGrad(share)
        rest = self.F.Activation(-self.F.BlockGrad(size), act_type="sigmoid")
        return ((rest - (1.0 - fixed)) / fixed) - self.F.log(share)

    def softmax_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        shape = self.shape(data)
        if not self._is_by_onednn(data, axis):
            return super().softmax_cross_entropy(data, label, axis, keepdims)
        F = self.F
        likely = self.likely and math.prod(shape) < VAST
        if not likely and math.prod(shape) >= HUGE and len(shape) > 1:
            place = self.reshape(self.cast(label, "float64"), (-1,))
            place = F.floor(self.clip(self.where(place == place, place, 0.0), 0.0, shape[-1] - 1.0))
            loss = cross_entropy(self.reshape(data, (-1, shape[-1])), self.cast(place, "float32"), sparse=True)
            return self.reshape(loss, (*shape[:-1], 1) if keepdims else shape[:-1])
        # oneDNN's softmax is exact; its log_softmax, of a tenth of the time of the other one, is off by some millionths. That is nothing
        # beside the logarithm of a share too small to be told. Both give numbers beside a NaN, where the total is NaN.
        share = F.softmax(data, axis=-1)
        at_label = self.pick(share, label, keepdims=keepdims)
        fixed = F.BlockGrad(share)
        if likely:
            ones = self._constant(np.ones((1, shape[-1])), "float32")
            total = F.FullyConnected(self.reshape(fixed, (-1, shape[-1])), ones, num_hidden=1, no_bias=True)
            shares = self.reshape(F.BlockGrad(at_label), (-1, 1)) / total
            self.conditions.append((shares, lambda shares: (shares >= TINY).all()))  # NaN is not
            return -F.log(at_label)
        small = F.BlockGrad(at_label) < TINY
        far = -self.pick(F.log_softmax(data, axis=-1), label, keepdims=keepdims)
        near = -F.log(self.where(small, 1.0, at_label))
        total = self.sum(fixed, axis=-1, keepdims=keepdims)
        return self.where(small, far, near) * (total / total)

    def soft_label_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        shape = self.shape(data)
        if not self._is_by_onednn(data, axis) or math.prod(shape) < HUGE or len(shape) == 1:
            return super().soft_label_cross_entropy(data, label, axis, keepdims)
        (data, label) = (self.reshape(one, (-1, shape[-1])) for one in (data, label))
        loss = cross_entropy(data, label, sparse=False)
        return self.reshape(loss, (*shape[:-1], 1) if keepdims else shape[:-1])

    def _is_by_onednn(self, data: Tensor, axis: int) -> bool:
        return not self._is_small(data) and axis in (-1, len(self.shape(data)) - 1) and self.dtype(data) == "float32"

    def ctc_loss(
        self,
        data: Tensor,
        label: Tensor,
        data_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
    ) -> Tensor:
        (frames, batch, classes) = self.shape(data)
        width = self.shape(label)[1]
        if (
            data_lengths is not None
            or label_lengths is not None
            or frames < 2 * width - 1
            or self.dtype(data) != "float32"
        ):
            return super().ctc_loss(data, label, data_lengths, label_lengths)
        # There are frames enough for any labels, so all that is left of what arrays need is a row more, where no row has a label.
        # What ends a label is its -1.
        F = self.F
        label = F.maximum(F.floor(self.cast(label, "float32")), -1.0)
        if self.likely:
            # So few numbers are sooner looked through as a list than by NumPy.
            self.conditions.append((F.BlockGrad(label), lambda label: max(label[:, 0].tolist()) >= 0))
            return F.CTCLoss(data, label, blank_label="last")
        more = [
            F.concat(one, self._constant(np.zeros(size), "float32"), dim=dim)
            for one, size, dim in ((data, (frames, 1, classes), 1), (label, (1, width), 0))
        ]
        return F.slice_axis(F.CTCLoss(*more, blank_label="last"), axis=0, begin=0, end=batch)

    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._added(super().sum, data, axis, keepdims, exclude, mean=False)

    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        return self._added(super().mean, data, axis, keepdims, exclude, mean=True)

    def _added(self, plain: Any, data: Tensor, axis: Axis, keepdims: bool, exclude: bool, mean: bool) -> Tensor:
        """The sum or mean as a product with a vector of equal numbers, which is vectorised where MXNet's reduction is not."""
        (shape, dtype) = (self.shape(data), self.dtype(data))
        axes = reduced_axes(axis, len(shape), exclude)
        count = math.prod(shape[i] for i in axes)
        longest = max(shape[-1], count // shape[-1]) if len(axes) == len(shape) else count
        if not axes or longest > LONGEST or dtype not in ("float32", "float64"):
            return plain(data, axis, keepdims, exclude)
        left = [1 if i in axes else size for i, size in enumerate(shape) if keepdims or i not in axes]
        if count == 1:
            return self.reshape(data, left or (1,))
        scale = 1 / count if mean else 1.0
        if len(axes) == len(shape):
            found = self._row_sums(self.reshape(data, (-1, shape[-1])), scale)
            if count > shape[-1]:  # one vector for all would be as large as the data
                found = self._row_sums(self.reshape(found, (1, -1)), 1.0)
        elif axes[-1] == len(shape) - 1 and len(axes) == len(shape) - axes[0]:
            found = self._row_sums(self.reshape(data, (-1, count)), scale)
        elif axes[0] == 0 and len(axes) == axes[-1] + 1:
            found = self.F.dot(self._vector(scale, count, dtype), self.reshape(data, (count, -1)))
        else:
            return plain(data, axis, keepdims, exclude)
        return self.reshape(found, left or (1,))

    def _row_sums(self, data: Tensor, scale: float) -> Tensor:
        """The sums along the last of two axes, times `scale`."""
        (rows, count) = self.shape(data)
        if self._is_small(data):
            return self.F.dot(data, self._vector(scale, count, self.dtype(data)))  # started sooner
        part = max(size for size in range(1, CHAIN + 1) if count % size == 0)
        if 8 * part > min(count, CHAIN) and data.get_children() is not None:
            # A product keeps its factors for the gradient, means of parts keep nothing.
            wide = self.reshape(data, (1, rows, 1, count))
            count //= part
            means = self.F.contrib.AdaptiveAvgPooling2D(wide, output_size=(1, count))
            (data, scale) = (self.reshape(means, (rows, count)), scale * part)
        weight = self._constant(np.full((1, count), scale), self.dtype(data))
        return self.F.FullyConnected(data, weight, num_hidden=1, no_bias=True, flatten=False)

    def _vector(self, value: float, size: int, dtype: str) -> Tensor:
        return self._constant(np.full(size, value), dtype)

    def _constant(self, values: np.ndarray[Any, Any], dtype: str) -> Tensor:
        """A tensor that is made once, and not in each call."""
        key = (values.tobytes(), values.shape, dtype)
        if key not in self.constants:
            symbol = mx.sym.var(f"constant{len(self.constants)}", shape=values.shape, dtype=dtype)
            self.constants[key] = (symbol, values)
        return self.constants[key][0]


def _is_finite(value: Tensor | float) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def graph(
    function: Callable[..., Tensor], arguments: Sequence[Any], flags: Sequence[tuple[str, Any]]
) -> Callable[..., Tensor] | None:
    """``function(F, *arguments)`` for arrays of the shapes and dtypes of these, and for the same of everything else.

    None where one of them is empty: MXNet takes a size of 0 for one that it does not know.
    """
    arrays = [one for one in arguments if isinstance(one, mx.nd.NDArray)]
    if any(0 in one.shape or not one.shape for one in arrays):
        return None
    inputs = [
        mx.sym.var(f"data{i}", shape=one.shape, dtype=one.dtype) if isinstance(one, mx.nd.NDArray) else one
        for i, one in enumerate(arguments)
    ]
    context = arrays[0].context
    likely = all(one.context.device_type == "cpu" for one in arrays)  # elsewhere conditions would be waited for
    (quick, conditions) = _made(function, inputs, context, flags, likely=likely)
    if quick is None or not conditions:
        return quick
    sure: list[Any] = []

    def run(*arguments: Any) -> Tensor:
        (value, *told) = quick(*arguments)
        if all(condition(one.asnumpy()) for condition, one in zip(conditions, told, strict=True)):
            return value
        if not sure:
            sure.append(_made(function, inputs, context, flags, likely=False)[0])
        return sure[0](*arguments)

    return run


def _made(
    function: Callable[..., Tensor], inputs: Sequence[Any], context: Any, flags: Sequence[tuple[str, Any]], likely: bool
) -> tuple[Callable[..., Any] | None, list[Condition]]:
    """A graph of the value and of what has conditions, and those; None and none where there can be no graph."""
    F = GraphOps(likely, on_cpu=context.device_type == "cpu")
    with mx.name.NameManager():  # the program's names of its own symbols count on
        value = function(F, *inputs)
    given = {one.name: i for i, one in enumerate(inputs) if isinstance(one, mx.sym.Symbol)}
    if value.get_children() is None or not given.keys() & set(value.list_inputs()):
        return None, []  # an argument itself, or nothing that a gradient could be asked of
    held = {
        symbol.name: mx.nd.array(values, dtype=dtype, ctx=context)
        for (_, _, dtype), (symbol, values) in F.constants.items()
    }
    conditions = [condition for _, condition in F.conditions]
    if conditions:
        value = mx.sym.Group([value, *(told for told, _ in F.conditions)])
    names = value.list_inputs()
    data = [i for i, name in enumerate(names) if name in given]
    call = mx.nd.CachedOp(
        value, [("data_indices", data), ("param_indices", [i for i in range(len(names)) if i not in data]), *flags]
    )
    order = [given.get(name) for name in names]
    if not held and order == list(range(len(inputs))):
        return call, conditions
    fixed = [held.get(name) for name in names]

    def run(*arguments: Any) -> Tensor:
        return call(*[one if i is None else arguments[i] for i, one in zip(order, fixed)])  # noqa: B905 - it takes a third longer

    return run, conditions
