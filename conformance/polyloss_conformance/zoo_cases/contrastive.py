"""The cases of the losses that pick a vector's partner out of a batch, and that rank the scores of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import ALL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions
from polyloss_conformance.zoo_cases.metric_learning import LABELS, rows

SCORES = 20.0
"""The largest score: 1 over the smallest temperature."""


def _views(names: Sequence[str]) -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.normal(size=shapes[name]) for name in names}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        scales = [1e4, 1e-2, 1.0]
        return {name: rng.normal(size=shapes[name]) * np.resize(scales, shapes[name][0])[:, None] for name in names}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: np.broadcast_to([1.0, -0.5, 0.25], shapes[name]) for name in names}

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = ordinary(rng, shapes, config)
        values[names[0]][:1] = 0.0
        values[names[1]][1:] = 0.0
        return values

    def opposite(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Partners point away from one another."""
        x = rng.normal(size=shapes[names[0]])
        return {names[0]: x, names[1]: -np.resize(x, shapes[names[1]])}

    return {"ordinary": ordinary, "extreme": extreme, "equal": equal, "zeros": zeros, "opposite": opposite}


def _pairs(loss: str, names: Sequence[str], *more: Layout) -> Plan:
    pair = dict.fromkeys(names, (3, 3))
    return plan(
        loss,
        [
            *reductions(pair, "3x3"),
            *options(pair, "3x3", {"temperature": 0.05, "reduction": "none"}),
            *more,
            Layout("1x3", dict.fromkeys(names, (1, 3)), draws=("ordinary", "equal")),
            Layout("0x3", dict.fromkeys(names, (0, 3)), draws=("ordinary",)),
        ],
        _views(names),
        names,
        {"ordinary": SCORES, "extreme": 1e2 * SCORES, "equal": SCORES, "zeros": SCORES, "opposite": SCORES},
    )


def _scores() -> dict[str, Draw]:
    targets = {
        "ordinary": [1, 2, 0, -1],
        "extreme": [2, 0, 1, -1],
        "background": [0, 0, 0, -1],
        "all objects": [2, 1, 1, 2],
        "ignored": [-1, -2, -1, -1],
        "NaN ignored": [2, -1, 0, -1],
        "equal": [1, 2, 0, 1],
    }

    def of(name: str) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            logits = rng.normal(size=shapes["logits"]) * 1.5
            if name == "extreme":
                logits = cycle(shapes["logits"], [1e4, -1e4, 30.0, -1e4, 1e4])
            if name == "equal":
                logits = np.full(shapes["logits"], 0.25)
            if name == "NaN ignored":
                logits[1:2] = np.nan
            return {"logits": logits, "target": cycle(shapes["target"], targets[name])}

        return draw

    return {name: of(name) for name in targets}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    more = Layout("2x3-3x3", {"query": (2, 3), "key": (3, 3)}, {"reduction": "none"})
    yield _pairs("InfoNCE", ("query", "key"), more)
    yield _pairs("NTXent", ("x", "y"))
    yield _pairs("CLIP", ("x", "y"))
    five = {"x": (5, 3), "label": (5,)}
    colder = options(five, "5x3", {"temperature": 0.05, "reduction": "none"}, label_dtype="int64")
    yield rows("SupCon", *colder, squared=False, magnitude=dict.fromkeys(LABELS, SCORES))
    whole: dict[str, Any] = {"label_dtype": "int64"}
    scores = {"logits": (4, 2), "target": (4,)}
    others = {"margin": 0.3, "smoothness": 2.0, "weight": 1.0, "positive_temperature": 0.5, "negative_temperature": 2.0}
    yield plan(
        "DistributionalRanking",
        [
            Layout("4x2", scores, dtypes=ALL, quick=True, **whole),
            Layout("4x2-others", scores, others, label_dtype="int32"),
            Layout("1x1", {"logits": (1, 1), "target": (1,)}, draws=("ordinary", "background", "ignored"), **whole),
            Layout("0x2", {"logits": (0, 2), "target": (0,)}, draws=("ordinary",), **whole),
        ],
        _scores(),
        ["logits"],
        exact=("target",),
    )
