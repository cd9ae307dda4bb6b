"""The cases of the losses that go element by element: regression, yes or no, margins, likelihoods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle, signs
from polyloss_conformance.torch_cases.common import PAIR, SINGLE, broadcast, common, name_of, options, plan

# --- regression ---------------------------------------------------------------------------------------------------------------


def _regression(near: Sequence[float]) -> dict[str, Draw]:
    """Draws for a loss of ``input - target``; `near` are differences at and around its kinks."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.normal(size=shapes["input"]) * 1.5, "target": rng.normal(size=shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [1e4, -1e4, 1e4, 1e-4, -1e4]),
            "target": cycle(shapes["target"], [-1e4, -1e4, 1.0, -1e-4]),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        target = cycle(shapes["target"], [1.0, 0.0, -2.0, 0.5])
        if shapes["target"] != shapes["input"]:
            target = np.ones(shapes["target"])
        base = target if shapes["target"] == shapes["input"] else np.ones(shapes["input"])
        return {"target": target, "input": base + cycle(shapes["input"], near)}

    return {"ordinary": ordinary, "extreme": extreme, "kinks": kinks}


def _regressions() -> Iterable[Plan]:
    magnitude = {"extreme": 1e4}
    usual = [*common(), *broadcast()]
    old = options(
        PAIR,
        {"size_average": False},
        {"reduce": False, "size_average": True},
        {"reduce": True, "reduction": "none"},
        dtypes=SINGLE,
    )
    yield plan("L1Loss", [*usual, *old], _regression([0.0, 0.0, 1.0, -0.25]), PAIR, magnitude)
    yield plan("MSELoss", usual, _regression([0.0, 0.0, 1.0, -0.25]), PAIR, magnitude)
    betas = options(PAIR, {"beta": 0.5}, {"beta": 0.0}, {"beta": 100}, {"beta": 0.3})
    kinks = [0.0, 1.0, -1.0, 0.5, -2.0, 2.0]
    yield plan("SmoothL1Loss", [*usual, *betas], _regression(kinks), PAIR, magnitude)
    deltas = options(PAIR, {"delta": 0.5}, {"delta": 2}, {"delta": 100}, {"delta": 0.3})
    yield plan("HuberLoss", [*usual, *deltas], _regression(kinks), PAIR, magnitude)


# --- binary classification ------------------------------------------------------------------------------------------------------

_WEIGHTS: list[Any] = [[0.5, 2.0, 1.25], [[0.5], [2.0]], [[1.0, 0.0, 0.5], [2.0, 1.5, 0.25]]]


def _probabilities() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.uniform(0.05, 0.95, shapes["input"]), "target": rng.uniform(0, 1, shapes["target"])}

    def edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [0.0, 1.0, 1.0, 0.0, 0.5]),
            "target": cycle(shapes["target"], [0.0, 1.0, 0.0, 1.0, 0.25]),
        }

    def hard(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": rng.uniform(0.01, 0.99, shapes["input"]),
            "target": rng.choice([0.0, 1.0], size=shapes["target"]),
        }

    return {"ordinary": ordinary, "edges": edges, "hard": hard}


def _logits() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.normal(size=shapes["input"]) * 2, "target": rng.uniform(0, 1, shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [1e4, -1e4, 1e4, -1e4, 88.0, -88.0, 20.0, -20.0]),
            "target": cycle(shapes["target"], [0.0, 0.0, 1.0, 1.0]),
        }

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [0.0, -0.0, 1.0, 1e-3]),
            "target": cycle(shapes["target"], [1.0, 0.0, 1.0]),
        }

    return {"ordinary": ordinary, "extreme": extreme, "zeros": zeros}


def _weighted(key: str) -> list[Layout]:
    shapes = dict.fromkeys(PAIR, (2, 3))
    return [
        *(
            Layout(f"2x3-{key}={name_of(np.shape(w))}", shapes, {key: w}, dtypes=ALL if np.ndim(w) == 1 else FULL)
            for w in _WEIGHTS
        ),
        Layout(f"2x3-{key}=3-none", shapes, {key: _WEIGHTS[0], "reduction": "none"}, dtypes=SINGLE),
    ]


def _binaries() -> Iterable[Plan]:
    yield plan("BCELoss", [*common(), *_weighted("weight")], _probabilities(), ("input",))
    both = Layout(
        "2x3-weight=2x1,pos_weight=3",
        dict.fromkeys(PAIR, (2, 3)),
        {"weight": _WEIGHTS[1], "pos_weight": _WEIGHTS[0]},
        quick=True,
    )
    yield plan(
        "BCEWithLogitsLoss",
        [*common(), *_weighted("weight"), *_weighted("pos_weight"), both],
        _logits(),
        PAIR,
        {"extreme": 1e4},
    )


# --- margins ----------------------------------------------------------------------------------------------------------------------


def _embedding_draws() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.uniform(0, 2, shapes["input"]), "target": signs(rng, shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [1e4, -1e4, 1e-4, -1e4]),
            "target": cycle(shapes["target"], [1.0, -1.0, -1.0]),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        edge = float(config.get("margin", 1))
        return {"input": cycle(shapes["input"], [edge, 0.0, edge, 2 * edge]), "target": -np.ones(shapes["target"])}

    def others(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.normal(size=shapes["input"]), "target": cycle(shapes["target"], [0.0, 1.0, 2.0, -1.0])}

    return {"ordinary": ordinary, "extreme": extreme, "kinks": kinks, "other-targets": others}


def _soft_margin_draws() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": rng.normal(size=shapes["input"]) * 2, "target": signs(rng, shapes["target"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [1e4, -1e4, 1e4, -1e4, 20.0, -20.0, 1000.0]),
            "target": cycle(shapes["target"], [1.0, 1.0, -1.0, -1.0]),
        }

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [0.0, -0.0, 1.0, 1e-3]),
            "target": cycle(shapes["target"], [1.0, -1.0, 1.0]),
        }

    return {"ordinary": ordinary, "extreme": extreme, "zeros": zeros}


TRIPLE = ("input1", "input2", "target")


def _ranking_draws() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input1": rng.normal(size=shapes["input1"]),
            "input2": rng.normal(size=shapes["input2"]),
            "target": signs(rng, shapes["target"]),
        }

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input1": cycle(shapes["input1"], [1e4, -1e4, 1e4, 1e-4]),
            "input2": cycle(shapes["input2"], [-1e4, 1e4, 1.0, -1e-4]),
            "target": cycle(shapes["target"], [1.0, 1.0, -1.0]),
        }

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        edge = float(config.get("margin", 0))
        return {
            "input1": cycle(shapes["input1"], [1.0 + edge, 1.0, 1.0 - edge]),
            "input2": np.ones(shapes["input2"]),
            "target": cycle(shapes["target"], [1.0, 1.0, -1.0, -1.0]),
        }

    return {"ordinary": ordinary, "extreme": extreme, "ties": ties}


def _margins() -> Iterable[Plan]:
    magnitude = {"extreme": 1e4}
    margins = options(PAIR, {"margin": 2}, {"margin": 0.25})
    usual = ["ordinary", "extreme", "kinks"]
    layouts = [Layout(**{**vars(layout), "draws": usual}) for layout in [*common(), *margins]]
    others = Layout("2x3-other-targets", dict.fromkeys(PAIR, (2, 3)), draws=["other-targets"])
    yield plan("HingeEmbeddingLoss", [*layouts, others], _embedding_draws(), ("input",), magnitude)
    yield plan("SoftMarginLoss", common(), _soft_margin_draws(), ("input",), magnitude)
    margins = options(TRIPLE, {"margin": 0.5}, {"margin": -0.5}, {"margin": 2})
    layouts = [*common(TRIPLE), *broadcast(TRIPLE, ranks=False), *margins]
    yield plan("MarginRankingLoss", layouts, _ranking_draws(), ("input1", "input2"), magnitude)


# --- likelihoods --------------------------------------------------------------------------------------------------------------------


def _poissons() -> dict[str, Draw]:
    def given(config: Mapping[str, Any], log_rate: Any) -> Any:
        return log_rate if config.get("log_input", True) else np.exp(log_rate)

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        log_rate = given(config, rng.normal(size=shapes["log_input"]))
        return {"log_input": log_rate, "target": rng.poisson(2.5, shapes["target"])}

    def edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        zero = [0.0, -1.0, 0.5] if config.get("log_input", True) else [0.0, 1.0, 2.0]
        return {
            "log_input": cycle(shapes["log_input"], zero),
            "target": cycle(shapes["target"], [0.0, 1.0, 2.0, 0.0, 5.0]),
        }

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        large = [-1e4, 5.0, -1e4, 8.0] if config.get("log_input", True) else [1e4, 1e-4, 1.0, 50.0]
        return {
            "log_input": cycle(shapes["log_input"], large),
            "target": cycle(shapes["target"], [0.0, 100.0, 3.0]),
        }

    return {"ordinary": ordinary, "edges": edges, "extreme": extreme}


def _gaussians() -> dict[str, Draw]:
    def pair(rng: Rng, shapes: Mapping[str, Shape]) -> Values:
        return {"input": rng.normal(size=shapes["input"]), "target": rng.normal(size=shapes["target"])}

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**pair(rng, shapes), "var": rng.uniform(0.25, 3, shapes.get("var", ()))}

    def clamped(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        eps = float(config.get("eps", 1e-6))
        return {**pair(rng, shapes), "var": cycle(shapes.get("var", ()), [0.0, eps / 8, 1.0, eps * 8])}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"input": np.ones(shapes["input"]), "target": 1.0, "var": cycle(shapes.get("var", ()), [1.0, 0.5, 4.0])}

    return {"ordinary": ordinary, "clamped": clamped, "equal": equal}


def _divergences() -> dict[str, Draw]:
    def target(config: Mapping[str, Any], probability: Any) -> Any:
        return np.log(probability) if config.get("log_target", False) else probability

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        p = rng.uniform(0.05, 1, shapes["target"])
        return {"input": np.log(rng.uniform(0.05, 1, shapes["input"])), "target": target(config, p)}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        of_log = config.get("log_target", False)
        return {
            "input": cycle(shapes["input"], [-1e4, 0.0, -50.0, -1e4, -1.0]),
            "target": cycle(shapes["target"], [-1e4, 0.0, -1.0] if of_log else [1e-4, 1.0, 0.25, 1.0]),
        }

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input": cycle(shapes["input"], [-1.0, 0.0, -1e4]),
            "target": cycle(shapes["target"], [0.0, 0.5, 0.0, 0.0, 1.0]),
        }

    return {"ordinary": ordinary, "extreme": extreme, "zeros": zeros}


def _likelihoods() -> Iterable[Plan]:
    counts = ("log_input", "target")
    magnitude = {"extreme": 1e4}
    more = [
        *options(counts, {"full": True}, {"log_input": False}, dtypes=ALL),
        *options(counts, {"log_input": False, "full": True}, {"log_input": False, "eps": 1e-3}),
        *options(counts, {"log_input": False, "full": True, "reduction": "none"}, dtypes=SINGLE),
    ]
    yield plan("PoissonNLLLoss", [*common(counts), *broadcast(counts), *more], _poissons(), ("log_input",), magnitude)
    learned = Layout("2x3-target", dict.fromkeys(counts, (2, 3)), draws=["ordinary"])
    yield plan("PoissonNLLLoss", [learned], _poissons(), counts, magnitude)

    names = ("input", "target", "var")
    shapes: list[tuple[Shape, Shape]] = [((2, 3), (2, 1)), ((2, 3), (2,)), ((2, 3), (1, 3)), ((2, 3, 2), (2, 3))]
    homoscedastic = [
        Layout(f"{name_of(shape)}-var={name_of(var)}", {"input": shape, "target": shape, "var": var}, dtypes=SINGLE)
        for shape, var in shapes
    ]
    number = [
        Layout(f"2x3-var=number-{v}", dict.fromkeys(PAIR, (2, 3)), call={"var": v}, draws=["ordinary", "equal"])
        for v in (0.5, 0.0)
    ]
    more = options(names, {"full": True}, {"eps": 0.125}, {"full": True, "reduction": "none"})
    layouts = [*common(names), *homoscedastic, *more]
    gaussian = {"clamped": 1e6}
    yield plan("GaussianNLLLoss", layouts, _gaussians(), names, gaussian)
    yield plan("GaussianNLLLoss", number, _gaussians(), PAIR)

    reductions = ("none", "mean", "sum", "batchmean")
    inside = ["ordinary", "extreme"]
    of_log = options(PAIR, {"log_target": True}, {"log_target": True, "reduction": "batchmean"})
    more = [Layout("0d-batchmean", dict.fromkeys(PAIR, ()), {"reduction": "batchmean"}, dtypes=SINGLE)]
    layouts = [*common(PAIR, reductions), *broadcast(), *of_log, *more]
    layouts = [Layout(**{**vars(layout), "draws": inside}) for layout in layouts]
    yield plan("KLDivLoss", layouts, _divergences(), PAIR, magnitude)
    zero = [
        Layout(f"2x3-zeros-{r}", dict.fromkeys(PAIR, (2, 3)), {"reduction": r}, dtypes=ALL, draws=["zeros"])
        for r in ("none", "batchmean")
    ]
    yield plan("KLDivLoss", zero, _divergences(), ("input",), {"zeros": 1e4})


def plans() -> list[Plan]:
    """Of the losses that go element by element."""
    return [*_regressions(), *_binaries(), *_margins(), *_likelihoods()]
