"""Scores of generated samples."""

from __future__ import annotations

from polyloss.formulas.divergence import kullback_leibler
from polyloss.opset import OpSet, Tensor


def inception_score(F: OpSet, log_p: Tensor) -> Tensor:
    """``exp(mean_n sum_c p_nc (log p_nc - log m_c))`` with ``m = mean_n p_n``, of log probabilities (N, C); shape (1,).

    ``log m = logsumexp_n log p_n - log N``. A class of probability 0 adds 0.
    """
    log_m = F.broadcast_like(F.expand_dims(F.log(F.mean(F.exp(log_p), axis=0)), axis=0), log_p)
    each = kullback_leibler(F, log_m, log_p, pred_as="log_probabilities", target_as="log_probabilities", axis=1)
    return F.exp(F.mean(each, axis=0, keepdims=True))
