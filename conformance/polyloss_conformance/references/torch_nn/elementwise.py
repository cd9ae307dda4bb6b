"""References for the losses that go element by element."""

from __future__ import annotations

from polyloss_conformance.references.torch_nn import values
from polyloss_conformance.references.torch_nn.common import REDUCED, torch

_PAIR = r"\ell(x, y) = L = \{l_1,\dots,l_N\}^\top, \quad l_n = "

REFERENCES = (
    torch(
        "L1Loss",
        "The absolute differences of input and target.",
        _PAIR + r"\left| x_n - y_n \right|",
        REDUCED + r"l_n = \vert x_n - y_n \vert",
        values.elementwise(values.l1),
    ),
    torch(
        "MSELoss",
        "The squared differences of input and target.",
        _PAIR + r"\left( x_n - y_n \right)^2",
        REDUCED + r"l_n = (x_n - y_n)^2",
        values.elementwise(values.mse),
    ),
    torch(
        "SmoothL1Loss",
        "Differences that count quadratically up to beta and linearly, with slope 1, beyond.",
        r"l_n = \begin{cases} 0.5 (x_n - y_n)^2 / beta, & \text{if } |x_n - y_n| < beta \\ |x_n - y_n| - 0.5 * beta, &"
        r" \text{otherwise } \end{cases}",
        REDUCED
        + r"l_n = \begin{cases} \frac{d_n^2}{2 \beta} & d_n < \beta \\ d_n - \frac{\beta}{2} & \text{otherwise} \end{cases}"
        r" \qquad d_n = |x_n - y_n|",
        values.elementwise(values.smooth_l1),
    ),
    torch(
        "HuberLoss",
        "Differences that count quadratically up to delta and linearly, with slope delta, beyond.",
        r"l_n = \begin{cases} 0.5 (x_n - y_n)^2, & \text{if } |x_n - y_n| < delta \\ delta * (|x_n - y_n| - 0.5 * delta), &"
        r" \text{otherwise } \end{cases}",
        REDUCED
        + r"l_n = \begin{cases} \frac{1}{2} d_n^2 & d_n < \delta \\ \delta (d_n - \frac{\delta}{2}) & \text{otherwise}"
        r" \end{cases} \qquad d_n = |x_n - y_n|",
        values.elementwise(values.huber),
    ),
    torch(
        "BCELoss",
        "The cross entropy of independent yes-or-no targets, from probabilities.",
        _PAIR + r"- w_n \left[ y_n \cdot \log x_n + (1 - y_n) \cdot \log (1 - x_n) \right]",
        REDUCED + r"l_n = -w_n \left[ y_n \max(\log x_n, -100) + (1 - y_n) \max(\log(1 - x_n), -100) \right] \qquad"
        r" \frac{\partial l_n}{\partial x_n} = w_n \frac{x_n - y_n}{\max(x_n (1 - x_n),\, 10^{-12})}",
        values.computed_bce,
        values.by_sample(values.computed_bce),
    ),
    torch(
        "BCEWithLogitsLoss",
        "The cross entropy of independent yes-or-no targets, from logits.",
        _PAIR + r"- w_n \left[ p\, y_n \cdot \log \sigma(x_n) + (1 - y_n) \cdot \log (1 - \sigma(x_n)) \right]",
        REDUCED + r"l_n = w_n \left[ p_n y_n \log(1 + e^{-x_n}) + (1 - y_n) \log(1 + e^{x_n}) \right]",
        values.computed_bce_with_logits,
    ),
    torch(
        "PoissonNLLLoss",
        "The negative log likelihood of counts under Poisson distributions with the predicted rates.",
        r"\text{loss}(\text{input}, \text{target}) = \text{input} - \text{target} * \log(\text{input}) + \log(\text{target!})",
        REDUCED
        + r"l_n = e^{x_n} - k_n x_n + [k_n > 1]\,S(k_n) \quad\text{or, of rates,}\quad x_n - k_n \log(x_n + \epsilon)"
        r" + [k_n > 1]\,S(k_n) \qquad S(k) = k \log k - k + \tfrac{1}{2} \log(2 \pi k) \text{ if full, else } 0",
        values.computed_poisson_nll,
        values.documented_poisson_nll,
    ),
    torch(
        "GaussianNLLLoss",
        "The negative log likelihood of targets under Gaussian distributions with the predicted means and variances.",
        r"\text{loss} = \frac{1}{2}\left(\log\left(\text{max}\left(\text{var}, \ \text{eps}\right)\right) + \frac{\left(\text{input}"
        r" - \text{target}\right)^2} {\text{max}\left(\text{var}, \ \text{eps}\right)}\right) + \text{const.}",
        REDUCED
        + r"l_n = \frac{1}{2} \left[ \log v_n + \frac{(x_n - y_n)^2}{v_n} \right] + c \qquad v_n = \max(\text{var}_n, \epsilon),"
        r"\ \frac{\partial v_n}{\partial \text{var}_n} = 1,\ c = \tfrac{1}{2} \log(2 \pi) \text{ if full, else } 0",
        values.computed_gaussian_nll,
    ),
    torch(
        "KLDivLoss",
        "The divergence of the predicted distribution, given as logarithms, from the target's, element by element.",
        r"L(y_{\text{pred}},\ y_{\text{true}}) = y_{\text{true}} \cdot (\log y_{\text{true}} - \log y_{\text{pred}})",
        REDUCED
        + r"l_n = y_n \log y_n - y_n x_n,\ 0 \log 0 = 0 \quad\text{or, of log targets,}\quad e^{y_n} (y_n - x_n)",
        values.computed_kl_div,
        values.documented_kl_div,
    ),
    torch(
        "HingeEmbeddingLoss",
        "The distances of pairs that belong together, and what those of other pairs lack to the margin.",
        r"l_n = \begin{cases} x_n, & \text{if}\; y_n = 1,\\ \max \{0, margin - x_n\}, & \text{if}\; y_n = -1, \end{cases}",
        REDUCED + r"l_n = [y_n \ne -1]\,x_n + [y_n \ne 1] \max(0, \text{margin} - x_n)",
        values.elementwise(values.hinge_embedding),
        values.elementwise(values.printed_hinge_embedding),
    ),
    torch(
        "SoftMarginLoss",
        "The logistic loss of scores for two classes, labelled -1 and 1.",
        r"\text{loss}(x, y) = \sum_i \frac{\log(1 + \exp(-y[i]*x[i]))}{\text{x.nelement}()}",
        REDUCED + r"l_n = \log(1 + e^{-y_n x_n})",
        values.elementwise(values.soft_margin),
    ),
    torch(
        "MarginRankingLoss",
        "What the first input of each pair lacks to being larger, or with target -1 smaller, than the second by the margin.",
        r"\text{loss}(x1, x2, y) = \max(0, -y * (x1 - x2) + \text{margin})",
        REDUCED + r"l_n = \max(0, -y_n (u_n - v_n) + \text{margin})",
        values.computed_margin_ranking,
    ),
)
