"""The recorded deviations of the losses of probabilities and of class scores: where numbers show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array, Case, epsilon, rounded
from polyloss_conformance.deviations.keras.common import LOSSES, example
from polyloss_conformance.deviations.measure import example_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Evidence, Finding, Masks
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import DIGITS, each, exp, inputs_of, log, total
from polyloss_conformance.references.keras import probabilistic as references
from polyloss_conformance.references.keras.common import Unreduced, loss
from polyloss_conformance.references.reference import Config

BINARY, BINARY_FOCAL = "keras/BinaryCrossentropy", "keras/BinaryFocalCrossentropy"
CATEGORICAL, FOCAL = "keras/CategoricalCrossentropy", "keras/CategoricalFocalCrossentropy"
SPARSE, GENERALIZED = "keras/SparseCategoricalCrossentropy", "keras/CategoricalGeneralizedCrossEntropy"
DIVERGENCE = "keras/KLDivergence"
TENSORFLOW = "keras/src/backend/tensorflow/nn.py of Keras 3.15, "

UNREDUCED: Mapping[str, Unreduced] = {
    BINARY: references.binary,
    BINARY_FOCAL: references.binary_focal,
    CATEGORICAL: references.categorical,
    FOCAL: references.categorical_focal,
    SPARSE: references.sparse,
    DIVERGENCE: references.divergence,
}
"""What has bounds."""

LARGEST = 65504.0
"""The largest float16."""

# --- where ------------------------------------------------------------------------------------------------------------------------


def _values(case: Case, name: str) -> Array:
    return case.inputs[name].values


def inner(case: Case) -> bool:
    """Whether the classes lie along an axis that is not the last."""
    return case.config.get("axis", -1) not in (-1, _values(case, "y_pred").ndim - 1)


def _zero_rows(case: Case) -> Array:
    """In the shape of the predictions: whether they and all others of the same row add up to 0."""
    sums = _values(case, "y_pred").sum(axis=case.config.get("axis", -1), keepdims=True)
    return np.broadcast_to(sums == 0, _values(case, "y_pred").shape)


def _of_zeros(case: Case) -> bool:
    return case.loss in (CATEGORICAL, FOCAL) and not case.config.get("from_logits") and bool(_zero_rows(case).any())


def _whole_labels(case: Case) -> bool:
    """Whether the labels of each row add up to 1, as the gradient takes for granted."""
    sums = _values(case, "y_true").sum(axis=case.config.get("axis", -1))
    return bool(np.allclose(sums, 1, atol=1e-2))


def _missed(case: Case) -> Array:
    """1 - p_t in the dtype of the loss."""
    kind: type[Any] = np.float64 if case.dtype == "float64" else np.float32
    y, x = (np.asarray(_values(case, name), dtype=kind) for name in ("y_true", "y_pred"))
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-x)) if case.config.get("from_logits") else x
    return np.asarray(1 - (y * p + (1 - y) * (1 - p)), kind)


def _impossible(case: Case) -> Array:
    """In the shape of the predictions: whether the class of that row has probability 0."""
    pred = _values(case, "y_pred")
    labels = _values(case, "y_true").reshape(pred.shape[:-1]).astype(int)
    return np.broadcast_to(np.take_along_axis(pred, labels[..., None], -1) == 0, pred.shape)


def _column(case: Case) -> bool:
    return case.loss == GENERALIZED and _values(case, "y_true").ndim == _values(case, "y_pred").ndim


def _not_finite(evidence: Evidence, where: Array | None = None) -> Masks:
    """All that is NaN or infinite: values, and gradients where `where`."""
    found = {"value": ~np.isfinite(evidence.got("value"))}
    for name in evidence.gradients:
        broken = ~np.isfinite(evidence.got(f"gradient {name}"))
        found[f"gradient {name}"] = broken if where is None else broken & where
    return found


def as_another(evidence: Evidence, unreduced: Unreduced, config: Config | None = None) -> Masks:
    """Where the library's numbers are those of another formula, and not finite where that has no number."""
    case = evidence.case
    (value, inputs, config) = (loss(unreduced), inputs_of(case), {**case.config, **(config or {})})
    with mp.workdps(DIGITS):
        computed = value(inputs, config, case.call)
    gradients = slopes(value, inputs, config, case.call, case.upstream(computed.shape), case.wrt)
    other = replace(evidence, value=computed, gradients=gradients)
    found = {what: ~mask for what, mask in other.deviating().items()}
    for name, slope in gradients.items():
        finite = np.isfinite(evidence.got(f"gradient {name}"))
        found[f"gradient {name}"] = found[f"gradient {name}"] & ~(np.isnan(slope.lower) & finite)
    return found


# --- what Keras computes in place -----------------------------------------------------------------------------------------------------


def _smoothed_by_last(true: Array, pred: Array, config: Config) -> Array | tuple[Array, Array | None]:
    """The labels smoothed with the size of the last axis for the number of classes."""
    smoothing = mp.mpf(config["label_smoothing"])
    mixed = each(lambda y: y * (1 - smoothing) + smoothing / pred.shape[-1], true)
    focal = "gamma" in config or "alpha" in config
    return (references.categorical_focal if focal else references.categorical)(
        mixed, pred, {**config, "label_smoothing": 0}
    )


def _default_focal(true: Array, pred: Array, config: Config) -> Array | tuple[Array, Array | None]:
    return _smoothed_by_last(true, pred, {"gamma": 2, **config})


def _slope_of_whole_labels(true: Array, pred: Array, config: Config) -> Array:
    """What has softmax less labels for its gradient: the logarithm of the sum of exponentials counts once, whatever labels sum to."""
    smoothing, axis = mp.mpf(config.get("label_smoothing", 0)), config.get("axis", -1)
    labels, scores = np.moveaxis(true, axis, -1), np.moveaxis(pred, axis, -1)
    out = np.empty(scores.shape[:-1], dtype=object)
    for place in np.ndindex(out.shape):
        mixed = [y * (1 - smoothing) + smoothing / scores.shape[-1] for y in labels[place]]
        out[place] = log(total(exp(x) for x in scores[place])) - total(
            y * x for y, x in zip(mixed, scores[place], strict=True)
        )
    return out


def _crossed(true: Array, pred: Array, config: Config) -> Array:
    """Each label with the predictions of each sample."""
    q = mp.mpf(config.get("q", 0.5))
    out = np.empty((len(true), len(pred)), dtype=object)
    for i, j in np.ndindex(out.shape):
        out[i, j] = (1 - pred[j, int(true[i, 0])] ** q) / q
    return out


def _overflowing(case: Case) -> Array:
    """In the shape of the predictions: whether a reciprocal or quotient of the row is above the largest float16."""
    pred = _values(case, "y_pred")
    (low, high) = rounded(np.array([1e-7, 1 - 1e-7]), "float16")
    axis = -1
    if case.loss in (CATEGORICAL, FOCAL, SPARSE):
        axis = case.config.get("axis", -1)
        if case.config.get("from_logits"):
            powers = np.exp(pred - pred.max(axis=axis, keepdims=True))
            pred = powers / powers.sum(axis=axis, keepdims=True)
    p = np.clip(pred, low, high)
    if case.loss == DIVERGENCE:
        quotient = np.clip(_values(case, "y_true"), low, 1) / p
        over = np.maximum(quotient, np.maximum(1 / quotient, 1 / p)) > LARGEST / 2
        return np.broadcast_to(over.any(axis=-1, keepdims=True), pred.shape)
    with np.errstate(divide="ignore"):
        over = 1 / p > LARGEST
        if case.loss in (BINARY, BINARY_FOCAL):
            return np.asarray(over | (1 / (1 - p) > LARGEST))
    return np.broadcast_to(over.any(axis=axis, keepdims=True), pred.shape)


def _by_quotients(evidence: Evidence) -> Masks:
    """Gradients of rows where a reciprocal or quotient overflows, and of the divergence values, which are made of quotients."""
    found = dict(_not_finite(evidence, _overflowing(evidence.case)))
    if evidence.case.loss != DIVERGENCE:
        found["value"] = np.zeros_like(found["value"])
    return found


def elsewhere(evidence: Evidence) -> Config:
    """What JAX and PyTorch do otherwise than TensorFlow."""
    if not evidence.elsewhere:
        return {}
    more = {"floor": -100} if evidence.elsewhere == "torch" and evidence.case.loss in (BINARY, BINARY_FOCAL) else {}
    return {"sigmoid_first": evidence.case.loss == BINARY_FOCAL, "divided_first": True, **more}


def _at_one(evidence: Evidence) -> Masks:
    """Gradients where the probability is 1: PyTorch divides by what it keeps above 1e-12, and has infinities for labels."""
    case = evidence.case
    x = _values(case, "y_pred")
    with np.errstate(over="ignore"):
        one = rounded(1 / (1 + np.exp(-x)) if case.config.get("from_logits") else x, case.dtype) >= 1
    found = {"value": np.zeros(evidence.right.shape, bool)}
    for name in evidence.gradients:
        got = evidence.got(f"gradient {name}")
        found[f"gradient {name}"] = (~np.isfinite(got) | (abs(got) > 1e6)) & (one if got.shape == one.shape else False)
    return found


def _by_half_bounds(evidence: Evidence) -> Masks:
    """Numbers of the same formula with the bounds that the dtype has; where the upper one leaves no number, slopes without it."""
    case = evidence.case
    masks = [
        as_another(evidence, UNREDUCED[case.loss], {**elsewhere(evidence), "bounds": (case.dtype, upper)})
        for upper in (case.dtype, "float32")
    ]
    if case.dtype == "float16":
        masks.append(_by_quotients(evidence))
    if case.loss in (BINARY, BINARY_FOCAL) and evidence.elsewhere == "torch":
        masks.append(_at_one(evidence))
    return {what: np.logical_or.reduce([one[what] for one in masks]) for what in masks[0]}


def _by_a_rounded_sigmoid(evidence: Evidence) -> Masks:
    """Numbers as far off as the last digit of a sigmoid near 0 or 1 makes them; what is not finite where that is 0 or 1."""
    case = evidence.case
    x = _values(case, "y_pred")
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-x))
    certain = (rounded(p, case.dtype) == 1) | (rounded(p, case.dtype) == 0)
    lost = 8 / np.maximum(np.minimum(p, 1 - p), epsilon(case.dtype))
    found = {}
    for what, errors in evidence.errors().items():
        broken = ~np.isfinite(evidence.got(what))
        if errors.shape == x.shape:
            found[what] = (errors <= lost) | (broken & certain)
        else:
            found[what] = (errors <= lost.max()) | (broken & certain.any())
    return found


def of_sigmoids(evidence: Evidence) -> Masks:
    """Numbers of the sigmoid, of which the entropy is taken, as the dtype holds and bounds it."""
    if evidence.case.dtype in ("float16", "bfloat16"):
        (bounded, rounded_off) = (_by_half_bounds(evidence), _by_a_rounded_sigmoid(evidence))
        return {what: mask | rounded_off[what] for what, mask in bounded.items()}
    return as_another(evidence, UNREDUCED[BINARY_FOCAL], elsewhere(evidence))


def _only(what: str, masks: Masks) -> Masks:
    return {what: masks[what]}


# --- the records --------------------------------------------------------------------------------------------------------------------

_THIRDS = [[[1 / 3, 1 / 3], [1 / 3, 1 / 3], [1 / 3, 1 / 3]]]
_HOT_INSIDE = [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
_NONE = {"reduction": "none"}

FINDINGS: tuple[Finding, ...] = (
    Finding(
        id="keras-sparse-axis",
        kind=BUG,
        loss=SPARSE,
        cause="axis is documented as the dimension along which the entropy is computed; TensorFlow takes the last only.",
        evidence=TENSORFLOW + "sparse_categorical_crossentropy",
        measure=example_of(
            "keras-sparse-axis",
            example(
                "SparseCategoricalCrossentropy",
                {"y_true": [[0, 1]], "y_pred": [[[0.5, 0.25], [0.25, 0.5], [0.25, 0.25]]]},
                {"axis": 1, **_NONE},
                dtypes={"y_true": "int64"},
            ),
        ),
        matches=lambda case: case.loss == SPARSE and inner(case),
        refusal=r"Only axis=-1 is currently supported",
    ),
    Finding(
        id="keras-alpha-axis",
        kind=BUG,
        loss=FOCAL,
        cause="A list of alphas, one a class, is multiplied along the last axis, whatever the axis of the classes is.",
        evidence=LOSSES + "categorical_focal_crossentropy, weighting_factor",
        measure=example_of(
            "keras-alpha-axis",
            example(
                "CategoricalFocalCrossentropy",
                {"y_true": _HOT_INSIDE, "y_pred": _THIRDS},
                {"axis": 1, "alpha": [1.0, 2.0, 3.0], **_NONE},
            ),
        ),
        matches=lambda case: case.loss == FOCAL and isinstance(case.config.get("alpha"), list) and inner(case),
        refusal=r"Incompatible shapes|must match the size of tensor b",
    ),
    Finding(
        id="keras-smoothing-axis",
        kind=BUG,
        loss=CATEGORICAL,
        cause="Labels are smoothed with the size of the last axis for the number of classes, whatever the axis of the classes is, so they"
        " do not add up to 1 if that is another.",
        evidence=LOSSES + "categorical_crossentropy and categorical_focal_crossentropy, num_classes",
        measure=example_of(
            "keras-smoothing-axis",
            example(
                "CategoricalCrossentropy",
                {"y_true": [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]], "y_pred": _THIRDS},
                {"axis": 1, "label_smoothing": 0.3, **_NONE},
                wrt=("y_pred",),
            ),
            example(
                "CategoricalFocalCrossentropy",
                {"y_true": _HOT_INSIDE, "y_pred": _THIRDS},
                {"axis": 1, "label_smoothing": 0.3},
            ),
        ),
        matches=lambda case: (
            case.loss in (CATEGORICAL, FOCAL) and bool(case.config.get("label_smoothing")) and inner(case)
        ),
        recorded=lambda evidence: as_another(
            evidence, _default_focal if evidence.case.loss == FOCAL else _smoothed_by_last
        ),
    ),
    Finding(
        id="keras-zero-row",
        kind=BUG,
        loss=CATEGORICAL,
        cause="Probabilities are divided by their sum before they are bounded: of a row of zeros, as a mask leaves it, that is 0 by 0. The"
        " loss and both gradients are NaN.",
        evidence=TENSORFLOW + "categorical_crossentropy, and " + LOSSES + "categorical_focal_crossentropy",
        measure=example_of(
            "keras-zero-row",
            example(
                "CategoricalCrossentropy",
                {"y_true": [[0.0, 1.0], [0.0, 1.0]], "y_pred": [[0.0, 0.0], [0.5, 0.5]]},
                _NONE,
                wrt=("y_true", "y_pred"),
            ),
            example("CategoricalFocalCrossentropy", {"y_true": [[0.0, 1.0]], "y_pred": [[0.0, 0.0]]}, wrt=("y_pred",)),
        ),
        matches=_of_zeros,
        recorded=lambda evidence: _not_finite(evidence, _zero_rows(evidence.case)),
    ),
    Finding(
        id="keras-logits-labels",
        kind=BUG,
        loss=CATEGORICAL,
        cause="From logits the gradient is softmax less labels, which is that of the loss only for labels that add up to 1. Labels of"
        " zeros, whose loss is 0 whatever the logits, have the gradient of the softmax.",
        evidence=TENSORFLOW + "categorical_crossentropy, tf.nn.softmax_cross_entropy_with_logits",
        measure=example_of(
            "keras-logits-labels",
            example(
                "CategoricalCrossentropy",
                {"y_true": [[0.0, 0.0], [0.5, 0.0]], "y_pred": [[1.0, 0.0], [0.0, 0.0]]},
                {"from_logits": True, **_NONE},
                wrt=("y_pred",),
            ),
        ),
        matches=lambda case: (
            case.loss == CATEGORICAL and bool(case.config.get("from_logits")) and not _whole_labels(case)
        ),
        recorded=lambda evidence: _only("gradient y_pred", as_another(evidence, _slope_of_whole_labels)),
    ),
    Finding(
        id="keras-focal-slope",
        kind=BUG,
        loss=BINARY_FOCAL,
        cause="Where 1 - p_t is 0, its power has an infinite slope for gamma below 1, and for gamma 0 one of 0 times infinity: gradients"
        " are NaN, though for gamma 0 the loss is the cross entropy.",
        evidence=LOSSES + "binary_focal_crossentropy, focal_factor",
        measure=example_of(
            "keras-focal-slope",
            example(
                "BinaryFocalCrossentropy",
                {"y_true": [[0.0, 1.0]], "y_pred": [[0.0, 0.5]]},
                {"gamma": 0.0},
                wrt=("y_true", "y_pred"),
            ),
            example(
                "BinaryFocalCrossentropy",
                {"y_true": [[1.0]], "y_pred": [[200.0]]},
                {"gamma": 0.5, "from_logits": True},
                wrt=("y_pred",),
            ),
        ),
        matches=lambda case: case.loss == BINARY_FOCAL and case.config.get("gamma", 2) < 1,
        recorded=lambda evidence: {
            what: mask & (_missed(evidence.case) == 0)
            for what, mask in _not_finite(evidence).items()
            if what != "value"
        },
    ),
    Finding(
        id="keras-generalized-column",
        kind=BUG,
        loss=GENERALIZED,
        cause="Labels of shape (batch_size, 1), which the documentation has, become one-hot with an axis too many, and broadcast: a loss"
        " for each label with each sample.",
        evidence=LOSSES + "categorical_generalized_cross_entropy, y_true_one_hot",
        measure=example_of(
            "keras-generalized-column",
            example(
                "CategoricalGeneralizedCrossEntropy",
                {"y_true": [[0], [1]], "y_pred": [[0.75, 0.25], [0.25, 0.75]]},
                wrt=("y_pred",),
                dtypes={"y_true": "int64"},
            ),
        ),
        matches=_column,
        recorded=lambda evidence: as_another(evidence, _crossed),
    ),
    Finding(
        id="keras-generalized-slope",
        kind=BUG,
        loss=GENERALIZED,
        cause="The class is picked by a sum of products with zeros and a one: where its probability is 0, the infinite slope of the power"
        " times 0 makes the gradients of all other classes NaN, of which the loss does not depend.",
        evidence=LOSSES + "categorical_generalized_cross_entropy, p",
        measure=example_of(
            "keras-generalized-slope",
            example(
                "CategoricalGeneralizedCrossEntropy",
                {"y_true": [0], "y_pred": [[0.0, 1.0]]},
                wrt=("y_pred",),
                dtypes={"y_true": "int64"},
            ),
        ),
        matches=lambda case: case.loss == GENERALIZED and not _column(case) and bool(_impossible(case).any()),
        recorded=lambda evidence: {
            "gradient y_pred": np.isnan(evidence.got("gradient y_pred")) & _impossible(evidence.case)
        },
    ),
    Finding(
        id="keras-half-quotients",
        kind=LIMIT,
        loss=DIVERGENCE,
        cause="In float16 quotients and reciprocals of numbers at the bound of 1.19e-7 and above it are beyond 65504, so infinite: of"
        " y_true / y_pred, and in the slopes of logarithms. The losses and gradients themselves are in range.",
        evidence=LOSSES + "kl_divergence, and " + TENSORFLOW + "tf.math.log",
        measure=example_of(
            "keras-half-quotients",
            example("KLDivergence", {"y_true": [[0.5, 0.5]], "y_pred": [[0.0, 1.0]]}, dtype="float16", wrt=("y_pred",)),
            example(
                "BinaryCrossentropy",
                {"y_true": [[0.25, 0.5, 0.5]], "y_pred": [[1e-5, 0.5, 0.5]]},
                dtype="float16",
                wrt=("y_pred",),
            ),
        ),
        matches=lambda case: case.loss in UNREDUCED and case.dtype == "float16",
        recorded=_by_quotients,
    ),
    Finding(
        id="keras-half-bounds",
        kind=LIMIT,
        loss=BINARY,
        cause="In float16 and bfloat16 1 - epsilon is 1, so a probability of 1 has no bound: the logarithm of 0 is taken, the loss infinite"
        " or, times 0, NaN, and the slope of 1 passes. Epsilon is 1.19e-7 in float16, which costs 15.94 where 16.12 is due.",
        evidence=TENSORFLOW + "binary_crossentropy, categorical_crossentropy and sparse_categorical_crossentropy",
        measure=example_of(
            "keras-half-bounds",
            example("BinaryCrossentropy", {"y_true": [[0.0]], "y_pred": [[1.0]]}, dtype="float16", wrt=("y_pred",)),
            example("BinaryCrossentropy", {"y_true": [[1.0]], "y_pred": [[1.0]]}, dtype="bfloat16"),
            example("CategoricalCrossentropy", {"y_true": [[1.0, 0.0]], "y_pred": [[0.0, 1.0]]}, dtype="float16"),
        ),
        matches=lambda case: case.loss in UNREDUCED and case.dtype in ("float16", "bfloat16"),
        recorded=_by_half_bounds,
    ),
)
