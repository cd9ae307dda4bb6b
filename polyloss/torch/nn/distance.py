"""The distance of vectors by their difference: `torch.nn.PairwiseDistance` and `torch.nn.functional.pairwise_distance` of torch 2.13."""

from __future__ import annotations

import math
from typing import Any

from polyloss import calls, checks, dispatch
from polyloss.formulas import embedding
from polyloss.opset import OpSet, Tensor
from polyloss.torch.nn import base


def between(F: OpSet, loss: str, *, p: float, eps: float, **pair: Tensor) -> Tensor:
    """The p-norm over the last axis of the difference of a pair of tensors, plus `eps`; the two broadcast."""
    (first, second) = calls.broadcast(F, loss, **pair)
    # tf.function folds x - y + eps into x - (y - eps), where eps is lost. A clip that changes nothing keeps the two sums apart.
    shift = F.clip(first - second, -math.inf, math.inf) + eps
    shape = F.shape(shift)
    if shape == ():
        return F.sum(embedding.vector_norm(F, F.reshape(shift, (1,)), p=p))
    if shape is not None and shape[-1] == 0:
        if p < 0 or p == math.inf:
            raise ValueError(f"{loss}: vectors of no elements have no norm for p={p}; the shape is {shape}")
        return F.sum(shift, axis=-1)
    return embedding.vector_norm(F, shift, p=p)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """``|x1 - x2 + eps|_p`` over the last axis (`polyloss.torch.nn.PairwiseDistance`). The two broadcast."""
    name = "pairwise_distance"
    checks.number(name, "p", p)
    checks.number(name, "eps", eps)
    F = calls.owner(name, x1=x1, x2=x2)
    ((first, second), dtype) = base.promoted(F, name, integer=("x2",), autocast=False, x1=x1, x2=x2)
    distance = between(F, name, p=p, eps=eps, x1=first, x2=second)
    return base.reduced(F, F.expand_dims(distance, axis=-1) if keepdim else distance, "none", dtype)


class PairwiseDistance:
    r"""The distance of two vectors: the p-norm of their difference.

    :math:`|x_1 - x_2 + \epsilon|_p` over the last axis. Epsilon is added to the signed difference: the distance is not symmetric, not 0
    for equal vectors, and has a gradient there.

    Args:
        p: any real number; infinity takes the largest element, minus infinity the smallest, and 0 counts those that are not 0.
        eps: epsilon.
        keepdim: keep the last axis, with size 1.

    Call: ``(x1, x2)``, which broadcast. Returns their shape without the last axis.

    Raises ValueError for shapes that do not broadcast and TypeError for dtypes that are not accepted.

    Source: ``torch.nn.PairwiseDistance``, torch 2.13.

    >>> import numpy as np
    >>> print(PairwiseDistance(eps=0.0)(np.array([3.0, 4.0]), np.array([0.0, 0.0])))
    5.0
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> PairwiseDistance:
        """An instance, of a subclass that is a module where torch has been imported."""
        made: PairwiseDistance = base.as_module(cls, "torch.nn.modules.module", "Module")
        return made

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()  # the module's, where there is one
        dispatch.prepare()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distance."""
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)

    def __call__(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distance of these vectors, both of one framework."""
        return self.forward(x1, x2)
