"""Bugs of MXNet 1.9.1: inputs that are documented, and numbers that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from polyloss_conformance.cases import Case
from polyloss_conformance.deviations import masks
from polyloss_conformance.deviations.measure import example_of
from polyloss_conformance.deviations.record import BUG, Example, Finding, Measurement, close, plain
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.gluon import of
from polyloss_conformance.references.native_gluon import run

LOSS = "python/mxnet/gluon/loss.py of MXNet 1.9.1, "
CTC = "3rdparty/ctc_include/detail/cpu_ctc.h of MXNet 1.9.1, "
ZERO_LOGITS = (
    "The loss is composed of relu(x), abs(x) and softrelu(-abs(x)). Both kinks lie at x = 0, where MXNet takes both slopes as 0, and so the"
    " part of softrelu is lost: the slope is {wrong}, where the loss is smooth and its slope {right}."
)


def _of(*names: str) -> tuple[str, ...]:
    return tuple(f"gluon/{name}" for name in names)


BCE = _of("SigmoidBinaryCrossEntropyLoss", "SigmoidBCELoss")
POISSON = _of("PoissonNLLLoss")


def _zero_logit(case: Case) -> bool:
    logits = not case.config.get("from_sigmoid", False)
    return case.loss in (*BCE, "gluon/LogisticLoss") and logits and bool((case.inputs["pred"].values == 0).any())


def _labels(case: Case) -> list[list[int]]:
    """The labelling of each sample, without padding."""
    values = case.inputs["label"].values
    rows = values if case.config.get("label_layout", "NT") == "NT" else values.T
    lengths = case.inputs["label_lengths"].values if "label_lengths" in case.inputs else None
    found = []
    for n, row in enumerate(rows):
        labels = [int(label) for label in row]
        end = (
            next((i for i, label in enumerate(labels) if label < 0), len(labels))
            if lengths is None
            else int(lengths[n])
        )
        found.append(labels[:end])
    return found


def _steps(case: Case) -> list[int]:
    axes = (0, 1) if case.config.get("layout", "NTC") == "NTC" else (1, 0)
    size, steps = (case.inputs["pred"].values.shape[axis] for axis in axes)
    return [int(t) for t in case.inputs["pred_lengths"].values] if "pred_lengths" in case.inputs else [steps] * size


def _infeasible(case: Case) -> bool:
    if case.loss != "gluon/CTCLoss":
        return False
    needed = [len(row) + sum(a == b for a, b in pairwise(row)) for row in _labels(case)]
    return any(n > t for n, t in zip(needed, _steps(case), strict=True))


def _all_empty(case: Case) -> bool:
    return case.loss == "gluon/CTCLoss" and not any(_labels(case)) and len(_labels(case)) > 0


def _no_class(case: Case) -> bool:
    if case.loss != "gluon/CTCLoss":
        return False
    classes = case.inputs["pred"].values.shape[-1] - 1
    ends = "label_lengths" in case.inputs
    padded = ends or bool(np.isin(case.inputs["label"].values[case.inputs["label"].values < 0], -1.0).all())
    return not padded or any(not 0 <= label < classes for row in _labels(case) for label in row)


def _zero_row(case: Case) -> bool:
    if case.loss != "gluon/CosineEmbeddingLoss":
        return False
    rows = case.inputs["input2"].values.shape
    return any((case.inputs[name].values.reshape(rows) == 0).all(axis=-1).any() for name in ("input1", "input2"))


def _full(case: Case) -> bool:
    return case.loss in POISSON and bool(case.config.get("compute_full", False))


def _steep(case: Case) -> bool:
    return (
        case.loss == "gluon/HuberLoss"
        and case.dtype in masks.LARGEST
        and bool(
            (
                2 * abs(case.inputs["pred"].values.ravel() - case.inputs["label"].values.ravel())
                > masks.LARGEST[case.dtype]
            ).any()
        )
    )


_CTC_PRED = [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]


def _slope_at_zero(loss: str) -> Callable[[], Measurement]:
    """The slope at 0 of the formula that the documentation prints (one element, so that its sum is the mean), and MXNet's."""

    def measure() -> Measurement:
        case = Example(loss, {"pred": [[0.0]], "label": [[1.0]]}, wrt=("pred",)).case()
        upstream = case.upstream((1,))
        formula = of(case).print_
        assert formula is not None
        slope = slopes(formula, inputs_of(case), case.config, case.call, upstream, ("pred",))["pred"].lower / upstream
        ((_, native),) = run([case])
        got = np.asarray(native["gradients"]["pred"]) / upstream
        numbers = {
            "quantity": f"slope of {loss} at pred 0, label 1, float32",
            "right": plain(slope),
            "mxnet": plain(got),
        }
        return Measurement([numbers], close(slope, [[-0.5]]) and close(got, [[-1.0]]))

    return measure


FINDINGS = (
    Finding(
        id="bce-slope-at-0",
        kind=BUG,
        measure=_slope_at_zero("SigmoidBCELoss"),
        loss="gluon/SigmoidBinaryCrossEntropyLoss",
        cause=ZERO_LOGITS.format(wrong="-label (with pos_weight 1 - label)", right="1/2 - label"),
        evidence=LOSS + "class SigmoidBinaryCrossEntropyLoss, since https://github.com/apache/mxnet/pull/9404",
        matches=lambda case: _zero_logit(case) and case.loss in BCE,
        recorded=masks.slope_at_zero,
        follows="native",
    ),
    Finding(
        id="logistic-slope-at-0",
        kind=BUG,
        measure=_slope_at_zero("LogisticLoss"),
        loss="gluon/LogisticLoss",
        cause=ZERO_LOGITS.format(wrong="0 or -1", right="-1/2 or 1/2"),
        evidence=LOSS + "class LogisticLoss, since https://github.com/apache/mxnet/pull/9404",
        matches=lambda case: _zero_logit(case) and case.loss not in BCE,
        recorded=masks.slope_at_zero,
        follows="native",
    ),
    Finding(
        id="sdml-batch-of-1",
        kind=BUG,
        measure=example_of(
            "sdml-batch-of-1", Example("SDMLLoss", {"x1": [[1.0, 2.0]], "x2": [[3.0, 4.0]]}, wrt=("x1", "x2"))
        ),
        loss="gluon/SDMLLoss",
        cause="The smoothing is divided among batch_size - 1 others: for a batch of 1, 0 / 0. The limit is the one label"
        " 1 - smoothing, hence a constant.",
        evidence=LOSS + "class SDMLLoss, _compute_labels",
        matches=lambda case: case.loss == "gluon/SDMLLoss" and len(case.inputs["x1"].values) == 1,
        recorded=masks.all_nan,
    ),
    Finding(
        id="poisson-full-in-place",
        kind=BUG,
        measure=example_of(
            "poisson-full-in-place",
            Example("PoissonNLLLoss", {"pred": [[1.0]], "target": [[3.0]]}, {"compute_full": True}, wrt=("pred",)),
        ),
        loss="gluon/PoissonNLLLoss",
        cause="With compute_full the code multiplies and adds in place, which autograd refuses to record: it cannot be trained.",
        evidence=LOSS + "class PoissonNLLLoss, hybrid_forward, since https://github.com/apache/mxnet/pull/12697",
        matches=lambda case: _full(case) and bool(case.wrt),
        refusal="Assigning to NDArrays that are already in a computational graph",
    ),
    Finding(
        id="poisson-full-at-0",
        kind=BUG,
        measure=example_of(
            "poisson-full-at-0",
            Example("PoissonNLLLoss", {"pred": [[1.0, 1.0]], "target": [[0.0, 3.0]]}, {"compute_full": True}),
        ),
        loss="gluon/PoissonNLLLoss",
        cause="Stirling's term is masked by multiplication with target > 1, after 0 log 0 gave NaN: a target of 0 makes the loss NaN.",
        evidence=LOSS + "class PoissonNLLLoss, hybrid_forward",
        matches=lambda case: _full(case) and not case.wrt and bool((case.inputs["target"].values == 0).any()),
        recorded=masks.all_nan,
    ),
    Finding(
        id="cosine-zero-vector",
        kind=BUG,
        measure=example_of(
            "cosine-zero-vector",
            Example(
                "CosineEmbeddingLoss",
                {"input1": [[0.0, 0.0], [1.0, 0.0]], "input2": [[1.0, 2.0], [1.0, 1.0]], "label": [1.0, 1.0]},
                wrt=("input1", "input2"),
            ),
        ),
        loss="gluon/CosineEmbeddingLoss",
        cause="The norm of a zero vector has the gradient 0 / 0, and the epsilon guards the quotient after it, not the norm. By the"
        " formula the slope is that of x.y / 1e-12.",
        evidence=LOSS + "class CosineEmbeddingLoss, _cosine_similarity",
        matches=_zero_row,
        recorded=masks.zero_rows,
    ),
    Finding(
        id="ctc-infeasible",
        kind=BUG,
        measure=example_of("ctc-infeasible", Example("CTCLoss", {"pred": _CTC_PRED, "label": [[1.0, 1.0]]})),
        loss="gluon/CTCLoss",
        cause="A label that no path of the given length can read as gets the loss 0, the best there is, where its probability is 0 and"
        " the loss infinite; its gradient is memory that nobody wrote.",
        evidence=CTC + "cost_and_grad_kernel: 'TODO, not right to return 0'",
        matches=lambda case: _infeasible(case) and not _all_empty(case),
        recorded=masks.infeasible,
    ),
    Finding(
        id="ctc-all-empty",
        kind=BUG,
        measure=example_of("ctc-all-empty", Example("CTCLoss", {"pred": _CTC_PRED, "label": [[-1.0, -1.0]]})),
        loss="gluon/CTCLoss",
        cause="If every label of the batch is empty, the packed labels are an empty vector, its data pointer is null, the kernel returns"
        " without a result and nobody looks at its status: value and gradient are memory that nobody wrote. Empty labels beside"
        " others are right.",
        evidence=CTC + "cost_and_grad, the check for nullptr",
        matches=_all_empty,
        recorded=masks.everything,
    ),
    Finding(
        id="ctc-no-class",
        kind=BUG,
        measure=example_of("ctc-no-class", Example("CTCLoss", {"pred": _CTC_PRED, "label": [[0.0, 2.0]]})),
        loss="gluon/CTCLoss",
        cause="A label that is the blank or no class is not refused, and -1 alone counts as padding: any other number is used as an"
        " index as it is, beyond the logits too. No loss is defined there.",
        evidence="src/operator/nn/ctc_loss-inl.h of MXNet 1.9.1, LabelTensorToPackedVector; " + CTC + "compute_alphas",
        matches=_no_class,
        recorded=masks.everything,
    ),
    Finding(
        id="ctc-certain",
        kind=BUG,
        measure=example_of(
            "ctc-certain",
            Example("CTCLoss", {"pred": [[[20.0, 0.0, 0.0], [0.0, 20.0, 0.0]]], "label": [[0.0, 1.0]]}, wrt=("pred",)),
        ),
        loss="gluon/CTCLoss",
        cause="A log occupancy of exactly 0, certainty, is taken for 'not set': where the network is sure of the right path the gradient"
        " is the softmax, 1, in place of 0. From a lead of 17 in the logits on in float32.",
        evidence=CTC + "compute_betas_and_grad: output[i] == 0.0",
        matches=lambda case: case.loss == "gluon/CTCLoss" and "pred" in case.wrt,
        recorded=masks.certain,
    ),
    Finding(
        id="huber-steep",
        kind=BUG,
        measure=example_of(
            "huber-steep",
            Example("HuberLoss", {"pred": [[40000.0, 1.0]], "label": [[0.0, 0.0]]}, dtype="float16", wrt=("pred",)),
        ),
        loss="gluon/HuberLoss",
        cause="The square of the branch not taken is differentiated as well: where twice the difference overflows, infinity times 0"
        " makes the gradient NaN. In float16 that is beyond 32752.",
        evidence=LOSS + "class HuberLoss, hybrid_forward",
        matches=_steep,
        recorded=masks.steep,
    ),
)
