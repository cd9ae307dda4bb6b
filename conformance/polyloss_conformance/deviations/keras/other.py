"""The recorded deviations of the hinges, the overlaps of regions, the distances of embeddings, and sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case, epsilon, rounded
from polyloss_conformance.deviations.keras.common import (
    LOSS,
    LOSSES,
    RAISES,
    across,
    all_of,
    computed_by,
    documented,
    example,
)
from polyloss_conformance.deviations.measure import example_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Evidence, Finding, Masks, Measurement, plain
from polyloss_conformance.references.exact import exact, inputs_of
from polyloss_conformance.references.keras import REFERENCES
from polyloss_conformance.references.reference import Call, Config, Inputs

_NONE = {"reduction": "none"}

# --- what deviates, and where ----------------------------------------------------------------------------------------------------


def _asked(loss: str, **changed: Any) -> Callable[[Evidence], Masks]:
    """Where Keras's numbers are those with other arguments; of what is called, the configuration is the argument."""

    def value(inputs: Inputs, config: Config, call: Call) -> Array:
        other = {key: given(config) if callable(given) else given for key, given in changed.items()}
        return REFERENCES[f"keras/{loss}"].compute(inputs, {**config, **other}, call)

    return computed_by(value)


def _of_no_axes(case: Case) -> bool:
    """A mean by weights of a loss that has no axes, nor have its weights."""
    return (
        case.loss == "keras/Dice"
        and case.config.get("reduction") == "mean_with_sample_weight"
        and case.config.get("axis") is None
        and "sample_weight" in case.call
    )


def _held(labels: Any, config: Config) -> Array:
    """Labels as the dtype of the loss holds them."""
    return rounded(np.asarray(labels, dtype=np.float64), config.get("dtype", "float32"))


def _merges_labels(case: Case) -> bool:
    """A loss of whole labels, some of which the dtype does not tell apart."""
    labels = case.inputs["y_true"]
    if case.loss != "keras/Circle" or "ref_labels" in case.inputs or not labels.dtype.startswith("int"):
        return False
    return np.unique(labels.values).size > np.unique(_held(labels.values, case.config)).size


def _of_merged_labels(inputs: Inputs, config: Config, call: Call) -> Array:
    """The circle of rounded labels, with Keras's gradient."""
    held = exact(_held([float(label) for label in inputs["y_true"].flat], config))
    return REFERENCES["keras/Circle"].compute({**inputs, "y_true": held}, {**config, "fixed_weights": False}, call)


_TOO_SMALL = 2.0**-16
"""A divisor whose reciprocal float16 does not hold."""


def _empty(case: Case) -> bool:
    """Regions of float16 with next to nothing in them."""
    if case.loss not in ("keras/Dice", "keras/Tversky") or case.dtype != "float16":
        return False
    return all(float(np.abs(case.inputs[name].values).sum()) < _TOO_SMALL for name in ("y_true", "y_pred"))


def _not_finite(evidence: Evidence) -> Masks:
    """Gradients that are infinite or NaN."""
    return {f"gradient {name}": ~np.isfinite(evidence.got(f"gradient {name}")) for name in evidence.gradients}


_FLOOR = 700.0
"""Costs above it TensorFlow cannot tell from that of what is impossible."""


def _beyond(case: Case) -> Array:
    """Which samples (N,) cost more."""
    alone = {name: one for name, one in inputs_of(case).items() if name in ("y_true", "y_pred")}
    costs = dialects.reference(case).value(alone, {**case.config, **_NONE}, {})
    return np.array([bool(cost > _FLOOR) for cost in costs])


def _single(evidence: Evidence) -> Masks:
    """Where float64 is off by what float32 may be."""
    if evidence.case.dtype != "float64":
        return {}
    scale = epsilon("float32") / epsilon("float64")
    return {what: errors < 64 * scale for what, errors in evidence.errors().items()}


def _floored(evidence: Evidence) -> Masks:
    """Values that are less than they should be, and gradients of the samples that cost too much; float64 as in float32."""
    samples = _beyond(evidence.case)
    (got, slope) = (evidence.got("value"), evidence.got("gradient y_pred"))
    if evidence.elsewhere == "torch":
        return {"gradient y_pred": samples[:, None, None] & np.isnan(slope)}
    reached = samples if got.shape == samples.shape else samples.any()
    masks = {
        "value": reached & np.isfinite(got) & (got < evidence.right),
        "gradient y_pred": samples[:, None, None] & np.isfinite(slope),
    }
    return {what: mask | _single(evidence).get(what, np.zeros(mask.shape, bool)) for what, mask in masks.items()}


# --- how it is measured ----------------------------------------------------------------------------------------------------------


def _ranks() -> Measurement:
    """The function, which brings nothing to one rank."""
    keras = dialects.resolve(dialects.dialects()["keras"].native_load or "")()
    (true, pred) = (np.array([1.0, -1.0], "float32"), np.array([[0.0], [2.0]], "float32"))
    found = keras.ops.convert_to_numpy(keras.losses.hinge(true, pred))
    numbers = {
        "quantity": "function hinge of y_true [1, -1] and y_pred [[0], [2]], float32",
        "right": "[1, 3], as in the class",
        "tensorflow": plain(found),
    }
    return Measurement([numbers], found.shape == (2,) and np.allclose(found, [1.0, 1.5]))


_CIRCLE = {"y_true": [0, 0, 1], "y_pred": [[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]]}
_WHOLE = {"y_true": "int32"}
_ON_MARGIN = {"y_true": [[1.0, 1.0]], "y_pred": [[1.0, 3.0]]}
_CLASS_ON_MARGIN = {"y_true": [[1.0, 0.0, 0.0]], "y_pred": [[1.5, 0.5, 0.5]]}
_SUBGRADIENT = "on the edge of the hinge any number between this and 0 is a subgradient; polyloss has TensorFlow's"
_FRAMES = {"y_true": [[1], [2]], "y_pred": np.zeros((2, 3, 3)).tolist()}
_IMPOSSIBLE = example(
    "CTC", {"y_true": [[1, 1]], "y_pred": np.zeros((1, 2, 3)).tolist()}, _NONE, dtypes=_WHOLE, wrt=("y_pred",)
)

FINDINGS: tuple[Finding, ...] = (
    Finding(
        id="keras-tversky-swapped",
        kind=BUG,
        measure=example_of(
            "keras-tversky-swapped",
            example(
                "Tversky",
                {"y_true": [1.0, 0.0, 0.0, 0.0], "y_pred": [1.0, 1.0, 0.0, 0.0]},
                {"alpha": 0.9, "beta": 0.1},
                wrt=("y_pred",),
            ),
            example(
                "Tversky",
                {"y_true": [1.0, 1.0, 0.0, 0.0], "y_pred": [1.0, 0.0, 0.0, 0.0]},
                {"alpha": 0.9, "beta": 0.1},
                wrt=("y_pred",),
            ),
        ),
        loss="keras/Tversky",
        cause="alpha is documented to weigh false positives and beta false negatives. The code takes labels for predictions when it counts"
        " these, so that alpha weighs false negatives. In polyloss alpha weighs false positives; with alpha and beta exchanged it gives"
        " Keras's numbers.",
        evidence=LOSSES + "tversky, fp and fn",
        matches=lambda case: (
            case.loss == "keras/Tversky" and case.config.get("alpha", 0.5) != case.config.get("beta", 0.5)
        ),
        recorded=_asked(
            "Tversky", alpha=lambda config: config.get("beta", 0.5), beta=lambda config: config.get("alpha", 0.5)
        ),
    ),
    Finding(
        id="keras-mean-by-weight-of-no-axes",
        kind=BUG,
        measure=example_of(
            "keras-mean-by-weight-of-no-axes",
            replace(  # a number as weight is an argument of the call
                example("Dice", {"y_true": [1.0, 0.0], "y_pred": [0.5, 0.5]}, {"reduction": "mean_with_sample_weight"}),
                call={"sample_weight": 3.0},
            ),
        ),
        loss="keras/Dice",
        cause="mean_with_sample_weight divides by the sum of the weights. Where loss and weight have no axes, Keras returns their product"
        " before it comes to that.",
        evidence=LOSS + "reduce_values, the shape ()",
        matches=_of_no_axes,
        recorded=_asked("Dice", **_NONE),
    ),
    documented(
        "keras-dice-empty",
        "The printed quotient of two empty regions is 0 / 0. The code adds an epsilon of 1e-7 to the divisor: they cost 1, as if they had"
        " nothing in common, with gradient 0.",
        "dice, and class Dice, Formula",
        example("Dice", {"y_true": [0.0, 0.0], "y_pred": [0.0, 0.0]}),
        np.nan,
        1.0,
    ),
    Finding(
        id="keras-overlap-half",
        kind=LIMIT,
        measure=example_of(
            "keras-overlap-half",
            *(
                example(loss, {"y_true": [0.0], "y_pred": [0.0]}, None, "float16", ("y_pred",))
                for loss in ("Dice", "Tversky")
            ),
        ),
        loss="keras/Dice",
        cause="The epsilon that keeps the divisor above 0 is subnormal in float16, and its reciprocal is infinite there: the gradients of"
        " two empty regions are 0 times infinity. polyloss computes half precision in float32; they are 0.",
        evidence=LOSSES + "dice, tversky",
        matches=_empty,
        recorded=_not_finite,
    ),
    Finding(
        id="keras-dice-broadcast",
        kind=BUG,
        measure=across(
            example("Dice", {"y_true": [[1.0], [1.0]], "y_pred": [[1.0, 1.0], [1.0, 1.0]]}),
            "value",
            "refused: the shapes (2, 1) and (2, 2) are not those of one region",
            tensorflow=-1 / 3,
        ),
        loss="keras/Dice",
        cause="Where the shapes differ the product of labels and predictions broadcasts, but the sums of each do not: the loss leaves"
        " [0, 1]. polyloss raises ValueError. In Tversky only products of both are summed: there shapes broadcast, in polyloss too.",
        evidence=LOSSES + "dice",
    ),
    Finding(
        id="keras-hinge-function-ranks",
        kind=BUG,
        measure=_ranks,
        loss="keras/Hinge",
        cause="Only the class brings labels and predictions to one rank. The functions of the hinges broadcast (N,) against (N, 1) to"
        " (N, N), every label against every prediction, without a word. In polyloss the functions do as the classes.",
        evidence=LOSSES + "hinge, squared_hinge, categorical_hinge",
    ),
    Finding(
        id="keras-hinge-edge",
        kind=BUG,
        measure=all_of(
            across(
                example("Hinge", _ON_MARGIN, wrt=("y_pred",)),
                "gradient y_pred",
                [[-0.5, 0.0]],
                tensorflow=[[-0.5, 0.0]],
                jax=[[-0.25, 0.0]],
                torch=[[-0.25, 0.0]],
            ),
            across(
                example("CategoricalHinge", _CLASS_ON_MARGIN, wrt=("y_pred",)),
                "gradient y_pred",
                _SUBGRADIENT,
                tensorflow=[[-1.0, 0.5, 0.5]],
                jax=[[-0.5, 0.25, 0.25]],
                torch=[[-0.5, 0.25, 0.25]],
            ),
        ),
        loss="keras/Hinge",
        cause="On the edge of a hinge the backends of Keras take different subgradients: TensorFlow that of the inner term, JAX and PyTorch"
        " half of it. polyloss has TensorFlow's on every backend.",
        evidence=LOSSES + "hinge, categorical_hinge; ops.maximum of each backend",
    ),
    Finding(
        id="keras-circle-labels",
        kind=BUG,
        measure=example_of(
            "keras-circle-labels",
            example(
                "Circle",
                {**_CIRCLE, "y_true": [16777216, 16777217, 3]},
                {**_NONE, "gamma": 2.0, "fixed_weights": False},
                dtypes=_WHOLE,
                wrt=("y_pred",),
            ),
            example(
                "Circle", {**_CIRCLE, "y_true": [2048, 2049, 3]}, {**_NONE, "gamma": 2.0}, "float16", dtypes=_WHOLE
            ),
        ),
        loss="keras/Circle",
        cause="The class converts labels to its dtype before the function makes them integers: those that it"
        " rounds to one number become one label. In polyloss labels are never rounded.",
        evidence=LOSS + "Loss.__call__; " + LOSSES + "circle",
        matches=_merges_labels,
        recorded=computed_by(_of_merged_labels),
    ),
    Finding(
        id="keras-circle-gradient",
        kind=BUG,
        measure=example_of(
            "keras-circle-gradient", example("Circle", _CIRCLE, {**_NONE, "gamma": 2.0}, dtypes=_WHOLE, wrt=("y_pred",))
        ),
        loss="keras/Circle",
        cause="The weights say how far a distance is from where it should be, and the paper's gradients take them for constants. Keras"
        " differentiates them too. polyloss has the paper's gradient, and Keras's with fixed_weights=False. Values do not differ.",
        evidence=LOSSES + "circle, pos_weights and neg_weights; Sun et al. 2020, section 3",
        matches=lambda case: case.loss == "keras/Circle" and case.config.get("fixed_weights", True),
        recorded=_asked("Circle", fixed_weights=False),
    ),
    Finding(
        id="keras-ctc-log-zero",
        kind=BUG,
        measure=all_of(
            example_of(
                "keras-ctc-log-zero",
                _IMPOSSIBLE,
                example("CTC", {"y_true": [[1]], "y_pred": [[[1000.0, 0.0]]]}, _NONE, dtypes=_WHOLE, wrt=("y_pred",)),
            ),
            across(_IMPOSSIBLE, "value", [np.inf], tensorflow=[707.7045], jax=[1e5], torch=[np.inf], numpy=[1e5]),
            across(_IMPOSSIBLE, "gradient y_pred", [[[0.0] * 3] * 2], torch=[[[np.nan] * 3] * 2]),
        ),
        loss="keras/CTC",
        cause="TensorFlow starts from log 1e-307 for log 0, JAX and NumPy from -1e5. A label that needs more frames than there are has"
        " probability 0; there its cost is finite, with a gradient that is not 0. And on TensorFlow a possible label that costs more than"
        " 700 costs less than it should, without gradient. PyTorch's cost is infinite, with NaN for a gradient. In polyloss the cost of"
        " what is impossible is infinite with gradient 0, and every other one exact.",
        evidence="tensorflow/python/ops/ctc_ops.py of TensorFlow, ctc_state_log_probs",
        matches=lambda case: case.loss == "keras/CTC" and bool(_beyond(case).any()),
        recorded=_floored,
    ),
    Finding(
        id="keras-ctc-mask",
        kind=BUG,
        measure=across(
            example("CTC", {**_FRAMES, "mask": [[1, 1, 0]] * 2}, _NONE, dtypes=_WHOLE | {"mask": "bool"}),
            "value",
            "refused, by name: a mask of frames is no weight of samples",
            tensorflow=RAISES,
            jax=RAISES,
            torch=RAISES,
            numpy=RAISES,
        ),
        loss="keras/CTC",
        cause="A mask on the predictions weighs samples. That of frames (N, T), as recurrent layers and Masking leave it, does not say how"
        " many frames count: the product of losses (N,) and mask fails, or for N = T broadcasts to (N, N). polyloss raises ValueError"
        " unless the mask has shape (N,) or (N, 1), or is (N, N) by chance: take the mask off, and mask the logits.",
        evidence=LOSS + "reduce_weighted_values; " + LOSSES + "ctc, input_length",
    ),
    Finding(
        id="keras-empty-refused",
        kind=BUG,
        measure=all_of(
            across(
                example("CategoricalHinge", dict.fromkeys(("y_true", "y_pred"), np.zeros((0, 3))), _NONE),
                "value",
                np.zeros(0),
                tensorflow=RAISES,
                jax=np.zeros(0),
                torch=RAISES,
                numpy=np.zeros(0),
            ),
            across(
                example("CTC", {"y_true": np.zeros((0, 2)), "y_pred": np.zeros((0, 3, 4))}, _NONE, dtypes=_WHOLE),
                "value",
                np.zeros(0),
                tensorflow=RAISES,
                jax=np.zeros(0),
                torch=RAISES,
            ),
        ),
        loss="keras/CategoricalHinge",
        cause="An empty batch, for which every other loss is empty, is refused by CategoricalHinge and CTC: a maximum and a scatter take no"
        " empty tensors. JAX takes both.",
        evidence="keras/src/ops/numpy.py of Keras 3.15, max of each backend; " + LOSSES + "ctc",
        matches=lambda case: (
            case.loss in ("keras/CategoricalHinge", "keras/CTC") and 0 in case.inputs["y_pred"].values.shape
        ),
        refusal=r"max of an empty tensor|empty output shape|must not be empty",
    ),
    Finding(
        id="keras-ctc-float64",
        kind=LIMIT,
        measure=example_of(
            "keras-ctc-float64",
            example(
                "CTC",
                {"y_true": [[1, 2]], "y_pred": [[[0.1, 0.2, 0.7], [0.3, 0.5, 0.9], [0.2, 0.1, 1.1]]]},
                _NONE,
                "float64",
                dtypes=_WHOLE,
                wrt=("y_pred",),
            ),
        ),
        loss="keras/CTC",
        cause="The recursion of TensorFlow is float32: Keras rounds float64 logits to it, and the result has its precision.",
        evidence="keras/src/backend/tensorflow/nn.py of Keras 3.15, ctc_loss, compute_dtype",
        matches=lambda case: case.loss == "keras/CTC" and case.dtype == "float64",
        recorded=_single,
    ),
    Finding(
        id="keras-ctc-labels",
        kind=BUG,
        measure=all_of(
            across(
                example("CTC", {"y_true": [[7]], "y_pred": np.zeros((1, 2, 3)).tolist()}, _NONE, dtypes=_WHOLE),
                "value",
                "refused: there are 3 classes",
                tensorflow=[-0.510826],
            ),
            across(
                example("CTC", {"y_true": [[0, 1]], "y_pred": [[[0.0, 1.0, 0.0]] * 2]}, _NONE, dtypes=_WHOLE),
                "value",
                "refused: 0 is padding, and stands before a label",
                tensorflow=[2.00428],
            ),
        ),
        loss="keras/CTC",
        cause="Labels are not checked. One that is no class costs nothing, so that the loss may fall below 0; and with a 0 before a label"
        " as many labels are read from the left as are not 0, the blank among them. polyloss raises ValueError where it can read the"
        " labels, and gives NaN where it cannot.",
        evidence=LOSSES + "ctc; tensorflow/python/ops/ctc_ops.py of TensorFlow, _ilabel_to_state",
    ),
)
"""All of them."""
