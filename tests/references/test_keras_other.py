"""The references of Keras's hinges, overlaps, circle, CTC and wrapped functions: numbers worked out by hand, and what explains what."""

import math
from dataclasses import replace

import numpy as np
import pytest
from polyloss_conformance import dialects, reference_worker, stage
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.deviations import keras as findings
from polyloss_conformance.deviations.keras.common import example
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.references import native_keras
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.keras import REFERENCES

from polyloss.keras import losses

LOG2 = math.log(2)
NONE = {"reduction": "none"}
LOSSES = ("Hinge", "SquaredHinge", "CategoricalHinge", "Dice", "Tversky", "Circle", "CTC", "LossFunctionWrapper")


@pytest.fixture(scope="session")
def keras():
    try:
        return native_keras.import_keras()
    except ImportError as error:
        pytest.skip(str(error))


def numbers(array):
    return np.array([float(x) for x in array.flat]).reshape(array.shape)


def computed(loss, true, pred, config=None, **others):
    return numbers(REFERENCES[f"keras/{loss}"].value({"y_true": true, "y_pred": pred, **others}, config or {}, {}))


def is_close(got, want, tolerance=1e-14):
    want = np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("loss", "true", "pred", "want"),
    [
        ("Hinge", [[1.0, -1.0], [1.0, 1.0]], [[0.5, 3.0], [2.0, 1.0]], [2.25, 0]),
        ("Hinge", [[1.0, 0.0], [1.0, 1.0]], [[0.5, 3.0], [2.0, 1.0]], [2.25, 0]),
        ("Hinge", [[0.0, 0.0]], [[0.5, -1.0]], [0.75]),
        ("Hinge", [[0.0, 0.5]], [[0.5, -1.0]], [1.25]),
        ("Hinge", [1.0, -1.0], [[0.0], [2.0]], [1, 3]),
        ("SquaredHinge", [[1.0, 0.0], [1.0, 1.0]], [[0.5, 3.0], [2.0, 1.0]], [8.125, 0]),
        ("SquaredHinge", [[2.0, -1.0]], [[0.25, 0.0]], [0.625]),
        ("CategoricalHinge", [[0.0, 1.0, 0.0]] * 2, [[1.0, 1.5, -1.0], [1.0, 3.0, 1.0]], [0.5, 0]),
        ("CategoricalHinge", [[0.0, 1.0]], [[-3.0, -1.0]], [2]),
        ("CategoricalHinge", [[0.5, 0.5]], [[1.0, 4.0]], [0.5]),
    ],
)
def test_hinges_by_hand(loss, true, pred, want):
    is_close(computed(loss, true, pred, NONE), want)


def test_signs_are_of_the_whole_batch():
    is_close(computed("Hinge", [[0.0, 1.0], [0.0, -1.0]], [[1.0, 1.0]] * 2, NONE), [0.5, 1.5])


HALF = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("loss", "config", "true", "pred", "want"),
    [
        ("Dice", {}, *HALF, 0.5),
        ("Dice", {}, [0.0, 0.0], [0.0, 0.0], 1),
        ("Dice", {}, [1.0, 0.0], [0.0, 1.0], 1),
        ("Dice", {"axis": 0, **NONE}, [[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 0.0]], [1 / 3, 1 / 3]),
        ("Dice", {"axis": [-1], **NONE}, [[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 0.0]], [0, 1]),
        ("Dice", {"axis": -1}, [[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 0.0]], 0.5),
        ("Tversky", {}, *HALF, 0.5),
        ("Tversky", {"alpha": 1.0, "beta": 0.0}, [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], 2 / 3),
        ("Tversky", {"alpha": 0.0, "beta": 1.0}, [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], 0),
        ("Tversky", {"alpha": 0.0, "beta": 3.0}, [1.0, 1.0], [1.0, 0.0], 0.75),
    ],
)
def test_overlaps_by_hand(loss, config, true, pred, want):
    is_close(computed(loss, true, pred, config), want, 1e-6)


def test_epsilon_of_overlaps():
    tiny = REFERENCES["keras/Dice"].value({"y_true": [1e-7], "y_pred": [1.0]}, {"dtype": "float64"}, {})
    is_close(numbers(tiny), 1 - 2e-7 / (1 + 2e-7), 1e-16)
    printed = REFERENCES["keras/Dice"].documented_value({"y_true": [1e-7], "y_pred": [1e-7]}, {}, {})
    is_close(numbers(printed), 1 - 1e-7, 1e-14)


AXES = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]


def test_circle_by_hand():
    """Distances 1, 2 and 1; a row without a partner costs nothing."""
    got = computed("Circle", [0, 0, 1], AXES, {"gamma": 2.0, "margin": 0.5, **NONE})
    near = 2 * 1.5 * 0.5  # distance 1
    (far_0, far_1) = (0.0, 2 * 0.5 * -0.5)  # the weight at distance 2 is cut off at 0
    is_close(got, [math.log1p(math.exp(near + far_0)), math.log1p(math.exp(near + far_1)), 0])
    mean = computed("Circle", [0, 0, 1], AXES, {"gamma": 2.0, "margin": 0.5})
    is_close(mean, got.sum() / 2)
    is_close(computed("Circle", [0, 1, 2], AXES), 0)
    is_close(computed("Circle", [0, 0, 0], AXES), 0)


def test_diagonal_of_the_circle():
    config = {"gamma": 2.0, "margin": 0.5, "remove_diagonal": False, **NONE}
    got = computed("Circle", [0, 1], AXES[:2], config)
    is_close(got, [math.log1p(math.exp(-0.5 - 0.5))] * 2)


def test_references_of_the_circle():
    others = {"ref_labels": [0, 1], "ref_embeddings": [[0.0, 1.0], [0.0, -1.0]]}
    config = {"gamma": 2.0, "margin": 0.5, "remove_diagonal": False, **NONE}
    is_close(computed("Circle", [0], AXES[:1], config, **others), [math.log1p(math.exp(1.5 - 0.5))])
    # The first of the references is not compared with the first row, as if it were that.
    is_close(computed("Circle", [0], AXES[:1], {**config, "remove_diagonal": True}, **others), [0])


@pytest.mark.parametrize(("fixed", "want"), [(True, 3.0), (False, 4.0)])
def test_weights_of_the_circle_in_its_gradient(fixed, want):
    """Of d = 1 - x in 2 (m + d) (d - m) + 0 the slope at d = 1 is 2 (m + 1), or 4."""
    inputs = {"y_true": [0, 0, 1], "y_pred": AXES}
    config = {"gamma": 2.0, "margin": 0.5, "fixed_weights": fixed, **NONE}
    kinds = {"y_true": "int32", "y_pred": "float64"}
    given = {name: Input.of(array, kinds[name]) for name, array in inputs.items()}
    case = Case("circle", "keras/Circle", {**config, "dtype": "float64"}, given, "float64", {}, ("y_pred",))
    slope = gradients(case, [1.0, 0.0, 0.0])["y_pred"]
    odds = math.exp(1.5)
    # y_pred[0] . y_pred[1] has the slope 0, 1 in y_pred[0]; the pair's share of the loss is odds / (1 + odds).
    np.testing.assert_allclose(slope.lower[0, 1], -want * odds / (1 + odds), rtol=1e-12)


def test_ctc_by_hand():
    (two, three) = (np.zeros((1, 2, 2)), np.zeros((1, 2, 3)))
    is_close(computed("CTC", [[1]], two, NONE), [-math.log(3 / 4)])
    is_close(computed("CTC", [[1, 0]], three, NONE), [math.log(3)])
    is_close(computed("CTC", [[1, 2]], three, NONE), [math.log(9)])
    is_close(computed("CTC", [[0, 0]], three, NONE), [math.log(9)])
    is_close(computed("CTC", [[1, 1]], three, NONE), [math.inf])
    is_close(computed("CTC", [[1, 1]], np.zeros((1, 3, 2)), NONE), [3 * LOG2])
    certain = [[[0.0, 3.0], [0.0, 3.0]]]
    lost = 1 / (1 + math.exp(3))
    is_close(computed("CTC", [[1]], certain), -math.log(1 - lost**2))


@pytest.mark.parametrize(
    ("config", "others", "want"),
    [
        ({"fn": "absolute"}, {}, 2),
        ({"fn": "absolute", **NONE}, {"sample_weight": [[1.0], [2.0]]}, [[1, 3], [4, 4]]),
        ({"fn": "absolute"}, {"sample_weight": [1.0, 0.0], "mask": [[1, 1], [0, 1]]}, 1 / 3),
        ({"fn": "absolute", "reduction": "mean_with_sample_weight"}, {"mask": [[1, 1], [0, 1]]}, 2),
        ({"fn": "scaled", "scale": 3.0, "reduction": "sum"}, {}, 54),
        ({"fn": "rows", **NONE}, {"sample_weight": [[1.0], [2.0]]}, [[4], [8]]),
        ({"fn": "total"}, {}, 18),
        ({"fn": "total", "reduction": "mean"}, {"sample_weight": [1.0, 2.0]}, 27),
        ({"fn": "huber", "delta": 2.0, **NONE}, {}, [2.25, 2]),
    ],
)
def test_wrapped_functions_by_hand(config, others, want):
    is_close(
        computed("LossFunctionWrapper", [[0.0, 0.0], [1.0, 1.0]], [[1.0, -3.0], [3.0, -1.0]], config, **others), want
    )


def test_polyloss_does_what_the_findings_say():
    (two, three) = (np.zeros((1, 2, 2)), np.zeros((1, 2, 3)))
    is_close(losses.hinge(np.array([1.0, -1.0]), np.array([[0.0], [2.0]])), [1, 3])
    with pytest.raises(ValueError, match="y_true has shape"):
        losses.Dice()(np.ones((2, 1)), np.ones((2, 2)))
    for labels in ([[7]], [[0, 1]]):
        with pytest.raises(ValueError, match="y_true must hold"):
            losses.CTC()(np.array(labels), three)
    assert np.isinf(losses.CTC()(np.array([[1, 1]]), two))


def combined(case):
    answer = reference_worker._called(native_keras.run([case]))
    return stage.combined(case, reference_worker.formula(case), {"native": answer})["references"]["native"]


def test_keras_agrees_or_is_explained(keras):
    """One draw of every layout."""
    seen = set()
    for case in dialects.cases_of("keras").values():
        layout = case.id.rpartition("/")[0]
        if case.loss.removeprefix("keras/") in LOSSES and layout not in seen:
            seen.add(layout)
            native = combined(case)
            assert "refused" not in native or "finding" in native, (case.id, native)
            assert "disagrees" not in native, (case.id, native)
    assert len(seen) > 80


def explained(evidence, **native):
    changed = {**evidence.native, **native}
    return findings.explain(evidence.case, changed, evidence.value, evidence.gradients)


TVERSKY = example("Tversky", {"y_true": [1.0, 0.0], "y_pred": [1.0, 1.0]}, {"alpha": 0.9, "beta": 0.1}, wrt=("y_pred",))
CIRCLE = example(
    "Circle",
    {"y_true": [0, 0, 1], "y_pred": [[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]]},
    {"gamma": 2.0, **NONE},
    dtypes={"y_true": "int32"},
    wrt=("y_pred",),
)
IMPOSSIBLE = example(
    "CTC",
    {"y_true": [[1, 1], [1, 2]], "y_pred": np.zeros((2, 2, 3)).tolist()},
    NONE,
    dtypes={"y_true": "int32"},
    wrt=("y_pred",),
)


def test_only_exchanged_arguments_are_explained(keras):
    evidence = evidence_of(TVERSKY.case())
    assert explained(evidence) == "keras-tversky-swapped"
    assert explained(evidence, value=np.array(0.2)) is None
    assert explained(replace_config(evidence, alpha=0.1, beta=0.1)) is None


def replace_config(evidence, **config):
    case = replace(evidence.case, config=config)
    return replace(evidence, case=case)


def test_only_kerass_gradient_of_the_circle_is_explained(keras):
    evidence = evidence_of(CIRCLE.case())
    assert explained(evidence) == "keras-circle-gradient"
    gradient = evidence.native["gradients"]["y_pred"]
    assert explained(evidence, gradients={"y_pred": 2 * gradient}) is None
    assert explained(evidence, value=2 * evidence.native["value"]) is None
    assert explained(replace_config(evidence, **CIRCLE.config, fixed_weights=False)) is None


def test_only_what_is_impossible_is_explained(keras):
    evidence = evidence_of(IMPOSSIBLE.case())
    assert explained(evidence) == "keras-ctc-log-zero"
    gradient = np.array(evidence.native["gradients"]["y_pred"])
    gradient[1] += 0.1
    assert explained(evidence, gradients={"y_pred": gradient}) is None
    assert explained(evidence, value=evidence.native["value"] + [0, 1]) is None
