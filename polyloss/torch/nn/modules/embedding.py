"""Losses of vectors that are compared with one another."""

from __future__ import annotations

from collections.abc import Callable

from polyloss import checks
from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss
from polyloss.torch.nn.distance import PairwiseDistance


class CosineEmbeddingLoss(Loss):
    r"""Vectors of pairs: of the same direction for pairs that are alike, at an angle for others.

    :math:`\ell_i = 1 - c_i` for target 1 and :math:`\max(0, c_i - margin)` for target -1, with the cosine
    :math:`c_i = x_{1i} \cdot x_{2i} / \sqrt{(|x_{1i}|^2 + \epsilon)(|x_{2i}|^2 + \epsilon)}` and :math:`\epsilon` = 1e-12; 0 for any other
    target. `reduction` takes the mean or the sum over the pairs, those of other targets included.

    Args:
        margin: the cosine, from -1 to 1, up to which an unlike pair costs nothing.
        size_average, reduce, reduction: see the module.

    Call: ``(input1, input2, target)`` of shapes (N, D), (N, D), (N,) or (D,), (D,), (); axes of size 1 broadcast. The target may have any
    dtype. Returns shape (), with ``none`` that of the target. The gradient on the margin is that of the cosine, also at the zero vector,
    where it is as steep as 1e6.

    Raises ValueError for other ranks and shapes that do not broadcast, TypeError for dtypes that are not accepted.

    Source: ``torch.nn.CosineEmbeddingLoss``, torch 2.13. Equal to ``mxnet.gluon.loss.CosineEmbeddingLoss``, averaged, up to epsilon, which
    there is the least product of the norms; ``keras.losses.CosineSimilarity`` is less by 1 for target 1.

    >>> import numpy as np
    >>> x, y = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 4.0]])
    >>> print(CosineEmbeddingLoss(margin=0.5)(x, y, np.array([1, -1])).round(4))
    0.55
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
        return functional.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    r"""Hinge loss of an anchor that should be nearer to its positive than to its negative, by a margin.

    :math:`\ell_i = \max(0, d(a_i, p_i) - d(a_i, n_i) + margin)` with :math:`d(x, y) = |x - y + \epsilon|_p` over the last axis. Epsilon is
    added to the signed difference: d is not symmetric, and has a gradient where the two are equal. `reduction` takes the mean or the sum
    over the triplets.

    Args:
        margin: above 0.
        p: of the norm, any real number; see `PairwiseDistance`.
        eps: epsilon.
        swap: take :math:`\min(d(a_i, n_i), d(p_i, n_i))` for the second distance.
        size_average, reduce, reduction: see the module.

    Call: ``(anchor, positive, negative)``, of one rank: (N, D), (D,), or more axes. Pairs of different shapes broadcast, without a warning.
    Returns shape (), with ``none`` the shape without the last axis. The gradient on the edge of the hinge is that of the inner term, where
    the two distances of `swap` are equal they share it, and where :math:`x - y + \epsilon` is 0 it is 0.

    Raises ValueError for a margin of 0 or below, different ranks and shapes that do not broadcast, TypeError for dtypes that are not
    accepted.

    Source: ``torch.nn.TripletMarginLoss``, torch 2.13. ``mxnet.gluon.loss.TripletLoss`` takes squared distances, over all axes.

    >>> import numpy as np
    >>> print(TripletMarginLoss(margin=3.0)(np.array([0.0, 0.0]), np.array([3.0, 4.0]), np.array([0.0, 6.0])).round(4))
    2.0
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        checks.number(type(self).__name__, "margin", margin)
        checks.positive(type(self).__name__, "margin", margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss."""
        return functional.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    r"""Hinge loss of an anchor that should be nearer to its positive than to its negative, by any distance.

    :math:`\ell_i = \max(0, d(a_i, p_i) - d(a_i, n_i) + margin)`; `reduction` takes the mean or the sum over all elements of the distance.

    Args:
        distance_function: d, a function of two tensors of the caller's framework, which it receives as they are; by default
            `PairwiseDistance`.
        margin: above 0.
        swap: take :math:`\min(d(a_i, n_i), d(p_i, n_i))` for the second distance.
        reduction: see the module.

    Call: ``(anchor, positive, negative)``, of one rank and otherwise of any shapes that d takes. Returns shape (), with ``none`` that to
    which the distances broadcast. The gradient on the edge of the hinge is that of the inner term; where the two distances of `swap` are
    equal they share it.

    Raises ValueError for a margin of 0 or below, different ranks and distances that do not broadcast, TypeError for dtypes that are not
    accepted and a distance that is no tensor.

    Source: ``torch.nn.TripletMarginWithDistanceLoss``, torch 2.13. With the default distance equal to `TripletMarginLoss`.

    >>> import numpy as np
    >>> loss = TripletMarginWithDistanceLoss(distance_function=lambda x, y: abs(x - y).sum(-1))
    >>> print(loss(np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]]), np.array([[0.0, 2.5]])))
    1.5
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        checks.number(type(self).__name__, "margin", margin)
        checks.positive(type(self).__name__, "margin", margin)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss."""
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
