"""The recorded deviations of the losses of real numbers, and of what all losses share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations.keras.common import (
    LOSS,
    LOSSES,
    OtherShape,
    across,
    all_of,
    computed_by,
    documented,
    example,
)
from polyloss_conformance.deviations.masks import LARGEST, given
from polyloss_conformance.deviations.measure import evidence_of, example_of, gradients_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Evidence, Finding, Masks, Measurement, plain
from polyloss_conformance.references.keras.common import loss
from polyloss_conformance.references.keras.regression import REFERENCES, averaged, log_cosh, logarithmic, poisson
from polyloss_conformance.references.reference import Call, Config, Inputs

_NONE = {"reduction": "none"}
_HALF = LARGEST["float16"]
_OF = {f"keras/{one.name}": one for one in REFERENCES}

# --- what deviates, and where -----------------------------------------------------------------------------------------------------


def _with_terms(name: str, terms: Callable[[Array, Array], Array]) -> Callable[[Case], bool]:
    """Cases of a loss in float16 of which a term of label and prediction is beyond the largest number."""

    def matches(case: Case) -> bool:
        if case.loss != f"keras/{name}" or case.dtype != "float16":
            return False
        return bool((terms(given(case, "y_true"), given(case, "y_pred")) > _HALF).any())

    return matches


def _not_finite(evidence: Evidence) -> Masks:
    return {what: ~np.isfinite(evidence.got(what)) for what in ("value", *gradients_of(evidence))}


def _squares(case: Case, name: str) -> Array:
    return np.asarray(np.sum(given(case, name) ** 2, axis=case.config.get("axis", -1)))


def _too_long(case: Case, largest: float) -> Array:
    """Which pairs have a vector whose square is beyond the largest number."""
    return np.asarray((_squares(case, "y_true") > largest) | (_squares(case, "y_pred") > largest))


def _has_long_vectors(case: Case) -> bool:
    largest = {"float32": LARGEST["float32"], "bfloat16": 3.39e38}.get(case.dtype, np.inf)
    return case.loss == "keras/CosineSimilarity" and bool(_too_long(case, largest).any())


def _zero_vectors(case: Case, name: str) -> Array:
    """In the shape of an input: where its vectors are 0. An axis of size 1 that only the predictions have is of both."""
    (values, shape) = (given(case, name), given(case, "y_pred").shape)
    rows = values.reshape(shape) if values.size == np.prod(shape) else values
    zero = np.all(rows == 0, axis=case.config.get("axis", -1), keepdims=True)
    return np.broadcast_to(zero, rows.shape).reshape(values.shape)


def _has_zero_vectors(case: Case) -> bool:
    if case.loss != "keras/CosineSimilarity":
        return False
    return any(bool(_zero_vectors(case, name).any()) for name in ("y_true", "y_pred"))


def _nan_at_zero(evidence: Evidence) -> Masks:
    """Gradients by a vector that is 0."""
    named = {f"gradient {name}": _zero_vectors(evidence.case, name) for name in ("y_true", "y_pred")}
    return {what: np.isnan(evidence.got(what)) & zero for what, zero in named.items() if what in gradients_of(evidence)}


def _no_cosine(evidence: Evidence) -> Masks:
    """0 where the square of a length overflows, in the unreduced loss; slopes of 0 or NaN."""
    case = evidence.case
    long = _too_long(case, 3.39e38)
    masks = {"value": (evidence.got("value") == 0) & long} if long.shape == evidence.right.shape else {}
    return masks | _slopes_at(evidence, long)


def _slopes_at(evidence: Evidence, rows: Array) -> dict[str, Array]:
    masks = {}
    for name in gradients_of(evidence):
        got = evidence.got(name)
        masks[name] = ((got == 0) | ~np.isfinite(got)) & np.expand_dims(rows, -1)
    return masks


def _half_rows(case: Case) -> tuple[Array, Array]:
    """Pairs with a vector whose square overflows float16, and with a zero vector."""
    zero = (_squares(case, "y_true") == 0) | (_squares(case, "y_pred") == 0)
    return _too_long(case, _HALF), np.asarray(zero)


def _half_cosine(inputs: Inputs, config: Config, call: Call) -> Array:
    """The loss of vectors that become 0 where their squares overflow float16, and NaN where they are 0."""
    changed: dict[str, Any] = dict(inputs)
    for name in ("y_true", "y_pred"):
        squares = np.sum(np.asarray(inputs[name], np.float64) ** 2, axis=-1, keepdims=True)
        kept = np.where(squares > _HALF, 0.0 * inputs[name], inputs[name])
        changed[name] = np.where(squares == 0, math.nan * kept, kept)
    return _OF["keras/CosineSimilarity"].compute(changed, config, call)


def _is_half_cosine(case: Case) -> bool:
    if case.loss != "keras/CosineSimilarity" or case.dtype != "float16" or case.config.get("axis", -1) != -1:
        return False
    return any(bool(rows.any()) for rows in _half_rows(case))


def _half_cosine_masks(evidence: Evidence) -> Masks:
    (long, zero) = _half_rows(evidence.case)
    with np.errstate(invalid="ignore"):
        value = computed_by(_half_cosine)(evidence)["value"]
    return {"value": value, **_slopes_at(evidence, long | zero)}


def _half_rates(evidence: Evidence) -> Masks:
    """Numbers with the epsilon of float16, and NaN for the slope at a rate of 0."""
    masks = dict(computed_by(loss(averaged(poisson(float(np.float16(1e-7))))))(evidence))
    slope = "gradient y_pred"
    if slope in masks:
        masks[slope] = masks[slope] | (np.isnan(evidence.got(slope)) & (given(evidence.case, "y_pred") == 0))
    return masks


def _undivided(inputs: Inputs, config: Config, call: Call) -> Array:
    return _OF["keras/MeanSquaredError"].compute(inputs, {**config, **_NONE}, call)


# --- the records: documentation ---------------------------------------------------------------------------------------------------


def _printed(numbers: Any) -> Callable[[Inputs, Config, Call], Array]:
    """What an example in a docstring prints."""
    return lambda inputs, config, call: np.asarray(numbers)


_DOCUMENTATION = (
    documented(
        "keras-mape-negative-labels",
        "Division by zero is documented to be prevented by dividing by maximum(y_true, epsilon), which for every negative label is"
        " epsilon, 1e-7. The code divides by the larger of |y_true| and epsilon.",
        "mean_absolute_percentage_error",
        example("MeanAbsolutePercentageError", {"y_true": [[-1.0], [2.0]], "y_pred": [[-2.0], [1.0]]}, _NONE),
        [1e9, 50.0],
        [100.0, 50.0],
    ),
    documented(
        "keras-poisson-epsilon",
        "The printed y_true * log(y_pred) is infinite for a rate of 0; the code adds epsilon, 1e-7, to the rate in the logarithm, which"
        " is mentioned nowhere.",
        "poisson",
        example("Poisson", {"y_true": [[1.0], [1.0]], "y_pred": [[0.0], [1.0]]}, _NONE),
        [np.inf, 1.0],
        [16.118096, 1.0],
    ),
    documented(
        "keras-huber-example",
        "The example in the docstring of the function prints 0.155, a number; the function gives one for each row, 0.18 and 0.13, of"
        " which 0.155 is the mean.",
        "huber, the example",
        example("Huber", {"y_true": [[0.0, 1.0], [0.0, 0.0]], "y_pred": [[0.6, 0.4], [0.4, 0.6]]}, _NONE),
        0.155,
        [0.18, 0.13],
        _printed(0.155),
    ),
    documented(
        "keras-log-cosh-example",
        "The example in the docstring of the function prints 0.108, a number; the function gives one for each row, 0.217 and 0, of which"
        " 0.108 is the mean.",
        "log_cosh, the example",
        example("LogCosh", {"y_true": [[0.0, 1.0], [0.0, 0.0]], "y_pred": [[1.0, 1.0], [0.0, 0.0]]}, _NONE),
        0.108,
        [0.216890, 0.0],
        _printed(0.108),
    ),
)

# --- the records: what all losses share -------------------------------------------------------------------------------------------

_EMPTY: dict[str, Any] = {"y_true": np.zeros((0, 3)), "y_pred": np.zeros((0, 3))}
_SCALAR = {"y_true": [0.0, 0.0], "y_pred": [1.0, 1.0], "sample_weight": 3.0}
_BY_WEIGHT = {"reduction": "mean_with_sample_weight"}


def _rebuilt(
    name: str, config: dict[str, Any], inputs: dict[str, Any], right: float, got: float
) -> Callable[[], Measurement]:
    """A loss made anew from its config: what it gives, beside what the loss itself gives."""

    def measure() -> Measurement:
        from polyloss_conformance.references.native_keras import import_keras

        kind = getattr(import_keras().losses, name)
        tensors = {key: np.asarray(values, "float64") for key, values in inputs.items()}
        made = kind(**config)
        (before, after) = (float(one(**tensors)) for one in (made, kind.from_config(made.get_config())))
        text = ", ".join(f"{key}={value}" for key, value in config.items())
        row = {
            "quantity": f"{name}({text}) made anew from its config",
            "right": f"{before:g}",
            "tensorflow": f"{after:g}",
        }
        return Measurement([row], math.isclose(before, right, rel_tol=1e-6) and math.isclose(after, got, rel_tol=1e-6))

    return measure


_SHARED = (
    OtherShape(
        id="keras-empty-batch",
        kind=BUG,
        loss="keras/MeanSquaredError",
        measure=all_of(
            *(
                across(
                    example("MeanSquaredError", _EMPTY, {"reduction": reduction}),
                    "value",
                    0.0,
                    tensorflow=np.zeros(0),
                    jax=np.zeros(0),
                    torch=np.zeros(0),
                    numpy=np.zeros(0),
                )
                for reduction in ("sum", "sum_over_batch_size")
            )
        ),
        cause="An unreduced loss of shape (0,) is returned as it is, whatever the reduction: the sum and the mean of an empty batch have"
        " shape (0,), where those of every other batch have shape ().",
        evidence=LOSS + "reduce_values",
        matches=lambda case: (
            0 in case.inputs["y_pred"].values.shape and case.config.get("reduction", "mean") not in (None, "none")
        ),
        shape=(0,),
    ),
    Finding(
        id="keras-weight-of-one-number",
        kind=BUG,
        loss="keras/MeanSquaredError",
        measure=across(
            example("MeanSquaredError", _SCALAR, _BY_WEIGHT),
            "value",
            1.0,
            tensorflow=3.0,
            jax=3.0,
            torch=3.0,
            numpy=3.0,
        ),
        cause="A loss without axes is returned as it is, times its weight: mean_with_sample_weight does not divide by the weight, as it"
        " does for a loss of shape (1,).",
        evidence=LOSS + "reduce_values",
        matches=lambda case: (
            case.loss == "keras/MeanSquaredError"
            and case.config.get("reduction") == "mean_with_sample_weight"
            and case.inputs["y_pred"].values.ndim == 1
            and "sample_weight" in case.inputs
            and case.inputs["sample_weight"].values.ndim == 0
        ),
        recorded=computed_by(_undivided),
    ),
    Finding(
        id="keras-dtype-not-in-config",
        kind=BUG,
        loss="keras/MeanSquaredError",
        measure=_rebuilt(
            "MeanSquaredError", {"dtype": "float64"}, {"y_true": [1.0], "y_pred": [1.0 + 2**-30]}, 2.0**-60, 0.0
        ),
        cause="get_config has no dtype: a loss made anew from it, also one of a loaded model, computes in float32.",
        evidence=LOSS + "Loss.get_config",
    ),
)

# --- the records: one loss each -----------------------------------------------------------------------------------------------------

_ROOM = {"y_true": [[0.0] * 4], "y_pred": [[300.0, 300.0, 0.0, 0.0]]}
_ONE_ROW = {"y_true": [[3.0, 4.0]], "y_pred": [[6.0, 8.0]]}
_LONG = {"y_true": [[1e30, 1e30]], "y_pred": [[1e30, 1e30]]}
_TO_ZERO = {"y_true": [[3.0, 4.0]], "y_pred": [[0.0, 0.0]]}


def _error(size: float, loss: str = "LogCosh", dtype: str = "float32") -> Any:
    return example(loss, {"y_true": [0.0], "y_pred": [size]}, dtype=dtype)


_HUBER = {"y_true": [0.0], "y_pred": [2.0]}

_PRECISE = example("MeanSquaredLogarithmicError", {"y_true": [[0.0]], "y_pred": [[math.e - 1]]}, _NONE, "float64")


def _to_the_last_digit() -> Measurement:
    evidence = evidence_of(_PRECISE.case())
    (right, got) = (plain(side, 16) for side in (evidence.right, evidence.got("value")))
    holds = next(found for found in FINDINGS if found.id == "keras-msle-epsilon").explains(evidence)
    return Measurement([{"quantity": str(_PRECISE), "right": right, "tensorflow": got}], holds)


_EACH = (
    Finding(
        id="keras-mse-half-overflow",
        kind=LIMIT,
        loss="keras/MeanSquaredError",
        measure=example_of(
            "keras-mse-half-overflow", example("MeanSquaredError", _ROOM, dtype="float16", wrt=("y_pred",))
        ),
        cause="Squares are rounded to float16, whose largest number is 65504, before the mean is taken: infinity, and with a weight of 0"
        " NaN, where the mean is a float16.",
        evidence=LOSSES + "mean_squared_error",
        matches=_with_terms("MeanSquaredError", lambda y, x: (y - x) ** 2),
        recorded=_not_finite,
    ),
    Finding(
        id="keras-mape-half-overflow",
        kind=LIMIT,
        loss="keras/MeanAbsolutePercentageError",
        measure=example_of(
            "keras-mape-half-overflow",
            example(
                "MeanAbsolutePercentageError",
                {"y_true": [[0.0], [1.0]], "y_pred": [[0.5], [2.0]], "sample_weight": [0.0, 1.0]},
                dtype="float16",
            ),
        ),
        cause="A label of 0 makes a term of 1e9 times the error, infinite in float16, and its slope too; a weight or an error of 0 makes"
        " that NaN, where it should be left out.",
        evidence=LOSSES + "mean_absolute_percentage_error",
        matches=_with_terms("MeanAbsolutePercentageError", lambda y, x: 100 / np.maximum(abs(y), 1e-7)),
        recorded=_not_finite,
    ),
    Finding(
        id="keras-msle-epsilon",
        kind=BUG,
        loss="keras/MeanSquaredLogarithmicError",
        measure=_to_the_last_digit,
        cause="Epsilon is made without the dtype of the loss, in float32: in float64 it is 1.0000000116860974e-07, off by 1.2e-15.",
        evidence=LOSSES + "mean_squared_logarithmic_error",
        matches=lambda case: case.loss == "keras/MeanSquaredLogarithmicError" and case.dtype == "float64",
        recorded=computed_by(loss(averaged(logarithmic(float(np.float32(1e-7)))))),
    ),
    Finding(
        id="keras-msle-cancels",
        kind=BUG,
        loss="keras/MeanSquaredLogarithmicError",
        measure=across(
            _error(1e-5, "MeanSquaredLogarithmicError"),
            "value",
            9.80090e-11,
            tensorflow=9.78976e-11,
            jax=9.78976e-11,
            torch=9.78976e-11,
            numpy=9.78976e-11,
        ),
        cause="1 is added before the logarithm: of small numbers the digits are lost that log1p keeps, 1e-3 of the loss of 1e-5 against 0.",
        evidence=LOSSES + "mean_squared_logarithmic_error",
    ),
    Finding(
        id="keras-huber-delta",
        kind=BUG,
        loss="keras/Huber",
        measure=all_of(
            *(
                across(
                    example("Huber", _HUBER, {"delta": delta}),
                    "value",
                    "refused",
                    tensorflow=got,
                    jax=got,
                    torch=got,
                    numpy=got,
                )
                for delta, got in ((0.0, 0.0), (-1.0, -2.5))
            )
        ),
        cause="Any delta is taken: with 0 every loss is 0 and nothing is learned, with a negative one losses are negative.",
        evidence=LOSSES + "huber",
    ),
    Finding(
        id="keras-huber-infinite-delta",
        kind=BUG,
        loss="keras/Huber",
        measure=across(
            example("Huber", _HUBER, {"delta": math.inf}, wrt=("y_pred",)),
            "gradient y_pred",
            [2.0],
            tensorflow=[math.nan],
            jax=[math.nan],
            torch=[math.nan],
        ),
        cause="delta * |x| - delta^2 / 2 is computed where it is not chosen as well: for an infinite delta, half the squared error, it is"
        " infinity less infinity, and its gradient times 0 is NaN.",
        evidence=LOSSES + "huber",
    ),
    Finding(
        id="keras-huber-config",
        kind=BUG,
        loss="keras/Huber",
        measure=_rebuilt("Huber", {"delta": 2.0}, {"y_true": [0.0], "y_pred": [3.0]}, 4.0, 2.5),
        cause="get_config has no delta: a loss made anew from it, also one of a loaded model, has a delta of 1.",
        evidence=LOSSES + "Huber.get_config",
    ),
    Finding(
        id="keras-log-cosh-constant",
        kind=BUG,
        loss="keras/LogCosh",
        measure=across(
            _error(0.0, dtype="float64"), "value", 0.0, tensorflow=-1.9046543e-9, torch=-1.9046543e-9, jax=0.0
        ),
        cause="log 2 is computed in float32 and converted: in float64 every loss is too small by 1.9e-9, also below 0.",
        evidence=LOSSES + "log_cosh",
        matches=lambda case: case.loss == "keras/LogCosh" and case.dtype == "float64",
        recorded=computed_by(loss(averaged(log_cosh(float(np.log(np.float32(2.0))))))),
    ),
    Finding(
        id="keras-log-cosh-cancels",
        kind=BUG,
        loss="keras/LogCosh",
        measure=all_of(
            across(
                _error(1e-3),
                "value",
                4.9999992e-7,
                tensorflow=4.7683716e-7,
                jax=5.3644180e-7,
                torch=4.7683716e-7,
                numpy=4.7683716e-7,
            ),
            across(_error(1e-4), "value", 5e-9, tensorflow=0.0, jax=0.0, torch=0.0, numpy=0.0),
        ),
        cause="x + log(1 + e^(-2x)) - log 2 cancels for small x: in float32 nothing is left of the loss x^2 / 2 from x of 1e-4 on.",
        evidence=LOSSES + "log_cosh",
    ),
    Finding(
        id="keras-cosine-one-row",
        kind=BUG,
        loss="keras/CosineSimilarity",
        measure=across(
            example("CosineSimilarity", _ONE_ROW, {"axis": 0, **_NONE}),
            "value",
            [-1.0, -1.0],
            tensorflow=[-1.0, -1.0],
            jax=[-1.0, -1.0],
            torch=[-1.0, -1.0],
            numpy=[-1.5625, -2.7777779],
        ),
        cause="On NumPy the lengths along axis 0 are laid along the last one (`axis or -1`): a batch of 1 is normalised by the wrong"
        " lengths, without an error.",
        evidence="keras/src/utils/numerical_utils.py of Keras 3.15, normalize",
    ),
    Finding(
        id="keras-cosine-overflow",
        kind=BUG,
        loss="keras/CosineSimilarity",
        measure=example_of("keras-cosine-overflow", example("CosineSimilarity", _LONG, _NONE, wrt=("y_pred",))),
        cause="Lengths are roots of sums of squares, which overflow from 1.8e19 on in float32: the vectors become 0, and the loss of a"
        " vector with itself is 0 in place of -1.",
        evidence="keras/src/ops/nn.py of Keras 3.15, Normalize",
        matches=_has_long_vectors,
        recorded=_no_cosine,
    ),
    Finding(
        id="keras-cosine-half",
        kind=LIMIT,
        loss="keras/CosineSimilarity",
        measure=example_of(
            "keras-cosine-half",
            example(
                "CosineSimilarity",
                {"y_true": [[1.0, 0.0], [1.0, 1.0]], "y_pred": [[0.0, 0.0], [300.0, 0.0]]},
                _NONE,
                "float16",
                ("y_pred",),
            ),
        ),
        cause="In float16 squares of lengths above 256 overflow, which makes such vectors 0, and 1 / epsilon is infinite, which makes"
        " a zero vector NaN.",
        evidence="keras/src/ops/nn.py of Keras 3.15, Normalize",
        matches=_is_half_cosine,
        recorded=_half_cosine_masks,
    ),
    Finding(
        id="keras-cosine-slope-at-0",
        kind=BUG,
        loss="keras/CosineSimilarity",
        measure=across(
            example("CosineSimilarity", _TO_ZERO, _NONE, wrt=("y_pred",)),
            "gradient y_pred",
            [[-6e6, -8e6]],
            tensorflow=[[-6e6, -8e6]],
            jax=[[math.nan, math.nan]],
            torch=[[math.nan, math.nan]],
        ),
        matches=_has_zero_vectors,
        recorded=_nan_at_zero,
        backends=("jax", "torch"),
        cause="The root of the squared length is differentiated at 0 as well, where epsilon is taken in its place: on JAX and PyTorch the"
        " gradient at a zero vector is NaN.",
        evidence="keras/src/ops/nn.py of Keras 3.15, Normalize",
    ),
    Finding(
        id="keras-cosine-config",
        kind=BUG,
        loss="keras/CosineSimilarity",
        measure=_rebuilt(
            "CosineSimilarity",
            {"axis": 0},
            {"y_true": [[3.0, 4.0], [1.0, 0.0]], "y_pred": [[3.0, 4.0], [0.0, 1.0]]},
            -0.9594138,
            -0.5,
        ),
        cause="get_config has no axis: a loss made anew from it, also one of a loaded model, takes the last axis.",
        evidence=LOSSES + "CosineSimilarity.get_config",
    ),
    Finding(
        id="keras-poisson-half-epsilon",
        kind=LIMIT,
        loss="keras/Poisson",
        measure=example_of(
            "keras-poisson-half-epsilon",
            example("Poisson", {"y_true": [3.0], "y_pred": [0.0]}, dtype="float16", wrt=("y_true",)),
        ),
        cause="Epsilon in float16 is 1.19e-7: the logarithm of a rate of 0 is -15.95 in place of -16.12, and its slope infinite, which a"
        " label of 0 makes NaN.",
        evidence=LOSSES + "poisson",
        matches=lambda case: (
            case.loss == "keras/Poisson" and case.dtype == "float16" and bool((given(case, "y_pred") == 0).any())
        ),
        recorded=_half_rates,
    ),
    Finding(
        id="keras-poisson-half-overflow",
        kind=LIMIT,
        loss="keras/Poisson",
        measure=example_of(
            "keras-poisson-half-overflow",
            example("Poisson", {"y_true": [[1e4, 1.0]], "y_pred": [[1e4, 1.0]]}, dtype="float16"),
        ),
        cause="y log(x) is rounded to float16, whose largest number is 65504, before the mean is taken: minus infinity, and with a"
        " weight of 0 NaN, where the mean is a float16.",
        evidence=LOSSES + "poisson",
        matches=_with_terms("Poisson", lambda y, x: abs(y * np.log(np.maximum(x, 1e-7)))),
        recorded=_not_finite,
    ),
)

FINDINGS: tuple[Finding, ...] = (*_DOCUMENTATION, *_SHARED, *_EACH)
