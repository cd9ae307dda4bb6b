"""The cases of the PyTorch dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from polyloss_conformance.cases import Case
from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle, signs

SINGLE = ("float32",)
HALVES = ("float16", "bfloat16")

_torch: partial[Plan] = partial(Plan, dialect="torch")


def _name(shape: Shape) -> str:
    return "x".join(map(str, shape)) if shape else "0d"


def _common(
    names: Sequence[str] = ("input", "target"), reductions: Sequence[str] = ("none", "mean", "sum")
) -> list[Layout]:
    """What every loss is put through: reductions, ranks, memory layouts, batches of 0 and 1."""

    def all_of(shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(names, shape)

    return [
        Layout("2x3", all_of((2, 3)), dtypes=ALL, quick=True),
        *(Layout(f"2x3-{r}", all_of((2, 3)), {"reduction": r}, quick=True) for r in reductions),
        Layout("2x3-strided", all_of((2, 3)), strided=True),
        Layout("2x3x2", all_of((2, 3, 2)), dtypes=SINGLE),
        Layout("4-none", all_of((4,)), {"reduction": "none"}, dtypes=SINGLE),
        Layout("2x1x3x2-none", all_of((2, 1, 3, 2)), {"reduction": "none"}, dtypes=("float64",)),
        Layout("0d", all_of(()), dtypes=SINGLE),
        Layout("0d-none", all_of(()), {"reduction": "none"}, dtypes=SINGLE),
        Layout("1x3", all_of((1, 3)), dtypes=SINGLE),
        *(Layout(f"0x3-{r}", all_of((0, 3)), {"reduction": r}, dtypes=SINGLE) for r in reductions),
    ]


def _broadcast(names: Sequence[str] = ("input", "target"), ranks: bool = True) -> list[Layout]:
    """The last tensor smaller than the others, and larger; of another rank too where `ranks`."""
    first: list[Shape] = [(2, 1), (1, 3)]
    pairs = [((2, 3), small) for small in ([(3,), *first] if ranks else first)]
    return [
        Layout(
            f"{_name(many)}-{_name(last)}-none",
            {name: last if name == names[-1] else many for name in names},
            {"reduction": "none"} if index % 2 else {},
            dtypes=SINGLE,
        )
        for index, (many, last) in enumerate([*pairs, ((1, 3), (2, 3))])
    ]


def _options(names: Sequence[str], *configs: Mapping[str, Any], dtypes: Sequence[str] = FULL) -> list[Layout]:
    """2x3 with each of these configurations."""
    return [
        Layout(
            "2x3-" + ",".join(f"{k}={v}" for k, v in config.items()),
            dict.fromkeys(names, (2, 3)),
            config,
            dtypes=dtypes,
        )
        for config in configs
    ]


PAIR = ("input", "target")


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
    common = [*_common(), *_broadcast()]
    old = _options(
        PAIR,
        {"size_average": False},
        {"reduce": False, "size_average": True},
        {"reduce": True, "reduction": "none"},
        dtypes=SINGLE,
    )
    yield _torch("L1Loss", [*common, *old], _regression([0.0, 0.0, 1.0, -0.25]), PAIR, magnitude)
    yield _torch("MSELoss", common, _regression([0.0, 0.0, 1.0, -0.25]), PAIR, magnitude)
    betas = _options(PAIR, {"beta": 0.5}, {"beta": 0.0}, {"beta": 100}, {"beta": 0.3})
    kinks = [0.0, 1.0, -1.0, 0.5, -2.0, 2.0]
    yield _torch("SmoothL1Loss", [*common, *betas], _regression(kinks), PAIR, magnitude)
    deltas = _options(PAIR, {"delta": 0.5}, {"delta": 2}, {"delta": 100}, {"delta": 0.3})
    yield _torch("HuberLoss", [*common, *deltas], _regression(kinks), PAIR, magnitude)


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
            Layout(f"2x3-{key}={_name(np.shape(w))}", shapes, {key: w}, dtypes=ALL if np.ndim(w) == 1 else FULL)
            for w in _WEIGHTS
        ),
        Layout(f"2x3-{key}=3-none", shapes, {key: _WEIGHTS[0], "reduction": "none"}, dtypes=SINGLE),
    ]


def _binaries() -> Iterable[Plan]:
    yield _torch("BCELoss", [*_common(), *_weighted("weight")], _probabilities(), ("input",))
    both = Layout(
        "2x3-weight=2x1,pos_weight=3",
        dict.fromkeys(PAIR, (2, 3)),
        {"weight": _WEIGHTS[1], "pos_weight": _WEIGHTS[0]},
        quick=True,
    )
    yield _torch(
        "BCEWithLogitsLoss",
        [*_common(), *_weighted("weight"), *_weighted("pos_weight"), both],
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
    margins = _options(PAIR, {"margin": 2}, {"margin": 0.25})
    usual = ["ordinary", "extreme", "kinks"]
    layouts = [Layout(**{**vars(layout), "draws": usual}) for layout in [*_common(), *margins]]
    others = Layout("2x3-other-targets", dict.fromkeys(PAIR, (2, 3)), draws=["other-targets"])
    yield _torch("HingeEmbeddingLoss", [*layouts, others], _embedding_draws(), ("input",), magnitude)
    yield _torch("SoftMarginLoss", _common(), _soft_margin_draws(), ("input",), magnitude)
    margins = _options(TRIPLE, {"margin": 0.5}, {"margin": -0.5}, {"margin": 2})
    layouts = [*_common(TRIPLE), *_broadcast(TRIPLE, ranks=False), *margins]
    yield _torch("MarginRankingLoss", layouts, _ranking_draws(), ("input1", "input2"), magnitude)


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
    options = [
        *_options(counts, {"full": True}, {"log_input": False}, dtypes=ALL),
        *_options(counts, {"log_input": False, "full": True}, {"log_input": False, "eps": 1e-3}),
        *_options(counts, {"log_input": False, "full": True, "reduction": "none"}, dtypes=SINGLE),
    ]
    yield _torch(
        "PoissonNLLLoss", [*_common(counts), *_broadcast(counts), *options], _poissons(), ("log_input",), magnitude
    )
    learned = Layout("2x3-target", dict.fromkeys(counts, (2, 3)), draws=["ordinary"])
    yield _torch("PoissonNLLLoss", [learned], _poissons(), counts, magnitude)

    names = ("input", "target", "var")
    shapes: list[tuple[Shape, Shape]] = [((2, 3), (2, 1)), ((2, 3), (2,)), ((2, 3), (1, 3)), ((2, 3, 2), (2, 3))]
    homoscedastic = [
        Layout(f"{_name(shape)}-var={_name(var)}", {"input": shape, "target": shape, "var": var}, dtypes=SINGLE)
        for shape, var in shapes
    ]
    number = [
        Layout(f"2x3-var=number-{v}", dict.fromkeys(PAIR, (2, 3)), call={"var": v}, draws=["ordinary", "equal"])
        for v in (0.5, 0.0)
    ]
    options = _options(names, {"full": True}, {"eps": 0.125}, {"full": True, "reduction": "none"})
    layouts = [*_common(names), *homoscedastic, *options]
    gaussian = {"clamped": 1e6}
    yield _torch("GaussianNLLLoss", layouts, _gaussians(), names, gaussian)
    yield _torch("GaussianNLLLoss", number, _gaussians(), PAIR)

    reductions = ("none", "mean", "sum", "batchmean")
    inside = ["ordinary", "extreme"]
    of_log = _options(PAIR, {"log_target": True}, {"log_target": True, "reduction": "batchmean"})
    more = [Layout("0d-batchmean", dict.fromkeys(PAIR, ()), {"reduction": "batchmean"}, dtypes=SINGLE)]
    layouts = [*_common(PAIR, reductions), *_broadcast(), *of_log, *more]
    layouts = [Layout(**{**vars(layout), "draws": inside}) for layout in layouts]
    yield _torch("KLDivLoss", layouts, _divergences(), PAIR, magnitude)
    zero = [
        Layout(f"2x3-zeros-{r}", dict.fromkeys(PAIR, (2, 3)), {"reduction": r}, dtypes=ALL, draws=["zeros"])
        for r in ("none", "batchmean")
    ]
    yield _torch("KLDivLoss", zero, _divergences(), ("input",), {"zeros": 1e4})


def cases() -> list[Case]:
    """All cases of the dialect, in a fixed order."""
    plans = [*_regressions(), *_binaries(), *_margins(), *_likelihoods()]
    return [case for plan in plans for case in plan.cases()]
