"""How the zoo is held to independent packages: value and gradient of the same random tensors, in float64, ours on PyTorch."""

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
    state: tuple[str, ...] = ()
    """Tensors that the item takes as its state."""
    framework: str = "torch"
    """Whose arrays the oracle takes: ``torch`` or ``jax``, with gradients, or ``numpy``, values only."""
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
    wrt = [] if row.framework == "numpy" else [name for name in drawn if _differentiable(row, name, drawn[name])]
    ours = {name: torch.from_numpy(np.asarray(values)) for name, values in drawn.items()}
    for name in wrt:
        ours[name].requires_grad_()
    given = [tensor for name, tensor in ours.items() if name not in row.state]
    states = [{name: ours[name] for name in row.state}] if row.state else []
    value = getattr(zoo, row.name)(*given, *states, **row.options)
    (due, slopes) = {"numpy": _by_numpy, "torch": _by_torch, "jax": _by_jax}[row.framework](row, drawn, wrt)
    assert due.size == value.numel()
    close = {"rtol": row.tolerance, "atol": row.tolerance}
    np.testing.assert_allclose(value.detach().numpy(), due.reshape(value.shape), **close)
    if wrt:
        value.sum().backward()
    for name in wrt:
        np.testing.assert_allclose(ours[name].grad.numpy(), slopes[name], **close, err_msg=f"gradient of {name}")


def _differentiable(row: Row, name: str, values: Any) -> bool:
    return np.asarray(values).dtype.kind == "f" and name not in (*row.fixed, *row.state)


def _by_numpy(row: Row, drawn: dict[str, Any], wrt: list[str]) -> tuple[Any, dict[str, Any]]:
    return np.asarray(row.oracle(**drawn)), {}


def _by_torch(row: Row, drawn: dict[str, Any], wrt: list[str]) -> tuple[Any, dict[str, Any]]:
    import torch

    given = {name: torch.from_numpy(np.asarray(values)).requires_grad_(name in wrt) for name, values in drawn.items()}
    value = row.oracle(**given)
    value.sum().backward()
    slopes = {name: given[name].grad for name in wrt}
    assert None not in slopes.values(), f"the oracle has no gradient for {slopes}"
    return value.detach().numpy(), {name: slope.numpy() for name, slope in slopes.items()}


def _by_jax(row: Row, drawn: dict[str, Any], wrt: list[str]) -> tuple[Any, dict[str, Any]]:
    """JAX is asked for float64, which it gives only if told so."""
    import jax

    def total(given: dict[str, Any]) -> tuple[Any, Any]:
        value = row.oracle(**{**drawn, **given})
        return value.sum(), value

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        given = {name: jax.numpy.asarray(drawn[name]) for name in wrt}
        ((_, value), slopes) = jax.value_and_grad(total, has_aux=True)(given)
        return np.asarray(value), {name: np.asarray(slope) for name, slope in slopes.items()}
    finally:
        jax.config.update("jax_enable_x64", before)
