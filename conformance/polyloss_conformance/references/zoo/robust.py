"""References for the robust losses: each as its own paper has it, Barron's family as printed with its limits."""

from __future__ import annotations

from collections.abc import Callable

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each
from polyloss_conformance.references.reference import Call, Config, Inputs, Value
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _of(rho: Callable[[Number, Config], Number]) -> Value:
    """A loss of the residual over the scale."""

    def compute(inputs: Inputs, config: Config, call: Call) -> Array:
        scale = mp.mpf(config.get("scale", 1.0))
        return reduced(each(lambda x, y: rho((x - y) / scale, config), inputs["pred"], inputs["target"]), config)

    return compute


def _barron(u: Number, config: Config) -> Number:
    alpha = mp.mpf(config.get("alpha", 1.0))
    if alpha == 2:
        return u**2 / 2
    if alpha == 0:
        return mp.log(u**2 / 2 + 1)
    if mp.isinf(alpha):
        return 1 - mp.exp(-(u**2) / 2)
    b = abs(alpha - 2)
    return b / alpha * ((u**2 / b + 1) ** (alpha / 2) - 1)


_U = r", \quad u_n = (x_n - y_n) / s"

REFERENCES = (
    zoo(
        "Charbonnier",
        "Half the square for small residuals, the absolute value for large ones.",
        r"\rho(u) = \sqrt{u^2 + 1} - 1",
        REDUCED + r"l_n = \sqrt{u_n^2 + 1} - 1" + _U,
        _of(lambda u, config: mp.sqrt(u**2 + 1) - 1),
        paper="Charbonnier et al., Two Deterministic Half-Quadratic Regularization Algorithms for Computed Imaging, ICIP 1994",
    ),
    zoo(
        "Cauchy",
        "Grows like a logarithm.",
        r"\rho(u) = \log(\tfrac12 u^2 + 1)",
        REDUCED + r"l_n = \log(\tfrac12 u_n^2 + 1)" + _U,
        _of(lambda u, config: mp.log(u**2 / 2 + 1)),
        paper="Black and Anandan, The Robust Estimation of Multiple Motions, CVIU 63(1), 1996",
    ),
    zoo(
        "GemanMcClure",
        "Bounded: an outlier costs the same however far it is.",
        r"\rho(u) = \frac{2 u^2}{u^2 + 4}",
        REDUCED + r"l_n = \frac{2 u_n^2}{u_n^2 + 4}" + _U,
        _of(lambda u, config: 2 * u**2 / (u**2 + 4)),
        paper="Geman and McClure, Bayesian Image Analysis: an Application to Single Photon Emission Tomography, 1985",
    ),
    zoo(
        "Welsch",
        "Bounded, and flat sooner than any other of the family.",
        r"\rho(u) = 1 - e^{-u^2 / 2}",
        REDUCED + r"l_n = 1 - e^{-u_n^2 / 2}" + _U,
        _of(lambda u, config: 1 - mp.exp(-(u**2) / 2)),
        paper="Dennis and Welsch, Techniques for Nonlinear Least Squares and Robust Regression, 1978",
    ),
    zoo(
        "Barron",
        "The family of which the others are members, by its shape alpha.",
        r"\rho(x, \alpha, c) = \frac{|\alpha - 2|}{\alpha}"
        r" \bigg(\Big(\frac{(x / c)^2}{|\alpha - 2|} + 1\Big)^{\alpha / 2} - 1\bigg)",
        REDUCED + r"l_n = \rho(x_n - y_n, \alpha, s), \text{ in the limit at } \alpha = 2, 0, -\infty",
        _of(_barron),
        paper="Barron, A General and Adaptive Robust Loss Function, CVPR 2019",
    ),
)
