"""The cases of the losses of two vectors of which is known whether they belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions
from polyloss_conformance.zoo_cases.metric_learning import vectors

PAIR = ("x1", "x2")


def labelled() -> dict[str, Draw]:
    """The draws of two vectors, with a zero one, and labels."""

    def of(draw: Draw) -> Draw:
        def with_labels(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            values = draw(rng, shapes, config)
            return {**values, "label": cycle(shapes["label"], [1.0, 0.0, 0.0, 1.0])}

        return with_labels

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        x = rng.normal(size=shapes["x1"])
        x[..., :2, :] = 0.0
        return {"x1": x, "x2": rng.normal(size=shapes["x2"]) * 0.5}

    def near(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Within the margin."""
        x = rng.normal(size=shapes["x1"])
        return {"x1": x, "x2": x + 0.3 * rng.normal(size=shapes["x2"])}

    return {name: of(draw) for name, draw in {**vectors(PAIR), "zeros": zeros, "near": near}.items()}


def _heads() -> dict[str, Draw]:
    def of(scale: float) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            values = {name: rng.normal(size=shape) for name, shape in shapes.items() if name != "label"}
            values["x2"] = values["x1"] + scale * rng.normal(size=shapes["x2"])
            return {**values, "label": cycle(shapes["label"], [1.0, 0.0, 0.0, 1.0])}

        return draw

    def soft(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = {name: rng.normal(size=shape) for name, shape in shapes.items() if name != "label"}
        return {**values, "label": rng.uniform(size=shapes["label"])}

    return {"ordinary": of(1.0), "extreme": of(100.0), "equal": of(0.0), "soft": soft}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    four = {"x1": (4, 3), "x2": (4, 3), "label": (4,)}
    many = {"x1": (2, 2, 3), "x2": (2, 2, 3), "label": (2, 2)}
    empty = {"x1": (0, 3), "x2": (0, 3), "label": (0,)}
    far = {"extreme": 3e4}
    whole = Layout("4x3-int64", four, {"reduction": "none"}, label_dtype="int64")
    yield plan(
        "Contrastive",
        [
            *reductions(four, "4x3"),
            *options(four, "4x3", {"margin": 2.0, "half": False}, {"label_convention": "similar", "reduction": "none"}),
            whole,
            Layout("2x2x3", many, {"reduction": "none"}),
            Layout("0x3", empty, draws=("ordinary",)),
        ],
        labelled(),
        PAIR,
        {name: scale**2 for name, scale in far.items()},
        exact=("label",),
    )
    yield plan(
        "Siamese",
        [
            *reductions(four, "4x3"),
            *options(
                four,
                "4x3",
                {"kind": "cosine", "reduction": "none"},
                {"kind": "cosine", "margin": 0.3, "label_convention": "dissimilar"},
                {"margin": 2.0, "label_convention": "dissimilar", "reduction": "none"},
            ),
            whole,
            Layout("0x3", empty, {"kind": "cosine"}, draws=("ordinary",)),
        ],
        labelled(),
        PAIR,
        {name: scale**2 for name, scale in far.items()},
        exact=("label",),
    )
    two = {**four, "weight": (2, 3), "bias": (2,)}
    one = {**four, "weight": (3,), "bias": (1,)}
    yield plan(
        "Verification",
        [
            *reductions(two, "4x3-2x3"),
            Layout("4x3-3", one, {"reduction": "none"}),
            Layout("4x3-no-bias", {**four, "weight": (2, 3)}, {"reduction": "none"}),
            Layout("4x3-int64", two, label_dtype="int64", draws=("ordinary", "extreme", "equal")),
            Layout("0x3", {**empty, "weight": (2, 3), "bias": (2,)}, draws=("ordinary",)),
        ],
        _heads(),
        ("x1", "x2", "weight", "bias"),
        {"extreme": 1e5},
        exact=("label",),
    )
