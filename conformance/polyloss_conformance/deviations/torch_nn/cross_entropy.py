"""The recorded deviations of the losses of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Case
from polyloss_conformance.deviations.masks import given
from polyloss_conformance.deviations.measure import example_of, numbers_of
from polyloss_conformance.deviations.record import (
    BUG,
    DOCUMENTATION,
    LIMIT,
    Evidence,
    Example,
    Finding,
    Masks,
    Measurement,
    close,
    plain,
)
from polyloss_conformance.deviations.torch_nn.common import MODULES, NATIVE, documented, example
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.torch_nn import cross_entropy as references

LOSSES = ("torch/CrossEntropyLoss", "torch/NLLLoss", "torch/NLLLoss2d")

# --- what deviates, and where -----------------------------------------------------------------------------------------------------


def _kind(case: Case) -> str:
    return case.inputs["target"].dtype


def _of_classes(case: Case) -> bool:
    return case.loss in LOSSES and _kind(case) not in ("float64", "float32", "float16", "bfloat16")


def _images(case: Case) -> bool:
    return case.inputs["input"].values.ndim > 2


def _smoothed(case: Case) -> bool:
    return bool(case.config.get("label_smoothing"))


def _not_taken(case: Case) -> bool:
    return _of_classes(case) and _kind(case) not in ("int64", "uint8")


def _bytes(case: Case) -> bool:
    return _of_classes(case) and _kind(case) == "uint8" and (_images(case) or _smoothed(case))


def _vector_of_one(case: Case) -> bool:
    return _of_classes(case) and case.inputs["input"].values.ndim == case.inputs["target"].values.ndim == 1


def _impossible(case: Case) -> bool:
    """A class of logit minus infinity and probability 0."""
    if case.loss not in LOSSES or _of_classes(case):
        return False
    return bool((np.isneginf(given(case, "input")) & (given(case, "target") == 0)).any())


def _nan_values(evidence: Evidence) -> Masks:
    return {"value": np.isnan(evidence.got("value"))}


def _infinite_values(evidence: Evidence) -> Masks:
    return {"value": np.isposinf(evidence.got("value"))}


# --- the records --------------------------------------------------------------------------------------------------------------------

_NONE = {"reduction": "none"}


def _labelled(
    loss: str,
    scores: list[Any],
    labels: list[Any],
    config: Mapping[str, Any] | None = None,
    dtype: str = "float32",
    kind: str = "int64",
    wrt: tuple[str, ...] = (),
) -> Example:
    return replace(
        example(loss, {"input": scores, "target": labels}, config, dtype, wrt),
        dtypes={"target": kind},
    )


_FUNCTIONAL = (
    "torch.nn.functional says of reduction='mean' that the sum of the output is divided by the number of elements in the output. The code"
    " divides by the sum of the targets' weights, in which an ignored target is 0, as torch.nn prints it."
)
_EVEN = [[0.0, 0.0], [0.0, 0.0]]


def _ignored_probabilities() -> Measurement:
    """What is said to be without effect, and torch's refusal."""
    case = example(
        "CrossEntropyLoss", {"input": _EVEN, "target": [[1.0, 0.0], [0.25, 0.75]]}, {"ignore_index": 1}
    ).case()
    said = dialects.reference(case).documented_value(inputs_of(case), case.config, case.call)
    numbers = {
        "quantity": "CrossEntropyLoss(ignore_index=1) of two rows of probabilities",
        "documentation": plain(said),
    }
    holds = close(said, 0.693147)
    try:
        native = dialects.of(case.loss).ask(case)
    except ImportError:
        return Measurement([numbers], holds)
    numbers["torch"] = native.get("refused") or plain(native["value"])
    return Measurement([numbers], holds and "not supported for floating point target" in native.get("refused", ""))


_DOCUMENTATION = (
    documented(
        "torch-nll-functional-mean",
        _FUNCTIONAL,
        "NLLLoss, and torch/nn/functional.py, nll_loss, Args",
        _labelled("NLLLoss", [[-1.0, -2.0]] * 3, [0, 1, -100], {"weight": [1.0, 3.0]}),
        7 / 3,
        7 / 4,
        references.mean_of_elements(references.computed_nll),
    ),
    documented(
        "torch-cross-entropy-functional-mean",
        _FUNCTIONAL,
        "CrossEntropyLoss, and torch/nn/functional.py, cross_entropy, Args",
        _labelled("CrossEntropyLoss", [[0.0, 0.0]] * 3, [0, 1, -100], {"weight": [1.0, 3.0]}),
        4 * 0.6931472 / 3,
        0.6931472,
        references.mean_of_elements(references.computed_cross_entropy),
    ),
    documented(
        "torch-cross-entropy-smoothing-mean",
        "Smoothing is documented to make the targets a mixture of the classes and a uniform distribution, that is probabilities, whose"
        " printed mean divides by the number of positions. The mean of smoothed classes divides by the weights of the classes.",
        "CrossEntropyLoss, label_smoothing, and " + NATIVE + "LossNLL.cpp, cross_entropy_loss_label_smoothing",
        _labelled("CrossEntropyLoss", _EVEN, [0, 1], {"weight": [1.0, 3.0], "label_smoothing": 0.5}),
        2 * 0.6931472,
        0.6931472,
    ),
    documented(
        "torch-cross-entropy-soft-mean",
        "Of reduction='mean' it is said that the weighted mean of the output is taken. For probabilities it is not: the code divides by the"
        " number of positions, as the formula for them prints it, so weights that are all doubled double the mean.",
        "CrossEntropyLoss, reduction, and " + NATIVE + "LossNLL.cpp, cross_entropy_loss_prob_target",
        example("CrossEntropyLoss", {"input": _EVEN, "target": [[1.0, 0.0], [0.5, 0.5]]}, {"weight": [2.0, 2.0]}),
        0.6931472,
        2 * 0.6931472,
        references.weighted_mean,
    ),
    Finding(
        id="torch-cross-entropy-soft-ignore-index",
        kind=DOCUMENTATION,
        loss="torch/CrossEntropyLoss",
        cause="ignore_index is documented as only applicable when the target contains class indices. For probabilities it is not without"
        " effect: from 0 on it is refused; below, like the default, it is passed over.",
        evidence=MODULES + "CrossEntropyLoss, ignore_index, and " + NATIVE + "LossNLL.cpp, cross_entropy_loss_symint",
        measure=_ignored_probabilities,
    ),
)

_NATIVE = (
    Finding(
        id="torch-class-dtypes",
        kind=LIMIT,
        measure=example_of(
            "torch-class-dtypes",
            _labelled("CrossEntropyLoss", _EVEN, [0, 1], kind="int32"),
            _labelled("NLLLoss", _EVEN, [0, 1], kind="int16"),
        ),
        loss="torch/CrossEntropyLoss",
        cause="Class numbers are taken in int64 and uint8 only, though no wider integer is needed: JAX has no int64 by default.",
        evidence=NATIVE + "LossNLL.cpp and LossNLL2d.cpp of PyTorch 2.13",
        matches=_not_taken,
        refusal="expected target dtype to be Long or Byte",
    ),
    Finding(
        id="torch-class-bytes",
        kind=BUG,
        measure=example_of(
            "torch-class-bytes",
            _labelled("NLLLoss", [[[-1.0], [-2.0]]], [[1]], kind="uint8"),
            _labelled("CrossEntropyLoss", _EVEN, [0, 1], {"label_smoothing": 0.1, "weight": [1.0, 2.0]}, kind="uint8"),
        ),
        loss="torch/NLLLoss",
        cause="The check of dtypes lets uint8 targets pass, which the documentation excludes ('required to be long'), and one of the two"
        " kernels takes them; that for (N, C, d1, ...) does not, nor does the gathering of weights when smoothing takes the mean.",
        evidence=NATIVE + "LossNLL.cpp and LossNLL2d.cpp of PyTorch 2.13",
        matches=_bytes,
        refusal=r"expected scalar type Long but found Byte|gather\(\): Expected dtype int32/int64 for index",
    ),
    Finding(
        id="torch-class-vector-of-one",
        kind=BUG,
        measure=example_of(
            "torch-class-vector-of-one",
            _labelled("CrossEntropyLoss", [0.0, 0.0], [1], wrt=("input",)),
            _labelled("CrossEntropyLoss", [0.0, 0.0], [1], {"label_smoothing": 0.1}),
        ),
        loss="torch/CrossEntropyLoss",
        cause="For an input (C,) a target (1,) is accepted, and the value is right; its gradient is refused, as is smoothing.",
        evidence=NATIVE + "LossNLL.cpp of PyTorch 2.13, nll_loss_nd and nll_loss_backward",
        matches=_vector_of_one,
        refusal="size mismatch|doesn't match the broadcast shape",
    ),
    Finding(
        id="torch-cross-entropy-impossible",
        kind=BUG,
        measure=example_of(
            "torch-cross-entropy-impossible",
            example(
                "CrossEntropyLoss",
                {"input": [[0.0, 0.0, -np.inf]], "target": [[1.0, 0.0, 0.0]]},
                wrt=("input",),
            ),
        ),
        loss="torch/CrossEntropyLoss",
        cause="A class that is masked by a logit of minus infinity and has probability 0 makes the loss 0 times infinity, NaN. The same"
        " target as a class number gives a finite loss, and so does the limit of 0 log 0; the gradient is finite.",
        evidence=NATIVE + "LossNLL.cpp of PyTorch 2.13, cross_entropy_loss_prob_target",
        matches=_impossible,
        recorded=_nan_values,
    ),
    Finding(
        id="torch-class-half-sums",
        kind=BUG,
        measure=example_of(
            "torch-class-half-sums",
            _labelled("CrossEntropyLoss", [[2e4, -2e4]] * 2, [1, 1], dtype="float16", wrt=("input",)),
            _labelled("CrossEntropyLoss", [[1e4, -1e4, -1e4, -1e4, -1e4]], [0], {"label_smoothing": 0.1}, "float16"),
        ),
        loss="torch/CrossEntropyLoss",
        cause="In float16 on a CPU, the sum that the mean divides, its divisor, and the sum over classes that smoothing takes are float16"
        " numbers: infinite above 65504, which 100,000 rows reach whatever their logits (the mean is NaN, infinity by infinity).",
        evidence=NATIVE + "LossNLL.cpp of PyTorch 2.13, nll_loss_out_frame and cross_entropy_loss_label_smoothing",
        matches=lambda case: case.loss in LOSSES and case.dtype == "float16",
        recorded=_infinite_values,
    ),
    Finding(
        id="torch-cross-entropy-negative-smoothing",
        kind=BUG,
        measure=numbers_of(
            _labelled("CrossEntropyLoss", [[0.0, 1.0]], [1], {"label_smoothing": -0.5}),
            "value",
            "refused: label_smoothing is documented to be in [0.0, 1.0]",
            0.31326166,
        ),
        loss="torch/CrossEntropyLoss",
        cause="A smoothing above 1 is refused; one below 0, or NaN, is taken for 0, without a word.",
        evidence=NATIVE + "LossNLL.cpp of PyTorch 2.13, cross_entropy_loss_symint",
    ),
)

FINDINGS: tuple[Finding, ...] = (*_DOCUMENTATION, *_NATIVE)
