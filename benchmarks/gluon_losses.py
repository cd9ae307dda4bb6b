"""The losses of `polyloss.mxnet.gluon` on MXNet: `mxnet.gluon.loss`, and compositions by hand; `o` is mx.nd or mx.sym."""

from __future__ import annotations

from benchmarks.spec import Spec

PAIRWISE = {"tiny": (32, 10), "medium": (256, 256)}  # all samples are compared with all
CTC = {"tiny": (4, 10, 12, 3), "medium": (16, 30, 100, 20)}  # samples, classes, frames, labels


def _mean(o, loss):
    return o.mean(loss, axis=0, exclude=True)


def _triplet(o, x, p, n):
    return o.relu(o.sum(o.square(p - x) - o.square(n - x), axis=0, exclude=True) + 1)


SPECS = (
    Spec("L2Loss", "normal normal", lambda o, x, y: _mean(o, o.square(x - y)) * 0.5),
    Spec("L1Loss", "normal normal", lambda o, x, y: _mean(o, o.abs(x - y))),
    Spec(
        "HuberLoss",
        "normal normal",
        lambda o, x, y: _mean(o, o.where(o.abs(x - y) > 1, o.abs(x - y) - 0.5, 0.5 * o.square(x - y))),
    ),
    Spec(
        "SigmoidBinaryCrossEntropyLoss",
        "normal binary",
        lambda o, x, y: _mean(o, o.relu(x) - x * y + o.Activation(-o.abs(x), act_type="softrelu")),
    ),
    Spec(
        "SigmoidBinaryCrossEntropyLoss",
        "probability binary",
        lambda o, x, y: -_mean(o, o.log(x + 1e-12) * y + o.log(1.0 - x + 1e-12) * (1.0 - y)),
        {"from_sigmoid": True},
        variant="of probabilities",
    ),
    Spec(
        "SoftmaxCrossEntropyLoss",
        "normal class",
        lambda o, x, y: -o.pick(o.log_softmax(x), y),
    ),
    Spec(
        "SoftmaxCrossEntropyLoss",
        "normal distribution",
        lambda o, x, y: -o.sum(o.log_softmax(x) * y, axis=-1),
        {"sparse_label": False},
        variant="of probabilities",
    ),
    Spec(
        "KLDivLoss",
        "log_distribution distribution",
        lambda o, x, y: o.sum(y * (o.log(y + 1e-12) - x), axis=-1),
    ),
    Spec("HingeLoss", "normal sign", lambda o, x, y: _mean(o, o.relu(1 - x * y))),
    Spec("SquaredHingeLoss", "normal sign", lambda o, x, y: _mean(o, o.square(o.relu(1 - x * y)))),
    Spec("LogisticLoss", "normal sign", lambda o, x, y: _mean(o, o.log(1 + o.exp(-x * y)))),
    Spec("TripletLoss", "normal normal normal", _triplet, wrt=(0, 1, 2)),
    Spec("PoissonNLLLoss", "normal count", lambda o, x, y: o.mean(o.exp(x) - y * x)),
    Spec("CosineEmbeddingLoss", "normal normal row_sign", None, wrt=(0, 1)),
    Spec("SDMLLoss", "normal normal", None, wrt=(0, 1), only=PAIRWISE),
    Spec("CTCLoss", "frames_of_scores sequences", None, only=CTC),
)
