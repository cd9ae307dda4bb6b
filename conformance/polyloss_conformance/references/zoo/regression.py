"""References for the losses of a number predicted and a number seen."""

from __future__ import annotations

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number, each, exact, mean, per_sample
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo


def _quantile(inputs: Inputs, config: Config, call: Call) -> Array:
    (pred, target) = (inputs["pred"], inputs["target"])
    q = config.get("q", 0.5)
    if isinstance(q, tuple) and target.ndim < pred.ndim:
        target = target[..., None]
    levels = exact(q)
    if "kappa" in config:
        kappa = mp.mpf(config["kappa"])
        return reduced(
            each(lambda q, x, y: (1 - q if y < x else q) * _huber_of(y - x, kappa) / kappa, levels, pred, target),
            config,
        )
    return reduced(each(lambda q, x, y: max(q * (y - x), (q - 1) * (y - x)), levels, pred, target), config)


def _huber_of(error: Number, delta: Number) -> Number:
    return error**2 / 2 if abs(error) <= delta else delta * (abs(error) - delta / 2)


def _l1(inputs: Inputs, config: Config, call: Call) -> Array:
    return reduced(each(lambda x, y: abs(x - y), inputs["pred"], inputs["target"]), config)


def _l2(inputs: Inputs, config: Config, call: Call) -> Array:
    return reduced(each(lambda x, y: (x - y) ** 2, inputs["pred"], inputs["target"]), config)


def _huber(inputs: Inputs, config: Config, call: Call) -> Array:
    delta = mp.mpf(config.get("delta", 1.0))
    return reduced(each(lambda x, y: _huber_of(x - y, delta), inputs["pred"], inputs["target"]), config)


def _reconstruction(inputs: Inputs, config: Config, call: Call) -> Array:
    power = {"l1": 1, "l2": 2}[config.get("kind", "l1")]
    pixels = each(lambda x, y: abs(x - y) ** power, inputs["pred"], inputs["target"])
    return reduced(per_sample(pixels, 0, lambda terms: mean(terms) if terms else mp.zero), config)


def _gaussian_nll(inputs: Inputs, config: Config, call: Call) -> Array:
    var = inputs["var"]
    (least, beta) = (mp.mpf(config.get("eps", 1e-6)), mp.mpf(config.get("beta", 0.0)))
    lifted = each(lambda v: max(least - v, 0), fixed(var))  # a constant for the gradient, as are the weights
    weights = each(lambda v: max(least, v) ** beta, fixed(var))

    def nll(x: Number, y: Number, v: Number, lift: Number, weight: Number) -> Number:
        found = (mp.log(v + lift) + (x - y) ** 2 / (v + lift)) / 2
        return weight * (found + mp.log(2 * mp.pi) / 2 if config.get("full") else found)

    return reduced(each(nll, inputs["pred"], inputs["target"], var, lifted, weights), config)


REFERENCES = (
    zoo(
        "Quantile",
        "The pinball loss, least where the prediction is a quantile of the targets.",
        r"\rho_q(e) = \max(q\, e,\ (q - 1)\, e), \quad e = y - \hat{y}",
        REDUCED + r"l_n = q \max(y_n - x_n, 0) + (1 - q) \max(x_n - y_n, 0)",
        _quantile,
        paper="Koenker and Bassett, Regression Quantiles, Econometrica 46(1), 1978",
    ),
    zoo(
        "L1",
        "The absolute error.",
        r"\sum_n |x_n - y_n|",
        REDUCED + r"l_n = |x_n - y_n|",
        _l1,
        paper="Laplace, Memoire sur la probabilite des causes par les evenemens, 1774",
    ),
    zoo(
        "L2",
        "The squared error.",
        r"\sum_n (x_n - y_n)^2",
        REDUCED + r"l_n = (x_n - y_n)^2",
        _l2,
        paper="Legendre, Nouvelles methodes pour la determination des orbites des cometes, 1805",
    ),
    zoo(
        "Huber",
        "Huber's function: quadratic up to a threshold, linear beyond.",
        r"\rho_\delta(a) = \tfrac12 a^2 \text{ if } |a| \le \delta, \text{ else } \delta (|a| - \tfrac12 \delta)",
        REDUCED + r"l_n = m_n (|a_n| - m_n / 2), \quad a_n = x_n - y_n,\ m_n = \min(|a_n|, \delta)",
        _huber,
        paper="Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35(1), 1964",
    ),
    zoo(
        "Reconstruction",
        "How far images are from those they should rebuild, averaged over pixels and channels.",
        r"\frac{1}{HW} \sum_{i,j} |x_{ij} - y_{ij}|",
        REDUCED
        + r"l_n = \operatorname{mean}_{i \in n} |x_{ni} - y_{ni}| \text{ or } \operatorname{mean}_{i \in n} (x_{ni} - y_{ni})^2",
        _reconstruction,
        paper="shaoanlu, faceswap-GAN, 2018",
    ),
    zoo(
        "GaussianNLL",
        "The negative log likelihood of a normal distribution with predicted mean and variance.",
        r"\lfloor \sigma^{2 \beta} \rfloor \Big(\tfrac12 \log \sigma^2 + \frac{(y - \mu)^2}{2 \sigma^2}\Big)",
        REDUCED
        + r"l_n = \lfloor v_n^\beta \rfloor \tfrac12 \Big(\log v_n + \frac{(x_n - y_n)^2}{v_n} [{} + \log 2\pi]\Big),"
        r"\quad v_n = \max(\text{var}_n, \epsilon)",
        _gaussian_nll,
        paper="Nix and Weigend, ICNN 1994; Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty Estimation, ICLR 2022",
    ),
)
