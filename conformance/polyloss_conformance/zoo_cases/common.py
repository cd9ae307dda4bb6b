"""What the cases of the zoo share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from polyloss_conformance.planning import ALL, FULL, Layout, Plan, Shape

plan = partial(Plan, dialect="zoo")


def reductions(shapes: Mapping[str, Shape], name: str, **more: Any) -> list[Layout]:
    """The three reductions, the mean in every dtype and in the short run."""
    return [
        Layout(name, shapes, {"reduction": "mean"}, dtypes=ALL, quick=True, **more),
        Layout(f"{name}-none", shapes, {"reduction": "none"}, **more),
        Layout(f"{name}-sum", shapes, {"reduction": "sum"}, **more),
    ]


def options(
    shapes: Mapping[str, Shape], name: str, *configs: Mapping[str, Any], dtypes: Sequence[str] = FULL, **more: Any
) -> list[Layout]:
    """One layout for each configuration."""
    return [Layout(f"{name}-{_words(config)}", shapes, config, dtypes=dtypes, **more) for config in configs]


def _words(config: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in config.items()).replace(" ", "")
