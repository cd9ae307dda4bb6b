"""How the losses of ``torch.nn`` are called that take something else than tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyloss_conformance.cases import Case

Call = Callable[[Any, Mapping[str, Any], Case, Mapping[str, Any]], Any]
"""``(torch, arguments of the constructor, case, tensors by name) -> value``."""

CALLS: dict[str, Call] = {}
"""By loss id."""
