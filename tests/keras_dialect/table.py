"""The losses with options and inputs that every test of the dialect goes through: y_true first."""

import numpy as np

RNG = np.random.default_rng(5)
SHAPE = (4, 3)


def kinked(values, at):
    """Some of `values` replaced by those in `at`."""
    values = np.array(values, dtype=float)
    values.reshape(-1)[: len(at)] = at
    return values


X = kinked(RNG.normal(size=SHAPE) * 1.5, [1.0, -1.0, 0.0, 0.5, -0.5, 2.0])
ZERO = kinked(RNG.normal(size=SHAPE), [0.0] * 6)
POSITIVE = RNG.uniform(0.1, 3.0, size=SHAPE)
EDGES = kinked(RNG.uniform(0.1, 3.0, size=SHAPE), [0.0, -1.0, 2e-7, 0.5])
SIGNS = RNG.choice([-1.0, 1.0], size=SHAPE)
BITS = kinked(RNG.choice([0.0, 1.0], size=SHAPE), [0.0, 1.0])
PROBABILITY = kinked(RNG.uniform(0.05, 0.95, size=SHAPE), [0.0, 1.0, 1.0, 0.0, 0.25])
INNER = RNG.uniform(0.05, 0.95, size=SHAPE)
SOFT = RNG.uniform(0.0, 1.0, size=SHAPE)
LOGITS = kinked(RNG.normal(size=SHAPE) * 2, [0.0, 12.0, -12.0])
ONE_HOT = np.eye(3)[[2, 0, 1, 1]]
SHARES = RNG.dirichlet(np.ones(3), size=4)
ROWS = kinked(RNG.uniform(0.05, 2.0, size=SHAPE), [0.0, 0.0, 1.0])
CLASSES = np.array([2, 0, 1, 1])
SEQUENCE = RNG.normal(size=(2, 4, 3))
TAGS = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
UNIT = RNG.normal(size=(5, 3))
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)
LABELS = np.array([0, 1, 0, 1, 2])
CUBE = RNG.uniform(0.0, 1.0, size=(2, 3, 4, 1))
CUBE_BITS = RNG.choice([0.0, 1.0], size=(2, 3, 4, 1))
FRAMES = RNG.normal(size=(2, 5, 4))
WORDS = np.array([[1, 2, 0], [3, 3, 1]])

# class, function, options, y_true, y_pred
TABLE = [
    ("MeanSquaredError", "mean_squared_error", {}, ZERO, X),
    ("MeanAbsoluteError", "mean_absolute_error", {}, ZERO, X),
    ("MeanAbsolutePercentageError", "mean_absolute_percentage_error", {}, POSITIVE, X),
    ("MeanAbsolutePercentageError", "mean_absolute_percentage_error", {}, kinked(X, [1e-3]), POSITIVE),
    ("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", {}, POSITIVE, EDGES),
    ("Huber", "huber", {}, ZERO, X),
    ("Huber", "huber", {"delta": 0.5}, ZERO, X),
    ("Huber", "huber", {"delta": 3}, ZERO, X),
    ("LogCosh", "log_cosh", {}, ZERO, 3 * X),
    ("CosineSimilarity", "cosine_similarity", {}, POSITIVE, X),
    ("CosineSimilarity", "cosine_similarity", {}, kinked(X, [0.0] * 3), kinked(X + 1, [1.0] * 3)),
    ("CosineSimilarity", "cosine_similarity", {"axis": 0}, POSITIVE, X),
    ("CosineSimilarity", "cosine_similarity", {"axis": 1}, SEQUENCE, SEQUENCE[::-1]),
    ("Hinge", "hinge", {}, SIGNS, X),
    ("Hinge", "hinge", {}, BITS, X),
    ("Hinge", "hinge", {}, np.ones(SHAPE), X),
    ("Hinge", "hinge", {}, kinked(BITS, [0.5]), X),
    ("SquaredHinge", "squared_hinge", {}, SIGNS, X),
    ("SquaredHinge", "squared_hinge", {}, BITS, X),
    ("CategoricalHinge", "categorical_hinge", {}, ONE_HOT, X),
    ("CategoricalHinge", "categorical_hinge", {}, SIGNS, X),
    ("KLDivergence", "kl_divergence", {}, SHARES, INNER),
    ("KLDivergence", "kl_divergence", {}, ONE_HOT, PROBABILITY),
    ("Poisson", "poisson", {}, np.floor(POSITIVE), POSITIVE),
    ("BinaryCrossentropy", "binary_crossentropy", {}, BITS, INNER),
    ("BinaryCrossentropy", "binary_crossentropy", {}, SOFT, PROBABILITY),
    ("BinaryCrossentropy", "binary_crossentropy", {"label_smoothing": 0.2, "axis": 0}, BITS, INNER),
    ("BinaryCrossentropy", "binary_crossentropy", {"from_logits": True}, BITS, LOGITS),
    ("BinaryCrossentropy", "binary_crossentropy", {"from_logits": True, "label_smoothing": 1.0}, SOFT, 1e3 * LOGITS),
    ("BinaryFocalCrossentropy", "binary_focal_crossentropy", {}, BITS, INNER),
    ("BinaryFocalCrossentropy", "binary_focal_crossentropy", {"gamma": 0.5}, SOFT, INNER),
    ("BinaryFocalCrossentropy", "binary_focal_crossentropy", {"gamma": 0}, BITS, INNER),
    (
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        {"apply_class_balancing": True, "alpha": 0.7, "gamma": 3.0, "label_smoothing": 0.1, "axis": 0},
        BITS,
        INNER,
    ),
    (
        "BinaryFocalCrossentropy",
        "binary_focal_crossentropy",
        {"apply_class_balancing": True, "from_logits": True},
        BITS,
        LOGITS / 3,
    ),
    ("CategoricalCrossentropy", "categorical_crossentropy", {}, ONE_HOT, SHARES),
    ("CategoricalCrossentropy", "categorical_crossentropy", {}, SHARES, ROWS),
    ("CategoricalCrossentropy", "categorical_crossentropy", {"label_smoothing": 0.3}, ONE_HOT, SHARES),
    ("CategoricalCrossentropy", "categorical_crossentropy", {"from_logits": True}, SHARES, LOGITS),
    ("CategoricalCrossentropy", "categorical_crossentropy", {"axis": 0, "from_logits": True}, ONE_HOT / [1, 2, 1], X),
    ("CategoricalCrossentropy", "categorical_crossentropy", {"axis": 1}, np.abs(SEQUENCE), np.exp(SEQUENCE)),
    ("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", {}, ONE_HOT, SHARES),
    (
        "CategoricalFocalCrossentropy",
        "categorical_focal_crossentropy",
        {"alpha": [0.2, 0.5, 1.0], "gamma": 1.5, "label_smoothing": 0.3},
        ONE_HOT,
        INNER,
    ),
    ("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", {"from_logits": True}, SHARES, LOGITS / 3),
    ("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", {"axis": 1, "gamma": 0.5}, *[np.exp(SEQUENCE)] * 2),
    ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", {}, CLASSES, SHARES),
    ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", {}, CLASSES[:, None], ROWS),
    ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", {"from_logits": True}, TAGS, SEQUENCE),
    ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", {"ignore_class": 1}, TAGS, np.exp(SEQUENCE)),
    (
        "SparseCategoricalCrossentropy",
        "sparse_categorical_crossentropy",
        {"ignore_class": -1, "from_logits": True},
        np.array([2, -1, 1, -1]),
        LOGITS,
    ),
    (
        "CategoricalGeneralizedCrossEntropy",
        "categorical_generalized_cross_entropy",
        {"q": 0.3},
        CLASSES,
        INNER,
    ),
    ("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", {"q": 0.8}, TAGS, np.exp(SEQUENCE)),
    ("Dice", "dice", {}, BITS, INNER),
    ("Dice", "dice", {"axis": (1, 2, 3)}, CUBE_BITS, CUBE),
    ("Dice", "dice", {"axis": 0}, SOFT, INNER),
    ("Tversky", "tversky", {}, BITS, INNER),
    ("Tversky", "tversky", {"alpha": 0.2, "beta": 0.9, "axis": [1, 2, 3]}, CUBE_BITS, CUBE),
    ("Circle", "circle", {"fixed_weights": False, "gamma": 4.0}, LABELS, UNIT),
    ("Circle", "circle", {"fixed_weights": False, "gamma": 4.0, "margin": 0.1, "remove_diagonal": False}, LABELS[:, None], UNIT),
    ("Circle", "circle", {"gamma": 4.0}, LABELS, UNIT),
    ("CTC", "ctc", {}, WORDS, FRAMES),
]  # fmt: skip
IDS = [f"{i}-{kind}{'-' if options else ''}{'-'.join(options)}" for i, (kind, _, options, _, _) in enumerate(TABLE)]
FIRST = {kind: (function, options, true, pred) for kind, function, options, true, pred in reversed(TABLE)}
