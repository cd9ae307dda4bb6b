"""The recorded deviations of the losses of sequences."""

from __future__ import annotations

import math

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case
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
)  # fmt: skip
from polyloss_conformance.deviations.torch_nn.common import MODULES, NATIVE, documented
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import inputs_of

_KERNEL = NATIVE + "LossCTC.cpp of PyTorch 2.13, "
_NONE = {"reduction": "none"}


def _example(
    log_probs: object, targets: list[list[int]], frames: tuple[int, ...], dtype: str = "float32", wrt: bool = True
) -> Example:
    """Every target in use."""
    lengths = {"input_lengths": frames, "target_lengths": tuple(map(len, targets))}
    return Example(
        "CTCLoss",
        {"log_probs": log_probs, "targets": targets},
        _NONE,
        lengths,
        dtype,
        ("log_probs",) if wrt else (),
        {"targets": "int64"},
        "torch",
    )


def _lengths(case: Case, name: str) -> Array:
    return case.inputs[name].values.reshape(-1) if name in case.inputs else np.array(case.call[name])


def _labels(case: Case) -> list[Array]:
    """The targets in use of each sample."""
    (targets, lengths) = (case.inputs["targets"].values, _lengths(case, "target_lengths"))
    rows = list(targets) if targets.ndim == 2 else np.split(targets, np.cumsum(lengths)[:-1])
    return [row[:length] for row, length in zip(rows, lengths, strict=True)]


def _beyond(case: Case) -> Array:
    """Which samples (N,) have more labels, and blanks between equal neighbours, than frames."""
    needed = [len(labels) + int((labels[1:] == labels[:-1]).sum()) for labels in _labels(case)]
    return np.asarray(np.array(needed) > _lengths(case, "input_lengths"))


def _impossible(evidence: Evidence) -> Masks:
    """NaN in the gradient of the samples that cannot be aligned."""
    name = "gradient log_probs"
    got = evidence.got(name)
    samples = _beyond(evidence.case).reshape((-1, 1) if got.ndim == 3 else ())
    return {name: np.isnan(got) & samples}


def _ends_in_blank(case: Case) -> list[int]:
    """The samples whose last label is the blank."""
    blank = case.config.get("blank", 0)
    return [n for n, labels in enumerate(_labels(case)) if len(labels) and labels[-1] == blank]


def _last_blank(evidence: Evidence) -> Masks:
    """The blank of the last frame of these samples."""
    name = "gradient log_probs"
    mask = np.zeros(evidence.got(name).shape, bool)
    samples = mask if mask.ndim == 3 else mask[:, np.newaxis]
    for n in _ends_in_blank(evidence.case):
        samples[_lengths(evidence.case, "input_lengths")[n] - 1, n, evidence.case.config.get("blank", 0)] = True
    return {name: mask}


_HALF = math.log(0.5)
_EVEN = [[[_HALF, _HALF]], [[_HALF, _HALF]]]


def _gradient() -> Measurement:
    """The slopes of the printed value, the gradient that torch gives, and its difference: e^x."""
    example = _example([[[0.0, 0.0]], [[0.0, 0.0]]], [[1]], (2,))
    case = example.case()
    reference = dialects.reference(case)
    given = (inputs_of(case), case.config, case.call, [1.0], case.wrt)
    (printed, computed) = (
        slopes(value, *given)["log_probs"].lower for value in (reference.documented_value, reference.value)
    )
    numbers = {
        "quantity": f"gradient log_probs of {example}", "documentation": plain(printed), "code": plain(computed),
    }  # fmt: skip
    recorded = np.array([[[-1 / 3, -2 / 3]], [[-1 / 3, -2 / 3]]])
    holds = close(printed, recorded) and close(computed, recorded + 1)
    try:
        native = dialects.of(case.loss).ask(case)
    except ImportError:
        return Measurement([numbers], holds)
    got = native["gradients"]["log_probs"] / case.upstream((1,))
    return Measurement([{**numbers, "torch": plain(got)}], holds and close(got, computed))


FINDINGS: tuple[Finding, ...] = (
    Finding(
        id="torch-ctc-gradient",
        kind=DOCUMENTATION,
        measure=_gradient,
        loss="torch/CTCLoss",
        cause="The loss is printed as a function of log probabilities, taken as they are. Its gradient is not the slope of that function,"
        " minus the posterior, but e^x more: what the slope becomes once it has gone back through a log_softmax, and right behind one"
        " only. polyloss has torch's gradient.",
        evidence=MODULES + "CTCLoss; " + _KERNEL + "ctc_loss_backward_cpu_template",
    ),
    documented(
        "torch-ctc-blank-target",
        "A target is documented never to be the blank. The code does not refuse it: it is aligned as one more label, next to the blanks"
        " that may surround it.",
        "CTCLoss, Shape",
        _example(_EVEN, [[0]], (2,), wrt=False),
        [np.nan],
        [0.287682],
    ),
    Finding(
        id="torch-ctc-impossible-gradient",
        kind=BUG,
        measure=example_of("torch-ctc-impossible-gradient", _example(_EVEN, [[1, 1]], (2,))),
        loss="torch/CTCLoss",
        cause="Where there are fewer frames than the labels take, the loss is infinite whatever the log probabilities are, and does not"
        " depend on them. torch's gradient is NaN there, infinity less infinity, in all frames in use; that of polyloss is 0.",
        evidence=_KERNEL + "ctc_loss_backward_cpu_template",
        matches=lambda case: case.loss == "torch/CTCLoss" and bool(_beyond(case).any()),
        recorded=_impossible,
    ),
    Finding(
        id="torch-ctc-blank-target-gradient",
        kind=BUG,
        measure=example_of("torch-ctc-blank-target-gradient", _example(_EVEN + _EVEN[:1], [[1, 0]], (3,))),
        loss="torch/CTCLoss",
        cause="Where the last target is the blank, an alignment may end in it or in the blank after it, which is the same class. In the"
        " last frame torch's gradient writes the second posterior over the first, where it should add them up.",
        evidence=_KERNEL + "ctc_loss_backward_cpu_template",
        matches=lambda case: case.loss == "torch/CTCLoss" and bool(_ends_in_blank(case)),
        recorded=_last_blank,
    ),
    Finding(
        id="torch-ctc-half",
        kind=LIMIT,
        measure=example_of(
            "torch-ctc-half", *(_example(_EVEN, [[1]], (2,), dtype) for dtype in ("float16", "bfloat16"))
        ),
        loss="torch/CTCLoss",
        cause="The CPU has no kernel for half precision. polyloss computes it in float32.",
        evidence=_KERNEL + "ctc_loss_cpu",
        matches=lambda case: case.loss == "torch/CTCLoss" and case.dtype in ("float16", "bfloat16"),
        refusal=r"\"ctc_loss_cpu\" not implemented for '(Half|BFloat16)'",
    ),
    Finding(
        id="torch-ctc-zero-probability",
        kind=BUG,
        measure=numbers_of(
            _example([[[_HALF, _HALF, -math.inf]]] * 2, [[1]], (2,)),
            "gradient log_probs",
            "[[[0.166667, -0.166667, 0]], [[0.166667, -0.166667, 0]]], the limit as the probability goes to 0",
            [[[1 / 6, -1 / 6, np.nan]]] * 2,
        ),
        loss="torch/CTCLoss",
        cause="A class of probability 0, log probability minus infinity, has posterior 0. torch computes that as the exponential of"
        " infinity less infinity: the gradient is NaN, behind a log_softmax that of the whole frame, also for classes that are no target.",
        evidence=_KERNEL + "ctc_loss_backward_cpu_template",
    ),
    Finding(
        id="torch-ctc-target-range",
        kind=BUG,
        measure=numbers_of(
            _example([[[_HALF, _HALF], [-1.0, -2.0]]], [[2], [1]], (1, 1), wrt=False),
            "value",
            "[NaN, 2]: there is no class 2, and polyloss raises",
            [1.0, 2.0],
        ),
        loss="torch/CTCLoss",
        cause="Targets are not checked against the number of classes. One outside is read from the memory next to its frame: the loss is"
        " a number, of another sample or frame if there is one.",
        evidence=_KERNEL + "ctc_loss_cpu_template",
    ),
)
