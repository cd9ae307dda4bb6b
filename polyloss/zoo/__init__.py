"""Losses and scores of the literature that no framework ships, or that every framework ships differently.

Each is a function, predictions first and hyper-parameters by keyword only, and a class of the same name in CamelCase that holds these::

    import polyloss.zoo as zoo
    zoo.quantile(pred, target, q=0.9)
    zoo.Quantile(q=0.9)(pred, target)

The default is the canonical definition; what a source prints otherwise stands behind an explicit argument. Tensors of one call have one
floating dtype; half precision is computed in float32 and rounded once; class numbers may have any integer dtype. Elementwise and per-
sample losses take ``reduction='none' | 'mean' | 'sum'``; a mean over nothing is 0. A loss differentiates on every framework, under every
compiler; a metric (``differentiable`` is False) says so when it is differentiated.
"""

from polyloss.zoo.base import Item
from polyloss.zoo.regression import Quantile, quantile
from polyloss.zoo.reinforcement import (
    ExpectedSarsa,
    GeneralizedAdvantage,
    QLearning,
    Sarsa,
    TdLambda,
    TemporalDifference,
    expected_sarsa,
    generalized_advantage,
    q_learning,
    sarsa,
    td_lambda,
    temporal_difference,
)

__all__ = [
    "ExpectedSarsa",
    "GeneralizedAdvantage",
    "Item",
    "QLearning",
    "Quantile",
    "Sarsa",
    "TdLambda",
    "TemporalDifference",
    "expected_sarsa",
    "generalized_advantage",
    "q_learning",
    "quantile",
    "sarsa",
    "td_lambda",
    "temporal_difference",
]
