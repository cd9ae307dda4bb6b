"""Where the documentation of 1.9.1 says something else than its code does.

Each is measured as the printed formula, evaluated literally, against what the code computes, and MXNet itself where it can be imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyloss_conformance.deviations.record import DOCUMENTATION, Example, Finding, Measurement, close, plain
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.gluon import of
from polyloss_conformance.references.native_gluon import run

SOURCE = "python/mxnet/gluon/loss.py of MXNet 1.9.1, "


def _documented(
    identity: str, cause: str, where: str, example: Example, printed: Any, computed: Any, upstream: str = ""
) -> Finding:
    """A finding with both numbers of an example: what the printed formula gives, and what the code."""

    def measure() -> Measurement:
        case = example.case()
        reference = of(case)
        said = reference.documented_value(inputs_of(case), case.config, case.call)
        done = reference.value(inputs_of(case), case.config, case.call)
        numbers = {"quantity": str(example), "documentation": plain(said), "code": plain(done)}
        holds = close(said, printed) and close(done, computed) and not close(said, done)
        try:
            ((_, native),) = run([case])
        except ImportError:
            return Measurement([numbers], holds)
        numbers["mxnet"] = plain(native["value"]) if "value" in native else native["refused"]
        return Measurement([numbers], holds and "value" in native and close(native["value"], computed))

    evidence = f"{SOURCE}{where}" + (f"; {upstream}" if upstream else "")
    return Finding(identity, DOCUMENTATION, f"gluon/{example.loss}", cause, evidence, measure)


_PAIR = {"pred": [[1.0, 2.0, 4.0]], "label": [[0.0, 0.0, 1.0]]}
_SIGNED = {"pred": [[0.5, -2.0, 2.0]], "label": [[1.0, 1.0, -1.0]]}


def _sums() -> list[Finding]:
    cause = (
        "A sum over i is printed; the code takes the mean over all axes but the batch's, as the Outputs section says."
    )
    return [
        _documented("l2-sum", cause, "class L2Loss", Example("L2Loss", _PAIR), [7.0], [7 / 3]),
        _documented("l1-sum", cause, "class L1Loss", Example("L1Loss", _PAIR), [6.0], [2.0]),
        _documented("huber-sum", cause, "class HuberLoss", Example("HuberLoss", _PAIR), [4.5], [1.5]),
        _documented("hinge-sum", cause, "class HingeLoss", Example("HingeLoss", _SIGNED), [6.5], [6.5 / 3]),
        _documented(
            "squared-hinge-sum",
            cause,
            "class SquaredHingeLoss",
            Example("SquaredHingeLoss", _SIGNED),
            [18.25],
            [18.25 / 3],
        ),
        _documented(
            "logistic-sum", cause, "class LogisticLoss", Example("LogisticLoss", _SIGNED), [4.727933], [4.727933 / 3]
        ),
        _documented(
            "softmax-sum",
            "The printed sum runs over i, the rows of the prediction; the code gives one number a sample, the mean over its rows.",
            "class SoftmaxCrossEntropyLoss",
            Example("SoftmaxCrossEntropyLoss", {"pred": [[1.0, 2.0], [0.0, 0.0]], "label": [0.0, 1.0]}),
            2.006409,
            [1.313262, 0.693147],
        ),
        _documented(
            "triplet-sum",
            "The printed sum runs over samples, and prints no index on pred; the code gives one number a sample.",
            "class TripletLoss",
            Example(
                "TripletLoss",
                {
                    "pred": [[0.0, 0.0], [1.0, 0.0]],
                    "positive": [[1.0, 1.0], [1.0, 1.0]],
                    "negative": [[1.0, 0.0], [1.0, 0.0]],
                },
            ),
            4.0,
            [2.0, 2.0],
        ),
    ]


def _formulas() -> list[Finding]:
    probabilities = {"pred": [[0.75, 0.25]], "label": [[1.0, 0.0]]}
    return [
        _documented(
            "bce-sign",
            "The printed minus sign stands before the first term only: both terms together want parentheses. A sum is printed for a mean.",
            "class SigmoidBinaryCrossEntropyLoss",
            Example("SigmoidBinaryCrossEntropyLoss", probabilities, {"from_sigmoid": True}),
            [0.0],
            [0.287682],
        ),
        _documented(
            "logistic-labels",
            "The printed formula is the code's for labels -1 and 1 only: with label_format='binary' a label of 0 would cost log 2"
            " whatever the prediction.",
            "class LogisticLoss",
            Example("LogisticLoss", {"pred": [3.0], "label": [0.0]}, {"label_format": "binary"}),
            [0.693147],
            [3.048587],
        ),
        _documented(
            "kl-averaged",
            "Documented to average all dimensions but the batch's, as it did up to 1.6; the code sums them, as the printed formula has it.",
            "class KLDivLoss, Outputs",
            Example("KLDivLoss", {"pred": [[-1.0, -2.0]], "label": [[0.5, 0.5]]}),
            [0.403426],
            [0.806853],
            "https://github.com/apache/mxnet/issues/18506 and https://github.com/apache/mxnet/pull/18423",
        ),
        _documented(
            "cosine-margin",
            "The formula leaves out the margin, and that the loss of dissimilar pairs is never below 0; it prints a sum over samples.",
            "class CosineEmbeddingLoss",
            Example(
                "CosineEmbeddingLoss",
                {"input1": [[1.0, 0.0], [1.0, 0.0]], "input2": [[1.0, 0.0], [-1.0, 0.0]], "label": [-1.0, -1.0]},
                {"margin": 0.25},
            ),
            0.0,
            [[0.75], [0.0]],
        ),
        _documented(
            "poisson-factorial",
            "The printed log(target!) is always there; the code adds Stirling's approximation, on demand and for targets above 1.",
            "class PoissonNLLLoss",
            Example("PoissonNLLLoss", {"pred": [[0.0, 1.0]], "target": [[2.0, 3.0]]}),
            [[1.601595]],
            [0.359141],
        ),
        _documented(
            "sdml-weight",
            "The constructor's weight and batch_axis are documented and used for nothing.",
            "class SDMLLoss",
            Example("SDMLLoss", {"x1": [[0.0], [1.0]], "x2": [[0.0], [1.0]]}, {"weight": 2.0}),
            [0.004796, 0.004796],
            [0.002398, 0.002398],
        ),
    ]


def _shaped(identity: str, cause: str, where: str, example: Example, documented: tuple[int, ...]) -> Finding:
    """A finding about the shape of the result."""

    def measure() -> Measurement:
        case = example.case()
        shape = of(case).value(inputs_of(case), case.config, case.call).shape
        numbers = {"quantity": f"shape of {example}", "documentation": str(documented), "code": str(shape)}
        holds = shape != documented
        try:
            ((_, native),) = run([case])
        except ImportError:
            return Measurement([numbers], holds)
        got = np.shape(native["value"]) if "value" in native else native["refused"]
        numbers["mxnet"] = str(got)
        return Measurement([numbers], holds and got == shape)

    return Finding(identity, DOCUMENTATION, f"gluon/{example.loss}", cause, f"{SOURCE}{where}", measure)


def _shapes() -> list[Finding]:
    pairs = {"input1": [[1.0, 0.0], [0.0, 1.0]], "input2": [[1.0, 1.0], [1.0, 1.0]], "label": [1.0, -1.0]}
    return [
        _shaped(
            "cosine-shape",
            "Documented to return shape (batch_size,); the code keeps the axis that labels and cosines were reshaped to.",
            "class CosineEmbeddingLoss, Outputs",
            Example("CosineEmbeddingLoss", pairs),
            (2,),
        ),
        _shaped(
            "cosine-sample-weight",
            "With a sample_weight of shape (N,), which fits the documented shape of the loss, (N, 1) broadcasts to (N, N): every loss"
            " times every weight.",
            "class CosineEmbeddingLoss, hybrid_forward",
            Example("CosineEmbeddingLoss", {**pairs, "sample_weight": [1.0, 2.0]}),
            (2,),
        ),
        _shaped(
            "poisson-shape",
            "Documented to return shape (1,1); the mean over everything has shape (1,), and batch_axis is used for nothing.",
            "class PoissonNLLLoss, Outputs",
            Example("PoissonNLLLoss", {"pred": [[0.0, 1.0]], "target": [[2.0, 3.0]]}),
            (1, 1),
        ),
    ]


def _weighted_by_label_shape() -> Finding:
    """SoftmaxCrossEntropyLoss with a weight in the documented shape, that of the label."""
    inputs = {"pred": [[1.0, 2.0], [0.0, 0.0]], "label": [0.0, 1.0]}
    by_label = Example("SoftmaxCrossEntropyLoss", {**inputs, "sample_weight": [1.0, 3.0]})
    by_column = Example("SoftmaxCrossEntropyLoss", {**inputs, "sample_weight": [[1.0], [3.0]]})
    recorded = {"documentation": [1.313262, 2.079442], "code": [2.626523, 1.386294]}

    def measure() -> Measurement:
        (column, label) = (example.case() for example in (by_column, by_label))
        meant = of(column).value(inputs_of(column), {}, {})
        done = of(label).value(inputs_of(label), {}, {})
        numbers = {"quantity": str(by_label), "documentation": plain(meant), "code": plain(done)}
        holds = close(meant, recorded["documentation"]) and close(done, recorded["code"])
        try:
            ((_, native),) = run([label])
        except ImportError:
            return Measurement([numbers], holds)
        numbers["mxnet"] = plain(native["value"])
        return Measurement([numbers], holds and close(native["value"], done))

    return Finding(
        "softmax-sample-weight",
        DOCUMENTATION,
        "gluon/SoftmaxCrossEntropyLoss",
        "sample_weight is documented to broadcast to the shape of label. The class axis is still there, with size 1, when it is applied:"
        " shapes (N, 1) and (N,) broadcast to (N, N), and each sample gets the mean weight.",
        f"{SOURCE}class SoftmaxCrossEntropyLoss, Inputs and hybrid_forward",
        measure,
    )


def _kl_reshape() -> Finding:
    """KLDivLoss does not reshape its label."""
    example = Example(
        "KLDivLoss", {"pred": [[-1.0, -2.0, -3.0], [-1.0, -1.0, -1.0]], "label": [[0.5, 0.5], [0.25, 0.25], [0.5, 1.0]]}
    )

    def measure() -> Measurement:
        case = example.case()
        said = of(case).documented_value(inputs_of(case), {}, {})
        numbers = {"quantity": str(example), "documentation": plain(said)}
        try:
            of(case).value(inputs_of(case), {}, {})
            return Measurement([{**numbers, "code": "accepts it"}], False)
        except ValueError:
            numbers["code"] = "shapes (3, 2) and (2, 3) do not broadcast"
        try:
            ((_, native),) = run([case])
        except ImportError:
            return Measurement([numbers], True)
        numbers["mxnet"] = native.get("refused", "accepts it")
        return Measurement([numbers], "could not be broadcast" in native.get("refused", ""))

    return Finding(
        "kl-label-shape",
        DOCUMENTATION,
        "gluon/KLDivLoss",
        "Label and prediction are documented to have any shapes of the same number of elements; unlike its siblings the code does not"
        " reshape the label, it broadcasts.",
        f"{SOURCE}class KLDivLoss, hybrid_forward",
        measure,
    )


FINDINGS = (*_sums(), *_formulas(), *_shapes(), _weighted_by_label_shape(), _kl_reshape())
