"""Items that keep a state between calls, without ever changing anything in place: the pure protocol, and an object that remembers.

A state is a dictionary of tensors, of the kind of the batch. Of a stateful item::

    state = item.init(x, ...)                   a first state, of the kind, dtype and device of x
    value = item.loss(x, label, state)          the state is a constant for the gradient
    state = item.update(x, label, state)        a new state; the old one is as it was, and no gradient passes
    (value, state) = item.apply(x, label, state)    both, the loss of the old state

All four are pure functions, so they work under ``jax.jit``, in a ``scan`` and in ``tf.function``: thread the state through. `Memory`
does that for programs that like an object better: call it with a batch, and it holds the new state.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from polyloss.opset import Tensor
from polyloss.zoo.base import Item, item, keyword_only

State = Mapping[str, Tensor]


class Stateful(Item):
    """Base class of the items with a state; the options are those of the loss and of the update."""

    initial: ClassVar[Callable[..., dict[str, Tensor]]]
    """What `init` calls."""
    updating: ClassVar[Callable[..., dict[str, Tensor]]]
    """What `update` calls."""

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The options of the loss and of the update, with the values that they have unless told otherwise."""
        return {**keyword_only(cls.function), **keyword_only(cls.updating)}

    def _of(self, function: Callable[..., Any]) -> dict[str, Any]:
        return {name: self.options[name] for name in keyword_only(function)}

    def forward(self, *tensors: Any) -> Any:
        """As `loss`."""
        return type(self).function(*tensors, **self._of(type(self).function))

    def init(self, x: Tensor, **sizes: int) -> dict[str, Tensor]:
        """A first state for batches like `x`; the sizes are those that the item's function of this purpose takes."""
        return type(self).initial(x, **sizes)

    def loss(self, x: Tensor, label: Tensor, state: State) -> Tensor:
        """The loss of a batch; the state is a constant."""
        return self.forward(x, label, state)

    def update(self, x: Tensor, label: Tensor, state: State) -> dict[str, Tensor]:
        """The state after a batch; no gradient passes, and nothing is changed in place."""
        return type(self).updating(x, label, state, **self._of(type(self).updating))

    def apply(self, x: Tensor, label: Tensor, state: State) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch with the state as it is, and the state after it."""
        return self.loss(x, label, state), self.update(x, label, state)


def stateful(
    function: Callable[..., Tensor],
    initial: Callable[..., dict[str, Tensor]],
    updating: Callable[..., dict[str, Tensor]],
    name: str | None = None,
) -> type[Stateful]:
    """The class of a loss with a state: as `item`, with the keyword-only arguments of the update among its options."""
    plain = item(function, name)
    options = {
        one.name: one
        for each in (function, updating)
        for one in inspect.signature(each).parameters.values()
        if one.kind is one.KEYWORD_ONLY
    }
    body = {
        "__module__": function.__module__,
        "__qualname__": plain.__name__,
        "__doc__": f"{plain.__doc__} A `Stateful` item: `{initial.__name__}` and `{updating.__name__}` are its `init` and `update`.",
        "__signature__": inspect.Signature(list(options.values())),
        "initial": staticmethod(initial),
        "updating": staticmethod(updating),
    }
    return type(plain.__name__, (Stateful, plain), body)


class Memory:
    """A stateful item that holds its state: ``memory(x, label)`` is the loss of a batch, after which the state is the next one.

    For programs that run step by step (PyTorch, Gluon, Keras and TensorFlow in eager mode, NumPy). Inside a function that is traced
    once and run often (``jax.jit``, ``tf.function``, ``torch.compile``, a hybridized block) thread the state: see `Stateful`.

    Args:
        item: a stateful item.
        state: a state, that of a checkpoint for example; None: made at the first batch, by ``item.init(x, **sizes)``.
        sizes: what the first state is made with, ``classes=10`` for example.

    Raises:
        TypeError: the item has no state.

    >>> import numpy as np
    >>> from polyloss.zoo import Center
    >>> memory = Memory(Center(rate=0.5), classes=2)
    >>> print(memory(np.array([[2.0, 4.0]]), np.array([1])), memory.state["centers"].tolist())
    10.0 [[0.0, 0.0], [0.5, 1.0]]
    """

    def __init__(self, item: Stateful, state: State | None = None, **sizes: int) -> None:
        if not isinstance(item, Stateful):
            raise TypeError(f"Memory: item is {item!r}, which keeps no state")
        self.item = item
        self.state = None if state is None else dict(state)
        """The state after the last batch: what a checkpoint has to hold."""
        self.sizes = sizes
        self.training = True
        """Whether a batch changes the state; False in validation."""

    def __call__(self, x: Tensor, label: Tensor) -> Tensor:
        """The loss of a batch with the state as it is; then the state is the next one, unless `training` is False."""
        if self.state is None:
            self.state = self.item.init(x, **self.sizes)
        if not self.training:
            return self.item.loss(x, label, self.state)
        (value, self.state) = self.item.apply(x, label, self.state)
        return value

    def __repr__(self) -> str:
        return f"Memory({self.item!r})"
