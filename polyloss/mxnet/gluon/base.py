"""What all losses of the Gluon dialect share: the block, the weighting, the reduction, the checks of a call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from polyloss import checks, dispatch, host, whole
from polyloss.mxnet.gluon.graphs import Graphs
from polyloss.opset import OpSet, Tensor


def apply_weighting(F: OpSet, loss: Tensor, weight: float | None = None, sample_weight: Tensor | None = None) -> Tensor:
    """`loss` times `sample_weight` (broadcast) times the number `weight`; None leaves it as it is.

    Gluon's own losses have this helper too, as ``_apply_weighting``: custom losses import it from there.
    """
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    if weight is not None:
        checks.number("_apply_weighting", "weight", weight)
        loss = loss if isinstance(weight, (int, float)) and weight == 1 else loss * weight
    return loss


def reshape_like(F: OpSet, x: Tensor, y: Tensor) -> Tensor:
    """`x` in the shape of `y`. Gluon's name is ``_reshape_like``."""
    return F.reshape_like(x, y)


def _call_signature(hybrid_forward: Callable[..., Tensor]) -> inspect.Signature:
    """The signature of a loss's call: that of its hybrid_forward without self and F."""
    return inspect.Signature(list(inspect.signature(hybrid_forward).parameters.values())[2:])


_GLUON_GRAPH = ("_cached_graph", "_cached_op", "_cached_op_args", "_in_format", "_out_format", "_array_dtypes")
"""The attributes of a block that change when Gluon makes a graph of it, and when it drops that."""


@cache
def _of_block(block: Any) -> frozenset[str]:
    """The attributes of a block that are MXNet's affair, or that of `_as_block`: no formula reads them."""
    of_losses = {"_weight", "_batch_axis"}
    return frozenset({*vars(block(None, 0, prefix="")), *_GLUON_GRAPH, "_graphs"} - of_losses)


@cache
def _as_block(kind: type[Any], block: Any) -> Any:
    """`kind` as a real Gluon block: what Gluon does with a loss (hybridize, export, children, hooks) is then Gluon's own code.

    Save that calls of the losses of this package, of which it is known that they depend on nothing else, are repeated as graphs.
    """
    repeatable = kind.__module__.startswith(__name__.rpartition(".")[0])

    def hybrid_forward(self: Any, F: object, *args: Tensor, **params: Tensor) -> Tensor:
        for tensor, dtype in zip(args, self._array_dtypes, strict=False):
            if dtype is not None and not hasattr(tensor, "dtype"):  # the variable of a graph that stands for an array
                codes = sys.modules["mxnet.ndarray.ndarray"].__dict__["_DTYPE_NP_TO_MX"]
                tensor._set_attr(__dtype__=str(codes[dtype]))
        return kind.hybrid_forward(self, dispatch.op_set(kind.__name__, kind._names, args), *args, **params)

    def elsewhere(self: Any, *args: Tensor) -> Tensor:
        return kind.hybrid_forward(self, dispatch.op_set(kind.__name__, kind._names, args), *args)

    def call(self: Any, *args: Tensor, **kwargs: Tensor) -> Tensor:
        if kwargs:
            args = self._positional(args, kwargs)
        F = dispatch.op_set(kind.__name__, kind._names, args)
        if F.name != "mxnet":
            return whole.call(elsewhere, self, args)
        if not (F.graphs and repeatable) or self._forward_pre_hooks or self._forward_hooks or self._callback:
            return plain(self, *args)
        return self._graphs.run(self, F, args, plain, kind.hybrid_forward)

    def plain(self: Any, *args: Tensor) -> Tensor:
        dtypes = tuple(getattr(tensor, "dtype", None) for tensor in args)
        if dtypes != self._array_dtypes:
            self._array_dtypes = dtypes
            self._clear_cached_op()  # a graph is made for its dtypes: half precision is computed in float32
        return block.__call__(self, *args)

    def setattribute(self: Any, name: str, value: object) -> None:
        if name not in _GLUON_GRAPH:
            vars(self)["_graphs"] = Graphs()  # those that there were knew of the attributes as they were
        block.__setattr__(self, name, value)

    hosted = host.subclass(
        kind,
        block,
        hybrid_forward=hybrid_forward,
        __call__=call,
        __setattr__=setattribute,
        _array_dtypes=(),
        _unread=_of_block(block),
    )
    (hosted._call, hosted._names) = (kind._call, kind._names)  # not those of the function above
    return hosted


class Loss:
    """Base class of Gluon's losses, for subclassing: write ``hybrid_forward(self, F, pred, label, ...)``.

    `F` is the op set (`polyloss.opset`) of whatever tensors the loss is called with, so that a custom Gluon loss runs on every backend.
    In a program that has imported MXNet an instance is also a `mxnet.gluon.loss.Loss`, hence a ``HybridBlock``.

    Args:
        weight: a number that scales the loss, or None.
        batch_axis: the axis of the samples.

    Source: ``mxnet.gluon.loss.Loss``, MXNet 1.9.1. ``prefix`` and ``params`` are taken for MXNet's sake.

    >>> import numpy as np
    >>> class Absolute(Loss):
    ...     def hybrid_forward(self, F, pred, label):
    ...         return F.mean(F.abs(label - pred), axis=self._batch_axis, exclude=True)
    >>> Absolute(weight=None, batch_axis=0)(np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]]))
    array([1.5])
    """

    _call: ClassVar[inspect.Signature]
    _names: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        cls._call = _call_signature(cls.hybrid_forward)
        cls._names = tuple(cls._call.parameters)

    def __new__(cls, *args: Any, **kwargs: Any) -> Loss:
        """An instance, of a subclass that is a Gluon block where MXNet has been imported."""
        block = getattr(sys.modules.get("mxnet.gluon.loss"), "Loss", None)
        kind: Any = cls
        loss: Loss = object.__new__(kind if block is None or issubclass(cls, block) else _as_block(kind, block))
        return loss

    def __init__(self, weight: float | None, batch_axis: int, prefix: str | None = None, params: Any = None) -> None:
        if (module := sys.modules.get("mxnet.gluon.loss")) and isinstance(self, getattr(module, "Loss", ())):
            super().__init__(weight, batch_axis, prefix=prefix, params=params)  # type: ignore[call-arg]  # the block's
        dispatch.prepare()
        name = type(self).__name__
        if weight is not None:
            checks.number(name, "weight", weight)
        if not isinstance(batch_axis, int):
            raise TypeError(f"{name}: batch_axis is {batch_axis!r}, a {type(batch_axis).__name__}; it must be an int")
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def hybrid_forward(self, F: OpSet, x: Tensor, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """The loss of the tensors `x` and `args` on their op set `F`; a subclass overrides it."""
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, ...)")

    def __call__(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """The loss of these tensors, all of one framework. Unlike Gluon's, a loss also takes keywords."""
        if kwargs:
            args = self._positional(args, kwargs)
        return whole.call(Loss._called, self, args)

    def _called(self, *args: Tensor) -> Tensor:
        return self.hybrid_forward(dispatch.op_set(type(self).__name__, self._names, args), *args)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Compile the loss for MXNet arrays. Elsewhere compiling is the framework's own affair, and this does nothing."""
        parent = getattr(super(), "hybridize", None)
        if parent is not None:
            parent(active, **kwargs)

    def _positional(self, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        try:
            bound = self._call.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}; the arguments are {self._call}") from None
        last = max(i for i, name in enumerate(self._names) if name in bound.arguments)
        bound.apply_defaults()
        positional: tuple[Tensor, ...] = bound.args[: last + 1]
        return positional

    # Half precision is computed in float32 and rounded once, at the end: Gluon's epsilons are 0 in float16, its squares overflow.

    def _like(self, F: OpSet, name: str, tensor: Tensor, other: str, reference: Tensor) -> Tensor:
        """`tensor` widened and in the shape of `reference`, of which it must have the size and the dtype."""
        loss = type(self).__name__
        checks.floating(F, loss, other, reference)
        checks.same_dtype(F, loss, name, tensor, other, reference)
        checks.same_size(F, loss, name, tensor, other, reference)
        return F.reshape_like(F.widen(tensor), reference)

    def _with_sample_weight(
        self, F: OpSet, loss: Tensor, sample_weight: Tensor | None, pred: Tensor, enlarge: bool = False
    ) -> Tensor:
        """The unreduced `loss` of `pred`, widened, times `sample_weight`, which may broadcast it to more elements only with `enlarge`."""
        loss = F.widen(loss)
        if sample_weight is None:
            return loss
        name = type(self).__name__
        checks.same_dtype(F, name, "sample_weight", sample_weight, "pred", pred)
        if not enlarge:
            checks.broadcastable(F, name, "sample_weight", sample_weight, "the unreduced loss", F.shape(loss))
        return apply_weighting(F, loss, None, F.widen(sample_weight))

    def _per_sample(
        self, F: OpSet, loss: Tensor, sample_weight: Tensor | None, pred: Tensor, factor: float = 1.0
    ) -> Tensor:
        """The weighted loss times `factor`, averaged over all axes but the batch axis, in the dtype of `pred`."""
        checks.in_rank(F, type(self).__name__, "batch_axis", self._batch_axis, "the unreduced loss", loss)
        loss = self._with_sample_weight(F, loss, sample_weight, pred)
        return self._scaled(F, F.mean(loss, axis=self._batch_axis, exclude=True), pred, factor)

    def _scaled(self, F: OpSet, loss: Tensor, pred: Tensor, factor: float = 1.0) -> Tensor:
        """`loss`, which is reduced so far that a product costs little, times the loss's weight and `factor`, in the dtype of `pred`."""
        weight = factor if self._weight is None else factor * self._weight
        return F.cast_like(apply_weighting(F, loss, weight), pred)


Loss.__init_subclass__()


class ElementwiseLoss(Loss):
    """A loss of a prediction and a label of one size, element by element, averaged per sample. Subclasses give `_formula`."""

    _factor: ClassVar[float] = 1.0
    """What the average of the formula is multiplied with, as is the weight: an average is small, what is averaged is not."""

    def _formula(self, F: OpSet, pred: Tensor, label: Tensor) -> Tensor:
        raise NotImplementedError

    def hybrid_forward(self, F: OpSet, pred: Tensor, label: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss per sample, shape (batch_size,)."""
        label = self._like(F, "label", label, "pred", pred)
        return self._per_sample(F, self._formula(F, F.widen(pred), label), sample_weight, pred, self._factor)
