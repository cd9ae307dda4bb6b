"""References for the losses and distances between distributions, and of adversarial training, from their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import NEAR, Number, each, exact, exp, log, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo


def _log_of_one_minus_sigmoid(x: Number) -> Number:
    """``log(1 - 1 / (1 + e^-x))``, kept from cancelling where the sigmoid is 1."""
    return -x - mp.log1p(exp(-x)) if x > 0 else -mp.log1p(exp(x))


def _real(kind: str, f: Number) -> Number:
    if kind == "hinge":
        return max(1 - f, mp.zero)
    if kind == "least_squares":
        return (f - 1) ** 2 / 2
    return -_log_of_one_minus_sigmoid(-f) if kind == "logistic" else -f


def _fake(kind: str, f: Number) -> Number:
    if kind == "hinge":
        return max(1 + f, mp.zero)
    if kind == "least_squares":
        return f**2 / 2
    return -_log_of_one_minus_sigmoid(f) if kind == "logistic" else f


def _critic(inputs: Inputs, config: Config, call: Call) -> Array:
    kind = config.get("kind", "wasserstein")
    (fake, real) = (list(inputs[name].flat) for name in ("fake", "real"))
    of_fake = total(_fake(kind, f) for f in fake) / max(len(fake), 1)
    return np.asarray(of_fake + total(_real(kind, f) for f in real) / max(len(real), 1), dtype=object)


def _generator(inputs: Inputs, config: Config, call: Call) -> Array:
    kind = config.get("kind", "wasserstein")
    return reduced(each(lambda f: -f if kind == "hinge" else _real(kind, f), inputs["fake"]), config)


def _relativistic(inputs: Inputs, config: Config, call: Call) -> Array:
    kind = config.get("kind", "logistic")
    (fake, real) = (list(inputs[name].flat) for name in ("fake", "real"))
    (mean_fake, mean_real) = (total(scores) / max(len(scores), 1) for scores in (fake, real))
    of_real = [_real(kind, f - mean_fake) for f in real]
    of_fake = [_real(kind, mean_real - f) for f in fake]
    return np.asarray(sum(total(each) / max(len(each), 1) for each in (of_real, of_fake)), dtype=object)


def _gradient_penalty(inputs: Inputs, config: Config, call: Call) -> Array:
    (weight, norm) = (mp.mpf(config.get("weight", 10.0)), mp.mpf(config.get("norm", 1.0)))
    found = []
    for gradient in inputs["gradient"]:
        excess = mp.sqrt(total(g * g for g in np.asarray(gradient, dtype=object).flat)) - norm
        found.append(mp.zero if config.get("one_sided") and excess < 0 else weight * excess**2)
    return reduced(found, config)


def _quantile(samples: Sequence[tuple[Number, Number]], level: Number) -> Number:
    """The least sample up to which there is a share of `level` of the mass."""
    (whole, below) = (total(mass for _, mass in samples), mp.zero)
    for value, mass in sorted(samples, key=lambda one: one[0]):
        below += mass
        if below >= level * whole:
            return value
    raise AssertionError("a level above 1")


def _levels(samples: Sequence[tuple[Number, Number]]) -> list[Number]:
    """The shares of the mass at which the quantile function jumps."""
    (whole, below, found) = (total(mass for _, mass in samples), mp.zero, [])
    for _, mass in sorted(samples, key=lambda one: one[0]):
        below += mass
        found.append(below / whole)
    return found[:-1]


def _wasserstein_1d(inputs: Inputs, config: Config, call: Call) -> Array:
    """The integral of the difference of the quantile functions: piece by piece between all jumps, at the middle of each."""
    p = mp.mpf(config.get("p", 1.0))
    rows = inputs["x"].shape[:-1]
    found = np.empty(rows, dtype=object)
    for row in np.ndindex(*rows):
        sides = []
        for name in ("x", "y"):
            masses = inputs.get(f"{name}_weight")
            weights = [mp.one] * inputs[name].shape[-1] if masses is None else list(masses[row])
            sides.append([(v, m) for v, m in zip(inputs[name][row], weights, strict=True) if abs(m) > mp.mpf(NEAR)])
        if not all(sides):
            found[row] = mp.zero
            continue
        levels = sorted([mp.zero, *_levels(sides[0]), *_levels(sides[1]), mp.one])
        pieces = []
        for low, high in pairwise(levels):
            if high > low:
                gap = abs(_quantile(sides[0], (low + high) / 2) - _quantile(sides[1], (low + high) / 2))
                pieces.append((high - low) * gap**p)
        cost = total(pieces)
        found[row] = cost ** (1 / p) if config.get("root") else cost
    return reduced(found, config)


def _covariance(features: Array) -> tuple[list[Number], mp.matrix]:
    (rows, size) = features.shape
    mean = [total(features[:, d]) / rows for d in range(size)]
    return mean, mp.matrix(
        [
            [total((row[i] - mean[i]) * (row[j] - mean[j]) for row in features) / (rows - 1) for j in range(size)]
            for i in range(size)
        ]
    )


def _root(matrix: mp.matrix) -> mp.matrix:
    (values, vectors) = mp.eigsy(matrix)
    return vectors * mp.diag([mp.sqrt(max(value, mp.zero)) for value in values]) * vectors.T


def _frechet(m: Sequence[Number], s: mp.matrix, n: Sequence[Number], t: mp.matrix) -> Array:
    """By the root of ``S^(1/2) T S^(1/2)``, whose eigenvalues are those of S T."""
    root = _root(s)
    values = mp.eigsy(root * t * root, eigvals_only=True)
    gap = total((a - b) ** 2 for a, b in zip(m, n, strict=True))
    trace = total(s[i, i] + t[i, i] for i in range(len(m)))
    return np.asarray(gap + trace - 2 * total(mp.sqrt(max(value, mp.zero)) for value in values), dtype=object)


def _fid(inputs: Inputs, config: Config, call: Call) -> Array:
    return _frechet(*_covariance(fixed(inputs["fake"])), *_covariance(fixed(inputs["real"])))


def _fid_from_moments(inputs: Inputs, config: Config, call: Call) -> Array:
    (m, s, n, t) = (fixed(inputs[f"{side}_{what}"]) for side in ("fake", "real") for what in ("mean", "covariance"))
    return _frechet(list(m), mp.matrix(s.tolist()), list(n), mp.matrix(t.tolist()))


_FRECHET = r"d^2 = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{Tr}(\Sigma_1 + \Sigma_2 - 2 (\Sigma_1 \Sigma_2)^{1/2})"
_HEUSEL = (
    "Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, NeurIPS 2017;"
    " Dowson and Landau, The Frechet Distance Between Multivariate Normal Distributions, 1982"
)
_ARJOVSKY = "Arjovsky, Chintala and Bottou, Wasserstein GAN, ICML 2017"


def _potentials(cost: Array, a: list[Number], b: list[Number], epsilon: Number, steps: int) -> list[Number]:
    """The potential of the first set after so many steps, each of which makes all column sums and then all row sums right."""
    (rows, columns) = cost.shape
    f = [mp.zero] * rows
    for _ in range(steps):
        g = _columns(cost, a, f, epsilon)
        f = [
            -epsilon * log(total(b[j] * exp((g[j] - cost[i, j]) / epsilon) for j in range(columns)))
            for i in range(rows)
        ]
    return f


def _self_potential(cost: Array, a: list[Number], epsilon: Number, steps: int) -> list[Number]:
    """The potential of a set with itself: half way to the next one each time."""
    f = [mp.zero] * len(cost)
    for _ in range(steps):
        f = [(old + new) / 2 for old, new in zip(f, _columns(cost, a, f, epsilon), strict=True)]
    return f


def _columns(cost: Array, a: list[Number], f: Sequence[Number], epsilon: Number) -> list[Number]:
    """What makes the sum of each column that of its mass."""
    (rows, columns) = cost.shape
    return [
        -epsilon * log(total(a[i] * exp((f[i] - cost[i, j]) / epsilon) for i in range(rows))) for j in range(columns)
    ]


class _Cloud(NamedTuple):
    """The points that have mass, and their shares of it."""

    points: list[Array]
    shares: list[Number]


def _cloud(points: Array, mass: Array) -> _Cloud:
    there = [i for i, one in enumerate(mass) if one > mp.mpf(NEAR)]
    whole = total(mass[i] for i in there)
    return _Cloud([points[i] for i in there], [mass[i] / whole for i in there])


def _costs(x: _Cloud, y: _Cloud, config: Config) -> Array:
    scale = mp.mpf("0.5") if config.get("half", True) else mp.one
    found = np.empty((len(x.points), len(y.points)), dtype=object)
    for i, j in np.ndindex(found.shape):
        found[i, j] = scale * total((p - q) ** 2 for p, q in zip(x.points[i], y.points[j], strict=True))
    return found


def _entropic_cost(x: _Cloud, y: _Cloud, still_x: _Cloud, still_y: _Cloud, config: Config) -> Number:
    """Two clouds, and the same without the step of the slopes, from which all is made that the gradient holds constant."""
    (epsilon, steps) = (mp.mpf(config.get("epsilon", 0.1)), config.get("iterations", 100))
    (cost, still) = (_costs(x, y, config), _costs(still_x, still_y, config))
    (a, b) = (still_x.shares, still_y.shares)
    f = _self_potential(still, a, epsilon, steps) if x is y else _potentials(still, a, b, epsilon, steps)
    if config.get("sharp"):
        g = _columns(still, a, f, epsilon)
        plan = [a[i] * b[j] * exp((f[i] + g[j] - still[i, j]) / epsilon) for i, j in np.ndindex(cost.shape)]
        return total(share * price for share, price in zip(plan, cost.flat, strict=True))
    g = _columns(cost, x.shares, f, epsilon)
    return total(p * q for p, q in zip(x.shares, f, strict=True)) + total(
        p * q for p, q in zip(y.shares, g, strict=True)
    )


def _sinkhorn(inputs: Inputs, config: Config, call: Call) -> Array:
    sides: list[list[tuple[_Cloud, _Cloud]]] = []
    for name in "xy":
        points = inputs[name]
        mass = inputs.get(f"{name}_weight", exact(np.ones(points.shape[:2])))
        pairs = zip(points, mass, fixed(points), fixed(mass), strict=True)
        sides.append([(_cloud(p, m), _cloud(still_p, still_m)) for p, m, still_p, still_m in pairs])
    found = []
    for (x, still_x), (y, still_y) in zip(*sides, strict=True):
        if not x.points or not y.points:
            found.append(mp.zero)
            continue
        value = _entropic_cost(x, y, still_x, still_y, config)
        if config.get("debias", True):
            value -= _entropic_cost(x, x, still_x, still_x, config) / 2
            value -= _entropic_cost(y, y, still_y, still_y, config) / 2
        found.append(value)
    return reduced(found, config)


REFERENCES = (
    zoo(
        "Critic",
        "How far the critic of a GAN is from scoring real samples high and generated ones low.",
        r"\max_w \mathbb{E}_{x \sim P_r} f_w(x) - \mathbb{E}_{z} f_w(g_\theta(z))",
        r"\ell = \operatorname{mean}_n l^-(\tilde{f}_n) + \operatorname{mean}_m l^+(f_m), \quad (l^-, l^+)(f) ="
        r" (f, -f),\ (\max(1 + f, 0), \max(1 - f, 0)),\ (\tfrac{1}{2} f^2, \tfrac{1}{2} (f - 1)^2)"
        r" \text{ or } (\log(1 + e^f), \log(1 + e^{-f}))",
        _critic,
        paper=_ARJOVSKY,
    ),
    zoo(
        "Generator",
        "How far a generator is from being scored high by the critic of a GAN.",
        r"\min_\theta -\mathbb{E}_{z} f_w(g_\theta(z))",
        REDUCED + r"l_n = -f_n,\ \tfrac{1}{2} (f_n - 1)^2 \text{ or } \log(1 + e^{-f_n})",
        _generator,
        paper=_ARJOVSKY,
    ),
    zoo(
        "RelativisticAverage",
        "How far the critic of a GAN is from scoring each real sample above the mean of generated ones, and these below that of real ones.",
        r"\mathbb{E}_{x_r} \tilde{f}_1\left(C(x_r) - \mathbb{E}_{x_f} C(x_f)\right)"
        r" + \mathbb{E}_{x_f} \tilde{f}_2\left(C(x_f) - \mathbb{E}_{x_r} C(x_r)\right)",
        r"\ell = \operatorname{mean}_m \varphi(f_m - \operatorname{mean}_n \tilde{f}_n)"
        r" + \operatorname{mean}_n \varphi(\operatorname{mean}_m f_m - \tilde{f}_n),"
        r" \quad \varphi(d) = \log(1 + e^{-d}),\ \max(1 - d, 0) \text{ or } \tfrac{1}{2} (d - 1)^2",
        _relativistic,
        paper="Jolicoeur-Martineau, The relativistic discriminator: a key element missing from standard GAN, ICLR 2019",
    ),
    zoo(
        "GradientPenalty",
        "How far the slopes of a critic are from a norm of 1.",
        r"\lambda\, \mathbb{E}_{\hat{x}} (\lVert \nabla_{\hat{x}} D(\hat{x}) \rVert_2 - 1)^2",
        REDUCED + r"l_n = \lambda (\lVert g_n \rVert_2 - c)^2 \text{ or } \lambda \max(\lVert g_n \rVert_2 - c, 0)^2",
        _gradient_penalty,
        paper="Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017",
    ),
    zoo(
        "Wasserstein1d",
        "The least mean cost of moving one sample of numbers onto another.",
        r"W_p^p = \int_0^1 \lvert F^{-1}(t) - G^{-1}(t) \rvert^p\, dt",
        REDUCED + r"l_b = \tfrac{1}{n} \sum_i \lvert x_{b(i)} - y_{b(i)} \rvert^p \text{ or } \sum_k (t_k - t_{k-1})"
        r" \lvert F_b^{-1}(t_k) - G_b^{-1}(t_k) \rvert^p, \quad t \text{ all levels of both in order}",
        _wasserstein_1d,
        paper="Peyre and Cuturi, Computational Optimal Transport, 2019, remark 2.30",
    ),
    zoo(
        "FID",
        "The distance between the normal distributions fitted to the features of two sets of samples.",
        _FRECHET,
        r"\ell = \max(0, \lVert \bar{x} - \bar{y} \rVert^2 + \lVert A \rVert_F^2 + \lVert B \rVert_F^2 - 2 \lVert A B^T \rVert_*),"
        r" \quad A = (X - \bar{x}) / \sqrt{N - 1},\ B = (Y - \bar{y}) / \sqrt{M - 1}",
        _fid,
        paper=_HEUSEL,
    ),
    zoo(
        "FIDFromMoments",
        "The distance between two normal distributions of given means and covariances.",
        _FRECHET,
        r"\ell = \max(0, \lVert \mu_1 - \mu_2 \rVert^2 + \lVert L \rVert_F^2 + \lVert M \rVert_F^2 - 2 \lVert L^T M \rVert_*),"
        r" \quad \Sigma_1 = L L^T,\ \Sigma_2 = M M^T",
        _fid_from_moments,
        paper=_HEUSEL,
    ),
    zoo(
        "SinkhornDivergence",
        "The entropic cost of moving one set of points onto another, less what each costs with itself.",
        r"S_\varepsilon(\alpha, \beta) = OT_\varepsilon(\alpha, \beta) - \tfrac12 OT_\varepsilon(\alpha, \alpha)"
        r" - \tfrac12 OT_\varepsilon(\beta, \beta),"
        r"\ OT_\varepsilon = \min_\pi \int C\, d\pi + \varepsilon KL(\pi | \alpha \otimes \beta)",
        REDUCED + r"l_n = W(x_n, y_n) - \tfrac12 W(x_n, x_n) - \tfrac12 W(y_n, y_n),"
        r"\ W = \sum_i a_i f_i + \sum_j b_j g_j,\ g_j = -\varepsilon \log \sum_i a_i e^{(f_i - C_{ij}) / \varepsilon}",
        _sinkhorn,
        paper="Feydy et al., Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019",
    ),
)
