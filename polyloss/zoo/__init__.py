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
from polyloss.zoo.boxes import CIoU, DIoU, GIoU, IoU, ciou, diou, giou, iou
from polyloss.zoo.generative import InceptionScore, inception_score
from polyloss.zoo.lovasz import LovaszHinge, LovaszSoftmax, lovasz_hinge, lovasz_softmax
from polyloss.zoo.ranking import RPrecision, TextImageRPrecision, r_precision, text_image_r_precision
from polyloss.zoo.region import (
    Dice,
    DiceCE,
    FocalTversky,
    GeneralizedDice,
    Jaccard,
    Tversky,
    dice,
    dice_ce,
    focal_tversky,
    generalized_dice,
    jaccard,
    tversky,
)
from polyloss.zoo.regression import (
    L1,
    L2,
    GaussianNLL,
    Huber,
    Quantile,
    Reconstruction,
    gaussian_nll,
    huber,
    l1,
    l2,
    quantile,
    reconstruction,
)
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
from polyloss.zoo.robust import (
    Barron,
    Cauchy,
    Charbonnier,
    GemanMcClure,
    Welsch,
    barron,
    cauchy,
    charbonnier,
    geman_mcclure,
    welsch,
)
from polyloss.zoo.sequence import (
    EditDistance,
    MinimumRisk,
    SoftEditDistance,
    edit_distance,
    minimum_risk,
    soft_edit_distance,
)

__all__ = [
    "L1",
    "L2",
    "Barron",
    "CIoU",
    "Cauchy",
    "Charbonnier",
    "DIoU",
    "Dice",
    "DiceCE",
    "EditDistance",
    "ExpectedSarsa",
    "FocalTversky",
    "GIoU",
    "GaussianNLL",
    "GemanMcClure",
    "GeneralizedAdvantage",
    "GeneralizedDice",
    "Huber",
    "InceptionScore",
    "IoU",
    "Item",
    "Jaccard",
    "LovaszHinge",
    "LovaszSoftmax",
    "MinimumRisk",
    "QLearning",
    "Quantile",
    "RPrecision",
    "Reconstruction",
    "Sarsa",
    "SoftEditDistance",
    "TdLambda",
    "TemporalDifference",
    "TextImageRPrecision",
    "Tversky",
    "Welsch",
    "barron",
    "cauchy",
    "charbonnier",
    "ciou",
    "dice",
    "dice_ce",
    "diou",
    "edit_distance",
    "expected_sarsa",
    "focal_tversky",
    "gaussian_nll",
    "geman_mcclure",
    "generalized_advantage",
    "generalized_dice",
    "giou",
    "huber",
    "inception_score",
    "iou",
    "jaccard",
    "l1",
    "l2",
    "lovasz_hinge",
    "lovasz_softmax",
    "minimum_risk",
    "q_learning",
    "quantile",
    "r_precision",
    "reconstruction",
    "sarsa",
    "soft_edit_distance",
    "td_lambda",
    "temporal_difference",
    "text_image_r_precision",
    "tversky",
    "welsch",
]
