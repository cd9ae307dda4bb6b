"""The cases of the losses and distances between distributions, and of adversarial training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

KINDS = ("hinge", "least_squares", "logistic")


def _scores(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {name: rng.normal(size=shape) * 1.5 for name, shape in shapes.items()}


def _sure(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {name: cycle(shape, [1e4, -1e4, 1e-4, 3e3]) for name, shape in shapes.items()}


def _kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
    return {name: cycle(shape, [1.0, -1.0, 0.0]) for name, shape in shapes.items()}


def _slopes() -> dict[str, Draw]:
    def norms(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Of norm 5, 0 and 1 (or 0 and 1 in other places): at the kinks, and beside them."""
        return {"gradient": cycle(shapes["gradient"], [3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0])}

    return {"ordinary": _scores, "norms": norms, "extreme": _sure}


def _samples() -> dict[str, Draw]:
    def with_masses(rng: Rng, shapes: Mapping[str, Shape], found: Values) -> Values:
        for name, shape in shapes.items():
            if name.endswith("weight"):
                found[name] = rng.uniform(0.25, 2.0, shape)
        return found

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return with_masses(rng, shapes, _scores(rng, shapes, config))

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Equal samples in a row, and levels of both rows that are the same."""
        return even(shapes, {"x": cycle(shapes["x"], [1.0, 2.0, 1.0]), "y": cycle(shapes["y"], [3.0, 0.5, 3.0, -1.0])})

    def pairs(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Samples of one row that are in the other. (Where such a sample comes twice, its slopes to both sides are of two pairs.)"""
        return even(
            shapes, {name: cycle(shapes[name], [1.0, 2.0, -0.5, 4.0][: shapes[name][-1]]) for name in ("x", "y")}
        )

    def even(shapes: Mapping[str, Shape], found: Values) -> Values:
        return found | {name: np.ones(shape) for name, shape in shapes.items() if name.endswith("weight")}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = {"x": cycle(shapes["x"], [1e4, -1e4, 1e-4]), "y": cycle(shapes["y"], [-1e4, 1.0, 1e4, 3e3])}
        return with_masses(rng, shapes, found)

    def nothing(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Places without mass hold NaN; the last row has no mass at all."""
        found = ordinary(rng, shapes, config)
        for name in ("x", "y"):
            if (mass := f"{name}_weight") in found:
                found[mass][0, :1] = 0.0
                found[mass][-1] = 0.0 if name == "x" else found[mass][-1]
                found[name] = np.where(found[mass] > 0, found[name], np.nan)
        return found

    return {"ordinary": ordinary, "ties": ties, "pairs": pairs, "extreme": extreme, "nothing": nothing}


def _clouds() -> dict[str, Draw]:
    def with_masses(rng: Rng, shapes: Mapping[str, Shape], found: Values) -> Values:
        masses = {name: rng.uniform(0.2, 2.0, shapes[name]) for name in ("x_weight", "y_weight") if name in shapes}
        return found | masses

    def points(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any], scale: float = 1.0) -> Values:
        return with_masses(rng, shapes, {name: scale * rng.normal(size=shapes[name]) for name in "xy"})

    def far(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """So far that all of a point's mass goes to one other."""
        return points(rng, shapes, config, scale=16.0)

    def duplicated(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Some points are in both sets, and some in one of them twice."""
        found = {name: cycle(shapes[name], [1.0, -0.5, 1.0, -0.5, 0.5, 2.0]) for name in "xy"}
        return with_masses(rng, shapes, found)

    def nothing(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """A point without mass is NaN; the last set has no mass at all."""
        found = points(rng, shapes, config)
        found["x_weight"][0, :1] = 0.0
        found["y_weight"][-1] = 0.0
        found["x"] = np.where(found["x_weight"][..., None] > 0, found["x"], np.nan)
        return found

    return {"ordinary": points, "far": far, "settled": far, "duplicated": duplicated, "nothing": nothing}


def _features() -> dict[str, Draw]:
    def alike(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The same samples, some of them in another order or more than once."""
        rows = rng.normal(size=(2, shapes["fake"][1]))
        return {name: np.resize(rows, shape) for name, shape in shapes.items()}

    def flat(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Features that never change, and that are multiples of another."""
        found = _scores(rng, shapes, config)
        for features in found.values():
            features[:, 0] = 1.0
            features[:, 1] = 2.0 * features[:, 2]
        return found

    def far(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = _scores(rng, shapes, config)
        return {name: features + 64.0 for name, features in found.items()}

    return {"ordinary": _scores, "alike": alike, "flat": flat, "far": far}


def _normals() -> dict[str, Draw]:
    def spread(rng: Rng, size: int) -> Array:
        root: Array = rng.normal(size=(size, size))
        return np.asarray(root @ root.T + 0.25 * np.eye(size))

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: spread(rng, s[0]) if len(s) > 1 else rng.normal(size=s) for name, s in shapes.items()}

    def alike(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: np.eye(s[0]) + 0.5 if len(s) > 1 else np.ones(s) for name, s in shapes.items()}

    def singular(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Of rank 1 against a feature that never changes; exact in every dtype, since a rounded matrix is no longer singular."""
        found = ordinary(rng, shapes, config)
        size = len(found["fake_mean"])
        return found | {"fake_covariance": np.ones((size, size)), "real_covariance": np.diag([4.0, 0.0, 0.25][:size])}

    def none(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return ordinary(rng, shapes, config) | {"fake_covariance": np.zeros(shapes["fake_covariance"])}

    return {"ordinary": ordinary, "alike": alike, "singular": singular, "none": none}


def plans() -> Iterable[Plan]:
    """One for each item."""
    both: dict[str, Shape] = {"fake": (3,), "real": (2,)}
    kinds = [{"kind": kind} for kind in KINDS]
    yield plan(
        "Critic",
        [
            Layout("3-2", both, dtypes=ALL, quick=True),
            *options(both, "3-2", *kinds),
            Layout("2x3", {"fake": (2, 3), "real": (2, 3)}, {"kind": "logistic"}, dtypes=ALL),
            Layout("empty", {"fake": (0,), "real": (2,)}, draws=("ordinary",)),
        ],
        {"ordinary": _scores, "kinks": _kinks, "extreme": _sure},
        ("fake", "real"),
        {"extreme": 1e4},
    )
    yield plan(
        "Generator",
        [
            *reductions({"fake": (2, 3)}, "2x3"),
            *options({"fake": (2, 3)}, "2x3", *({**kind, "reduction": "none"} for kind in kinds)),
            Layout("0x3", {"fake": (0, 3)}, draws=("ordinary",)),
        ],
        {"ordinary": _scores, "kinks": _kinks, "extreme": _sure},
        ("fake",),
        {"extreme": 1e4},
    )
    yield plan(
        "RelativisticAverage",
        [
            Layout("3-2", both, dtypes=ALL, quick=True),
            *options(both, "3-2", *kinds[:2]),
            Layout("2x3", {"fake": (2, 3), "real": (2, 3)}),
            Layout("empty", {"fake": (0,), "real": (2,)}, draws=("ordinary",)),
        ],
        {"ordinary": _scores, "kinks": _kinks, "extreme": _sure},
        ("fake", "real"),
        {"extreme": 1e4},
    )
    slopes: dict[str, Shape] = {"gradient": (3, 3)}
    yield plan(
        "GradientPenalty",
        [
            *reductions(slopes, "3x3"),
            *options(slopes, "3x3", {"one_sided": True}, {"norm": 0.0, "weight": 0.5, "reduction": "none"}),
            Layout("2x1x2x2", {"gradient": (2, 1, 2, 2)}, {"reduction": "none"}),
            Layout("3", {"gradient": (3,)}, {"reduction": "none"}),
            Layout("0x3", {"gradient": (0, 3)}, draws=("ordinary",)),
        ],
        _slopes(),
        ("gradient",),
        {"norms": 1e2},
    )
    pair: dict[str, Shape] = {"x": (2, 3), "y": (2, 3)}
    unlike: dict[str, Shape] = {"x": (2, 3), "y": (2, 4)}
    masses: dict[str, Shape] = {**unlike, "x_weight": (2, 3), "y_weight": (2, 4)}
    without = ("ordinary", "ties", "pairs", "extreme")
    yield plan(
        "Wasserstein1d",
        [
            *reductions(pair, "2x3", draws=without),
            *options(pair, "2x3", {"p": 2.0, "root": True}, {"p": 1.5}, draws=without),
            *options(unlike, "2x4", {"reduction": "none"}, {"p": 2.0}, draws=without),
            *options(masses, "masses", {"reduction": "none"}, {"p": 2.0, "root": True}),
            Layout("one-mass", {**pair, "x_weight": (2, 3)}),
            Layout("3-4", {"x": (3,), "y": (4,)}, draws=without),
            Layout("0x3", {"x": (0, 3), "y": (0, 4)}, draws=("ordinary",)),
        ],
        _samples(),
        ("x", "y", "x_weight", "y_weight"),
        {"extreme": 1e4},
    )
    few: dict[str, Shape] = {"fake": (3, 4), "real": (2, 4)}
    clouds: dict[str, Shape] = {"x": (2, 3, 2), "y": (2, 2, 2)}
    heavy: dict[str, Shape] = {**clouds, "x_weight": (2, 3), "y_weight": (2, 2)}
    (finite, sharp) = (("ordinary", draw, "duplicated") for draw in ("far", "settled"))
    brief = {"epsilon": 1.0, "iterations": 3}
    yield plan(
        "SinkhornDivergence",
        [
            Layout("3-2", clouds, brief, dtypes=ALL, draws=finite),
            *options(
                clouds, "3-2", {**brief, "half": False, "reduction": "none"}, {**brief, "debias": False}, draws=finite
            ),
            *options(clouds, "3-2", {**brief, "sharp": True, "reduction": "sum"}, draws=sharp),
            *options(heavy, "masses", {**brief, "reduction": "none"}, draws=(*finite, "nothing")),
            *options(heavy, "masses", {**brief, "sharp": True, "half": False}, draws=(*sharp, "nothing")),
            Layout("0-sets", {"x": (0, 3, 2), "y": (0, 2, 2)}, brief, draws=("ordinary",)),
            Layout("0-points", {"x": (2, 3, 2), "y": (2, 0, 2)}, brief, draws=("ordinary",)),
        ],
        _clouds(),
        tuple(heavy),
        # A plan is the exponential of a cost over epsilon, so that its own cost has the rounding of the square of that.
        {"ordinary": 16.0, "far": 1e4, "settled": 1e6, "duplicated": 16.0, "nothing": 16.0},
    )
    yield plan(
        "FID",
        [
            Layout("5x3-4x3", {"fake": (5, 3), "real": (4, 3)}, dtypes=ALL, quick=True),
            Layout("3x4-2x4", few),
            Layout("4x1", {"fake": (4, 1), "real": (3, 1)}, draws=("ordinary", "far")),
        ],
        _features(),
        (),
        {"alike": 1e1, "ordinary": 1e1, "flat": 1e1, "far": 64.0},
    )
    normals: dict[str, Shape] = {
        "fake_mean": (3,),
        "fake_covariance": (3, 3),
        "real_mean": (3,),
        "real_covariance": (3, 3),
    }
    yield plan(
        "FIDFromMoments",
        [
            Layout("3", normals, quick=True),
            Layout("2", {name: (2,) * len(s) for name, s in normals.items()}),
        ],
        _normals(),
        (),
        {"ordinary": 1e1, "alike": 1e1, "singular": 1e1, "none": 1e1},
    )
