"""The cases of the losses of predicted returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, Draw, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.zoo_cases.common import options, plan, reductions

STEP = ("value", "reward", "discount", "next_value")
ACTION = ("q", "action", "reward", "discount", "next_q")


def _draws() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return _values(rng, shapes, lambda shape: rng.normal(size=shape) * 1.5)

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return _values(rng, shapes, lambda shape: cycle(shape, [1e4, -1e4, 1e-4, 3e3, -1.0]))

    def ties(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        """Equal best actions, errors of 0 and of 1, certain next actions."""
        given = _values(rng, shapes, lambda shape: cycle(shape, [1.0, 2.0, 2.0, 0.0]))
        return given | {"reward": np.ones(shapes["reward"]), "discount": cycle(shapes["discount"], [0.0, 1.0, 0.5])}

    return {"ordinary": ordinary, "extreme": extreme, "ties": ties}


def _values(rng: Rng, shapes: Mapping[str, Shape], of: Any) -> Values:
    found: Values = {}
    for name, shape in shapes.items():
        if name.endswith("action"):
            found[name] = rng.integers(0, 3, shape)
        elif name == "discount":
            found[name] = cycle(shape, [0.9, 0.0, 1.0, 0.5])  # 0: the episode ends
        elif name == "next_probability":
            found[name] = _policy(rng, shape)
        else:
            found[name] = of(shape)
    return found


def _policy(rng: Rng, shape: Shape) -> Array:
    """Probabilities, of which one is 0."""
    odds = rng.uniform(0.1, 1.0, shape)
    odds.reshape(-1)[:1] = 0.0
    return odds / odds.sum(axis=-1, keepdims=True) if odds.size else odds


def _of(
    name: str,
    kinds: tuple[str, ...],
    shapes: Mapping[str, Shape],
    empty: Mapping[str, Shape],
    *more: Layout,
    **exact: Any,
) -> Plan:
    size = "x".join(map(str, next(iter(shapes.values()))))
    layouts = [
        *reductions(shapes, size, **exact),
        *options(shapes, size, {"kind": "huber", "delta": 0.5}, {"kind": "error", "reduction": "none"}, **exact),
        Layout("empty", empty, draws=("ordinary",), **exact),
        *more,
    ]
    return plan(name, layouts, _draws(), ("value",) if "value" in shapes else ("q",), {"extreme": 1e8}, exact=kinds)


def plans() -> Iterable[Plan]:
    """One for each loss."""
    step = dict.fromkeys(STEP, (2, 3))
    yield _of("TemporalDifference", (), step, dict.fromkeys(STEP, (0, 3)), Layout("3", dict.fromkeys(STEP, (3,))))
    weights = options(step, "2x3", {"weight": 0.0}, {"weight": 1.0, "reduction": "none"})
    yield _of("TDLambda", (), step, dict.fromkeys(STEP, (2, 0)), Layout("4", dict.fromkeys(STEP, (4,))), *weights)
    yield plan(
        "GeneralizedAdvantage",
        [
            Layout("2x3", step, dtypes=ALL, quick=True),
            Layout("4", dict.fromkeys(STEP, (4,))),
            *options(step, "2x3", {"weight": 0.0}, {"weight": 1.0}),
            Layout("empty", dict.fromkeys(STEP, (2, 0)), draws=("ordinary",)),
        ],
        _draws(),
        (),
        {"extreme": 1e5},
    )
    acting: dict[str, Shape] = dict.fromkeys(("action", "reward", "discount"), (2,))
    q: dict[str, Shape] = {name: acting.get(name, (2, 3)) for name in ACTION}
    none: dict[str, Shape] = {name: (0, *shape[1:]) for name, shape in q.items()}
    double = Layout("2x3-double", {**q, "selector": (2, 3)}, {"reduction": "none"}, label_dtype="int64")
    yield _of(
        "QLearning", ("action",), q, none, double, Layout("2x3-int32", q, label_dtype="int32"), label_dtype="int64"
    )
    yield _of(
        "Sarsa",
        ("action", "next_action"),
        {**q, "next_action": (2,)},
        {**none, "next_action": (0,)},
        Layout("2x3-int32", {**q, "next_action": (2,)}, label_dtype="int32"),
        label_dtype="int64",
    )
    yield _of(
        "ExpectedSarsa",
        ("action",),
        {**q, "next_probability": (2, 3)},
        {**none, "next_probability": (0, 3)},
        label_dtype="int64",
    )
