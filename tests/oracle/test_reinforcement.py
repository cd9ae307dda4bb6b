"""Losses of predicted returns, by rlax, gradients included."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held

RLAX = ("rlax",)
ERROR = {"kind": "error", "reduction": "none"}


def steps(rng):
    found = {name: rng.normal(size=(3, 6)) for name in ("value", "reward")}
    return {**found, "discount": rng.choice([0.0, 0.9, 0.99], (3, 6)), "next_value": rng.normal(size=(3, 6))}


def transitions(rng):
    return {name: values[0] for name, values in steps(rng).items()}


def episode(rng):
    """One value for each state: that of the next step is the next value."""
    drawn = steps(rng)
    return {**drawn, "next_value": np.concatenate([drawn["value"][:, 1:], drawn["next_value"][:, :1]], axis=1)}


def actions(*more):
    def draw(rng):
        found = {"q": rng.normal(size=(7, 4)), "action": rng.integers(0, 4, 7), "reward": rng.normal(size=7)}
        found |= {"discount": rng.choice([0.0, 0.9], 7), "next_q": rng.normal(size=(7, 4))}
        if "selector" in more:
            found["selector"] = rng.normal(size=(7, 4))
        if "next_action" in more:
            found["next_action"] = rng.integers(0, 4, 7)
        if "next_probability" in more:
            found["next_probability"] = rng.dirichlet(np.ones(4), 7)
        return found

    return draw


def td_lambda(value, reward, discount, next_value):
    import jax
    import rlax

    return jax.vmap(lambda *row: rlax.td_lambda(*row, 0.8))(value, reward, discount, next_value)


def advantages(value, reward, discount, next_value):
    import jax
    import jax.numpy as jnp
    import rlax

    values = jnp.concatenate([jnp.asarray(value), jnp.asarray(next_value)[:, -1:]], axis=1)
    estimate = jax.vmap(lambda *row: rlax.truncated_generalized_advantage_estimation(row[0], row[1], 0.8, row[2]))
    return estimate(jnp.asarray(reward), jnp.asarray(discount), values)


def each_row(name, *order):
    """A function of rlax of single steps, for a batch of them."""

    def oracle(**given):
        import jax
        import rlax

        return jax.vmap(getattr(rlax, name))(*(given[key] for key in order))

    return oracle


FIXED = ("reward", "discount", "next_value", "next_q", "next_probability", "selector")
STEP = ("value", "reward", "discount", "next_value")
ORDER = ("q", "action", "reward", "discount", "next_q")
ROWS = [
    Row("temporal_difference", transitions, each_row("td_learning", *STEP), RLAX, ERROR, FIXED, framework="jax"),
    Row("td_lambda", steps, td_lambda, RLAX, {"weight": 0.8, **ERROR}, FIXED, framework="jax"),
    Row("generalized_advantage", episode, advantages, RLAX, {"weight": 0.8}, (*FIXED, "value"), framework="jax"),
    Row("q_learning", actions(), each_row("q_learning", *ORDER), RLAX, ERROR, FIXED, framework="jax"),
    Row(
        "q_learning",
        actions("selector"),
        each_row("double_q_learning", *ORDER, "selector"),
        RLAX,
        ERROR,
        FIXED,
        framework="jax",
    ),
    Row("sarsa", actions("next_action"), each_row("sarsa", *ORDER, "next_action"), RLAX, ERROR, FIXED, framework="jax"),
    Row(
        "expected_sarsa",
        actions("next_probability"),
        each_row("expected_sarsa", *ORDER, "next_probability"),
        RLAX,
        ERROR,
        FIXED,
        framework="jax",
    ),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
