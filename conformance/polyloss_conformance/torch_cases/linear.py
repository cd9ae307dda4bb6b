"""The cases of the losses that hold parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from polyloss_conformance.planning import FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.torch_cases.common import HALVES, SINGLE, name_of, plan
from polyloss_conformance.torch_cases.cross_entropy import WEIGHTS

# --- linear cross entropy -----------------------------------------------------------------------------------------------------------

_PARAMETERS = ("linear.weight", "linear.bias")


def _linear_draws() -> dict[str, Draw]:
    def target(rng: Rng, shape: Shape, config: Mapping[str, Any], logits: int) -> Any:
        if len(shape) == logits:
            weights = rng.uniform(0.05, 1, shape)
            return weights / weights.sum(axis=min(1, len(shape) - 1), keepdims=True)
        return rng.integers(0, config["num_classes"], shape).astype(float)

    def drawn(size: float) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            found = {name: rng.normal(size=shapes[name]) * size for name in _PARAMETERS if name in shapes}
            logits = len(shapes["input"]) + len(config.get("out_features", ()))
            labels = target(rng, shapes["target"], config, logits)
            return {"input": rng.normal(size=shapes["input"]), "target": labels, **found}

        return draw

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = drawn(1.0)(rng, shapes, config)
        # Powers of two, so that the logits are exact: the gradients have their rounding errors times the weights.
        found["input"] = cycle(shapes["input"], [128.0, -128.0, 1.0, 0.0, 128.0])
        found["linear.weight"] = cycle(shapes["linear.weight"], [64.0, 0.0, -128.0, 1.0, -0.5])
        return found | {name: cycle(shapes[name], [0.5, -1.0]) for name in ("linear.bias",) if name in shapes}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found = drawn(1.0)(rng, shapes, config)
        return found | {name: np.full(shapes[name], 0.5) for name in _PARAMETERS if name in shapes}

    def ignored(places: slice) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            found = drawn(1.0)(rng, shapes, config)
            found["target"].reshape(-1)[places] = config.get("ignore_index", -100)
            return found

        return draw

    return {
        "ordinary": drawn(1.0),
        "second": drawn(2.0),
        "extreme": extreme,
        "ties": ties,
        "ignored-some": ignored(slice(1, None, 2)),
        "ignored-all": ignored(slice(None)),
    }


_FEW = ("ordinary", "second", "extreme")
_LABELS = ("ordinary", "second", "extreme", "ignored-some")


def _linear(
    name: str, samples: Shape, config: Mapping[str, Any], *, bias: bool = False, soft: bool = False, **more: Any
) -> Layout:
    """`samples` rows of two features and four classes, or three where there are several losses a row."""
    outer = tuple(config.get("out_features", ()))
    classes = 3 if outer else 4
    rows = int(classes * np.prod(outer, initial=1))
    target = (*samples, classes, *outer) if soft else (*samples, *outer)
    shapes: dict[str, Shape] = {"input": (*samples, 2), "target": target, "linear.weight": (rows, 2)}
    shapes |= {"linear.bias": (rows,)} if bias else {}
    given = {key: WEIGHTS[classes] if key == "weight" else value for key, value in config.items()}
    given = {"in_features": 2, "num_classes": classes, **({"bias": True} if bias else {}), **given}
    parts = [key if key == "weight" else f"{key}={value}" for key, value in config.items() if key != "out_features"]
    parts = [name_of(samples), "x".join(map(str, outer)), "bias" * bias, "soft" * soft, name, ",".join(parts)]
    more = {"dtypes": SINGLE, "draws": _FEW if soft else _LABELS, "label_dtype": None if soft else "int64", **more}
    return Layout("-".join(part for part in parts if part), shapes, given, **more)


def _linear_plan() -> Plan:
    def reductions(*configs: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{**config, "reduction": r} for r in ("none", "mean", "sum") for config in configs]

    full: dict[str, Any] = {"weight": True, "ignore_index": 1}
    every = (*_LABELS, "ties", "ignored-all")
    layouts = [
        *(_linear("", (5,), {**c, "rows": 2}, dtypes=FULL, draws=every[:-1], quick=True) for c in reductions({})),
        *(_linear("nothing", (5,), c, draws=every[-1:]) for c in reductions({})),  # in chunks torch's gradient is NaN
        *(_linear("", (5,), {**c, "rows": 2}, bias=True, dtypes=FULL) for c in reductions(full)),
        *(_linear("", (5,), c, bias=True, dtypes=FULL) for c in reductions(full)),
        *(_linear("", (5,), c, dtypes=FULL, quick=True) for c in reductions({})),
        *(_linear("", (5,), {"rows": rows}, bias=True) for rows in (1, 5, 7)),
        *(
            _linear("", (5,), c, bias=True, dtypes=HALVES, draws=("ordinary", "ignored-some"))
            for c in ({}, {"rows": 2})
        ),
        *(_linear("", (5,), {"weight": True, "label_smoothing": 0.1, **c}, bias=True) for c in reductions({})),
        _linear("", (5,), {"label_smoothing": 0.25, "rows": 2}),
        *(_linear("", (2,), {"out_features": (2,), **c}, draws=_LABELS) for c in reductions({})),
        _linear("", (2,), {"out_features": (2,), "weight": True, "label_smoothing": 0.1, "ignore_index": 2}, bias=True),
        _linear("", (1,), {"out_features": (2, 2)}, draws=_FEW),
        *(_linear("", (3,), {**c, "weight": True}, soft=True, bias=True) for c in reductions({})),
        _linear("", (3,), {"label_smoothing": 0.1}, soft=True, dtypes=FULL),
        _linear("", (2,), {"out_features": (2,)}, soft=True, draws=_FEW[:2]),
        *(_linear("", (), c, draws=_FEW) for c in reductions({})),
        _linear("", (), {"weight": True, "rows": 1}, soft=True),
        *(_linear("", (0,), {**c, "rows": 2}, draws=("ordinary",)) for c in reductions({})),
        _linear("", (1,), {"rows": 1}, bias=True),
        _linear("strided", (5,), {"rows": 2}, strided=True),
        _linear("uint8", (5,), {"rows": 2, "ignore_index": 255}, label_dtype="uint8"),
    ]
    wrt = ("input", "linear.weight", "linear.bias")
    return plan(
        "LinearCrossEntropyLoss", layouts, _linear_draws(), wrt, {"extreme": 2e4, "second": 4.0}, exact=("target",)
    )


# --- adaptive softmax ---------------------------------------------------------------------------------------------------------------


def _adaptive_draws() -> dict[str, Draw]:
    def labelled(choose: Any, size: float = 1.0) -> Draw:
        def draw(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            found: Values = {name: rng.normal(size=shape) * size for name, shape in shapes.items()}
            found["target_"] = choose(rng, shapes.get("target_", ()), config)
            return found

        return draw

    def any_class(rng: Rng, shape: Shape, config: Mapping[str, Any]) -> Any:
        return rng.integers(0, config["n_classes"], shape)

    def in_head(rng: Rng, shape: Shape, config: Mapping[str, Any]) -> Any:
        return rng.integers(0, config["cutoffs"][0], shape)

    def in_last(rng: Rng, shape: Shape, config: Mapping[str, Any]) -> Any:
        return rng.integers(config["cutoffs"][-1], config["n_classes"], shape)

    def edges(rng: Rng, shape: Shape, config: Mapping[str, Any]) -> Any:
        limits = config["cutoffs"]
        return cycle(shape, [one for low in limits for one in (low - 1, low)] + [0, config["n_classes"] - 1])

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found: Values = {name: cycle(shape, [10.0, -10.0, 0.0, 1.0, 10.0]) for name, shape in shapes.items()}
        return {**found, "target_": edges(rng, shapes.get("target_", ()), config)}

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        found: Values = {name: np.full(shape, 0.5) for name, shape in shapes.items()}
        return {**found, "target_": edges(rng, shapes.get("target_", ()), config)}

    return {
        "ordinary": labelled(any_class),
        "edges": labelled(edges),
        "head": labelled(in_head),
        "last": labelled(in_last),
        "extreme": extreme,
        "ties": ties,
    }


def _adaptive(
    samples: Shape, of: str, cutoffs: Sequence[int] = (2, 4), div_value: float = 2.0, bias: bool = False, **more: Any
) -> Layout:
    """Four features and six classes."""
    (features, classes, limits) = (4, 6, [*cutoffs, 6])
    shapes: dict[str, Shape] = {"input_": (*samples, features), "target_": samples}
    if of == "log_prob":
        shapes = {"input": (*samples, features)}
    head = limits[0] + len(cutoffs)
    shapes |= {"head.weight": (head, features)} | ({"head.bias": (head,)} if bias else {})
    for i, (low, high) in enumerate(pairwise(limits)):
        inner = int(features // div_value ** (i + 1))
        shapes |= {f"tail.{i}.0.weight": (inner, features), f"tail.{i}.1.weight": (high - low, inner)}
    config = {"in_features": features, "n_classes": classes, "cutoffs": list(cutoffs), "div_value": div_value}
    config |= {"of": of} | ({"head_bias": True} if bias else {})
    name = "-".join([name_of(samples), of, ",".join(map(str, cutoffs)), f"div{div_value:g}", *["bias"] * bias])
    return Layout(
        f"{name}-{more['label_dtype']}" if "label_dtype" in more else name,
        shapes,
        config,
        **{"label_dtype": "int64", "dtypes": SINGLE, **more},
    )


def _adaptive_plan() -> Plan:
    few = ("ordinary", "edges", "extreme")
    layouts = [
        *(
            _adaptive((3,), of, bias=bias, dtypes=FULL, quick=not bias)
            for of in ("output", "loss")
            for bias in (False, True)
        ),
        *(_adaptive((2,), of, bias=True, dtypes=HALVES, draws=("ordinary", "head")) for of in ("output", "loss")),
        _adaptive((3,), "output", (3,), draws=few),
        _adaptive((3,), "output", (1, 2, 3), 1.0, draws=few),
        _adaptive((3,), "loss", (5,), 1.5, draws=few),
        *(_adaptive((), of, draws=few) for of in ("output", "loss")),
        *(_adaptive((1,), of, draws=("ordinary", "head", "last")) for of in ("output", "loss")),
        *(_adaptive((0,), of, draws=("ordinary",)) for of in ("output", "loss")),
        _adaptive((3,), "loss", draws=few, label_dtype="int32"),
        *(
            _adaptive((2,), "log_prob", bias=bias, dtypes=FULL, draws=("ordinary", "extreme", "ties"))
            for bias in (False, True)
        ),
        _adaptive((3,), "output", strided=True, draws=("edges",), dtypes=FULL),
    ]
    layouts[-1] = Layout(**{**vars(layouts[-1]), "name": layouts[-1].name + "-strided"})
    parameters = ["head.weight", "head.bias", *(f"tail.{i}.{j}.weight" for i in range(3) for j in range(2))]
    return plan(
        "AdaptiveLogSoftmaxWithLoss",
        layouts,
        _adaptive_draws(),
        ("input_", "input", *parameters),
        {"extreme": 1e3},
        exact=("target_",),
    )


def plans() -> Iterable[Plan]:
    """Of the losses that hold parameters."""
    return [_linear_plan(), _adaptive_plan()]
