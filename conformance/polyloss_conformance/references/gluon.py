"""References for ``mxnet.gluon.loss`` 1.9.1: for each loss what its documentation prints and what its code computes.

`REFERENCES` maps ``gluon/L2Loss`` and the like to a `Reference`; aliases of a loss share its record.
"""

from __future__ import annotations

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.references import gluon_values as values
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.references.reference import Reference


def of(case: Case) -> Reference:
    """The reference of the loss of `case`.

    Raises:
        KeyError: there is none.
    """
    return REFERENCES[case.loss]


def value(case: Case) -> Array:
    """What 1.9.1 computes on `case`."""
    return of(case).value(inputs_of(case), case.config, case.call)


_MEAN = r"L_n = \frac{1}{m} \sum_{i=1}^{m} w\,s_{ni}\,"
_REFERENCES = (
    Reference(
        "L2Loss",
        "Half the mean of the squared differences of each sample.",
        r"L = \frac{1}{2} \sum_i \vert {label}_i - {pred}_i \vert^2",
        _MEAN + r"\tfrac{1}{2} (y_{ni} - x_{ni})^2",
        values.elementwise(values.l2),
        values.printed_sum(values.l2),
    ),
    Reference(
        "L1Loss",
        "The mean of the absolute differences of each sample.",
        r"L = \sum_i \vert {label}_i - {pred}_i \vert",
        _MEAN + r"\vert y_{ni} - x_{ni} \vert",
        values.elementwise(values.l1),
        values.printed_sum(values.l1),
    ),
    Reference(
        "SigmoidBinaryCrossEntropyLoss",
        "The mean cross entropy of independent yes-or-no labels, from scores or from probabilities.",
        r"prob = \frac{1}{1 + \exp(-{pred})} \qquad L = - \sum_i {label}_i * \log({prob}_i) * pos\_weight"
        r" + (1 - {label}_i) * \log(1 - {prob}_i)",
        _MEAN + r"\left[ y_{ni}\,q_{ni} \log(1 + e^{-x_{ni}}) + (1 - y_{ni}) \log(1 + e^{x_{ni}}) \right]"
        r" \qquad \text{from sigmoid: } -\left[ y_{ni}\,q_{ni} \log(x_{ni} + 10^{-12})"
        r" + (1 - y_{ni}) \log(1 - x_{ni} + 10^{-12}) \right]",
        values.computed_bce,
        values.documented_bce,
    ),
    Reference(
        "SoftmaxCrossEntropyLoss",
        "The cross entropy between the softmax of the scores and a class index or a distribution, averaged over positions.",
        r"p = \operatorname{softmax}({pred}) \qquad L = -\sum_i \log p_{i,{label}_i}"
        r" \quad\text{or}\quad L = -\sum_i \sum_j {label}_j \log p_{ij}",
        r"L_n = -\frac{1}{m} \sum_{i=1}^{m} w\,s_{ni} \log p_{n,i,c(y_{ni})}, \quad c(y) = \min(\max(\lfloor y \rceil_0, 0), C - 1)"
        r" \quad\text{or}\quad L_n = -\frac{1}{m} \sum_{i=1}^{m} w\,s_{ni} \sum_j y_{nij} \log p_{nij}",
        values.computed_softmax_ce,
        values.documented_softmax_ce,
    ),
    Reference(
        "KLDivLoss",
        "The divergence of the predicted distribution from the label's, summed over each sample.",
        r"L = \sum_i {label}_i * \big[\log({label}_i) - {pred}_i\big] \quad\text{or}\quad prob = \operatorname{softmax}({pred}),"
        r"\ L = \sum_i {label}_i * \big[\log({label}_i) - \log({prob}_i)\big]",
        r"L_n = \sum_{i=1}^{m} w\,s_{ni}\,y_{ni} \left[ \log(y_{ni} + 10^{-12}) - x_{ni} \right]",
        values.computed_kl_div,
        values.documented_kl_div,
    ),
    Reference(
        "CTCLoss",
        "Minus the log of the probability that the frames, read without repetitions and blanks, give the label.",
        r"\text{(no formula printed)}",
        r"L_n = -w\,s_n \log \sum_{\pi \in \mathcal{B}^{-1}(y_n)} \prod_{t=1}^{T_n} \operatorname{softmax}(x_{nt})_{\pi_t}",
        values.computed_ctc,
    ),
    Reference(
        "HuberLoss",
        "The mean of differences that count quadratically up to rho and linearly beyond.",
        r"L = \sum_i \begin{cases} \frac{1}{2 {rho}} ({label}_i - {pred}_i)^2 & \text{ if } |{label}_i - {pred}_i| < {rho} \\"
        r" |{label}_i - {pred}_i| - \frac{{rho}}{2} & \text{ otherwise } \end{cases}",
        _MEAN
        + r"\begin{cases} d_{ni} - \frac{\rho}{2} & d_{ni} > \rho \\ \frac{1}{2 \rho} d_{ni}^2 & \text{otherwise} \end{cases}"
        r" \qquad d_{ni} = |y_{ni} - x_{ni}|",
        values.elementwise(values.huber),
        values.printed_sum(values.huber),
    ),
    Reference(
        "HingeLoss",
        "The mean of what each prediction, signed by its label, lacks to the margin.",
        r"L = \sum_i max(0, {margin} - {pred}_i \cdot {label}_i)",
        _MEAN + r"\max(0, \text{margin} - x_{ni} y_{ni})",
        values.elementwise(values.hinge),
        values.printed_sum(values.hinge),
    ),
    Reference(
        "SquaredHingeLoss",
        "The mean of the squares of what each prediction, signed by its label, lacks to the margin.",
        r"L = \sum_i max(0, {margin} - {pred}_i \cdot {label}_i)^2",
        _MEAN + r"\max(0, \text{margin} - x_{ni} y_{ni})^2",
        values.elementwise(values.squared_hinge),
        values.printed_sum(values.squared_hinge),
    ),
    Reference(
        "LogisticLoss",
        "The mean logistic loss of scores for two classes, labelled -1 and 1 or 0 and 1.",
        r"L = \sum_i \log(1 + \exp(- {pred}_i \cdot {label}_i))",
        _MEAN + r"\left[ \max(x_{ni}, 0) - x_{ni} z_{ni} + \log(1 + e^{-|x_{ni}|}) \right]"
        r" \qquad z = \tfrac{1}{2}(y + 1) \text{ if signed, else } y",
        values.elementwise(values.logistic),
        values.printed_sum(values.printed_logistic),
    ),
    Reference(
        "TripletLoss",
        "How much less than the margin a sample lies nearer to its positive than to its negative example.",
        r"L = \sum_i \max(\Vert {pos_i}_i - {pred} \Vert_2^2 - \Vert {neg_i}_i - {pred} \Vert_2^2 + {margin}, 0)",
        r"L_n = w \max\left( \sum_i \left[ (p_{ni} - x_{ni})^2 - (q_{ni} - x_{ni})^2 \right] + \text{margin},\, 0 \right)",
        values.computed_triplet,
        values.documented_triplet,
    ),
    Reference(
        "PoissonNLLLoss",
        "The mean negative log likelihood of counts under Poisson distributions with the predicted rates.",
        r"L = \text{pred} - \text{target} * \log(\text{pred}) + \log(\text{target!})",
        r"L = \frac{1}{Nm} \sum_{n,i} w\,s_{ni} \left[ e^{x_{ni}} - k_{ni} x_{ni} + [k_{ni} > 1]\,S(k_{ni}) \right]"
        r" \quad\text{or, of rates,}\quad x_{ni} - k_{ni} \log(x_{ni} + \epsilon) + [k_{ni} > 1]\,S(k_{ni})"
        r" \qquad S(k) = k \log k - k + \tfrac{1}{2} \log(2 \pi k) \text{ if full, else } 0",
        values.computed_poisson_nll,
        values.documented_poisson_nll,
    ),
    Reference(
        "CosineEmbeddingLoss",
        "One minus the cosine of pairs that belong together, and the cosine beyond a margin of pairs that do not.",
        r"L = \sum_i \begin{cases} 1 - {cos\_sim({input1}_i, {input2}_i)} & \text{ if } {label}_i = 1\\"
        r" {cos\_sim({input1}_i, {input2}_i)} & \text{ if } {label}_i = -1 \end{cases} \qquad"
        r" cos\_sim(input1, input2) = \frac{{input1}_i.{input2}_i}{||{input1}_i||.||{input2}_i||}",
        r"L_n = w\,s_n \begin{cases} 1 - c_n & y_n = 1 \\ \max(0, c_n - \text{margin}) & y_n = -1 \\ 0 & \text{otherwise} \end{cases}"
        r" \qquad c_n = \frac{u_n \cdot v_n}{\max(\lVert u_n \rVert \lVert v_n \rVert,\, 10^{-12})}",
        values.computed_cosine_embedding,
        values.documented_cosine_embedding,
    ),
    Reference(
        "SDMLLoss",
        "How far the softmax over negative squared distances is from naming each row's aligned partner, smoothed.",
        r"\text{(no formula printed)}",
        r"L_n = \sum_j y_{nj} \left[ \log(y_{nj} + 10^{-12}) - \log \operatorname{softmax}_j(-\lVert u_n - v_j \rVert^2) \right]"
        r" \qquad y_{nn} = 1 - s,\ y_{nj} = \tfrac{s}{N - 1} \text{ for } j \ne n",
        values.computed_sdml,
        values.documented_sdml,
    ),
)

ALIASES = {"SigmoidBCELoss": "SigmoidBinaryCrossEntropyLoss", "SoftmaxCELoss": "SoftmaxCrossEntropyLoss"}

REFERENCES: dict[str, Reference] = {f"gluon/{reference.name}": reference for reference in _REFERENCES}
REFERENCES |= {f"gluon/{alias}": REFERENCES[f"gluon/{name}"] for alias, name in ALIASES.items()}
