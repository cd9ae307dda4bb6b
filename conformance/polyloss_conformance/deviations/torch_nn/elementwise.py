"""The recorded deviations of the losses that go element by element."""

from __future__ import annotations

import math

import numpy as np

from polyloss_conformance.cases import Array, Case, rounded
from polyloss_conformance.deviations.masks import LARGEST, given
from polyloss_conformance.deviations.measure import example_of, gradients_of, numbers_of
from polyloss_conformance.deviations.record import BUG, LIMIT, Evidence, Finding, Masks
from polyloss_conformance.deviations.torch_nn.common import NATIVE, documented, example

# --- what deviates, and where -----------------------------------------------------------------------------------------------------


def _overflowing(case: Case) -> Array:
    """Where exp(-y x) is above the largest number."""
    return np.asarray(
        -given(case, "target") * given(case, "input") > math.log(LARGEST.get(case.dtype, LARGEST["float32"]))
    )


def _soft_margin(evidence: Evidence) -> Masks:
    """Infinite values, and NaN in the gradient, where the exponential overflows."""
    over = _overflowing(evidence.case)
    reached = over if evidence.right.shape == over.shape else over.any()
    masks = {"value": np.isposinf(evidence.got("value")) & reached}
    return masks | {name: over & np.isnan(evidence.got(name)) for name in gradients_of(evidence)}


def _certain(case: Case) -> Array:
    return np.isin(given(case, "input"), (0.0, 1.0))


def _bce_half(evidence: Evidence) -> Masks:
    return {name: _certain(evidence.case) & ~np.isfinite(evidence.got(name)) for name in gradients_of(evidence)}


def _no_rate(case: Case) -> Array:
    """Where a rate is 0, if the epsilon that is to keep its logarithm finite rounds to 0."""
    eps = float(rounded(np.array(case.config.get("eps", 1e-8)), case.dtype))
    used = not case.config.get("log_input", True) and eps == 0
    return np.asarray((given(case, "log_input") == 0) & used)


def _poisson_half(evidence: Evidence) -> Masks:
    zero = _no_rate(evidence.case)
    reached = zero if evidence.right.shape == zero.shape else zero.any()
    masks = {"value": ~np.isfinite(evidence.got("value")) & reached}
    return masks | {name: zero & ~np.isfinite(evidence.got(name)) for name in gradients_of(evidence)}


# --- the records --------------------------------------------------------------------------------------------------------------------

_NONE = {"reduction": "none"}
_ROWS = {"input": [[0.5, 0.5], [0.5, 0.5]], "target": [[1.0, 0.0], [1.0, 0.0]]}
_WEIGHT = (
    "The weight is documented to rescale the loss of each batch element and to have the size of the batch. It broadcasts against the"
    " loss from the last axis on: one weight a column, and for batches and rows of different sizes an error."
)
_BY_ROW = [[0.693147, 0.693147], [2.079442, 2.079442]]
_BY_COLUMN = [[0.693147, 2.079442], [0.693147, 2.079442]]

_DOCUMENTATION = (
    documented(
        "torch-bce-weight",
        _WEIGHT,
        "BCELoss, Args, and torch/nn/functional.py, binary_cross_entropy",
        example("BCELoss", _ROWS, {**_NONE, "weight": [1.0, 3.0]}),
        _BY_ROW,
        _BY_COLUMN,
    ),
    documented(
        "torch-poisson-factorial",
        "The printed log(target!) is always there, and the printed logarithm is of the input; by default the input is the logarithm, and"
        " the code adds Stirling's approximation, on demand and for targets above 1.",
        "PoissonNLLLoss",
        example("PoissonNLLLoss", {"log_input": [0.0, 1.0], "target": [2.0, 3.0]}, _NONE),
        [1.693147, 1.510041],
        [1.0, -0.281718],
    ),
    documented(
        "torch-kl-zero-target",
        "The printed target * (target.log() - input) is 0 times infinity, NaN, for a target of 0; the code takes 0 log 0 as 0.",
        "KLDivLoss",
        example("KLDivLoss", {"input": [-1.0, -2.0], "target": [0.0, 0.5]}, _NONE),
        [np.nan, 0.653426],
        [0.0, 0.653426],
    ),
    documented(
        "torch-hinge-embedding-targets",
        "Two cases are printed, for targets 1 and -1. For any other target the code does not refuse and does not give 0: it adds both.",
        "HingeEmbeddingLoss, and " + NATIVE + "Loss.cpp, hinge_embedding_loss",
        example("HingeEmbeddingLoss", {"input": [0.25, 0.25, 0.25], "target": [1.0, -1.0, 0.0]}, _NONE),
        [0.25, 0.75, np.nan],
        [0.25, 0.75, 1.0],
    ),
)

_NATIVE = (
    Finding(
        id="torch-soft-margin-overflow",
        kind=BUG,
        measure=example_of(
            "torch-soft-margin-overflow",
            example("SoftMarginLoss", {"input": [-1000.0, 1.0], "target": [1.0, 1.0]}, _NONE, wrt=("input",)),
            example("SoftMarginLoss", {"input": [-12.0, 1.0], "target": [1.0, 1.0]}, _NONE, "float16", ("input",)),
        ),
        loss="torch/SoftMarginLoss",
        cause="log(1 + exp(-y x)) is evaluated as it stands: where the exponential overflows (margins below -88 in float32, -11 in"
        " float16) the loss is infinite and its gradient infinity over infinity, NaN, where they are -y x and -y.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, soft_margin_loss and its backward",
        matches=lambda case: case.loss == "torch/SoftMarginLoss" and bool(_overflowing(case).any()),
        recorded=_soft_margin,
    ),
    Finding(
        id="torch-bce-logits-cancel",
        kind=BUG,
        measure=numbers_of(
            example("BCEWithLogitsLoss", {"input": [-20.0, 20.0], "target": [0.0, 1.0]}, _NONE),
            "value",
            [2.0611536e-9, 2.0611536e-9],
            [0.0, 2.0611537e-9],
        ),
        loss="torch/BCEWithLogitsLoss",
        cause="(1 - y) x - log sigmoid(x): for a target of 0 and a negative logit two large numbers cancel, and the small loss is lost,"
        " which it is not for a target of 1 and a positive logit. The error is absolute, of the size of the logit's spacing.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, binary_cross_entropy_with_logits",
    ),
    Finding(
        id="torch-bce-target-gradient",
        kind=BUG,
        measure=numbers_of(
            example("BCELoss", {"input": [0.0, 1.0], "target": [0.5, 0.5]}, _NONE, wrt=("target",)),
            "gradient target",
            [100.0, -100.0],
            [np.inf, -np.inf],
        ),
        loss="torch/BCELoss",
        cause="The value clamps both logarithms at -100, the gradient with respect to the target does not: at probabilities 0 and 1 it is"
        " infinite, where the slope is 100.",
        evidence="torch/csrc/autograd/FunctionsManual.cpp of PyTorch 2.13, binary_cross_entropy_target_backward",
    ),
    Finding(
        id="torch-bce-half-edges",
        kind=LIMIT,
        measure=example_of(
            "torch-bce-half-edges",
            example("BCELoss", {"input": [0.0, 1.0], "target": [0.0, 1.0]}, _NONE, "float16", ("input",)),
        ),
        loss="torch/BCELoss",
        cause="The 1e-12 that keeps the divisor of the gradient above 0 is 0 in float16: where probability and target are both 0, or"
        " both 1, the gradient is 0 / 0.",
        evidence=NATIVE + "cpu/BinaryOpsKernel.cpp and Loss.cpp of PyTorch 2.13, binary_cross_entropy_backward",
        matches=lambda case: case.loss == "torch/BCELoss" and case.dtype == "float16" and bool(_certain(case).any()),
        recorded=_bce_half,
    ),
    Finding(
        id="torch-poisson-half-epsilon",
        kind=LIMIT,
        measure=example_of(
            "torch-poisson-half-epsilon",
            example(
                "PoissonNLLLoss",
                {"log_input": [0.0, 0.0], "target": [0.0, 1.0]},
                {**_NONE, "log_input": False},
                "float16",
                ("log_input",),
            ),
        ),
        loss="torch/PoissonNLLLoss",
        cause="The default epsilon, 1e-8, is 0 in float16: the logarithm of a rate of 0 is minus infinity, and a target of 0 times it NaN.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, poisson_nll_loss",
        matches=lambda case: case.loss == "torch/PoissonNLLLoss" and bool(_no_rate(case).any()),
        recorded=_poisson_half,
    ),
    Finding(
        id="torch-poisson-target-gradient",
        kind=BUG,
        measure=numbers_of(
            example("PoissonNLLLoss", {"log_input": [0.5], "target": [0.0]}, {**_NONE, "full": True}, wrt=("target",)),
            "gradient target",
            [-0.5],
            [np.nan],
        ),
        loss="torch/PoissonNLLLoss",
        cause="Stirling's term is masked after it was computed: for a target of 0 the masked gradient of 0 log 0 is 0 times infinity, NaN,"
        " where the slope is minus the log input.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, poisson_nll_loss",
    ),
    Finding(
        id="torch-kl-target-gradient",
        kind=BUG,
        measure=numbers_of(
            example("KLDivLoss", {"input": [-1.0], "target": [0.0]}, _NONE, wrt=("target",)),
            "gradient target",
            "-inf, the limit of log y + 1 - x",
            [np.nan],
        ),
        loss="torch/KLDivLoss",
        cause="The value takes 0 log 0 as 0; its gradient with respect to a target of 0 is NaN, which spreads to all that the target was"
        " computed from, also where the loss is summed over classes of probability 0.",
        evidence="tools/autograd/derivatives.yaml of PyTorch 2.13, xlogy",
    ),
)

FINDINGS: tuple[Finding, ...] = (*_DOCUMENTATION, *_NATIVE)
