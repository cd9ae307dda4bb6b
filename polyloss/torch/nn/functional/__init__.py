"""`torch.nn.functional` of torch 2.13: its losses, on the tensors of any backend; the same names, arguments, defaults and semantics.

Each function takes tensors of one framework. The result has the dtype to which torch promotes theirs (float32 inside torch.autocast where
torch does so): float16 and bfloat16 are computed in float32 and rounded once. `reduction` is ``none``, ``mean`` or ``sum``;
`size_average` and `reduce` are deprecated and override it, with a UserWarning. A wrong call raises ValueError or TypeError, also where
torch raises RuntimeError or IndexError.
"""

from __future__ import annotations

from polyloss import dispatch
from polyloss.torch.nn.distance import pairwise_distance as pairwise_distance
from polyloss.torch.nn.functional.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    kl_div,
    soft_margin_loss,
)
from polyloss.torch.nn.functional.cross_entropy import cross_entropy, nll_loss
from polyloss.torch.nn.functional.embedding import (
    cosine_embedding_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from polyloss.torch.nn.functional.linear import linear_cross_entropy
from polyloss.torch.nn.functional.margin import hinge_embedding_loss, margin_ranking_loss
from polyloss.torch.nn.functional.multi import (
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
)
from polyloss.torch.nn.functional.regression import (
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from polyloss.torch.nn.functional.sequence import ctc_loss

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "ctc_loss",
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "linear_cross_entropy",
    "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss",
    "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip

dispatch.prepare()  # of frameworks that are imported already: a tracer could not follow it in the first call
