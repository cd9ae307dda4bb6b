"""References for the losses on the overlap of boxes: one box after the other, from the papers' algorithms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import Number
from polyloss_conformance.references.reference import Call, Config, Inputs, Value
from polyloss_conformance.references.zoo.common import REDUCED, fixed, reduced, zoo

Box = tuple[Number, Number, Number, Number]


def _box(numbers: Array, config: Config) -> Box:
    (a, b, c, d) = numbers
    form = config.get("form", "xyxy")
    if form == "ltrb":
        (a, b) = (-a, -b)
    if form == "cxcywh":
        (a, b, c, d) = (a - c / 2, b - d / 2, a + c / 2, b + d / 2)
    return a, b, c, d


def _area(box: Box) -> Number:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _areas(p: Box, t: Box) -> tuple[Number, Number]:
    """Of intersection and union."""
    width = max(min(p[2], t[2]) - max(p[0], t[0]), 0)
    height = max(min(p[3], t[3]) - max(p[1], t[1]), 0)
    return width * height, _area(p) + _area(t) - width * height


def _over(part: Number, whole: Number) -> Number:
    return part / whole if whole != 0 else mp.zero


def _around(p: Box, t: Box) -> Box:
    return min(p[0], t[0]), min(p[1], t[1]), max(p[2], t[2]), max(p[3], t[3])


def _iou(p: Box, t: Box, config: Config) -> Number:
    (common, union) = _areas(p, t)
    smooth = config.get("smooth", 0.0)
    (above, below) = (mp.mpf(one) for one in (smooth if isinstance(smooth, tuple) else (smooth, smooth)))
    if config.get("kind") == "log":
        least = mp.mpf(config.get("eps", 1e-12))
        return mp.log(max(union + below, least)) - mp.log(max(common + above, least))
    return 1 - _over(common + above, union + below)


def _giou(p: Box, t: Box, config: Config) -> Number:
    (common, union) = _areas(p, t)
    around = _area(_around(p, t))
    return 1 - _over(common, union) + _over(around - union, around)


def _diou(p: Box, t: Box, config: Config) -> Number:
    around = _around(p, t)
    apart = [(p[i] + p[i + 2]) / 2 - (t[i] + t[i + 2]) / 2 for i in (0, 1)]
    diagonal = max(around[2] - around[0], 0) ** 2 + max(around[3] - around[1], 0) ** 2
    return 1 - _over(*_areas(p, t)) + _over(apart[0] ** 2 + apart[1] ** 2, diagonal)


def _aspect(p: Box, t: Box) -> Number:
    if min(side for box in (p, t) for side in (box[2] - box[0], box[3] - box[1])) <= 0:
        return mp.zero
    (found, wanted) = (mp.atan((box[2] - box[0]) / (box[3] - box[1])) for box in (p, t))
    return 4 / mp.pi**2 * (wanted - found) ** 2


def _each_box(loss: Callable[[Box, Box, Config], Number]) -> Value:
    def compute(inputs: Inputs, config: Config, call: Call) -> Array:
        (pred, target) = (inputs[name] for name in ("pred", "target"))
        values = np.empty(pred.shape[:-1], dtype=object)
        for index in np.ndindex(values.shape):
            values[index] = loss(_box(pred[index], config), _box(target[index], config), config)
        return reduced(values, config)

    return compute


def _ciou(inputs: Inputs, config: Config, call: Call) -> Array:
    (pred, target) = (inputs[name] for name in ("pred", "target"))
    (still_pred, still_target) = (fixed(one) for one in (pred, target))
    values = np.empty(pred.shape[:-1], dtype=object)
    for index in np.ndindex(values.shape):
        (p, t) = (_box(one[index], config) for one in (pred, target))
        (p0, t0) = (_box(one[index], config) for one in (still_pred, still_target))
        weight = _over(_aspect(p0, t0), 1 - _over(*_areas(p0, t0)) + _aspect(p0, t0))
        values[index] = _diou(p, t, config) + weight * _aspect(p, t)
    return reduced(values, config)


_V = r"v = \frac{4}{\pi^2} \Big(\arctan \frac{w_t}{h_t} - \arctan \frac{w_p}{h_p}\Big)^2"

REFERENCES = (
    zoo(
        "IoU",
        "One less intersection over union, or minus its logarithm.",
        r"-\ln \frac{I}{U}, \quad I = (\min t + \min b)(\min l + \min r),\ U = X + \tilde X - I",
        REDUCED
        + r"l_n = 1 - \frac{I_n + a}{U_n + b} \text{ or } -\log \frac{\max(I_n + a, \epsilon)}{\max(U_n + b, \epsilon)}",
        _each_box(_iou),
        paper="Yu et al., UnitBox: An Advanced Object Detection Network, ACM Multimedia 2016",
    ),
    zoo(
        "GIoU",
        "Sees how far boxes are apart by the part of the box around both that neither fills.",
        r"1 - \mathrm{IoU} + \frac{|C \setminus (A \cup B)|}{|C|}",
        REDUCED + r"l_n = 1 - \mathrm{IoU}_n + \frac{C_n - U_n}{C_n}",
        _each_box(_giou),
        paper="Rezatofighi et al., Generalized Intersection over Union, CVPR 2019",
    ),
    zoo(
        "DIoU",
        "Sees how far the centres of boxes are apart, measured by the diagonal of the box around both.",
        r"1 - \mathrm{IoU} + \frac{\rho^2(b, b^{gt})}{c^2}",
        REDUCED + r"l_n = 1 - \mathrm{IoU}_n + \frac{d_n^2}{c_n^2}",
        _each_box(_diou),
        paper="Zheng et al., Distance-IoU Loss, AAAI 2020",
    ),
    zoo(
        "CIoU",
        "The distance IoU with a term for the ratio of the sides.",
        r"1 - \mathrm{IoU} + \frac{\rho^2(b, b^{gt})}{c^2} + \alpha v, \quad \alpha = \frac{v}{(1 - \mathrm{IoU}) + v},\ "
        + _V,
        REDUCED
        + r"l_n = 1 - \mathrm{IoU}_n + \frac{d_n^2}{c_n^2} + \Big\lfloor \frac{v_n}{1 - \mathrm{IoU}_n + v_n} \Big\rfloor v_n, \quad "
        + _V,
        _ciou,
        paper="Zheng et al., Distance-IoU Loss, AAAI 2020",
    ),
)
