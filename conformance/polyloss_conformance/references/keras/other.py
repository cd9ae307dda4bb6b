"""References for the hinges, the overlaps of regions, the distances of embeddings, sequences, and functions of one's own."""

from __future__ import annotations

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import each
from polyloss_conformance.references.keras import other_values as values
from polyloss_conformance.references.keras.common import REDUCED, keras, loss
from polyloss_conformance.references.reference import Call, Config, Inputs, Reference


def _masked_circle(inputs: Inputs, config: Config, call: Call) -> Array:
    """Rows whose loss is 0 are masked out. With references given, the function, which does not reduce."""
    if "ref_labels" in inputs:
        return values.circle(inputs, config)

    def unreduced(true: Array, pred: Array, config: Config) -> tuple[Array, Array]:
        found = values.circle({"y_true": true, "y_pred": pred}, config)
        return found, each(lambda x: mp.mpf(x > 0), found)

    return loss(unreduced, ranks=False)(inputs, config, call)


def _own(true: Array, pred: Array, config: Config) -> Array:
    """The function that the configuration names."""
    return values.OWN[config["fn"]](true, pred, config)


def _print_overlap(inputs: Inputs, config: Config, call: Call) -> Array:
    """Without the epsilon."""
    return loss(lambda true, pred, config: values.dice(true, pred, config, mp.zero))(inputs, config, call)


REFERENCES: tuple[Reference, ...] = (
    keras(
        "Hinge",
        "The hinge of labels -1 and 1 against scores, averaged over the last axis. Labels that are all 0 or 1 stand for these.",
        r"\text{loss} = \operatorname{mean}(\max(1 - y_\text{true} \, y_\text{pred}, 0))",
        REDUCED
        + r"l_n = \frac{1}{D} \sum_d \max(0, 1 - y_{nd} x_{nd}), \quad y := 2y - 1 \text{ if all } y \in \{0, 1\}",
        loss(values.hinge),
    ),
    keras(
        "SquaredHinge",
        "The square of the hinge, averaged over the last axis. Labels that are all 0 or 1 stand for -1 and 1.",
        r"\text{loss} = \operatorname{mean}(\max(1 - y_\text{true} \, y_\text{pred}, 0)^2)",
        REDUCED
        + r"l_n = \frac{1}{D} \sum_d \max(0, 1 - y_{nd} x_{nd})^2, \quad y := 2y - 1 \text{ if all } y \in \{0, 1\}",
        loss(values.squared_hinge),
    ),
    keras(
        "CategoricalHinge",
        "The hinge of the score of the right class against the best of the wrong ones, over the last axis.",
        r"\text{loss} = \max(\text{neg} - \text{pos} + 1, 0), \quad \text{neg} = \max((1 - y_\text{true}) \, y_\text{pred}),"
        r" \quad \text{pos} = \sum y_\text{true} \, y_\text{pred}",
        REDUCED + r"l_n = \max\Big(0, 1 + \max_c (1 - y_{nc}) x_{nc} - \sum_c y_{nc} x_{nc}\Big)",
        loss(values.categorical_hinge),
    ),
    keras(
        "Dice",
        "One less the Dice coefficient of two regions: twice their overlap over the sum of their sizes.",
        r"\text{loss} = 1 - \frac{2 \sum y_\text{true} \, y_\text{pred}}{\sum y_\text{true} + \sum y_\text{pred}}",
        REDUCED
        + r"l_n = 1 - \frac{2 \sum_i y_{ni} x_{ni}}{\sum_i y_{ni} + \sum_i x_{ni} + \epsilon}, \quad \epsilon = 10^{-7}",
        loss(values.dice),
        _print_overlap,
    ),
    keras(
        "Tversky",
        "One less the Tversky index of two regions, in which what is found wrongly and what is missed weigh alpha and beta.",
        r"\text{loss} = 1 - \frac{TP}{TP + \alpha \, FP + \beta \, FN}",
        REDUCED + r"l_n = 1 - \frac{\sum_i y_{ni} x_{ni}}{\sum_i y_{ni} x_{ni} + \alpha \sum_i (1 - y_{ni}) x_{ni}"
        r" + \beta \sum_i y_{ni} (1 - x_{ni}) + \epsilon}, \quad \epsilon = 10^{-7}",
        loss(values.tversky),
    ),
    keras(
        "Circle",
        "Embeddings of one label against those of others: log-sum-exps of cosine distances, each weighted by how far it is from where it"
        " should be.",
        r"\mathcal{L} = \log\Big[1 + \sum_j e^{\gamma \alpha_n^j (s_n^j - \Delta_n)} \sum_i e^{-\gamma \alpha_p^i (s_p^i - \Delta_p)}\Big]",
        REDUCED
        + r"l_n = \log\Big[1 + \sum_{p} e^{\gamma a_p (d_{np} - m)} \sum_{q} e^{\gamma a_q (1 - m - d_{nq})}\Big],"
        r" \quad d_{ij} = \max(0, 1 - x_i \cdot x_j), \quad a_p = m + d_{np}, \quad a_q = \max(0, 1 + m - d_{nq}),"
        r" \quad w_n = 0 \text{ where } l_n = 0",
        _masked_circle,
    ),
    keras(
        "CTC",
        "The negative log likelihood of a labelling, over all its alignments with the frames: labels repeated, and blanks between them.",
        r"\text{loss} = -\ln p(\mathbf{l} \mid \mathbf{x})",
        REDUCED + r"l_n = -\log \sum_{\pi \in \mathcal{B}^{-1}(y_n)} \prod_{t} \operatorname{softmax}(x_{nt})_{\pi_t},"
        r" \quad y_n \text{ up to its zeros}",
        loss(values.ctc_loss, ranks=False),
    ),
    keras(
        "LossFunctionWrapper",
        "A function of one's own with its arguments, as a loss: ranks, masks, weights and the reduction come from the class.",
        r"\text{loss} = f(y_\text{true}, y_\text{pred})",
        REDUCED + r"l = f(y, x)",
        loss(_own),
    ),
)
