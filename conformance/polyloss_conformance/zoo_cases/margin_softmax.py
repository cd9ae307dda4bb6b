"""The cases of the softmax of cosines with a margin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

WRT = ("pred", "weight")


def _draws() -> dict[str, Draw]:
    def vectors(rng: Rng, shape: Shape) -> Array:
        """Vectors of length 1 to 2: gradients are the scale over it."""
        found = rng.normal(size=shape)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True) * rng.uniform(1, 2, (shape[0], 1)))

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        labels = rng.integers(0, shapes["weight"][0], shapes["target"]).astype(float)
        if "ignore_index" in config:
            labels = np.where(labels == config["ignore_index"], config["ignore_index"] + 1, labels)
        return {"pred": vectors(rng, shapes["pred"]), "weight": vectors(rng, shapes["weight"]), "target": labels}

    def aligned(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The first embedding has the direction of its class, the others are near theirs."""
        found = ordinary(rng, shapes, config)
        weight = cycle(shapes["weight"], [3.0, 0.0, 4.0, 0.0, 2.0, 0.0, 1.0, 2.0, 2.0])
        near = weight[found["target"].astype(int)] + np.arange(len(found["pred"]))[:, None] * 0.01 * found["pred"]
        return {**found, "weight": weight, "pred": 2 * near}

    def opposite(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Embeddings that point away from their class."""
        found = ordinary(rng, shapes, config)
        return {**found, "pred": 0.05 * found["pred"] - found["weight"][found["target"].astype(int)]}

    def scaled(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Long and short vectors."""
        found = ordinary(rng, shapes, config)
        sizes = cycle((shapes["pred"][0], 1), [1e4, 0.1, 1e-3])
        return {**found, "pred": found["pred"] * sizes, "weight": found["weight"] * cycle((4, 1), [0.1, 100.0, 1.0])}

    def zero(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = ordinary(rng, shapes, config)
        found["pred"][0] = 0.0
        return found

    def ignored(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = ordinary(rng, shapes, config)
        found["target"][0] = config["ignore_index"]
        found["pred"][0] = np.nan
        return found

    def ignored_all(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = ordinary(rng, shapes, config)
        return {**found, "target": np.full(shapes["target"], float(config["ignore_index"]))}

    return {
        "ordinary": ordinary,
        "second": ordinary,
        "aligned": aligned,
        "opposite": opposite,
        "scaled": scaled,
        "zero": zero,
        "ignored": ignored,
        "ignored-all": ignored_all,
    }


def plans() -> Iterable[Plan]:
    """One for each loss."""
    shapes: dict[str, Shape] = {"pred": (3, 3), "weight": (4, 3), "target": (3,)}
    none: dict[str, Shape] = {"pred": (0, 3), "weight": (4, 3), "target": (0,)}
    draws = ("ordinary", "second", "aligned", "opposite", "scaled", "zero")
    numbers: dict[str, Any] = {"label_dtype": "int64"}
    ignoring = ("ordinary", "ignored", "ignored-all")
    for loss, some in (
        ("ArcFace", ({"margin": 0.3, "monotone": False, "scale": 10.0}, {"margin": 0.0, "reduction": "none"})),
        ("CosFace", ({"margin": 0.1, "scale": 10.0, "reduction": "none"},)),
        ("SphereFace", ({"scale": 10.0, "margin": 3, "reduction": "none"}, {"margin": 1}, {"margin": 2})),
    ):
        yield plan(
            loss,
            [
                *reductions(shapes, "3x3", draws=draws, **numbers),
                *options(shapes, "3x3", *some, draws=draws, **numbers),
                *options(shapes, "3x3", {"ignore_index": 0}, draws=ignoring, label_dtype="int32"),
                Layout("0x3", none, draws=("ordinary",), **numbers),
            ],
            _draws(),
            WRT,
            {**dict.fromkeys(draws + ignoring, 64.0), "scaled": 1e6 if loss == "SphereFace" else 2e5},
            exact=("target",),
        )
