"""The linear layers of the losses that hold parameters: torch's own modules on torch, and what stands for them elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from polyloss import dispatch
from polyloss.opset import Tensor
from polyloss.torch.nn.base import Loss

HOME = "torch"


def chosen(loss: str, framework: str | None) -> str:
    """The framework in which a loss creates its parameters: the one named, torch if it is imported, else the only one that is.

    Raises:
        ValueError: there is no such framework, or none or several to choose from.
    """
    names = dispatch.backend_names()
    if framework is not None:
        if framework not in names:
            raise ValueError(f"{loss}: framework={framework!r} is not one of {', '.join(map(repr, sorted(names)))}")
        return framework
    imported = [name for name in names if name in sys.modules and name != "numpy"]  # which is imported with all of them
    if HOME in imported or len(imported) == 1:
        return HOME if HOME in imported else imported[0]
    given = f"{', '.join(imported)} are imported" if imported else "no framework is imported"
    raise ValueError(
        f"{loss}: {given}: pass framework, one of {', '.join(map(repr, sorted(names)))}, to say whose tensors the parameters are"
    )


class Linear:
    """``x weight^T + bias``: a weight (`out_features`, `in_features`), and a bias (`out_features`,) or None, drawn as torch does it."""

    def __init__(
        self, framework: str, name: str, in_features: int, out_features: int, bias: bool, device: Any, dtype: str | None
    ) -> None:
        (self.in_features, self.out_features) = (in_features, out_features)
        self._draw = (framework, name, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """New parameters, uniform between plus and minus ``in_features ** -0.5``."""
        (framework, name, bias, device, dtype) = self._draw
        create = dispatch.backend(framework).parameter
        bound = self.in_features**-0.5 if self.in_features else 0.0
        self.weight = create(f"{name}.weight", (self.out_features, self.in_features), bound, dtype, device)
        self.bias = create(f"{name}.bias", (self.out_features,), bound, dtype, device) if bias else None

    def __repr__(self) -> str:
        return f"Linear(in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None})"


class Sequential(list[Any]):
    """Layers in their order."""

    def __repr__(self) -> str:
        return tree(type(self).__name__, "", {str(i): layer for i, layer in enumerate(self)})


class ModuleList(Sequential):
    """Groups of layers."""


def tree(kind: str, extra: str, children: Mapping[str, Any]) -> str:
    """The text of a module, laid out as torch does it."""
    lines = [extra] if extra else []
    lines += [f"({name}): {child!r}" for name, child in children.items()]
    return f"{kind}(" + "".join("\n" + line for line in lines).replace("\n", "\n  ") + "\n)"


def linear(framework: str, name: str, in_features: int, out_features: int, bias: bool, device: Any, dtype: Any) -> Any:
    """A linear layer with parameters of a framework: on torch `torch.nn.Linear`."""
    if framework != HOME:
        return Linear(framework, name, in_features, out_features, bias, device, dtype)
    torch: Any = sys.modules[HOME]
    kind = None if dtype is None else getattr(torch, dtype)
    return torch.nn.Linear(in_features, out_features, bias=bias, device=device, dtype=kind)


def groups(framework: str, layers: list[list[Any]]) -> Any:
    """Lists of layers as one attribute: on torch a ``ModuleList`` of ``Sequential``."""
    home: Any = sys.modules[HOME].nn if framework == HOME else sys.modules[__name__]
    if framework == HOME:
        return home.ModuleList(home.Sequential(*group) for group in layers)
    return ModuleList(Sequential(group) for group in layers)


class ParametricLoss(Loss):
    """Base class of the losses that hold parameters.

    In a program that has imported torch, and unless another `framework` is named, an instance is a `torch.nn.Module` whose layers are
    torch's own. Elsewhere `named_parameters`, `parameters` and `with_parameters` are what optimizers need.
    """

    framework: str
    _given: Mapping[str, Any] | None = None

    def __new__(cls, *args: Any, framework: str | None = None, **kwargs: Any) -> ParametricLoss:
        """An instance, of a subclass that is a module where its parameters are torch's."""
        if framework not in (None, HOME):
            return object.__new__(cls)
        if framework == HOME:
            dispatch.backend(HOME)
        loss: Any = super().__new__(cls)
        return loss  # type: ignore[no-any-return]

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, str]]:
        return (), {"framework": self.framework}

    def _layers(self) -> Mapping[str, Any]:
        """The linear layers by their dotted names."""
        raise NotImplementedError

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, Any]]:
        """The parameters with their dotted names: those of ``torch.nn``'s own loss."""
        if self._given is not None:
            return iter(self._given.items())
        native = getattr(super(), "named_parameters", None)
        if native is not None:
            found: Iterator[tuple[str, Any]] = native(*args, **kwargs)
            return found
        return iter(self._own())

    def _own(self) -> list[tuple[str, Any]]:
        """The parameters of all layers with their names."""
        every = [
            (f"{name}.{kind}", getattr(layer, kind))
            for name, layer in self._layers().items()
            for kind in ("weight", "bias")
        ]
        return [(name, parameter) for name, parameter in every if parameter is not None]

    def parameters(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """The parameters."""
        return (parameter for _, parameter in self.named_parameters(*args, **kwargs))

    @property
    def trainable_variables(self) -> list[Any]:
        """The parameters as a list, by Keras's name for it."""
        return list(self.parameters())

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> ParametricLoss:
        """This loss with other parameters, by their names: what `jax.grad` differentiates and ``optax`` replaces.

        Raises:
            ValueError: a name is missing or unknown.
        """
        wanted = {name for name, _ in self._own()}
        if wanted != set(parameters):
            raise ValueError(
                f"{type(self).__name__}.with_parameters: got {', '.join(sorted(parameters))}; accepted are {', '.join(sorted(wanted))}"
            )
        other: ParametricLoss = object.__new__(type(self))  # not copy.copy, which torch.compile cannot follow
        other.__dict__.update(self.__dict__, _given=dict(parameters))
        return other

    def _tensors(self, name: str, layer: Any, like: Tensor) -> tuple[Tensor, Tensor | None]:
        """Weight and bias of a layer, of the kind of tensor of `like`."""
        (weight, bias) = (
            (layer.weight, layer.bias)
            if self._given is None
            else (self._given[f"{name}.weight"], self._given.get(f"{name}.bias"))
        )
        tensor_of = dispatch.backend(self.framework).tensor_of
        return tensor_of(weight, like), None if bias is None else tensor_of(bias, like)
