"""Losses of predicted returns: temporal differences, and what is learnt from them."""

from __future__ import annotations

from polyloss import calls, checks
from polyloss.formulas import reinforcement as formulas
from polyloss.opset import OpSet, Tensor, UnsupportedError
from polyloss.zoo.base import alike, item, opened, reduced, shape_of

KINDS = ("squared", "huber", "error")


def _loss(F: OpSet, name: str, error: Tensor, kind: str, delta: float, reduction: str, dtype: str | None) -> Tensor:
    checks.one_of(name, "kind", kind, KINDS)
    checks.positive(name, "delta", delta)
    return reduced(F, name, formulas.error_loss(F, error, kind=kind, delta=delta), reduction, dtype)


def temporal_difference(
    value: Tensor,
    reward: Tensor,
    discount: Tensor,
    next_value: Tensor,
    *,
    kind: str = "squared",
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The error of a state's value against the reward and the next state's value: TD(0).

    .. math:: \ell = \operatorname{mean}_n\; \tfrac{1}{2} \delta_n^2, \quad \delta_n = r_n + \gamma_n v'_n - v_n

    Use: learn a state's value from single steps, before an episode has ended.

    Elsewhere: tables print the update ``v += alpha delta``, which is a step of this loss's gradient. The target is a constant: without
    the stop the gradient is another (residual) one. ``rlax.td_learning`` is ``kind='error'``.

    Args:
        value: :math:`v`, the predicted value of each state, any shape.
        reward: :math:`r`, the shape of `value`.
        discount: :math:`\gamma` in [0, 1], the shape of `value`; 0 where the episode ends.
        next_value: :math:`v'`, the value of the state that follows, the shape of `value`.
        kind: ``squared``; ``huber``, with threshold `delta`; or ``error``, :math:`\delta` itself.
        delta: where ``huber`` becomes linear, above 0.
        reduction: ``none``, ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `value`; the mean over nothing is 0. Only `value` has a gradient.

    Raises:
        ValueError: the shapes differ, `delta` is not above 0, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Sutton, Learning to Predict by the Methods of Temporal Differences, Machine Learning 3, 1988.

    >>> import numpy as np
    >>> value, following = np.array([0.5, 1.0]), np.array([1.0, -0.2])
    >>> temporal_difference(value, np.array([1.0, 0.0]), np.array([0.9, 0.9]), following, kind="error", reduction="none")
    array([ 1.4 , -1.18])
    """
    name = "temporal_difference"
    (F, (v, r, g, w), dtype) = alike(name, value=value, reward=reward, discount=discount, next_value=next_value)
    return _loss(F, name, formulas.temporal_error(F, v, r, g, w), kind, delta, reduction, dtype)


def td_lambda(
    value: Tensor,
    reward: Tensor,
    discount: Tensor,
    next_value: Tensor,
    *,
    weight: float = 0.95,
    kind: str = "squared",
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The error of each state's value against the lambda-return, the mixture of all n-step returns: TD(lambda).

    .. math:: \ell = \operatorname{mean}_t\; \tfrac{1}{2} (G_t - v_t)^2, \quad
        G_t = r_t + \gamma_t \big((1 - \lambda) v'_t + \lambda G_{t+1}\big), \quad G_{T} = v'_{T-1}

    Use: as `temporal_difference`, with less bias and more variance the nearer lambda is to 1.

    Elsewhere: the discount is often multiplied by lambda in advance. ``rlax.td_lambda`` is ``kind='error'``, along its first axis; here
    time is the last one.

    Args:
        value: :math:`v`, (..., T): the predicted value of each state of a sequence.
        reward, discount, next_value: as in `temporal_difference`, the shape of `value`.
        weight: :math:`\lambda` in [0, 1].
        kind, delta, reduction: as in `temporal_difference`.

    Returns:
        The loss in the dtype of `value`; the mean over nothing is 0. Only `value` has a gradient.

    Raises:
        ValueError: the shapes differ, `weight` is not in [0, 1], `delta` is not above 0, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.
        UnsupportedError: the number of steps is not known (a symbol).

    Source: Sutton, Learning to Predict by the Methods of Temporal Differences, Machine Learning 3, 1988.

    >>> import numpy as np
    >>> v, r, g, w = (np.array(row) for row in ([0.5, 1.0], [1.0, 0.0], [0.9, 0.9], [1.0, -0.2]))
    >>> td_lambda(v, r, g, w, weight=0.0, kind="error", reduction="none")
    array([ 1.4 , -1.18])
    """
    name = "td_lambda"
    (F, (v, r, g, w), dtype) = alike(name, value=value, reward=reward, discount=discount, next_value=next_value)
    checks.fraction(name, "weight", weight)
    steps = _steps(F, name, "value", v)
    if not steps:
        return _loss(F, name, v, kind, delta, reduction, dtype)
    returns = formulas.lambda_returns(F, r, g, w, weight=weight, steps=steps)
    return _loss(F, name, returns - v, kind, delta, reduction, dtype)


def _steps(F: OpSet, name: str, argument: str, tensor: Tensor) -> int:
    shape = shape_of(F, name, argument, tensor)
    if not shape:
        raise ValueError(f"{name}: {argument} has shape (); accepted is (..., T), the steps of a sequence last")
    if shape[-1] is None:
        raise UnsupportedError(
            f"{name} on {F.name}: {argument} has shape {shape}; the number of steps, its last, has to be known"
        )
    return shape[-1]


def generalized_advantage(
    value: Tensor, reward: Tensor, discount: Tensor, next_value: Tensor, *, weight: float = 0.95
) -> Tensor:
    r"""The advantages of the actions of a sequence, GAE: the discounted sum of the temporal differences that follow.

    .. math:: A_t = \sum_{k \ge t} \Big(\prod_{j=t}^{k-1} \lambda \gamma_j\Big) \delta_k, \quad
        \delta_k = r_k + \gamma_k v'_k - v_k

    Use: weigh the log probabilities of actions in a policy gradient (A2C, PPO).

    Elsewhere: many implementations divide by the standard deviation of the batch afterwards. Where the next value of a step is the value of
    the next step it is the lambda-return less the value: `td_lambda` with ``kind='error'``, without a gradient.

    Args:
        value: :math:`v`, (..., T): the predicted value of each state of a sequence.
        reward, discount, next_value: as in `temporal_difference`, the shape of `value`.
        weight: :math:`\lambda` in [0, 1].

    Returns:
        The advantages, (..., T), in the dtype of `value`: constants, without a gradient.

    Raises:
        ValueError: the shapes differ, or `weight` is not in [0, 1].
        TypeError: the dtypes differ or are not floating.
        UnsupportedError: the number of steps is not known (a symbol).

    Source: Schulman et al., High-Dimensional Continuous Control Using Generalized Advantage Estimation, ICLR 2016.

    >>> import numpy as np
    >>> v, r, g, w = (np.array(row) for row in ([0.5, 1.0], [1.0, 0.0], [0.9, 0.9], [1.0, -0.2]))
    >>> generalized_advantage(v, r, g, w, weight=0.0)
    array([ 1.4 , -1.18])
    """
    name = "generalized_advantage"
    (F, (v, r, g, w), dtype) = alike(name, value=value, reward=reward, discount=discount, next_value=next_value)
    checks.fraction(name, "weight", weight)
    if steps := _steps(F, name, "value", v):
        v = formulas.advantages(F, v, r, g, w, weight=weight, steps=steps)
    return reduced(F, name, v, "none", dtype)


def q_learning(
    q: Tensor,
    action: Tensor,
    reward: Tensor,
    discount: Tensor,
    next_q: Tensor,
    selector: Tensor | None = None,
    *,
    kind: str = "squared",
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The error of an action's value against the reward and the best value of the next state; double Q-learning with a `selector`.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac{1}{2} \delta_n^2, \quad
        \delta_n = r_n + \gamma_n \, q'_n[\operatorname{argmax}_b s_n[b]] - q_n[a_n], \quad s = q' \text{ or the selector}

    Use: learn the values of actions off policy (DQN). With the values of the online network as `selector` and those of the target network
    as `next_q` it is double DQN, which overestimates less.

    Elsewhere: DQN as published clips the error to [-1, 1], which is ``kind='huber'``. ``rlax.q_learning`` and
    ``rlax.double_q_learning`` are ``kind='error'``.

    Args:
        q: (N, A), the predicted values of all actions.
        action: (N,), the action taken, an integer in [0, A).
        reward: (N,).
        discount: (N,), in [0, 1]; 0 where the episode ends.
        next_q: (N, A), the values in the state that follows.
        selector: (N, A), what chooses the next action; `next_q` if None. The first of several best is taken.
        kind, delta, reduction: as in `temporal_difference`.

    Returns:
        The loss in the dtype of `q`; the mean over nothing is 0. Only `q` has a gradient.

    Raises:
        ValueError: the shapes do not fit, `delta` is not above 0, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Watkins and Dayan, Q-learning, Machine Learning 8, 1992; van Hasselt et al., Double Q-learning, AAAI 2016.

    >>> import numpy as np
    >>> q, following = np.array([[0.1, 0.5, -0.2]]), np.array([[0.6, 0.1, 0.0]])
    >>> q_learning(q, np.array([1]), np.array([1.0]), np.array([0.9]), following, kind="error", reduction="none")
    array([1.04])
    """
    name = "q_learning"
    given = {"reward": reward, "discount": discount, "next_q": next_q, "selector": selector}
    (F, (values, action, r, g, following, chosen), dtype) = opened(name, ("action",), q=q, action=action, **given)
    calls.same_shapes(F, name, q=values, next_q=following, selector=chosen)
    picked = _picked(F, name, "q", values, "action", action)
    calls.same_shapes(F, name, action=picked, reward=r, discount=g)
    later = formulas.of_best(F, following, following if chosen is None else chosen)
    return _loss(F, name, formulas.temporal_error(F, picked, r, g, later), kind, delta, reduction, dtype)


def _picked(F: OpSet, name: str, key: str, q: Tensor, number: str, action: Tensor) -> Tensor:
    """The value of each action taken."""
    shape = F.shape(q)
    if shape is not None:
        checks.shaped(F, name, key, q, [(None, None)], "a row of values of actions for each state")
        checks.shaped(F, name, number, action, [shape[:1]], "one action for each row")
    return F.pick(q, action, axis=-1)


def sarsa(
    q: Tensor,
    action: Tensor,
    reward: Tensor,
    discount: Tensor,
    next_q: Tensor,
    next_action: Tensor,
    *,
    kind: str = "squared",
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The error of an action's value against the reward and the value of the action that was taken next.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac{1}{2} \delta_n^2, \quad \delta_n = r_n + \gamma_n \, q'_n[a'_n] - q_n[a_n]

    Use: learn the values of the policy that acts, its exploration included.

    Elsewhere: with the best action in place of the next it is `q_learning`, with their mean `expected_sarsa`. ``rlax.sarsa`` is
    ``kind='error'``.

    Args:
        q, action, reward, discount, next_q: as in `q_learning`.
        next_action: (N,), the action taken next, an integer in [0, A).
        kind, delta, reduction: as in `temporal_difference`.

    Returns:
        The loss in the dtype of `q`; the mean over nothing is 0. Only `q` has a gradient.

    Raises:
        ValueError: the shapes do not fit, `delta` is not above 0, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: Rummery and Niranjan, On-line Q-learning Using Connectionist Systems, 1994.

    >>> import numpy as np
    >>> q, following = np.array([[0.3, 0.2, 0.4]]), np.array([[-0.1, 0.2, 0.9]])
    >>> sarsa(q, np.array([2]), np.array([-0.5]), np.array([0.9]), following, np.array([1]), kind="error", reduction="none")
    array([-0.72])
    """
    name = "sarsa"
    given = {"reward": reward, "discount": discount, "next_q": next_q, "next_action": next_action}
    (F, (values, action, r, g, following, number), dtype) = opened(
        name, ("action", "next_action"), q=q, action=action, **given
    )
    calls.same_shapes(F, name, q=values, next_q=following)
    picked = _picked(F, name, "q", values, "action", action)
    calls.same_shapes(F, name, action=picked, reward=r, discount=g)
    later = _picked(F, name, "next_q", following, "next_action", number)
    return _loss(F, name, formulas.temporal_error(F, picked, r, g, later), kind, delta, reduction, dtype)


def expected_sarsa(
    q: Tensor,
    action: Tensor,
    reward: Tensor,
    discount: Tensor,
    next_q: Tensor,
    next_probability: Tensor,
    *,
    kind: str = "squared",
    delta: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""The error of an action's value against the reward and the mean value of the next state under a policy.

    .. math:: \ell = \operatorname{mean}_n\; \tfrac{1}{2} \delta_n^2, \quad
        \delta_n = r_n + \gamma_n \sum_b \pi_n(b) \, q'_n[b] - q_n[a_n]

    Use: as `sarsa`, without the variance of the next action; off policy with the probabilities of the policy that is learnt.

    Elsewhere: with a policy that always takes the best action it is `q_learning`. ``rlax.expected_sarsa`` is ``kind='error'``.

    Args:
        q, action, reward, discount, next_q: as in `q_learning`.
        next_probability: (N, A), the policy in the state that follows; an action of probability 0 counts for nothing, whatever its value.
        kind, delta, reduction: as in `temporal_difference`.

    Returns:
        The loss in the dtype of `q`; the mean over nothing is 0. Only `q` has a gradient.

    Raises:
        ValueError: the shapes do not fit, `delta` is not above 0, or there is no such kind or reduction.
        TypeError: the dtypes differ or are not floating.

    Source: van Seijen et al., A Theoretical and Empirical Analysis of Expected Sarsa, ADPRL 2009.

    >>> import numpy as np
    >>> q, following = np.array([[0.3, 0.2, 0.4]]), np.array([[-0.1, 0.2, 0.9]])
    >>> policy = np.array([[0.0, 1.0, 0.0]])
    >>> expected_sarsa(q, np.array([2]), np.array([-0.5]), np.array([0.9]), following, policy, kind="error", reduction="none")
    array([-0.72])
    """
    name = "expected_sarsa"
    given = {"reward": reward, "discount": discount, "next_q": next_q, "next_probability": next_probability}
    (F, (values, action, r, g, following, policy), dtype) = opened(name, ("action",), q=q, action=action, **given)
    calls.same_shapes(F, name, q=values, next_q=following, next_probability=policy)
    picked = _picked(F, name, "q", values, "action", action)
    calls.same_shapes(F, name, action=picked, reward=r, discount=g)
    later = F.sum(F.where(F.broadcast_equal(policy, 0.0), 0.0, policy * following), axis=-1)
    return _loss(F, name, formulas.temporal_error(F, picked, r, g, later), kind, delta, reduction, dtype)


TemporalDifference = item(temporal_difference)
TDLambda = item(td_lambda, name="TDLambda")
GeneralizedAdvantage = item(generalized_advantage)
QLearning = item(q_learning)
Sarsa = item(sarsa)
ExpectedSarsa = item(expected_sarsa)
