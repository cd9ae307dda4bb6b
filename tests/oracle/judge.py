"""How the zoo is held to independent packages: value and gradient of the same random tensors, on PyTorch in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import pytest

SEEDS = range(5)


@dataclass(frozen=True)
class Row:
    """An item of the zoo in a configuration, and who else computes it."""

    name: str
    """Of the function."""
    draw: Callable[[np.random.Generator], dict[str, Any]]
    """The tensors by name: float64 has a gradient unless it is in `fixed`, integers are class numbers."""
    oracle: Callable[..., Any]
    """Takes the same tensors by name."""
    packages: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    gradients: bool = True
    """False: the oracle has values only, and takes NumPy arrays."""
    tolerance: float = 1e-9
    reason: str = ""
    """Why the tolerance is another."""

    @property
    def id(self) -> str:
        """For people."""
        options = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.name}({options}) by {self.packages[0]}"


def held(row: Row, seed: int) -> None:
    """Compare one draw."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the tensors are its")
    for package in row.packages:
        pytest.importorskip(package, reason=f"{package} is not installed: tox -e oracle has it")
    zoo = import_module("polyloss.zoo")
    drawn = row.draw(np.random.default_rng(seed))

    def tensors() -> dict[str, Any]:
        found = {name: torch.from_numpy(np.asarray(values)) for name, values in drawn.items()}
        for name, tensor in found.items():
            if row.gradients and tensor.is_floating_point() and name not in row.fixed:
                tensor.requires_grad_()
        return found

    (ours, theirs) = (tensors(), tensors())
    value = getattr(zoo, row.name)(*ours.values(), **row.options)
    if not row.gradients:
        expected = np.asarray(row.oracle(**drawn))
        np.testing.assert_allclose(value.numpy(), expected, rtol=row.tolerance, atol=row.tolerance)
        return
    due = row.oracle(**theirs)
    close = {"rtol": row.tolerance, "atol": row.tolerance}
    torch.testing.assert_close(value, due.to(value.dtype).reshape(value.shape), **close)
    value.sum().backward()
    due.sum().backward()
    for name, tensor in ours.items():
        if tensor.requires_grad:
            wanted = theirs[name].grad
            assert wanted is not None, f"the oracle has no gradient for {name}"
            torch.testing.assert_close(tensor.grad, wanted, **close)
