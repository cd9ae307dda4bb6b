"""Losses and scores of the literature that no framework ships, or that every framework ships differently.

Each is a function, predictions first and hyper-parameters by keyword only, and a class of the same name in CamelCase that holds these::

    import polyloss.zoo as zoo
    zoo.quantile(pred, target, q=0.9)
    zoo.Quantile(q=0.9)(pred, target)

The default is the canonical definition; what a source prints otherwise stands behind an explicit argument. Tensors of one call have one
floating dtype; half precision is computed in float32 and rounded once; class numbers may have any integer dtype. Elementwise and per-
sample losses take ``reduction='none' | 'mean' | 'sum'``; a mean over nothing is 0. A loss differentiates on every framework, under every
compiler; a metric (``differentiable`` is False) says so when it is differentiated. What a loss remembers from batch to batch is passed in
and handed out, never changed in place: see `Stateful` and `Memory`.
"""

from polyloss.zoo.base import Item
from polyloss.zoo.contrastive import (
    CLIP,
    DistributionalRanking,
    InfoNCE,
    NTXent,
    SupCon,
    clip,
    distributional_ranking,
    info_nce,
    nt_xent,
    sup_con,
)
from polyloss.zoo.generative import InceptionScore, inception_score
from polyloss.zoo.metric_learning import (
    BatchHardQuadruplet,
    BatchHardTriplet,
    Circle,
    Quadruplet,
    Triplet,
    batch_hard_quadruplet,
    batch_hard_triplet,
    circle,
    quadruplet,
    triplet,
)
from polyloss.zoo.pairs import Contrastive, Siamese, Verification, contrastive, siamese, verification
from polyloss.zoo.ranking import RPrecision, TextImageRPrecision, r_precision, text_image_r_precision
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
from polyloss.zoo.sequence import (
    EditDistance,
    MinimumRisk,
    SoftEditDistance,
    edit_distance,
    minimum_risk,
    soft_edit_distance,
)
from polyloss.zoo.state import Memory, Stateful
from polyloss.zoo.stateful import OIM, Center, center, center_init, center_update, oim, oim_init, oim_update

__all__ = [
    "CLIP",
    "OIM",
    "BatchHardQuadruplet",
    "BatchHardTriplet",
    "Center",
    "Circle",
    "Contrastive",
    "DistributionalRanking",
    "EditDistance",
    "ExpectedSarsa",
    "GeneralizedAdvantage",
    "InceptionScore",
    "InfoNCE",
    "Item",
    "Memory",
    "MinimumRisk",
    "NTXent",
    "QLearning",
    "Quadruplet",
    "Quantile",
    "RPrecision",
    "Sarsa",
    "Siamese",
    "SoftEditDistance",
    "Stateful",
    "SupCon",
    "TdLambda",
    "TemporalDifference",
    "TextImageRPrecision",
    "Triplet",
    "Verification",
    "batch_hard_quadruplet",
    "batch_hard_triplet",
    "center",
    "center_init",
    "center_update",
    "circle",
    "clip",
    "contrastive",
    "distributional_ranking",
    "edit_distance",
    "expected_sarsa",
    "generalized_advantage",
    "inception_score",
    "info_nce",
    "minimum_risk",
    "nt_xent",
    "oim",
    "oim_init",
    "oim_update",
    "q_learning",
    "quadruplet",
    "quantile",
    "r_precision",
    "sarsa",
    "siamese",
    "soft_edit_distance",
    "sup_con",
    "td_lambda",
    "temporal_difference",
    "text_image_r_precision",
    "triplet",
    "verification",
]
