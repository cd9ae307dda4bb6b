"""The cases of the losses of images and of their features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")
TERMS = 4.0
"""What a gradient is the sum of, and what cancels in it: half the span of the values, over a variance that is an eighth of it or less."""


def _images() -> dict[str, Draw]:
    """Draws within the span of values that the configuration names, save the last."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        span = config.get("data_range", 1.0)
        return {name: span * rng.uniform(size=shapes[name]) for name in PAIR}

    def near(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = ordinary(rng, shapes, config)
        values["pred"] = values["target"] * (1 + 1e-3 * rng.normal(size=shapes["pred"]))
        return values

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return dict.fromkeys(PAIR, ordinary(rng, shapes, config)["target"])

    def flat(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        span = config.get("data_range", 1.0)
        return {name: np.full(shapes[name], span * level) for name, level in zip(PAIR, (0.3, 1.0), strict=True)}

    def black(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """One of the images of edges only, black or white."""
        span = config.get("data_range", 1.0)
        return {"pred": np.zeros(shapes["pred"]), "target": span * cycle(shapes["target"], [0.0, 1.0, 1.0])}

    def inverted(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        target = ordinary(rng, shapes, config)["target"]
        return {"pred": config.get("data_range", 1.0) - target, "target": target}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: 1e4 * (2 * rng.uniform(size=shapes[name]) - 1) for name in PAIR}

    return {
        "ordinary": ordinary,
        "near": near,
        "equal": equal,
        "flat": flat,
        "black": black,
        "inverted": inverted,
        "extreme": extreme,
    }


def _with(layouts: Iterable[Layout], **config: Any) -> list[Layout]:
    """The layouts with more in their configuration."""
    return [
        Layout(one.name, one.shapes, {**config, **one.config}, one.call, one.dtypes, draws=one.draws, quick=one.quick)
        for one in layouts
    ]


def _features(*layers: Shape) -> dict[str, Shape]:
    """The shapes of the features of several layers, or of one."""
    if len(layers) == 1:
        return dict.fromkeys(PAIR, layers[0])
    return {f"{name}{i}": shape for name in PAIR for i, shape in enumerate(layers)}


def _feature_draws() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: cycle(shape, [0.5, 2.0, 0.25]) for name, shape in shapes.items()}

    def sparse(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """As after a rectifier: most are 0."""
        return {name: np.maximum(rng.normal(size=shape) - 0.5, 0.0) for name, shape in shapes.items()}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            name: cycle(shape, [100.0, -50.0, 1e-4, 7.0, -100.0]) * rng.uniform(0.5, 1.0, shape)
            for name, shape in shapes.items()
        }

    return {"ordinary": ordinary, "equal": equal, "sparse": sparse, "extreme": extreme}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    small = {"window": 3}
    draws = _images()
    pair = dict.fromkeys(PAIR, (2, 2, 3, 4))
    yield plan(
        "SSIM",
        [
            *_with(reductions(pair, "2x2x3x4"), **small),
            *options(
                dict.fromkeys(PAIR, (2, 1, 3, 4)),
                "2x1x3x4",
                {"window": 3, "data_range": 255.0, "k1": 0.02, "k2": 0.05, "reduction": "none"},
                {"window": 3, "sigma": 0.5, "border": "reflect", "reduction": "none"},
            ),
            *options(dict.fromkeys(PAIR, (2, 3, 4)), "2x3x4", {"window": 2, "sigma": None}),
            Layout("0x1x3x3", dict.fromkeys(PAIR, (0, 1, 3, 3)), small, draws=("ordinary",)),
        ],
        draws,
        PAIR,
        dict.fromkeys(draws, TERMS),
    )
    few = ("ordinary", "near", "black")
    two = {"weights": (0.4, 0.6), "window": 2}
    yield plan(
        "MSSSIM",
        [
            *_with(reductions(dict.fromkeys(PAIR, (2, 1, 4, 5)), "2x1x4x5"), **two),
            *options(
                dict.fromkeys(PAIR, (1, 2, 4, 4)),
                "1x2x4x4",
                {"weights": (0.5, 1.5), "window": 2, "sigma": None, "data_range": 2.0, "k1": 0.05, "k2": 0.1},
            ),
            *options(dict.fromkeys(PAIR, (1, 8, 4)), "1x8x4", {"weights": (0.2, 0.3, 0.5), "window": 1}, draws=few),
            Layout("0x1x4x4", dict.fromkeys(PAIR, (0, 1, 4, 4)), two, draws=("ordinary",)),
        ],
        draws,
        PAIR,
        dict.fromkeys(draws, TERMS),
    )
    features = _feature_draws()
    one = _features((2, 2, 1, 3))
    several = _features((2, 2, 1, 3), (2, 3, 2, 1))
    for loss, other in (("Perceptual", (2, 3)), ("Style", (2, 2, 2))):
        different = {"pred": (2, 2, 3), "target": other}
        yield plan(
            loss,
            [
                *reductions(one, "2x2x1x3"),
                *options(one, "2x2x1x3", {"distance": "l1", "reduction": "none"}),
                *options(several, "layers", {"weights": (1.0, 0.25)}, {"distance": "l1", "reduction": "sum"}),
                Layout(
                    "2x3" if loss == "Perceptual" else "places",
                    dict.fromkeys(PAIR, other) if loss == "Perceptual" else different,
                ),
                Layout("0x2x3", dict.fromkeys(PAIR, (0, 2, 3)), draws=("ordinary",)),
            ],
            features,
            [f"{name}{i}" for name in PAIR for i in ("", 0, 1)],
            {"extreme": 1e4 if loss == "Perceptual" else 1e8},
        )
