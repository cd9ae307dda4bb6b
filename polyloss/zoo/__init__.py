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
from polyloss.zoo.classification import (
    Asymmetric,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Poly1,
    SoftmaxFocal,
    asymmetric,
    binary_cross_entropy,
    cross_entropy,
    focal,
    poly1,
    softmax_focal,
)
from polyloss.zoo.divergence import JSDivergence, KLDivergence, js_divergence, kl_divergence
from polyloss.zoo.generative import InceptionScore, inception_score
from polyloss.zoo.margin import Hinge, Logistic, MulticlassHinge, hinge, logistic, multiclass_hinge
from polyloss.zoo.margin_softmax import ArcFace, CosFace, SphereFace, arcface, cosface, sphereface
from polyloss.zoo.preference import (
    DPO,
    IPO,
    KTO,
    ORPO,
    BradleyTerry,
    RankNet,
    SimPO,
    bradley_terry,
    dpo,
    ipo,
    kto,
    orpo,
    ranknet,
    simpo,
)
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

__all__ = [
    "DPO",
    "IPO",
    "KTO",
    "ORPO",
    "ArcFace",
    "Asymmetric",
    "BinaryCrossEntropy",
    "BradleyTerry",
    "CosFace",
    "CrossEntropy",
    "EditDistance",
    "ExpectedSarsa",
    "Focal",
    "GeneralizedAdvantage",
    "Hinge",
    "InceptionScore",
    "Item",
    "JSDivergence",
    "KLDivergence",
    "Logistic",
    "MinimumRisk",
    "MulticlassHinge",
    "Poly1",
    "QLearning",
    "Quantile",
    "RPrecision",
    "RankNet",
    "Sarsa",
    "SimPO",
    "SoftEditDistance",
    "SoftmaxFocal",
    "SphereFace",
    "TdLambda",
    "TemporalDifference",
    "TextImageRPrecision",
    "arcface",
    "asymmetric",
    "binary_cross_entropy",
    "bradley_terry",
    "cosface",
    "cross_entropy",
    "dpo",
    "edit_distance",
    "expected_sarsa",
    "focal",
    "generalized_advantage",
    "hinge",
    "inception_score",
    "ipo",
    "js_divergence",
    "kl_divergence",
    "kto",
    "logistic",
    "minimum_risk",
    "multiclass_hinge",
    "orpo",
    "poly1",
    "q_learning",
    "quantile",
    "r_precision",
    "ranknet",
    "sarsa",
    "simpo",
    "soft_edit_distance",
    "softmax_focal",
    "sphereface",
    "td_lambda",
    "temporal_difference",
    "text_image_r_precision",
]
