"""What the cases of all losses of the PyTorch dialect share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from polyloss_conformance.planning import ALL, FULL, Layout, Plan, Shape

SINGLE = ("float32",)
HALVES = ("float16", "bfloat16")

plan: partial[Plan] = partial(Plan, dialect="torch")


def name_of(shape: Shape) -> str:
    """``2x3``, and ``0d`` for no axes."""
    return "x".join(map(str, shape)) if shape else "0d"


def common(
    names: Sequence[str] = ("input", "target"), reductions: Sequence[str] = ("none", "mean", "sum")
) -> list[Layout]:
    """What every loss is put through: reductions, ranks, memory layouts, batches of 0 and 1."""

    def all_of(shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(names, shape)

    return [
        Layout("2x3", all_of((2, 3)), dtypes=ALL, quick=True),
        *(Layout(f"2x3-{r}", all_of((2, 3)), {"reduction": r}, quick=True) for r in reductions),
        Layout("2x3-strided", all_of((2, 3)), strided=True),
        Layout("2x3x2", all_of((2, 3, 2)), dtypes=SINGLE),
        Layout("4-none", all_of((4,)), {"reduction": "none"}, dtypes=SINGLE),
        Layout("2x1x3x2-none", all_of((2, 1, 3, 2)), {"reduction": "none"}, dtypes=("float64",)),
        Layout("0d", all_of(()), dtypes=SINGLE),
        Layout("0d-none", all_of(()), {"reduction": "none"}, dtypes=SINGLE),
        Layout("1x3", all_of((1, 3)), dtypes=SINGLE),
        *(Layout(f"0x3-{r}", all_of((0, 3)), {"reduction": r}, dtypes=SINGLE) for r in reductions),
    ]


def broadcast(names: Sequence[str] = ("input", "target"), ranks: bool = True) -> list[Layout]:
    """The last tensor smaller than the others, and larger; of another rank too where `ranks`."""
    first: list[Shape] = [(2, 1), (1, 3)]
    pairs = [((2, 3), small) for small in ([(3,), *first] if ranks else first)]
    return [
        Layout(
            f"{name_of(many)}-{name_of(last)}-none",
            {name: last if name == names[-1] else many for name in names},
            {"reduction": "none"} if index % 2 else {},
            dtypes=SINGLE,
        )
        for index, (many, last) in enumerate([*pairs, ((1, 3), (2, 3))])
    ]


def options(names: Sequence[str], *configs: Mapping[str, Any], dtypes: Sequence[str] = FULL) -> list[Layout]:
    """2x3 with each of these configurations."""
    return [
        Layout(
            "2x3-" + ",".join(f"{k}={v}" for k, v in config.items()),
            dict.fromkeys(names, (2, 3)),
            config,
            dtypes=dtypes,
        )
        for config in configs
    ]


PAIR = ("input", "target")
