"""The cases of the Gluon dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.planning import ALL, FULL, Draw, Layout, Plan, Rng, Shape, Values, cycle, like, signs


def _pair(shape: Shape, other: str = "label", other_shape: Shape | None = None, **more: Shape) -> dict[str, Shape]:
    return {"pred": shape, other: other_shape if other_shape is not None else shape, **more}


def _common(other: str = "label", dtypes: Sequence[str] = ALL) -> list[Layout]:
    """What every loss of a prediction and something of its size is put through: ranks, batch axes, weights, batches of 0 and 1."""

    def pair(shape: Shape, **more: Shape) -> dict[str, Shape]:
        return _pair(shape, other, **more)

    weights = [(2, 1), (1, 3), (1,), (3,), (2, 3)]
    return [
        Layout("2x3", pair((2, 3)), dtypes=dtypes, quick=True),
        Layout("4", pair((4,))),
        Layout("2x3x2", pair((2, 3, 2)), dtypes=dtypes),
        Layout("2x1x3x2", pair((2, 1, 3, 2))),
        Layout("2x3-strided", pair((2, 3)), strided=True),
        Layout("2x3-reshaped", _pair((2, 3), other, (3, 2))),
        Layout("2x3-batch_axis=1", pair((2, 3)), {"batch_axis": 1}),
        Layout("2x3x2-batch_axis=1", pair((2, 3, 2)), {"batch_axis": 1}),
        Layout("2x3x2-batch_axis=-1", pair((2, 3, 2)), {"batch_axis": -1}),
        Layout("2x3-weight=0.5", pair((2, 3)), {"weight": 0.5}, quick=True),
        *(Layout(f"2x3-sw={'x'.join(map(str, w))}", pair((2, 3), sample_weight=w)) for w in weights),
        Layout("2x3-weighted", pair((2, 3), sample_weight=(2, 1)), {"weight": 2.0}, dtypes=dtypes, quick=True),
        Layout("2x3x2-sw=2x1x1", pair((2, 3, 2), sample_weight=(2, 1, 1))),
        Layout("1x3", pair((1, 3))),
        Layout("0x3", pair((0, 3))),
    ]


# --- regression ---------------------------------------------------------------------------------------------------------------


def _regression(near: Sequence[float]) -> dict[str, Draw]:
    """Draws for a loss of ``pred - label``; `near` are differences at and around its kinks."""

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.normal(size=shapes["pred"]) * 1.5, "label": rng.normal(size=shapes["label"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [1e4, -1e4, 1e4, 1e-4, -1e4]),
            "label": cycle(shapes["label"], [-1e4, -1e4, 1.0, -1e-4]),
        }

    def kinks(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        label = cycle(shapes["label"], [1.0, 0.0, -2.0, 0.5])
        return {"label": label, "pred": like(label, shapes["pred"]) + cycle(shapes["pred"], near)}

    return {"ordinary": ordinary, "extreme": extreme, "kinks": kinks}


def _regressions() -> Iterable[Plan]:
    wrt = ("pred", "label", "sample_weight")
    magnitude = {"extreme": 1e4}
    yield Plan("L2Loss", _common(), _regression([0.0, 0.0, 1.0, -0.25]), wrt, magnitude)
    yield Plan("L1Loss", _common(), _regression([0.0, 0.0, 1.0, -0.25]), wrt, magnitude)
    rhos = [
        Layout(f"2x3-rho={rho}", _pair((2, 3)), {"rho": rho}, dtypes=ALL, quick=rho == 2) for rho in (0.5, 2, 0.3, 100)
    ]
    yield Plan("HuberLoss", [*_common(), *rhos], _regression([0.0, 1.0, -1.0, 0.5, -2.0, 2.0]), wrt, magnitude)


# --- binary classification ------------------------------------------------------------------------------------------------------

_EDGE_LOGITS = [1e4, -1e4, 1e4, -1e4, 88.0, -88.0, 20.0, -20.0]


def _binary(labels: Sequence[float], soft: bool) -> dict[str, Draw]:
    """Draws for scores against labels; `soft` labels lie between the two given."""

    def label(rng: Rng, shape: Shape) -> Array:
        return rng.uniform(labels[0], labels[1], shape) if soft else np.asarray(rng.choice(labels, size=shape))

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.normal(size=shapes["pred"]) * 2, "label": label(rng, shapes["label"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], _EDGE_LOGITS),
            "label": cycle(shapes["label"], [labels[0], labels[0], labels[1], labels[1]]),
        }

    def zeros(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [0.0, -0.0, 1.0, 1e-3]),
            "label": cycle(shapes["label"], [labels[1], labels[0], labels[1]]),
        }

    return {"ordinary": ordinary, "extreme": extreme, "zeros": zeros}


def _hinge() -> dict[str, Draw]:
    def margin(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        label = signs(rng, shapes["label"])
        edge = float(config.get("margin", 1))
        return {"label": label, "pred": like(label, shapes["pred"]) * cycle(shapes["pred"], [edge, 0.5, edge, -1.0])}

    return {**_binary((-1.0, 1.0), soft=False), "margin": margin}


def _probabilities() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rng.uniform(0.05, 0.95, shapes["pred"]), "label": rng.uniform(0, 1, shapes["label"])}

    def edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [0.0, 1.0, 1.0, 0.0, 0.5]),
            "label": cycle(shapes["label"], [0.0, 1.0, 0.0, 1.0, 0.25]),
        }

    return {"ordinary": ordinary, "edges": edges}


def _with_pos_weight(draws: dict[str, Draw]) -> dict[str, Draw]:
    def weighted(draw: Draw) -> Draw:
        def draw_weighted(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
            values = draw(rng, shapes, config)
            if "pos_weight" in shapes:
                values["pos_weight"] = rng.uniform(0.5, 3.0, shapes["pos_weight"])
            return values

        return draw_weighted

    return {name: weighted(draw) for name, draw in draws.items()}


def _binaries() -> Iterable[Plan]:
    wrt = ("pred", "label", "sample_weight", "pos_weight")
    magnitude = {"extreme": 1e4}
    weights: list[Shape] = [(1, 3), (3,), (2, 3), (1,)]
    positive = [
        Layout(f"2x3-pos={'x'.join(map(str, w))}", _pair((2, 3), pos_weight=w), dtypes=ALL if w == (3,) else FULL)
        for w in weights
    ]
    both = Layout("2x3-pos+sw", _pair((2, 3), sample_weight=(2, 1), pos_weight=(1, 3)), {"weight": 0.5}, quick=True)
    yield Plan(
        "SigmoidBinaryCrossEntropyLoss",
        [*_common(), *positive, both],
        _with_pos_weight(_binary((0.0, 1.0), soft=True)),
        wrt,
        magnitude,
    )
    shapes: dict[str, dict[str, Shape]] = {
        "2x3": _pair((2, 3)),
        "2x3x2": _pair((2, 3, 2)),
        "2x3-sw": _pair((2, 3), sample_weight=(2, 1)),
        "2x3-pos": _pair((2, 3), pos_weight=(1, 3)),
        "2x3-pos+sw": _pair((2, 3), sample_weight=(2, 1), pos_weight=(3,)),
    }
    yield Plan(
        "SigmoidBinaryCrossEntropyLoss",
        [Layout(f"probabilities-{k}", v, {"from_sigmoid": True}, dtypes=ALL, quick=True) for k, v in shapes.items()],
        _with_pos_weight(_probabilities()),
        wrt,
    )
    binary = Layout("2x3-binary", _pair((2, 3)), {"label_format": "binary"}, dtypes=ALL, draws=["ordinary"], quick=True)
    yield Plan("LogisticLoss", [*_common(), binary], _binary((-1.0, 1.0), soft=False), wrt, magnitude)
    yield Plan(
        "LogisticLoss",
        [Layout("2x3-other-labels", _pair((2, 3)))],
        {"soft": _binary((-1.0, 1.0), True)["ordinary"]},
        wrt,
    )
    margins = [Layout(f"2x3-margin={m}", _pair((2, 3)), {"margin": m}, dtypes=ALL, quick=m == 2) for m in (0, 0.5, 2)]
    for name in ("HingeLoss", "SquaredHingeLoss"):
        yield Plan(name, [*_common(), *margins], _hinge(), wrt, magnitude)


# --- several classes --------------------------------------------------------------------------------------------------------------


def _classes(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> int:
    return shapes["pred"][int(config.get("axis", -1))]


def _normal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Array:
    """Logits, or log probabilities where the configuration says ``from_logits``."""
    x = rng.normal(size=shapes["pred"]) * 2
    axis = int(config.get("axis", -1))
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True)) if config.get("from_logits") and x.size else x


def _sparse() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        classes = _classes(shapes, config)
        return {"pred": _normal(rng, shapes, config), "label": rng.integers(0, classes, shapes["label"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        last = _classes(shapes, config) - 1
        pred = cycle(shapes["pred"], [1e4, -1e4, 0.0, -1e4, 1e4])
        return {
            "pred": np.minimum(pred, 0) if config.get("from_logits") else pred,
            "label": cycle(shapes["label"], [0, last]),
        }

    def out_of_range(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        classes = _classes(shapes, config)
        return {"pred": _normal(rng, shapes, config), "label": cycle(shapes["label"], [-1, classes, classes + 3])}

    def fractions(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": _normal(rng, shapes, config), "label": cycle(shapes["label"], [0.75, 1.5, -0.75])}

    return {"ordinary": ordinary, "extreme": extreme, "out-of-range": out_of_range, "fractions": fractions}


def _dense() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        axis = int(config.get("axis", -1))
        weights = rng.uniform(0.1, 1, shapes["label"])
        label = weights / weights.sum(axis=axis, keepdims=True) if weights.size else weights
        return {"pred": _normal(rng, shapes, config), "label": label}

    def edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": _normal(rng, shapes, config), "label": cycle(shapes["label"], [1.0, 0.0, 0.0, 0.0])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        pred = cycle(shapes["pred"], [1e4, -1e4, 0.0, -1e4, 1e4])
        return {
            "pred": np.minimum(pred, 0) if config.get("from_logits") else pred,
            "label": cycle(shapes["label"], [0.25, 0.5, 0.0, 0.75, 1.0]),
        }

    return {"ordinary": ordinary, "edges": edges, "extreme": extreme}


def _softmax() -> Iterable[Plan]:
    wrt = ("pred", "sample_weight")
    magnitude = {"extreme": 1e4}
    whole = ["ordinary", "extreme"]
    sparse = [
        Layout("2x3", _pair((2, 3), other_shape=(2,)), dtypes=ALL, quick=True),
        Layout("2x3-column", _pair((2, 3), other_shape=(2, 1))),
        Layout("2x3x2", _pair((2, 3, 2), other_shape=(2, 3)), dtypes=ALL),
        Layout("2x3x2-axis=1", _pair((2, 3, 2), other_shape=(2, 2)), {"axis": 1}, dtypes=ALL, quick=True),
        Layout("2x3x2-axis=-2", _pair((2, 3, 2), other_shape=(2, 2)), {"axis": -2}),
        Layout("2x1x3x2-axis=2", _pair((2, 1, 3, 2), other_shape=(2, 1, 2)), {"axis": 2}),
        Layout("2x3x2-axis=0-batch_axis=1", _pair((2, 3, 2), other_shape=(3, 2)), {"axis": 0, "batch_axis": 1}),
        Layout("2x3x2-batch_axis=1", _pair((2, 3, 2), other_shape=(2, 3)), {"batch_axis": 1}),
        Layout("2x3-log", _pair((2, 3), other_shape=(2,)), {"from_logits": True}, dtypes=ALL, quick=True),
        Layout("2x3x2-log-axis=1", _pair((2, 3, 2), other_shape=(2, 2)), {"from_logits": True, "axis": 1}),
        Layout("2x3-weight=0.5", _pair((2, 3), other_shape=(2,)), {"weight": 0.5}),
        Layout("2x3-sw=2x1", _pair((2, 3), other_shape=(2,), sample_weight=(2, 1)), dtypes=ALL),
        Layout("2x3-sw=1", _pair((2, 3), other_shape=(2,), sample_weight=(1,))),
        Layout(
            "2x3x2-sw=2x1x1", _pair((2, 3, 2), other_shape=(2, 3), sample_weight=(2, 1, 1)), {"weight": 2.0}, quick=True
        ),
        Layout("2x3x2-axis=1-sw=2x1x2", _pair((2, 3, 2), other_shape=(2, 2), sample_weight=(2, 1, 2)), {"axis": 1}),
        Layout("2x3-strided", _pair((2, 3), other_shape=(2,)), strided=True),
        Layout("1x3", _pair((1, 3), other_shape=(1,)), draws=whole),
        Layout("0x3", _pair((0, 3), other_shape=(0,)), draws=whole),
        Layout("2x1", _pair((2, 1), other_shape=(2,)), draws=whole),
        *(
            Layout(f"2x3-{kind}", _pair((2, 3), other_shape=(2,)), label_dtype=kind, dtypes=["float32"], draws=whole)
            for kind in ("int32", "int64", "uint8", "float64")
        ),
    ]
    yield Plan("SoftmaxCrossEntropyLoss", sparse, _sparse(), wrt, magnitude, exact=("label",))
    off = {"sparse_label": False}
    dense = [
        Layout("dense-2x3", _pair((2, 3)), off, dtypes=ALL, quick=True),
        Layout("dense-2x3x2", _pair((2, 3, 2)), off),
        Layout("dense-2x3x2-axis=1", _pair((2, 3, 2)), {**off, "axis": 1}, dtypes=ALL),
        Layout("dense-2x3x2-axis=0-batch_axis=-1", _pair((2, 3, 2)), {**off, "axis": 0, "batch_axis": -1}),
        Layout("dense-2x3-reshaped", _pair((2, 3), other_shape=(6,)), off),
        Layout("dense-2x3-log", _pair((2, 3)), {**off, "from_logits": True}, dtypes=ALL),
        Layout("dense-2x3-weighted", _pair((2, 3), sample_weight=(2, 1)), {**off, "weight": 0.5}, quick=True),
    ]
    yield Plan("SoftmaxCrossEntropyLoss", dense, _dense(), ("pred", "label", "sample_weight"), magnitude)


def _kl() -> Iterable[Plan]:
    log = {"from_logits": True}
    layouts = [
        Layout("2x3", _pair((2, 3)), log, dtypes=ALL, quick=True),
        Layout("2x3x2", _pair((2, 3, 2)), log),
        Layout("2x1x3x2", _pair((2, 1, 3, 2)), log),
        Layout("3", _pair((3,)), log),
        Layout("2x3-softmax", _pair((2, 3)), {"from_logits": False}, dtypes=ALL, quick=True),
        Layout("2x3x2-softmax-axis=1", _pair((2, 3, 2)), {"from_logits": False, "axis": 1}, dtypes=ALL),
        Layout("2x3x2-softmax-axis=0", _pair((2, 3, 2)), {"from_logits": False, "axis": 0, "batch_axis": 1}),
        Layout("2x3-batch_axis=1", _pair((2, 3)), {**log, "batch_axis": 1}),
        Layout("2x3x2-batch_axis=-1", _pair((2, 3, 2)), {**log, "batch_axis": -1}),
        Layout("2x3-weight=0.5", _pair((2, 3)), {**log, "weight": 0.5}),
        Layout("2x3-sw=2x1", _pair((2, 3), sample_weight=(2, 1)), {**log, "weight": 2.0}, dtypes=ALL, quick=True),
        Layout("2x3-sw=3", _pair((2, 3), sample_weight=(3,)), log),
        Layout("2x3-label=1x3", _pair((2, 3), other_shape=(1, 3)), log),
        Layout("2x3-label=3", _pair((2, 3), other_shape=(3,)), {"from_logits": False}),
        Layout("2x3-average", _pair((2, 3)), {**log, "average": True}, dtypes=ALL, quick=True),
        Layout("2x3x2-average", _pair((2, 3, 2), sample_weight=(2, 1, 1)), {"from_logits": False, "average": True}),
        Layout("2x3-strided", _pair((2, 3)), log, strided=True),
        Layout("1x3", _pair((1, 3)), log),
        Layout("0x3", _pair((0, 3)), log),
    ]
    yield Plan("KLDivLoss", layouts, _dense(), ("pred", "label", "sample_weight"), {"extreme": 1e4})


# --- sequences --------------------------------------------------------------------------------------------------------------------

_LABELS = [[0, 1, -1], [1, 1, 2], [2, 0, 2], [1, 1, -1]]


def _ctc() -> Iterable[Plan]:
    def shaped(values: Array, config: Mapping[str, Any], width: int) -> Array:
        label = np.asarray(values, dtype=np.float64)[:, :width]
        return label.T if config.get("label_layout") == "TN" else label

    def width(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> int:
        return shapes["label"][0 if config.get("label_layout") == "TN" else 1]

    def batch(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> int:
        return shapes["pred"][1 if config.get("layout") == "TNC" else 0]

    def frames(shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> int:
        return shapes["pred"][0 if config.get("layout") == "TNC" else 1]

    def fill(
        pred: Array, labels: Sequence[Sequence[int]], shapes: Mapping[str, Shape], config: Mapping[str, Any], full: bool
    ) -> Values:
        rows = [labels[i % len(labels)] for i in range(batch(shapes, config))]
        values: Values = {"pred": pred, "label": shaped(np.asarray(rows), config, width(shapes, config))}
        length = frames(shapes, config)
        values["pred_lengths"] = [length if full or i % 2 else length - 1 for i in range(len(rows))]
        values["label_lengths"] = [
            max(1, min(width(shapes, config), sum(c >= 0 for c in row)) - i % 2) for i, row in enumerate(rows)
        ]
        return values

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return fill(rng.normal(size=shapes["pred"]), _LABELS, shapes, config, full=False)

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        pred = cycle(shapes["pred"], [1e4, -1e4, 0.0, 1e3, -20.0, 5.0, 1e4])
        return fill(pred, _LABELS, shapes, config, full=True)

    def empty(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = fill(rng.normal(size=shapes["pred"]), [[-1, -1, -1], [0, -1, -1]], shapes, config, full=True)
        values["label_lengths"] = [0, 1] * batch(shapes, config)
        values["label_lengths"] = values["label_lengths"][: batch(shapes, config)]
        return values

    def too_short(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        values = fill(rng.normal(size=shapes["pred"]), [[1, 1, 1], [0, 1, -1]], shapes, config, full=True)
        values["pred_lengths"] = [3 if i % 2 == 0 else 4 for i in range(batch(shapes, config))]
        values["label_lengths"] = [min(width(shapes, config), 3 - i % 2) for i in range(batch(shapes, config))]
        return values

    draws = {"ordinary": ordinary, "extreme": extreme, "empty": empty, "too-short": too_short}
    base: dict[str, Shape] = {"pred": (2, 4, 4), "label": (2, 3)}
    lengths: dict[str, Shape] = {**base, "pred_lengths": (2,), "label_lengths": (2,)}
    safe = ["ordinary", "extreme"]
    # A graph of the recursion takes seconds to compile: options that only move axes have one dtype.
    one = ("float32",)
    layouts = [
        Layout("2x4x4", base, dtypes=ALL, quick=True),
        Layout("TNC", {"pred": (4, 2, 4), "label": (2, 3)}, {"layout": "TNC"}, draws=safe, quick=True, dtypes=one),
        Layout("TN", {"pred": (2, 4, 4), "label": (3, 2)}, {"label_layout": "TN"}, draws=safe, dtypes=one),
        Layout(
            "TNC-TN",
            {"pred": (4, 2, 4), "label": (3, 2)},
            {"layout": "TNC", "label_layout": "TN"},
            draws=safe,
            dtypes=one,
        ),
        Layout("lengths", lengths, dtypes=ALL, quick=True),
        Layout("pred_lengths", {**base, "pred_lengths": (2,)}),
        Layout("label_lengths", {**base, "label_lengths": (2,)}),
        Layout("weight=0.5", base, {"weight": 0.5}, draws=safe, dtypes=one),
        Layout("sw", {**base, "sample_weight": (2,)}, {"weight": 2.0}, draws=safe, dtypes=ALL),
        Layout("lengths-sw", {**lengths, "sample_weight": (2,)}, draws=safe, dtypes=one),
        Layout("width=1", {"pred": (2, 4, 4), "label": (2, 1)}, draws=[*safe, "empty"], dtypes=one),
        Layout("width=2", {"pred": (2, 4, 4), "label": (2, 2)}, draws=[*safe, "empty"], dtypes=one),
        Layout("batch=1", {"pred": (1, 4, 4), "label": (1, 3)}, draws=safe, dtypes=one),
        Layout("batch=4", {"pred": (4, 4, 4), "label": (4, 3)}, draws=safe, dtypes=one),
        Layout("strided", base, strided=True, draws=safe, dtypes=one),
        Layout("int32", lengths, label_dtype="int32", dtypes=one, draws=safe),
        Layout("int64", base, label_dtype="int64", dtypes=one, draws=safe),
    ]
    exact = ("label", "pred_lengths", "label_lengths")
    yield Plan("CTCLoss", layouts, draws, ("pred", "sample_weight"), {"extreme": 1e4}, exact)


# --- vectors ----------------------------------------------------------------------------------------------------------------------


def _triplets() -> dict[str, Draw]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        same = rng.normal(size=shapes["pred"])
        return {name: like(same, shape) for name, shape in shapes.items()}

    def margin(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        # |positive - pred|^2 - |negative - pred|^2 is 0 - 4 a sample of two or more elements: on the kink for margin 4
        negative = np.zeros(shapes["negative"])
        negative[..., :1] = 2.0
        return {"pred": np.zeros(shapes["pred"]), "positive": np.zeros(shapes["positive"]), "negative": negative}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "pred": cycle(shapes["pred"], [100.0, -100.0, 50.0]),
            "positive": cycle(shapes["positive"], [-100.0, 100.0, 0.0, 1.0]),
            "negative": cycle(shapes["negative"], [1.0, 0.0, -50.0, 0.0, 2.0]),
        }

    return {"ordinary": ordinary, "equal": equal, "margin": margin, "extreme": extreme}


def _three(shape: Shape, positive: Shape | None = None, negative: Shape | None = None) -> dict[str, Shape]:
    return {"pred": shape, "positive": positive or shape, "negative": negative or shape}


def _triplet() -> Iterable[Plan]:
    layouts = [
        Layout("2x3", _three((2, 3)), dtypes=ALL, quick=True),
        Layout("4", _three((4,))),
        Layout("2x3x2", _three((2, 3, 2)), dtypes=ALL),
        Layout("2x1x3x2", _three((2, 1, 3, 2))),
        Layout("2x3-batch_axis=1", _three((2, 3)), {"batch_axis": 1}),
        Layout("2x3x2-batch_axis=-1", _three((2, 3, 2)), {"batch_axis": -1}),
        Layout("2x3-margin=0", _three((2, 3)), {"margin": 0}),
        Layout("2x3-margin=4", _three((2, 3)), {"margin": 4}, dtypes=ALL, quick=True),
        Layout("2x3-weight=0.5", _three((2, 3)), {"weight": 0.5, "margin": 2}, quick=True),
        Layout("2x3-reshaped", _three((2, 3), (3, 2), (6,))),
        Layout("2x3-strided", _three((2, 3)), strided=True),
        Layout("1x3", _three((1, 3))),
        Layout("0x3", _three((0, 3))),
    ]
    yield Plan("TripletLoss", layouts, _triplets(), ("pred", "positive", "negative"), {"extreme": 1e5})


def _cosines() -> dict[str, Draw]:
    def rows(shapes: Mapping[str, Shape], *labels: float) -> Array:
        return cycle(shapes["label"], labels)

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        pair = {name: rng.normal(size=shapes[name]) for name in ("input1", "input2")}
        return {**pair, "label": rows(shapes, 1, -1)}

    def opposite(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        pair = {name: rng.normal(size=shapes[name]) for name in ("input1", "input2")}
        return {**pair, "label": rows(shapes, -1, 1)}

    def others(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {**ordinary(rng, shapes, config), "label": rows(shapes, 0, 2)}

    def parallel(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        x = rng.normal(size=shapes["input2"])
        factor = np.resize([1.0, -2.0], (*x.shape[:-1], 1))
        return {"input1": (x * factor).reshape(shapes["input1"]), "input2": x, "label": rows(shapes, 1, -1)}

    def zero(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        x = rng.normal(size=shapes["input2"])
        y = rng.normal(size=shapes["input2"])
        x.reshape(-1, x.shape[-1])[:1] = 0.0
        y.reshape(-1, y.shape[-1])[1:2] = 0.0
        return {"input1": x.reshape(shapes["input1"]), "input2": y, "label": rows(shapes, 1, -1)}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "input1": cycle(shapes["input1"], [1e4, -1e4, 1.0, 1e-3]),
            "input2": cycle(shapes["input2"], [1e4, 1e4, 1.0]),
            "label": rows(shapes, 1, -1),
        }

    return {
        "ordinary": ordinary,
        "opposite": opposite,
        "other-labels": others,
        "parallel": parallel,
        "zero": zero,
        "extreme": extreme,
    }


def _two(shape: Shape, label: Shape, other: Shape | None = None, **more: Shape) -> dict[str, Shape]:
    return {"input1": other or shape, "input2": shape, "label": label, **more}


def _cosine() -> Iterable[Plan]:
    layouts = [
        Layout("2x3", _two((2, 3), (2,)), dtypes=ALL, quick=True),
        Layout("2x3-margin=0.5", _two((2, 3), (2,)), {"margin": 0.5}, dtypes=ALL, quick=True),
        Layout("2x3-margin=-0.5", _two((2, 3), (2,)), {"margin": -0.5}),
        Layout("2x3-weight=0.5", _two((2, 3), (2,)), {"weight": 0.5}),
        Layout("2x3-column", _two((2, 3), (2, 1))),
        Layout("2x3-sw=2x1", _two((2, 3), (2,), sample_weight=(2, 1)), {"weight": 2.0}, dtypes=ALL, quick=True),
        Layout("2x3-sw=2", _two((2, 3), (2,), sample_weight=(2,))),
        Layout("2x3-sw=1", _two((2, 3), (2,), sample_weight=(1,))),
        Layout("2x3x2", _two((2, 3, 2), (2, 3))),
        Layout("2x3-reshaped", _two((2, 3), (2,), (3, 2))),
        Layout("2x3-strided", _two((2, 3), (2,)), strided=True),
        Layout("1x3", _two((1, 3), (1,))),
    ]
    yield Plan("CosineEmbeddingLoss", layouts, _cosines(), ("input1", "input2", "sample_weight"))
    flat = Layout("3", _two((3,), (1,)), draws=["ordinary", "opposite"])
    yield Plan("CosineEmbeddingLoss", [flat], _cosines(), ("input1", "input2"))


def _sdml() -> Iterable[Plan]:
    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {name: rng.normal(size=shape) for name, shape in shapes.items()}

    def equal(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        x = rng.normal(size=shapes["x1"])
        return {"x1": x, "x2": x}

    def same_rows(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"x1": np.ones(shapes["x1"]), "x2": np.zeros(shapes["x2"])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {
            "x1": cycle(shapes["x1"], [100.0, -100.0, 1.0, 50.0]),
            "x2": cycle(shapes["x2"], [-100.0, 100.0, 0.0]),
        }

    draws = {"ordinary": ordinary, "equal": equal, "same-rows": same_rows, "extreme": extreme}

    def two(shape: Shape) -> dict[str, Shape]:
        return {"x1": shape, "x2": shape}

    layouts = [
        Layout("2x3", two((2, 3)), dtypes=ALL, quick=True),
        Layout("4x3", two((4, 3)), dtypes=ALL),
        Layout("2x1", two((2, 1))),
        Layout("1x3", two((1, 3))),
        Layout("2x3-smoothing=0", two((2, 3)), {"smoothing_parameter": 0.0}, dtypes=ALL),
        Layout("2x3-smoothing=0.9", two((2, 3)), {"smoothing_parameter": 0.9}, quick=True),
        Layout("2x3-weight-ignored", two((2, 3)), {"weight": 3.0, "batch_axis": 1}),
        Layout("4x3-strided", two((4, 3)), strided=True),
    ]
    yield Plan("SDMLLoss", layouts, draws, ("x1", "x2"), {"extreme": 1e5})


# --- counts -----------------------------------------------------------------------------------------------------------------------


def _poissons() -> dict[str, Draw]:
    def rate(config: Mapping[str, Any], log_rate: Array) -> Array:
        return log_rate if config.get("from_logits", True) else np.exp(log_rate)

    def ordinary(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": rate(config, rng.normal(size=shapes["pred"])), "target": rng.poisson(2.5, shapes["target"])}

    def edges(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        zero = [0.0, -1.0, 0.5] if config.get("from_logits", True) else [0.0, 1.0, 2.0]
        return {"pred": cycle(shapes["pred"], zero), "target": cycle(shapes["target"], [0.0, 1.0, 2.0, 0.0, 5.0])}

    def extreme(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        large = [-1e4, 5.0, -1e4, 8.0] if config.get("from_logits", True) else [1e4, 1e-4, 0.0, 50.0]
        return {"pred": cycle(shapes["pred"], large), "target": cycle(shapes["target"], [0.0, 100.0, 3.0])}

    def overflow(rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        return {"pred": cycle(shapes["pred"], [1e4, 0.0]), "target": cycle(shapes["target"], [1.0, 0.0])}

    return {"ordinary": ordinary, "edges": edges, "extreme": extreme, "overflow": overflow}


def _poisson() -> Iterable[Plan]:
    three = ["ordinary", "edges", "extreme"]
    full = [
        Layout("full-2x3", _pair((2, 3), "target"), {"compute_full": True}, dtypes=ALL, draws=three, quick=True),
        Layout("full-2x3x2", _pair((2, 3, 2), "target"), {"compute_full": True, "weight": 0.5}, draws=three),
        Layout("rate-2x3", _pair((2, 3), "target"), {"from_logits": False}, dtypes=ALL, draws=three, quick=True),
        Layout("rate-2x3x2", _pair((2, 3, 2), "target"), {"from_logits": False}, draws=three),
        Layout("rate-sw", _pair((2, 3), "target", sample_weight=(2, 1)), {"from_logits": False}, draws=three),
        Layout(
            "rate-full", _pair((2, 3), "target"), {"from_logits": False, "compute_full": True}, dtypes=ALL, draws=three
        ),
        Layout("rate-epsilon", _pair((2, 3), "target"), {"from_logits": False}, {"epsilon": 1e-3}, ALL, draws=three),
        Layout("overflow-2x3", _pair((2, 3), "target"), dtypes=FULL, draws=["overflow"]),
    ]
    usual = [replace(layout, draws=three) for layout in _common("target")]
    yield Plan("PoissonNLLLoss", [*usual, *full], _poissons(), ("pred", "sample_weight"), {"extreme": 1e4})


def cases() -> list[Case]:
    """All cases of the dialect, in a fixed order."""
    plans = [
        *_regressions(),
        *_binaries(),
        *_softmax(),
        *_kl(),
        *_ctc(),
        *_triplet(),
        *_cosine(),
        *_sdml(),
        *_poisson(),
    ]
    return [case for plan in plans for case in plan.cases()]
