"""The cases of the distances of point sets, and of a template from an edge image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

SETS = {"x": (2, 3, 2), "y": (2, 2, 2)}
MASKED = {**SETS, "x_mask": (2, 3), "y_mask": (2, 2)}
MAPS = {"template": (2, 3, 4), "image": (2, 3, 4)}


def _sets() -> dict[str, Draw]:
    def masks(
        shapes: Mapping[str, Shape], x: Sequence[float] = (1, 1, 0, 0, 1, 1), y: Sequence[float] = (1, 1, 0, 1)
    ) -> Values:
        return {name: cycle(shapes[name], given) for name, given in (("x_mask", x), ("y_mask", y)) if name in shapes}

    def points(rng: Rng, shapes: Mapping[str, Shape], scale: float = 1.0) -> Values:
        return {name: scale * rng.normal(size=shapes[name]) for name in "xy"}

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return points(rng, shapes) | masks(shapes)

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return points(rng, shapes, 100.0) | masks(shapes)

    def duplicated(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Some points are in both sets, and some in one of them twice."""
        return {name: cycle(shapes[name], [1.0, -0.5, 1.0, -0.5, 3.0, 2.0]) for name in "xy"} | masks(shapes)

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The points of y lie on both sides of those of x."""
        y = cycle(shapes["y"], [1.0, 0.5, -1.0, 0.5])
        return {"x": cycle(shapes["x"], [0.0, 0.0, 0.0, 2.0, 0.0, -1.0]), "y": y} | masks(shapes)

    def hidden(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """What does not count is NaN, or infinite."""
        values = points(rng, shapes) | masks(shapes)
        for name, bad in (("x", np.nan), ("y", np.inf)):
            values[name] = np.where(values[f"{name}_mask"][..., None] == 0, bad, values[name])
        return values

    def nothing(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """No point counts in one set of each pair."""
        return points(rng, shapes) | masks(shapes, (0, 0, 0, 1, 1, 1), (1, 1, 0, 0))

    return {
        "ordinary": ordinary,
        "extreme": extreme,
        "duplicated": duplicated,
        "ties": ties,
        "hidden": hidden,
        "nothing": nothing,
    }


def _maps() -> dict[str, Draw]:
    edges = (0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"template": rng.uniform(0.1, 1.0, shapes["template"]), "image": cycle(shapes["image"], edges)}

    def binary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"template": cycle(shapes["template"], [1, 0, 0, 1, 0]), "image": cycle(shapes["image"], edges[1:])}

    def everywhere(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"template": cycle(shapes["template"], [1, 0.5]), "image": np.ones(shapes["image"])}

    def no_edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"template": cycle(shapes["template"], [1, 0.5]), "image": np.zeros(shapes["image"])}

    def no_template(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        image = cycle(shapes["image"], edges)
        image[-1:] = 0.0
        return {"template": np.zeros(shapes["template"]), "image": image}

    return {
        "ordinary": ordinary,
        "binary": binary,
        "everywhere": everywhere,
        "no edges": no_edges,
        "no template": no_template,
    }


def plans() -> Iterable[Plan]:
    """One for each loss."""
    (plain, all_draws) = (("ordinary", "extreme", "duplicated", "ties"), tuple(_sets()))
    yield plan(
        "Chamfer",
        [
            *reductions(SETS, "3-2", draws=plain),
            *options(
                SETS, "3-2", {"squared": False, "points": "mean", "reduction": "none"}, {"direction": "y"}, draws=plain
            ),
            *options(
                MASKED,
                "masks",
                {"reduction": "none"},
                draws=all_draws,
                dtypes_of={"x_mask": "bool", "y_mask": "int32"},
            ),
            *options(
                MASKED,
                "masks",
                {"squared": False, "points": "mean", "direction": "x", "reduction": "none"},
                draws=all_draws,
                dtypes_of={"x_mask": "int64", "y_mask": "bool"},
            ),
            Layout("0-sets", {"x": (0, 3, 2), "y": (0, 2, 2)}, draws=("ordinary",)),
            Layout("0-points", {"x": (2, 3, 2), "y": (2, 0, 2)}, {"points": "mean"}, draws=("ordinary",)),
        ],
        _sets(),
        ("x", "y"),
        {"extreme": 1e5},
    )
    finite = ("ordinary", "binary", "everywhere")
    template_draws = ("ordinary", "binary", "no template")
    yield plan(
        "ChamferTemplate",
        [
            *reductions(MAPS, "2x3x4", draws=template_draws),
            *options(MAPS, "2x3x4", {"metric": "cityblock"}, draws=finite, dtypes_of={"image": "bool"}),
            *options(MAPS, "2x3x4", {"metric": "chessboard"}, draws=finite, dtypes_of={"image": "int64"}),
            Layout("2x3x4-none-edges", MAPS, {"reduction": "none"}, draws=("no edges", "no template", "everywhere")),
            Layout("0x3x4", dict.fromkeys(MAPS, (0, 3, 4)), draws=("ordinary",)),
        ],
        _maps(),
        ("template",),
        {"ordinary": 4.0, "binary": 4.0},
    )
