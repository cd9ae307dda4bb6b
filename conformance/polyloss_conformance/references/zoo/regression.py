"""References for the losses of a number predicted and a number seen."""

from __future__ import annotations

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import each, exact
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.zoo.common import REDUCED, reduced, zoo


def _quantile(inputs: Inputs, config: Config, call: Call) -> Array:
    (pred, target) = (inputs["pred"], inputs["target"])
    q = config.get("q", 0.5)
    if isinstance(q, tuple) and target.ndim < pred.ndim:
        target = target[..., None]
    levels = exact(q)
    return reduced(each(lambda q, x, y: max(q * (y - x), (q - 1) * (y - x)), levels, pred, target), config)


REFERENCES = (
    zoo(
        "Quantile",
        "The pinball loss, least where the prediction is a quantile of the targets.",
        r"\rho_q(e) = \max(q\, e,\ (q - 1)\, e), \quad e = y - \hat{y}",
        REDUCED + r"l_n = q \max(y_n - x_n, 0) + (1 - q) \max(x_n - y_n, 0)",
        _quantile,
        paper="Koenker and Bassett, Regression Quantiles, Econometrica 46(1), 1978",
    ),
)
