"""Deliberately wrong losses and distances between distributions must be caught by their cases."""

import pytest

from polyloss.formulas import frechet, gan, transport

from .test_sabotage import function, is_caught, op, pytestmark, without  # noqa: F401 - a mark is found by its name


def of_another_kind(original):
    return lambda F, score, *, kind: original(F, score, kind="wasserstein" if kind == "hinge" else kind)


def masses_ignored(original):
    return lambda F, x, y, a, b, **more: original(F, x, y, F.ones_like(a), F.ones_like(b), **more)


def as_another(**forced):
    """A Sinkhorn divergence with some options forced."""
    return function(transport, "sinkhorn_divergence", without(**forced))


def unsorted(original):
    return lambda self, data, **more: data


RELATIVISTIC = "zoo/RelativisticAverage"
SINKHORN = "zoo/SinkhornDivergence"
SABOTAGES = {
    "real scores pushed down": (
        function(gan, "of_real", lambda f: lambda F, score, **more: f(F, -score, **more)),
        "zoo/Critic",
        "/3-2/",
    ),
    "a hinge without a kink": (function(gan, "of_fake", of_another_kind), "zoo/Critic", "kind=hinge"),
    "generated samples above real ones": (
        function(gan, "relativistic", lambda f: lambda F, ahead, behind, **more: f(F, behind, ahead, **more)),
        RELATIVISTIC,
        "/3-2/",
    ),
    "no hinge between means": (function(gan, "relativistic", without(kind="logistic")), RELATIVISTIC, "kind=hinge"),
    "means of others ignored": (
        function(gan, "masked_mean", lambda f: lambda F, x, mask, **more: 0 * f(F, x, mask, **more)),
        RELATIVISTIC,
        "/3-2/",
    ),
    "generator pushed down": (
        function(gan, "of_generator", lambda f: lambda F, score, **more: f(F, -score, **more)),
        "zoo/Generator",
        "/2x3/",
    ),
    "hinge for the generator": (
        function(gan, "of_generator", lambda f: lambda F, score, *, kind: gan.of_real(F, score, kind=kind)),
        "zoo/Generator",
        "kind=hinge",
    ),
    "always two-sided": (
        function(gan, "gradient_penalty", without(one_sided=False)),
        "zoo/GradientPenalty",
        "one_sided=True",
    ),
    "weight forgotten": (function(gan, "gradient_penalty", without(weight=1.0)), "zoo/GradientPenalty", "/3x3/"),
    "norm over one axis": (
        op("norm", lambda f: lambda self, data, **more: self.sum(f(self, data, axis=1), axis=0, exclude=True)),
        "zoo/GradientPenalty",
        "/2x1x2x2/",
    ),
    "samples not in order": (op("sort", unsorted), "zoo/Wasserstein1d", "/2x3/"),
    "masses ignored": (
        function(transport, "wasserstein_1d_of_masses", masses_ignored),
        "zoo/Wasserstein1d",
        "/masses-reduction=none/",
    ),
    "root forgotten": (
        function(transport, "root", lambda f: lambda F, value, *, p: value),
        "zoo/Wasserstein1d",
        "/2x3-p=2.0,root=True/",
    ),
    "half of the cost always": (as_another(half=True), SINKHORN, "half=False"),
    "entropy left out": (as_another(sharp=True), SINKHORN, "/3-2/"),
    "entropy kept": (as_another(sharp=False), SINKHORN, "sharp=True"),
    "bias kept": (as_another(debias=False), SINKHORN, "/3-2/"),
    "one step only": (as_another(iterations=1), SINKHORN, "/3-2/"),
    "masses of points ignored": (
        function(
            transport,
            "_cloud",
            lambda f: lambda F, points, mass: f(F, points, F.where(mass > 0, F.ones_like(mass), 0.0)),
        ),
        SINKHORN,
        "/masses-",
    ),
    "potentials that do not belong together": (
        op("stop_gradient", lambda f: lambda self, x: 1.01 * f(self, x)),
        SINKHORN,
        "/3-2/",
    ),
    "means ignored": (
        function(
            frechet, "of_samples", lambda f: lambda F, x, y: f(F, frechet._centred(F, x)[1], frechet._centred(F, y)[1])
        ),
        "zoo/FID",
        "/3x4-2x4/",
    ),
    "Frobenius for nuclear norm": (
        op("nuclear_norm", lambda f: lambda self, data: self.norm(data)),
        "zoo/FID",
        "/5x3-4x3/",  # of two samples only one singular value is not 0
    ),
    "covariance for its factor": (
        function(frechet, "factor", lambda f: lambda F, covariance: covariance),
        "zoo/FIDFromMoments",
        "/3/",
    ),
    "product of factors not turned": (
        op("dot", lambda f: lambda self, a, b, transpose_a=False, transpose_b=False: f(self, a, b, False, transpose_b)),
        "zoo/FIDFromMoments",
        "/3/",
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_caught(name):
    is_caught(*SABOTAGES[name])
