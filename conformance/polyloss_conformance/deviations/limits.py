"""Limits of MXNet 1.9.1: what it refuses or cannot resolve, without claiming otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations import masks
from polyloss_conformance.deviations.measure import example_of
from polyloss_conformance.deviations.record import LIMIT, Evidence, Example, Finding, Masks, Measurement, plain
from polyloss_conformance.references.native_gluon import NO_CLASSES, first_line, import_mxnet

LOSS = "python/mxnet/gluon/loss.py of MXNet 1.9.1, "
ELEMENTWISE = "src/operator/elemwise_op_common.h of MXNet 1.9.1, line 134"
BLOB = "include/mxnet/tensor_blob.h of MXNet 1.9.1, line 255"
REGRESSIONS = ("L2Loss", "L1Loss", "HuberLoss", "HingeLoss", "SquaredHingeLoss")
SIGMOID = ("SigmoidBinaryCrossEntropyLoss", "SigmoidBCELoss")
SOFTMAX = ("SoftmaxCrossEntropyLoss", "SoftmaxCELoss")


def name_of(case: Case) -> str:
    """The loss's name without its dialect."""
    return case.loss.removeprefix("gluon/")


def _segmentation_fault() -> Measurement:
    """In a process of its own, which it ends."""
    code = (
        "import numpy; vars(numpy).setdefault('bool', bool); import mxnet as mx\n"
        "with mx.util.np_shape(True): print(mx.nd.pick(mx.nd.zeros((2, 0)), mx.nd.zeros((2,))).asnumpy())"
    )
    import_mxnet()
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    fault = "Segmentation fault" in ended.stderr or ended.returncode < 0
    said = "segmentation fault" if fault else f"exit status {ended.returncode}: {ended.stdout}"
    return Measurement([{"quantity": "pick of 2 labels among no classes", "right": "refused", "mxnet": said}], fault)


def _lossy(case: Case, *names: str) -> bool:
    return name_of(case) in names


def _dtypes(case: Case) -> set[str]:
    return {given.dtype for given in case.inputs.values()}


# --- dtypes and shapes that are refused ---------------------------------------------------------------------------------------------


def _mixed(case: Case) -> bool:
    if _lossy(case, *SOFTMAX) and case.config.get("sparse_label", True):
        return len({given.dtype for name, given in case.inputs.items() if name != "label"}) > 1
    return not _lossy(case, "CTCLoss") and len(_dtypes(case)) > 1


def _ctc_mixed(case: Case) -> bool:
    lengths = {given.dtype for name, given in case.inputs.items() if name.endswith("_lengths")}
    return _lossy(case, "CTCLoss") and bool(lengths) and (lengths | {case.inputs["label"].dtype}) != {"float32"}


def _empty(case: Case) -> bool:
    return any(given.values.size == 0 for given in case.inputs.values())


def _too_wide(case: Case) -> bool:
    if not _lossy(case, "CTCLoss"):
        return False
    pred, label = case.inputs["pred"].values, case.inputs["label"].values
    steps = pred.shape[1 if case.config.get("layout", "NTC") == "NTC" else 0]
    return bool(label.shape[1 if case.config.get("label_layout", "NT") == "NT" else 0] > steps)


def _no_classes(case: Case) -> bool:
    sparse = _lossy(case, *SOFTMAX) and case.config.get("sparse_label", True)
    return bool(sparse and case.inputs["pred"].values.shape[case.config.get("axis", -1)] == 0)


_VECTORS = {"input1": [[1.0, 0.0]], "input2": [[1.0, 1.0]], "label": [1.0]}
_FRAMES = {"pred": [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]], "label": [[0.0, 1.0]]}
_PAIR = {"pred": [[1.0, 2.0]], "label": [[0.0, 1.0]]}


def _refusals() -> Iterator[Finding]:
    incompatible = "Incompatible attr in node  at 1-th input: expected float"
    yield Finding(
        id="cosine-float32-only",
        kind=LIMIT,
        loss="gluon/CosineEmbeddingLoss",
        cause="The code makes its epsilon and its zero as float32 arrays: any other dtype is refused.",
        evidence=f"{LOSS}class CosineEmbeddingLoss, F.array([1e-12]); {ELEMENTWISE}",
        measure=example_of(
            "cosine-float32-only",
            Example("CosineEmbeddingLoss", _VECTORS, dtype="float64"),
            Example("CosineEmbeddingLoss", _VECTORS, dtype="float16"),
        ),
        matches=lambda case: _lossy(case, "CosineEmbeddingLoss") and case.dtype in ("float64", "float16"),
        refusal=incompatible,
    )
    yield Finding(
        id="sdml-float32-only",
        kind=LIMIT,
        loss="gluon/SDMLLoss",
        cause="The code makes its labels by F.eye in float32: any other dtype is refused.",
        evidence=f"{LOSS}class SDMLLoss, _compute_labels; {ELEMENTWISE}",
        measure=example_of(
            "sdml-float32-only",
            Example("SDMLLoss", {"x1": [[0.0], [1.0]], "x2": [[0.0], [1.0]]}, dtype="float64"),
            Example("SDMLLoss", {"x1": [[0.0], [1.0]], "x2": [[0.0], [1.0]]}, dtype="float16"),
        ),
        matches=lambda case: _lossy(case, "SDMLLoss") and case.dtype in ("float64", "float16"),
        refusal=incompatible,
    )
    yield Finding(
        id="ctc-float32-only",
        kind=LIMIT,
        loss="gluon/CTCLoss",
        cause="The operator computes in float32 and refuses logits of any other dtype.",
        evidence=f"src/operator/nn/ctc_loss-inl.h of MXNet 1.9.1; {BLOB}",
        measure=example_of(
            "ctc-float32-only",
            Example("CTCLoss", _FRAMES, dtype="float64"),
            Example("CTCLoss", _FRAMES, dtype="float16"),
        ),
        matches=lambda case: _lossy(case, "CTCLoss") and case.dtype in ("float64", "float16"),
        refusal="data type do not match specified type",
    )
    yield Finding(
        id="ctc-integer-lengths",
        kind=LIMIT,
        loss="gluon/CTCLoss",
        cause="Lengths have to be of the dtype of the label, and that float32: integer lengths are refused.",
        evidence=f"src/operator/nn/ctc_loss-inl.h of MXNet 1.9.1; {BLOB}",
        measure=example_of(
            "ctc-integer-lengths",
            Example(
                "CTCLoss", {**_FRAMES, "pred_lengths": [2], "label_lengths": [1]}, dtypes={"pred_lengths": "int32"}
            ),
        ),
        matches=lambda case: case.dtype == "float32" and _ctc_mixed(case),
        refusal="data type do not match specified type",
    )
    yield Finding(
        id="ctc-wide-label",
        kind=LIMIT,
        loss="gluon/CTCLoss",
        cause="A label array wider than there are time steps is refused even where padding or lengths make every label short enough.",
        evidence="src/operator/nn/ctc_loss-inl.h of MXNet 1.9.1, line 237",
        measure=example_of("ctc-wide-label", Example("CTCLoss", {**_FRAMES, "label": [[0.0, -1.0, -1.0]]})),
        matches=lambda case: case.dtype == "float32" and _too_wide(case),
        refusal="max number of labels cannot exceed the maximum sequence length",
    )
    yield Finding(
        id="label-dtype",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="Arithmetic takes arrays of one dtype: a label of another dtype than the prediction, integers for instance, is refused"
        " by every loss but SoftmaxCrossEntropyLoss with class numbers and CTCLoss.",
        evidence=ELEMENTWISE,
        measure=example_of("label-dtype", Example("L2Loss", _PAIR, dtypes={"label": "int32"})),
        matches=lambda case: case.dtype != "bfloat16" and _mixed(case),
        refusal="Incompatible attr in node",
    )
    yield Finding(
        id="empty-batch",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="The reductions over an empty batch fail, even with NumPy's shapes switched on. They fail where nobody looks: the error is"
        " raised in whatever waits for MXNet next, and a backward pass before that can end the process by a division by zero.",
        evidence="include/mxnet/tensor_blob.h of MXNet 1.9.1, line 197",
        measure=example_of(
            "empty-batch", Example("L2Loss", {"pred": np.zeros((0, 3)), "label": np.zeros((0, 3))}, wrt=("pred",))
        ),
        matches=lambda case: case.dtype != "bfloat16" and _empty(case),
        refusal="Shape size mismatch|do not match total elements|delay_alloc",
    )
    yield Finding(
        id="no-classes",
        kind=LIMIT,
        loss="gluon/SoftmaxCrossEntropyLoss",
        cause="A label that picks among no classes reads memory that is not there: a segmentation fault. The call is not made.",
        evidence="src/operator/tensor/broadcast_reduce_op.h of MXNet 1.9.1, pick",
        measure=_segmentation_fault,
        matches=lambda case: case.dtype != "bfloat16" and _no_classes(case),
        refusal=NO_CLASSES,
    )
    yield Finding(
        id="bfloat16",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="MXNet 1.9.1 has no arrays of bfloat16 outside its oneDNN operators.",
        evidence="python/mxnet/ndarray/ndarray.py of MXNet 1.9.1, _DTYPE_NP_TO_MX",
        measure=example_of("bfloat16", Example("L2Loss", _PAIR, dtype="bfloat16")),
        matches=lambda case: "bfloat16" in (_dtypes(case) | {case.dtype}),
        refusal="no bfloat16 arrays",
    )
    yield Finding(
        id="kl-average",
        kind=LIMIT,
        loss="gluon/KLDivLoss",
        cause="The mean that the documentation promises is polyloss's argument average; MXNet 1.9.1 has the sum only.",
        evidence=LOSS + "class KLDivLoss",
        measure=example_of("kl-average", Example("KLDivLoss", _PAIR, {"average": True})),
        matches=lambda case: _lossy(case, "KLDivLoss") and "average" in case.config,
        refusal="no argument 'average'",
    )
    yield Finding(
        id="l2-weight-none",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="weight is documented as float or None; None is divided by 2.",
        evidence=LOSS + "class L2Loss, self._weight / 2",
        measure=example_of("l2-weight-none", Example("L2Loss", _PAIR, {"weight": None})),
        matches=lambda case: _lossy(case, "L2Loss") and case.config.get("weight", 1.0) is None,
        refusal=r"unsupported operand type\(s\) for /",
    )


# --- numbers that are off -----------------------------------------------------------------------------------------------------------


def _zero_or_one(case: Case) -> Array:
    pred = masks.given(case, "pred")
    return np.asarray((pred == 0) | (pred == 1))


def _zero_label(case: Case) -> Array:
    pred, label = masks.given(case, "pred"), masks.given(case, "label")
    return np.broadcast_to(label == 0, np.broadcast_shapes(pred.shape, label.shape))


def _zero_rate(case: Case) -> Array:
    return np.asarray(masks.given(case, "pred") == 0)


def _half_without_epsilon(case: Case) -> Callable[[Case], Array] | None:
    if case.dtype != "float16":
        return None
    if _lossy(case, *SIGMOID) and case.config.get("from_sigmoid", False):
        return _zero_or_one
    if _lossy(case, "KLDivLoss"):
        return _zero_label
    rates = _lossy(case, "PoissonNLLLoss") and not case.config.get("from_logits", True)
    return _zero_rate if rates and np.float16(case.call.get("epsilon", 1e-8)) == 0 else None


def _vanished(evidence: Evidence) -> Masks:
    hit = _half_without_epsilon(evidence.case)
    return {} if hit is None else masks.halves_without_epsilon(hit)(evidence)


def _vanishes(*names: str) -> Callable[[Case], bool]:
    def matches(case: Case) -> bool:
        hit = _half_without_epsilon(case)
        return _lossy(case, *names) and hit is not None and bool(hit(case).any())

    return matches


_LOG_P = -float(np.log(1 + np.exp(-2.25) + np.exp(-1.25)))
_ONEDNN = "MXNet 1.9.1 built with oneDNN (MXNET_MKLDNN_ENABLED=0 gives {} ULP)"


def _log_softmaxes(case: Case) -> bool:
    if case.dtype != "float32":
        return False
    softmaxes = _lossy(case, *SOFTMAX) and not case.config.get("from_logits", False)
    divergences = _lossy(case, "KLDivLoss") and not case.config.get("from_logits", True)
    return softmaxes or divergences or _lossy(case, "SDMLLoss")


def _softrelus(case: Case) -> bool:
    logits = _lossy(case, *SIGMOID) and not case.config.get("from_sigmoid", False)
    return case.dtype == "float32" and (logits or _lossy(case, "LogisticLoss"))


def _operator(
    call: Callable[[Any], Any], right: float, quantity: str, holds: Callable[[float], bool]
) -> Callable[[], Measurement]:
    """A measurement of one number that an operator of MXNet gives."""

    def measure() -> Measurement:
        got = float(call(import_mxnet()).asnumpy().ravel()[0])
        return Measurement([{"quantity": quantity, "right": plain(right), "mxnet": plain(got)}], holds(got))

    return measure


def _half_range(evidence: Evidence) -> Masks:
    """Values that are not finite though the right ones are: some partial result leaves the range."""
    return {"value": ~np.isfinite(evidence.got("value")) & np.isfinite(evidence.right)}


def _leaves_half_range(case: Case) -> bool:
    """Whether a square, a product with weights or a sum over a sample is above 65504."""
    if case.dtype != "float16" or not _lossy(case, *REGRESSIONS):
        return False
    pred, label = masks.given(case, "pred"), masks.given(case, "label")
    if _lossy(case, "HingeLoss", "SquaredHingeLoss"):
        largest = np.max(abs(pred.ravel() * label.ravel())) + float(case.config.get("margin", 1))
    else:
        largest = np.max(abs(pred.ravel() - label.ravel()))
    term = largest**2 if _lossy(case, "L2Loss", "HuberLoss", "SquaredHingeLoss") else largest
    factors = [masks.weights(case)] + (
        [float(masks.given(case, "sample_weight").max())] if "sample_weight" in case.inputs else []
    )
    return bool(term * max(1.0, *factors) * pred.size > masks.LARGEST["float16"])


def _triplet_squares(case: Case) -> Array:
    return masks.overflowing(case, (("pred", "positive"), ("pred", "negative")))


def _numbers() -> Iterator[Finding]:
    for identity, loss, epsilon, where, example in (
        (
            "bce-half-epsilon",
            "SigmoidBinaryCrossEntropyLoss",
            "1e-12",
            "pred is 0 or 1",
            Example(
                "SigmoidBCELoss",
                {"pred": [[0.0, 0.5]], "label": [[1.0, 1.0]]},
                {"from_sigmoid": True},
                {},
                "float16",
                ("pred",),
            ),
        ),
        (
            "kl-half-epsilon",
            "KLDivLoss",
            "1e-12",
            "label is 0",
            Example("KLDivLoss", {"pred": [[-1.0, -1.0]], "label": [[0.0, 0.5]]}, dtype="float16", wrt=("pred",)),
        ),
        (
            "poisson-half-epsilon",
            "PoissonNLLLoss",
            "1e-08",
            "pred is 0",
            Example(
                "PoissonNLLLoss",
                {"pred": [[0.0, 1.0]], "target": [[1.0, 1.0]]},
                {"from_logits": False},
                dtype="float16",
            ),
        ),
    ):
        yield Finding(
            id=identity,
            kind=LIMIT,
            loss=f"gluon/{loss}",
            cause=f"The epsilon of {epsilon} rounds to 0 in float16: where {where} the logarithm is infinite, and the loss infinite"
            " or NaN.",
            evidence=f"{LOSS}class {loss}, hybrid_forward",
            measure=example_of(identity, example),
            matches=_vanishes(*(SIGMOID if loss in SIGMOID else (loss,))),
            recorded=_vanished,
        )
    yield Finding(
        id="log-softmax-float32",
        kind=LIMIT,
        loss="gluon/SoftmaxCrossEntropyLoss",
        cause="log_softmax over the last axis in float32 goes to oneDNN, which approximates: tens of ULP off, where 1 is usual.",
        evidence=_ONEDNN.format(1),
        measure=_operator(
            lambda mx: mx.nd.log_softmax(mx.nd.array([[1.5, -0.75, 0.25]])),
            _LOG_P,
            "first element of log_softmax([1.5, -0.75, 0.25]), in float32",
            lambda got: 8 * 2**-23 < abs(got - _LOG_P) < masks.ACCURACY * 2**-23,
        ),
        matches=_log_softmaxes,
        recorded=masks.approximated,
    )
    yield Finding(
        id="softrelu-float32",
        kind=LIMIT,
        loss="gluon/SigmoidBinaryCrossEntropyLoss",
        cause="The softrelu activation in float32 goes to oneDNN, which approximates: up to 16 ULP of 1 off, and below 0 for some large"
        " negative arguments, so that the loss can be negative.",
        evidence=_ONEDNN.format(1),
        measure=_operator(
            lambda mx: mx.nd.Activation(mx.nd.array([-20.0]), act_type="softrelu"),
            2.0611537e-09,
            "softrelu(-20), in float32",
            lambda got: abs(got + 1.9073486e-06) < 1e-12,
        ),
        matches=_softrelus,
        recorded=masks.approximated,
    )
    yield Finding(
        id="half-range",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="In float16 the squares, products and sums before the mean leave the range at 65504, though the loss itself does not; with"
        " a weight of 0 infinity becomes NaN.",
        evidence=LOSS + "classes L2Loss, L1Loss, HuberLoss, HingeLoss, SquaredHingeLoss, hybrid_forward",
        measure=example_of(
            "half-range",
            Example(
                "L2Loss", {"pred": [[300.0, 1.0]], "label": [[0.0, 0.0]], "sample_weight": [[0.5]]}, dtype="float16"
            ),
            Example("L1Loss", {"pred": [[40000.0, 40000.0]], "label": [[0.0, 0.0]]}, dtype="float16"),
        ),
        matches=_leaves_half_range,
        recorded=_half_range,
    )
    yield Finding(
        id="triplet-range",
        kind=LIMIT,
        loss="gluon/TripletLoss",
        cause="The two squared distances are subtracted after both overflowed: infinity less infinity is NaN, where the right loss is"
        " 0 or finite.",
        evidence=LOSS + "class TripletLoss, hybrid_forward",
        measure=example_of(
            "triplet-range",
            Example("TripletLoss", {"pred": [[300.0]], "positive": [[0.0]], "negative": [[0.0]]}, dtype="float16"),
        ),
        matches=lambda case: _lossy(case, "TripletLoss") and bool(_triplet_squares(case).any()),
        recorded=lambda evidence: masks.by_sample(
            evidence, _triplet_squares(evidence.case), evidence.case.config.get("batch_axis", 0)
        ),
    )
    yield Finding(
        id="half-mean",
        kind=LIMIT,
        loss="gluon/L1Loss",
        cause="A mean in float16 over more elements than 65504 divides by infinity.",
        evidence="src/operator/tensor/broadcast_reduce_op.h of MXNet 1.9.1, mean",
        measure=_operator(
            lambda mx: mx.gluon.loss.L1Loss()(
                *(make((1, 70000), dtype="float16") for make in (mx.nd.ones, mx.nd.zeros))
            ),
            1.0,
            "L1Loss of 70000 ones against zeros, in float16",
            lambda got: not np.isfinite(got),
        ),
    )
    yield Finding(
        id="half-classes",
        kind=LIMIT,
        loss="gluon/SoftmaxCrossEntropyLoss",
        cause="log_softmax in float16 adds the exponentials up in float16: 1 + 2048 is 2048 there, and the log of the sum over more"
        " classes stays at 7.625, unless MXNET_SAFE_ACCUMULATION=1.",
        evidence="src/operator/nn/softmax-inl.h of MXNet 1.9.1; https://mxnet.apache.org/api/faq/env_var",
        measure=_operator(
            lambda mx: mx.gluon.loss.SoftmaxCELoss()(mx.nd.ones((1, 10000), dtype="float16"), mx.nd.zeros((1,))),
            float(np.log(10000)),
            "SoftmaxCrossEntropyLoss of 10000 equal logits, in float16",
            lambda got: got == 7.625,
        ),
    )


# --- ways of calling ----------------------------------------------------------------------------------------------------------------


def _called(call: Callable[[Any], Any], quantity: str, message: str) -> Callable[[], Measurement]:
    """A measurement that holds if a call is refused in these words."""

    def measure() -> Measurement:
        mx = import_mxnet()
        try:
            said = plain(call(mx).asnumpy())
        except Exception as error:
            said = f"refused: {type(error).__name__}: {first_line(error)}"
        return Measurement([{"quantity": quantity, "right": "the loss", "mxnet": said}], message in said)

    return measure


def _numpy_arrays(mx: Any) -> Any:
    x = mx.np.ones((1, 2))
    with mx.util.np_array(True):
        return mx.gluon.loss.HuberLoss()(x, x)


def _numpy_batch_axis(mx: Any) -> Any:
    with mx.util.np_shape(True), mx.util.np_array(True):
        return mx.gluon.loss.L2Loss(batch_axis=1)(mx.np.ones((1, 3)), mx.np.zeros((1, 3)))


def _hybrid(mx: Any) -> Any:
    loss = mx.gluon.loss.SDMLLoss()
    loss.hybridize()
    return loss(mx.nd.ones((2, 2)), mx.nd.zeros((2, 2)))


def _ways() -> Iterator[Finding]:
    yield Finding(
        id="mx-np-refused",
        kind=LIMIT,
        loss="gluon/HuberLoss",
        cause="Arrays of mx.np are refused by KLDivLoss, CTCLoss, HuberLoss, HingeLoss, SquaredHingeLoss, LogisticLoss, TripletLoss,"
        " PoissonNLLLoss, CosineEmbeddingLoss and SDMLLoss; the others take them under mx.npx.set_np() only.",
        evidence=LOSS + "no branch for is_np_array() in these classes",
        measure=_called(
            _numpy_arrays, "HuberLoss()(mx.np.ones((1, 2)), ...) under set_np()", "can only accept legacy ndarrays"
        ),
    )
    yield Finding(
        id="mx-np-batch-axis",
        kind=LIMIT,
        loss="gluon/L2Loss",
        cause="With arrays of mx.np the mean is over all axes but the first, whatever batch_axis says.",
        evidence=LOSS + "class L2Loss, hybrid_forward: axis=tuple(range(1, loss.ndim))",
        measure=_called(_numpy_batch_axis, "L2Loss(batch_axis=1) of shape (1, 3) as mx.np arrays: 3 samples", "[0.5]"),
    )
    yield Finding(
        id="sdml-hybridize",
        kind=LIMIT,
        loss="gluon/SDMLLoss",
        cause="The code asks its inputs for their shape, which symbols do not have: it cannot be hybridized.",
        evidence=LOSS + "class SDMLLoss, _loss: x1.shape[0]",
        measure=_called(_hybrid, "SDMLLoss, hybridized", "'Symbol' object has no attribute 'shape'"),
    )


FINDINGS = (*_refusals(), *_numbers(), *_ways())
