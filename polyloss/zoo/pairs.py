"""Losses of two vectors of which is known whether they belong together."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import metric_learning as formulas
from polyloss.opset import INTEGERS, OpSet, Tensor
from polyloss.zoo.base import item, opened, reduced, shape_of

CONVENTIONS = ("dissimilar", "similar")
KINDS = ("contrastive", "cosine")


def _pairs(
    loss: str, x1: Tensor, x2: Tensor, label: Tensor, convention: str
) -> tuple[OpSet, Tensor, Tensor, Tensor, str | None]:
    """The op set, the vectors widened, a condition that holds where the two belong together, and the dtype of the result."""
    (F, (wide1, wide2, _), dtype) = opened(loss, exact=("label",), x1=x1, x2=x2, label=label)
    calls.same_shape(F, loss, "x2", x2, "x1", x1)
    shape = F.shape(x1)
    if shape is not None:
        if not shape:
            raise ValueError(f"{loss}: x1 has shape (); accepted are vectors, along the last axis")
        checks.shaped(F, loss, "label", label, [shape[:-1]], "a label for each pair")
    if F.dtype(label) not in (*INTEGERS, None):
        checks.floating(F, loss, "label", label)
    checks.one_of(loss, "label_convention", convention, CONVENTIONS)
    one = F.broadcast_equal(F.cast(label, "float32"), 1.0)
    return F, wide1, wide2, one if convention == "similar" else 1 - one, dtype


def contrastive(
    x1: Tensor,
    x2: Tensor,
    label: Tensor,
    *,
    margin: float = 1.0,
    label_convention: str = "dissimilar",
    half: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""The contrastive loss: a pair that belongs together is pulled together, any other pushed apart up to a margin.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac12 (1 - y_n) D_n^2 + \tfrac12 y_n \max(0,\ m - D_n)^2, \quad
        D_n = \lVert a_n - b_n \rVert

    with y = 1 for a pair that does *not* belong together, as in the paper.

    Use: learn an embedding from pairs: signatures, faces, near duplicates.

    Elsewhere: much code, and many later papers, have y = 1 for a pair that belongs together: ``label_convention="similar"``. Snippets
    leave out the factor 1/2 (``half=False``) and take a margin of 2. ``pytorch_metric_learning``'s ``ContrastiveLoss`` does not square, and
    ``torch.nn.functional.pairwise_distance`` adds 1e-6 to every difference, which moves the sixth digit. It is unrelated to InfoNCE,
    which is called contrastive too (`info_nce`).

    Args:
        x1, x2: vectors along the last axis, (..., D); equal shapes.
        label: y (...), of any real dtype: 1 for what `label_convention` names, any other number for the opposite.
        margin: m: how far a pair is pushed apart.
        label_convention: what a label of 1 says of a pair: ``dissimilar`` or ``similar``.
        half: whether the factor 1/2 is there.
        reduction: ``none`` (shape (...)), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `x1`; the mean over nothing is 0. The gradient of equal vectors is 0, also where they should be apart.

    Raises:
        ValueError: the shapes do not fit, or there is no such convention or reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006.

    >>> import numpy as np
    >>> x = np.array([[0.0, 0.0], [0.0, 0.0]])
    >>> contrastive(x, x + 0.3, np.array([0, 1]), reduction="none").round(4)
    array([0.09  , 0.1657])
    """
    loss = "contrastive"
    (F, x1, x2, alike, dtype) = _pairs(loss, x1, x2, label, label_convention)
    checks.number(loss, "margin", margin)
    values = formulas.contrastive(F, x1, x2, alike, margin=margin)
    return reduced(F, loss, 0.5 * values if half else values, reduction, dtype)


def siamese(
    x1: Tensor,
    x2: Tensor,
    label: Tensor,
    *,
    kind: str = "contrastive",
    margin: float | None = None,
    label_convention: str = "similar",
    reduction: str = "mean",
) -> Tensor:
    r"""What a siamese network is trained with: the contrastive loss, or the cosine embedding loss, of the outputs of its two towers.

    .. math:: \ell = \operatorname{mean}_n\; y_n (1 - \cos(a_n, b_n)) + (1 - y_n) \max(0,\ \cos(a_n, b_n) - m)

    for ``kind="cosine"``, with y = 1 for a pair that belongs together; for ``kind="contrastive"`` see `contrastive`.

    Use: a siamese network is two towers that share their weights (pseudo-siamese: that do not) on two inputs; this is the loss on top.

    Elsewhere: there is no "siamese loss" of one definition. ``torch.nn.CosineEmbeddingLoss`` has labels 1 and -1, and an epsilon that
    makes the gradient of the zero vector 7e7.

    Args:
        x1, x2: the outputs of the towers, (..., D); equal shapes.
        label: y (...), of any real dtype: 1 for what `label_convention` names, any other number for the opposite.
        kind: ``contrastive`` (Euclidean) or ``cosine``.
        margin: m; None is 1 for ``contrastive``, 0 for ``cosine``.
        label_convention: what a label of 1 says of a pair: ``similar`` or ``dissimilar``.
        reduction: ``none`` (shape (...)), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `x1`; the mean over nothing is 0. The zero vector has cosine and gradient 0; on the margin
        the gradient is 0.

    Raises:
        ValueError: the shapes do not fit, or there is no such kind, convention or reduction.
        TypeError: the dtypes differ or are not floating, or the margin is no number.

    Source: Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, NIPS 1993.

    >>> import numpy as np
    >>> (x, y) = (np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[3.0, 4.0], [3.0, 4.0]]))
    >>> siamese(x, y, np.array([1, 0]), kind="cosine", reduction="none")
    array([0.4, 0.6])
    """
    loss = "siamese"
    checks.one_of(loss, "kind", kind, KINDS)
    (F, x1, x2, alike, dtype) = _pairs(loss, x1, x2, label, label_convention)
    margin = (1.0 if kind == "contrastive" else 0.0) if margin is None else margin
    checks.number(loss, "margin", margin)
    if kind == "contrastive":
        values = 0.5 * formulas.contrastive(F, x1, x2, alike, margin=margin)
    else:
        values = formulas.cosine_pairs(F, x1, x2, alike, margin=margin)
    return reduced(F, loss, values, reduction, dtype)


def verification(
    x1: Tensor, x2: Tensor, label: Tensor, weight: Tensor, bias: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    r"""The verification loss: a linear head on the squared differences of two vectors says whether they are of one identity.

    .. math:: \ell = \operatorname{mean}_n\; -\delta_n \log p_n - (1 - \delta_n) \log(1 - p_n), \quad
        p_n = \operatorname{softmax}(W f_n + b)_1,\ f_n = (a_n - b_n)^2

    with the squares elementwise, and :math:`\delta = 1` for a pair of one identity; p is the probability that it is.

    Use: re-identification, beside a loss on the identities: the head learns which components tell two identities apart.

    Elsewhere: printed with :math:`p(\delta_{ij} | f_{ij})` in both terms, which taken literally penalises a right answer on a pair of
    different identities. Equal to the cross entropy of the two logits, and to the binary one of their difference.

    Args:
        x1, x2: vectors in rows (N, D).
        label: the identities' agreement (N,), 1 or 0, of any real dtype; a probability in between is a soft label.
        weight: the head's W (2, D), its second row for "same"; or (D,), for one logit. Differentiable.
        bias: the head's b (2,), or (1,) for one logit; None is 0. Differentiable.
        reduction: ``none`` (N,), ``mean`` over all pairs, or ``sum``.

    Returns:
        The loss in the dtype of `x1`; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, or there is no such reduction.
        TypeError: the dtypes differ or are not floating.
        UnsupportedError: `weight` is a symbol, which has no shape.

    Source: Zheng, Zheng and Yang, A Discriminatively Learned CNN Embedding for Person Reidentification, TOMM 14(1), 2017.

    >>> import numpy as np
    >>> x = np.array([[0.0, 0.0]])
    >>> print(verification(x, x + 1.0, np.array([1]), np.array([-0.5, 0.5])).round(4))
    0.6931
    """
    loss = "verification"
    (F, (wide1, wide2, _, w, b), dtype) = opened(
        loss, exact=("label",), x1=x1, x2=x2, label=label, weight=weight, bias=bias
    )
    checks.shaped(F, loss, "x1", x1, [(None, None)], "vectors in rows")
    calls.same_shape(F, loss, "x2", x2, "x1", x1)
    (rows, width) = F.shape(x1) or (None, None)
    checks.shaped(F, loss, "label", label, [(rows,)], "a label for each pair")
    checks.shaped(F, loss, "weight", weight, [(2, width), (width,)], "a row of weights for each logit")
    logits = len(shape_of(F, loss, "weight", weight))
    if bias is not None:
        checks.shaped(F, loss, "bias", bias, [(logits,)], "a number for each logit")
    if logits == 1:
        w = F.expand_dims(w, axis=0)
    else:  # softmax(z)_1 is the logistic function of z_1 - z_0
        w = F.slice_axis(w, axis=0, begin=1, end=2) - F.slice_axis(w, axis=0, begin=0, end=1)
        b = None if b is None else F.slice_axis(b, axis=0, begin=1, end=2) - F.slice_axis(b, axis=0, begin=0, end=1)
    values = formulas.verification(F, wide1, wide2, F.cast_like(label, wide1), w, b)
    return reduced(F, loss, values, reduction, dtype)


Contrastive = item(contrastive)
Siamese = item(siamese)
Verification = item(verification)
