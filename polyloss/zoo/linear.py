"""Cross entropy over a large vocabulary: of the logits that a matrix makes of features, which are never all held at once."""

from __future__ import annotations

from polyloss import checks
from polyloss.opset import Tensor
from polyloss.zoo.base import MODES, item, opened, reduced
from polyloss.zoo.labels import numbered, unspoiled, weighed


def linear_cross_entropy(
    features: Tensor,
    weight: Tensor,
    target: Tensor,
    bias: Tensor | None = None,
    *,
    ignore_index: int | None = None,
    rows: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Cross entropy of the logits that a linear layer makes of features, a chunk of the logits at a time.

    .. math:: \ell = \operatorname{mean}_n\; -\log \operatorname{softmax}(A x_n + b)_{y_n}

    Use: the last layer of a language model, or any with so many classes that the logits take more memory than the model. It takes the
    layer's matrix as a tensor, so that it fits a model of any framework: the kernel of a Keras Dense layer transposed, the weight of a
    Gluon Dense layer as it is.

    Elsewhere: ``torch.nn.LinearCrossEntropyLoss`` holds the matrix itself, as does `polyloss.torch.nn.LinearCrossEntropyLoss`, which
    has class weights and smoothing too. Equal to `cross_entropy` of the logits.

    Args:
        features: x, what goes into the last layer, (N, H).
        weight: A, the matrix of the layer, a row for each class, (C, H), in the dtype of `features`.
        target: class numbers of any integer dtype, (N,).
        bias: b, (C,), in the dtype of `features`, or None.
        ignore_index: the class number of rows that do not count.
        rows: how many rows of logits are held at a time; None: as many as are quick.
        reduction: ``none`` (N,), for which all logits are held, ``mean`` over the rows that count, or ``sum``.

    Returns:
        The loss in the dtype of `features`. An ignored row costs 0 and passes no gradient, whatever it holds; the mean over nothing is 0.
        The gradients of a chunk are computed while its logits are there. All logits are held under `torch.compile`, `torch.func` and
        `torch.autocast`, and for MXNet's symbols.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Wijmans et al., Cut Your Losses in Large-Vocabulary Language Models, ICLR 2025, for the chunks; the loss is Shannon's.

    >>> import numpy as np
    >>> print(linear_cross_entropy(np.ones((2, 3)), np.zeros((4, 3)), np.array([0, 3])).round(6))  # log 4
    1.386294
    """
    name = "linear_cross_entropy"
    checks.one_of(name, "reduction", reduction, MODES)
    if rows is not None and (not isinstance(rows, int) or rows < 1):
        raise ValueError(f"{name}: rows={rows!r}; accepted are None and whole numbers above 0")
    (F, (x, matrix, label, b), dtype) = opened(
        name, ("target",), features=features, weight=weight, target=target, bias=bias
    )
    checks.shaped(F, name, "features", features, [(None, None)], "rows of features")
    shape = F.shape(features)
    checks.shaped(F, name, "weight", weight, [(None, None if shape is None else shape[1])], "a row for each class")
    if shape is not None:
        checks.shaped(F, name, "target", target, [shape[:1]], "one class a row of features")
    if bias is not None and (sizes := F.shape(weight)) is not None:
        checks.shaped(F, name, "bias", bias, [sizes[:1]], "one number a class")
    labels = numbered(F, name, x, label, axis=1, ignore_index=ignore_index, table=matrix)
    x = unspoiled(F, x, labels, axis=1)
    if reduction == "none":
        return weighed(F, name, F.linear_cross_entropy(x, matrix, labels.number, b), labels, reduction, dtype)
    counted = F.stop_gradient(F.ones_like(labels.number))
    if labels.ignored is not None:
        counted = F.where(labels.ignored, 0.0, counted)
    scale = counted if labels.wrong is None else F.where(labels.wrong, float("nan"), counted)
    total = F.linear_cross_entropy(x, matrix, labels.number, b, scale, rows)
    return reduced(F, name, total, reduction, dtype, F.sum(counted))


LinearCrossEntropy = item(linear_cross_entropy)
