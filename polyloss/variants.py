"""Op sets made of others: without fused replacements, or with other methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyloss.opset import COMPOSITES, OpSet

_composed: dict[OpSet, OpSet] = {}


def composed(ops: OpSet) -> OpSet:
    """`ops` with every fused replacement taken off: composite operations run their default body."""
    if ops in _composed:
        return _composed[ops]
    plain = {name: getattr(OpSet, name) for name in replaced(ops)}
    _composed[ops] = varied(ops, "Composed", plain) if plain else ops
    return _composed[ops]


def replaced(ops: OpSet) -> list[str]:
    """The composite operations for which `ops` has something better than their default body."""
    return [name for name in COMPOSITES if getattr(type(ops), name) is not getattr(OpSet, name)]


def varied(ops: OpSet, prefix: str, methods: Mapping[str, Callable[..., Any]]) -> OpSet:
    """`ops` with other methods."""
    kind = type(ops)
    copy: OpSet = object.__new__(type(prefix + kind.__name__, (kind,), dict(methods)))
    copy.__dict__.update(ops.__dict__)
    return copy
