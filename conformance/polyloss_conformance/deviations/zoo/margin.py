"""Discrepancies of the hinge and the logistic loss."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example

_X = {"pred": [0.8, -1.2, 2.5, -0.3], "target": [1, -1, 1, 1]}

FINDINGS = (
    discrepancy(
        "zoo-L5-hinge-both-sides",
        "The text says that the loss is 0 wherever the score is beyond 1 or -1, and largest at 0. It is 0 on the right side only; on the"
        " wrong one it grows without bound.",
        LIST + "Hinge (text)",
        example("Hinge", {"pred": [-1.0, -5.0], "target": [1, 1]}, {"reduction": "none"}),
        lambda pred, target: np.where(np.abs(pred) >= 1, 0.0, 1 - np.abs(pred)),
        ([0.0, 0.0], [2.0, 6.0]),
    ),
    discrepancy(
        "zoo-L6-hinge-builtin-max",
        "Python's max compares whole tensors, which have no truth value: the code runs on single numbers only.",
        LIST + "Hinge (code)",
        example("Hinge", _X, {"reduction": "none"}),
        lambda pred, target: max(0, 1 - pred * target),
        ("ValueError: The truth value of an array", [0.2, 0.0, 0.0, 1.3]),
    ),
    discrepancy(
        "zoo-L7-logistic-function",
        "What stands there is the logistic function of the score: no label, and it grows as the score does. The figure says the same.",
        LIST + "Logistic (code and figure)",
        example("Logistic", _X, {"reduction": "none"}),
        lambda pred, target: 1 / (1 + np.exp(-pred)),
        (
            [0.6899744811, 0.2314752165, 0.92414182, 0.4255574832],
            [0.3711006659, 0.2632824673, 0.0788897343, 0.8543552445],
        ),
    ),
)
