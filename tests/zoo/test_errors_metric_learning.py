"""A wrong call of a loss on vectors says which loss, which argument, what came and what is accepted."""

import numpy as np
import pytest

import polyloss.zoo as zoo

A = np.zeros((4, 3))
POINT = np.zeros(())
Y = np.array([0, 1, 0, 1])
W = np.zeros((2, 3))
ROWS = (zoo.batch_hard_triplet, zoo.batch_hard_quadruplet, zoo.circle, zoo.sup_con)
TUPLES = ((zoo.triplet, 3), (zoo.quadruplet, 4))
VIEWS = (zoo.info_nce, zoo.nt_xent, zoo.clip)
PAIRS = (zoo.contrastive, zoo.siamese)


def cases():
    for loss in ROWS:
        name = loss.__name__
        yield ValueError, rf"{name}: x has shape \(3,\); accepted is \(None, None\)", lambda f=loss: f(A[0], Y)
        yield ValueError, rf"{name}: label has shape \(3,\); accepted is \(4,\)", lambda f=loss: f(A, Y[:3])
        yield ValueError, rf"{name}: label has shape \(4, 1\)", lambda f=loss: f(A, Y[:, None])
        yield TypeError, f"{name}: label has dtype float64; accepted are class numbers", lambda f=loss: f(A, Y * 1.0)
        yield TypeError, f"{name}: x has dtype int64", lambda f=loss: f(Y[:, None], Y)
        yield ValueError, f"{name}: reduction='batch' is not one of", lambda f=loss: f(A, Y, reduction="batch")
    for loss, count in TUPLES:
        name = loss.__name__
        yield (
            ValueError,
            rf"{name}: negative has shape \(3, 3\), but anchor has \(4, 3\): they must be equal",
            lambda f=loss, n=count: f(A, A, A[:3], *[A] * (n - 3)),
        )
        yield ValueError, rf"{name}: anchor has shape \(\)", lambda f=loss, n=count: f(*[POINT] * n)
        yield (
            ValueError,
            f"{name}: distance='cosine' is not one of",
            lambda f=loss, n=count: f(*[A] * n, distance="cosine"),
        )
        yield TypeError, f"{name}: margin is '1', a str", lambda f=loss, n=count: f(*[A] * n, margin="1")
        yield (
            TypeError,
            f"{name}: positive has dtype float32",
            lambda f=loss, n=count: f(A, A.astype("f4"), *[A] * (n - 2)),
        )
    for loss in VIEWS:
        name = loss.__name__
        yield ValueError, rf"{name}: \w+ has shape \(4, 2\); accepted is \(None, 3\)", lambda f=loss: f(A, A[:, :2])
        yield ValueError, f"{name}: temperature=0 must be above 0", lambda f=loss: f(A, A, temperature=0)
        yield TypeError, f"{name}: temperature is None", lambda f=loss: f(A, A, temperature=None)
    for loss in (zoo.nt_xent, zoo.clip):
        yield ValueError, rf"{loss.__name__}: y has shape \(3, 3\), but x has \(4, 3\)", lambda f=loss: f(A, A[:3])
    yield ValueError, r"info_nce: query has shape \(4, 3\); its axis 0 may not exceed 3", lambda: zoo.info_nce(A, A[:3])
    yield ValueError, "sup_con: temperature=-1", lambda: zoo.sup_con(A, Y, temperature=-1)
    for loss in PAIRS:
        name = loss.__name__
        yield ValueError, rf"{name}: label has shape \(4, 1\); accepted is \(4,\)", lambda f=loss: f(A, A, Y[:, None])
        yield ValueError, rf"{name}: x2 has shape \(4, 2\), but x1 has \(4, 3\)", lambda f=loss: f(A, A[:, :2], Y)
        yield ValueError, rf"{name}: x1 has shape \(\)", lambda f=loss: f(POINT, POINT, POINT)
        yield ValueError, f"{name}: label_convention='same' is", lambda f=loss: f(A, A, Y, label_convention="same")
        yield TypeError, f"{name}: margin is '1', a str", lambda f=loss: f(A, A, Y, margin="1")
        yield TypeError, f"{name}: label has dtype bool", lambda f=loss: f(A, A, Y > 0)
    yield ValueError, "siamese: kind='euclid' is not one of", lambda: zoo.siamese(A, A, Y, kind="euclid")
    yield (
        ValueError,
        r"verification: weight has shape \(3, 3\); accepted is \(2, 3\) or \(3,\)",
        lambda: zoo.verification(A, A, Y, np.zeros((3, 3))),
    )
    yield (
        ValueError,
        r"verification: bias has shape \(1,\); accepted is \(2,\)",
        lambda: zoo.verification(A, A, Y, W, np.zeros(1)),
    )
    yield ValueError, r"verification: label has shape \(3,\)", lambda: zoo.verification(A, A, Y[:3], W)
    yield ValueError, "circle: scope='all' is not one of 'anchor', 'batch'", lambda: zoo.circle(A, Y, scope="all")
    yield ValueError, "circle: gamma=0 must be above 0", lambda: zoo.circle(A, Y, gamma=0)
    yield TypeError, "circle: margin is None", lambda: zoo.circle(A, Y, margin=None)
    yield ValueError, r"distributional_ranking: logits has shape \(3,\)", lambda: zoo.distributional_ranking(A[0], Y)
    yield ValueError, r"distributional_ranking: target has shape \(3,\)", lambda: zoo.distributional_ranking(A, Y[:3])
    yield TypeError, "distributional_ranking: target has dtype float64", lambda: zoo.distributional_ranking(A, Y * 1.0)
    for option in ("smoothness", "positive_temperature", "negative_temperature"):
        yield (
            ValueError,
            f"distributional_ranking: {option}=0 must be",
            lambda o=option: zoo.distributional_ranking(A, Y, **{o: 0}),
        )


CASES = list(cases())


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i}-{case[1][:40]}" for i, case in enumerate(CASES)])
def test_says_what_is_wrong(number):
    (kind, words, call) = CASES[number]
    with pytest.raises(kind, match=words):
        call()
