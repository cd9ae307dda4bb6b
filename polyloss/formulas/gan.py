"""Losses of the two players of adversarial training, from a critic's scores, and what keeps its slope in bounds."""

from __future__ import annotations

from polyloss.formulas.masked import masked_mean
from polyloss.opset import OpSet, Tensor


def of_real(F: OpSet, score: Tensor, *, kind: str) -> Tensor:
    """What a score of a real sample costs the critic, and one of a generated sample the generator."""
    if kind == "hinge":
        return F.relu(1.0 - score)
    if kind == "least_squares":
        return 0.5 * F.square(score - 1.0)
    return F.softrelu(-score) if kind == "logistic" else -score


def of_fake(F: OpSet, score: Tensor, *, kind: str) -> Tensor:
    """What a score of a generated sample costs the critic."""
    if kind == "hinge":
        return F.relu(1.0 + score)
    if kind == "least_squares":
        return 0.5 * F.square(score)
    return F.softrelu(score) if kind == "logistic" else score


def of_generator(F: OpSet, score: Tensor, *, kind: str) -> Tensor:
    """What a score of a generated sample costs the generator: that of a real one, without the hinge, where it would learn nothing."""
    return of_real(F, score, kind="wasserstein" if kind == "hinge" else kind)


def relativistic(F: OpSet, ahead: Tensor, behind: Tensor, *, kind: str) -> tuple[Tensor, Tensor]:
    """What each of two sides costs by how far its scores (N,) and (M,) are from the mean of the other's; the first is to be ahead."""
    (mean_ahead, mean_behind) = (masked_mean(F, x, F.ones_like(x), axis=0, keepdims=True) for x in (ahead, behind))
    return (
        of_real(F, F.broadcast_sub(ahead, mean_behind), kind=kind),
        of_real(F, F.broadcast_sub(mean_ahead, behind), kind=kind),
    )


def gradient_penalty(F: OpSet, gradient: Tensor, *, weight: float, norm: float, one_sided: bool) -> Tensor:
    """``w (|g| - c)^2`` of each sample, or ``w max(|g| - c, 0)^2``; gradient 0 where g is 0."""
    excess = F.norm(gradient, axis=0, exclude=True) - norm
    return weight * F.square(F.relu(excess) if one_sided else excess)
