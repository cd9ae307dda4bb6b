"""`torch.nn` of torch 2.13: its loss modules, on the tensors of any backend; the same names, arguments, defaults and semantics.

In all losses `reduction` is ``none``, ``mean`` (of nothing: NaN) or ``sum``, checked at the call; `size_average` and `reduce` are
deprecated and override it, with a UserWarning. Tensors of one call belong to one framework; the result has the dtype to which torch
promotes theirs (float32 inside torch.autocast where torch does so), and float16 and bfloat16 are computed in float32 and rounded once.
A wrong call raises ValueError or TypeError that names the loss and the argument, also where torch raises RuntimeError or IndexError.

A loss made after torch was imported is also a ``torch.nn.Module``, with its constants as buffers. Constants may be NumPy arrays:
they are moved to the framework (and its default device) and the dtype of the input at each call; on torch they are buffers that
``state_dict`` leaves out.

`AdaptiveLogSoftmaxWithLoss` and `LinearCrossEntropyLoss` hold parameters. These are tensors of one framework, which the argument
`framework` names, drawn there from torch's distributions. On torch they are parameters of `torch.nn.Linear`: the same seed gives the same
numbers and the same checkpoint loads as with torch's own loss. Elsewhere `parameters` and `named_parameters` are what an optimizer takes
(`tf.Variable`, also as `trainable_variables`; `mx.gluon.Parameter`, for a `Trainer`), and what has no variables differentiates
``lambda p: loss.with_parameters(p)(input, target)`` at ``dict(loss.named_parameters())``, as `jax.grad` does.
"""

from __future__ import annotations

from polyloss.torch.nn import functional as functional
from polyloss.torch.nn.distance import PairwiseDistance as PairwiseDistance
from polyloss.torch.nn.modules.classification import BCELoss, BCEWithLogitsLoss, KLDivLoss, SoftMarginLoss
from polyloss.torch.nn.modules.cross_entropy import CrossEntropyLoss, NLLLoss, NLLLoss2d
from polyloss.torch.nn.modules.embedding import (
    CosineEmbeddingLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from polyloss.torch.nn.modules.linear import (
    AdaptiveLogSoftmaxWithLoss,
    LinearCrossEntropyLoss,
    LinearCrossEntropyOptions,
)
from polyloss.torch.nn.modules.margin import HingeEmbeddingLoss, MarginRankingLoss
from polyloss.torch.nn.modules.multi import MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss
from polyloss.torch.nn.modules.regression import (
    GaussianNLLLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    PoissonNLLLoss,
    SmoothL1Loss,
)
from polyloss.torch.nn.modules.sequence import CTCLoss

__all__ = [
    "AdaptiveLogSoftmaxWithLoss", "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss",
    "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "LinearCrossEntropyLoss",
    "LinearCrossEntropyOptions", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss",
    "MultiMarginLoss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip
