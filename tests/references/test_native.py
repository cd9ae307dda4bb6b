"""MXNet itself against the computed references, on random inputs of every loss; and how it is called."""

import itertools
import zlib

import numpy as np
import pytest
from polyloss_conformance import deviations
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.deviations.record import Evidence
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.gluon import value
from polyloss_conformance.references.native_gluon import first_line, run

SHAPES = [((4,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((2, 2, 3), -1), ((2, 1, 3, 2), 0)]


def make(loss, inputs, config=None, dtype="float64", call=None, wrt=None, magnitude=1.0):
    given = {name: Input.of(array, dtype) for name, array in inputs.items()}
    numbers = ("label", "target", "pred_lengths", "label_lengths")
    wrt = tuple(name for name in given if name not in numbers) if wrt is None else wrt
    name = f"{loss} {dtype} {config} {call} { {key: np.shape(array) for key, array in inputs.items()} }"
    seed = zlib.crc32(name.encode())
    return Case(name, f"gluon/{loss}", config or {}, given, dtype, call or {}, wrt, seed, magnitude=magnitude)


def weight_shapes(shape, axis):
    per_sample = tuple(size if i == axis % len(shape) else 1 for i, size in enumerate(shape))
    return [None, per_sample, shape, shape[-1:]]


def elementwise():
    rng = np.random.default_rng(1)
    for (shape, axis), dtype in itertools.product(SHAPES, ("float64", "float32", "float16")):
        for weights in weight_shapes(shape, axis):
            more = {} if weights is None else {"sample_weight": rng.uniform(0.2, 2, weights)}
            config = {"batch_axis": axis, **({"weight": 0.5} if weights == shape else {})}
            pair = {"pred": rng.normal(size=shape), "label": rng.normal(size=shape)}
            probabilities = {name: rng.uniform(0.1, 0.9, shape) for name in ("pred", "label")}
            positive = {**more, "pos_weight": rng.uniform(0.5, 3, shape[-1:])}
            counts = {"pred": rng.uniform(0.5, 2, shape), "target": rng.poisson(2, shape)}
            for loss in ("L2Loss", "L1Loss", "HuberLoss", "HingeLoss", "SquaredHingeLoss", "LogisticLoss"):
                yield make(loss, {**pair, **more}, config, dtype)
            yield make("LogisticLoss", {**pair, **more}, {**config, "label_format": "binary"}, dtype)
            yield make("HuberLoss", {**pair, **more}, {**config, "rho": 0.3}, dtype)
            yield make("HingeLoss", {**pair, **more}, {**config, "margin": 0.3}, dtype)
            if weights is not None:  # pos_weight comes after sample_weight
                yield make("SigmoidBCELoss", {**pair, **positive}, config, dtype)
                yield make("SigmoidBCELoss", {**probabilities, **positive}, {**config, "from_sigmoid": True}, dtype)
            yield make("SigmoidBCELoss", {**pair, **more}, config, dtype)
            yield make("SigmoidBCELoss", {**probabilities, **more}, {**config, "from_sigmoid": True}, dtype)
            yield make("PoissonNLLLoss", {**counts, **more}, config, dtype)
            yield make("PoissonNLLLoss", {**counts, **more}, {**config, "from_logits": False}, dtype, {"epsilon": 0.01})
            whole = {**counts, "target": counts["target"] + 1}
            yield make("PoissonNLLLoss", {**whole, **more}, {**config, "compute_full": True}, dtype, wrt=())
            yield make("KLDivLoss", {"pred": pair["pred"], "label": probabilities["label"], **more}, config, dtype)


def classes():
    rng = np.random.default_rng(2)
    for (shape, axis), dtype in itertools.product(SHAPES[1:], ("float64", "float32", "float16")):
        for over, logits in itertools.product((-1, 1), (False, True)):
            sizes = list(shape)
            count = sizes[over]
            sizes[over] = 1
            pred = rng.normal(size=shape)
            config = {"axis": over, "from_logits": logits, "batch_axis": axis}
            more = {"sample_weight": rng.uniform(0.2, 2, sizes)} if logits else {}
            label = rng.integers(-1, count + 1, sizes)
            dense = rng.uniform(size=shape)
            yield make("SoftmaxCELoss", {"pred": pred, "label": label, **more}, config, dtype)
            yield make("SoftmaxCELoss", {"pred": pred, "label": label.squeeze(over), **more}, config, dtype)
            yield make(
                "SoftmaxCELoss", {"pred": pred, "label": dense, **more}, {**config, "sparse_label": False}, dtype
            )
            yield make("KLDivLoss", {"pred": pred, "label": dense, **more}, config, dtype)


def vectors():
    rng = np.random.default_rng(3)
    for (shape, axis), dtype in itertools.product(SHAPES, ("float64", "float32", "float16")):
        three = {name: rng.normal(size=shape) for name in ("pred", "positive", "negative")}
        yield make("TripletLoss", three, {"margin": 0.5, "batch_axis": axis}, dtype)
        yield make("TripletLoss", three, {"margin": 3, "weight": 2.0, "batch_axis": axis}, dtype)
        pairs = {name: rng.normal(size=shape) for name in ("input1", "input2")}
        count = int(np.prod(shape[:-1]))
        label = np.resize([1, -1, 0], count)
        for weights in (None, (count, 1), (count,)):
            more = {} if weights is None else {"sample_weight": rng.uniform(0.2, 2, weights)}
            yield make(
                "CosineEmbeddingLoss", {**pairs, "label": label, **more}, {"margin": 0.1}, "float32", magnitude=4.0
            )
    for size, smoothing in itertools.product((2, 4), (0.0, 0.3, 0.9)):
        pair = {name: rng.normal(size=(size, 3)) for name in ("x1", "x2")}
        yield make("SDMLLoss", pair, {"smoothing_parameter": smoothing}, "float32")


def sequences():
    rng = np.random.default_rng(4)
    layouts = itertools.product(("NTC", "TNC"), ("NT", "TN"), (False, True), (False, True), (False, True))
    for layout, label_layout, pred_lengths, label_lengths, weighted in layouts:
        pred, label = rng.normal(size=(3, 4, 4)), np.array([[0, 1], [2, -1], [1, 1]])
        inputs = {
            "pred": pred if layout == "NTC" else pred.swapaxes(0, 1),
            "label": label if label_layout == "NT" else label.T,
        }
        inputs |= {"pred_lengths": [4, 2, 3]} if pred_lengths else {}
        inputs |= {"label_lengths": [2, 1, 2]} if label_lengths else {}
        inputs |= {"sample_weight": [0.5, 2.0, 1.0]} if weighted else {}
        yield make("CTCLoss", inputs, {"layout": layout, "label_layout": label_layout}, "float32")


@pytest.mark.parametrize("cases", [elementwise, classes, vectors, sequences], ids=lambda cases: cases.__name__)
def test_mxnet_gives_the_computed_values_and_slopes(mxnet, cases):
    cases = list(cases())
    off = []
    for case, (_, native) in zip(cases, run(cases), strict=True):
        right = value(case)
        evidence = Evidence(case, native, right, gradients(case, case.upstream(right.shape)))
        if evidence.refused is not None:
            off.append((case.id, evidence.refused))
        else:
            off += [(case.id, what) for what, mask in evidence.deviating().items() if mask.any()]
    assert off == []


def test_comparison_can_fail(mxnet):
    case = make("L2Loss", {"pred": [[1.0, 2.0]], "label": [[0.0, 0.0]]})
    ((_, native),) = run([case])
    evidence = Evidence(case, native, value(case) * (1 + 1e-13), gradients(case, case.upstream((1,)) * (1 + 1e-13)))
    assert {what: mask.all() for what, mask in evidence.deviating().items()} == {"value": True, "gradient pred": True}


def refused(*cases):
    return [native.get("refused") for _, native in run(cases)]


def test_refusals(mxnet):
    pair = {"pred": [[1.0]], "label": [[1.0]]}
    empty = make("L2Loss", {"pred": np.zeros((0, 3)), "label": np.zeros((0, 3))}, wrt=("pred",))
    said = refused(
        make("L2Loss", pair, dtype="bfloat16"),
        make("KLDivLoss", pair, {"average": False}),
        make("L2Loss", {**pair, "pos_weight": [1.0]}),
        make("HuberLoss", pair, {"slope": 1}),
        make("L2Loss", {"pred": [[1.0, 2.0]], "label": [[1.0]]}),
        empty,
        make("L2Loss", pair),
    )
    assert said[:2] == ["MXNet 1.9.1 has no bfloat16 arrays", "MXNet 1.9.1 has no argument 'average' of KLDivLoss"]
    assert said[2] == "TypeError: L2Loss takes no argument 'pos_weight'"
    assert said[3].startswith("TypeError: ")
    assert said[4].startswith(("MXNetError: ", "ValueError: "))
    assert "Shape size mismatch" in said[5]
    assert said[6] is None  # the error of an empty array does not reach the next case


def test_results_come_one_by_one(mxnet):
    def cases():
        yield make("L1Loss", {"pred": [3.0], "label": [1.0]})
        raise AssertionError("asked for a second case before the first was given")

    name, native = next(run(cases()))
    assert name.startswith("L1Loss")
    assert native["value"].tolist() == [2.0]


def test_absent_arguments_keep_their_place(mxnet):
    case = make("PoissonNLLLoss", {"pred": [2.0], "target": [1.0]}, {"from_logits": False}, call={"epsilon": 1.0})
    ((_, native),) = run([case])
    assert native["value"] == pytest.approx(2 - np.log(3))


def test_first_line():
    error = RuntimeError('Traceback (most recent call last):\n  File "a.cc", line 1\nRuntimeError: it broke\nmore')
    assert first_line(error) == "it broke"
    assert first_line(RuntimeError("plain")) == "plain"
    assert first_line(RuntimeError()) == ""


def test_every_case_of_the_dialect_agrees_or_is_explained(mxnet):
    from polyloss_conformance.gluon_cases import cases

    chosen = [
        case
        for case in cases()
        if case.quick or case.id.endswith(("/edges", "/zero", "/too-short", "/empty", "/kinks"))
    ]
    chosen = [case for case in chosen if case.dtype != "bfloat16"][::2]
    unexplained = []
    for case, (_, native) in zip(chosen, run(chosen), strict=True):
        right = value(case)
        evidence = Evidence(case, native, right, gradients(case, case.upstream(right.shape)))
        off = evidence.refused is not None or any(mask.any() for mask in evidence.deviating().values())
        if off != (deviations.explain(case, native, right, evidence.gradients) is not None):
            unexplained.append(case.id)
    assert unexplained == []
