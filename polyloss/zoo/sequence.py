"""Distances of sequences, and what can be learnt from them."""

from __future__ import annotations

from polyloss import checks
from polyloss.formulas import sequence as formulas
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.zoo.base import alike, item, opened, reduced, score, shape_of

NORMALIZATIONS = ("none", "truth", "max")


def edit_distance(
    hypothesis: Tensor,
    truth: Tensor,
    hypothesis_length: Tensor | None = None,
    truth_length: Tensor | None = None,
    *,
    substitution: float = 1.0,
    insertion: float = 1.0,
    deletion: float = 1.0,
    normalize: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The least number of insertions, deletions and substitutions between two sequences: Levenshtein's distance. A metric.

    .. math:: \ell = \operatorname{mean}_n D_n(S, T), \quad D(s, t) = \min\{ D(s-1, t) + c_i,\ D(s, t-1) + c_d,\
        D(s-1, t-1) + c_s [a_s \ne b_t] \}, \quad D(0, t) = t c_d,\ D(s, 0) = s c_i

    Use: measure transcripts and translations: with ``normalize='truth'`` it is the character or word error rate.

    Elsewhere: it is piecewise constant and teaches nothing: `soft_edit_distance` and `minimum_risk` do. A text that lists it as a loss
    like CTC is wrong. ``tf.edit_distance`` is ``normalize='truth'`` by default; the optimal string alignment, where a transposition costs
    1, is another distance.

    Args:
        hypothesis: (N, S), integers, padded at the end.
        truth: (N, T), integers, padded at the end.
        hypothesis_length, truth_length: (N,), integers: how many places count; None: all.
        substitution, insertion, deletion: what an edit costs, at least 0. An insertion is a place of the
            hypothesis that the truth does not have.
        normalize: ``none``; ``truth``: over the truth's length, where an empty truth gives +inf, and 0 for an empty hypothesis; or ``max``:
            over the longer length.
        reduction: ``none`` (N,), ``mean`` or ``sum``.

    Returns:
        The distance in float32; the mean over nothing is 0. Asking for a gradient raises TypeError.

    Raises:
        ValueError: the shapes do not fit, a cost is below 0, or there is no such normalization or reduction.
        UnsupportedError: the sizes of the sequences are not known (a symbol).

    Source: Levenshtein, Binary Codes Capable of Correcting Deletions, Insertions, and Reversals, Soviet Physics Doklady 10(8), 1966.

    >>> import numpy as np
    >>> letters = lambda word: np.array([[ord(letter) for letter in word]])
    >>> edit_distance(letters("kitten"), letters("sitting"), reduction="none")
    array([3.], dtype=float32)
    """
    name = "edit_distance"
    names = ("hypothesis", "truth", "hypothesis_length", "truth_length")
    given = dict(zip(names, (hypothesis, truth, hypothesis_length, truth_length), strict=True))
    (F, _, _) = opened(name, names, **given)
    costs = {"substitution": substitution, "insertion": insertion, "deletion": deletion}
    for key, cost in costs.items():
        checks.at_least(name, key, cost, 0.0)
    checks.one_of(name, "normalize", normalize, NORMALIZATIONS)
    _check_sequences(F, name, "hypothesis", hypothesis, "truth", truth, 2, **{key: given[key] for key in names[2:]})
    different = 1.0 - F.cast(
        F.broadcast_equal(F.expand_dims(hypothesis, axis=2), F.expand_dims(truth, axis=1)), "float32"
    )
    found = _distance(
        F,
        substitution * different,
        hypothesis_length,
        truth_length,
        normalize,
        insertion=insertion,
        deletion=deletion,
        gamma=0.0,
    )
    return score(F, name, reduced(F, name, found, reduction, None), "float32")


def soft_edit_distance(
    logits: Tensor,
    target: Tensor,
    logit_length: Tensor | None = None,
    target_length: Tensor | None = None,
    *,
    gamma: float = 1.0,
    from_logits: bool = True,
    insertion: float = 1.0,
    deletion: float = 1.0,
    normalize: str = "none",
    reduction: str = "mean",
) -> Tensor:
    r"""The edit distance of a sequence of distributions, with expected substitutions and soft minima: differentiable.

    .. math:: \ell = \operatorname{mean}_n D_n(S, T), \quad D(s, t) = \operatorname{min}_\gamma \{ D(s-1, t) + c_i,\ D(s, t-1) + c_d,\
        D(s-1, t-1) + 1 - p_s[b_t] \}, \quad \operatorname{min}_\gamma x = -\gamma \log \sum_k e^{-x_k / \gamma}

    Use: train towards a small edit distance where CTC's likelihood is not what counts.

    Elsewhere: with gamma 0 and certain distributions it is `edit_distance`. A soft minimum is below the minimum: the loss may be negative.

    Args:
        logits: (N, S, C), scores of the classes at each step, or probabilities if not `from_logits`.
        target: (N, T), class numbers in [0, C), padded at the end.
        logit_length, target_length: (N,), how many steps and places count; None: all. What is beyond counts for nothing, whatever it holds.
        gamma: the softness, at least 0; 0 is the minimum itself, whose gradient is shared among ties.
        from_logits: whether `logits` are scores.
        insertion, deletion: what a step too many and a place too few cost, at least 0.
        normalize: as in `edit_distance`.
        reduction: ``none`` (N,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `logits`; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, `gamma` or a cost is below 0, or there is no such normalization or reduction.
        TypeError: `logits` is not floating.
        UnsupportedError: the sizes of the sequences are not known (a symbol).

    Source: the recursion of Levenshtein 1966 with the soft minimum of Cuturi and Blondel, Soft-DTW, ICML 2017.

    >>> import numpy as np
    >>> certain = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> soft_edit_distance(certain, np.array([[0, 0]]), gamma=0.0, from_logits=False, reduction="none")
    array([1.])
    """
    name = "soft_edit_distance"
    lengths = {"logit_length": logit_length, "target_length": target_length}
    (F, (x, target, *_), dtype) = opened(name, ("target", *lengths), logits=logits, target=target, **lengths)
    for key, cost in {"gamma": gamma, "insertion": insertion, "deletion": deletion}.items():
        checks.at_least(name, key, cost, 0.0)
    checks.one_of(name, "normalize", normalize, NORMALIZATIONS)
    _check_sequences(F, name, "logits", x, "target", target, 3, **lengths)
    if logit_length is not None:  # the gradient of a softmax of NaN is NaN, even times 0
        x = F.where(F.swapaxes(_running(F, x, logit_length), 0, 1) > 0, x, 0.0)
    p = F.softmax(x, axis=-1) if from_logits else x
    classes = shape_of(F, name, "logits", x)[2]
    if classes is None:
        raise UnsupportedError(f"{name} on {F.name}: the number of classes has to be known")
    chosen = F.one_hot(target, classes, dtype=F.dtype(x) or "float32")  # (N, T, C)
    found = _distance(
        F,
        1.0 - F.batch_dot(p, chosen, transpose_b=True),
        logit_length,
        target_length,
        normalize,
        insertion=insertion,
        deletion=deletion,
        gamma=gamma,
    )
    return reduced(F, name, found, reduction, dtype)


def minimum_risk(score: Tensor, risk: Tensor, mask: Tensor | None = None, *, reduction: str = "mean") -> Tensor:
    r"""The expected risk of a list of hypotheses under their renormalized probabilities: minimum Bayes risk, MWER.

    .. math:: \ell = \operatorname{mean}_n \sum_k p_{nk} r_{nk}, \quad p_n = \operatorname{softmax}(s_n)

    Use: train a recognizer or a translator towards any metric of whole hypotheses, such as `edit_distance`, from its n best.

    Elsewhere: implementations subtract the mean risk of a list from its risks. That changes the value, and the gradient not at all.

    Args:
        score: (N, K), the log probability of each hypothesis, of any scale that a softmax makes probabilities of.
        risk: (N, K), what each costs; usually without a gradient.
        mask: (N, K), 1 for a hypothesis and 0 for padding, which counts for nothing, whatever it holds. None: there is none.
        reduction: ``none`` (N,), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `score`; 0 for a list without hypotheses, and for the mean over nothing.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Prabhavalkar et al., Minimum Word Error Rate Training for Attention-based Sequence-to-sequence Models, ICASSP 2018.

    >>> import numpy as np
    >>> minimum_risk(np.log(np.array([[0.75, 0.25]])), np.array([[1.0, 3.0]]))
    1.5
    """
    name = "minimum_risk"
    (F, (s, r, m), dtype) = alike(name, ("mask",), score=score, risk=risk, mask=mask)
    m = None if m is None else F.broadcast_greater(F.cast_like(m, s), 0.0)
    return reduced(F, name, formulas.minimum_risk(F, s, r, m), reduction, dtype)


def _check_sequences(
    F: OpSet, name: str, first: str, one: Tensor, second: str, other: Tensor, rank: int, **lengths: Tensor | None
) -> None:
    """Raise ValueError unless the shapes fit, and UnsupportedError where they are not known."""
    shape = shape_of(F, name, first, one)
    shape_of(F, name, second, other)
    checks.shaped(F, name, first, one, [(None,) * rank], "sequences one below the other")
    checks.shaped(F, name, second, other, [(shape[0], None)], f"as many sequences as {first} has")
    for key, length in lengths.items():
        if length is not None:
            checks.shaped(F, name, key, length, [shape[:1]], "one length for each sequence")


def _running(F: OpSet, data: Tensor, length: Tensor | None) -> Tensor:
    """(S, N, 1) of `data` (N, S, L): 1 at each step that counts."""
    steps = F.expand_dims(F.arange_like(data, axis=1), axis=1)  # (S, 1)
    rows = F.expand_dims(_lengths(F, data, length, 1), axis=0)
    return F.expand_dims(F.broadcast_greater(rows, steps), axis=2)


def _lengths(F: OpSet, data: Tensor, length: Tensor | None, axis: int) -> Tensor:
    """(N,) in the dtype of `data` (N, S, L): the `length`, or all that there is along the axis."""
    first = F.sum(F.stop_gradient(F.zeros_like(data)), axis=(1, 2))
    return first + F.sum(F.ones_like(F.arange_like(data, axis=axis))) if length is None else F.cast_like(length, first)


def _distance(
    F: OpSet,
    cost: Tensor,
    first_length: Tensor | None,
    second_length: Tensor | None,
    normalize: str,
    *,
    insertion: float,
    deletion: float,
    gamma: float,
) -> Tensor:
    """The distance (N,) of the costs of substitutions (N, S, L)."""
    (rows, columns) = (_lengths(F, cost, first_length, 1), _lengths(F, cost, second_length, 2))
    found = formulas.edit_distance(
        F,
        F.swapaxes(cost, 0, 1),
        _running(F, cost, first_length),
        columns,
        insertion=insertion,
        deletion=deletion,
        gamma=gamma,
    )
    if normalize == "none":
        return found
    size = columns if normalize == "truth" else F.broadcast_maximum(rows, columns)
    there = size > 0
    return F.where(there, found / F.where(there, size, 1.0), F.where(rows > 0, float("inf"), F.zeros_like(found)))


EditDistance = item(edit_distance, differentiable=False)
SoftEditDistance = item(soft_edit_distance)
MinimumRisk = item(minimum_risk)
