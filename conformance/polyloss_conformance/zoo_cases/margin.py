"""The cases of the losses of how far a score is on the right side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle, signs
from polyloss_conformance.zoo_cases.classes import DRAWS, IGNORING, MAGNITUDE, NUMBERS, ROWS, SIMPLE, behind, edges
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")


def _sides() -> dict[str, Draw]:
    def side(signed: Array, config: Mapping[str, Any]) -> Array:
        return (signed + 1) / 2 if config.get("binary_labels") else signed

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.normal(size=shapes["pred"]) * 2, "target": side(signs(rng, shapes["target"]), config)}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [1e4, 1e4, -1e4, -1e4, 1e-4, 88.0]),
            "target": side(cycle(shapes["target"], [1.0, -1.0]), config),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        signed = cycle(shapes["target"], [1.0, -1.0])
        place = cycle(shapes["target"], [config.get("margin", 1.0), config.get("margin", 1.0), 0.0])
        return {"pred": signed * place, "target": side(signed, config)}

    return {"ordinary": ordinary, "second": ordinary, "extreme": extreme, "kinks": kinks}


def _on_the_margin(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    """Whatever the label, the best of the others is just the margin behind, or two of them are ahead."""
    found = DRAWS["ordinary"](rng, shapes, config)
    return {**found, "pred": cycle(shapes["pred"], [0.0, 1.0, 0.0, 1.0, 2.0]), "target": found["target"]}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (2, 3))
    empty = dict.fromkeys(PAIR, (0, 3))
    rows = (*SIMPLE, "margin")
    yield plan(
        "Hinge",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"squared": True, "margin": 0.5}, {"binary_labels": True, "reduction": "none"}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        _sides(),
        PAIR,
        {"extreme": 1e4},
    )
    yield plan(
        "MulticlassHinge",
        [
            *reductions(ROWS, "3x4", draws=rows, **NUMBERS),
            *options(ROWS, "3x4", {"squared": True, "margin": 0.5}, draws=rows, **NUMBERS),
            *options(ROWS, "3x4", {"ignore_index": 1, "margin": 2.0}, draws=IGNORING, **NUMBERS),
            behind(),
            *edges(),
        ],
        {**DRAWS, "margin": _on_the_margin},
        ("pred",),
        MAGNITUDE,
        exact=("target",),
    )
    yield plan(
        "Logistic",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"binary_labels": True, "reduction": "none"}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        _sides(),
        PAIR,
        {"extreme": 1e4},
    )
