"""The recorded deviations of the losses that hold parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.deviations.measure import numbers_of
from polyloss_conformance.deviations.record import BUG, DOCUMENTATION, Finding, Measurement
from polyloss_conformance.deviations.torch_nn.common import example

_LABELS = {"target_": "int64", "target": "int64"}
_LIMIT = replace(
    example(
        "AdaptiveLogSoftmaxWithLoss",
        {
            "input_": [[1.0]],
            "target_": [4.0],
            "head.weight": [[0.0], [1.0], [2.0]],
            "tail.0.0.weight": [[1.0]],
            "tail.0.1.weight": [[0.0], [1.0]],
        },
        {"in_features": 1, "n_classes": 4, "cutoffs": [2], "div_value": 1.0, "of": "output"},
    ),
    dtypes=_LABELS,
)


def _limit() -> Measurement:
    numbers = {"quantity": str(_LIMIT), "documentation": "a target of n_classes is accepted", "code": "it is refused"}
    case = _LIMIT.case()
    try:
        native = dialects.of(case.loss).ask(case)
    except ImportError:
        return Measurement([numbers], True)
    numbers["torch"] = native.get("refused", "a value")
    return Measurement([numbers], "should be in [0, 3]" in numbers["torch"])


FINDINGS: tuple[Finding, ...] = (
    Finding(
        id="torch-adaptive-range",
        kind=DOCUMENTATION,
        measure=_limit,
        loss="torch/AdaptiveLogSoftmaxWithLoss",
        cause="Targets are documented to satisfy 0 <= target <= n_classes; the classes end with n_classes - 1, and the code refuses"
        " n_classes.",
        evidence="torch/nn/modules/adaptive.py of PyTorch 2.13, class AdaptiveLogSoftmaxWithLoss, Shape",
    ),
    Finding(
        id="torch-linear-chunks-nothing",
        kind=BUG,
        measure=numbers_of(
            replace(
                example(
                    "LinearCrossEntropyLoss",
                    {"input": [[1.0, 2.0]], "target": [-100.0], "linear.weight": [[0.5, 1.0], [0.0, 1.0]]},
                    {"in_features": 2, "num_classes": 2, "rows": 1},
                    wrt=("input",),
                ),
                dtypes=_LABELS,
            ),
            "gradient input",
            "0, as torch has it without options",
            [[np.nan, np.nan]],
        ),
        loss="torch/LinearCrossEntropyLoss",
        cause="Where every target is ignored the mean is NaN and its gradient 0, for CrossEntropyLoss and for this loss without options."
        " With options the chunks divide their coefficients by NaN in place of the sum of weights, and the gradients are NaN.",
        evidence="torch/nn/modules/linear_cross_entropy.py of PyTorch 2.13, neg_weight_target",
    ),
)
