"""What all losses of the Keras dialect share: the object, dtypes, ranks, masks, weights, the reduction, and the host Keras."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from polyloss import calls, checks, dispatch, host, whole
from polyloss.opset import HALF, Axis, OpSet, Tensor

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")
PACKAGE = "polyloss"
"""The package under which Keras registers these losses for saving."""

_names: Counter[str] = Counter()
MASKING: dict[Callable[..., Tensor], Callable[..., tuple[Tensor, Tensor | None]]] = {}
"""From a function whose losses carry a mask of their own to the one that returns both."""


# --- what Keras has set, where the program has imported it ------------------------------------------------------------------


def _setting(name: str, default: Any) -> Any:
    getter = getattr(sys.modules.get("keras.config"), name, None)
    return default if getter is None else getter()


def epsilon() -> float:
    """``keras.config.epsilon()``; 1e-7 without Keras."""
    return float(_setting("epsilon", 1e-7))


def floating_dtype(loss: str, dtype: Any) -> str:
    """The name of the dtype that `dtype` stands for: a name, a Keras policy (its compute dtype), a framework's dtype, None (floatx)."""
    given = _setting("floatx", "float32") if dtype is None else getattr(dtype, "compute_dtype", dtype)
    return checks.dtype_name(loss, given.removeprefix("mixed_") if isinstance(given, str) else given)


# --- the arguments of a call -------------------------------------------------------------------------------------------------


def owner(loss: str, y_true: Tensor, y_pred: Tensor, **others: Tensor) -> OpSet:
    """The op set of these tensors; the first two must be some, the others may be None or numbers."""
    for name, tensor in {"y_true": y_true, "y_pred": y_pred, **others}.items():
        if isinstance(tensor, (list, tuple, dict)):
            raise TypeError(
                f"{loss}: {name} is a {type(tensor).__name__}; accepted is one tensor: call the loss on each of several"
            )
        if tensor is None and name not in others:
            raise TypeError(f"{loss}: {name} is None; accepted is a tensor")
    calls.owner(loss, y_true=y_true, y_pred=y_pred)
    return dispatch.op_set(loss, ("y_true", "y_pred", *others), (y_true, y_pred, *others.values()))


def arguments(loss: str, y_true: Tensor, y_pred: Tensor) -> tuple[OpSet, Tensor, Tensor]:
    """The op set, `y_true` and `y_pred`, both in the dtype of `y_pred`, widened."""
    F = owner(loss, y_true, y_pred)
    checks.floating(F, loss, "y_pred", y_pred)
    pred = F.widen(y_pred)
    return F, F.cast_like(y_true, pred), pred


def matched(
    F: OpSet, loss: str, y_true: Tensor, y_pred: Tensor, axis: Axis = -1, enlarge: bool = True
) -> tuple[Tensor, Tensor]:
    """Both in one shape: an axis of size 1 at the end is added or taken away, then they broadcast, if `enlarge`; `axis` is checked."""
    (true, pred) = alike_if_unknown(F, *same_rank(F, y_true, y_pred))
    if enlarge and F.shape(pred) is not None:
        (true, pred) = calls.broadcast(F, loss, y_true=true, y_pred=pred)
    else:
        same_shape(F, loss, true, pred)
    in_rank(F, loss, axis, pred)
    return true, pred


def same_shape(F: OpSet, loss: str, y_true: Tensor, y_pred: Tensor) -> None:
    """Raise ValueError where the shapes are known to differ."""
    if calls.sizes_differ(F, y_true, y_pred):
        raise ValueError(
            f"{loss}: y_true has shape {F.shape(y_true)}, but y_pred has {F.shape(y_pred)}: they must be equal"
        )


def in_rank(F: OpSet, loss: str, axis: Axis, y_pred: Tensor) -> None:
    """Raise unless `axis` is None, an axis of `y_pred` or several of them."""
    if axis is None:
        return
    for one in axis if isinstance(axis, (list, tuple)) else (axis,):
        if isinstance(one, bool) or not isinstance(one, int):
            raise TypeError(f"{loss}: axis is {axis!r}, a {type(axis).__name__}; accepted is an int")
        checks.in_rank(F, loss, "axis", one, "y_pred", y_pred)


def squeezed(F: OpSet, tensor: Tensor, axis: int) -> Tensor:
    """`tensor` without `axis`, which has size 1."""
    dtype = F.dtype(tensor)
    if dtype == "bool":
        (tensor, dtype) = (F.cast(tensor, "int32"), "int32")
    found = F.sum(tensor, axis=axis)
    return found if dtype is None or dtype == F.dtype(found) else F.cast(found, dtype)


def same_rank(F: OpSet, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one rank, where ranks differ by 1 and the larger one ends in an axis of size 1: rank 1 gains such an axis, more lose it."""
    (first, second) = (F.shape(x1), F.shape(x2))
    if first is None or second is None:
        return x1, x2
    if len(first) == len(second) + 1 and first[-1] == 1:
        return (x1, F.expand_dims(x2, axis=-1)) if len(second) == 1 else (squeezed(F, x1, -1), x2)
    if len(second) == len(first) + 1 and second[-1] == 1:
        return (F.expand_dims(x1, axis=-1), x2) if len(first) == 1 else (x1, squeezed(F, x2, -1))
    return x1, x2


def alike_if_unknown(F: OpSet, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Both; of MXNet's symbols, which have no shapes to match ranks by, a graph that fails unless the two have one shape."""
    if F.shape(x1) is not None and F.shape(x2) is not None:
        return x1, x2
    whole = F.stop_gradient(F.ones_like(x1)) * F.stop_gradient(
        F.ones_like(x2)
    )  # in infix form symbols do not broadcast
    return x1 * whole, x2 * whole


def not_negative(loss: str, name: str, value: float) -> None:
    """Raise ValueError unless ``value >= 0``."""
    if not value >= 0:
        raise ValueError(f"{loss}: {name}={value!r} is below 0")


# --- class numbers -------------------------------------------------------------------------------------------------------------


def class_numbers(F: OpSet, loss: str, y_true: Tensor, y_pred: Tensor, axis: int) -> Tensor:
    """`y_true` as class numbers of the shape of `y_pred` without `axis`, as exact as they come."""
    in_rank(F, loss, axis, y_pred)
    dtype = F.dtype(y_true)
    label = F.cast(y_true, "int32") if dtype in ("bool", "int8", "int16", "uint8", "uint16") else y_true
    (given, wanted) = (F.shape(label), F.shape(y_pred))
    if given is None or wanted is None:
        return label
    if len(given) == len(wanted) and given[axis] == 1:
        label = squeezed(F, label, axis)
        given = F.shape(label)
    place = axis % len(wanted)
    rows = wanted[:place] + wanted[place + 1 :]
    checks.shaped(
        F, loss, "y_true", label, [rows], "that of y_pred, {shape}, without axis {axis}", shape=wanted, axis=axis
    )
    return label


def in_range(F: OpSet, loss: str, label: Tensor, y_pred: Tensor, axis: int) -> Tensor | None:
    """Whether class numbers are in [0, C), as flags, or None where all are known to be; ValueError where one is known not to be."""
    shape = F.shape(y_pred)
    count = None if shape is None else shape[axis]
    if count is None:
        return None
    # Fractions are cut off toward 0: -0.5 is class 0.
    top = F.where(label < count, F.stop_gradient(F.ones_like(label)), 0)
    flags = F.where(label > -1, top, 0)
    wrong = calls.anywhere(F, label, lambda: 1 - flags)
    if wrong:
        raise ValueError(f"{loss}: y_true has class numbers outside [0, {count}), the classes along axis {axis}")
    return flags if wrong is None else None


def poisoned(F: OpSet, value: Tensor, valid: Tensor | None) -> Tensor:
    """`value`, NaN where `valid` is 0."""
    return value if valid is None else F.where(valid, value, float("nan"))


# --- masks, weights and the reduction --------------------------------------------------------------------------------------------


def carried_mask(tensor: Tensor) -> Tensor | None:
    """The mask that a Keras layer has left on `tensor`, or None."""
    if calls.tracing():
        return getattr(tensor, "_keras_mask", None)
    own = getattr(tensor, "__dict__", None)  # to ask a tensor of TensorFlow for what it has not takes a microsecond
    if own is not None:
        return own.get("_keras_mask")
    masking = sys.modules.get("keras.src.backend.common.masking")  # which keeps masks of other tensors in a table
    return None if masking is None else masking.get_keras_mask(tensor)


def carry_mask(tensor: Tensor, mask: Tensor | None) -> Tensor:
    """`tensor`, with `mask` on it where Keras is there to read it."""
    masking = sys.modules.get("keras.src.backend.common.masking")
    if mask is not None and masking is not None and not calls.tracing():
        try:
            masking.set_keras_mask(tensor, mask)
        except TypeError:  # a NumPy scalar takes neither an attribute nor a weak reference
            return tensor
    return tensor


def _count(F: OpSet, tensor: Tensor) -> Tensor | int:
    """The number of elements."""
    size = F.size(tensor)
    return size if isinstance(size, int) else F.sum(size)


def _ratio(F: OpSet, numerator: Tensor, denominator: Tensor | int) -> Tensor:
    """The quotient, 0 where the denominator is 0."""
    if isinstance(denominator, int):
        return numerator / denominator if denominator else F.zeros_like(numerator)
    zero = F.broadcast_equal(denominator, 0.0)
    return F.where(zero, 0.0, F.broadcast_div(numerator, F.where(zero, 1.0, denominator)))


def _mask_weight(F: OpSet, mask: Tensor, reduction: str | None) -> Tensor:
    """The mask as a weight; for a mean, one under which the sum over all elements is divided by the number of valid ones."""
    if reduction not in ("mean", "sum_over_batch_size"):
        return mask
    valid = F.sum(mask)
    total = F.zeros_like(valid) + _count(F, mask)
    return F.broadcast_mul(F.where(mask, F.ones_like(mask), 0.0), _ratio(F, total, valid))


def reduced(
    F: OpSet, loss: str, values: Tensor, weight: Tensor | float | None, mask: Tensor | None, reduction: str | None
) -> Tensor:
    """`values` times weight and mask, reduced."""
    if number := isinstance(weight, (bool, int, float)):
        weight = F.sum(F.stop_gradient(F.zeros_like(values))) + float(weight)
    elif weight is not None:
        weight = F.cast_like(weight, values)
    if mask is not None:
        valid = _mask_weight(F, F.stop_gradient(F.cast_like(mask, values)), reduction)
        if weight is None:
            weight = valid
        else:
            (valid, weight) = same_rank(F, valid, weight)
            (valid, weight) = (valid, weight) if number else alike_if_unknown(F, valid, weight)
            checked_broadcast(F, loss, "sample_weight", weight, "the mask", valid)
            weight = F.broadcast_mul(weight, valid)
    if weight is not None:
        (values, weight) = same_rank(F, values, weight)
        (values, weight) = (values, weight) if number and mask is None else alike_if_unknown(F, values, weight)
        checked_broadcast(F, loss, "sample_weight", weight, "the unreduced loss", values)
        values = F.broadcast_mul(values, weight)
    if reduction in (None, "none"):
        return values
    total = F.sum(values)
    if reduction == "sum":
        return total
    by_weight = reduction == "mean_with_sample_weight" and weight is not None
    mean = _ratio(F, total, F.sum(weight) if by_weight else _count(F, values))
    replicas = F.replicas()
    return mean if replicas == 1 else mean * (1.0 / replicas)


def checked_broadcast(F: OpSet, loss: str, name: str, tensor: Tensor, other: str, reference: Tensor) -> None:
    """Raise ValueError unless the two broadcast, from the right."""
    (given, wanted) = (F.shape(tensor), F.shape(reference))
    pairs = zip(reversed(given or ()), reversed(wanted or ()), strict=False)
    if any(None not in (a, b) and a != b and 1 not in (a, b) for a, b in pairs):
        raise ValueError(f"{loss}: {name} has shape {given}, which does not broadcast with that of {other}, {wanted}")


# --- the objects ---------------------------------------------------------------------------------------------------------------


@cache
def _as_keras(kind: type[Any], framework: type[Any]) -> Any:
    """`kind` as a real Keras loss, registered for saving."""
    hosted = host.subclass(kind, framework, __reduce__=host.reduce)
    saving = sys.modules["keras.saving"]
    (package, _, name) = saving.get_registered_name(kind).rpartition(">")
    if not package and kind.__module__.startswith(__package__):
        package = PACKAGE
    return saving.register_keras_serializable(package=package, name=name)(hosted) if package else hosted


def keras_class(kind: Any) -> Any:
    """The class whose instances `kind` makes: one of Keras's own where the program has imported it."""
    framework: Any = getattr(sys.modules.get("keras.losses"), "Loss", None)
    if framework is None or "keras.saving" not in sys.modules or issubclass(kind, framework):
        return kind
    return _as_keras(kind, framework)


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Loss:
    """Base class of the losses, for subclassing: write ``call(self, y_true, y_pred)``, the unreduced loss.

    In a program that has imported Keras an instance is also a ``keras.losses.Loss``.

    Args:
        name: of the loss; None: made of the class's name.
        reduction: see the module.
        dtype: in which `call` gets both arguments and the loss is returned; see the module.

    Call: ``(y_true, y_pred, sample_weight=None)``; see the module.

    Source: ``keras.losses.Loss``, Keras 3.15.

    >>> import numpy as np
    >>> class Absolute(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return abs(y_true - y_pred)
    >>> print(Absolute()(np.array([1, 2]), np.array([2, 4])))
    1.5
    """

    name: str
    reduction: str | None
    _unread = ("name", "_dtype_policy", "_given_dtype")  # by a call

    def __new__(cls, *args: Any, **kwargs: Any) -> Loss:
        """An instance, of a subclass that is a Keras loss where Keras has been imported."""
        loss: Loss = object.__new__(keras_class(cls))
        return loss

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        kind = type(self).__name__
        if reduction is not None:
            checks.one_of(kind, "reduction", reduction, REDUCTIONS)
        compute = floating_dtype(kind, dtype)
        framework = getattr(sys.modules.get("keras.losses"), "Loss", None)
        if framework is not None and isinstance(self, framework):
            policy = dtype if isinstance(dtype, str) or hasattr(dtype, "compute_dtype") else compute
            super().__init__(name=name, reduction=reduction, dtype=policy)  # type: ignore[call-arg]  # Keras's
        dispatch.prepare()
        if name is None:
            name = getattr(self, "name", None) or self._unique_name(kind)
        (self.name, self.reduction, self._dtype) = (name, reduction, compute)
        self._wide = False  # whether the loss takes labels as they are, and half precision as float32
        self._given_dtype = None if dtype is None else str(getattr(dtype, "name", None) or dtype)

    @staticmethod
    def _unique_name(kind: str) -> str:
        name = _snake_case(kind)
        _names[name] += 1
        return name if _names[name] == 1 else f"{name}_{_names[name] - 1}"

    @property
    def dtype(self) -> str:
        """In which the loss is returned."""
        return self._dtype

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The unreduced loss; a subclass overrides it."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def _masked(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor | None]:
        """The unreduced loss and a mask of its own."""
        values = self.call(y_true, y_pred)
        return values, carried_mask(values)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | float | None = None) -> Tensor:
        """The loss of these tensors, all of one framework."""
        return whole.call(Loss._called, self, (y_true, y_pred, sample_weight, carried_mask(y_pred)), epsilon)

    def _called(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | float | None, mask: Tensor | None
    ) -> Tensor:
        loss = type(self).__name__
        F = owner(loss, y_true, y_pred, sample_weight=sample_weight)
        if self._dtype in HALF and self._dtype not in dispatch.backend(F.name).dtypes:
            raise TypeError(f"{loss}: its dtype is {self._dtype}, which {F.name} has not")
        pred = self._converted(F, y_pred)
        if self._wide:
            (true, pred) = (y_true, F.widen(pred))
        else:
            true = self._converted(F, y_true)
        (values, own) = self._masked(true, pred)
        if mask is not None and own is not None:
            (mask, own) = (F.cast(one, self._dtype) for one in (mask, own))
            mask = F.broadcast_mul(mask, own)
        weight = sample_weight
        if weight is not None and not isinstance(weight, (bool, int, float)):
            weight = F.widen(self._converted(F, weight))
        found = reduced(F, loss, F.widen(values), weight, own if mask is None else mask, self.reduction)
        return self._converted(F, found)

    def _converted(self, F: OpSet, tensor: Tensor) -> Tensor:
        """`tensor` in the dtype of the loss."""
        return tensor if F.dtype(tensor) == self._dtype else F.cast(tensor, self._dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss anew; ``dtype`` only where it was given."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        return config if self._given_dtype is None else {**config, "dtype": self._given_dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of `config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_config().items())})"


class LossFunctionWrapper(Loss):
    """A function ``fn(y_true, y_pred, **kwargs)``, which returns an unreduced loss, as a `Loss`.

    Args:
        fn: the function, of this module or anybody's.
        reduction, name, dtype: see `Loss`.
        kwargs: given to the function at each call.

    Before the call, `y_true` and `y_pred` are brought to one rank: see the module.

    Source: ``keras.src.losses.losses.LossFunctionWrapper``, Keras 3.15.

    >>> import numpy as np
    >>> from polyloss.keras.losses import huber
    >>> print(LossFunctionWrapper(huber, delta=2.0)(np.array([0.0]), np.array([3.0])))
    4.0
    """

    def __init__(
        self,
        fn: Callable[..., Tensor],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        (self.fn, self._fn_kwargs) = (fn, kwargs)
        self._wide = str(getattr(fn, "__module__", "")).startswith(__package__)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The unreduced loss."""
        return self.fn(*self._same_rank(y_true, y_pred), **self._fn_kwargs)

    def _same_rank(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        return same_rank(owner(type(self).__name__, y_true, y_pred), y_true, y_pred)

    def _masked(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor | None]:
        if (masking := MASKING.get(self.fn)) is not None:
            return masking(*self._same_rank(y_true, y_pred), **self._fn_kwargs)
        return super()._masked(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss anew, the function by its registered name."""
        from polyloss.keras.losses.saving import serialize

        return {**super().get_config(), "fn": serialize(self.fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of `config`."""
        from polyloss.keras.losses.saving import deserialize

        return cls(**{**config, "fn": deserialize(config["fn"])} if isinstance(config.get("fn"), dict) else config)


class NamedLoss(LossFunctionWrapper):
    """Base class of the losses of one function: the options are attributes, and the config holds them."""

    def __init__(
        self, fn: Callable[..., Tensor], reduction: str | None, name: str | None, dtype: Any, **options: Any
    ) -> None:
        super().__init__(fn, reduction, name, dtype, **options)
        for option, value in options.items():
            setattr(self, option, value)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss anew."""
        return {**Loss.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of `config`."""
        return cls(**config)
