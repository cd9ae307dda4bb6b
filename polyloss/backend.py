"""What a backend is: one framework, its op set, and what running, comparing and differentiating on it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from polyloss.opset import OpSet, Tensor


class Backend(ABC):
    """One framework: which tensors are its own, and what running, comparing and differentiating on it needs."""

    name: str
    """The framework's top-level module; also the entry point's name in the group `polyloss.backends`."""

    dtypes: tuple[str, ...]
    """The floating-point dtypes of its tensors."""

    modes: tuple[str, ...]
    """Ways to run a function that `value_and_grad` knows; the first is ``eager``."""

    sampled: tuple[str, ...] = ()
    """Modes that take so long to compile that conformance runs one case a loss in them."""

    by_operation: tuple[str, ...] = ()
    """Modes that compile each operation for the shapes and the dtype of its tensors as it comes: conformance runs fewer cases in them."""

    differentiable: bool = True
    """False: `value_and_grad` returns no gradients."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Distribution name to version, for what a result depends on."""

    def kinds(self) -> Mapping[type, OpSet]:
        """The types whose op set is worth knowing before the first call: a tracer does not follow the search, or sees no second call."""
        return {}

    @abstractmethod
    def op_set(self, tensor: object) -> OpSet | None:
        """The op set for this kind of tensor, or None where it is not one of this framework's. The answer depends on the type only."""

    @abstractmethod
    def from_numpy(self, array: np.ndarray[Any, Any], dtype: str) -> Tensor:
        """A tensor of this framework with these values, rounded to `dtype` (NumPy's names, and ``bfloat16``)."""

    @abstractmethod
    def to_numpy(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """The values on the host, in the same dtype; bfloat16 as float32."""

    @abstractmethod
    def value_and_grad(
        self, function: Callable[..., Tensor], wrt: Sequence[int], mode: str = "eager"
    ) -> Callable[[Sequence[Tensor | None], Tensor | None], tuple[Tensor, tuple[Tensor, ...]]]:
        """A runner: from arguments and an upstream gradient (None: ones) to ``function(*arguments)`` and its gradients.

        Gradients are those of ``sum(upstream * value)`` with respect to the arguments numbered in `wrt`, in that order, zeros for an
        argument that has no influence. The runner may be called again with other values of the same shapes and dtypes without
        compiling again. Arguments may be None.
        """

    @abstractmethod
    def parameter(
        self, name: str, shape: Sequence[int], bound: float, dtype: str | None = None, device: Any = None
    ) -> Any:
        """What this framework's optimizers train, of a shape, drawn uniformly from [-bound, bound) by its own generator.

        A `dtype` of None is the framework's default; `device` is of its own kind. The `name` is for people.
        """

    def tensor_of(self, parameter: Any, like: Tensor) -> Tensor:
        """The tensor in a parameter, of the kind of `like`, or a tensor as it is."""
        return parameter

    def refuses(self, shapes: Mapping[str, tuple[int, ...]], dtype: str) -> str | None:
        """Why tensors of these shapes and this floating dtype cannot exist here, or None where they can."""
        if dtype not in self.dtypes:
            return f"{self.name} has no {dtype} here"
        return None
