"""The references of ``torch.nn``: numbers worked out by hand, torch itself on random inputs, and what is recorded of it."""

import itertools
import math
import zlib

import numpy as np
import pytest
from polyloss_conformance import dialects, reference_worker, results, stage
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.deviations import torch_nn as findings
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.deviations.record import DOCUMENTATION, Example
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.native_torch import run
from polyloss_conformance.references.torch_nn import REFERENCES

LOG2 = math.log(2)
NONE = {"reduction": "none"}


def numbers(array):
    return np.array([float(x) for x in array.flat]).reshape(array.shape)


def computed(loss, config=None, call=None, **inputs):
    return numbers(REFERENCES[f"torch/{loss}"].value(inputs, config or {}, call or {}))


def documented(loss, config=None, **inputs):
    return numbers(REFERENCES[f"torch/{loss}"].documented_value(inputs, config or {}, {}))


def is_close(got, want):
    want = np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("loss", "config", "inputs", "want"),
    [
        ("L1Loss", NONE, {"input": [1.0, 4.0], "target": [0.0, 6.0]}, [1, 2]),
        ("MSELoss", {}, {"input": [1.0, 4.0], "target": [0.0, 6.0]}, 2.5),
        ("MSELoss", {"reduction": "sum"}, {"input": [[1.0], [4.0]], "target": [0.0, 6.0]}, 1 + 25 + 16 + 4),
        ("SmoothL1Loss", {**NONE, "beta": 2}, {"input": [0.0, 0.0, 0.0], "target": [1.0, 2.0, -4.0]}, [0.25, 1, 3]),
        ("SmoothL1Loss", {**NONE, "beta": 0}, {"input": [0.0, 0.0], "target": [0.0, -4.0]}, [0, 4]),
        ("HuberLoss", {**NONE, "delta": 2}, {"input": [0.0, 0.0, 0.0], "target": [1.0, 2.0, -4.0]}, [0.5, 2, 6]),
        ("BCELoss", NONE, {"input": [0.5, 0.0, 0.0, 1.0], "target": [0.25, 0.0, 1.0, 0.5]}, [LOG2, 0, 100, 50]),
        ("BCEWithLogitsLoss", {"pos_weight": [3.0]}, {"input": [0.0], "target": [0.5]}, 2 * LOG2),
        ("HingeEmbeddingLoss", NONE, {"input": [3.0, 0.25, 0.25], "target": [1.0, -1.0, 0.0]}, [3, 0.75, 1]),
        ("SoftMarginLoss", NONE, {"input": [0.0, -1000.0], "target": [1.0, 1.0]}, [LOG2, 1000]),
        ("PoissonNLLLoss", NONE, {"log_input": [0.0, 1.0], "target": [2.0, 0.0]}, [1, math.e]),
        ("PoissonNLLLoss", {"log_input": False, "eps": 0.5}, {"log_input": [0.5], "target": [7.0]}, 0.5),
        ("GaussianNLLLoss", NONE, {"input": [2.0, 0.0], "target": [0.0, 0.0], "var": [4.0, 1.0]}, [LOG2 + 0.5, 0]),
        ("GaussianNLLLoss", {"eps": 1}, {"input": [2.0], "target": [0.0], "var": [0.25]}, 2),
        ("KLDivLoss", NONE, {"input": [-1.0, -1.0], "target": [0.0, 1.0]}, [0, 1]),
        ("KLDivLoss", {"reduction": "batchmean"}, {"input": [[-1.0, -1.0]], "target": [[1.0, 1.0]]}, 2),
        ("KLDivLoss", {**NONE, "log_target": True}, {"input": [-1.0], "target": [0.0]}, [1]),
    ],
)
def test_by_hand(loss, config, inputs, want):
    is_close(computed(loss, config, **inputs), want)


@pytest.mark.parametrize(
    ("loss", "config", "inputs", "want"),
    [
        ("CrossEntropyLoss", NONE, {"input": [[0.0, 0.0]] * 2, "target": [1, -100]}, [LOG2, 0]),
        ("CrossEntropyLoss", {}, {"input": [[0.0, 0.0], [3.0, 1.0]], "target": [1, -100]}, LOG2),
        ("CrossEntropyLoss", {"weight": [1.0, 3.0]}, {"input": [[0.0, 0.0]] * 2, "target": [0, 1]}, LOG2),
        ("CrossEntropyLoss", {}, {"input": [[0.0, 0.0]] * 2, "target": [-100, -100]}, math.nan),
        ("CrossEntropyLoss", {"ignore_index": 1, **NONE}, {"input": [0.0, 0.0], "target": 1}, 0),
        ("CrossEntropyLoss", NONE, {"input": [0.0, 0.0], "target": [1]}, LOG2),
        ("CrossEntropyLoss", NONE, {"input": [[[0.0, 1.0], [0.0, 1.0]]], "target": [[0, 1]]}, [[LOG2, LOG2]]),
        (
            "CrossEntropyLoss",
            {"weight": [1.0, 3.0], "label_smoothing": 0.5, **NONE},
            {"input": [[0.0, 0.0]], "target": [0]},
            [0.5 * LOG2 + 0.25 * 4 * LOG2],
        ),
        ("CrossEntropyLoss", {}, {"input": [[0.0, 0.0]] * 2, "target": [[1.0, 1.0], [0.0, 0.0]]}, LOG2),
        (
            "CrossEntropyLoss",
            {"weight": [1.0, 3.0], "label_smoothing": 0.5},
            {"input": [[0.0, 0.0]] * 2, "target": [[1.0, 0.0]] * 2},
            (0.75 + 3 * 0.25) * LOG2,
        ),
        ("CrossEntropyLoss", NONE, {"input": [[0.0, -math.inf]], "target": [[1.0, 0.0]]}, [0]),
        ("NLLLoss", {"weight": [1.0, 3.0]}, {"input": [[-1.0, -2.0]] * 3, "target": [0, 1, -100]}, 7 / 4),
        ("NLLLoss", {"reduction": "sum"}, {"input": [[-1.0, -2.0]] * 2, "target": [0, 1]}, 3),
        ("NLLLoss2d", NONE, {"input": [[[[-1.0]], [[-2.0]]]], "target": [[[1]]]}, [[[2]]]),
    ],
)
def test_classes_by_hand(loss, config, inputs, want):
    is_close(computed(loss, config, **inputs), want)


def test_printed_smoothing_and_means():
    rows = {"input": [[0.0, 0.0]] * 2, "target": [0, 1]}
    config = {"weight": [1.0, 3.0], "label_smoothing": 0.5}
    is_close(documented("CrossEntropyLoss", config, **rows), 2 * LOG2)
    impossible = {"input": [[0.0, -math.inf]], "target": [[1.0, 0.0]]}
    assert np.isnan(documented("CrossEntropyLoss", **impossible))


def test_margin_ranking_by_hand():
    inputs = {"input1": [1.0, 1.0, 1.0], "input2": [0.0, 3.0, 3.0], "target": [1.0, 1.0, -1.0]}
    is_close(computed("MarginRankingLoss", {"margin": 0.5, **NONE}, **inputs), [0, 2.5, 0])


def test_variance_as_a_number():
    is_close(
        computed("GaussianNLLLoss", {"full": True}, {"var": 1.0}, input=[0.0], target=[0.0]),
        LOG2 / 2 + math.log(math.pi) / 2,
    )


def test_mean_of_nothing():
    for loss in ("L1Loss", "BCELoss", "KLDivLoss"):
        assert np.isnan(computed(loss, input=np.zeros((0, 3)), target=np.zeros((0, 3))))
        assert computed(loss, {"reduction": "sum"}, input=np.zeros((0, 3)), target=np.zeros((0, 3))) == 0
        assert computed(loss, NONE, input=np.zeros((0, 3)), target=np.zeros((0, 3))).shape == (0, 3)


def test_unknown_reduction():
    with pytest.raises(ValueError, match="reduction 'batchsum'"):
        computed("L1Loss", {"reduction": "batchsum"}, input=[1.0], target=[1.0])


def test_deprecated_arguments():
    pair = {"input": [1.0, 4.0], "target": [0.0, 6.0]}
    is_close(computed("L1Loss", {"size_average": False, "reduction": "mean"}, **pair), 3)
    is_close(computed("L1Loss", {"reduce": False, "size_average": True}, **pair), [1, 2])
    is_close(computed("L1Loss", {"reduce": True, "reduction": "none"}, **pair), 1.5)


def test_documented_weight_is_by_sample():
    pair = {"input": [[0.5, 0.5], [0.5, 0.5]], "target": [[1.0, 0.0], [1.0, 0.0]]}
    config = {**NONE, "weight": [1.0, 3.0]}
    is_close(documented("BCELoss", config, **pair), [[LOG2, LOG2], [3 * LOG2, 3 * LOG2]])
    is_close(computed("BCELoss", config, **pair), [[LOG2, 3 * LOG2], [LOG2, 3 * LOG2]])


def make(loss, inputs, config=None, dtype="float64", wrt=None):
    kinds = {name: "int64" if np.asarray(array).dtype.kind == "i" else dtype for name, array in inputs.items()}
    given = {name: Input.of(array, kinds[name]) for name, array in inputs.items()}
    name = f"torch/{loss} {dtype} {config} { {key: np.shape(array) for key, array in inputs.items()} }"
    wrt = tuple(name for name in given if name != "target") if wrt is None else wrt
    return Case(name, f"torch/{loss}", config or {}, given, dtype, {}, wrt, zlib.crc32(name.encode()))


def spread():
    rng = np.random.default_rng(1)
    shapes = [(), (5,), (3, 2), (2, 3, 2)]
    for shape, dtype, reduction in itertools.product(shapes, ("float64", "float32", "bfloat16"), ("none", "mean")):
        config = {"reduction": reduction}
        pair = {"input": rng.normal(size=shape), "target": rng.normal(size=shape)}
        probabilities = {name: rng.uniform(0.05, 0.95, shape) for name in pair}
        signed = {"input": rng.normal(size=shape), "target": rng.choice([-1.0, 1.0], shape)}
        counts = {"log_input": rng.normal(size=shape), "target": rng.poisson(2, shape) * 1.0}
        for loss in ("L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss"):
            yield make(loss, pair, config, dtype, wrt=("input", "target"))
        yield make("BCELoss", probabilities, config, dtype)
        yield make("BCEWithLogitsLoss", {**probabilities, "input": pair["input"]}, config, dtype)
        yield make("HingeEmbeddingLoss", signed, {**config, "margin": 0.7}, dtype)
        yield make("SoftMarginLoss", signed, config, dtype)
        yield make("PoissonNLLLoss", counts, {**config, "full": True}, dtype)
        yield make("GaussianNLLLoss", {**pair, "var": rng.uniform(0.2, 2, shape)}, {**config, "full": True}, dtype)
        yield make("KLDivLoss", {"input": pair["input"], "target": probabilities["target"]}, config, dtype)
        three = {"input1": pair["input"], "input2": pair["target"], "target": signed["target"]}
        yield make("MarginRankingLoss", three, {**config, "margin": 0.3}, dtype)
        if shape:
            axis = min(1, len(shape) - 1)
            positions = [size for i, size in enumerate(shape) if i != axis]
            labels = {"input": pair["input"], "target": rng.integers(0, shape[axis], positions)}
            classed = {**config, "weight": rng.uniform(0.5, 2, shape[axis]).tolist()}
            for loss in ("CrossEntropyLoss", "NLLLoss"):
                yield make(loss, labels, classed, dtype)
            yield make("CrossEntropyLoss", labels, {**classed, "label_smoothing": 0.3, "ignore_index": 1}, dtype)
            soft = {**probabilities, "input": pair["input"]}
            yield make("CrossEntropyLoss", soft, {**classed, "label_smoothing": 0.3}, dtype, wrt=("input", "target"))


def combined(case):
    answer = reference_worker._called(run([case]))
    return stage.combined(case, reference_worker.formula(case), {"native": answer})["references"]["native"]


def test_torch_agrees_on_a_spread():
    pytest.importorskip("torch")
    for case in spread():
        native = combined(case)
        assert "refused" not in native, (case.id, native)
        assert not {"disagrees", "finding"} & set(native), (case.id, native)


def test_torch_agrees_on_the_quick_cases():
    pytest.importorskip("torch")
    for case in dialects.select(["torch"], quick=True).values():
        native = combined(case)
        assert "disagrees" not in native, (case.id, native)


def test_weights_reach_both_sides():
    loss, names = dialects.of("torch/BCELoss").function(
        make("BCELoss", {"input": [0.5, 0.5], "target": [1.0, 0.0]}, {**NONE, "weight": [1.0, 3.0]}, "float32")
    )
    assert names == ["input", "target"]
    value = loss(np.full(2, 0.5, "float32"), np.array([1.0, 0.0], "float32"))
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, [LOG2, 3 * LOG2], rtol=1e-6)


@pytest.mark.parametrize("found", findings.FINDINGS, ids=lambda found: found.id)
def test_finding_holds(found):
    pytest.importorskip("torch")
    record = found.record()
    assert record["holds"], record["numbers"]
    results.dump(record)
    key = "documentation" if found.kind == DOCUMENTATION else "right"
    assert all({"torch", key} <= set(row) for row in record["numbers"])


@pytest.mark.parametrize("found", [f for f in findings.FINDINGS if f.kind == DOCUMENTATION], ids=lambda found: found.id)
def test_documentation_is_measured_without_torch(monkeypatch, found):
    def missing(self, case):
        raise ImportError("no torch")

    monkeypatch.setattr(dialects.Dialect, "ask", missing)
    assert found.measure().holds


def test_findings_are_records():
    ids = [found.id for name in dialects.dialects() for found in dialects.dialects()[name].known_findings().values()]
    assert len(set(ids)) == len(ids)
    for found in findings.FINDINGS:
        assert found.id.startswith("torch-")
        assert found.cause.endswith(".")
        assert found.loss in REFERENCES


def test_only_the_recorded_overflow_is_explained():
    pytest.importorskip("torch")
    case = Example(
        "SoftMarginLoss", {"input": [-1000.0, 1.0], "target": [1.0, 1.0]}, NONE, wrt=("input",), dialect="torch"
    ).case()
    evidence = evidence_of(case)

    def explained(native):
        return findings.explain(case, native, evidence.value, evidence.gradients)

    assert explained(evidence.native) == "torch-soft-margin-overflow"
    gradient = {"gradients": {"input": np.array([np.nan, np.nan])}}
    assert explained({**evidence.native, **gradient}) is None
    assert explained({**evidence.native, "value": np.array([np.inf, np.inf])}) is None
    assert explained({**evidence.native, "value": np.array([np.nan, evidence.right[1]])}) is None


def test_slopes_see_through_the_clamps():
    gaussian = make("GaussianNLLLoss", {"input": [1.0], "target": [0.0], "var": [0.0]}, NONE)
    slope = gradients(gaussian, [1.0])["var"].lower
    np.testing.assert_allclose(slope, [0.5 * (1e6 - 1e12)], rtol=1e-12)
    certain = make("BCELoss", {"input": [0.0, 1.0, 0.0], "target": [1.0, 0.0, 0.0]}, NONE)
    slope = gradients(certain, [1.0, 1.0, 1.0])["input"].lower
    np.testing.assert_allclose(slope, [-1 / np.float32(1e-12).item(), 1 / np.float32(1e-12).item(), 0])
