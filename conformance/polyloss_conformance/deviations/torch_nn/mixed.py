"""The recorded deviations of PyTorch where the tensors of a call differ in dtype, or targets are unsigned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import MANTISSA, Array, Case, epsilon
from polyloss_conformance.deviations.masks import given
from polyloss_conformance.deviations.measure import example_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Evidence, Example, Finding, Masks
from polyloss_conformance.deviations.torch_nn.common import NATIVE

SPACINGS = 8.0
"""Of the coarsest dtype: how far off a result is that was rounded to it on the way."""


def _mixed(case: Case) -> bool:
    """Whether the tensors differ in dtype."""
    return len({one.dtype for one in case.inputs.values()}) > 1


def _mixed_floats(case: Case) -> bool:
    return len({one.dtype for one in case.inputs.values() if one.dtype in MANTISSA}) > 1


def _rounded(evidence: Evidence) -> Masks:
    """All that is as close as the coarsest dtype of the call allows."""
    coarsest = max(epsilon(dtype) for dtype in evidence.case.floats())
    dues = {"value": evidence.right} | {f"gradient {name}": one.lower for name, one in evidence.gradients.items()}
    return {
        what: abs(evidence.got(what) - due) <= SPACINGS * coarsest * np.maximum(1, abs(due))
        for what, due in dues.items()
    }


def _unsigned(case: Case) -> bool:
    return case.inputs["target"].dtype == "uint8"


def _negated(case: Case) -> Array:
    """What minus makes of the targets in uint8."""
    return np.asarray((256 - given(case, "target")) % 256)


def _agree(evidence: Evidence, expected: Mapping[str, Array]) -> Masks:
    return {what: np.isclose(evidence.got(what), due, rtol=1e-4, equal_nan=True) for what, due in expected.items()}


def _upstream(evidence: Evidence, elements: int) -> Array:
    return np.asarray(evidence.case.upstream(evidence.right.shape)) * evidence.right.size / elements


def _wrapped_soft_margin(evidence: Evidence) -> Masks:
    """The slope at 255 times the score."""
    x, y = given(evidence.case, "input"), given(evidence.case, "target")
    with np.errstate(over="ignore", invalid="ignore"):
        z = np.exp(np.float32(_negated(evidence.case) * x))
        slope = -y * z / (1 + z)
    return _agree(evidence, {"gradient input": slope * _upstream(evidence, x.size)})


def _wrapped_ranking(evidence: Evidence) -> Masks:
    """Value and slopes with a label of 255."""
    case = evidence.case
    label = _negated(case)
    terms = label * (given(case, "input1") - given(case, "input2")) + float(case.config.get("margin", 0))
    slope = label * (terms >= 0) * _upstream(evidence, terms.size)
    value = np.asarray(np.maximum(terms, 0).mean())
    return _agree(evidence, {"value": value, "gradient input1": slope, "gradient input2": -slope})


def _example(loss: str, inputs: Mapping[str, Any], dtypes: Mapping[str, str], wrt: tuple[str, ...]) -> Example:
    return Example(loss, inputs, {}, wrt=wrt, dtypes=dtypes, dialect="torch")


def _halfway(identity: str, example: Example, what: str, evidence: str) -> Finding:
    """A loss of which a part is computed before its tensors are promoted."""
    loss = f"torch/{example.loss}"
    return Finding(
        id=identity,
        kind=LIMIT,
        measure=example_of(identity, example),
        loss=loss,
        cause=f"Of tensors that differ in dtype {what} in the dtype of its own tensor, and is rounded there, before the wider dtype of"
        " the result is known.",
        evidence=evidence,
        matches=lambda case: case.loss == loss and _mixed_floats(case),
        recorded=_rounded,
    )


_HALF_TARGET = {"target": "float16"}

FINDINGS: tuple[Finding, ...] = (
    Finding(
        id="torch-huber-mixed",
        kind=BUG,
        measure=example_of(
            "torch-huber-mixed",
            _example("HuberLoss", {"input": [0.5], "target": [2.0]}, {"target": "float64"}, ("input",)),
            _example("HuberLoss", {"input": [0.5], "target": [2.0]}, {"target": "int64"}, ("input",)),
        ),
        loss="torch/HuberLoss",
        cause="Of tensors that differ in dtype the value comes in the input's dtype, not in the promoted one as in the other regression"
        " losses, and the gradient is refused. polyloss promotes, and has a gradient.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, huber_loss and huber_loss_backward",
        matches=lambda case: case.loss == "torch/HuberLoss" and _mixed(case),
        refusal=r"Found dtype \w+ but expected \w+",
    ),
    Finding(
        id="torch-bce-logits-mixed",
        kind=BUG,
        measure=example_of(
            "torch-bce-logits-mixed",
            _example("BCEWithLogitsLoss", {"input": [0.3], "target": [0.7]}, _HALF_TARGET, ("input",)),
        ),
        loss="torch/BCEWithLogitsLoss",
        cause="Of tensors that differ in dtype the result has the target's: a float32 loss of float32 logits becomes float16 if the labels"
        " are stored so, and is rounded before it is summed. polyloss promotes.",
        evidence=NATIVE
        + "Loss.cpp of PyTorch 2.13, binary_cross_entropy_with_logits: 1 - target is multiplied in place",
        matches=lambda case: case.loss == "torch/BCEWithLogitsLoss" and _mixed_floats(case),
        recorded=_rounded,
    ),
    _halfway(
        "torch-poisson-mixed",
        _example("PoissonNLLLoss", {"log_input": [0.3], "target": [2.0]}, {"log_input": "float16"}, ()),
        "the rate, exp(log_input), is computed",
        NATIVE + "Loss.cpp of PyTorch 2.13, poisson_nll_loss",
    ),
    _halfway(
        "torch-gaussian-mixed",
        _example(
            "GaussianNLLLoss", {"input": [0.3], "target": [2.0], "var": [0.7]}, {**_HALF_TARGET, "var": "float16"}, ()
        ),
        "the logarithm of the variance is computed",
        "torch/nn/functional.py of PyTorch 2.13, gaussian_nll_loss",
    ),
    _halfway(
        "torch-kl-mixed",
        _example("KLDivLoss", {"input": [-0.3], "target": [0.7]}, _HALF_TARGET, ()),
        "the entropy of the target, y log y, is computed",
        NATIVE + "Loss.cpp of PyTorch 2.13, kl_div",
    ),
    Finding(
        id="torch-soft-margin-unsigned",
        kind=BUG,
        measure=example_of(
            "torch-soft-margin-unsigned",
            _example("SoftMarginLoss", {"input": [2.0, -0.5], "target": [1, 1]}, {"target": "uint8"}, ("input",)),
        ),
        loss="torch/SoftMarginLoss",
        cause="The backward pass negates the target in its own dtype: the label 1 in uint8 becomes 255, and the slope that of 255 times the"
        " score, NaN where its exponential overflows.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, soft_margin_loss_backward",
        matches=lambda case: case.loss == "torch/SoftMarginLoss" and _unsigned(case),
        recorded=_wrapped_soft_margin,
    ),
    Finding(
        id="torch-margin-ranking-unsigned",
        kind=BUG,
        measure=example_of(
            "torch-margin-ranking-unsigned",
            _example(
                "MarginRankingLoss",
                {"input1": [2.0], "input2": [1.0], "target": [1]},
                {"target": "uint8"},
                ("input1", "input2"),
            ),
        ),
        loss="torch/MarginRankingLoss",
        cause="The target is negated in its own dtype: the label 1 in uint8 becomes 255, so that a pair in the right order costs 255 times"
        " its lead.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, margin_ranking_loss",
        matches=lambda case: case.loss == "torch/MarginRankingLoss" and _unsigned(case),
        recorded=_wrapped_ranking,
    ),
)
