"""The references of the Keras losses of probabilities: numbers worked out by hand, Keras itself, and what its deviations explain."""

import math

import numpy as np
import pytest
from polyloss_conformance.deviations import keras as findings
from polyloss_conformance.deviations.keras.common import example
from polyloss_conformance.deviations.measure import evidence_of
from polyloss_conformance.deviations.record import Example
from polyloss_conformance.references.differentiate import gradients
from polyloss_conformance.references.keras import REFERENCES
from polyloss_conformance.references.native_keras import import_keras

LOG2, LOG3, LOG4_3 = math.log(2), math.log(3), math.log(4 / 3)
LOW, HIGH = -math.log(np.float32(1e-7)), -math.log(1 - float(np.float32(1 - 1e-7)))
"""What certain mistakes cost: of label 1, and of label 0."""
SPARSE, GENERALIZED = "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"
FOCAL = "CategoricalFocalCrossentropy"
NONE = {"reduction": "none"}
LOGITS = {"from_logits": True, **NONE}
HALF = {"y_true": [[1.0, 0.0]], "y_pred": [[0.5, 0.5]]}
THIRDS = [[1 / 3, 1 / 3, 1 / 3]]


@pytest.fixture(scope="module")
def keras():
    try:
        return import_keras()
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("loss", "config", "inputs", "want"),
    [
        ("BinaryCrossentropy", {}, HALF, LOG2),
        ("BinaryCrossentropy", NONE, {"y_true": [[1.0], [0.0]], "y_pred": [[0.0], [1.0]]}, [LOW, HIGH]),
        ("BinaryCrossentropy", {"dtype": "float64"}, {"y_true": [[1.0]], "y_pred": [[-3.0]]}, -math.log(1e-7)),
        ("BinaryCrossentropy", {"label_smoothing": 0.5}, {"y_true": [[1.0]], "y_pred": [[0.25]]}, 0.75 * 2 * LOG2 - 0.25 * math.log(0.75)),
        ("BinaryCrossentropy", LOGITS, {"y_true": [[1.0, 0.0], [0.0, 0.0]], "y_pred": [[0.0, 1e4], [0.0, 0.0]]}, [(LOG2 + 1e4) / 2, LOG2]),
        ("BinaryCrossentropy", {"axis": 0, **NONE}, {"y_true": [[1, 0]] * 2, "y_pred": [[0.5, 0.25], [0.25, 0.25]]}, [1.5 * LOG2, LOG4_3]),
        ("BinaryCrossentropy", {"axis": (0, 1), **NONE}, HALF, LOG2),
        ("BinaryCrossentropy", {"axis": None}, HALF, LOG2),
        ("BinaryCrossentropy", {}, {**HALF, "sample_weight": [3.0]}, 3 * LOG2),
        ("BinaryFocalCrossentropy", {}, HALF, 0.25 * LOG2),
        ("BinaryFocalCrossentropy", {"gamma": 0}, HALF, LOG2),
        ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1, "axis": 0, **NONE}, HALF, [0.125 * LOG2, 0.375 * LOG2]),
        ("BinaryFocalCrossentropy", LOGITS, {"y_true": [[1.0], [0.0]], "y_pred": [[0.0], [1e4]]}, [0.25 * LOG2, 1e4]),
        ("BinaryFocalCrossentropy", {"gamma": 0.5}, {"y_true": [[0.0]], "y_pred": [[0.0]]}, 0),
        ("CategoricalCrossentropy", NONE, {"y_true": [[0.0, 1.0, 0.0]], "y_pred": [[2.0, 1.0, 1.0]]}, [2 * LOG2]),
        ("CategoricalCrossentropy", NONE, {"y_true": [[0.0, 1.0], [0.0, 1.0]], "y_pred": [[0.0, 0.0], [1.0, 0.0]]}, [LOW, LOW]),
        ("CategoricalCrossentropy", LOGITS, {"y_true": [[0.0, 2.0]], "y_pred": [[1e4, -1e4]]}, [4e4]),
        (
            "CategoricalCrossentropy",
            {"label_smoothing": 0.3, "axis": 1, **NONE},
            {"y_true": [[[1.0], [0.0], [0.0]]], "y_pred": [[[0.5], [0.25], [0.25]]]},
            [[(0.8 + 2 * 0.2) * LOG2]],
        ),
        (FOCAL, {}, {"y_true": [[0.0, 1.0]], "y_pred": [[0.5, 0.5]]}, 0.0625 * LOG2),
        (FOCAL, {"alpha": [1, 2, 3], "gamma": 1}, {"y_true": [[0, 0.5, 0.5]], "y_pred": THIRDS}, 2.5 * 2 / 3 * LOG3),
        (FOCAL, {"from_logits": True, "gamma": 0, "alpha": 1.0}, {"y_true": [[0.0, 1.0]], "y_pred": [[1e4, 0.0]]}, LOW),
        (SPARSE, {}, {"y_true": [1, 0], "y_pred": [[0.5, 0.5], [0.25, 0.75]]}, 1.5 * LOG2),
        (SPARSE, NONE, {"y_true": [[1]], "y_pred": [[2.0, 0.5]]}, [math.log(3 - 2**-22)]),
        (SPARSE, {"ignore_class": 9}, {"y_true": [1, 9], "y_pred": [[0.5, 0.5], [0.1, 0.9]]}, LOG2),
        (SPARSE, {"ignore_class": 9}, {"y_true": [9, 9], "y_pred": [[0.5, 0.5], [0.1, 0.9]]}, 0),
        (SPARSE, {"axis": 1, **LOGITS}, {"y_true": [[0, 1]], "y_pred": [[[0.0, 5.0], [0.0, 5.0]]]}, [[LOG2, LOG2]]),
        (GENERALIZED, {}, {"y_true": [1], "y_pred": [[0.75, 0.25]]}, 1),
        (GENERALIZED, {"q": 0.25, **NONE}, {"y_true": [[0], [1]], "y_pred": [[0.0625, 0.0], [1.0, 0.0]]}, [2, 4]),
        ("KLDivergence", {}, {"y_true": [[0.5, 0.5]], "y_pred": [[0.25, 0.75]]}, 0.5 * LOG2 + 0.5 * math.log(2 / 3)),
        ("KLDivergence", NONE, {"y_true": [[2.0]], "y_pred": [[-1.0]]}, [LOW]),
    ],
)  # fmt: skip
def test_by_hand(loss, config, inputs, want):
    got = REFERENCES[f"keras/{loss}"].value(inputs, config, {})
    got = np.array([float(x) for x in got.flat]).reshape(got.shape)
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)


def slope(loss, inputs, config=None, dtypes=None):
    case = Example(loss, inputs, config or {}, wrt=("y_pred",), dtypes=dtypes or {}, dialect="keras").case()
    found = gradients(case, np.ones(()))["y_pred"]
    np.testing.assert_array_equal(found.smooth, True)
    return found.lower


def test_slopes_end_at_the_bounds():
    mistakes = {"y_true": [[1.0, 0.0]], "y_pred": [[0.0, 1.0]]}
    np.testing.assert_array_equal(slope("BinaryCrossentropy", mistakes), 0)
    np.testing.assert_array_equal(slope("CategoricalCrossentropy", mistakes), 0)
    np.testing.assert_array_equal(slope("CategoricalCrossentropy", {**mistakes, "y_pred": [[0.0, 0.0]]}), 0)
    np.testing.assert_array_equal(
        slope("BinaryFocalCrossentropy", {**mistakes, "y_pred": [[1.0, 0.0]]}, {"gamma": 0.5}), 0
    )
    np.testing.assert_allclose(slope("BinaryCrossentropy", HALF), [[-1, 1]], rtol=1e-12)


def test_infinite_slope_is_not_known():
    case = Example(GENERALIZED, {"y_true": [0], "y_pred": [[0.0, 1.0]]}, wrt=("y_pred",), dialect="keras").case()
    np.testing.assert_array_equal(gradients(case, np.ones(()))["y_pred"].lower, [[np.nan, 0]])


PAIR = ("y_true", "y_pred")
CLASSES = {"y_true": "int64"}
INSIDE = [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]


def shown(kind, true, pred, config=None, wrt=("y_pred",), **more):
    return example(kind, {"y_true": true, "y_pred": pred}, config, wrt=wrt, **more)


EXPLAINED = [
    (
        shown("CategoricalCrossentropy", [[0.0, 1.0]] * 2, [[0.0, 0.0], [0.5, 0.5]], NONE, PAIR),
        "keras-zero-row",
        ("y_pred", (1, 0), np.nan),
    ),
    (
        shown("CategoricalCrossentropy", [[0.0, 0.0]], [[1.0, 0.0]], LOGITS),
        "keras-logits-labels",
        ("y_pred", (0, 0), 0.7),
    ),
    (
        shown("CategoricalCrossentropy", INSIDE, [[[0.5, 0.25]] * 3], {"axis": 1, "label_smoothing": 0.5, **NONE}),
        "keras-smoothing-axis",
        ("value", (0, 1), 1.0),
    ),
    (
        shown("BinaryFocalCrossentropy", [[0.0, 1.0]], [[0.0, 0.5]], {"gamma": 0.0}, PAIR),
        "keras-focal-slope",
        ("y_pred", (0, 1), np.nan),
    ),
    (
        shown(GENERALIZED, [[0], [1]], [[0.75, 0.25], [0.5, 0.5]], dtypes=CLASSES),
        "keras-generalized-column",
        ("value", (), 0.5),
    ),
    (
        shown(GENERALIZED, [0, 1], [[0.0, 1.0], [0.5, 0.5]], dtypes=CLASSES),
        "keras-generalized-slope",
        ("y_pred", (1, 0), np.nan),
    ),
    (
        shown("BinaryCrossentropy", [[0.0, 0.5]], [[1.0, 0.5]], {"axis": 0, **NONE}, dtype="float16"),
        "keras-half-bounds",
        ("value", (1,), np.inf),
    ),
    (
        shown("KLDivergence", [[0.5, 0.5]] * 2, [[0.0, 1.0], [0.5, 0.5]], NONE, dtype="float16"),
        "keras-half-quotients",
        ("y_pred", (1, 0), np.inf),
    ),
]


@pytest.mark.parametrize(("given", "name", "change"), EXPLAINED, ids=[name for _, name, _ in EXPLAINED])
def test_explains_what_keras_does_and_nothing_else(keras, given, name, change):
    evidence = evidence_of(given.case())

    def explained(native):
        return findings.explain(evidence.case, native, evidence.value, evidence.gradients)

    assert explained(evidence.native) == name
    (what, place, number) = change
    native = {
        "value": np.array(evidence.native["value"]),
        "gradients": {key: np.array(array) for key, array in evidence.native["gradients"].items()},
    }
    (native["value"] if what == "value" else native["gradients"][what])[place] = number
    assert explained(native) is None
