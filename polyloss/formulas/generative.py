"""Scores of generated samples."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def inception_score(F: OpSet, log_p: Tensor) -> Tensor:
    """``exp(mean_n sum_c p_nc (log p_nc - log m_c))`` with ``m = mean_n p_n``, of log probabilities (N, C); shape (1,).

    ``log m = logsumexp_n log p_n - log N``. A class of probability 0 adds 0.
    """
    p = F.exp(log_p)
    log_m = F.expand_dims(F.log(F.mean(p, axis=0)), axis=0)
    never = F.broadcast_equal(p, 0.0)
    ratio = F.where(never, 0.0, log_p) - F.where(never, 0.0, F.broadcast_like(log_m, log_p))
    return F.exp(F.mean(F.sum(p * ratio, axis=1), axis=0, keepdims=True))
