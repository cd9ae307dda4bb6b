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
RIGHT = np.array([2, 0, 1, 1])
SEVERAL = np.array([[1, -1, 2], [0, 2, -1], [-1, 0, 0], [2, 2, 0]])
WEIGHT = np.array([0.5, 2.0, 1.25])
LOG_ROWS = np.log(RNG.dirichlet(np.ones(3), size=(4, 2)))
ROWS = np.array([[2, 1], [1, 1]])
LENGTHS = (np.array([4, 3]), np.array([2, 2], "int32"))
SPREAD = kinked(uniform(0.2, 2.0), [0.0, 1e-7, 1e-3])
CLASSES = np.array([2, 0, 1, 2])
BY_CLASS = np.array([0.5, 2.0, 1.5])


def dtype_of(value, dtype):
    """That in which an input is passed: class numbers and lengths stay integers."""
    return dtype if value.dtype.kind == "f" else value.dtype.name


ANCHOR = kinked(normal(), [0.0, 1.0, 2.0])
POSITIVES = kinked(normal(), [0.0, 1.0, 2.0])  # the first is equal to its anchor
NEGATIVES = kinked(normal(), [0.25, 1.5, 2.0])
TRIPLET = (ANCHOR, POSITIVES, NEGATIVES)
(START, END) = (np.round(8 * x) / 8 for x in (ANCHOR, NEGATIVES))
MIDDLE = (START, 2 * END - START, END)  # the negative is as far from one as from the other
LABELS = np.array([1.0, -1.0, -1.0, 0.0])
VECTORS = (kinked(normal(), [0.0] * 3), kinked(normal(), [1.0] * 3))  # the first of the first is the zero vector

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
    ("MultiMarginLoss", "multi_margin_loss", {}, (X, RIGHT), (0,)),
    ("MultiMarginLoss", "multi_margin_loss", {"p": 2, "margin": 0.5}, (X, RIGHT), (0,)),
    ("MultiMarginLoss", "multi_margin_loss", {"margin": -0.5}, (X, RIGHT), (0,)),
    ("MultiMarginLoss", "multi_margin_loss", {"p": 2, "weight": WEIGHT}, (X, RIGHT), (0,)),
    ("MultiLabelMarginLoss", "multilabel_margin_loss", {}, (X, SEVERAL), (0,)),
    ("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", {}, (LOGITS, CLASS), (0, 1)),
    ("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", {"weight": WEIGHT}, (LOGITS, CLASS), (0, 1)),
    ("TripletMarginLoss", "triplet_margin_loss", {}, TRIPLET, (0, 1, 2)),
    ("TripletMarginLoss", "triplet_margin_loss", {"swap": True, "eps": 0.25, "margin": 2.0}, TRIPLET, (0, 1, 2)),
    ("TripletMarginLoss", "triplet_margin_loss", {"swap": True, "eps": 0.0, "margin": 5.0}, MIDDLE, (0, 1, 2)),
    *(
        ("TripletMarginLoss", "triplet_margin_loss", {"p": p, "eps": 0.125}, TRIPLET, (0, 1, 2))
        for p in (1, 3, 0.5, -1.5)
    ),
    *(
        ("TripletMarginLoss", "triplet_margin_loss", {"p": p, "eps": 0.0}, TRIPLET, (0, 1, 2))
        for p in (1.5, float("inf"))
    ),
    ("TripletMarginWithDistanceLoss", "triplet_margin_with_distance_loss", {"swap": True}, TRIPLET, (0, 1, 2)),
    (
        "TripletMarginWithDistanceLoss",
        "triplet_margin_with_distance_loss",
        {"distance_function": lambda x, y: (x - y) * (x - y), "margin": 0.5},
        TRIPLET,
        (0, 1, 2),
    ),
    ("CosineEmbeddingLoss", "cosine_embedding_loss", {}, (*VECTORS, LABELS), (0, 1)),
    ("CosineEmbeddingLoss", "cosine_embedding_loss", {"margin": -0.5}, (*VECTORS, LABELS), (0, 1)),
    ("CTCLoss", "ctc_loss", {}, (LOG_ROWS, ROWS, *LENGTHS), (0,)),
    ("CTCLoss", "ctc_loss", {"blank": 2, "zero_infinity": True}, (LOG_ROWS, ROWS % 2, *LENGTHS), (0,)),
]
IDS = [f"{i}-{kind}{'-' if options else ''}{'-'.join(options)}" for i, (kind, _, options, _, _) in enumerate(TABLE)]
FIRST = {kind: (options, inputs) for kind, _, options, inputs, _ in reversed(TABLE) if "weight" not in options}
PARAMETRIC = ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss", "LinearCrossEntropyOptions")
KINDS = [kind for kind in pnn.__all__ if kind not in PARAMETRIC]
"""All but those that take sizes to be made, which test_linear.py goes through."""
