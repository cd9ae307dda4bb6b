"""More cases of the losses that go element by element: every option with every reduction, tensors of different dtypes, integer targets,
broadcasting, deprecated arguments, and numbers at the ends of what a dtype holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle, signs
from polyloss_conformance.torch_cases.common import PAIR, SINGLE, broadcast, name_of, plan

REDUCTIONS = ("none", "mean", "sum")
TRIPLE = ("input1", "input2", "target")
COUNTS = ("log_input", "target")
NORMAL = ("input", "target", "var")
FLAGS: list[dict[str, Any]] = [
    {"size_average": False},
    {"size_average": True, "reduce": True, "reduction": "sum"},
    {"reduce": False, "size_average": True},
]
MIXED = (
    ("float64", "float64", "float32"), ("float64", "float32", "float64"), ("float32", "float32", "float16"),
    ("float32", "float16", "float32"), ("float32", "float32", "bfloat16"), ("float32", "bfloat16", "float16"),
)  # fmt: skip
"""Dtypes of the result, of the prediction, and of the target."""
WIDTHS = ("int64", "int32", "int16", "int8", "uint8")
WEIGHTS: dict[str, Any] = {"3": [0.5, 2.0, 1.25], "2x1": [[0.5], [2.0]], "2x3": [[1.0, 0.0, 0.5], [2.0, 1.5, 0.25]]}

Sample = Callable[[Rng, Shape], Array]


@dataclass(frozen=True)
class Family:
    """A loss: the names of its tensors, how ordinary ones look, its options."""

    loss: str
    names: tuple[str, ...]
    wrt: tuple[str, ...]
    samples: Mapping[str, Sample]
    options: Sequence[Mapping[str, Any]] = ({},)
    reductions: Sequence[str] = REDUCTIONS
    flags: bool = True
    integers: Sample | None = None
    """Targets that are whole numbers, where these may be integers."""
    mixed: bool = True
    alike: bool = False
    """The result has the dtype of the prediction."""
    extremes: Mapping[str, Draw] = field(default_factory=dict)
    """Further draws, for float64 and float32."""

    def draw(self, **others: Sample) -> Draw:
        """Ordinary values, with others for some tensors."""
        samples = {**self.samples, **others}

        def values(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            drawn = {name: samples[name](rng, shape) for name, shape in shapes.items()}
            return drawn if "log_input" not in drawn or config.get("log_input", True) else _rates(drawn)

        return values


def _rates(drawn: Values) -> Values:
    return {**drawn, "log_input": np.exp(drawn["log_input"])}


def _normal(scale: float = 1.0) -> Sample:
    return lambda rng, shape: rng.normal(size=shape) * scale


def _uniform(low: float, high: float) -> Sample:
    return lambda rng, shape: rng.uniform(low, high, shape)


def _cycle(*values: float) -> Sample:
    return lambda rng, shape: cycle(shape, values)


def _counts(rng: Rng, shape: Shape) -> Array:
    return np.asarray(rng.poisson(2.0, shape), dtype=np.float64)


def _labels(rng: Rng, shape: Shape) -> Array:
    return rng.choice([0.0, 1.0], size=shape)


def _draws(**samples: Sample) -> Draw:
    def values(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: samples[name](rng, shape) for name, shape in shapes.items()}

    return values


def _combinations(**values: Sequence[Any]) -> list[dict[str, Any]]:
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


_SUBNORMAL = {"subnormal": _draws(input=_cycle(1e-40, -1e-42, 0.0, 3e-39), target=_cycle(0.0, 1e-41))}
"""Not for losses with a kink at 0, to which XLA and TensorFlow flush them."""
_DIFFERENCE = {
    "tiny": _draws(input=_normal(1e-4), target=_normal(1e-4)),
    "hundreds": _draws(input=_normal(300.0), target=_normal(300.0)),
    "endless": _draws(input=_cycle(np.inf, 1.0, -np.inf, 0.5), target=_cycle(0.5, 0.25, -1.0)),
}

_PAIRED = {"input": _normal(1.5), "target": _normal()}
_BETAS = (0.5, 0.0, 0.001, 100, float("inf"))

_FAMILIES = (
    Family("L1Loss", PAIR, PAIR, _PAIRED, integers=_counts, extremes=_DIFFERENCE),
    Family("MSELoss", PAIR, PAIR, _PAIRED, integers=_counts, extremes={**_DIFFERENCE, **_SUBNORMAL}),
    Family("SmoothL1Loss", PAIR, PAIR, _PAIRED, _combinations(beta=_BETAS), integers=_counts,
           extremes={**_DIFFERENCE, **_SUBNORMAL}),
    Family("HuberLoss", PAIR, PAIR, _PAIRED, _combinations(delta=(0.5, 0.001, 2, 100, float("inf"))), flags=False,
           integers=_counts, extremes={**_DIFFERENCE, **_SUBNORMAL}),
    Family("BCELoss", PAIR, PAIR, {"input": _uniform(0.05, 0.95), "target": _uniform(0, 1)}, mixed=False,
           extremes={
               "tiny": _draws(input=_uniform(1e-4, 1e-2), target=_uniform(0, 1)),
               "unlikely": _draws(input=_cycle(1e-13, 1e-20, 3e-12, 1e-12, 1e-6), target=_cycle(0.0, 1.0, 0.25)),
               "certain": _draws(input=_cycle(1 - 2.0**-24, 1 - 2.0**-20, 1 - 2.0**-12), target=_cycle(0.0, 1.0, 0.5)),
           }),
    Family("BCEWithLogitsLoss", PAIR, PAIR, {"input": _normal(2.0), "target": _uniform(0, 1)},
           extremes={
               "tiny": _draws(input=_normal(1e-4), target=_uniform(0, 1)),
               "tens": _draws(input=_normal(30.0), target=_labels),
               "subnormal": _draws(input=_cycle(1e-40, -1e-42, 0.0), target=_cycle(0.0, 1.0)),
           }),
    Family("PoissonNLLLoss", COUNTS, COUNTS[:1], {"log_input": _normal(), "target": _counts},
           _combinations(log_input=(True, False), full=(False, True), eps=(1e-8, 0.125)), integers=_counts,
           extremes={
               "tiny": _draws(log_input=_normal(1e-4), target=_counts),
               "around-two": _draws(log_input=_normal(), target=_cycle(0.0, 0.5, 1.0, 1 + 2.0**-20, 1.5, 2.0, 2.5)),
           }),
    Family("GaussianNLLLoss", NORMAL, NORMAL, {**_PAIRED, "var": _uniform(0.25, 3)},
           _combinations(full=(False, True), eps=(1e-6, 0.5, 2.0)), flags=False, integers=_counts,
           extremes={
               "tiny": _draws(input=_normal(1e-4), target=_normal(1e-4), var=_uniform(0.25, 3)),
               "hundreds": _draws(input=_normal(100.0), target=_normal(100.0), var=_uniform(10, 1000)),
           }),
    Family("KLDivLoss", PAIR, PAIR, {"input": lambda rng, shape: np.log(rng.uniform(0.05, 1, shape)), "target": _uniform(0.05, 1)},
           _combinations(log_target=(False, True)), reductions=(*REDUCTIONS, "batchmean"),
           extremes={
               "tiny": _draws(input=_normal(1e-4), target=_uniform(1e-4, 1e-2)),
           }),
    Family("HingeEmbeddingLoss", PAIR, PAIR[:1], {"input": _uniform(0, 2), "target": signs},
           _combinations(margin=(0.0, -1.0, 0.5, 3)), integers=signs, alike=True,
           extremes={
               "tiny": _draws(input=_normal(1e-4), target=signs),
               "subnormal": _draws(input=_cycle(1e-40, -1e-42, 0.0), target=_cycle(1.0, -1.0)),
               "endless": _draws(input=_cycle(np.inf, 1.0), target=_cycle(1.0, -1.0, -1.0)),
           }),
    Family("SoftMarginLoss", PAIR, PAIR[:1], {"input": _normal(2.0), "target": signs}, integers=signs, alike=True,
           extremes={
               "tiny": _draws(input=_normal(1e-4), target=signs),
               "tens": _draws(input=_normal(20.0), target=signs),
           }),
    Family("MarginRankingLoss", TRIPLE, TRIPLE, {"input1": _normal(), "input2": _normal(), "target": signs},
           _combinations(margin=(0.5, -0.5, 3)), integers=signs,
           extremes={
               "tiny": _draws(input1=_normal(1e-4), input2=_normal(1e-4), target=signs),
           }),
)  # fmt: skip

_MAGNITUDE = {"hundreds": 1e4, "tens": 100.0}


def _title(config: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in config.items() if key != "reduction")


def _plans(family: Family) -> Iterable[Plan]:
    """What all of them are put through."""
    square = dict.fromkeys(family.names, (2, 3))
    again = {f"again-{i}": family.draw() for i in range(4)}
    draws = {**again, **family.extremes}
    (single, most) = (["again-0"], list(again))
    layouts = [
        Layout("2x3", square, dtypes=FULL, draws=list(draws)),
        Layout("2x3", square, dtypes=("float16", "bfloat16"), draws=most),
        Layout("2x3-none", square, {"reduction": "none"}, dtypes=SINGLE, draws=list(draws)),
        Layout("2x3x2", dict.fromkeys(family.names, (2, 3, 2)), dtypes=SINGLE, draws=most[:2]),
    ]
    for config, reduction in product(family.options, family.reductions):
        if config:
            whole = {**config, "reduction": reduction}
            layouts.append(Layout(f"2x3-{_title(config)}-{reduction}", square, whole, dtypes=SINGLE, draws=most[:2]))
    yield plan(family.loss, layouts, draws, family.wrt, _MAGNITUDE)

    # The value at NaN is NaN; the slope is what each framework makes of it.
    first = family.names[0]
    unknown = {"nan": family.draw(**{first: _cycle(0.25, np.nan, 0.5)})}
    values = [
        Layout("2x3-nan", square, dtypes=FULL),
        Layout("2x3-nan-none", square, {"reduction": "none"}, dtypes=ALL),
    ]
    if family.loss != "BCELoss":  # which refuses it
        yield plan(family.loss, values, unknown, ())

    if family.flags:
        old = [Layout(f"2x3-old-{_title(flags)}", square, flags, dtypes=SINGLE, draws=single) for flags in FLAGS]
        yield plan(family.loss, old, again, family.wrt)
    if family.mixed:
        yield plan(family.loss, list(_mixed(family, square)), again, family.wrt)
    if family.integers is not None:
        target = family.names[1] if family.names == NORMAL else family.names[-1]
        numbers = {"numbers": family.draw(**{target: family.integers})}
        unsigned = {"numbers": family.draw(**{target: _cycle(1.0)})}
        for width in WIDTHS:
            layout = Layout(f"2x3-{width}", square, dtypes=SINGLE, dtypes_of={target: width})
            labels = unsigned if width == "uint8" and family.integers is signs else numbers
            yield plan(family.loss, [layout], labels, [name for name in family.wrt if name != target])


def _mixed(family: Family, square: Mapping[str, Shape]) -> Iterable[Layout]:
    """Tensors of different dtypes; of three, the second goes with the target."""
    for result, first, last in MIXED:
        kinds = dict(zip(family.names, (first, last, last), strict=False))
        yield Layout(
            f"2x3-{first}-{last}",
            square,
            dtypes=(first if family.alike else result,),
            dtypes_of=kinds,
            draws=["again-0", "again-1"],
        )


def _binaries() -> Iterable[Plan]:
    """Weights of every shape, together, with every reduction."""
    square = dict.fromkeys(PAIR, (2, 3))
    for loss in ("BCELoss", "BCEWithLogitsLoss"):
        family = next(one for one in _FAMILIES if one.loss == loss)
        draws = {"again-0": family.draw(), "labels": family.draw(target=_labels)}
        layouts = [
            Layout(f"2x3-weight={name}-{reduction}", square, {"weight": weight, "reduction": reduction}, dtypes=SINGLE)
            for (name, weight), reduction in product(WEIGHTS.items(), REDUCTIONS)
        ]
        if loss == "BCEWithLogitsLoss":
            layouts += [
                Layout(
                    f"2x3-weight={name},pos_weight={other}-{reduction}",
                    square,
                    {"weight": weight, "pos_weight": positive, "reduction": reduction},
                    dtypes=SINGLE,
                )
                for (name, weight), (other, positive), reduction in product(
                    WEIGHTS.items(), WEIGHTS.items(), REDUCTIONS
                )
            ]
        yield plan(loss, layouts, draws, PAIR)


def _broadcasts() -> Iterable[Plan]:
    """A target smaller than the input, which soft_margin_loss takes, and larger, which it refuses."""
    for loss, more in (("HingeEmbeddingLoss", True), ("SoftMarginLoss", False)):
        family = next(one for one in _FAMILIES if one.loss == loss)
        layouts = [layout for layout in broadcast() if more or layout.shapes["input"] == (2, 3)]
        layouts.append(Layout("2x3-0d", {"input": (2, 3), "target": ()}, dtypes=SINGLE))
        yield plan(loss, layouts, {"ordinary": family.draw(), "again-0": family.draw()}, family.wrt)


def _variances() -> Iterable[Plan]:
    """A variance of every shape with every reduction, some of it below eps; and as a number."""
    family = next(one for one in _FAMILIES if one.loss == "GaussianNLLLoss")
    draws = {"again-0": family.draw(), "below": family.draw(var=_cycle(0.0, 1.0, 0.25, 3.0))}
    layouts = [
        Layout(
            f"2x3-var={name_of(shape)},eps={eps}-{reduction}",
            {"input": (2, 3), "target": (2, 3), "var": shape},
            {"eps": eps, "full": eps > 0.1, "reduction": reduction},
            dtypes=SINGLE,
        )
        for shape, eps, reduction in product([(2, 1), (2,), (1, 3)], (1e-3, 0.5), REDUCTIONS)
    ]
    yield plan("GaussianNLLLoss", layouts, draws, NORMAL, {"below": 1e3})
    numbers = [
        Layout(f"2x3-var=number-{var}-{reduction}", dict.fromkeys(PAIR, (2, 3)), {"reduction": reduction}, {"var": var})
        for var, reduction in product((0.25, 4.0), ("none", "sum"))
    ]
    yield plan("GaussianNLLLoss", numbers, {"again-0": family.draw()}, PAIR)


def plans() -> list[Plan]:
    """All of these."""
    return [*(one for family in _FAMILIES for one in _plans(family)), *_binaries(), *_broadcasts(), *_variances()]
