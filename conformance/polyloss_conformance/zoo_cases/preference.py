"""The cases of learning from preferences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

TWO = ("chosen", "rejected")
FOUR = (*TWO, "ref_chosen", "ref_rejected")
TOP = [1e4, -1e4, 1.0, -1e4, 88.0, 1e4, -3.0]


def _draws(names: Sequence[str], low: float, high: float) -> dict[str, Draw]:
    """Draws of numbers between two, each input for itself."""

    def rest(rng: Rng, shapes: Mapping[str, Shape]) -> Values:
        found: Values = {}
        if "desirable" in shapes:
            found["desirable"] = rng.integers(0, 2, shapes["desirable"]).astype(float)
        if "target" in shapes:
            found["target"] = cycle(shapes["target"], [1.0, 0.0, 0.5, 0.9])
        if "mismatched" in shapes:
            found["mismatched"] = rng.normal(size=shapes["mismatched"]) + 0.5
        return found

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**{name: rng.uniform(low, high, shapes[name]) for name in names}, **rest(rng, shapes)}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = rng.uniform(low, high, shapes[names[0]])
        return {**dict.fromkeys(names, values), **rest(rng, shapes)}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        turned = {name: np.roll(cycle(shapes[name], TOP), place) for place, name in enumerate(names)}
        return {**turned, **rest(rng, shapes)}

    def near_one(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Log probabilities of what is almost certain, and of what is almost impossible."""
        values = [-1e-6, -0.5, -20.0, -1e-3, -100.0, -0.499]
        return {name: np.roll(cycle(shapes[name], values), place) for place, name in enumerate(names)}

    def below(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The estimate of the divergence is below 0."""
        return {**ordinary(rng, shapes, config), "mismatched": -np.ones(shapes["mismatched"])}

    return {
        "ordinary": ordinary,
        "second": ordinary,
        "ties": ties,
        "extreme": extreme,
        "near-one": near_one,
        "below": below,
    }


def _signed() -> dict[str, Draw]:
    """Draws of two scores and a sign."""

    def with_sign(draw: Draw) -> Draw:
        def of(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            return {**draw(rng, shapes, config), "target": cycle(shapes["target"], [1.0, -1.0, -1.0])}

        return of

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Just on the margin, and just beyond it."""
        ahead = config.get("margin", 1.0) + cycle(shapes["first"], [0.0, 0.0, 0.25, 0.0, 0.0])
        second = cycle(shapes["second"], [0.5, -1.25, 2.0])
        target = cycle(shapes["target"], [1.0, -1.0])
        return {"first": second + target * ahead, "second": second, "target": target}

    unsigned = _draws(("first", "second"), -2.0, 2.0)
    return {**{name: with_sign(unsigned[name]) for name in ("ordinary", "second", "ties", "extreme")}, "kinks": kinks}


def plans() -> Iterable[Plan]:
    """One for each loss."""
    usual = ("ordinary", "second", "ties", "extreme")
    both: tuple[tuple[str, Sequence[str], tuple[Mapping[str, Any], ...], float], ...] = (
        ("DPO", FOUR, ({"beta": 0.5, "label_smoothing": 0.1, "reduction": "none"},), 4e4),
        ("IPO", FOUR, ({"beta": 0.5, "reduction": "none"},), 4e9),
        ("SimPO", TWO, ({"beta": 2.5, "margin": 0.5, "reduction": "none"}, {"margin": 0.0}), 4e4),
        ("BradleyTerry", TWO, ({"margin": 0.5, "reduction": "none"},), 2e4),
    )
    for loss, names, some, size in both:
        draws = _draws(names, -12.0, -8.0) if names is FOUR else _draws(names, -2.0, 2.0)
        pair: dict[str, Shape] = dict.fromkeys(names, (2, 3))
        yield plan(
            loss,
            [
                *reductions(pair, "2x3", draws=usual),
                *options(pair, "2x3", *some, draws=usual),
                Layout("0x3", dict.fromkeys(names, (0, 3)), draws=("ordinary",)),
            ],
            draws,
            names,
            {"ordinary": 10.0, "second": 10.0, "extreme": size},
        )
    pair = dict.fromkeys(TWO, (2, 3))
    chances = ("ordinary", "second", "ties", "near-one")
    yield plan(
        "ORPO",
        [
            *reductions(pair, "2x3", draws=chances),
            *options(pair, "2x3", {"beta": 1.0, "reduction": "none"}, {"beta": 0.0}, draws=chances),
            Layout("0x3", dict.fromkeys(TWO, (0, 3)), draws=("ordinary",)),
        ],
        _draws(TWO, -3.0, -0.05),
        TWO,
        {"near-one": 100.0},
    )
    answers: dict[str, Shape] = dict.fromkeys(("pred", "ref", "desirable"), (2, 3))
    others = {**answers, "mismatched": (4,)}
    weights = {"beta": 0.5, "desirable_weight": 1.5, "undesirable_weight": 0.75, "reduction": "none"}
    numbers: dict[str, Any] = {"label_dtype": "int64"}
    yield plan(
        "KTO",
        [
            *reductions(answers, "2x3", draws=usual, **numbers),
            *options(others, "2x3-mismatched", {}, draws=("ordinary", "second", "below"), **numbers),
            *options(others, "2x3-mismatched", weights, draws=("ordinary", "extreme"), label_dtype="int32"),
            Layout("0x3", dict.fromkeys(answers, (0, 3)), draws=("ordinary",), **numbers),
        ],
        _draws(("pred", "ref"), -12.0, -8.0),
        ("pred", "ref", "mismatched"),
        {"ordinary": 10.0, "second": 10.0, "extreme": 2e4},
        exact=("desirable",),
    )
    three = ("first", "second", "target")
    scored: dict[str, Shape] = dict.fromkeys(three, (2, 3))
    yield plan(
        "RankNet",
        [
            *reductions(scored, "2x3", draws=usual),
            *options(scored, "2x3", {"sigma": 2.0, "reduction": "none"}, draws=usual),
            Layout("0x3", dict.fromkeys(scored, (0, 3)), draws=("ordinary",)),
        ],
        _draws(("first", "second"), -2.0, 2.0),
        three,
        {"extreme": 4e4},
    )
    some = ({"margin": 0.0, "reduction": "none"}, {"margin": 2.5})
    sides = ("ordinary", "second", "ties", "extreme", "kinks")
    yield plan(
        "MarginRanking",
        [
            *reductions(scored, "2x3", draws=sides),
            *options(scored, "2x3", *some, draws=sides),
            Layout("0x3", dict.fromkeys(three, (0, 3)), draws=("ordinary",)),
        ],
        _signed(),
        three,
        {"extreme": 4e4},
    )
