"""The references of ``keras.losses``: numbers worked out by hand, Keras itself on the quick cases, and what is recorded of it."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from polyloss_conformance import arrays, dialects, judge, reference_worker, results, stage
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.compare import Outcome, Output
from polyloss_conformance.deviations import keras as findings
from polyloss_conformance.deviations.keras.common import across, computed_by, example
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.deviations.record import DOCUMENTATION
from polyloss_conformance.references import keras_backends, native_keras
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.keras import REFERENCES
from polyloss_conformance.references.keras.common import computed_in
from polyloss_conformance.supervisor import Supervisor

LOG2 = math.log(2)
NONE = {"reduction": "none"}
BY_WEIGHT = {"reduction": "mean_with_sample_weight"}


@pytest.fixture(scope="session")
def keras():
    try:
        return native_keras.import_keras()
    except ImportError as error:
        pytest.skip(str(error))


def numbers(array):
    return np.array([float(x) for x in array.flat]).reshape(array.shape)


def computed(loss, config=None, call=None, **inputs):
    return numbers(REFERENCES[f"keras/{loss}"].value(inputs, config or {}, call or {}))


def documented(loss, config=None, **inputs):
    return numbers(REFERENCES[f"keras/{loss}"].documented_value(inputs, config or {}, {}))


def is_close(got, want):
    want = np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)


ROWS = {"y_true": [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]], "y_pred": [[1.0, 3.0], [2.0, 0.0], [1.0, 0.0]]}
"""Squared errors of 5, 2 and 1/2 a row."""


@pytest.mark.parametrize(
    ("config", "others", "want"),
    [
        ({}, {}, 2.5),
        ({"reduction": "mean"}, {}, 2.5),
        ({"reduction": "sum"}, {}, 7.5),
        (NONE, {}, [5, 2, 0.5]),
        ({"reduction": None}, {}, [5, 2, 0.5]),
        (BY_WEIGHT, {}, 2.5),
        ({}, {"sample_weight": [1.0, 0.0, 2.0]}, 2),
        (BY_WEIGHT, {"sample_weight": [1.0, 0.0, 2.0]}, 2),
        (BY_WEIGHT, {"sample_weight": [1.0, 1.0, 2.0]}, 2),
        (BY_WEIGHT, {"sample_weight": [0.0, 0.0, 0.0]}, 0),
        ({"reduction": "sum"}, {"sample_weight": [[1.0], [0.0], [2.0]]}, 6),
        (NONE, {"sample_weight": 2.0}, [10, 4, 1]),
        (BY_WEIGHT, {"sample_weight": 2.0}, 7.5),
        (NONE, {"sample_weight": [[1.0, 2.0, 0.0]]}, [[5, 4, 0]]),
        ({}, {"mask": [1, 0, 1]}, 2.75),
        ({}, {"mask": [0, 0, 0]}, 0),
        ({"reduction": "sum"}, {"mask": [1, 0, 1]}, 5.5),
        (NONE, {"mask": [1, 0, 1]}, [5, 0, 0.5]),
        (BY_WEIGHT, {"mask": [1, 0, 1]}, 2.75),
        ({}, {"mask": [1, 0, 1], "sample_weight": [1.0, 1.0, 2.0]}, 3),
        (BY_WEIGHT, {"mask": [1, 0, 1], "sample_weight": [[1.0], [1.0], [2.0]]}, 2),
    ],
)
def test_reductions_by_hand(config, others, want):
    is_close(computed("MeanSquaredError", config, **ROWS, **others), want)


def test_weight_that_is_a_number():
    is_close(computed("MeanSquaredError", NONE, {"sample_weight": 3}, **ROWS), [15, 6, 1.5])


def test_weights_broadcast_from_the_right():
    square = {"y_true": np.zeros((2, 2, 1)), "y_pred": [[[1.0], [2.0]], [[3.0], [4.0]]]}
    is_close(computed("MeanSquaredError", NONE, **square, sample_weight=[1.0, 0.0]), [[1, 0], [9, 0]])
    is_close(computed("MeanSquaredError", NONE, **square, sample_weight=[[1.0], [0.0]]), [[1, 4], [0, 0]])
    is_close(
        computed("MeanSquaredError", NONE, **square, sample_weight=[[[1.0], [0.0]], [[0.0], [1.0]]]), [[1, 0], [0, 16]]
    )


def test_ranks():
    column = [[1.0], [3.0]]
    is_close(computed("MeanSquaredError", NONE, y_true=[0.0, 0.0], y_pred=column), [1, 9])
    is_close(computed("MeanSquaredError", NONE, y_true=column, y_pred=[0.0, 0.0]), [1, 9])
    is_close(computed("MeanSquaredError", NONE, y_true=np.zeros((1, 2)), y_pred=[column]), [5])
    is_close(computed("MeanSquaredError", NONE, y_true=[0.0, 2.0], y_pred=np.zeros((3, 2))), [2, 2, 2])
    is_close(computed("MeanSquaredError", y_true=[0.0, 0.0], y_pred=[1.0, 3.0]), 5)
    is_close(computed("MeanSquaredError", NONE, y_true=[0.0], y_pred=[2.0], sample_weight=[3.0]), 12)


def test_empty_batch():
    empty = {"y_true": np.zeros((0, 3)), "y_pred": np.zeros((0, 3))}
    is_close(computed("MeanSquaredError", **empty), 0)
    is_close(computed("MeanSquaredError", {"reduction": "sum"}, **empty), 0)
    assert computed("MeanSquaredError", NONE, **empty).shape == (0,)


@pytest.mark.parametrize(
    ("loss", "config", "true", "pred", "want"),
    [
        ("MeanAbsoluteError", {}, [1.0, 4.0], [0.0, 6.0], 1.5),
        ("MeanAbsolutePercentageError", {}, [1.0, -4.0], [0.0, -6.0], 75),
        ("MeanAbsolutePercentageError", {}, [0.0], [1.0], 1e9),
        ("MeanSquaredLogarithmicError", {}, [1.0, 0.0], [3.0, -5.0], LOG2**2 / 2),
        ("MeanSquaredLogarithmicError", {}, [-1.0], [1.0], (LOG2 - math.log1p(1e-7)) ** 2),
        ("Huber", {"delta": 2}, [0.0, 0.0, 0.0], [1.0, 2.0, -4.0], (0.5 + 2 + 6) / 3),
        ("LogCosh", {}, [0.0, 0.0], [0.0, math.log(2)], math.log(1.25) / 2),
        ("LogCosh", {}, [0.0], [-1000.0], 1000 - LOG2),
        ("CosineSimilarity", {}, [[3.0, 4.0], [1.0, 0.0]], [[3.0, 4.0], [0.0, 5.0]], -0.5),
        ("CosineSimilarity", {"axis": 0, **NONE}, [[3.0, 0.0], [4.0, 0.0]], [[4.0, 1.0], [3.0, 1.0]], [-0.96, 0]),
        ("CosineSimilarity", {}, [1e-8, 0.0], [1.0, 0.0], -0.1),
        ("Poisson", {}, [2.0, 0.0], [1.0 - 1e-7, 3.0], 2 - 5e-8),
        ("Poisson", {}, [1.0], [0.0], 7 * math.log(10)),
    ],
)
def test_by_hand(loss, config, true, pred, want):
    is_close(computed(loss, config, y_true=true, y_pred=pred), want)


def test_printed_formulas():
    is_close(documented("MeanAbsolutePercentageError", y_true=[-1.0], y_pred=[-2.0]), 1e9)
    is_close(documented("MeanSquaredLogarithmicError", y_true=[0.0], y_pred=[-0.5]), LOG2**2)
    assert np.isposinf(documented("Poisson", y_true=[1.0], y_pred=[0.0]))


def test_numbers_of_the_compute_dtype():
    assert computed_in({}, 1 - 1e-7) == 1 - 2.0**-23
    assert computed_in({"dtype": "float16"}, 1 - 1e-7) == 1 - 2.0**-23
    assert computed_in({"dtype": "float64"}, 1 - 1e-7) == 1 - 1e-7


def test_gradients_by_hand():
    inputs = {"y_true": [0.0, 1.0], "y_pred": [2.0, 1.0], "sample_weight": 3.0}
    case = example("MeanAbsoluteError", inputs, wrt=("y_true", "y_pred", "sample_weight")).case()
    found = gradients(case, 1.0)
    assert found["y_pred"].lower.tolist() == [1.5, -1.5]
    assert found["y_pred"].upper.tolist() == [1.5, 1.5]
    assert found["y_true"].lower[0] == -1.5
    assert found["sample_weight"].lower == 1


# --- Keras itself -----------------------------------------------------------------------------------------------------------------


def combined(case):
    answer = reference_worker._called(native_keras.run([case]))
    return stage.combined(case, reference_worker.formula(case), {"native": answer})["references"]["native"]


def test_keras_agrees_on_the_quick_cases(keras):
    for case in dialects.select(["keras"], quick=True).values():
        native = combined(case)
        assert "disagrees" not in native, (case.id, native)


@pytest.fixture(scope="module")
def asked():
    """What Keras says of the quick cases on its three backends, each in a process of its own."""
    cases = dialects.select(["keras"], quick=True)
    with ThreadPoolExecutor(max_workers=1) as pool:
        made = stage.Stage(pool, Supervisor(), 1, 120.0)
        native = {name: probe.result() for name, probe in made.probe(["keras"]).items()}
        records = made.make(cases, native)
    return native, {record["id"]: record for record in records if record["record"] == "case"}


@pytest.mark.parametrize("place", ["torch", "jax"])
def test_keras_on_its_other_backends(asked, place):
    (native, records) = asked
    if "unavailable" in native[f"keras on {place}"]:
        pytest.skip(native[f"keras on {place}"]["unavailable"])
    assert set(native[f"keras on {place}"]["versions"]) == {"keras", place}
    answers = {name: record["references"].get(f"native on {place}") for name, record in records.items()}
    assert [name for name, answer in answers.items() if answer is not None and "disagrees" in answer] == []
    assert sum(answer is not None and "value" in answer for answer in answers.values()) > len(answers) // 2
    assert {answer.get("finding") for answer in answers.values() if answer} >= {"keras-circle-gradient"}


def test_a_backend_of_keras_that_is_missing():
    with ThreadPoolExecutor(max_workers=1) as pool:
        made = stage.Stage(pool, Supervisor(), 1, 120.0)
        said = made._load(dialects.dialects()["keras"], dialects.Elsewhere("none", {"KERAS_BACKEND": "none"}))
    assert "none" in said["unavailable"]


CASE = example("MeanAbsoluteError", {"y_true": [0.0, 1.0], "y_pred": [2.0, 1.0]}, wrt=("y_pred",)).case()


def elsewhere(value, gradient):
    """The record of a case on which Keras on PyTorch gives this."""
    answer = {"value": arrays.write(np.array(value), "float32")}
    answer["gradients"] = {"y_pred": arrays.write(np.array(gradient), "float32")}
    return stage.combined(CASE, reference_worker.formula(CASE), {"native on torch": answer})


def test_other_numbers_elsewhere_fail_cells():
    slope = float(CASE.upstream(())) / 2
    right = Outcome(Output(np.array(1.0), "float32"), {"y_pred": Output(np.array([slope, 0.0]), "float32")})
    good = judge.judge(CASE, elsewhere(1.0, [slope, 0.0]), right)
    assert good["status"] == "pass"
    assert {check[0] for check in good["checks"]} == {"formula", "native on torch"}
    at_the_kink = judge.judge(CASE, elsewhere(1.0, [slope, slope]), right)
    assert at_the_kink["status"] == "pass"
    for value, gradient in ((1.5, [slope, 0.0]), (1.0, [0.0, 0.0])):
        bad = judge.judge(CASE, elsewhere(value, gradient), right)
        assert bad["status"] == "fail"
        assert "native on torch library disagrees" in bad["message"]


def test_masks_reach_keras(keras):
    inputs = {name: Input.of(values, "float32") for name, values in ROWS.items()}
    case = Case(
        "", "keras/MeanSquaredError", {}, {**inputs, "mask": Input.of([1, 0, 1], "bool")}, "float32", wrt=("y_pred",)
    )
    ((_, found),) = native_keras.run([case])
    assert found["value"] == 2.75
    assert not found["gradients"]["y_pred"][1].any()


def test_keras_on_another_backend_is_none(keras, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="runs on jax"):
        native_keras.import_keras()


@pytest.mark.parametrize("found", findings.FINDINGS, ids=lambda found: found.id)
def test_finding_holds(keras, found):
    try:
        record = found.record()
    except ImportError as error:
        pytest.skip(str(error))
    assert record["holds"], record["numbers"]
    results.dump(record)
    key = "documentation" if found.kind == DOCUMENTATION else "right"
    assert all(key in row for row in record["numbers"])


@pytest.mark.parametrize("found", [f for f in findings.FINDINGS if f.kind == DOCUMENTATION], ids=lambda found: found.id)
def test_documentation_is_measured_without_keras(monkeypatch, found):
    def missing(self, case):
        raise ImportError("no Keras")

    monkeypatch.setattr(dialects.Dialect, "ask", missing)
    assert found.measure().holds


def test_findings_are_records():
    for found in findings.FINDINGS:
        assert found.id.startswith("keras-")
        assert found.cause.endswith(".")
        assert found.loss in REFERENCES


def test_other_numbers_of_a_backend_do_not_hold(monkeypatch, keras):
    said = {"value": np.array(4.0), "gradients": {}}
    monkeypatch.setattr("polyloss_conformance.deviations.keras.common.ask", lambda backend, case: said)
    error = example("MeanSquaredError", {"y_true": [0.0], "y_pred": [2.0]})
    assert across(error, "value", 4.0, tensorflow=4.0, jax=4.0)().holds
    assert not across(error, "value", 4.0, tensorflow=4.0, jax=5.0)().holds
    assert not across(error, "value", 4.0, tensorflow=5.0, jax=4.0)().holds
    assert not across(error, "value", 5.0, tensorflow=4.0, jax=4.0)().holds


def test_a_library_that_is_missing(monkeypatch):
    class Missing:
        unavailable = "ModuleNotFoundError: No module named 'jax'"

    monkeypatch.setattr(keras_backends, "_process", lambda backend: Missing)
    with pytest.raises(ImportError, match="jax"):
        keras_backends.ask("jax", example("MeanSquaredError", {"y_true": [0.0], "y_pred": [2.0]}).case())


def test_only_the_recorded_numbers_are_explained(keras):
    case = example("LogCosh", {"y_true": [0.0], "y_pred": [1.0]}, dtype="float64", wrt=("y_pred",)).case()
    evidence = evidence_of(case)

    def explained(native):
        return findings.explain(case, native, evidence.value, evidence.gradients)

    assert explained(evidence.native) == "keras-log-cosh-constant"
    assert explained({**evidence.native, "value": evidence.native["value"] - 1e-10}) is None
    assert explained({**evidence.native, "gradients": {"y_pred": np.array([1.0])}}) is None
    reference = REFERENCES["keras/LogCosh"].compute
    assert not computed_by(reference)(evidence)["value"]
