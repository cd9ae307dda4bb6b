"""The modules of a package, each of which holds a part of a list."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def holding(name: str, package: str) -> list[Any]:
    """The modules of `package` that have an attribute `name`, in alphabetical order."""
    found = [import_module(f"{package}.{one.name}") for one in iter_modules(import_module(package).__path__)]
    return [module for module in found if hasattr(module, name)]
