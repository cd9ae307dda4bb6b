"""Every recorded deviation still holds, and explains what it is about and nothing else."""

import dataclasses

import numpy as np
import pytest
from polyloss_conformance import deviations, results
from polyloss_conformance.deviations import documentation
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.deviations.record import DOCUMENTATION, Evidence, Example
from polyloss_conformance.references.differentiate import Slopes
from polyloss_conformance.references.exact import exact

PRINTED = [found for found in deviations.FINDINGS if found.kind == DOCUMENTATION]
NATIVE = [found for found in deviations.FINDINGS if found.kind != DOCUMENTATION]


@pytest.mark.parametrize("found", NATIVE, ids=lambda found: found.id)
def test_native_deviation_holds(mxnet, found):
    record = found.record()
    assert record["holds"], record["numbers"]
    results.dump(record)
    assert all("right" in numbers and "mxnet" in numbers for numbers in record["numbers"])


@pytest.mark.parametrize("found", PRINTED, ids=lambda found: found.id)
def test_documentation_deviates_from_mxnet(mxnet, found):
    record = found.record()
    assert record["holds"], record["numbers"]
    results.dump(record)
    assert all("mxnet" in numbers for numbers in record["numbers"])


@pytest.mark.parametrize("found", PRINTED, ids=lambda found: found.id)
def test_documentation_is_measured_without_mxnet(monkeypatch, found):
    def missing(cases):
        raise ImportError("no MXNet")

    monkeypatch.setattr(documentation, "run", missing)
    measured = found.measure()
    assert measured.holds, measured.numbers
    assert all({"documentation", "code"} <= set(numbers) for numbers in measured.numbers)


def test_other_numbers_do_not_hold(monkeypatch):
    monkeypatch.setattr(documentation, "run", lambda cases: iter([("", {"value": np.array([2.0])})]))
    example = Example("L1Loss", {"pred": [[1.0, 3.0]], "label": [[0.0, 0.0]]})
    assert documentation._documented("a", "", "", example, [4.0], [2.0]).measure().holds
    assert not documentation._documented("a", "", "", example, [4.1], [2.0]).measure().holds
    assert not documentation._documented("a", "", "", example, [4.0], [2.1]).measure().holds
    monkeypatch.setattr(documentation, "run", lambda cases: iter([("", {"value": np.array([4.0])})]))
    assert not documentation._documented("a", "", "", example, [4.0], [2.0]).measure().holds


def test_records():
    assert len({found.id for found in deviations.FINDINGS}) == len(deviations.FINDINGS)
    for found in deviations.FINDINGS:
        assert found.cause.endswith(".")
        assert "1.9.1" in found.evidence
        assert found.follows in ("formula", "native")
        assert deviations.finding(found.id) is found
    with pytest.raises(KeyError):
        deviations.finding("nothing")


def evidence(loss, inputs, native, value, gradients=None, config=None, dtype="float32", wrt=()):
    case = Example(loss, inputs, config or {}, {}, dtype, wrt).case()
    slopes = {name: Slopes(np.asarray(slope), np.asarray(slope)) for name, slope in (gradients or {}).items()}
    return Evidence(case, native, exact(value), slopes)


def explained(given):
    return deviations.explain(given.case, given.native, given.value, given.gradients)


def with_native(given, what, index, number):
    """The same with one native number changed."""
    native = {
        "value": np.array(given.native["value"]),
        "gradients": {k: np.array(v) for k, v in given.native["gradients"].items()},
    }
    array = native["value"] if what == "value" else native["gradients"][what]
    array[index] = number
    return dataclasses.replace(given, native=native)


def zero_logit(slope, pos_weight=None, loss="SigmoidBCELoss"):
    inputs = {"pred": [[0.0, 1.0]], "label": [[1.0, 1.0]]} | ({"pos_weight": [[3.0, 1.0]]} if pos_weight else {})
    upstream = Example(loss, inputs).case().upstream((1,))
    right = np.array([[-0.5 * (3 if pos_weight else 1), -0.25]]) * upstream / 2
    got = np.array([[slope, -0.25]]) * upstream / 2
    return evidence(loss, inputs, {"value": [0.5], "gradients": {"pred": got}}, [0.5], {"pred": right}, wrt=("pred",))


def test_slope_at_a_logit_of_0():
    assert explained(zero_logit(-1.0)) == "bce-slope-at-0"
    assert explained(zero_logit(-1.0, loss="LogisticLoss")) == "logistic-slope-at-0"
    assert explained(zero_logit(0.0, pos_weight=True)) == "bce-slope-at-0"
    assert explained(zero_logit(-0.5)) is None  # agrees
    assert explained(zero_logit(-0.99)) is None  # is off in another way
    assert explained(with_native(zero_logit(-1.0), "pred", (0, 1), 5.0)) is None  # is off elsewhere as well
    assert explained(with_native(zero_logit(-1.0), "value", 0, 0.6)) is None


@pytest.mark.parametrize(
    ("example", "name", "what", "index", "number"),
    [
        (Example("SDMLLoss", {"x1": [[1.0]], "x2": [[3.0]]}, wrt=("x1",)), "sdml-batch-of-1", "value", 0, 1.0),
        (
            Example(
                "CosineEmbeddingLoss",
                {"input1": [[0.0, 0.0], [1.0, 0.0]], "input2": [[1.0, 2.0], [1.0, 1.0]], "label": [1.0, 1.0]},
                wrt=("input1",),
            ),
            "cosine-zero-vector",
            "input1",
            (1, 0),
            np.nan,
        ),
        (
            Example("CTCLoss", {"pred": [[[0.0, 1.0]], [[1.0, 0.0]]], "label": [[0.0], [0.0]]}, wrt=("pred",)),
            None,
            "value",
            0,
            0.0,
        ),
        (
            Example("CTCLoss", {"pred": [[[0.0, 1.0, 0.0]] * 2] * 2, "label": [[1.0, 1.0], [0.0, 1.0]]}),
            "ctc-infeasible",
            "value",
            0,
            1.0,
        ),
        (
            Example("CTCLoss", {"pred": [[[0.0, 1.0, 0.0]] * 2] * 2, "label": [[1.0, 1.0], [0.0, 1.0]]}),
            "ctc-infeasible",
            "value",
            1,
            0.0,
        ),
        (
            Example("CTCLoss", {"pred": [[[20.0, 0.0, 0.0], [0.0, 20.0, 0.0]]], "label": [[0.0, 1.0]]}, wrt=("pred",)),
            "ctc-certain",
            "pred",
            (0, 0, 0),
            0.7,
        ),
        (
            Example("HuberLoss", {"pred": [[40000.0, 1.0]], "label": [[0.0, 0.0]]}, dtype="float16", wrt=("pred",)),
            "huber-steep",
            "pred",
            (0, 1),
            np.nan,
        ),
        (
            Example(
                "KLDivLoss", {"pred": [[-1.0, -1.0], [-1.0, -1.0]], "label": [[0.0, 0.5], [0.5, 0.5]]}, dtype="float16"
            ),
            "kl-half-epsilon",
            "value",
            1,
            np.nan,
        ),
        (
            Example(
                "L2Loss", {"pred": [[300.0, 1.0]], "label": [[0.0, 0.0]], "sample_weight": [[0.5]]}, dtype="float16"
            ),
            "half-range",
            "value",
            0,
            9000.0,
        ),
        (
            Example(
                "TripletLoss",
                {"pred": [[300.0], [1.0]], "positive": [[0.0], [0.0]], "negative": [[0.0], [0.0]]},
                dtype="float16",
            ),
            "triplet-range",
            "value",
            1,
            np.nan,
        ),
    ],
    ids=str,
)
def test_explains_what_mxnet_does_and_nothing_else(mxnet, example, name, what, index, number):
    given = evidence_of(example.case())
    assert explained(given) == name
    assert explained(with_native(given, what, index, number)) is None


def test_refusals():
    inputs = {"input1": [[1.0]], "input2": [[1.0]], "label": [1.0]}
    said = "MXNetError: Incompatible attr in node  at 1-th input: expected float64, got float32"
    given = evidence("CosineEmbeddingLoss", inputs, {"refused": said}, [[0.0]], dtype="float64")
    assert explained(given) == "cosine-float32-only"
    assert explained(dataclasses.replace(given, native={"refused": "MXNetError: out of memory"})) is None
    assert explained(evidence("CosineEmbeddingLoss", inputs, {"refused": said}, [[0.0]])) is None  # not in float32


def test_wrong_shape_is_not_explained():
    inputs = {"x1": [[1.0]], "x2": [[3.0]]}
    native = {"value": np.full((1, 1), np.nan), "gradients": {}}
    assert explained(evidence("SDMLLoss", inputs, native, [0.0])) is None
