"""The cases of the losses of a number predicted and a number seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

PAIR = ("pred", "target")


def differences(near: Sequence[float]) -> dict[str, Draw]:
    """Draws for a loss of ``target - pred``; `near` are differences at and around its kinks."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.normal(size=shapes["pred"]) * 1.5, "target": rng.normal(size=shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [1e4, -1e4, 1e4, 1e-4, -1e4]),
            "target": cycle(shapes["target"], [-1e4, -1e4, 1.0, -1e-4]),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": np.ones(shapes["pred"]) + cycle(shapes["pred"], near), "target": np.ones(shapes["target"])}

    return {"ordinary": ordinary, "extreme": extreme, "kinks": kinks}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    pair = dict.fromkeys(PAIR, (2, 3))
    empty = dict.fromkeys(PAIR, (0, 3))
    yield plan(
        "Quantile",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"q": 0.1}, {"q": 0.9, "reduction": "none"}),
            *options({"pred": (2, 3), "target": (2,)}, "2x3-2", {"q": (0.1, 0.5, 0.9)}),
            *options({"pred": (2, 3), "target": (2, 1)}, "2x3-2x1", {"q": (0.1, 0.5, 0.9), "reduction": "none"}),
            *options(pair, "2x3", {"q": 0.3, "kappa": 0.25, "reduction": "none"}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        differences([0.0, 1.0, -1.0, 0.25]),
        PAIR,
        {"extreme": 1e4},
    )
    yield plan(
        "L1",
        [
            *reductions(pair, "2x3"),
            Layout("0x3", empty, draws=("ordinary",)),
            Layout("scalar", dict.fromkeys(PAIR, ())),
        ],
        differences([0.0, 1.0, -1.0, 0.25]),
        PAIR,
        {"extreme": 1e4},
    )
    yield plan(
        "L2",
        [
            *reductions(pair, "2x3"),
            Layout("0x3", empty, draws=("ordinary",)),
            Layout("scalar", dict.fromkeys(PAIR, ())),
        ],
        differences([0.0, 1.0, -1.0, 1e-4]),
        PAIR,
        {"extreme": 1e4},
    )
    yield plan(
        "Huber",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"delta": 0.25, "reduction": "none"}, {"delta": 2.0}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        differences([0.0, 1.0, -1.0, 0.25, -2.0, 0.125]),
        PAIR,
        {"extreme": 1e4},
    )
    images = dict.fromkeys(PAIR, (2, 3, 1, 2))
    yield plan(
        "Reconstruction",
        [
            *reductions(pair, "2x3"),
            *options(pair, "2x3", {"kind": "l2"}, {"kind": "l2", "reduction": "none"}),
            Layout("2x3x1x2-none", images, {"reduction": "none"}, draws=("ordinary",)),
            Layout("0x3", empty, draws=("ordinary",)),
            Layout("2x0-none", dict.fromkeys(PAIR, (2, 0)), {"reduction": "none"}, draws=("ordinary",)),
        ],
        differences([0.0, 1.0, -1.0, 0.25]),
        PAIR,
        {"extreme": 1e4},
    )
    likely = dict.fromkeys((*PAIR, "var"), (2, 3))
    yield plan(
        "GaussianNLL",
        [
            *reductions(likely, "2x3"),
            *options(likely, "2x3", {"beta": 0.5, "reduction": "none"}, {"beta": 1.0, "full": True}, {"eps": 0.1}),
            Layout("2x3-2x1-none", {**pair, "var": (2, 1)}, {"reduction": "none", "full": True}),
            Layout("0x3", dict.fromkeys((*PAIR, "var"), (0, 3)), draws=("ordinary",)),
        ],
        _with_variance(differences([0.0, 1.0, -1.0, 0.25])),
        (*PAIR, "var"),
        {"extreme": 1e4},
    )


def _with_variance(draws: Mapping[str, Draw]) -> dict[str, Draw]:
    """The draws with a variance: any, large, and below its bound, 0 and negative."""
    kinds: dict[str, Callable[[Rng, Shape], Array]] = {
        "ordinary": lambda rng, shape: rng.uniform(0.25, 2.0, shape),
        "extreme": lambda rng, shape: cycle(shape, [1e4, 6e4, 1.0, 512.0]),
        "kinks": lambda rng, shape: cycle(shape, [1.0, 0.0, -0.5, 1e-7, 0.125, 0.0625]),
    }

    def with_variance(name: str, draw: Draw) -> Draw:
        return lambda rng, shapes, config: {
            **draw(rng, shapes, config),
            "var": kinds[name](rng, shapes["var"]),
        }

    return {name: with_variance(name, draw) for name, draw in draws.items()}
