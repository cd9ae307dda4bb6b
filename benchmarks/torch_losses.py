"""The losses of `polyloss.torch.nn` on PyTorch: `torch.nn`, Keras on PyTorch, and compositions by hand; `o` is torch, `k` keras.losses."""

from __future__ import annotations

from benchmarks.spec import Spec

PAIRWISE = {"tiny": (32, 10)}  # what compares classes with classes, or samples with samples, has no room for more
CTC = {"tiny": (4, 10, 12, 3), "medium": (16, 30, 100, 20)}  # samples, classes, frames, labels
ADAPTIVE = {
    "tiny": (32, 64, 1000),
    "medium": (1024, 64, 1000),
    "large": (16384, 64, 1000),
}  # samples, features, classes

SPECS = (
    Spec("L1Loss", "normal normal", lambda o, x, y: (x - y).abs().mean(), keras=lambda k: _swap(k.MeanAbsoluteError())),
    Spec(
        "MSELoss", "normal normal", lambda o, x, y: (x - y).square().mean(), keras=lambda k: _swap(k.MeanSquaredError())
    ),
    Spec(
        "SmoothL1Loss",
        "normal normal",
        lambda o, x, y: o.where((x - y).abs() < 1, 0.5 * (x - y).square(), (x - y).abs() - 0.5).mean(),
        keras=lambda k: _swap(k.Huber()),
    ),
    Spec(
        "HuberLoss",
        "normal normal",
        lambda o, x, y: o.where((x - y).abs() < 0.5, 0.5 * (x - y).square(), 0.5 * ((x - y).abs() - 0.25)).mean(),
        {"delta": 0.5},
        keras=lambda k: _swap(k.Huber(delta=0.5)),
    ),
    Spec(
        "PoissonNLLLoss",
        "normal count",
        lambda o, x, y: (x.exp() - y * x).mean(),
    ),
    Spec(
        "PoissonNLLLoss",
        "positive count",
        lambda o, x, y: (x - y * (x + 1e-7).log()).mean(),
        {"log_input": False, "eps": 1e-7},
        variant="of rates",
        keras=lambda k: _swap(k.Poisson()),
    ),
    Spec(
        "GaussianNLLLoss",
        "normal normal positive",
        lambda o, x, y, v: 0.5 * (v.clamp(min=1e-6).log() + (x - y).square() / v.clamp(min=1e-6)).mean(),
        wrt=(0, 2),
    ),
    Spec(
        "BCELoss",
        "probability binary",
        lambda o, x, y: -(y * x.log() + (1 - y) * (1 - x).log()).mean(),
        keras=lambda k: _swap(k.BinaryCrossentropy()),
    ),
    Spec(
        "BCEWithLogitsLoss",
        "normal binary",
        lambda o, x, y: (x.relu() - x * y + (-x.abs()).exp().log1p()).mean(),
        keras=lambda k: _swap(k.BinaryCrossentropy(from_logits=True)),
    ),
    Spec("SoftMarginLoss", "normal sign", lambda o, x, y: (-y * x).exp().log1p().mean()),
    Spec(
        "KLDivLoss",
        "log_distribution distribution",
        lambda o, x, y: (y * (y.log() - x)).sum() / x.shape[0],
        {"reduction": "batchmean"},
    ),
    Spec(
        "CrossEntropyLoss",
        "normal class",
        lambda o, x, y: -x.log_softmax(1).gather(1, y[:, None]).mean(),
        keras=lambda k: _swap(k.SparseCategoricalCrossentropy(from_logits=True)),
    ),
    Spec(
        "CrossEntropyLoss",
        "normal class_or_ignored",
        lambda o, x, y: -(x.log_softmax(1).gather(1, y.clamp(0)[:, None])[:, 0] * (y >= 0)).sum() / (y >= 0).sum(),
        variant="ignoring",
        keras=lambda k: _swap(k.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100, reduction="mean")),
    ),
    Spec(
        "CrossEntropyLoss",
        "normal distribution",
        lambda o, x, y: -(x.log_softmax(1) * y).sum(1).mean(),
        variant="of probabilities",
        keras=lambda k: _swap(k.CategoricalCrossentropy(from_logits=True)),
    ),
    Spec("NLLLoss", "log_distribution class", lambda o, x, y: -x.gather(1, y[:, None]).mean()),
    Spec(
        "MultiMarginLoss",
        "normal class",
        lambda o, x, y: ((1 - x.gather(1, y[:, None]) + x).relu().sum(1) - 1).mean() / x.shape[1],
    ),
    Spec("MultiLabelMarginLoss", "normal classes", None, only=PAIRWISE),
    Spec(
        "MultiLabelSoftMarginLoss",
        "normal binary",
        lambda o, x, y: -(y * o.sigmoid(x).log() + (1 - y) * o.sigmoid(-x).log()).mean(1).mean(),
    ),
    Spec(
        "HingeEmbeddingLoss",
        "normal sign",
        lambda o, x, y: o.where(y == 1, x, (1 - x).relu()).mean(),
    ),
    Spec(
        "MarginRankingLoss",
        "normal normal sign",
        lambda o, x, y, t: (0.1 - t * (x - y)).relu().mean(),
        {"margin": 0.1},
        wrt=(0, 1),
    ),
    Spec(
        "CosineEmbeddingLoss",
        "normal normal row_sign",
        lambda o, x, y, t: o.where(t > 0, 1 - _cosine(o, x, y), _cosine(o, x, y).relu()).mean(),
        wrt=(0, 1),
    ),
    Spec("TripletMarginLoss", "normal normal normal", lambda o, *tensors: _triplet(*tensors), wrt=(0, 1, 2)),
    Spec(
        "TripletMarginWithDistanceLoss", "normal normal normal", lambda o, *tensors: _triplet(*tensors), wrt=(0, 1, 2)
    ),
    Spec(
        "AdaptiveLogSoftmaxWithLoss",
        "features frequent_class",
        None,
        {"in_features": 64, "n_classes": 1000, "cutoffs": [100, 400]},
        only=ADAPTIVE,
    ),
    Spec("CTCLoss", "frames_of_log_probabilities sequences frames lengths", None, only=CTC),
)


def _swap(loss):
    """Keras's argument order for torch's."""
    return lambda input, target: loss(target, input)


def _triplet(anchor, positive, negative):
    (near, far) = ((anchor - other + 1e-6).norm(dim=1) for other in (positive, negative))
    return (1 + near - far).relu().mean()


def _cosine(o, x, y):
    return (x * y).sum(1) / (x.square().sum(1) * y.square().sum(1)).sqrt()
