"""The cases of metrics and of the losses of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

SINGLE = ("float32",)


def _words() -> dict[str, Draw]:
    """Sequences that are unlike, alike, empty, or padded with what must not count."""

    def tokens(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found: Values = {}
        for name, shape in shapes.items():
            if name.endswith("length"):
                found[name] = cycle(shape, [3.0, 0.0, 2.0, 1.0] if name.startswith("h") else [2.0, 0.0, 0.0, 3.0])
            else:
                found[name] = rng.integers(0, 3, shape)
        return found

    def alike(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return tokens(rng, shapes, config) | {
            name: cycle(shapes[name], [1, 2, 0, 2**24]) for name in ("hypothesis", "truth")
        }

    return {"ordinary": tokens, "alike": alike}


def _steps() -> dict[str, Draw]:
    def of(scores: Any) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            found: Values = {"target": rng.integers(0, shapes["logits"][-1] or 1, shapes["target"])}
            found["logits"] = scores(rng, shapes["logits"], config.get("from_logits", True))
            if "logit_length" in shapes:
                found["logit_length"] = cycle(shapes["logit_length"], [2.0, 0.0])
                found["logits"][0, 2:] = np.nan  # beyond the length
                found["target_length"] = cycle(shapes["target_length"], [1.0, 2.0])
            return found

        return draw

    def ordinary(rng: Rng, shape: Shape, logits: bool) -> Any:
        return rng.normal(size=shape) if logits else rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])

    def extreme(rng: Rng, shape: Shape, logits: bool) -> Any:
        return cycle(shape, [1e4, -1e4, 0.0, 1e4]) if logits else cycle(shape, [1.0, 0.0, 0.0, 0.0])

    return {"ordinary": of(ordinary), "extreme": of(extreme)}


def _lists() -> dict[str, Draw]:
    def of(odd: bool) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            shape = shapes["score"]
            found: Values = {"score": rng.normal(size=shape) * 2, "risk": rng.integers(0, 5, shape) * 0.5}
            if odd:
                found = {"score": cycle(shape, [1e4, -1e4, 1e4, 0.0]), "risk": cycle(shape, [1e3, 2.0, 0.0])}
            if "mask" in shapes:
                found["mask"] = cycle(shapes["mask"], [1.0, 0.0, 1.0, 0.0, 0.0, 0.0])  # the second list is empty
                found["risk"] = np.where(found["mask"] > 0, found["risk"], np.nan)
                found["score"] = np.where(found["mask"] > 0, found["score"], np.nan)
            return found

        return draw

    return {"ordinary": of(False), "extreme": of(True)}


def _rankings() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "scores": rng.normal(size=shapes["scores"]),
            "relevance": cycle(shapes["relevance"], [1, 0, 0, 1, 1, 0, 0]),
        }

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "scores": cycle(shapes["scores"], [0.5, 0.5, -np.inf, 0.5, 1.0, 0.5, 0.25]),
            "relevance": cycle(shapes["relevance"], [0, 1, 0, 1]),
        }

    def none(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The first query has nothing relevant, the last nothing else."""
        relevance = np.zeros(shapes["relevance"])
        relevance[-1:] = 1
        return {"scores": rng.normal(size=shapes["scores"]), "relevance": relevance}

    return {"ordinary": ordinary, "ties": ties, "none": none}


def _embeddings() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Candidates that are equal, and zero vectors."""
        return {"queries": cycle(shapes["queries"], [1.0, 0.0, 0.0]), "candidates": np.ones(shapes["candidates"])}

    def lengths(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """The true candidate has the direction of the query and is short, the others are long."""
        candidates = np.broadcast_to([[0.125, 0.0], [2.0, 3.0], [4.0, -4.0], [3.0, 5.0]], shapes["candidates"])
        return {"queries": cycle(shapes["queries"], [2.0, 0.0]), "candidates": candidates}

    return {"ordinary": ordinary, "ties": ties, "lengths": lengths}


def _classes() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        (rows, classes) = shapes["predictions"]
        if config.get("from_logits"):
            return {"predictions": rng.normal(size=(rows, classes)) * 2}
        return {"predictions": rng.dirichlet(np.ones(classes), size=rows)}

    def certain(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        one = np.eye(shapes["predictions"][1])[np.arange(shapes["predictions"][0]) % shapes["predictions"][1]]
        return {"predictions": (2 * one - 1) * 1e4 if config.get("from_logits") else one}

    return {"ordinary": ordinary, "certain": certain}


def plans() -> Iterable[Plan]:
    """One for each item."""
    words: dict[str, Shape] = {"hypothesis": (4, 3), "truth": (4, 4)}
    cut: dict[str, Shape] = {**words, "hypothesis_length": (4,), "truth_length": (4,)}
    whole = ("hypothesis", "truth", "hypothesis_length", "truth_length")
    integer: dict[str, Any] = {"dtypes": SINGLE, "label_dtype": "int64"}
    costs = {"substitution": 2.0, "insertion": 0.5, "deletion": 0.75, "reduction": "none"}
    yield plan(
        "EditDistance",
        [
            Layout("4x3", words, quick=True, **integer),
            *options(
                cut,
                "cut",
                {"reduction": "none"},
                {"normalize": "max", "reduction": "none"},
                {"reduction": "sum"},
                **integer,
            ),
            *options(
                cut, "cut", {"normalize": "truth", "reduction": "none"}, costs, dtypes=SINGLE, label_dtype="int32"
            ),
            Layout("0x3", {"hypothesis": (0, 3), "truth": (0, 4)}, draws=("ordinary",), **integer),
            Layout("2x0", {"hypothesis": (2, 0), "truth": (2, 4)}, draws=("ordinary",), **integer),
            Layout("2x3-2x0", {"hypothesis": (2, 3), "truth": (2, 0)}, draws=("ordinary",), **integer),
        ],
        _words(),
        (),
        exact=whole,
    )
    steps: dict[str, Shape] = {"logits": (2, 3, 4), "target": (2, 2)}
    part: dict[str, Shape] = {**steps, "logit_length": (2,), "target_length": (2,)}
    yield plan(
        "SoftEditDistance",
        [
            *reductions(steps, "2x3x4", label_dtype="int64"),
            *options(
                steps, "2x3x4", {"gamma": 0.0}, {"gamma": 0.25, "insertion": 0.5, "deletion": 0.75}, label_dtype="int64"
            ),
            *options(steps, "2x3x4", {"from_logits": False, "reduction": "none"}, label_dtype="int32"),
            *options(part, "cut", {"reduction": "none"}, {"normalize": "max"}, label_dtype="int64"),
            Layout("0x3x4", {"logits": (0, 3, 4), "target": (0, 2)}, draws=("ordinary",), label_dtype="int64"),
        ],
        _steps(),
        ("logits",),
        {"extreme": 1e1},
        exact=("target", "logit_length", "target_length"),
    )
    lists: dict[str, Shape] = {"score": (2, 3), "risk": (2, 3)}
    yield plan(
        "MinimumRisk",
        [
            *reductions(lists, "2x3"),
            *options({**lists, "mask": (2, 3)}, "2x3-mask", {"reduction": "none"}),
            Layout("2x3-mask-bool", {**lists, "mask": (2, 3)}, dtypes_of={"mask": "bool"}),
            Layout("0x3", {"score": (0, 3), "risk": (0, 3)}, draws=("ordinary",)),
        ],
        _lists(),
        ("score", "risk"),
        {"extreme": 1e3},
    )
    ranked: dict[str, Shape] = {"scores": (3, 4), "relevance": (3, 4)}
    of_relevance: dict[str, Any] = {"label_dtype": "int64"}
    yield plan(
        "RPrecision",
        [
            Layout("3x4", ranked, dtypes=ALL, quick=True, **of_relevance),
            *options(ranked, "3x4", {"reduction": "none"}, {"empty": "skip"}, **of_relevance),
            *options(ranked, "3x4", {"ties": "expected", "reduction": "none"}),
            Layout("0x4", {"scores": (0, 4), "relevance": (0, 4)}, draws=("ordinary",), **of_relevance),
        ],
        _rankings(),
        (),
        exact=("relevance",),
    )
    images: dict[str, Shape] = {"queries": (3, 2), "candidates": (3, 4, 2)}
    yield plan(
        "TextImageRPrecision",
        [
            Layout("3x4x2", images, dtypes=ALL, quick=True),
            *options(images, "3x4x2", {"reduction": "none"}, {"ties": "expected", "reduction": "none"}),
            Layout("0x4x2", {"queries": (0, 2), "candidates": (0, 4, 2)}, draws=("ordinary", "ties")),
        ],
        _embeddings(),
        (),
    )
    samples: dict[str, Shape] = {"predictions": (6, 3)}
    yield plan(
        "InceptionScore",
        [
            Layout("6x3", samples, {"splits": 1}, dtypes=ALL, quick=True),
            *options(samples, "6x3", {"splits": 2}, {"splits": 4, "reduction": "none"}, dtypes=FULL),
            *options(samples, "6x3", {"splits": 3, "reduction": "std"}, {"splits": 3, "reduction": "std", "ddof": 1}),
            *options(samples, "6x3", {"from_logits": True, "splits": 2}),
        ],
        _classes(),
        (),
    )
