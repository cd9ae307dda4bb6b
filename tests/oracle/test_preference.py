"""Losses of preferences, by what PyTorch has for two classes, for squares and for hinges."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held

TORCH = ("torch",)


def scores(*names):
    def draw(rng):
        return {name: rng.normal(size=9) for name in names}

    return draw


def judged(sides):
    def draw(rng):
        return {**scores("first", "second")(rng), "target": rng.choice(sides, 9)}

    return draw


def log_chances(rng):
    return {name: np.log(rng.uniform(0.05, 0.95, 9)) for name in ("chosen", "rejected")}


def rated(rng):
    return {**scores("pred", "ref")(rng), "desirable": rng.integers(0, 2, 9), "mismatched": 0.3 + scores("x")(rng)["x"]}


def likely(logit, chance=1.0):
    """The cross entropy of an event of this probability."""
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(logit, torch.full_like(logit, chance))


def against_reference(chosen, rejected, ref_chosen, ref_rejected):
    return chosen - ref_chosen - (rejected - ref_rejected)


def dpo(beta, smoothing):
    return lambda **given: likely(beta * against_reference(**given), 1 - smoothing)


def ipo(**given):
    import torch

    h = against_reference(**given)
    return torch.nn.functional.mse_loss(h, torch.full_like(h, 1 / (2 * 0.4)))


def orpo(chosen, rejected):
    import torch

    (won, lost) = (torch.special.logit(torch.exp(each)) for each in (chosen, rejected))
    return -chosen.mean() + 0.3 * likely(won - lost)


def kto(pred, ref, desirable, mismatched):
    import torch

    gain = 0.5 * (pred - ref - mismatched.detach().mean().clamp(min=0))
    return torch.where(desirable == 1, 1.5 * torch.sigmoid(-gain), 0.75 * torch.sigmoid(gain)).mean()


def soft_margin(chosen, rejected):
    import torch

    return torch.nn.functional.soft_margin_loss(chosen - rejected, torch.ones_like(chosen))


def ranknet(first, second, target):
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(2.0 * (first - second), target)


def margin_ranking(margin):
    def oracle(first, second, target):
        import torch

        return torch.nn.functional.margin_ranking_loss(first, second, target, margin=margin)

    return oracle


KTO = {"beta": 0.5, "desirable_weight": 1.5, "undesirable_weight": 0.75}
FOUR = scores("chosen", "rejected", "ref_chosen", "ref_rejected")
TWO = scores("chosen", "rejected")
SIDES = judged([-1.0, 1.0])
ROWS = [
    Row("dpo", FOUR, dpo(0.1, 0.0), TORCH),
    Row("dpo", FOUR, dpo(0.5, 0.1), TORCH, {"beta": 0.5, "label_smoothing": 0.1}),
    Row("ipo", FOUR, ipo, TORCH, {"beta": 0.4}),
    Row(
        "simpo",
        TWO,
        lambda chosen, rejected: likely(2.5 * (chosen - rejected) - 0.5),
        TORCH,
        {"beta": 2.5, "margin": 0.5},
    ),
    Row("orpo", log_chances, orpo, TORCH, {"beta": 0.3}),
    Row("kto", rated, kto, TORCH, KTO, ("mismatched",)),
    Row("bradley_terry", TWO, soft_margin, TORCH),
    Row("ranknet", judged([0.0, 0.5, 1.0]), ranknet, TORCH, {"sigma": 2.0}, ("target",)),
    *(Row("margin_ranking", SIDES, margin_ranking(m), TORCH, {"margin": m}, ("target",)) for m in (0.0, 0.5, 1.0)),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
