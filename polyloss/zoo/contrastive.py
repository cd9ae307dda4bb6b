"""Losses that pick a vector's partner out of a batch, and that rank the scores of a batch."""

from __future__ import annotations

import math

from polyloss import calls, checks
from polyloss.formulas import contrastive as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import class_numbers, item, opened, reduced


def _views(loss: str, temperature: float, **tensors: Tensor) -> tuple[OpSet, list[Tensor], str | None]:
    """The op set, the two tensors of rows of one width, widened, and the dtype of the result."""
    (F, wide, dtype) = opened(loss, **tensors)
    ((first, x), (second, y)) = tensors.items()
    checks.shaped(F, loss, first, x, [(None, None)], "vectors in rows")
    checks.shaped(F, loss, second, y, [(None, (F.shape(x) or (None, None))[1])], f"rows of the width of {first}")
    _temperature(loss, "temperature", temperature)
    return F, wide, dtype


def _temperature(loss: str, name: str, value: float) -> None:
    checks.number(loss, name, value)
    checks.positive(loss, name, value)


def info_nce(query: Tensor, key: Tensor, *, temperature: float = 0.1, reduction: str = "mean") -> Tensor:
    r"""InfoNCE: every query is to pick its own key out of all keys of the batch.

    .. math:: \ell = \operatorname{mean}_i\; -\log \frac{e^{\cos(q_i, k_i) / \tau}}{\sum_j e^{\cos(q_i, k_j) / \tau}}

    Use: self-supervised and cross-modal learning with pairs of views; the other pairs of the batch are the negatives.

    Elsewhere: the name covers three losses. This one has the keys as candidates only, as the package ``info-nce-pytorch`` has; `nt_xent`
    (SimCLR) has the other views of both sides; `clip` is this in both directions. ``F.cross_entropy(q @ k.T / t, arange)`` equals it for
    vectors of length 1.

    Args:
        query: vectors in rows (N, D), of any length: they are normalised here.
        key: vectors in rows (M, D) with M at least N: row i belongs to query i, rows beyond N are further negatives.
        temperature: above 0.
        reduction: ``none`` (N,), ``mean`` over the queries, or ``sum``.

    Returns:
        The loss in the dtype of `query`; the mean over nothing is 0. The zero vector has cosines and gradient 0.

    Raises:
        ValueError: the shapes do not fit, the keys are fewer, the temperature is not above 0, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the temperature is no number.

    Source: van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding, 2018.

    >>> import numpy as np
    >>> print(info_nce(np.eye(2), np.eye(2), temperature=1.0).round(4))
    0.3133
    """
    loss = "info_nce"
    (F, wide, dtype) = _views(loss, temperature, query=query, key=key)
    checks.at_most(F, loss, "query", query, 0, (F.shape(key) or (None,))[0], "the number of keys")
    return reduced(F, loss, formulas.info_nce(F, *wide, temperature=temperature), reduction, dtype)


def nt_xent(x: Tensor, y: Tensor, *, temperature: float = 0.5, reduction: str = "mean") -> Tensor:
    r"""The normalised temperature-scaled cross entropy of SimCLR: every view is to pick its partner out of all other views.

    .. math:: \ell = \operatorname{mean}_{i \le 2N}\; -\log
        \frac{e^{\cos(z_i, z_{i'}) / \tau}}{\sum_{j \neq i} e^{\cos(z_i, z_j) / \tau}}, \quad z = (x_1 \dots x_N, y_1 \dots y_N)

    where i' is the other view of i.

    Use: self-supervised learning with two augmented views of each sample.

    Elsewhere: equal to ``optax.losses.ntxent`` and ``pytorch_metric_learning``'s ``NTXentLoss`` with a class number per sample.
    With M-1 negatives in place of 2N-2 it is `info_nce`.

    Args:
        x, y: the two views of each sample, in rows (N, D), of any length: they are normalised here; equal shapes.
        temperature: above 0.
        reduction: ``none`` (2N,), first those of `x`, ``mean`` over all views, or ``sum``.

    Returns:
        The loss in the dtype of `x`; the mean over nothing is 0, and so is the loss of a single pair. The zero vector has cosines and
        gradient 0.

    Raises:
        ValueError: the shapes differ, the temperature is not above 0, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the temperature is no number.

    Source: Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020, equation 1.

    >>> import numpy as np
    >>> print(nt_xent(np.eye(2), np.eye(2), temperature=1.0).round(4))
    0.5514
    """
    loss = "nt_xent"
    (F, wide, dtype) = _views(loss, temperature, x=x, y=y)
    calls.same_shape(F, loss, "y", y, "x", x)
    return reduced(F, loss, formulas.nt_xent(F, *wide, temperature=temperature), reduction, dtype)


def clip(x: Tensor, y: Tensor, *, temperature: float = 0.07, reduction: str = "mean") -> Tensor:
    r"""The symmetric contrastive loss of CLIP: every image picks its text, and every text its image.

    .. math:: \ell = \operatorname{mean}_i\; -\tfrac12 \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
        - \tfrac12 \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}, \quad s_{ij} = \cos(x_i, y_j) / \tau

    Use: align two modalities: image and text, audio and text, product and query.

    Elsewhere: the published models learn the logarithm of :math:`1 / \tau`; here it is a number, as it is in evaluation. It is
    `info_nce` in both directions, and has nothing to do with clipping.

    Args:
        x, y: vectors in rows (N, D), row i of both belonging together, of any length: they are normalised here; equal shapes.
        temperature: above 0.
        reduction: ``none`` (N,), ``mean`` over the pairs, or ``sum``.

    Returns:
        The loss in the dtype of `x`; the mean over nothing is 0. The zero vector has cosines and gradient 0.

    Raises:
        ValueError: the shapes differ, the temperature is not above 0, or there is no such reduction.
        TypeError: the dtypes differ or are not floating, or the temperature is no number.

    Source: Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021, figure 3.

    >>> import numpy as np
    >>> print(clip(np.eye(2), np.eye(2), temperature=1.0).round(4))
    0.3133
    """
    loss = "clip"
    (F, wide, dtype) = _views(loss, temperature, x=x, y=y)
    calls.same_shape(F, loss, "y", y, "x", x)
    return reduced(F, loss, formulas.clip(F, *wide, temperature=temperature), reduction, dtype)


def sup_con(x: Tensor, label: Tensor, *, temperature: float = 0.1, reduction: str = "mean") -> Tensor:
    r"""The supervised contrastive loss: every row is to pick all rows of its class out of all others.

    .. math:: \ell = \operatorname{mean}_i\; -\frac{1}{|P_i|} \sum_{p \in P_i} \log
        \frac{e^{\cos(x_i, x_p) / \tau}}{\sum_{j \neq i} e^{\cos(x_i, x_j) / \tau}}, \quad P_i = \{p \neq i : y_p = y_i\}

    over the rows that have another row of their class.

    Use: pretrain an encoder on class labels, in place of the cross entropy of a classifier.

    Elsewhere: the mean over :math:`P_i` is outside the logarithm (the paper's ``out``), which is what ``pytorch_metric_learning``'s
    ``SupConLoss`` has too; the authors' code multiplies by a further ``temperature / base_temperature``.

    Args:
        x: vectors in rows (N, D), of any length: they are normalised here.
        label: class numbers (N,) in any integer dtype.
        temperature: above 0.
        reduction: ``none`` (N,), 0 for a row alone in its class; ``mean`` over the other rows, or ``sum``.

    Returns:
        The loss in the dtype of `x`; 0 where all rows are alone. The zero vector has cosines and gradient 0.

    Raises:
        ValueError: the shapes do not fit, the temperature is not above 0, or there is no such reduction.
        TypeError: `x` is not floating, `label` no integers, or the temperature no number.

    Source: Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, equation 2.

    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> sup_con(x, np.array([0, 0, 1]), temperature=1.0, reduction="none").round(4)
    array([0.4375, 0.7981, 0.    ])
    """
    loss = "sup_con"
    (F, (wide, _), dtype) = opened(loss, exact=("label",), x=x, label=label)
    checks.shaped(F, loss, "x", x, [(None, None)], "vectors in rows")
    class_numbers(F, loss, "label", label)
    checks.shaped(F, loss, "label", label, [((F.shape(x) or (None,))[0],)], "a class number for each row of x")
    _temperature(loss, "temperature", temperature)
    (values, counted) = formulas.sup_con(F, wide, label, temperature=temperature)
    return reduced(F, loss, values, reduction, dtype, count=F.sum(counted))


def distributional_ranking(
    logits: Tensor,
    target: Tensor,
    *,
    margin: float = 0.5,
    smoothness: float = 6.0,
    weight: float = 4.0,
    positive_temperature: float = 1.0,
    negative_temperature: float = 0.1 / math.log(3.5),
) -> Tensor:
    r"""The distributional ranking loss of DR Loss: the scores of the objects rank above those of the background, as two distributions.

    .. math:: \ell = \frac{w}{L} \log\bigl(1 + e^{L (P_- - P_+ + \gamma)}\bigr), \quad
        P_\pm = \sum_i q_i p_i,\ q = \operatorname{softmax}(\mp p / \lambda_\pm),\ p = \operatorname{sigmoid}(z)

    over the scores of positives and of negatives of all rows: the hard ones of both count most.

    Use: one-stage detection, where candidates of the background outnumber the objects a thousandfold; in place of the focal loss.

    Elsewhere: the paper sums over images, without weight; the authors' code pools the batch it is given and weighs by 4, as does this. The
    gradient passes through the weights q too, theirs and this one.

    Args:
        logits: z (N, K), a score for each candidate and class.
        target: the class (N,) in any integer dtype, counted from 1; 0 is background, below 0 the row is ignored. All scores of a row that
            counts are negatives, but that of its class.
        margin, smoothness, weight: gamma, L and w.
        positive_temperature, negative_temperature: lambda of both sides, above 0.

    Returns:
        One number, in the dtype of `logits`. Without negatives their P is 0, without positives theirs is 1; where all is ignored a
        constant is left, 0.0324 by default, with gradient 0.

    Raises:
        ValueError: the shapes do not fit, or an option is not above 0.
        TypeError: `logits` is not floating, `target` no integers, or an option no number.

    Source: Qian et al., DR Loss: Improving Object Detection by Distributional Ranking, CVPR 2020, equation 12.

    >>> import numpy as np
    >>> print(distributional_ranking(np.array([[1.2, -0.5], [0.3, 0.8]]), np.array([1, 0])).round(4))
    1.639
    """
    loss = "distributional_ranking"
    (F, (wide, _), dtype) = opened(loss, exact=("target",), logits=logits, target=target)
    checks.shaped(F, loss, "logits", logits, [(None, None)], "scores in rows")
    class_numbers(F, loss, "target", target)
    checks.shaped(F, loss, "target", target, [((F.shape(logits) or (None,))[0],)], "a class for each row of logits")
    checks.number(loss, "margin", margin)
    checks.number(loss, "weight", weight)
    for name, value in (
        ("smoothness", smoothness),
        ("positive_temperature", positive_temperature),
        ("negative_temperature", negative_temperature),
    ):
        _temperature(loss, name, value)
    value = formulas.distributional_ranking(
        F,
        wide,
        target,
        margin=margin,
        smoothness=smoothness,
        weight=weight,
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
    )
    return value if dtype is None or dtype == F.dtype(value) else F.cast(value, dtype)


InfoNCE = item(info_nce, name="InfoNCE")
NTXent = item(nt_xent, name="NTXent")
CLIP = item(clip, name="CLIP")
SupCon = item(sup_con)
DistributionalRanking = item(distributional_ranking)
