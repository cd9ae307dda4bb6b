"""The losses with options and inputs that every test of the dialect goes through."""

import numpy as np

import polyloss.torch.nn as pnn

RNG = np.random.default_rng(3)
SHAPE = (4, 3)


def normal():
    return RNG.normal(size=SHAPE) * 1.5


def uniform(low=0.05, high=0.95):
    return RNG.uniform(low, high, size=SHAPE)


def signs():
    return RNG.choice([-1.0, 1.0], size=SHAPE)


def kinked(values, at):
    """Some of `values` replaced by those in `at`."""
    values = values.copy()
    values.reshape(-1)[: len(at)] = at
    return values


X = kinked(normal(), [1.0, -1.0, 0.0, 0.5, -0.5, 2.0])
ZERO = kinked(normal(), [0.0] * 6)
Y = signs()
HALVES = kinked(signs(), [1.0, 1.0, -1.0, 0.0, 0.5])
COUNTS = kinked(RNG.poisson(3.0, size=SHAPE).astype(float), [1.0, 2.0, 1.5])
POSITIVE = uniform(0.3, 3.0)
PROBABILITY = kinked(uniform(), [0.0, 1.0, 0.0, 1.0, 0.25])
LABEL = kinked(uniform(), [0.0, 1.0, 1.0, 0.0, 0.25])
INNER = uniform()
LOGITS = kinked(normal(), [0.0, 15.0, -15.0])
CLASS = kinked(uniform(), [1.0, 0.0, 1.0])
LOG_P = np.log(RNG.dirichlet(np.ones(3), size=4))
TARGET_P = RNG.dirichlet(np.ones(3), size=4)
SPREAD = kinked(uniform(0.2, 2.0), [0.0, 1e-7, 1e-3])
CLASSES = np.array([2, 0, 1, 2])
BY_CLASS = np.array([0.5, 2.0, 1.5])


def dtype_of(value, dtype):
    """That in which an input is passed: class numbers stay integers."""
    return dtype if value.dtype.kind == "f" else "int64"


# class, function, options, inputs, those to differentiate with respect to
TABLE = [
    ("L1Loss", "l1_loss", {}, (X, ZERO), (0, 1)),
    ("MSELoss", "mse_loss", {}, (X, ZERO), (0, 1)),
    ("SmoothL1Loss", "smooth_l1_loss", {}, (X, ZERO), (0, 1)),
    ("SmoothL1Loss", "smooth_l1_loss", {"beta": 0.5}, (X, ZERO), (0, 1)),
    ("SmoothL1Loss", "smooth_l1_loss", {"beta": 0.0}, (X, ZERO), (0, 1)),
    ("SmoothL1Loss", "smooth_l1_loss", {"beta": float("inf")}, (X, ZERO), (0, 1)),
    ("HuberLoss", "huber_loss", {}, (X, ZERO), (0, 1)),
    ("HuberLoss", "huber_loss", {"delta": 0.5}, (X, ZERO), (0, 1)),
    ("HuberLoss", "huber_loss", {"delta": float("inf")}, (X, ZERO), (0, 1)),
    ("BCELoss", "binary_cross_entropy", {}, (INNER, CLASS), (0, 1)),
    ("BCELoss", "binary_cross_entropy", {}, (PROBABILITY, LABEL), (0,)),
    ("BCELoss", "binary_cross_entropy", {"weight": np.array([0.5, 2.0, 1.0])}, (INNER, CLASS), (0,)),
    ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", {}, (LOGITS, CLASS), (0, 1)),
    (
        "BCEWithLogitsLoss",
        "binary_cross_entropy_with_logits",
        {"weight": np.array([[0.5], [2.0], [1.0], [0.0]]), "pos_weight": np.array([0.5, 2.0, 3.0])},
        (LOGITS, CLASS),
        (0, 1),
    ),
    ("PoissonNLLLoss", "poisson_nll_loss", {}, (X, COUNTS), (0, 1)),
    ("PoissonNLLLoss", "poisson_nll_loss", {"log_input": False, "eps": 1e-3}, (POSITIVE, COUNTS), (0, 1)),
    ("PoissonNLLLoss", "poisson_nll_loss", {"full": True}, (X, COUNTS), (0,)),
    ("GaussianNLLLoss", "gaussian_nll_loss", {}, (X, ZERO, SPREAD), (0, 1, 2)),
    ("GaussianNLLLoss", "gaussian_nll_loss", {"full": True, "eps": 0.5}, (X, ZERO, SPREAD), (0, 1, 2)),
    ("GaussianNLLLoss", "gaussian_nll_loss", {}, (X, ZERO, SPREAD[:, :1] + 0.1), (0, 1, 2)),
    ("GaussianNLLLoss", "gaussian_nll_loss", {}, (X, ZERO, SPREAD[:, 2] + 0.1), (0, 1, 2)),
    ("KLDivLoss", "kl_div", {}, (LOG_P, TARGET_P), (0, 1)),
    ("KLDivLoss", "kl_div", {}, (LOG_P, np.eye(4, 3)), (0,)),
    ("KLDivLoss", "kl_div", {"log_target": True}, (LOG_P, np.log(TARGET_P)), (0, 1)),
    ("HingeEmbeddingLoss", "hinge_embedding_loss", {}, (X, HALVES), (0,)),
    ("HingeEmbeddingLoss", "hinge_embedding_loss", {"margin": 0.5}, (X, Y), (0,)),
    ("SoftMarginLoss", "soft_margin_loss", {}, (X, Y), (0,)),
    ("MarginRankingLoss", "margin_ranking_loss", {}, (X, ZERO, Y), (0, 1)),
    ("MarginRankingLoss", "margin_ranking_loss", {"margin": 0.5}, (X, ZERO, Y), (0, 1, 2)),
    ("CrossEntropyLoss", "cross_entropy", {}, (LOGITS, CLASSES), (0,)),
    (
        "CrossEntropyLoss",
        "cross_entropy",
        {"weight": BY_CLASS, "label_smoothing": 0.2, "ignore_index": 0},
        (LOGITS, CLASSES),
        (0,),
    ),
    ("CrossEntropyLoss", "cross_entropy", {"weight": BY_CLASS, "label_smoothing": 0.2}, (LOGITS, TARGET_P), (0, 1)),
    ("NLLLoss", "nll_loss", {}, (LOG_P, CLASSES), (0,)),
    ("NLLLoss", "nll_loss", {"weight": BY_CLASS, "ignore_index": 1}, (LOG_P, CLASSES), (0,)),
    ("NLLLoss2d", "nll_loss", {}, (LOG_P, CLASSES), (0,)),
]
IDS = [f"{i}-{kind}{'-' if options else ''}{'-'.join(options)}" for i, (kind, _, options, _, _) in enumerate(TABLE)]
FIRST = {kind: (options, inputs) for kind, _, options, inputs, _ in reversed(TABLE) if "weight" not in options}
PARAMETRIC = ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss", "LinearCrossEntropyOptions")
KINDS = [kind for kind in pnn.__all__ if kind not in PARAMETRIC]
"""All but those that take sizes to be made, which test_linear.py goes through."""
