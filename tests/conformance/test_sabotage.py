"""The suite is tested: deliberately wrong operations and formulas must be caught by its cases."""

from collections.abc import Callable
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
from polyloss_conformance import arrays, dialects
from polyloss_conformance.execute import Executor
from polyloss_conformance.reference_worker import formula
from polyloss_conformance.selection import UNCOMPILED

from polyloss import dispatch
from polyloss.formulas import adaptive, classification, cross_entropy, embedding, regression
from polyloss.formulas import margin as margin_losses
from polyloss.mxnet.gluon import base
from polyloss.mxnet.gluon import loss as gloss
from polyloss.torch.nn import base as torch_base
from polyloss.torch.nn import layers

torch_classes = import_module("polyloss.torch.nn.functional.cross_entropy")  # as an attribute that is the function

FRAMEWORK = next((name for name in ("torch", "jax", "tensorflow") if find_spec(name)), None)
pytestmark = pytest.mark.skipif(FRAMEWORK is None, reason="no framework with gradients is installed")


@cache
def record(case_id):
    case = dialects.all_cases()[case_id]
    return {"id": case_id, "references": {"formula": formula(case)}}


def op_set():
    backend = dispatch.backend(FRAMEWORK)
    return backend.op_set(backend.from_numpy(np.ones(1), "float32"))


def judged(loss, part, record=record):
    """The cells of the cases of a loss (``L1Loss`` of Gluon, ``torch/L1Loss``) whose id contains `part`, against the formula.

    Eager, and ``composed``: where a framework's kernel computes the loss, it is there that its formula runs.
    """
    executor = Executor(dispatch.backend(FRAMEWORK))
    name = loss if "/" in loss else f"gluon/{loss}"
    cases = [c for c in dialects.all_cases().values() if c.loss == name and part in c.id]
    cases = [c for c in cases if c.dtype in ("float64", "float32")]
    assert cases, f"no case of {loss} has {part!r} in its id"
    return {(case.id, mode): executor.cell(case, mode, record(case.id)) for case in cases for mode in UNCOMPILED}


@contextmanager
def replaced(owner, name, make: Callable):
    """The attribute `name` of `owner` replaced by ``make(original)``."""
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(make(original)))
    try:
        yield
    finally:
        setattr(owner, name, original)


def op(name, make):
    """Sabotage of an operation of the framework's op set, and of all compositions."""

    def apply(ops):
        return replaced(type(ops), name, make)

    return apply


def function(owner, name, make):
    return lambda ops: replaced(owner, name, make)


def halved_gradient(original):
    def wrong(self, *args, **kwargs):
        value = original(self, *args, **kwargs)
        return value * 0.5 + self.stop_gradient(value * 0.5)

    return wrong


def without(*names, **forced):
    """A function called with some keywords forced to another value."""
    return lambda original: lambda *args, **kwargs: original(*args, **{**kwargs, **forced})


def rounded_to_half(F, parts, dtype):
    return [F.cast(F.cast(part, "float16"), F.dtype(part)) for part in parts], dtype


def without_sample_weight(original):
    return lambda F, loss, weight=None, sample_weight=None: original(F, loss, weight, None)


def without_bias(original):
    return lambda self, x, w, y, b=None, *rest, **more: original(self, x, w, y, None, *rest, **more)


def without_scale(original):
    return lambda self, x, w, y, b, scale, rows: original(self, x, w, y, b, self.ones_like(scale), rows)


def of_the_head_alone(original):
    return lambda F, head, clusters, y, **more: original(F, head, [0 * one for one in clusters], y, **more)


def without_the_bias_of_layers(original):
    return lambda self, *given: (original(self, *given)[0], None)


SABOTAGES = {
    "abs with its sign turned": (op("abs", lambda f: lambda self, x: -f(self, x)), "L1Loss", "/2x3/"),
    "log_softmax on the next axis": (
        op("log_softmax", lambda f: lambda self, x, axis=-1: f(self, x, axis=axis - 1)),
        "KLDivLoss",
        "softmax",
    ),
    "epsilon dropped": (
        function(classification, "binary_cross_entropy", without(epsilon=0.0)),
        "SigmoidBinaryCrossEntropyLoss",
        "probabilities-2x3/",
    ),
    "epsilon of the norm dropped": (
        function(embedding, "cosine_similarity", without(epsilon=0.0)),
        "CosineEmbeddingLoss",
        "/2x3/",
    ),
    "mean for sum": (op("sum", lambda f: lambda self, *a, **k: self.mean(*a, **k)), "TripletLoss", "/2x3/"),
    "sum for mean": (op("mean", lambda f: lambda self, *a, **k: self.sum(*a, **k)), "HingeLoss", "/2x3/"),
    "exclude ignored": (
        op("mean", lambda f: lambda self, x, axis=None, exclude=False: f(self, x, axis=axis)),
        "LogisticLoss",
        "/2x3x2/",
    ),
    "batch_axis ignored": (
        function(base.Loss, "_per_sample", lambda f: lambda self, F, x, s, p, c: F.mean(x, axis=0, exclude=True) * c),
        "L2Loss",
        "batch_axis=",
    ),
    "weight squared": (
        function(base, "apply_weighting", lambda f: lambda F, x, weight=None, s=None: f(F, x, weight and weight**2, s)),
        "HuberLoss",
        "weight=0.5",
    ),
    "sample_weight ignored": (function(base, "apply_weighting", without_sample_weight), "L1Loss", "sw=2x1"),
    "0.1 % too large": (op("square", lambda f: lambda self, x: f(self, x) * 1.001), "SquaredHingeLoss", "/2x3/"),
    "0.1 % too large, fused": (
        op("squared_error", lambda f: lambda self, x, y: f(self, x, y) * 1.001),
        "L2Loss",
        "/2x3/",
    ),
    "gradient halved": (op("squared_error", halved_gradient), "L2Loss", "/2x3/"),
    "gradient of relu halved": (op("relu", halved_gradient), "HingeLoss", "/2x3/"),
    "gradient lost": (op("exp", lambda f: lambda self, x: self.stop_gradient(f(self, x))), "PoissonNLLLoss", "/2x3/"),
    "pick of the next class": (
        op("softmax_cross_entropy", lambda f: lambda self, x, y, **k: f(self, x, y + 1, **k)),
        "SoftmaxCrossEntropyLoss",
        "/2x3/",
    ),
    "classes rounded, not truncated": (
        op("pick", lambda f: lambda self, x, y, **k: f(self, x, y + 0.5, **k)),
        "SoftmaxCrossEntropyLoss",
        "2x3-log/",
    ),
    "softplus without abs": (
        function(
            classification,
            "signed_logistic_cross_entropy",
            lambda f: lambda F, x, y: F.log(1 + F.exp(x)) - 0.5 * (x * y + x),
        ),
        "LogisticLoss",
        "/2x3/",
    ),
    "relu with slope 1 at 0": (
        op("relu", lambda f: lambda self, x: self.where(x >= 0, x, 0.0)),
        "SigmoidBinaryCrossEntropyLoss",
        "/2x3/",
    ),
    "threshold doubled": (
        function(regression, "huber_over_rho", lambda f: lambda F, p, y, rho: f(F, p, y, rho=2 * rho)),
        "HuberLoss",
        "/2x3/",
    ),
    "margin ignored": (function(classification, "hinge", without(margin=1)), "HingeLoss", "margin=2"),
    "pos_weight on the negatives": (
        function(
            classification,
            "weighted_logistic_cross_entropy",
            lambda f: lambda F, p, y, w: f(F, -p, 1 - y, w),
        ),
        "SigmoidBinaryCrossEntropyLoss",
        "pos=",
    ),
    "smoothing ignored": (function(embedding, "smoothed_deep_metric", without(smoothing=0.0)), "SDMLLoss", "/4x3/"),
    "labels padded with blanks": (
        op("ctc_loss", lambda f: lambda self, x, y, *rest: f(self, x, self.clip(y, 0, 9), *rest)),
        "CTCLoss",
        "/2x4x4/",
    ),
    "lengths ignored": (op("ctc_loss", lambda f: lambda self, x, y, *rest: f(self, x, y)), "CTCLoss", "/lengths/"),
    "result of another dtype": (
        op("cast_like", lambda f: lambda self, x, like: self.cast(x, "float64")),
        "KLDivLoss",
        "/2x3/",
    ),
    "result of another shape": (
        function(
            gloss.PoissonNLLLoss, "hybrid_forward", lambda f: lambda self, F, *a: F.expand_dims(f(self, F, *a), 0)
        ),
        "PoissonNLLLoss",
        "/2x3/",
    ),
    "torch: sum for mean": (op("mean", lambda f: lambda self, *a, **k: self.sum(*a, **k)), "torch/MSELoss", "/2x3/"),
    "torch: reduction ignored": (
        function(torch_base, "reduced_each", lambda f: lambda F, g, given, mode, *rest: f(F, g, given, "mean", *rest)),
        "torch/L1Loss",
        "/2x3-sum/",
    ),
    "torch: weight ignored": (
        function(torch_base, "weighted", lambda f: lambda F, loss, value, *rest: value),
        "torch/BCELoss",
        "weight=3/",
    ),
    "torch: floor of the logarithms dropped": (
        function(classification, "clamped_binary_cross_entropy", without(log_floor=-1000.0)),
        "torch/BCELoss",
        "/2x3/",
    ),
    "torch: gradient of certain probabilities": (
        function(classification, "clamped_binary_cross_entropy", without(spread_floor=1e-11)),
        "torch/BCELoss",
        "/2x3/",
    ),
    "torch: variance not clamped": (
        function(regression, "gaussian_nll", without(epsilon=0.0)),
        "torch/GaussianNLLLoss",
        "/2x3/",
    ),
    "torch: margin ignored": (
        function(embedding, "margin_ranking", without(margin=0.0)),
        "torch/MarginRankingLoss",
        "margin=0.5/",
    ),
    "torch: log target taken for a target": (
        function(classification, "relative_entropy", without(log_target=False)),
        "torch/KLDivLoss",
        "log_target=True/",
    ),
    "torch: result in the input's dtype": (
        function(torch_base, "promoted", lambda f: lambda F, loss, **t: (f(F, loss, **t)[0], F.dtype(t["input"]))),
        "torch/MSELoss",
        "/2x3-float32-float64/",
    ),
    "torch: computed in the narrower dtype": (
        function(torch_base, "promoted", lambda f: lambda F, loss, **t: rounded_to_half(F, *f(F, loss, **t))),
        "torch/L1Loss",
        "/2x3-float32-float16/",
    ),
    "torch: slope of unlikely probabilities": (
        function(classification, "clamped_binary_cross_entropy", without(spread_floor=1e-14)),
        "torch/BCELoss",
        "/unlikely",
    ),
    "torch: size_average ignored": (
        function(torch_base, "legacy_mode", lambda f: lambda size_average, reduce, reduction: reduction),
        "torch/MSELoss",
        "/2x3-old-size_average=False/",
    ),
    "torch: ignored labels counted": (
        function(torch_classes, "class_terms", without(ignore_index=-9)),
        "torch/CrossEntropyLoss",
        "/3x4-reduction=mean/",
    ),
    "torch: smoothing of labels ignored": (
        function(cross_entropy, "label_cross_entropy", without(smoothing=0.0)),
        "torch/CrossEntropyLoss",
        "/3x4-reduction=mean,label_smoothing=0.1/",
    ),
    "torch: mean of classes not weighted": (
        function(
            torch_classes, "reduced", lambda f: lambda F, terms, *rest: f(F, (terms[0], F.ones_like(terms[0])), *rest)
        ),
        "torch/NLLLoss",
        "/3x4-reduction=mean,weight/",
    ),
    "torch: weights of probabilities dropped": (
        function(cross_entropy, "soft_cross_entropy", lambda f: lambda F, x, y, w=None, **k: f(F, x, y, **k)),
        "torch/CrossEntropyLoss",
        "/soft-3x4-reduction=mean,weight/",
    ),
    "torch: gradient of probabilities lost": (
        function(
            cross_entropy, "soft_cross_entropy", lambda f: lambda F, x, y, *w, **k: f(F, x, F.stop_gradient(y), *w, **k)
        ),
        "torch/CrossEntropyLoss",
        "/soft-3x4-reduction=sum/",
    ),
    "torch: margin of classes ignored": (
        function(margin_losses, "multi_margin", without(margin=1.0)),
        "torch/MultiMarginLoss",
        "margin=0.5/",
    ),
    "torch: power ignored": (
        function(margin_losses, "multi_margin", without(p=1)),
        "torch/MultiMarginLoss",
        "p=2,reduction=none/",
    ),
    "torch: right class counted": (
        function(margin_losses, "multi_margin", lambda f: lambda F, x, y, **k: f(F, x, y, **k) + 1 / 3),
        "torch/MultiMarginLoss",
        "p=1,reduction=none/",
    ),
    "torch: weight of class 0 for all": (
        op("take", lambda f: lambda self, x, indices: f(self, x, indices * 0)),
        "torch/MultiMarginLoss",
        "p=1,weight=3,reduction=none/",
    ),
    "torch: gradient of relu halved": (op("relu", halved_gradient), "torch/MultiLabelMarginLoss", "/2x3/"),
    "torch: labels after the first -1 count": (
        op("min", lambda f: lambda self, x, **k: f(self, x, **k) * 0 + 1e9),
        "torch/MultiLabelMarginLoss",
        "/2x3/",
    ),
    "torch: last label ignored": (
        op("broadcast_greater", lambda f: lambda self, x, y: f(self, x - 1, y)),
        "torch/MultiLabelMarginLoss",
        "/2x3/",
    ),
    "torch: right classes against each other": (
        op("max", lambda f: lambda self, x, **k: f(self, x, **k) * 0),
        "torch/MultiLabelMarginLoss",
        "/2x3/",
    ),
    "torch: sum over the classes": (
        op("mean", lambda f: lambda self, *a, **k: self.sum(*a, **k)),
        "torch/MultiLabelSoftMarginLoss",
        "reduction=none/",
    ),
    "torch: weight of classes ignored": (
        function(torch_base.Loss, "_constant", lambda f: lambda self, name, x: None),
        "torch/MultiLabelSoftMarginLoss",
        "weight=3,reduction=none/",
    ),
    "torch: bias forgotten": (
        op("linear_cross_entropy", without_bias),
        "torch/LinearCrossEntropyLoss",
        "/5-bias-rows=1/",
    ),
    "torch: weights and ignored labels forgotten": (
        op("linear_cross_entropy", without_scale),
        "torch/LinearCrossEntropyLoss",
        "ignore_index=1,reduction=sum,rows=2/",
    ),
    "torch: gradient of chunks halved": (
        op("linear_cross_entropy", halved_gradient),
        "torch/LinearCrossEntropyLoss",
        "/5-bias-rows=1/",
    ),
    "torch: clusters begin elsewhere": (
        function(adaptive, "adaptive_cross_entropy", without(cutoffs=[2, 5])),
        "torch/AdaptiveLogSoftmaxWithLoss",
        "/3-loss-2,4-div2/",
    ),
    "torch: clusters forgotten": (
        function(adaptive, "adaptive_cross_entropy", of_the_head_alone),
        "torch/AdaptiveLogSoftmaxWithLoss",
        "/3-output-2,4-div2/",
    ),
    "torch: bias of the head forgotten": (
        function(layers.ParametricLoss, "_tensors", without_the_bias_of_layers),
        "torch/AdaptiveLogSoftmaxWithLoss",
        "/3-loss-2,4-div2-bias/",
    ),
}


def is_caught(sabotage, loss, part):
    """The cases pass as the loss is, and some fail, and say where, with the sabotage."""
    ops = op_set()
    sound = judged(loss, part)
    assert all(cell["status"] == "pass" for cell in sound.values()), sound
    with sabotage(ops):
        wrong = judged(loss, part)
    caught = [cell for cell in wrong.values() if cell["status"] == "fail"]
    assert caught, {case: cell["status"] for case, cell in wrong.items()}
    assert all(cell["message"] and cell["worst"] for cell in caught)


@pytest.mark.filterwarnings("ignore:kl_div. reduction='mean'", "ignore:.*every target is ignore_index")
@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])


@pytest.mark.skipif(find_spec("mxnet") is None, reason="MXNet is not installed: it says which subgradient is taken")
def test_native_library_pins_the_kink():
    dispatch.backend("mxnet")  # imports MXNet with what NumPy 1.24 and later lack
    from polyloss_conformance.references import native_gluon

    def with_native(case_id):
        ((_, native),) = native_gluon.run([dialects.all_cases()[case_id]])
        written = {
            "value": arrays.write(native["value"], "float32"),
            "gradients": {name: arrays.write(array, "float32") for name, array in native["gradients"].items()},
        }
        return {"id": case_id, "references": {**record(case_id)["references"], "native": written}}

    slope_one = op("abs", lambda f: lambda self, x: self.where(x >= 0, x, -x))
    with slope_one(op_set()):
        (alone, _) = judged("L1Loss", "/2x3/float32/kinks").values()
        (pinned, _) = judged("L1Loss", "/2x3/float32/kinks", with_native).values()
    assert alone["status"] == "pass"  # any subgradient is one
    assert pinned["status"] == "fail"
    assert "against native" in pinned["message"]
