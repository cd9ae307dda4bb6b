"""How the items of the zoo are called that take something else than tensors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyloss_conformance.cases import Case

CALLS: dict[str, Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]] = {}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
