"""Learning from preferences: direct alignment of language models (DPO and its kin), and pairs of scores (Bradley-Terry and its kin)."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import classification
from polyloss.formulas import preference as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import alike, item, opened, reduced


def dpo(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Direct preference optimisation, with label smoothing its conservative form (cDPO).

    .. math:: \ell = \operatorname{mean}_n\; -(1 - \varepsilon) \log \sigma(\beta h_n) - \varepsilon \log \sigma(-\beta h_n), \quad
        h = \log \frac{\pi(y_w)}{\pi_\text{ref}(y_w)} - \log \frac{\pi(y_l)}{\pi_\text{ref}(y_l)}

    Use: align a language model to pairs of answers without a reward model. With smoothing where preferences are noisy.

    Elsewhere: the log probabilities are sums over the tokens of an answer, not means. cDPO is not robust DPO, which subtracts the second
    term and divides by ``1 - 2 e``.

    Args:
        chosen: log probability of the preferred answer, (N,) or any shape.
        rejected: of the other answer, in the shape of `chosen`.
        ref_chosen: as `chosen`, by the reference model.
        ref_rejected: as `rejected`, by the reference model.
        beta: above 0; the larger, the nearer to the reference.
        label_smoothing: the probability that a preference is the wrong way round, in [0, 1/2).
        reduction: ``none`` (the shape of `chosen`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `chosen`, finite for all finite input; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Rafailov et al., Direct Preference Optimization, NeurIPS 2023; smoothing: Mitchell, A note on DPO with noisy preferences, 2023.

    >>> import numpy as np
    >>> print(dpo(np.array([-10.0]), np.array([-11.0]), np.array([-10.5]), np.array([-10.8])).round(6))
    0.65876
    """
    (F, margin, dtype) = _against_reference("dpo", chosen, rejected, ref_chosen, ref_rejected)
    checks.positive("dpo", "beta", beta)
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(f"dpo: label_smoothing={label_smoothing!r} is not in [0, 1/2)")
    return reduced(F, "dpo", formulas.preferred(F, beta * margin, smoothing=label_smoothing), reduction, dtype)


def ipo(
    chosen: Tensor,
    rejected: Tensor,
    ref_chosen: Tensor,
    ref_rejected: Tensor,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Tensor:
    r"""Identity preference optimisation: the margin is drawn to a number, and not to infinity.

    .. math:: \ell = \operatorname{mean}_n \left(h_n - \frac{1}{2 \beta}\right)^2, \quad
        h = \log \frac{\pi(y_w)}{\pi_\text{ref}(y_w)} - \log \frac{\pi(y_l)}{\pi_\text{ref}(y_l)}

    Use: as `dpo`, where preferences are all but certain and DPO would fit them without end.

    Elsewhere: beta is the paper's tau. Some code takes log probabilities averaged over the tokens, for which the target margin
    ``1 / (2 beta)`` is a much harder one.

    Args:
        chosen: log probability of the preferred answer, (N,) or any shape.
        rejected: of the other answer, in the shape of `chosen`.
        ref_chosen: as `chosen`, by the reference model.
        ref_rejected: as `rejected`, by the reference model.
        beta: above 0.
        reduction: ``none`` (the shape of `chosen`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `chosen`; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Azar et al., A General Theoretical Paradigm to Understand Learning from Human Preferences, AISTATS 2024.

    >>> import numpy as np
    >>> print(ipo(np.array([-10.0]), np.array([-11.0]), np.array([-10.5]), np.array([-10.8])).round(6))
    18.49
    """
    (F, margin, dtype) = _against_reference("ipo", chosen, rejected, ref_chosen, ref_rejected)
    checks.positive("ipo", "beta", beta)
    return reduced(F, "ipo", formulas.identity_preference(F, margin, beta=beta), reduction, dtype)


def simpo(
    chosen: Tensor, rejected: Tensor, *, beta: float = 2.0, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    r"""Simple preference optimisation: DPO without a reference model, on log probabilities per token.

    .. math:: \ell = \operatorname{mean}_n\; -\log \sigma\left(\beta (\bar w_n - \bar l_n) - \gamma\right), \quad
        \bar w = \frac{\log \pi(y_w)}{|y_w|},\ \bar l = \frac{\log \pi(y_l)}{|y_l|}

    Use: as `dpo`, without the memory of a reference model; the mean keeps long answers from being preferred for their length.

    Elsewhere: the log probabilities are means over the tokens, not sums as for `dpo`. The margin is subtracted after the factor beta;
    some code asks for their ratio, gamma / beta.

    Args:
        chosen: mean log probability of the tokens of the preferred answer, (N,) or any shape.
        rejected: of the other answer, in the shape of `chosen`.
        beta: above 0.
        margin: gamma, at least 0.
        reduction: ``none`` (the shape of `chosen`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `chosen`, finite for all finite input; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Meng, Xia and Chen, SimPO: Simple Preference Optimization with a Reference-Free Reward, NeurIPS 2024.

    >>> import numpy as np
    >>> print(simpo(np.array([-0.5]), np.array([-1.0])).round(6))
    0.693147
    """
    (F, (won, lost), dtype) = alike("simpo", chosen=chosen, rejected=rejected)
    checks.positive("simpo", "beta", beta)
    checks.at_least("simpo", "margin", margin, 0.0)
    return reduced(F, "simpo", formulas.preferred(F, beta * (won - lost) - margin), reduction, dtype)


def orpo(chosen: Tensor, rejected: Tensor, *, beta: float = 0.1, reduction: str = "mean") -> Tensor:
    r"""Odds ratio preference optimisation: fine-tuning on the preferred answer, with the odds of the other one held down.

    .. math:: \ell = \operatorname{mean}_n\; -\log p_n - \beta \log \sigma\left(\log \frac{p_n}{1 - p_n} - \log \frac{q_n}{1 - q_n}\right)

    with p and q the probabilities of the preferred and the other answer, per token.

    Use: fine-tuning and alignment in one step, without a reference model.

    Elsewhere: beta is the paper's lambda. Both log probabilities are means over the tokens. Code that writes ``log(1 - exp(log p))``
    loses all digits of the odds near p = 1.

    Args:
        chosen: mean log probability of the tokens of the preferred answer, below 0; (N,) or any shape.
        rejected: of the other answer, in the shape of `chosen`.
        beta: the weight of the odds ratio, at least 0.
        reduction: ``none`` (the shape of `chosen`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `chosen`; the mean over nothing is 0. A log probability of 0 has infinite odds.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Hong, Lee and Thorne, ORPO: Monolithic Preference Optimization without Reference Model, EMNLP 2024.

    >>> import numpy as np
    >>> print(orpo(np.array([-0.5]), np.array([-1.0])).round(6))
    0.53203
    """
    (F, (won, lost), dtype) = alike("orpo", chosen=chosen, rejected=rejected)
    checks.at_least("orpo", "beta", beta, 0.0)
    return reduced(F, "orpo", formulas.odds_ratio_preference(F, won, lost, beta=beta), reduction, dtype)


def kto(
    pred: Tensor,
    ref: Tensor,
    desirable: Tensor,
    mismatched: Tensor | None = None,
    *,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Kahneman-Tversky optimisation: answers that are good or bad, with no pairs.

    .. math:: \ell = \operatorname{mean}_n \begin{cases} \lambda_D \left(1 - \sigma(\beta (r_n - z))\right) & \text{desirable} \\
        \lambda_U \left(1 - \sigma(\beta (z - r_n))\right) & \text{not} \end{cases}, \quad r = \log \frac{\pi(y)}{\pi_\text{ref}(y)}, \quad
        z = \max\left(0, \operatorname{mean}_k r'_k\right)

    Use: alignment from thumbs up and down. Set the two weights so that both kinds count alike when one is rare.

    Elsewhere: z estimates the divergence of the model from the reference, from answers paired with prompts that are not their own; it
    gets no gradient. Without them z is 0. Some code leaves out the constants lambda, which keep the loss above 0.

    Args:
        pred: log probability of each answer, (N,) or any shape.
        ref: by the reference model, in the shape of `pred`.
        desirable: 1 for a good answer, 0 for a bad one, in the shape of `pred`; any real dtype.
        mismatched: log ratios ``log(pi / pi_ref)`` of answers to other prompts, (M,), in the dtype of `pred`.
        beta: above 0.
        desirable_weight: lambda of the good answers, at least 0.
        undesirable_weight: lambda of the bad answers, at least 0.
        reduction: ``none`` (the shape of `pred`), ``mean`` over all answers, or ``sum``.

    Returns:
        The loss in the dtype of `pred`; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Ethayarajh et al., KTO: Model Alignment as Prospect Theoretic Optimization, ICML 2024.

    >>> import numpy as np
    >>> kto(np.array([-10.0, -12.0]), np.array([-11.0, -11.0]), np.array([1, 0]), reduction="none").round(6)
    array([0.475021, 0.475021])
    """
    name = "kto"
    (F, (x, given, good, others), dtype) = opened(
        name, ("desirable",), pred=pred, ref=ref, desirable=desirable, mismatched=mismatched
    )
    calls.same_shapes(F, name, pred=pred, ref=ref, desirable=desirable)
    checks.positive(name, "beta", beta)
    checks.at_least(name, "desirable_weight", desirable_weight, 0.0)
    checks.at_least(name, "undesirable_weight", undesirable_weight, 0.0)
    gain = x - given
    if others is not None:
        checks.shaped(F, name, "mismatched", others, [(None,)], "a log ratio for each mismatched answer")
        divergence = F.relu(F.stop_gradient(F.mean(others, axis=0, keepdims=True)))
        gain = F.broadcast_sub(gain, divergence)
    values = formulas.prospect(
        F, beta * gain, F.cast_like(good, x), weight=desirable_weight, other_weight=undesirable_weight
    )
    return reduced(F, name, values, reduction, dtype)


def bradley_terry(chosen: Tensor, rejected: Tensor, *, margin: float = 0.0, reduction: str = "mean") -> Tensor:
    r"""Minus the log likelihood of preferences that follow the difference of two scores: the loss of reward models.

    .. math:: \ell = \operatorname{mean}_n\; -\log \sigma(w_n - l_n - m)

    Use: fit rewards or strengths to pairs, the first of which was preferred.

    Elsewhere: the hinge on the same difference is `margin_ranking`, with a target it is `ranknet`. A margin that is larger the clearer
    the preference, as for Llama 2, is a number for each pair: subtract it from `chosen`.

    Args:
        chosen: scores of what was preferred, any shape.
        rejected: of the other, in the shape of `chosen`.
        margin: m, by how much the first has to be ahead.
        reduction: ``none`` (the shape of `chosen`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `chosen`, finite for all finite scores; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Bradley and Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39, 1952.

    >>> import numpy as np
    >>> bradley_terry(np.array([1.0, 0.2]), np.array([0.3, 0.5]), reduction="none").round(6)
    array([0.403186, 0.854355])
    """
    (F, (won, lost), dtype) = alike("bradley_terry", chosen=chosen, rejected=rejected)
    checks.number("bradley_terry", "margin", margin)
    difference = won - lost - margin if margin else won - lost
    return reduced(F, "bradley_terry", formulas.preferred(F, difference), reduction, dtype)


def ranknet(first: Tensor, second: Tensor, target: Tensor, *, sigma: float = 1.0, reduction: str = "mean") -> Tensor:
    r"""Cross entropy of which of two ranks higher.

    .. math:: \ell = \operatorname{mean}_n\; -t_n \log \sigma(s o_n) - (1 - t_n) \log(1 - \sigma(s o_n)), \quad
        o = \text{first} - \text{second}

    Use: learn to rank from pairs, ties included.

    Elsewhere: a target of 1 is `bradley_terry`. Libraries of ranking take whole lists, make the pairs themselves, and add up or average
    over those whose relevance differs.

    Args:
        first: scores, any shape.
        second: scores of what they are compared with, in the shape of `first`.
        target: the probability that the first ranks higher: 1, 0, or 1/2 for a tie; in the shape of `first`.
        sigma: s, above 0.
        reduction: ``none`` (the shape of `first`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `first`, finite for all finite scores; the mean over nothing is 0.

    Raises:
        ValueError: the shapes differ, or an option is out of range.
        TypeError: the dtypes differ or are not floating.

    Source: Burges et al., Learning to Rank using Gradient Descent, ICML 2005.

    >>> import numpy as np
    >>> ranknet(np.array([1.0, 0.2]), np.array([0.3, 0.5]), np.array([1.0, 0.5]), reduction="none").round(6)
    array([0.403186, 0.704355])
    """
    (F, (one, other, y), dtype) = alike("ranknet", first=first, second=second, target=target)
    checks.positive("ranknet", "sigma", sigma)
    return reduced(F, "ranknet", F.sigmoid_cross_entropy(sigma * (one - other), y), reduction, dtype)


def margin_ranking(
    first: Tensor, second: Tensor, target: Tensor, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    r"""What the score of the better of two lacks to being ahead by a margin.

    .. math:: \ell = \operatorname{mean}_n\; \max(0,\ m - y_n (\text{first}_n - \text{second}_n))

    Use: learn to rank from pairs, where it is enough that the better one is clearly ahead: retrieval, embeddings of graphs.

    Elsewhere: PyTorch's ``MarginRankingLoss`` has a margin of 0 by default, at which scores that are all equal cost nothing; just on the
    margin its gradient is that of the slope. The smooth forms are `bradley_terry`, and `ranknet`, whose target is a probability, no sign.

    Args:
        first: scores, any shape.
        second: scores of what they are compared with, in the shape of `first`.
        target: 1 where the first ranks higher, -1 where the second does; in the shape of `first`.
        margin: m.
        reduction: ``none`` (the shape of `first`), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `first`; the mean over nothing is 0. The gradient just on the margin is 0.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Herbrich, Graepel and Obermayer, Large Margin Rank Boundaries for Ordinal Regression, Advances in Large Margin Classifiers,
    2000.

    >>> import numpy as np
    >>> margin_ranking(np.array([1.0, 0.2]), np.array([0.3, 0.5]), np.array([1.0, -1.0]), reduction="none").round(6)
    array([0.3, 0.7])
    """
    (F, (one, other, y), dtype) = alike("margin_ranking", first=first, second=second, target=target)
    checks.number("margin_ranking", "margin", margin)
    return reduced(F, "margin_ranking", classification.hinge(F, one - other, y, margin=margin), reduction, dtype)


DPO = item(dpo, name="DPO")
IPO = item(ipo, name="IPO")
SimPO = item(simpo, name="SimPO")
ORPO = item(orpo, name="ORPO")
KTO = item(kto, name="KTO")
BradleyTerry = item(bradley_terry)
RankNet = item(ranknet, name="RankNet")
MarginRanking = item(margin_ranking)


def _against_reference(
    name: str, chosen: Tensor, rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor
) -> tuple[OpSet, Tensor, str | None]:
    """By how much more a model prefers the chosen to the rejected than its reference does.

    Each log ratio is taken first: the log probabilities are large, their ratios are not.
    """
    (F, (won, lost, ref_won, ref_lost), dtype) = alike(
        name, chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected
    )
    return F, (won - ref_won) - (lost - ref_lost), dtype
