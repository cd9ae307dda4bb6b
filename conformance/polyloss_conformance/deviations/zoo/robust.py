"""Discrepancies of the robust losses."""

from __future__ import annotations

import numpy as np

from polyloss_conformance.deviations.zoo.common import discrepancy, example

_P = {"pred": [0.0, 1.0, 2.5, -1.0], "target": [0.5, 1.0, 1.0, 1.0]}
_FAR = {"pred": [2.0], "target": [0.0]}
_NEAR = 1e-14

FINDINGS = (
    discrepancy(
        "zoo-barron-cancels",
        "Written as printed, the family subtracts 1 from a power close to 1: near alpha = 0, and for small residuals, the digits are lost.",
        "Barron 2019, eq. 1, in float64",
        example("Barron", _FAR, {"alpha": _NEAR, "reduction": "none"}),
        lambda pred, target: (2 - _NEAR) / _NEAR * ((pred**2 / (2 - _NEAR) + 1) ** (_NEAR / 2) - 1),
        ([1.110223024625151], [1.09861228866811]),
        by="as printed",
    ),
    discrepancy(
        "zoo-charbonnier-offset",
        "Image restoration writes sqrt(x^2 + e^2), which is e where the prediction is right; the member of Barron's family is 0 there.",
        "Barron 2019, section 1; Lai et al. 2017, section 3.2",
        example("Charbonnier", _P, {"scale": 0.5, "reduction": "none"}),
        lambda pred, target: np.sqrt((pred - target) ** 2 + 0.25),
        (
            [0.7071067811865476, 0.5, 1.5811388300841898, 2.0615528128088303],
            [0.41421356237309503, 0.0, 2.1622776601683795, 3.1231056256176606],
        ),
        by="with e",
    ),
    discrepancy(
        "zoo-cauchy-half",
        "Libraries of least squares leave out the 1/2 inside the logarithm.",
        "Barron 2019, eq. 8 (the limit at 0); SciPy's least_squares: rho(z) = log(1 + z) of z = u^2",
        example("Cauchy", _P, {"reduction": "none"}),
        lambda pred, target: np.log1p((pred - target) ** 2),
        (
            [0.22314355131420976, 0.0, 1.1786549963416462, 1.6094379124341003],
            [0.11778303565638346, 0.0, 0.7537718023763802, 1.0986122886681098],
        ),
        by="without",
    ),
)
