"""Deliberately wrong losses of the zoo must be caught by their cases: classes, sides, divergences, margins on angles, preferences."""

import pytest

import polyloss.zoo.classification as items
import polyloss.zoo.divergence as divergence_items
import polyloss.zoo.linear as linear_items
import polyloss.zoo.preference as preference_items
from polyloss.formulas import classification, cross_entropy, divergence, margin, margin_softmax, preference

from .test_sabotage import function, is_caught, op, pytestmark, without, without_bias, without_scale  # noqa: F401 - a mark is found by its name


def swapped(original):
    """The first two tensors exchanged."""
    return lambda F, one, other, *rest, **more: original(F, other, one, *rest, **more)


def turned(original):
    """The last tensor negated."""
    return lambda F, *tensors, **more: original(F, *tensors[:-1], -tensors[-1], **more)


def everything_counts(original):
    return lambda F, loss, values, found, *rest: original(F, loss, values, found._replace(ignored=None), *rest)


def spoiled(original):
    return lambda F, scores, found, *, axis: scores


def unweighted_mean(original):
    return lambda F, loss, values, found, reduction, dtype, weight=None: original(
        F, loss, values, found, reduction, dtype
    )


def balanced_the_other_way(original):
    return lambda F, x, y, *, gamma, alpha: original(F, x, y, gamma=gamma, alpha=None if alpha is None else 1 - alpha)


def of_the_own_class(original):
    return lambda F, pred, own, *, axis: F.sum(F.where(own, F.softmax(pred, axis=axis), 0.0), axis=axis)


def without_the_lowered_side(original):
    return lambda F, x, y, *, gamma_positive, gamma_negative, margin: original(
        F, x, y, gamma_positive=gamma_positive, gamma_negative=gamma_negative, margin=0.0
    )


def gammas_exchanged(original):
    return lambda F, x, y, *, gamma_positive, gamma_negative, margin: original(
        F, x, y, gamma_positive=gamma_negative, gamma_negative=gamma_positive, margin=margin
    )


def against_all(original):
    """The own class among its rivals."""
    return lambda F, pred, label, own, *, margin, axis: original(F, pred, label, own * 0.0, margin=margin, axis=axis)


def of_axis_zero(original):
    return lambda F, x, y, **more: original(F, x, y, **{**more, "axis": 0})


def as_probabilities(original):
    return lambda F, x, y, *, axis, **more: original(
        F, x, y, axis=axis, pred_as="probabilities", target_as="probabilities"
    )


def half_way(original):
    return lambda F, x, y, *, axis: original(F, x, 0.5 * (x + y), axis=axis)


def one_base(original):
    return lambda name, values, base: values


def at_the_lesser_angle(original):
    """The margin subtracted from the angle."""
    return lambda F, cos, sin, *, margin, monotone: original(F, cos, -sin, margin=margin, monotone=monotone)


def with_a_harder_scale(original):
    def wrong(F, x, weight, label, harder, *, scale):
        return original(F, x, weight, label, harder, scale=scale * 1.001)

    return wrong


def without_margin(original):
    def wrong(F, x, weight, label, harder, *, scale):
        return original(F, x, weight, label, lambda cos, sin: cos, scale=scale)

    return wrong


def without_lowering(original):
    """The multiple angle without the steps that make it fall."""

    def wrong(F, cos, *, margin):
        (before, multiple) = (F.ones_like(cos), cos)
        for _ in range(margin - 1):
            (before, multiple) = (multiple, 2.0 * cos * multiple - before)
        return multiple

    return wrong


def without_reference(original):
    def wrong(name, chosen, rejected, ref_chosen, ref_rejected):
        return original(name, chosen, rejected, 0 * ref_chosen, 0 * ref_rejected)

    return wrong


def a_short_series(original):
    """``log(1 - e^x)`` with two terms near 0."""

    def wrong(F, x):
        near = F.clip(x, -0.5, 0.0)
        far = F.log1p(-F.exp(F.clip(x, float("-inf"), -0.5)))
        return F.where(x < -0.5, far, F.log(-near * (1.0 + 0.5 * near)))

    return wrong


def weights_exchanged(original):
    return lambda F, gain, good, *, weight, other_weight: original(
        F, gain, good, weight=other_weight, other_weight=weight
    )


SABOTAGES = {
    "smoothing dropped": (
        function(cross_entropy, "label_cross_entropy", without(smoothing=0.0)),
        "CrossEntropy",
        "label_smoothing=0.1/",
    ),
    "mean over positions in place of weights": (
        function(items, "weighed", unweighted_mean),
        "CrossEntropy",
        "/3x4-weight-",
    ),
    "ignored labels counted": (function(items, "weighed", everything_counts), "CrossEntropy", "/ignored"),
    "NaN of an ignored position let in": (function(items, "unspoiled", spoiled), "CrossEntropy", "/ignored-nan"),
    "probabilities taken for logits": (
        function(cross_entropy, "label_cross_entropy", without(log_probabilities=False)),
        "CrossEntropy",
        "probabilities=True",
    ),
    "epsilon of probabilities dropped": (
        function(classification, "probability_cross_entropy", without(epsilon=1e-30)),
        "BinaryCrossEntropy",
        "probabilities=True",
    ),
    "label turned": (
        op("sigmoid_cross_entropy", lambda f: lambda self, x, y: f(self, x, 1 - y)),
        "BinaryCrossEntropy",
        "/2x3/",
    ),
    "alpha and 1 - alpha exchanged": (
        function(classification, "balanced_focal_cross_entropy", balanced_the_other_way),
        "Focal",
        "/2x3/",
    ),
    "gamma 2 whatever is asked": (
        function(classification, "balanced_focal_cross_entropy", without(gamma=2.0)),
        "Focal",
        "gamma=0.5",
    ),
    "the own class in place of the others": (
        function(classification, "other_classes", of_the_own_class),
        "SoftmaxFocal",
        "/3x4/",
    ),
    "softmax gamma dropped": (function(classification, "softmax_focal", without(gamma=0.0)), "SoftmaxFocal", "/3x4/"),
    "Poly-1 of the own class": (function(classification, "other_classes", of_the_own_class), "Poly1", "/3x4/"),
    "Poly-1 without its coefficient": (function(classification, "poly1", without(epsilon=0.0)), "Poly1", "/3x4/"),
    "negatives not lowered": (
        function(classification, "asymmetric", without_the_lowered_side),
        "Asymmetric",
        "/2x3/",
    ),
    "gammas exchanged": (function(classification, "asymmetric", gammas_exchanged), "Asymmetric", "/2x3/"),
    "margin of 1 whatever is asked": (function(classification, "hinge", without(margin=1.0)), "Hinge", "margin=0.5"),
    "hinge of the other side": (function(classification, "hinge", turned), "Hinge", "/2x3/"),
    "own class among the rivals": (function(margin, "best_other", against_all), "MulticlassHinge", "/3x4/"),
    "no margin between classes": (function(margin, "best_other", without(margin=0.0)), "MulticlassHinge", "/3x4/"),
    "logistic of the other side": (function(classification, "soft_margin", turned), "Logistic", "/2x3/"),
    "softplus 0.1 % too large": (
        op("softrelu", lambda f: lambda self, x: f(self, x) * 1.001),
        "Logistic",
        "/2x3/",
    ),
    "divergence the other way": (function(divergence, "kullback_leibler", swapped), "KLDivergence", "/2x4/"),
    "logits taken for probabilities": (
        function(divergence, "kullback_leibler", as_probabilities),
        "KLDivergence",
        "pred_as=logits/",
    ),
    "base ignored": (function(divergence_items, "_in_base", one_base), "KLDivergence", "base=2.0"),
    "one side of two": (function(divergence, "jensen_shannon", half_way), "JSDivergence", "/2x4/"),
    "classes first": (function(divergence, "jensen_shannon", of_axis_zero), "JSDivergence", "/2x4x2/"),
    "margin taken off the angle": (function(margin_softmax, "added_angle", at_the_lesser_angle), "ArcFace", "/3x3/"),
    "no margin on the angle": (function(margin_softmax, "cosine_cross_entropy", without_margin), "ArcFace", "/3x3/"),
    "as printed beyond pi - m": (
        function(margin_softmax, "added_angle", without(monotone=False)),
        "ArcFace",
        "/3x3/",
    ),
    "no margin on the cosine": (
        function(margin_softmax, "cosine_cross_entropy", without_margin),
        "CosFace",
        "/3x3/",
    ),
    "scale 0.1 % too large": (
        function(margin_softmax, "cosine_cross_entropy", with_a_harder_scale),
        "CosFace",
        "/3x3/",
    ),
    "an angle that rises again": (
        function(margin_softmax, "multiplied_angle", without_lowering),
        "SphereFace",
        "/3x3/",
    ),
    "three times the angle": (function(margin_softmax, "multiplied_angle", without(margin=3)), "SphereFace", "/3x3/"),
    "reference ignored": (function(preference_items, "_against_reference", without_reference), "DPO", "/2x3/"),
    "smoothing of preferences dropped": (
        function(preference, "preferred", without(smoothing=0.0)),
        "DPO",
        "label_smoothing",
    ),
    "beta of 1": (function(preference, "identity_preference", without(beta=1.0)), "IPO", "/2x3/"),
    "reference of IPO ignored": (
        function(preference_items, "_against_reference", without_reference),
        "IPO",
        "/2x3/",
    ),
    "no bias": (op("linear_cross_entropy", without_bias), "LinearCrossEntropy", "/5x2-sum/"),
    "ignored rows counted": (op("linear_cross_entropy", without_scale), "LinearCrossEntropy", "/ignored"),
    "features of ignored rows let in": (
        function(linear_items, "unspoiled", spoiled),
        "LinearCrossEntropy",
        "ignore_index=-1/float32/ignored-nan",
    ),
    "margin with its sign turned": (function(preference, "preferred", turned), "SimPO", "/2x3/"),
    "SimPO smoothed": (function(preference, "preferred", without(smoothing=0.1)), "SimPO", "/2x3/"),
    "a short series near 1": (function(preference, "log_one_less", a_short_series), "ORPO", "/near-one"),
    "odds ratio turned over": (function(preference, "odds_ratio_preference", swapped), "ORPO", "/2x3/"),
    "weights exchanged": (function(preference, "prospect", weights_exchanged), "KTO", "desirable_weight"),
    "mismatched answers ignored": (
        op("relu", lambda f: lambda self, x: 0 * f(self, x)),
        "KTO",
        "/2x3-mismatched-/",
    ),
    "the winner exchanged": (function(preference, "preferred", turned), "BradleyTerry", "/2x3/"),
    "Bradley-Terry smoothed": (function(preference, "preferred", without(smoothing=0.1)), "BradleyTerry", "/2x3/"),
    "target of the pair turned": (
        op("sigmoid_cross_entropy", lambda f: lambda self, x, y: f(self, x, 1 - y)),
        "RankNet",
        "/2x3/",
    ),
    "the better one exchanged": (function(classification, "hinge", turned), "MarginRanking", "/2x3/"),
    "no margin between ranks": (function(classification, "hinge", without(margin=0.0)), "MarginRanking", "/2x3/"),
    "sigma squared": (
        op("sigmoid_cross_entropy", lambda f: lambda self, x, y: f(self, 2.0 * x, y)),
        "RankNet",
        "sigma=2.0",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    (sabotage, loss, part) = SABOTAGES[name]
    is_caught(sabotage, f"zoo/{loss}", part)
