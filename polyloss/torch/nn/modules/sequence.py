"""Losses of sequences."""

from __future__ import annotations

from collections.abc import Sequence

from polyloss.opset import Tensor
from polyloss.torch.nn import functional
from polyloss.torch.nn.base import Loss


class CTCLoss(Loss):
    r"""Connectionist temporal classification: minus the log probability of a label sequence, over all its alignments.

    :math:`\ell_n = -\log \sum_{a: B(a) = y_n} \exp \sum_{t < T_n} x_{t n a_t}` of log probabilities x, where B merges repeats and then
    drops blanks. `reduction` takes the sum over the batch, or the mean of :math:`\ell_n / \max(1, |y_n|)`.

    Args:
        blank: the class that is the blank, from 0.
        reduction: see the module.
        zero_infinity: an infinite loss counts as 0.

    Call: ``(log_probs, targets, input_lengths, target_lengths)``. `log_probs` (T, N, C), or (T, C) of one sample, are taken as they
    are: not normalised. `targets` hold classes, padded (N, S) with anything, or concatenated (sum of the target lengths,), in any real
    dtype. The lengths are two tensors of integers of any width with N elements, or two tuples or lists of N integers, which a compiler
    takes as constants; at most T, and S. Returns shape (), with ``none`` (N,), or () for one sample.

    The gradient is torch's, :math:`e^x` less the posterior probability of the class at the frame: that of :math:`\ell` behind a
    log_softmax, and only there. Beyond the input length it is 0. Where no alignment exists (too few frames for the labels and the
    blanks between equal neighbours, or probabilities of 0) the loss is infinite and the gradient 0, where torch's is NaN. A target
    equal to the blank is aligned as one more label, as in torch.

    float16 and bfloat16, which torch refuses on the CPU, are computed in float32. Lengths in tensors that cannot be read while tracing
    cost time where targets are concatenated: each sample is then aligned in as many columns as there are targets in all.

    Raises ValueError for shapes that do not fit or are empty, a blank that is no class, and lengths and targets out of range, TypeError
    for a tensor and a tuple of lengths together and for lengths that are no integers. Where values cannot be read, the loss is NaN for
    lengths and targets out of range. Symbols are not supported.

    Source: ``torch.nn.CTCLoss``, torch 2.13; Graves et al., ICML 2006. On log_softmax equal to ``mxnet.gluon.loss.CTCLoss`` (whose
    blank is the last class), averaged with the target lengths.

    >>> import numpy as np
    >>> log_probs = np.log(np.full((4, 1, 3), 1 / 3))
    >>> print(CTCLoss()(log_probs, np.array([[2, 1]]), (4,), (2,)).round(4))  # 15 of 81 equally likely paths, by 2
    0.8432
    """

    blank: int
    zero_infinity: bool

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """The loss."""
        return functional.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
