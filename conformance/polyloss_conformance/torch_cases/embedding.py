"""The cases of the losses of vectors that are compared with one another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle, like, signs
from polyloss_conformance.torch_cases.common import SINGLE, name_of, plan

Shapes = Mapping[str, Shape]
Config = Mapping[str, Any]

# --- triplets -------------------------------------------------------------------------------------------------------------------------

TRIPLET = ("anchor", "positive", "negative")
EPSILON = 1e-6
"""What the distance adds by default, and no binary number."""


def _same(shape: Shape) -> dict[str, Shape]:
    return dict.fromkeys(TRIPLET, shape)


def _normal(size: float) -> Draw:
    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        return {name: rng.normal(size=shapes[name]) * size for name in TRIPLET}

    return draw


def _from(shapes: Shapes, config: Config, near: Sequence[float], far: Sequence[float]) -> Values:
    """Triplets whose differences, epsilon added, are `near` (of anchor and positive) and `far` (of anchor and negative)."""
    eps = float(config.get("eps", EPSILON))
    whole = np.broadcast_shapes(*shapes.values())
    anchor = cycle(whole, [0.5, -1.0, 2.0, 0.25])
    full = {"positive": anchor - cycle(whole, near) + eps, "negative": anchor - cycle(whole, far) + eps}
    return {name: like(array, shapes[name]) for name, array in {"anchor": anchor, **full}.items()}


def equal(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """Anchor and positive are equal; negatives beyond and within the margin."""
    anchor = rng.normal(size=np.broadcast_shapes(*shapes.values()))
    negative = anchor + cycle(anchor.shape, [0.25, -0.125, 0.0, 3.0, -2.0, 1.0])
    return {name: like(a, shapes[name]) for name, a in zip(TRIPLET, (anchor, anchor, negative), strict=True)}


def alike(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """All three are equal."""
    return {name: cycle(shapes[name], [0.5]) for name in TRIPLET}


def spread(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """Anchors, positives and negatives that lie 1e4 apart, or next to each other."""
    return {
        "anchor": cycle(shapes["anchor"], [1e4, -1e4, 1e4, 1e-4, 1.0]),
        "positive": cycle(shapes["positive"], [-1e4, 1e4, 1.0, -1e-4]),
        "negative": cycle(shapes["negative"], [1e4, 1.0, -1e4, 1e-4, -1.0]),
    }


def vanishing(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """Differences that epsilon makes exactly 0: of the whole vector, or of single elements."""
    return _from(shapes, config, [0.0] * 3 + [0.0, 1.0, -2.0], [1.5, 0.0, 0.0, 0.0, 0.0, 0.0])


def edges(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """On the edge of the hinge: the distances, which are exact, differ by the margin."""
    margin = float(config.get("margin", 1))
    if config.get("p", 2) == 1:  # no element is 0, where the norm has a kink too
        return _from(
            shapes, config, [1.0, -1.0, 0.5, -2.0, 1.0, 1.0], [1.0 + margin, -1.0, 0.5, 2.0, 1.0, -1.0 - margin]
        )
    return _from(shapes, config, [0.0, 3.0, 0.0, -1.0, 0.0, 0.0], [0.0, -3.0 - margin, 0.0, 0.0, 0.0, 1.0 + margin])


def ties(rng: Rng, shapes: Shapes, config: Config) -> Values:
    """The negative is as far from the positive as from the anchor, on the other side."""
    eps = float(config.get("eps", EPSILON))
    negative = cycle(shapes["negative"], [0.5, -1.0, 0.25])
    side = [2.0, 1.0, -0.5, 0.5, -0.25, 1.0]
    return {
        "anchor": negative + cycle(shapes["anchor"], side) - eps,
        "positive": negative - cycle(shapes["positive"], side) - eps,
        "negative": negative,
    }


TRIPLETS: dict[str, Draw] = {
    "ordinary": _normal(1.5),
    "ordinary-2": _normal(1.5),
    "ordinary-3": _normal(1.5),
    "ordinary-4": _normal(1.5),
    "near": _normal(0.125),
    "equal": equal,
    "alike": alike,
    "spread": spread,
    "vanishing": vanishing,
    "edges": edges,
    "ties": ties,
}
SMOOTH = ("ordinary", "ordinary-2", "ordinary-3", "ordinary-4", "near", "equal", "alike", "spread")
"""Draws that no epsilon has to be exact for."""
SIZES = {"ordinary": 4.0, "ordinary-2": 4.0, "ordinary-3": 4.0, "ordinary-4": 4.0, "edges": 4.0, "spread": 4e4}
"""Of the distances, which cancel."""
LARGE = {**SIZES, **{name: 32.0 for name in SIZES if name != "spread"}, "near": 32.0, "spread": 4e5}
"""The same for p below 1."""


def _draws(config: Config) -> tuple[str, ...]:
    """Those that fit a configuration: kinks are met exactly where epsilon is a binary number, edges where the norm rounds to no power."""
    (p, swap) = (config.get("p", 2), bool(config.get("swap")))
    smooth = [
        name for name in SMOOTH if name != "spread" or not math.isinf(p)
    ]  # rounding makes ties of near largest elements
    if config.get("eps", EPSILON) not in (0.0, 0.25, 0.5):
        return tuple(smooth)
    return (*smooth, "vanishing", *(["ties"] if swap else ["edges"] if p in (1, 2, math.inf) else []))


def _common(draws: Sequence[str]) -> list[Layout]:
    """Shapes, memory layouts, batches of 0 and 1, broadcasting: in distances, and in what they are compared with."""
    (none, swapped) = ({"reduction": "none"}, {"reduction": "none", "swap": True})
    some = draws[:3]
    half = [name for name in draws if name not in ("alike", "equal")]
    return [
        Layout("2x3", _same((2, 3)), dtypes=FULL, draws=draws, quick=True),
        Layout("2x3-half", _same((2, 3)), dtypes=ALL[2:], draws=half, quick=True),
        *(Layout(f"2x3-{r}", _same((2, 3)), {"reduction": r}, quick=True, draws=some) for r in ("none", "mean", "sum")),
        Layout("2x3-swap", _same((2, 3)), swapped, dtypes=ALL, draws=some, quick=True),
        Layout("2x3-strided", _same((2, 3)), dtypes=SINGLE, strided=True, draws=some),
        Layout("3", _same((3,)), dtypes=SINGLE, draws=some),
        Layout("3-swap", _same((3,)), swapped, dtypes=SINGLE, draws=some),
        Layout("2x1x3-none", _same((2, 1, 3)), none, dtypes=SINGLE, draws=some),
        Layout("2x2x2", _same((2, 2, 2)), dtypes=("float64",), draws=some),
        Layout("1x3", _same((1, 3)), dtypes=SINGLE, draws=some),
        *(Layout(f"0x3-{r}", _same((0, 3)), {"reduction": r}, dtypes=SINGLE, draws=some[:1]) for r in ("none", "mean", "sum")),
        *(
            Layout(
                "-".join(map(name_of, shapes)),
                dict(zip(TRIPLET, shapes, strict=True)),
                {"reduction": "none", "swap": bool(index % 2)},
                dtypes=SINGLE,
                draws=some,
            )
            for index, shapes in enumerate(
                [
                    ((2, 3), (1, 3), (2, 3)),
                    ((1, 3), (2, 3), (2, 3)),
                    ((1, 3), (1, 3), (2, 3)),
                    ((2, 3), (2, 3), (1, 3)),
                    ((2, 1), (2, 3), (2, 3)),
                    ((2, 3), (2, 1), (2, 1)),
                ]
            )
        ),
    ]  # fmt: skip


def _named(config: Config) -> str:
    return ",".join(f"{key}={value}" for key, value in config.items())


def _configured(configs: Iterable[Config]) -> list[Layout]:
    """2x3 with each of these configurations, float64 and float32 by turns."""
    return [
        Layout(f"2x3-{_named(config)}", _same((2, 3)), config, dtypes=FULL[index % 2 :][:1], draws=_draws(config))
        for index, config in enumerate(configs)
    ]


def _combinations() -> list[dict[str, Any]]:
    """Each p with and without swap in each reduction; margins and epsilons by turns, so that all pairs of values are met."""
    every = itertools.product((1, 2, 3, 0.5, math.inf), (False, True), ("none", "mean", "sum"))
    margins = itertools.cycle([0.5, 1.0, 4, 0.25])
    epsilons = itertools.cycle([0.25, 0.0, EPSILON, 0.5, 0.25])
    return [
        {"p": p, "swap": swap, "margin": next(margins), "eps": next(epsilons), "reduction": reduction}
        for p, swap, reduction in every
    ]


def _below_one(layout: Layout) -> bool:
    return bool(layout.config.get("p", 2) < 1)


def _triplets() -> Iterable[Plan]:
    rare: list[Config] = [
        {"p": 1.5, "eps": 0.25}, {"p": 7, "swap": True, "eps": 0.0}, {"p": -1, "eps": 0.25}, {"p": -2.5, "eps": 0.5, "swap": True},
        {"p": -math.inf, "eps": 0.25}, {"margin": 0.0078125, "eps": 0.25}, {"margin": 100, "eps": 0.0, "swap": True}, {"eps": -0.25},
        {"size_average": False}, {"reduce": False, "size_average": True}, {"reduce": True, "reduction": "none"},
    ]  # fmt: skip
    layouts = [*_common(SMOOTH), *_configured([*_combinations(), *rare])]
    for below, magnitude in ((False, SIZES), (True, LARGE)):
        chosen = [layout for layout in layouts if _below_one(layout) == below]
        yield plan("TripletMarginLoss", chosen, TRIPLETS, TRIPLET, magnitude)
    counts = _configured([{"p": 0, "eps": 0.25}, {"p": 0, "eps": 0.0, "swap": True, "margin": 4}])
    yield plan("TripletMarginLoss", counts, TRIPLETS, (), SIZES)
    eighth = Layout("2x3-p=8-float32", _same((2, 3)), {"p": 8, "margin": 0.5}, dtypes=SINGLE, draws=["alike", "far"])
    yield plan("TripletMarginLoss", [eighth], {**TRIPLETS, "far": _normal(1e6)}, TRIPLET, {"far": 4e6})


# --- triplets and any distance --------------------------------------------------------------------------------------------------------


def _distances() -> Iterable[Plan]:
    configs = [
        {"distance_function": name, "swap": swap, "reduction": reduction}
        for name, (swap, reduction) in itertools.product(
            ("l1", "squared", "largest", "pairwise-3"), ((False, "none"), (True, "mean"), (True, "sum"))
        )
    ]
    whole: list[Config] = [
        {"distance_function": "elementwise", "reduction": "none", "swap": True},
        {"distance_function": "elementwise", "margin": 0.5},
        {"margin": 0.25, "swap": True},
        {"margin": 4, "reduction": "sum"},
    ]
    half = Layout("2x3-half-l1", _same((2, 3)), {"distance_function": "l1"}, dtypes=ALL[2:], draws=SMOOTH[:4])
    kinks = ("vanishing", "edges", "ties")
    exact = [
        Layout(
            f"2x3-kinks-{_named(config) or 'l1'}",
            _same((2, 3)),
            {**config, "distance_function": "l1", "margin": 0.5, "reduction": "none"},
            draws=draws,
        )
        for config, draws in (({}, kinks[:2]), ({"swap": True}, ("vanishing", "ties")))
    ]
    layouts = [*_common(SMOOTH), *_configured([*configs, *whole]), half]
    yield plan("TripletMarginWithDistanceLoss", layouts, TRIPLETS, TRIPLET, {**SIZES, "spread": 1e9})
    binary: dict[str, Draw] = {name: _of_l1(TRIPLETS[name]) for name in kinks}
    yield plan("TripletMarginWithDistanceLoss", exact, binary, TRIPLET, SIZES)
    cosines = _configured(
        {"distance_function": "cosine", "swap": swap, "reduction": reduction, "margin": 0.5}
        for swap, reduction in ((False, "mean"), (True, "none"))
    )
    cosines = [replace(layout, dtypes=FULL, draws=SMOOTH[:5]) for layout in cosines]
    yield plan("TripletMarginWithDistanceLoss", cosines, TRIPLETS, TRIPLET, SIZES)


def _of_l1(draw: Draw) -> Draw:
    return lambda rng, shapes, config: draw(rng, shapes, {**config, "p": 1, "eps": 0.0})


# --- cosines ----------------------------------------------------------------------------------------------------------------------------

PAIRS = ("input1", "input2", "target")


def _vectors(size: float, labels: Sequence[float] = ()) -> Draw:
    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        target = cycle(shapes["target"], labels) if labels else signs(rng, shapes["target"])
        return {
            "input1": rng.normal(size=shapes["input1"]) * size,
            "input2": rng.normal(size=shapes["input2"]) * size,
            "target": target,
        }

    return draw


def _fixed(first: Sequence[float], second: Sequence[float], labels: Sequence[float]) -> Draw:
    def draw(rng: Rng, shapes: Shapes, config: Config) -> Values:
        return {
            "input1": cycle(shapes["input1"], first),
            "input2": cycle(shapes["input2"], second),
            "target": cycle(shapes["target"], labels),
        }

    return draw


_AXES = [1.0, 0.0, 0.0, 0.0, 3.0, 0.0]
_ZERO = [0.0] * 3

COSINES: dict[str, Draw] = {
    "ordinary": _vectors(1.5),
    "ordinary-2": _vectors(1.5),
    "ordinary-3": _vectors(0.25),
    "alike": _vectors(1.5, [1.0]),
    "unlike": _vectors(1.5, [-1.0]),
    "parallel": _fixed([1.0, 2.0, -1.0, 3.0, 0.5, 1.0], [2.0, 4.0, -2.0, -3.0, -0.5, -1.0], [1.0, -1.0]),
    "orthogonal": _fixed(_AXES, [0.0, 2.0, 1.0, 1.0, 0.0, 1.0], [-1.0, 1.0]),
    "zero": _fixed([*_ZERO, 1.0, -2.0, 0.5], [0.5, 1.0, 0.0, *_ZERO], [1.0]),
    "zero-unlike": _fixed([*_ZERO, 1.0, -2.0, 0.5], [0.5, 1.0, 0.0, *_ZERO], [-1.0]),
    "both-zero": _fixed(_ZERO, _ZERO, [1.0, -1.0]),
    "tiny": _fixed([1e-6, -2e-6, 5e-7, 0.0, 1e-6, 1e-7], [2e-6, 1e-6, 1e-6, 1e-6, 3e-7, -2e-6], [1.0, -1.0]),
    "spread": _fixed([1e4, -1e4, 1.0, 1e-4, 1.0, 1e4], [1e4, 1e4, -1e4, 1.0, 1e4, -1e-4], [1.0, -1.0]),
    "other-targets": _vectors(1.5, [0.0, 2.0]),
    "more-targets": _vectors(1.5, [-2.0, -1.0]),
}  # fmt: skip


def _pairs(batch: Shape, width: int) -> dict[str, Shape]:
    return {"input1": (*batch, width), "input2": (*batch, width), "target": batch}


def _cosines() -> Iterable[Plan]:
    most = [name for name in COSINES if name not in ("zero-unlike", "orthogonal", "both-zero")]
    half = [name for name in most if name not in ("zero", "tiny", "spread")]
    some = ["ordinary", "parallel", "zero"]
    shapes = _pairs((2,), 3)
    reductions = [
        Layout(
            f"2x3-margin={margin}-{reduction}",
            shapes,
            {"margin": margin, "reduction": reduction},
            dtypes=FULL[index % 2 :][:1],
            draws=most if margin else [*COSINES],
        )
        for index, (margin, reduction) in enumerate(
            itertools.product((0, 0.5, -0.5, 0.25, 1, -1), ("none", "mean", "sum"))
        )
    ]
    old: list[Config] = [{"size_average": False}, {"reduce": False}, {"reduce": True, "reduction": "none"}]
    layouts = [
        Layout("2x3", shapes, dtypes=FULL, draws=[*COSINES], quick=True),
        Layout("2x3-half", shapes, dtypes=ALL[2:], draws=half, quick=True),
        *(Layout(f"2x3-{r}", shapes, {"reduction": r}, draws=some, quick=True) for r in ("none", "mean", "sum")),
        *reductions,
        *(Layout(f"2x3-{_named(config)}", shapes, config, dtypes=SINGLE, draws=some) for config in old),
        *(
            Layout(f"2x3-{kind}", shapes, {"margin": 0.25}, dtypes=FULL, label_dtype=kind, draws=[*some, "other-targets"])
            for kind in ("int64", "int32", "int8")
        ),
        Layout("2x3-strided", shapes, dtypes=SINGLE, strided=True, draws=some),
        Layout("4x2-none", _pairs((4,), 2), {"reduction": "none"}, dtypes=SINGLE, draws=some),
        Layout("3", _pairs((), 3), dtypes=FULL, draws=some),
        Layout("3-none", _pairs((), 3), {"reduction": "none", "margin": 0.5}, dtypes=SINGLE, draws=some),
        Layout("1x3", _pairs((1,), 3), dtypes=SINGLE, draws=some),
        Layout("2x1", _pairs((2,), 1), dtypes=SINGLE, draws=["alike", "zero"]),
        *(Layout(f"0x3-{r}", _pairs((0,), 3), {"reduction": r}, dtypes=SINGLE, draws=some[:1]) for r in ("none", "mean", "sum")),
        *(
            Layout("-".join(map(name_of, given)), dict(zip(PAIRS, given, strict=True)), {"reduction": "none"}, dtypes=SINGLE, draws=some)
            for given in [
                ((1, 3), (2, 3), (2,)), ((2, 3), (1, 3), (2,)), ((1, 3), (1, 3), (2,)), ((2, 3), (2, 3), (1,)), ((2, 1), (2, 3), (2,)),
            ]
        ),
    ]  # fmt: skip
    yield plan("CosineEmbeddingLoss", layouts, COSINES, PAIRS[:2], exact=("target",))
    lost = [
        Layout("2x3-half-lost", shapes, {"reduction": "none"}, dtypes=("float16",), draws=["zero", "tiny", "spread"]),
        Layout("2x3-float32-far", shapes, {"reduction": "none"}, dtypes=SINGLE, draws=["far"]),
    ]
    yield plan("CosineEmbeddingLoss", lost, {**COSINES, "far": _vectors(1e12)}, PAIRS[:2], exact=("target",))


def plans() -> list[Plan]:
    """Of the losses of vectors that are compared with one another."""
    return [*_triplets(), *_distances(), *_cosines()]
