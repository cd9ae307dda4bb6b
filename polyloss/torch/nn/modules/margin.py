"""Losses of distances and scores that are compared with a margin."""

from __future__ import annotations

from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss


class HingeEmbeddingLoss(Loss):
    r"""Distances of pairs: small for pairs that are alike, at least the margin for others.

    :math:`\ell_i = x_i` for target 1 and :math:`\max(0, margin - x_i)` for target -1; any other target gives both, added up.
    `reduction` takes the mean or the sum over all elements.

    Args:
        margin: the distance from which an unlike pair costs nothing.
        size_average, reduce, reduction: see the module.

    Call: ``(input, target)``. The target may have an integer dtype. Different shapes broadcast, without a warning. Returns shape (), with
    ``none`` the broadcast shape, in the dtype of the input. The gradient on the margin is -1.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.HingeEmbeddingLoss``, torch 2.13.

    >>> import numpy as np
    >>> print(HingeEmbeddingLoss()(np.array([0.5, 0.25, 3.0]), np.array([1, -1, -1])).round(4))
    0.4167
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    r"""Hinge loss of two scores of which one should rank higher.

    :math:`\ell_i = \max(0, -y_i (x_{1i} - x_{2i}) + margin)` for targets y of 1 (the first ranks higher) and -1;
    `reduction` takes the mean or the sum over all elements.

    Args:
        margin: the lead from which a pair costs nothing.
        size_average, reduce, reduction: see the module.

    Call: ``(input1, input2, target)``, of one rank. The target may have an integer dtype. Different shapes broadcast, without a
    warning. Returns shape (), with ``none`` the broadcast shape. The gradient on the margin is that of the inner term: ``-target`` for
    `input1`.

    Raises ValueError for different ranks and shapes that do not broadcast, TypeError for dtypes that are not accepted.

    Source: ``torch.nn.MarginRankingLoss``, torch 2.13.

    >>> import numpy as np
    >>> print(MarginRankingLoss(margin=1.0)(np.array([2.0, 0.0]), np.array([0.0, 0.5]), np.array([1, 1])))
    0.75
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)
