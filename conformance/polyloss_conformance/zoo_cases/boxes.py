"""The cases of the losses on the overlap of boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, like
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")

APART = (
    ([1, 1, 4, 3], [1, 1, 4, 3]),  # just right
    ([0, 0, 1, 1], [2, 2, 3, 3]),  # apart
    ([0, 0, 1, 2], [1, 0, 2, 2]),  # touching
    ([0, 0, 4, 4], [1, 1, 2, 3]),  # one in the other
)
FLAT = (
    ([1, 1, 1, 2], [0, 0, 2, 2]),  # without width
    ([1, 1, 1, 1], [1, 1, 1, 1]),  # a point, just right
    ([3, 3, 1, 2], [0, 0, 2, 2]),  # inside out
    ([1, 0, 2, 2], [1.5, 0, 1.5, 2]),  # the target without width
)


def _ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    found = {}
    for name in PAIR:
        (near, far) = (rng.uniform(0.25, 1.5, (*shapes[name][:-1], 2)) for _ in range(2))
        found[name] = np.concatenate([near, near + far if config.get("form", "xyxy") == "xyxy" else far], axis=-1)
    return found


def _of(pairs: Iterable[Any], scale: float = 1.0) -> Draw:
    rows = list(pairs)

    def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            name: scale * like(np.array([pair[i] for pair in rows], dtype=float), shapes[name])
            for i, name in enumerate(PAIR)
        }

    return draw


DRAWS = {
    "ordinary": _ordinary,
    "apart": _of(APART),
    "flat": _of(FLAT),
    "large": _of(((a, [x + 1 for x in b]) for a, b in reversed(APART)), 2e3),
    "small": _of(((a, [x + 0.5 for x in b]) for a, b in APART), 2.0**-7),
}
MAGNITUDE = {"small": 2.0**8}
"""Of the slope of a small box, whose parts cancel."""


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (4, 4))
    none: dict[str, Any] = {"reduction": "none"}
    empty = Layout("0x4", dict.fromkeys(PAIR, (0, 4)), draws=("ordinary",))
    forms = options(pair, "4x4", *({"form": form, **none} for form in ("cxcywh", "ltrb")))
    logs = options(
        pair,
        "4x4",
        {"kind": "log", **none},
        {"kind": "log", "form": "ltrb", "smooth": 1.0, **none},
        {"kind": "log", "form": "ltrb", "smooth": (0.0, 1.0)},
    )
    deep = Layout("2x2x4", dict.fromkeys(PAIR, (2, 2, 4)), none, draws=("ordinary", "apart"))
    yield plan("IoU", [*reductions(pair, "4x4"), *forms, *logs, deep, empty], DRAWS, PAIR, MAGNITUDE)
    for loss in ("GIoU", "DIoU", "CIoU"):
        yield plan(loss, [*reductions(pair, "4x4"), *forms, empty], DRAWS, PAIR, MAGNITUDE)
