"""The recorded deviations of the losses of class scores with one right class or several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from polyloss_conformance.cases import Case
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
)
from polyloss_conformance.deviations.torch_nn.common import MODULES, NATIVE
from polyloss_conformance.references.native_torch import import_torch

_ONE, _SEVERAL, _SOFT = "MultiMarginLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss"
_HALF = ("float16", "bfloat16")
_ROW = [[0.1, 0.2, 0.4, 0.8]]


def _labelled(
    loss: str,
    scores: Any,
    labels: Any,
    dtype: str = "float32",
    kind: str = "int64",
    config: Mapping[str, Any] | None = None,
) -> Example:
    inputs = {"input": scores, "target": labels}
    return Example(loss, inputs, config or {}, dtype=dtype, dtypes={"target": kind}, dialect="torch")


def _answer(ask: Callable[[Any], Any]) -> str:
    """What torch says when it is asked."""
    torch = import_torch()
    try:
        return str(ask(torch))
    except Exception as error:
        return f"refused: {type(error).__name__}: {error}".partition("\n")[0]


def _said(quantity: str, side: str, due: str, ask: Callable[[Any], Any], pattern: str) -> Callable[[], Measurement]:
    """A measurement of what no case shows: what is due, in words, and torch's answer, which has this pattern."""

    def measure() -> Measurement:
        try:
            answer = _answer(ask)
        except ImportError:
            if side != DOCUMENTATION:
                raise
            return Measurement([{"quantity": quantity, side: due}], True)
        numbers = {"quantity": quantity, side: due, "torch": answer}
        return Measurement([numbers], re.search(pattern, answer) is not None)

    return measure


def _unwritten(evidence: Evidence) -> Masks:
    """Any number for a value."""
    return {"value": np.ones(evidence.right.shape, bool)}


def _is(loss: str, also: Callable[[Case], bool]) -> Callable[[Case], bool]:
    return lambda case: case.loss == f"torch/{loss}" and also(case)


def _of_kernel(loss: str, short: str, op: str, source: str, labels: Any) -> Iterator[Finding]:
    """What the two kernels have in common. `labels`: of one row of four scores."""
    kernel = f"{NATIVE}{source} of PyTorch 2.13"
    yield Finding(
        id=f"torch-{short}-half",
        kind=LIMIT,
        loss=f"torch/{loss}",
        cause="On a CPU the kernel is compiled for float32 and float64 only: half precision is refused.",
        evidence=f"{kernel}, AT_DISPATCH_FLOATING_TYPES",
        measure=example_of(f"torch-{short}-half", *(_labelled(loss, _ROW, labels, dtype) for dtype in _HALF)),
        matches=_is(loss, lambda case: case.dtype in _HALF),
        refusal=rf'"{op}_\w+" not implemented for \'(Half|BFloat16)\'',
    )
    yield Finding(
        id=f"torch-{short}-labels",
        kind=LIMIT,
        loss=f"torch/{loss}",
        cause="Class numbers are taken in int64 only; uint8, which the other losses of class numbers take, is refused.",
        evidence=f"{kernel}, target.const_data_ptr<int64_t>()",
        measure=example_of(f"torch-{short}-labels", _labelled(loss, _ROW, np.abs(labels).tolist(), kind="uint8")),
        matches=_is(loss, lambda case: case.inputs["target"].dtype == "uint8"),
        refusal="expected scalar type Long but found Byte",
    )
    yield Finding(
        id=f"torch-{short}-empty",
        kind=BUG,
        loss=f"torch/{loss}",
        cause="For a batch of no samples the kernel returns before it has written its result: sum and mean are whatever the memory held,"
        " where the sum is 0 and the mean is not a number. Given an output to write to, it leaves that as it was.",
        evidence=f"{kernel}, the return for an input without elements",
        measure=_said(
            f"sum of {loss} of an input of shape (0, 4), in an output that held 7",
            "right",
            "0",
            lambda torch: getattr(torch.ops.aten, op).out(
                torch.zeros(0, 4),
                torch.zeros([0, *np.shape(labels)[1:]], dtype=torch.int64),
                reduction=2,
                out=torch.tensor(7.0),
            ),
            r"tensor\(7\.\)",
        ),
        matches=_is(loss, lambda case: not case.inputs["input"].values.size and case.config.get("reduction") != "none"),
        recorded=_unwritten,
    )
    diverged = _labelled(loss, [[np.nan, 0.0, 0.5]], [[1, -1, -1]] if np.ndim(labels) > 1 else [1])
    yield Finding(
        id=f"torch-{short}-nan",
        kind=BUG,
        loss=f"torch/{loss}",
        cause="A term counts if it compares as above 0, which NaN does not: a score that is NaN is passed over, and so is a whole sample"
        " whose right class has it. A model that has diverged shows a small loss, or none.",
        evidence=f"{kernel}, if (z > 0)",
        measure=numbers_of(diverged, "value", np.nan, 0.5),
    )
    yield Finding(
        id=f"torch-{short}-second-order",
        kind=LIMIT,
        loss=f"torch/{loss}",
        cause="The backward kernel has no derivative of its own: second derivatives are refused, also where they are 0.",
        evidence=f"tools/autograd/derivatives.yaml of PyTorch 2.13, {op}_backward",
        measure=_said(
            f"second derivative of {loss} of input {_ROW}, target {labels}",
            "right",
            "0",
            lambda torch: torch.autograd.functional.hessian(
                lambda x: getattr(torch.nn, loss)()(x, torch.tensor(labels)), torch.tensor(_ROW)
            ),
            f"derivative for aten::{op}_backward is not implemented",
        ),
    )


_DOCUMENTATION = (
    Finding(
        id="torch-multi-margin-weight",
        kind=DOCUMENTATION,
        loss=f"torch/{_ONE}",
        cause="The function documents its weight as one number a sample, the class as one a class. It is one a class: a weight of the size"
        " of the batch is refused, or where the two sizes agree taken for the classes.",
        evidence="torch/nn/functional.py of PyTorch 2.13, multi_margin_loss, Args",
        measure=_said(
            "multi_margin_loss of an input of shape (2, 4) with a weight of shape (2,)",
            DOCUMENTATION,
            "the samples' losses times their weights",
            lambda torch: torch.nn.functional.multi_margin_loss(
                torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64), weight=torch.ones(2)
            ),
            r"inconsistent weight size, expected 4 but got \[2\]",
        ),
    ),
    Finding(
        id="torch-multilabel-margin-range",
        kind=DOCUMENTATION,
        loss=f"torch/{_SEVERAL}",
        cause="Only the class numbers ahead of the first negative one are said to be considered. Those behind it count for nothing, but"
        " have to be -1 or a class too, and -1 is the only negative number that is taken.",
        evidence=f"{MODULES}{_SEVERAL}; {NATIVE}LossMultiLabelMargin.cpp, the checks of target's minimum and maximum",
        measure=_said(
            f"{_SEVERAL} of input {_ROW}, target [[3, 0, -1, 9]]",
            DOCUMENTATION,
            "0.85",
            lambda torch: torch.nn.MultiLabelMarginLoss()(torch.tensor(_ROW), torch.tensor([[3, 0, -1, 9]])),
            "target' is out of range",
        ),
    ),
    Finding(
        id="torch-multilabel-soft-margin-shapes",
        kind=DOCUMENTATION,
        loss=f"torch/{_SOFT}",
        cause="Targets are documented to have the shape of the input. Other shapes broadcast without a word, and the class axis and the"
        " number of classes are those of the input alone: an input of shape (2, 1) with targets of shape (2, 4) gives the sum over the"
        " classes in place of the mean, an input of shape (4,) with targets of shape (2, 4) the sum over the samples.",
        evidence="torch/nn/functional.py of PyTorch 2.13, multilabel_soft_margin_loss",
        measure=_said(
            f"{_SOFT} of zeros, input of shape (2, 1), target of shape (2, 4)",
            DOCUMENTATION,
            "not accepted; the mean is 0.6931",
            lambda torch: torch.nn.MultiLabelSoftMarginLoss()(torch.zeros(2, 1), torch.zeros(2, 4)),
            r"tensor\(2\.7726\)",
        ),
    ),
)

FINDINGS: tuple[Finding, ...] = (
    *_DOCUMENTATION,
    *_of_kernel(_ONE, "multi-margin", "multi_margin_loss", "LossMultiMargin.cpp", [3]),
    *_of_kernel(_SEVERAL, "multilabel-margin", "multilabel_margin_loss", "LossMultiLabelMargin.cpp", [[3, 0, -1, 1]]),
    Finding(
        id="torch-multi-margin-weight-gradient",
        kind=LIMIT,
        loss=f"torch/{_ONE}",
        cause="A weight that requires a gradient is refused, though the loss is linear in it.",
        evidence="tools/autograd/derivatives.yaml of PyTorch 2.13, multi_margin_loss, weight: non_differentiable",
        measure=_said(
            f"gradient for the weight of {_ONE}, input {_ROW}, target [3]",
            "right",
            "[0, 0, 0, 0.325]",
            lambda torch: torch.nn.functional.multi_margin_loss(
                torch.tensor(_ROW, requires_grad=True), torch.tensor([3]), weight=torch.ones(4, requires_grad=True)
            ),
            "not differentiable with respect to argument 'weight'",
        ),
    ),
)
