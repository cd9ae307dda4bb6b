"""Metrics and losses of sequences, by RapidFuzz, torchmetrics, pytrec-eval, scikit-learn, SciPy and PyTorch."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held


def sequences(rng):
    return {"hypothesis": rng.integers(0, 3, (6, 7)), "truth": rng.integers(0, 3, (6, 5))}


def certain(rng):
    drawn = sequences(rng)
    return {"logits": np.eye(3)[drawn["hypothesis"]], "target": drawn["truth"]}


def edits(weights=(1, 1, 1), name="distance"):
    """Of RapidFuzz, which takes the edits from the first to the second: what it deletes is inserted in the hypothesis."""

    def oracle(hypothesis, truth):
        from rapidfuzz.distance import Levenshtein

        of = getattr(Levenshtein, name)
        pairs = zip(hypothesis.tolist(), truth.tolist(), strict=True)
        return np.mean([of(a, b, weights=weights) for a, b in pairs])

    return oracle


def error_rates(hypothesis, truth):
    from torchmetrics.functional.text import edit_distance

    text = ["".join(map(str, row)) for row in (*hypothesis.tolist(), *truth.tolist())]
    found = edit_distance(text[: len(truth)], text[len(truth) :], reduction="none")
    return np.mean(found.numpy() / truth.shape[1])


def lists(rng):
    return {"score": rng.normal(size=(4, 5)), "risk": rng.uniform(0, 3, (4, 5))}


def expected_risk(score, risk):
    from torch.distributions import Categorical

    return (Categorical(logits=score).probs * risk).sum(dim=1).mean()


def ranked(rng):
    return {"scores": rng.normal(size=(5, 8)), "relevance": (rng.uniform(size=(5, 8)) < 0.4).astype(int)}


def by_torchmetrics(scores, relevance):
    import torch
    from torchmetrics.functional.retrieval import retrieval_r_precision

    rows = zip(torch.from_numpy(scores), torch.from_numpy(relevance), strict=True)
    return np.mean([retrieval_r_precision(*row).item() for row in rows])


def by_pytrec_eval(scores, relevance):
    import pytrec_eval

    def table(rows, kind):
        return {f"q{i}": {f"d{j}": kind(one) for j, one in enumerate(row)} for i, row in enumerate(rows)}

    found = pytrec_eval.RelevanceEvaluator(table(relevance, int), {"Rprec"}).evaluate(table(scores, float))
    return np.mean([row["Rprec"] for row in found.values()])


def captions(rng):
    queries = rng.normal(size=(6, 4))
    candidates = rng.normal(size=(6, 5, 4))
    candidates[:, 0] += queries
    return {"queries": queries, "candidates": candidates}


def first_place(queries, candidates):
    from sklearn.metrics import accuracy_score
    from sklearn.metrics.pairwise import cosine_similarity

    chosen = [cosine_similarity(q[None], c).argmax() for q, c in zip(queries, candidates, strict=True)]
    return accuracy_score(np.zeros(len(chosen)), chosen)


def classes(rng):
    return {"predictions": rng.dirichlet(np.ones(4), 12)}


def entropies(predictions, splits=3):
    from scipy.stats import entropy

    pieces = np.split(predictions, splits)
    return np.mean([np.exp(entropy(piece, piece.mean(axis=0, keepdims=True), axis=1).mean()) for piece in pieces])


SINGLE = {"tolerance": 1e-6, "reason": "the score is a float32"}
HARD = {"gamma": 0.0, "from_logits": False}
VALUES = {"framework": "numpy", **SINGLE}
ROWS = [
    Row("edit_distance", sequences, edits(), ("rapidfuzz",), **VALUES),
    Row(
        "edit_distance",
        sequences,
        edits(weights=(1, 3, 2)),
        ("rapidfuzz",),
        {"deletion": 1.0, "insertion": 3.0, "substitution": 2.0},
        **VALUES,
    ),
    Row("edit_distance", sequences, edits(name="normalized_distance"), ("rapidfuzz",), {"normalize": "max"}, **VALUES),
    Row("edit_distance", sequences, error_rates, ("torchmetrics",), {"normalize": "truth"}, **VALUES),
    Row(
        "soft_edit_distance",
        certain,
        lambda logits, target: edits()(logits.argmax(axis=2), target),
        ("rapidfuzz",),
        HARD,
        framework="numpy",
    ),
    Row("minimum_risk", lists, expected_risk, ("torch",)),
    Row("r_precision", ranked, by_torchmetrics, ("torchmetrics",), **VALUES),
    Row("r_precision", ranked, by_pytrec_eval, ("pytrec_eval",), framework="numpy"),
    Row("text_image_r_precision", captions, first_place, ("sklearn",), framework="numpy"),
    Row("inception_score", classes, entropies, ("scipy",), {"splits": 3}, framework="numpy"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
