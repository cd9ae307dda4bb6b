"""The op set: the abstract operations that loss formulas are written on.

A formula takes an op set `F` and tensors, and uses nothing else: the methods below, and the infix operators ``+ - * /``,
unary ``-`` and ``> >= < <=`` between tensors **of one shape and dtype**, or a tensor and a Python number. Anything that
broadcasts goes through a ``broadcast_*`` method, since a MXNet ``Symbol`` does not broadcast in infix form.

Names, argument order and defaults are those of MXNet's ``F`` (``mxnet.nd`` / ``mxnet.sym``) where it has the operation, so
that a loss written for Gluon as ``hybrid_forward(self, F, ...)`` runs on every backend.

Conventions for every operation
    *shape*     Static sizes are never assumed: ask `shape`, which answers None for a symbol. Axes may be negative; an axis out of
                range raises ValueError (or the framework's own subclass or equivalent).
    *dtype*     The result has the dtype of the (first) tensor argument, whatever the values; Python numbers never widen it. Tensor
                arguments of one call have one dtype, save conditions and indices, which may have any.
    *NaN, inf*  IEEE 754: a NaN operand gives NaN (`maximum`, `minimum`, `max`, `min` and `relu` included), `log(0)` is -inf, `exp(-inf)` 0.
    *gradient*  Exact away from kinks. At kinks: ``relu'(0) = 0``, ``abs'(0) = sign'(.) = 0``, `broadcast_maximum` and `broadcast_minimum`
                give all of it to the first argument at a tie, `max` and `min` share it equally among ties, ``norm'(0) = 0``.
                Comparisons, indices and `where`'s condition receive none. `where` blocks the gradient of the side that was not
                chosen, but a NaN or infinite derivative inside that side still leaks (0 * inf): guard the input.
    *empty*     Zero-size tensors give zero-size results; a sum over nothing is 0, a mean over nothing NaN, `max` over nothing an error.
    *full reductions* give shape (); MXNet's legacy arrays have no 0-d form and give (1,).

Operations are *primitive* (each backend must give them) or *composite* (`COMPOSITES`: a default body on primitives, which a
backend may replace by a fused native kernel with the same values and gradients).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, TypeAlias

from polyloss.alignment import LOG_ZERO as LOG_ZERO
from polyloss.alignment import ctc_cost
from polyloss.axes import gathered_axis as gathered_axis
from polyloss.axes import reduced_axes as reduced_axes
from polyloss.backend import Backend as Backend  # the other half of the contract

Tensor: TypeAlias = Any  # each framework's own type; no common base exists
Axis: TypeAlias = int | Sequence[int] | None
Shape: TypeAlias = tuple[int | None, ...]  # None: a size that is not known while tracing

HALF = ("float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8")
LOGITS_AT_ONCE = 1 << 23
"""How many logits `OpSet.linear_cross_entropy` holds where a backend works through the rows in chunks: 32 MiB of float32."""


class UnsupportedError(NotImplementedError):
    """A backend declares that it cannot do something, and says why."""


class UnsupportedTypeError(UnsupportedError, TypeError):
    """What a backend cannot do is take this dtype, which others take."""


class OpSet(ABC):
    """The operations of one kind of tensor of one framework. Stateless: one instance serves all calls."""

    name: str = ""
    """The backend's name, for messages."""

    index_dtypes: tuple[str, ...] = INTEGERS
    """The integer dtypes that the framework's own losses take class numbers in."""

    # --- what a tensor is -------------------------------------------------------------------------------------------------

    @abstractmethod
    def shape(self, data: Tensor) -> Shape | None:
        """The sizes of `data`, None in place of one that is not known while tracing; None where no shape exists (a Symbol)."""

    @abstractmethod
    def dtype(self, data: Tensor) -> str | None:
        """NumPy's name of the dtype (``float32``, ``int64``, ``bool``) or ``bfloat16``; None where it is not known (a Symbol)."""

    @abstractmethod
    def readable(self, data: Tensor) -> bool:
        """Whether values are there to be read at once: False for a symbol, a tracer, and what lies on an accelerator."""

    def extremes(self, data: Tensor) -> tuple[float, float]:
        """The smallest and the largest element of `data`, which is `readable` and not empty; NaN if one element is."""
        return float(self.min(data)), float(self.max(data))

    @abstractmethod
    def cast(self, data: Tensor, dtype: str) -> Tensor:
        """`data` in another dtype; float to integer truncates toward zero."""

    @abstractmethod
    def stop_gradient(self, data: Tensor) -> Tensor:
        """`data`, as a constant for differentiation."""

    @abstractmethod
    def undifferentiable(self, data: Tensor, message: str) -> Tensor:
        """`data`, of which a gradient is refused: asking for one raises TypeError with this message.

        MXNet prints that, and raises its own MXNetError when the gradient is read; a symbol has gradient 0, since its graph cannot refuse.
        """

    # --- layout -----------------------------------------------------------------------------------------------------------

    @abstractmethod
    def reshape(self, data: Tensor, shape: Sequence[int]) -> Tensor:
        """`data` in row-major order in a new shape; one entry may be -1. (MXNet's codes 0, -2, -3, -4 are not part of the op set.)"""

    @abstractmethod
    def reshape_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """`lhs` in the shape of `rhs`; sizes must agree. The gradient goes to `lhs` only."""

    @abstractmethod
    def swapaxes(self, data: Tensor, dim1: int = 0, dim2: int = 0) -> Tensor:
        """`data` with two axes exchanged."""

    @abstractmethod
    def expand_dims(self, data: Tensor, axis: int) -> Tensor:
        """`data` with a new axis of size 1 at `axis` of the result."""

    @abstractmethod
    def broadcast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """`lhs` repeated along its axes of size 1 to the shape of `rhs`, which has the same rank."""

    @abstractmethod
    def concat(self, *data: Tensor, dim: int = 1) -> Tensor:
        """Tensors joined along an existing axis (Gluon's default is axis 1)."""

    @abstractmethod
    def stack(self, *data: Tensor, axis: int = 0) -> Tensor:
        """Tensors of one shape joined along a new axis."""

    @abstractmethod
    def slice_axis(self, data: Tensor, axis: int, begin: int, end: int | None) -> Tensor:
        """``data[..., begin:end, ...]`` along one axis; begin and end may be negative, an end of None is the axis's size."""

    @abstractmethod
    def flip(self, data: Tensor, axis: int) -> Tensor:
        """`data` in reverse order along an axis."""

    # --- constants ----------------------------------------------------------------------------------------------------------

    @abstractmethod
    def zeros_like(self, data: Tensor) -> Tensor:
        """Zeros of the shape and dtype of `data`."""

    @abstractmethod
    def ones_like(self, data: Tensor) -> Tensor:
        """Ones of the shape and dtype of `data`."""

    @abstractmethod
    def arange_like(self, data: Tensor, axis: int) -> Tensor:
        """0, 1, ..., n-1 for the n places along `axis` of `data`, in its dtype; rank 1."""

    @abstractmethod
    def eye_like(self, data: Tensor) -> Tensor:
        """The identity matrix of the shape and dtype of `data`, which has rank 2."""

    @abstractmethod
    def one_hot(
        self,
        indices: Tensor,
        depth: int,
        on_value: float = 1.0,
        off_value: float = 0.0,
        dtype: str = "float32",
    ) -> Tensor:
        """A new last axis of size `depth`: `on_value` at the index (truncated to an integer), `off_value` elsewhere.

        An index outside [0, depth) gives a row of `off_value`.
        """

    # --- elementwise --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def abs(self, data: Tensor) -> Tensor:
        """``|x|``, with gradient 0 at 0."""

    @abstractmethod
    def sign(self, data: Tensor) -> Tensor:
        """-1, 0 or 1 (NaN for NaN), with gradient 0."""

    @abstractmethod
    def square(self, data: Tensor) -> Tensor:
        """``x^2``."""

    @abstractmethod
    def sqrt(self, data: Tensor) -> Tensor:
        """``x^(1/2)``; NaN below 0, infinite gradient at 0."""

    @abstractmethod
    def rsqrt(self, data: Tensor) -> Tensor:
        """``x^(-1/2)``, whose gradient ``-x^(-3/2) / 2`` needs no division; NaN below 0, infinite at 0."""

    @abstractmethod
    def exp(self, data: Tensor) -> Tensor:
        """``e^x``."""

    @abstractmethod
    def power(self, data: Tensor, exponent: float) -> Tensor:
        """``x^e`` for ``x >= 0`` and ``e > 0``; the gradient at 0 is 0 for e above 1, 1 for 1 and infinite below."""

    @abstractmethod
    def log(self, data: Tensor) -> Tensor:
        """Natural logarithm; -inf at 0, NaN below."""

    @abstractmethod
    def log1p(self, data: Tensor) -> Tensor:
        """``log(1 + x)``, exact for small x."""

    @abstractmethod
    def arctan(self, data: Tensor) -> Tensor:
        """The angle in ``(-pi/2, pi/2)`` whose tangent is x; ``+-pi/2`` at infinity."""

    @abstractmethod
    def relu(self, data: Tensor) -> Tensor:
        """``max(x, 0)``, with gradient 0 at 0; NaN for NaN."""

    @abstractmethod
    def sigmoid(self, data: Tensor) -> Tensor:
        """``1 / (1 + e^-x)``, without overflow."""

    @abstractmethod
    def softrelu(self, data: Tensor) -> Tensor:
        """``log(1 + e^x)`` (softplus), exact to rounding everywhere: no linear shortcut above a threshold."""

    @abstractmethod
    def clip(self, data: Tensor, a_min: float, a_max: float) -> Tensor:
        """``min(max(x, a_min), a_max)``; gradient 1 inside and at both ends, 0 outside; NaN for NaN."""

    # --- two tensors, broadcast ---------------------------------------------------------------------------------------------

    @abstractmethod
    def broadcast_add(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """``lhs + rhs`` with NumPy broadcasting."""

    @abstractmethod
    def broadcast_sub(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """``lhs - rhs`` with NumPy broadcasting."""

    @abstractmethod
    def broadcast_mul(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """``lhs * rhs`` with NumPy broadcasting."""

    @abstractmethod
    def broadcast_div(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """``lhs / rhs`` with NumPy broadcasting."""

    @abstractmethod
    def broadcast_maximum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """The larger of two; at a tie all gradient goes to `lhs`. NaN if either is NaN."""

    @abstractmethod
    def broadcast_minimum(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """The smaller of two; at a tie all gradient goes to `lhs`. NaN if either is NaN."""

    @abstractmethod
    def broadcast_equal(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        """1 where equal, else 0, in the dtype of `lhs` (as in MXNet). `rhs` may be a number."""

    @abstractmethod
    def broadcast_greater(self, lhs: Tensor, rhs: Tensor | float) -> Tensor:
        """1 where ``lhs > rhs``, else 0, in the dtype of `lhs`. `rhs` may be a number."""

    @abstractmethod
    def where(self, condition: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
        """`x` where `condition` is true (non-zero), else `y`: the three broadcast. One of `x` and `y` may be a number.

        The condition is a comparison's result, infix or ``broadcast_*``: a boolean tensor or one of 0 and 1.
        """

    # --- reductions ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def sum(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Sum over `axis` (None: all), or with ``exclude=True`` over all axes but these. No axis left to reduce: `data` itself."""

    @abstractmethod
    def mean(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Arithmetic mean; axes as in `sum`."""

    @abstractmethod
    def max(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Largest element; ties share the gradient equally; axes as in `sum`."""

    @abstractmethod
    def min(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Smallest element; ties share the gradient equally; axes as in `sum`."""

    @abstractmethod
    def norm(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """Euclidean norm, with gradient 0 at the zero vector; axes as in `sum`, but ``|x|`` where none is left to reduce."""

    @abstractmethod
    def cumsum(self, data: Tensor, axis: int = -1) -> Tensor:
        """Running totals along an axis, in the shape and dtype of `data`; half precision is added up in float32."""

    @abstractmethod
    def softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        """``e^x_i / sum_j e^x_j`` along an axis, shifted by the maximum."""

    @abstractmethod
    def log_softmax(self, data: Tensor, axis: int = -1) -> Tensor:
        """``x_i - log sum_j e^x_j`` along an axis, shifted by the maximum: finite for finite input."""

    @abstractmethod
    def pick(self, data: Tensor, index: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        """The element of `data` at `index` along `axis`. `index` has the shape of `data` without that axis, or with size 1 there.

        The index may have any real dtype; it is truncated toward zero and clipped into range (MXNet's ``mode='clip'``); NaN is 0.
        """

    @abstractmethod
    def take(self, data: Tensor, indices: Tensor) -> Tensor:
        """Entries of `data` along its first axis: ``data[indices]``, of shape ``indices.shape + data.shape[1:]``.

        Indices may have any real dtype, and are truncated and clipped into range as in `pick`.
        """

    @abstractmethod
    def dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        """The product of two matrices, either of them transposed before; half precision is added up in float32."""

    @abstractmethod
    def batch_dot(self, lhs: Tensor, rhs: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        """The products of pairs of matrices, (B, m, k) and (B, k, n) to (B, m, n), either of the two transposed before.

        There is no broadcasting over B. Half precision is added up in float32.
        """

    @abstractmethod
    def nuclear_norm(self, data: Tensor) -> Tensor:
        """The sum of the singular values of a matrix (m, n), shape (); NaN if an element is NaN or infinite.

        The gradient is ``sum_i u_i v_i^T`` over the singular values that are not 0: above ``max(m, n) eps`` times the largest. Those that
        are add nothing to it. Half precision is decomposed in float32.
        """

    # --- order --------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def argsort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        """The indices that sort `data` along an axis, as int32 in its shape, without gradient: an index for `gather_along`.

        Ties stay in the order of their indices, in descending order too. NaN counts as +inf, and ties with it; -0 ties with 0.
        """

    @abstractmethod
    def gather_along(self, data: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
        """The elements of `data` at `indices` along `axis`, in the shape of `indices` (NumPy's ``take_along_axis``).

        `indices` has the rank of `data`, and its sizes save that at `axis`; otherwise ValueError. It may have any real dtype, and is
        truncated and clipped into range as in `pick`. The gradients of an element that is taken more than once add up.
        """

    # --- composite: a default body, which a backend may replace by a fused kernel ---------------------------------------------

    def size(self, data: Tensor, axis: Axis = None, exclude: bool = False) -> Tensor | int:
        """The number of elements along `axis`, as a Python int where it is known, else as a tensor that broadcasts with `data`."""
        shape = self.shape(data)
        if shape is not None:
            sizes = [shape[i] for i in reduced_axes(axis, len(shape), exclude)]
            if None not in sizes:
                return math.prod(sizes)
        return self.sum(self.stop_gradient(self.ones_like(data)), axis=axis, keepdims=True, exclude=exclude)

    def widen(self, data: Tensor) -> Tensor:
        """float16 and bfloat16 as float32, any other dtype as it is: for constants and sums that half precision cannot hold."""
        return self.cast(data, "float32") if self.dtype(data) in HALF else data

    def cast_like(self, lhs: Tensor, rhs: Tensor) -> Tensor:
        """`lhs` in the dtype of `rhs`."""
        dtype = self.dtype(rhs)
        return lhs if dtype is None or dtype == self.dtype(lhs) else self.cast(lhs, dtype)

    def logsumexp(self, data: Tensor, axis: Axis = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        """``log sum e^x``, shifted by the maximum: finite for finite input, -inf where all is -inf. Axes as in `sum`."""
        top = self.stop_gradient(self.max(data, axis=axis, keepdims=True, exclude=exclude))
        top = self.where(self.broadcast_equal(top - top, 0.0), top, 0.0)  # an infinite shift would give inf - inf
        total = self.sum(self.exp(self.broadcast_sub(data, top)), axis=axis, keepdims=keepdims, exclude=exclude)
        return self.log(total) + (top if keepdims else self.reshape_like(top, total))

    def sort(self, data: Tensor, axis: int = -1, is_ascend: bool = True) -> Tensor:
        """`data` in order along an axis, as `argsort` has it; an element's gradient is that of the place it comes to."""
        return self.gather_along(data, self.argsort(data, axis=axis, is_ascend=is_ascend), axis=axis)

    def squared_error(self, data: Tensor, label: Tensor) -> Tensor:
        """``(data - label)^2``, elementwise; the shapes are equal."""
        return self.square(data - label)

    def softrelu_excess(self, data: Tensor) -> Tensor:
        """``softrelu(x) - relu(x) = log(1 + e^-|x|)``, exact to rounding, with slope 0 at 0."""
        return self.softrelu(-self.abs(data))

    def smooth_l1(self, data: Tensor, scalar: float = 1.0) -> Tensor:
        """``(s x)^2 / 2`` where ``|x| < 1/s^2``, else ``|x| - 1/(2 s^2)``, with ``s = scalar > 0``; slope 0 at 0."""
        edge = 1 / scalar**2
        # From the edge on a constant, so that the second derivative is 0 there as well.
        near = self.where(self.abs(data) < edge, data, self.stop_gradient(self.clip(data, -edge, edge)))
        return (scalar**2 * near) * (data - 0.5 * near)

    def log_cosh(self, data: Tensor) -> Tensor:
        """``log cosh x``, exact to rounding, without overflow; slope ``tanh x``."""
        size = self.abs(data)
        (near, squared) = (size < 1, self.square(self.clip(data, -1.0, 1.0)))
        excess = self.zeros_like(squared)  # cosh x - 1 = x^2/2! + x^4/4! + ..., of which nine terms reach float64
        for n in range(9, 0, -1):
            excess = squared * (1.0 + excess) * (1 / (2 * n * (2 * n - 1)))
        return self.log1p(self.where(near, excess, self.exp(-2.0 * size))) + self.where(near, 0.0, size - math.log(2.0))

    def sigmoid_cross_entropy(self, data: Tensor, label: Tensor) -> Tensor:
        """``-label log s(x) - (1 - label) log(1 - s(x))`` with the logistic s, for logits x; gradient ``s(x) - label`` everywhere.

        Elementwise; the shapes are equal. ``-log s(x) = softrelu(-x)`` and ``-log(1 - s(x)) = softrelu(x)``, and neither cancels.
        """
        return label * self.softrelu(-data) + (1 - label) * self.softrelu(data)

    def softmax_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        """``-log softmax(data)[label]`` along `axis`, for logits; `label` and `keepdims` as in `pick`."""
        return -self.pick(self.log_softmax(data, axis=axis), label, axis=axis, keepdims=keepdims)

    def soft_label_cross_entropy(self, data: Tensor, label: Tensor, axis: int = -1, keepdims: bool = False) -> Tensor:
        """``-sum_j label_j log softmax(data)_j`` along `axis`, for logits; `label` has the shape of `data`."""
        return -self.sum(self.log_softmax(data, axis=axis) * label, axis=axis, keepdims=keepdims)

    def linear_cross_entropy(
        self,
        data: Tensor,
        weight: Tensor,
        label: Tensor,
        bias: Tensor | None = None,
        scale: Tensor | None = None,
        rows: int | None = None,
    ) -> Tensor:
        """``-log softmax(data weight^T + bias)[label]`` of each row of `data` (N, H), shape (N,); `weight` (C, H), `bias` (C,).

        `label` (N,) as in `pick`. With `scale` (N,), which gets no gradient: the sum of the losses, each times its own, shape (); a scale
        of 0 leaves a row out, whatever its loss. A replacement takes `rows` rows at a time (None: as many as are quick), and
        never holds the logits of all of them.
        """
        dtype = self.dtype(data)
        if dtype in HALF:
            wide = [one if one is None else self.cast(one, "float32") for one in (data, weight, bias, scale)]
            return self.cast(self.linear_cross_entropy(wide[0], wide[1], label, wide[2], wide[3], rows), dtype)
        logits = self.dot(data, weight, transpose_b=True)
        if bias is not None:
            logits = self.broadcast_add(logits, self.expand_dims(bias, axis=0))
        loss = self.softmax_cross_entropy(logits, label)
        if scale is None:
            return loss
        return self.sum(self.where(self.broadcast_equal(scale, 0.0), 0.0, loss) * self.stop_gradient(scale))

    def reduced(
        self,
        function: Callable[..., Tensor],
        *data: Tensor,
        mean: bool = False,
        samples: bool = False,
        elements: int | None = None,
    ) -> Tensor:
        """The sum, or the `mean`, of ``function(*data)``, shape ().

        The tensors have one shape, and so has the result, which `function` computes element by element; with `samples` they share the
        size of axis 0 only, and the result has one number for each place along it. It uses no other tensors: a replacement may give
        it some elements at a time, about `elements` of them (None: as many as are quick), so that what lies between never leaves the cache.
        """
        value = function(*data)
        return self.mean(value) if mean else self.sum(value)

    def kernel(self, formula: Callable[..., Tensor], reduction: str) -> Callable[..., Tensor | None] | None:
        """What computes a whole loss, reduced, on tensors that have a `signature` and need no widening; None: nothing but the formula.

        `formula` has its options bound by `functools.partial`; a backend knows it by module and name. The kernel returns None for values
        that it would take for others, and for those that the formula's callers refuse or warn of: the formula has to be asked then.
        """
        return None

    def scan(self, body: Callable[[Tensor, Tensor], Tensor], data: Tensor, state: Tensor) -> Tensor:
        """The last state of ``state = body(data[t], state)`` over the leading axis of `data`, whose size must be known.

        The state keeps its shape and dtype. A backend may replace the Python loop by its own (``lax.scan``).
        """
        shape = self.shape(data)
        if shape is None or shape[0] is None:
            raise UnsupportedError(f"scan on {self.name}: the size of axis 0 must be known, data has shape {shape}")
        for t in range(shape[0]):
            state = body(self.sum(self.slice_axis(data, axis=0, begin=t, end=t + 1), axis=0), state)
        return state

    def ctc_loss(
        self,
        data: Tensor,
        label: Tensor,
        data_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
    ) -> Tensor:
        """Connectionist temporal classification: ``-log P(label)`` summed over all alignments, shape (N,).

        `data` (T, N, C) are logits, class C-1 is the blank. `label` (N, L) holds classes in [0, C-1), of any real dtype; without
        `label_lengths` (N,) a label ends at its first negative entry. `data_lengths` (N,) defaults to T. An alignment that cannot
        exist (more labels and repeats than frames) costs +inf and has gradient 0.
        """
        cost = self.ctc_alignment(self.log_softmax(self.widen(data), axis=-1), label, data_lengths, label_lengths)
        return self.cast_like(cost, data)

    def ctc_alignment(
        self,
        log_prob: Tensor,
        label: Tensor,
        data_lengths: Tensor | None = None,
        label_lengths: Tensor | None = None,
        blank: int = -1,
    ) -> Tensor:
        """Minus the log of the summed probability of all alignments of `label`, from log probabilities as they are; shape (N,).

        As `ctc_loss`, with class `blank` for the blank, and `log_prob` (T, N, C) not normalised: its gradient is minus the expected number
        of times that a class is at a frame, 0 where `log_prob` is -inf. A label equal to the blank counts as one of the labels.
        """
        dtype = self.dtype(log_prob) or "float32"
        if dtype in HALF:  # the recursion adds as many logarithms as there are frames
            wide = self.cast(log_prob, "float32")
            return self.cast(self.ctc_alignment(wide, label, data_lengths, label_lengths, blank), dtype)
        (classes, width) = ((self.shape(log_prob) or (None,) * 3)[2], (self.shape(label) or (None,) * 2)[1])
        if classes is None or width is None:
            raise UnsupportedError(
                f"CTC on {self.name} in {dtype}: the numbers of classes and of labels must be known while tracing"
            )
        return ctc_cost(self, log_prob, label, data_lengths, label_lengths, blank % classes, width)

    # --- a call that comes again ----------------------------------------------------------------------------------------------

    graphs: bool = False
    """Whether `graph` is worth asking for."""

    def graph(
        self, function: Callable[..., Tensor], arguments: Sequence[Any], flags: Sequence[tuple[str, Any]] = ()
    ) -> Callable[..., Tensor] | None:
        """``function(F, *arguments)`` as one call into the framework, for tensors of these shapes and dtypes; None where there is none.

        The function uses the op set `F` that it is given, other arguments than tensors stay as they are, and `flags` are the framework's.
        """
        return None

    # --- what a framework does around a loss --------------------------------------------------------------------------------

    def signature(self, given: Sequence[Any]) -> Hashable | None:
        """All that the checks of a call with these arguments depend on, save values; None where nothing may be kept for such a call."""
        return None

    def autocast_dtype(self, data: Tensor) -> str | None:
        """The dtype in which a loss of `data` is returned: its own, unless the framework's automatic mixed precision is at work."""
        return self.dtype(data)

    compiles: bool = False  # whether calls that repeat are (`polyloss.repeats`), by the three methods below

    def repeatable(self, data: Sequence[Tensor]) -> Hashable | None:
        """What stands for shapes and dtypes, or None where a call with these tensors is not to be compiled: it is traced."""
        return None

    def traced(self) -> bool:
        """Whether calls are made into a program now, so that every one repeats."""
        return False

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, compiled when it is called, always with tensors of the same shapes and dtypes; as differentiable as before."""
        return function

    def replicas(self) -> int:
        """Over how many copies of the program the framework's distribution strategy adds up a loss; 1 where there is none."""
        return 1

    # --- spellings that Gluon's losses use ---------------------------------------------------------------------------------

    def Activation(self, data: Tensor, act_type: Literal["relu", "sigmoid", "softrelu"]) -> Tensor:  # noqa: N802 - MXNet's name
        """MXNet's spelling of `relu`, `sigmoid` and `softrelu`."""
        if act_type not in ("relu", "sigmoid", "softrelu"):
            raise ValueError(f"Activation: act_type {act_type!r} is not one of 'relu', 'sigmoid', 'softrelu'")
        return getattr(self, act_type)(data)


COMPOSITES = (
    "size",
    "widen",
    "cast_like",
    "logsumexp",
    "sort",
    "squared_error",
    "softrelu_excess",
    "smooth_l1",
    "log_cosh",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "soft_label_cross_entropy",
    "linear_cross_entropy",
    "reduced",
    "kernel",
    "scan",
    "ctc_loss",
    "ctc_alignment",
)


def chunk(classes: int, rows: int | None) -> int:
    """The number of rows of logits that are computed at a time: `rows`, or as many as `LOGITS_AT_ONCE` allows."""
    return max(LOGITS_AT_ONCE // max(classes, 1), 1) if rows is None else rows
