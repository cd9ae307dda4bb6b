"""The recorded deviations of all losses on the other backends of Keras, and those of probabilities that no case on TensorFlow shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations.keras.common import (
    LOSS,
    LOSSES,
    RAISES,
    SINGLE,
    across,
    all_of,
    documented,
    example,
)
from polyloss_conformance.deviations.keras.probabilistic import (
    BINARY,
    BINARY_FOCAL,
    CATEGORICAL,
    GENERALIZED,
    SPARSE,
    TENSORFLOW,
    UNREDUCED,
    as_another,
    elsewhere,
    inner,
    of_sigmoids,
)
from polyloss_conformance.deviations.measure import numbers_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Finding, Measurement, close, plain
from polyloss_conformance.references.exact import exact, inputs_of
from polyloss_conformance.references.native_keras import import_keras
from polyloss_conformance.references.reference import Call, Config, Inputs

_BACKENDS = "keras/src/backend of Keras 3.15, "
_NONE = {"reduction": "none"}
_CLASSES = {"y_true": "int64"}


def _said(*numbers: float) -> Callable[[Inputs, Config, Call], Array]:
    """What an example prints."""
    return lambda inputs, config, call: exact(list(numbers))


def _both(*rows: tuple[str, Any, Any, Any]) -> Measurement:
    """Of each: the quantity, what is right, what Keras gives, and what is recorded of that."""
    numbers = [
        {"quantity": quantity, "right": right if isinstance(right, str) else plain(right), "tensorflow": plain(got)}
        for quantity, right, got, _ in rows
    ]
    return Measurement(numbers, all(close(np.asarray(got), recorded) for _, _, got, recorded in rows))


def _due(kind: str, true: Any, pred: Any, config: Config) -> Any:
    case = example(kind, {"y_true": true, "y_pred": pred}, config).case()
    return dialects.reference(case).value(inputs_of(case), case.config, case.call)


def _unwrapped_sigmoid() -> Measurement:
    keras = import_keras()
    import tensorflow as tf

    made = keras.losses.BinaryCrossentropy()
    (logit, label) = (tf.constant([[1449.7]]), tf.constant([[0.0]]))

    def of(logits: Any) -> Any:
        return made(label, tf.nn.sigmoid(logits))

    due = _due("BinaryCrossentropy", [[0.0]], [[1.0]], {})
    return _both(
        ("of tf.nn.sigmoid(1449.7) and label 0, eager", due, of(logit), 15.942385),
        ("the same in a tf.function", due, tf.function(of)(logit), 1449.7),
        ("of keras.ops.sigmoid(1449.7), eager", due, made(label, keras.ops.sigmoid(logit)), 1449.7),
    )


def _unwrapped_softmax() -> Measurement:
    keras = import_keras()
    import tensorflow as tf

    made = keras.losses.CategoricalCrossentropy()
    (logits, label) = (tf.constant([[1449.7, 0.0]]), tf.constant([[0.0, 1.0]]))

    def of(scores: Any) -> Any:
        return made(label, tf.nn.softmax(scores))

    due = _due("CategoricalCrossentropy", [[0.0, 1.0]], [[1.0, 0.0]], {})
    return _both(
        ("of tf.nn.softmax([1449.7, 0]) and label [0, 1], eager", due, of(logits), 16.118095),
        ("the same in a tf.function", due, tf.function(of)(logits), 1449.7),
        ("of keras.ops.softmax([1449.7, 0]), eager", due, made(label, keras.ops.softmax(logits)), 1449.7),
    )


def _rounded_class() -> Measurement:
    """Class 2049 of 2050."""
    keras = import_keras()
    logits = np.zeros((1, 2050), np.float16)
    logits[0, 2049] = 5
    config = {"from_logits": True, "dtype": "float16"}
    got = keras.losses.SparseCategoricalCrossentropy(**config)(np.array([2049]), logits)
    due = np.log(2049 + np.exp(5.0)) - 5
    return _both(("class 2049, whose logit is 5 and all others 0, float16", due, got, np.float16(due + 5)))


def _forgotten_axis() -> Measurement:
    keras = import_keras()
    config = keras.losses.SparseCategoricalCrossentropy(axis=1, dtype="float16").get_config()
    numbers = {
        "quantity": "SparseCategoricalCrossentropy(axis=1, dtype='float16').get_config()",
        "right": "has axis 1 and dtype float16",
        "tensorflow": f"has {', '.join(sorted(config))}",
    }
    return Measurement([numbers], sorted(config) == ["from_logits", "ignore_class", "name", "reduction"])


def _unknown_name() -> Measurement:
    keras = import_keras()
    found = []
    for name in ("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"):
        try:
            found.append(f"gives {type(keras.losses.get(name)).__name__}")
        except ValueError:
            found.append("raises ValueError")
    numbers = {
        "quantity": "get('CategoricalGeneralizedCrossEntropy'), get('categorical_generalized_cross_entropy')",
        "right": "gives the loss",
        "tensorflow": ", ".join(found),
    }
    return Measurement([numbers], found == ["raises ValueError"] * 2)


def _unchecked_options() -> Measurement:
    keras = import_keras()
    (one, half) = (np.ones((1, 1), np.float32), np.full((1, 1), 0.5, np.float32))
    focal = keras.losses.BinaryFocalCrossentropy(gamma=-1)(one, one)
    smoothed = keras.losses.BinaryCrossentropy(label_smoothing=2)(one, half)
    probability = keras.ops.convert_to_tensor(half)
    generalized = keras.losses.categorical_generalized_cross_entropy(np.array([0]), probability, 1)
    return _both(
        ("BinaryFocalCrossentropy(gamma=-1), label 1, prediction 1", "refused", focal, np.inf),
        ("BinaryCrossentropy(label_smoothing=2), label 1, prediction 0.5", "refused", smoothed, np.log(2)),
        ("categorical_generalized_cross_entropy(q=1), probability 0.5", "refused, as by the class", generalized, [0.5]),
    )


_AXIS = example(
    "SparseCategoricalCrossentropy",
    {"y_true": [[0, 1], [2, 0]], "y_pred": np.log(np.arange(1, 13) / 13).reshape(2, 3, 2)},
    {"from_logits": True, "axis": 1, **_NONE},
    dtypes=_CLASSES,
)
_DOCSTRING = ({"y_true": [[0.0, 1.0], [0.0, 0.0]], "y_pred": [[0.6, 0.4], [0.4, 0.6]]}, _NONE)
_OUT_OF_RANGE = "refused: there are classes 0 and 1"


def _of_class(label: int) -> Any:
    return example("SparseCategoricalCrossentropy", {"y_true": [label], "y_pred": [[0.5, 0.5]]}, _NONE, dtypes=_CLASSES)


def _finding(identity: str, kind: str, loss: str, cause: str, evidence: str, measure: Any, **where: Any) -> Finding:
    return Finding(identity, kind, loss, cause, evidence, measure, **where)


def _of_logits(case: Case) -> bool:
    return case.loss == BINARY_FOCAL and bool(case.config.get("from_logits"))


def _of_labels_outside(case: Case) -> bool:
    labels = case.inputs["y_true"].values
    return case.loss in (BINARY, BINARY_FOCAL) and bool(((labels < 0) | (labels > 1)).any())


def _of_probabilities(case: Case) -> bool:
    return case.loss == SPARSE and not case.config.get("from_logits")


_DOCUMENTATION = (
    documented(
        "keras-divergence-bounds",
        "Labels and predictions are said to get clipped to the range [0, 1]; the code clips them to [1e-7, 1]. At 0 the logarithms of"
        " the printed formula are infinite or, times 0, NaN.",
        "kl_divergence",
        example("KLDivergence", {"y_true": [[0.5, 0.5]], "y_pred": [[0.0, 1.0]]}, _NONE),
        [np.inf],
        [0.5 * np.log(0.5 / 1e-7) + 0.5 * np.log(0.5)],
    ),
    documented(
        "keras-focal-docstring",
        "The second example, bce_loss, calls binary_focal_crossentropy again, and prints for it the numbers of binary_crossentropy; the"
        " ratio of both, printed as 0.360 and 0.289, is 1.",
        "binary_focal_crossentropy, Example, bce_loss",
        example("BinaryFocalCrossentropy", *_DOCSTRING),
        [0.916, 0.714],
        [0.3298611, 0.2057979],
        _said(0.916, 0.714),
    ),
)

_MEASURED = (
    _finding(
        "keras-sparse-axis-backends",
        BUG,
        SPARSE,
        "Of logits (2, 3, 2) with axis=1 TensorFlow refuses, and JAX and NumPy take the last axis for that of the classes. PyTorch does"
        " what is documented.",
        _BACKENDS + "sparse_categorical_crossentropy of tensorflow/nn.py, jax/nn.py, numpy/nn.py and torch/nn.py",
        across(
            _AXIS,
            "value",
            [[2.1972246, 1.0986123], [0.8979416, 1.3217558]],
            tensorflow=RAISES,
            jax=RAISES,
            numpy=RAISES,
            torch=[[2.1972246, 1.0986123], [0.8979416, 1.3217558]],
        ),
        matches=lambda case: case.loss == SPARSE and inner(case),
        refusal=r"must have the same shape up until the last dimension",
        backends=("jax",),
    ),
    _finding(
        "keras-sparse-zero-row",
        BUG,
        SPARSE,
        "Probabilities are bounded, then divided by their sum on TensorFlow; elsewhere they are divided first, and a row of zeros is NaN.",
        _BACKENDS + "sparse_categorical_crossentropy of tensorflow/nn.py, jax/nn.py, numpy/nn.py and torch/nn.py",
        across(
            example("SparseCategoricalCrossentropy", {"y_true": [0], "y_pred": [[0.0, 0.0]]}, _NONE, dtypes=_CLASSES),
            "value",
            [0.6931472],
            tensorflow=[0.6931472],
            jax=[np.nan],
            numpy=[np.nan],
            torch=[np.nan],
        ),
        matches=_of_probabilities,
        recorded=lambda evidence: as_another(evidence, UNREDUCED[SPARSE], elsewhere(evidence)),
        backends=("jax", "torch"),
    ),
    _finding(
        "keras-sigmoid-unwrapped",
        BUG,
        BINARY,
        "On TensorFlow predictions that a sigmoid has made are replaced by its logits, also with from_logits=False, where the loss finds"
        " the operation (in a graph) or the attribute that keras.ops.sigmoid leaves: of the same numbers it gives several.",
        TENSORFLOW + "_get_logits",
        _unwrapped_sigmoid,
    ),
    _finding(
        "keras-softmax-unwrapped",
        BUG,
        CATEGORICAL,
        "On TensorFlow predictions that a softmax has made are replaced by its logits, also with from_logits=False, where the loss finds"
        " the operation (in a graph) or the attribute that keras.ops.softmax leaves: of the same numbers it gives several.",
        TENSORFLOW + "_get_logits",
        _unwrapped_softmax,
    ),
    _finding(
        "keras-focal-logits-bounded",
        BUG,
        BINARY_FOCAL,
        "From logits the loss takes the sigmoid first and the entropy of that, which is bounded: a confident mistake costs 15.94 at most"
        " and has no gradient. On TensorFlow alone the logits are found again.",
        LOSSES + "binary_focal_crossentropy, from_logits",
        across(
            example("BinaryFocalCrossentropy", {"y_true": [[0.0]], "y_pred": [[1e4]]}, {"from_logits": True}),
            "value",
            1e4,
            tensorflow=1e4,
            jax=15.942385,
            numpy=15.942385,
            torch=15.942385,
        ),
        matches=_of_logits,
        recorded=of_sigmoids,
        backends=("jax", "torch"),
    ),
    _finding(
        "keras-focal-logits-slope",
        BUG,
        BINARY_FOCAL,
        "From logits the gradient of a confident mistake is 0 on JAX and PyTorch, beyond the bound of the sigmoid; on TensorFlow it is 1.",
        LOSSES + "binary_focal_crossentropy, from_logits",
        across(
            example(
                "BinaryFocalCrossentropy",
                {"y_true": [[0.0]], "y_pred": [[30.0]]},
                {"from_logits": True},
                wrt=("y_pred",),
            ),
            "gradient y_pred",
            [[1.0]],
            tensorflow=[[1.0]],
            jax=[[0.0]],
            torch=[[0.0]],
        ),
    ),
    _finding(
        "keras-binary-labels-torch",
        BUG,
        BINARY,
        "PyTorch refuses labels outside [0, 1], as of a regression or smoothed the other way; TensorFlow, JAX and NumPy take them.",
        _BACKENDS + "binary_crossentropy of torch/nn.py",
        across(
            example("BinaryCrossentropy", {"y_true": [[2.0]], "y_pred": [[0.5]]}),
            "value",
            0.6931472,
            tensorflow=0.6931472,
            jax=0.6931472,
            numpy=0.6931472,
            torch=RAISES,
        ),
        matches=_of_labels_outside,
        refusal=r"target should be between 0 and 1",
        backends=("torch",),
    ),
    _finding(
        "keras-numpy-logits-bounded",
        BUG,
        BINARY,
        "From logits the NumPy backend takes the sigmoid and bounds that: 1e4 for label 0 costs 15.94 and -1e4 for label 1 16.12.",
        _BACKENDS + "binary_crossentropy of numpy/nn.py",
        across(
            example(
                "BinaryCrossentropy",
                {"y_true": [[0.0], [1.0]], "y_pred": [[1e4], [-1e4]]},
                {"from_logits": True, **_NONE},
            ),
            "value",
            [1e4, 1e4],
            tensorflow=[1e4, 1e4],
            jax=[1e4, 1e4],
            numpy=[15.942385, 16.118095],
            torch=[1e4, 1e4],
        ),
    ),
    _finding(
        "keras-half-bound-backends",
        LIMIT,
        BINARY,
        "In float16 1 - epsilon is 1, so a prediction of 1 for label 0 costs infinity on TensorFlow, JAX and NumPy. PyTorch stops at 100.",
        _BACKENDS + "binary_crossentropy of tensorflow/nn.py, jax/nn.py, numpy/nn.py and torch/nn.py",
        across(
            example("BinaryCrossentropy", {"y_true": [[0.0]], "y_pred": [[1.0]]}, dtype="float16"),
            "value",
            15.942385,
            tensorflow=np.inf,
            jax=np.inf,
            numpy=np.inf,
            torch=100.0,
        ),
    ),
    _finding(
        "keras-binary-small",
        LIMIT,
        BINARY,
        "The logarithm of 1 - p is taken of the rounded difference, so that of a small p a loss that is p keeps few digits: 3 of 1e-5.",
        TENSORFLOW + "binary_crossentropy",
        numbers_of(
            example("BinaryCrossentropy", {"y_true": [[0.0]], "y_pred": [[1e-5]]}), "value", 1.000005e-5, 1.001358e-5
        ),
    ),
    _finding(
        "keras-class-rounded",
        BUG,
        SPARSE,
        "Class numbers are converted to the dtype of the loss before they are read: in float16 class 2049 is 2048, in bfloat16 257 is 256.",
        "keras/src/losses/loss.py of Keras 3.15, Loss.__call__",
        _rounded_class,
    ),
    _finding(
        "keras-sparse-config",
        BUG,
        SPARSE,
        "get_config leaves out axis and dtype: a loss that is saved and loaded has others.",
        LOSSES + "SparseCategoricalCrossentropy.get_config",
        _forgotten_axis,
    ),
    _finding(
        "keras-generalized-name",
        BUG,
        GENERALIZED,
        "The loss is exported, and get and deserialize do not know its name: it is missing from the list of all losses.",
        "keras/src/losses/__init__.py of Keras 3.15, ALL_OBJECTS",
        _unknown_name,
    ),
    _finding(
        "keras-generalized-range",
        BUG,
        GENERALIZED,
        "A class that is not there is one-hot encoded as zeros on TensorFlow and JAX, and costs 1 / q without a word.",
        LOSSES + "categorical_generalized_cross_entropy, y_true_one_hot",
        across(
            example(
                "CategoricalGeneralizedCrossEntropy",
                {"y_true": [5], "y_pred": [[0.5, 0.5]]},
                _NONE,
                dtypes=_CLASSES,
            ),
            "value",
            _OUT_OF_RANGE,
            tensorflow=[2.0],
            jax=[2.0],
            numpy=RAISES,
            torch=RAISES,
        ),
    ),
    _finding(
        "keras-sparse-range",
        BUG,
        SPARSE,
        "A class that is not there is refused on TensorFlow, PyTorch and NumPy. On JAX it costs 0, without a word.",
        _BACKENDS + "sparse_categorical_crossentropy of tensorflow/nn.py, jax/nn.py, numpy/nn.py and torch/nn.py",
        across(_of_class(5), "value", _OUT_OF_RANGE, tensorflow=RAISES, jax=[0.0], numpy=RAISES, torch=RAISES),
    ),
    _finding(
        "keras-sparse-negative",
        BUG,
        SPARSE,
        "Class -1 is refused on TensorFlow and PyTorch. On JAX and NumPy it costs 0, without a word, as if it were to be ignored.",
        _BACKENDS + "sparse_categorical_crossentropy of tensorflow/nn.py, jax/nn.py, numpy/nn.py and torch/nn.py",
        across(_of_class(-1), "value", _OUT_OF_RANGE, tensorflow=RAISES, jax=[0.0], numpy=[0.0], torch=RAISES),
    ),
    _finding(
        "keras-options-unchecked",
        BUG,
        BINARY_FOCAL,
        "Options out of their documented ranges are taken: gamma below 0, a label_smoothing above 1, and in the function a q of 1.",
        LOSSES + "binary_focal_crossentropy, binary_crossentropy and categorical_generalized_cross_entropy",
        _unchecked_options,
    ),
)

_MASKED = {"y_true": [[0.0], [0.0]], "y_pred": [[1.0], [2.0]], "sample_weight": [1.0, 2.0], "mask": [1.0, 0.0]}

_SHARED = (
    Finding(
        id="keras-weights-overwritten",
        kind=BUG,
        loss="keras/MeanSquaredError",
        measure=all_of(
            across(
                example("MeanSquaredError", _MASKED, wrt=("sample_weight",)),
                "gradient sample_weight",
                [1.0, 0.0],
                tensorflow=[1.0, 0.0],
                jax=[1.0, 0.0],
                torch=RAISES,
            ),
            across(
                example("MeanSquaredError", {**_MASKED, "sample_weight": [1.0]}),
                "value",
                1.0,
                tensorflow=1.0,
                jax=1.0,
                numpy=RAISES,
                torch=RAISES,
            ),
        ),
        cause="sample_weight is multiplied by the mask in place, which on PyTorch writes into the tensor that was passed: at the next call"
        " the weights are others. Weights that require a gradient are refused, as are weights that are smaller than the mask.",
        evidence=LOSS + "apply_mask",
        matches=lambda case: "sample_weight" in case.inputs and "mask" in case.inputs,
        refusal=r"in-place operation|doesn't match the broadcast shape",
        backends=("torch",),
    ),
    Finding(
        id=SINGLE,
        kind=BUG,
        loss="keras/MeanSquaredError",
        measure=across(
            example("MeanSquaredError", {"y_true": [1.0], "y_pred": [1.0 + 2**-30]}, dtype="float64"),
            "value",
            2.0**-60,
            tensorflow=2.0**-60,
            jax=0.0,
            torch=0.0,
            numpy=0.0,
        ),
        cause="With dtype='float64' the loss is computed and returned in float64 on TensorFlow; on JAX, PyTorch and NumPy in float32.",
        evidence=LOSS + "Loss.__call__",
    ),
)

FINDINGS: tuple[Finding, ...] = (*_DOCUMENTATION, *_MEASURED, *_SHARED)
