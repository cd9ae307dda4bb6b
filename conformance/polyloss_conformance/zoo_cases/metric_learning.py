"""The cases of the losses of vectors that are compared in triplets, in quadruplets, or all with one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

LABELS = {
    "ordinary": [0, 0, 1, 1, 2],
    "extreme": [2, 0, 2, 0, 1],
    "equal": [0, 0, 1, 1, 2],
    "one class": [3, 3, 3, 3, 3],
    "two classes": [0, 7, 0, 7, 7],
    "no two": [4, 3, 2, 1, 0],
    "one pair": [5, 1, 2, 5, 3],
}


def vectors(names: Sequence[str]) -> dict[str, Draw]:
    """Draws of vectors that belong together."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        scale = 0.5 if config.get("distance") == "squared" else 1.0
        return {name: rng.normal(size=shapes[name]) * scale for name in names}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.choice([-1e4, -1.0, 0.0, 1e-4, 1e4], size=shapes[name]) for name in names}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: cycle(shapes[name], [1.0, -0.5, 0.25]) for name in names}

    def halfway(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """On the edge of a margin of 1: distances 0 and 1, or 1 and 2."""
        steps = [0.0, 0.0, 1.0, 2.0]
        return {name: np.broadcast_to([step, 0.0, 0.0], shapes[name]) for name, step in zip(names, steps, strict=False)}

    return {"ordinary": ordinary, "extreme": extreme, "equal": equal, "on the margin": halfway}


def classes() -> dict[str, Draw]:
    """Draws of rows with class numbers: those of `LABELS`, and rows that are equal or equally far."""

    def of(name: str) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            x = rng.normal(size=shapes["x"])
            if name == "extreme":
                x = 1e4 * x
            if name == "equal" and x.size:
                x[1] = x[0]
                x[3:] = 0.0
            return {"x": x, "label": cycle(shapes["label"], LABELS[name])}

        return draw

    return {name: of(name) for name in LABELS}


def _tuples(loss: str, names: Sequence[str], *more: Mapping[str, Any]) -> Plan:
    rows = dict.fromkeys(names, (2, 3))
    return plan(
        loss,
        [
            *reductions(rows, "2x3"),
            *options(rows, "2x3", *more),
            Layout(
                "2x3-squared",
                rows,
                {"distance": "squared", "reduction": "none"},
                draws=("ordinary", "equal", "on the margin"),
            ),
            Layout("3", dict.fromkeys(names, (3,)), {"reduction": "none"}),
            Layout("0x3", dict.fromkeys(names, (0, 3)), draws=("ordinary",)),
        ],
        vectors(names),
        names,
        {"extreme": 3e4},
    )


def rows(
    loss: str, *layouts: Layout, squared: bool, dtypes: Sequence[str] = ("float64", "float32"), **more: Any
) -> Plan:
    """The plan of a loss of rows and class numbers."""
    five = {"x": (5, 3), "label": (5,)}
    whole: dict[str, Any] = {"label_dtype": "int64"}
    return plan(
        loss,
        [
            *reductions(five, "5x3", **whole),
            *layouts,
            *(
                [
                    Layout(
                        "5x3-squared",
                        five,
                        {"distance": "squared", "reduction": "none"},
                        draws=[name for name in LABELS if name != "extreme"],
                        **whole,
                    )
                ]
                if squared
                else []
            ),
            Layout("1x3", {"x": (1, 3), "label": (1,)}, label_dtype="int32", draws=("ordinary",)),
            Layout("0x3", {"x": (0, 3), "label": (0,)}, draws=("ordinary",), **whole),
        ],
        classes(),
        ["x"],
        exact=("label",),
        **more,
    )


def plans() -> Iterable[Plan]:
    """One for each loss."""
    five = {"x": (5, 3), "label": (5,)}
    whole: dict[str, Any] = {"label_dtype": "int64"}
    yield _tuples(
        "Triplet",
        ("anchor", "positive", "negative"),
        {"margin": None, "reduction": "none"},
        {"swap": True, "margin": 0.2},
    )
    yield _tuples(
        "Quadruplet",
        ("anchor", "positive", "negative", "other"),
        {"margin": 2.0, "margin2": 1.0, "reduction": "none"},
    )
    soft = options(five, "5x3", {"margin": None, "reduction": "none"}, **whole)
    yield rows("BatchHardTriplet", *soft, squared=True, magnitude={"extreme": 3e4})
    two = options(five, "5x3", {"margin": 2.0, "margin2": 1.0, "reduction": "none"}, **whole)
    yield rows("BatchHardQuadruplet", *two, squared=True, magnitude={"extreme": 3e4})
    # The exponents are 256 times a weight up to 2.25 times a distance from the optimum up to 1.75.
    yield rows(
        "Circle",
        *options(
            five,
            "5x3",
            {"scope": "batch", "gamma": 64.0},
            {"fixed_weights": False, "gamma": 64.0, "reduction": "none"},
            {"margin": 0.4, "gamma": 80.0, "reduction": "none"},
            **whole,
        ),
        squared=False,
        magnitude=dict.fromkeys(LABELS, 1000.0),
    )
