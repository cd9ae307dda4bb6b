"""The losses of `polyloss.keras.losses` on TensorFlow and JAX: `keras.losses`, optax on JAX, and compositions by hand.

`o` is a namespace with NumPy's names for the operations of the framework (`frameworks.py`), `k` keras.losses, `x` optax.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.spec import Spec

PAIRWISE = {"tiny": (32, 10), "medium": (1024, 1000)}  # all samples are compared with all
CTC = {"tiny": (4, 10, 12, 3), "medium": (16, 30, 100, 20)}  # samples, classes, frames, labels
EPSILON = 1e-7


def _mape(o, t, p):
    return 100 * o.mean(o.abs((t - p) / o.maximum(o.abs(t), EPSILON)))


def _huber(o, t, p):
    error = o.abs(t - p)
    return o.mean(o.where(error <= 1, 0.5 * error * error, error - 0.5))


def _log_cosh(o, t, p):
    error = p - t
    return o.mean(error + o.softplus(-2.0 * error) - 0.6931471805599453)


def _cosine(o, t, p):
    units = [v / o.maximum(o.sqrt(o.sum(v * v, -1, keepdims=True)), EPSILON) for v in (t, p)]
    return -o.mean(o.sum(units[0] * units[1], -1))


def _binary(o, t, p):
    p = o.clip(p, EPSILON, 1 - EPSILON)
    return -o.mean(t * o.log(p) + (1 - t) * o.log(1 - p))


def _binary_logits(o, t, z):
    return o.mean(o.maximum(z, 0.0) - z * t + o.log1p(o.exp(-o.abs(z))))


def _binary_focal(o, t, p):
    p = o.clip(p, EPSILON, 1 - EPSILON)
    miss = t * (1 - p) + (1 - t) * p
    return -o.mean(miss * miss * (t * o.log(p) + (1 - t) * o.log(1 - p)))


def _share(o, p):
    return o.clip(p / o.sum(p, -1, keepdims=True), EPSILON, 1 - EPSILON)


def _categorical_focal(o, t, p):
    p = _share(o, p)
    return -o.mean(o.sum(0.25 * (1 - p) ** 2 * t * o.log(p), -1))


def _kl(o, t, p):
    (t, p) = (o.clip(one, EPSILON, 1.0) for one in (t, p))
    return o.mean(o.sum(t * o.log(t / p), -1))


def _categorical_hinge(o, t, p):
    return o.mean(o.maximum(o.max((1 - t) * p, -1) - o.sum(t * p, -1) + 1, 0.0))


def _msle(o, t, p):
    return o.mean((o.log1p(o.maximum(p, EPSILON)) - o.log1p(o.maximum(t, EPSILON))) ** 2)


def _dice(o, t, p):
    return 1 - (2 * o.sum(t * p) + EPSILON) / (o.sum(t) + o.sum(p) + EPSILON)


def _spec(loss: str, draws: str, hand: Callable[..., Any] | None, options: Any = None, **more: Any) -> Spec:
    return Spec(loss, draws, hand, options or {}, wrt=(1,), **more)


SPECS = (
    _spec(
        "MeanSquaredError",
        "normal normal",
        lambda o, t, p: o.mean((t - p) ** 2),
        native=lambda x: lambda t, p: x.squared_error(p, t).mean(),
    ),
    _spec("MeanAbsoluteError", "normal normal", lambda o, t, p: o.mean(o.abs(t - p))),
    _spec("MeanAbsolutePercentageError", "positive positive", _mape),
    _spec("MeanSquaredLogarithmicError", "positive positive", _msle),
    _spec("Huber", "normal normal", _huber, native=lambda x: lambda t, p: x.huber_loss(p, t).mean()),
    _spec("LogCosh", "normal normal", _log_cosh, native=lambda x: lambda t, p: x.log_cosh(p, t).mean()),
    _spec(
        "CosineSimilarity",
        "normal normal",
        _cosine,
        native=lambda x: lambda t, p: -x.cosine_similarity(p, t, epsilon=EPSILON).mean(),
    ),
    _spec(
        "Hinge",
        "sign normal",
        lambda o, t, p: o.mean(o.maximum(1 - t * p, 0.0)),
        native=lambda x: lambda t, p: x.hinge_loss(p, t).mean(),
    ),
    _spec("SquaredHinge", "sign normal", lambda o, t, p: o.mean(o.maximum(1 - t * p, 0.0) ** 2)),
    _spec("CategoricalHinge", "one_hot normal", _categorical_hinge),
    _spec("BinaryCrossentropy", "binary probability", _binary),
    _spec(
        "BinaryCrossentropy",
        "binary normal",
        _binary_logits,
        {"from_logits": True},
        variant="of logits",
        native=lambda x: lambda t, p: x.sigmoid_binary_cross_entropy(p, t).mean(),
    ),
    _spec("BinaryFocalCrossentropy", "binary probability", _binary_focal),
    _spec(
        "CategoricalCrossentropy", "one_hot distribution", lambda o, t, p: -o.mean(o.sum(t * o.log(_share(o, p)), -1))
    ),
    _spec(
        "CategoricalCrossentropy",
        "distribution normal",
        lambda o, t, p: -o.mean(o.sum(t * o.log_softmax(p), -1)),
        {"from_logits": True},
        variant="of logits",
        native=lambda x: lambda t, p: x.softmax_cross_entropy(p, t).mean(),
    ),
    _spec("CategoricalFocalCrossentropy", "one_hot distribution", _categorical_focal),
    _spec(
        "SparseCategoricalCrossentropy", "class distribution", lambda o, t, p: -o.mean(o.log(o.pick(_share(o, p), t)))
    ),
    _spec(
        "SparseCategoricalCrossentropy",
        "class normal",
        lambda o, t, p: -o.mean(o.pick(o.log_softmax(p), t)),
        {"from_logits": True},
        variant="of logits",
        native=lambda x: lambda t, p: x.softmax_cross_entropy_with_integer_labels(p, t).mean(),
    ),
    _spec(
        "CategoricalGeneralizedCrossEntropy",
        "class distribution",
        lambda o, t, p: o.mean((1 - o.pick(p, t) ** 0.5) / 0.5),
    ),
    _spec("KLDivergence", "distribution distribution", _kl),
    _spec("Poisson", "count positive", lambda o, t, p: o.mean(p - t * o.log(p + EPSILON))),
    _spec("Dice", "binary probability", _dice),
    _spec("Tversky", "binary probability", _dice),
    _spec("Circle", "groups normal", None, only=PAIRWISE),
    _spec("CTC", "sequences frames_of_scores", None, only=CTC),
)
