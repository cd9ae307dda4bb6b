"""The cases of the losses that match texts and images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

WORDS = {"regions": (2, 2, 1, 3), "words": (2, 2, 2)}
WHOLE = {"image": (2, 3), "sentence": (2, 3)}
FEATURES = (*WORDS, *WHOLE)
SCORES = 50.0
"""The second gamma times the third: the size of what is taken from one another, without the quotient."""


def _draws() -> dict[str, Draw]:
    def others(shapes: Mapping[str, Shape]) -> Values:
        given = {"lengths": [1, 2, 1], "label": [4, 0, 4]}
        return {name: cycle(shapes[name], given[name]) for name in given if name in shapes}

    def features(rng: Rng, shapes: Mapping[str, Shape], scale: float = 1.0) -> Values:
        return {name: scale * rng.normal(size=shapes[name]) for name in FEATURES if name in shapes}

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return features(rng, shapes) | others(shapes)

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return features(rng, shapes, 30.0) | others(shapes)

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: np.full(shapes[name], 0.5) for name in FEATURES if name in shapes} | others(shapes)

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The first text and the second image are the zero vector everywhere."""
        values = features(rng, shapes)
        for name, place in (("words", 0), ("sentence", 0), ("regions", 1), ("image", 1)):
            if name in values:
                values[name][place] = 0.0
        return values | others(shapes)

    def hidden(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """A text without words, and NaN for all words that do not count."""
        values = features(rng, shapes) | {"lengths": cycle(shapes["lengths"], [1, 0, 2])}
        absent = np.arange(shapes["words"][2]) >= values["lengths"][:, None]
        values["words"] = np.where(absent[:, None, :], np.nan, values["words"])
        return others(shapes) | values

    return {"ordinary": ordinary, "extreme": extreme, "equal": equal, "zeros": zeros, "hidden": hidden}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    every = {**WORDS, **WHOLE}
    three = {name: (3, *shape[1:]) for name, shape in every.items()} | {"lengths": (3,), "label": (3,)}
    draws = _draws()
    given = tuple(draws)[:-1]
    yield plan(
        "DAMSM",
        [
            *reductions(every, "2", draws=given),
            *options(
                {**WORDS, "lengths": (2,)},
                "words",
                {"paper_exact": False, "direction": "text", "reduction": "none"},
                label_dtype="int64",
            ),
            *options(
                WHOLE, "whole", {"direction": "image", "gammas": (4.0, 5.0, 2.0), "reduction": "none"}, draws=given
            ),
            *options(three, "3-classes", {"gammas": (4.0, 3.0, 2.0), "reduction": "none"}, label_dtype="int32"),
            Layout("0", {name: (0, *shape[1:]) for name, shape in every.items()}, draws=("ordinary",)),
        ],
        draws,
        FEATURES,
        dict.fromkeys(draws, SCORES),
        exact=("lengths", "label"),
    )
