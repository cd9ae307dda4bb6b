"""The recorded deviations of the losses of vectors that are compared with one another."""

from __future__ import annotations

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case
from polyloss_conformance.deviations.masks import LARGEST, given
from polyloss_conformance.deviations.measure import example_of, gradients_of, numbers_of
from polyloss_conformance.deviations.record import BUG, DOCUMENTATION, LIMIT, Evidence, Finding, Masks, Measurement
from polyloss_conformance.deviations.torch_nn.common import MODULES, NATIVE, documented, example

# --- what deviates, and where -----------------------------------------------------------------------------------------------------

_LEAST = {"float32": 2.0**-150, "float16": 2.0**-25}
"""What rounds to 0 in each dtype."""


def _out_of_range(numbers: Array, dtype: str) -> Array:
    """Where positive numbers round to infinity or to 0."""
    return np.asarray((numbers > LARGEST.get(dtype, np.inf)) | (numbers <= _LEAST.get(dtype, 0.0)))


def _lost_powers(case: Case) -> Array:
    """The triplets in whose distances the power of an element has no place in the dtype, although the distance has."""
    (p, eps) = (float(case.config.get("p", 2)), float(case.config.get("eps", 1e-6)))
    (a, b, c) = (given(case, name) for name in ("anchor", "positive", "negative"))
    tops = [np.max(np.abs(x - y + eps), axis=-1) for x, y in ((a, b), (a, c), (b, c))]
    return np.asarray(np.any([_out_of_range(top**p, case.dtype) for top in tops], axis=0))


def _powers(evidence: Evidence) -> Masks:
    """Values that are not finite, or that lack an epsilon; gradients that are not finite, or 0."""
    lost = _lost_powers(evidence.case)
    got = evidence.got("value")
    masks = {"value": (~np.isfinite(got) | (abs(got - evidence.right) < 1e-5)) & lost.any()}
    for name in gradients_of(evidence):
        got = evidence.got(name)
        masks[name] = lost[..., np.newaxis] & (~np.isfinite(got) | (got == 0))
    return masks


def _lost_cosines(case: Case) -> Array:
    """The pairs for whose squares, or their product, the dtype has no place."""
    eps = 0.0 if case.dtype == "float16" else 1e-12
    (u, v) = (np.sum(given(case, name) ** 2, axis=-1) + eps for name in ("input1", "input2"))
    return _out_of_range(u, case.dtype) | _out_of_range(v, case.dtype) | _out_of_range(u * v, case.dtype)


def _cosines(evidence: Evidence) -> Masks:
    """Values and gradients that are not finite, or those of a cosine of 0."""
    lost = _lost_cosines(evidence.case)
    got = evidence.got("value")
    reached = lost if got.shape == lost.shape else lost.any()
    masks = {"value": (~np.isfinite(got) | np.isin(got, (0.0, 1.0))) & reached}
    for name in gradients_of(evidence):
        slope = evidence.got(name)
        masks[name] = lost[..., np.newaxis] & (~np.isfinite(slope) | (slope == 0))
    return masks


def _refused_margin() -> Measurement:
    """Whether a margin of 0 is taken."""
    numbers = {"quantity": "TripletMarginWithDistanceLoss(margin=0)", "documentation": "accepted", "code": "refused"}
    case = example("TripletMarginWithDistanceLoss", {**_EQUAL, "negative": [[0.0, 0.0]]}, {"margin": 0.0}).case()
    try:
        native = dialects.of(case.loss).ask(case)
    except ImportError:
        return Measurement([numbers], True)
    refusal = native.get("refused", "accepted")
    return Measurement([{**numbers, "torch": refusal}], "margin to be greater than 0" in refusal)


# --- the records --------------------------------------------------------------------------------------------------------------------

_NONE = {"reduction": "none"}
_EQUAL = {"anchor": [[1.0, 1.0]], "positive": [[1.0, 1.0]]}

_DOCUMENTATION = (
    documented(
        "torch-triplet-epsilon",
        "The printed distance is the norm of x - y, the text adds that a small constant is added for numerical stability. It is added to"
        " each element of the signed difference: the distance of equal vectors is not 0, and d(x, y) is not d(y, x).",
        "TripletMarginLoss, and " + NATIVE + "Distance.cpp, pairwise_distance",
        example(
            "TripletMarginLoss",
            {"anchor": [[1.0, 1.0], [0.0, 0.0]], "positive": [[1.0, 1.0], [3.0, 3.0]], "negative": [[2.0, 2.0], [-3.0, -3.0]]},
            {**_NONE, "p": 1, "eps": 0.25, "margin": 2.0},
        ),
        [0.0, 2.0],
        [1.0, 1.0],
    ),
    documented(
        "torch-cosine-epsilon",
        "The printed cosine of a zero vector is 0 / 0. The code adds 1e-12, in single precision, to each square below the root: the cosine"
        " is 0, with a gradient of up to 1e6.",
        "CosineEmbeddingLoss, and " + NATIVE + "Loss.cpp, cosine_embedding_loss",
        example(
            "CosineEmbeddingLoss",
            {"input1": [[0.0, 0.0], [3.0, 4.0]], "input2": [[1.0, 0.0], [1.0, 0.0]], "target": [1.0, 1.0]},
            _NONE,
        ),
        [np.nan, 0.4],
        [1.0, 0.4],
    ),
    documented(
        "torch-cosine-targets",
        "Two cases are printed, for targets 1 and -1. Any other target is not refused: it costs nothing, and the mean counts it.",
        "CosineEmbeddingLoss, and " + NATIVE + "Loss.cpp, cosine_embedding_loss",
        example(
            "CosineEmbeddingLoss",
            {"input1": [[3.0, 4.0]] * 3, "input2": [[1.0, 0.0]] * 3, "target": [1.0, -1.0, 0.0]},
            _NONE,
        ),
        [0.4, 0.6, np.nan],
        [0.4, 0.6, 0.0],
    ),
    Finding(
        id="torch-triplet-margin-zero",
        kind=DOCUMENTATION,
        loss="torch/TripletMarginWithDistanceLoss",
        cause="The margin is documented as nonnegative; 0 is refused.",
        evidence=MODULES + "TripletMarginWithDistanceLoss, Args and __init__",
        measure=_refused_margin,
    ),
)  # fmt: skip

_NATIVE = (
    Finding(
        id="torch-triplet-power",
        kind=BUG,
        measure=example_of(
            "torch-triplet-power",
            example(
                "TripletMarginLoss",
                {"anchor": [[1e5, 0.0]], "positive": [[-1e5, 0.0]], "negative": [[0.0, 1e5]]},
                {**_NONE, "p": 8},
                wrt=("anchor",),
            ),
            example(
                "TripletMarginLoss",
                {**_EQUAL, "negative": [[0.5, 0.5]]},
                {**_NONE, "p": 8},
                wrt=("positive",),
            ),
        ),
        loss="torch/TripletMarginLoss",
        cause="The norm adds up powers as they are. For a large p they overflow, and the loss is infinite or NaN where the distances are"
        " ordinary numbers; or they vanish, and with them the gradient where anchor and positive are equal: 1e-6 to the power 8 is 0"
        " in float32.",
        evidence=NATIVE + "cpu/ReduceOpsKernel.cpp of PyTorch 2.13, norm_kernel_tensor_iterator_impl",
        matches=lambda case: (
            case.loss == "torch/TripletMarginLoss" and case.config.get("p", 2) > 2 and bool(_lost_powers(case).any())
        ),
        recorded=_powers,
    ),
    Finding(
        id="torch-triplet-half-epsilon",
        kind=LIMIT,
        measure=numbers_of(
            example(
                "TripletMarginLoss",
                {"anchor": [[1.0, 1.0, 1.0]], "positive": [[1.0, 1.0, 1.0]], "negative": [[0.5, 0.5, 0.5]]},
                {**_NONE, "p": 3},
                "float16",
                ("positive",),
            ),
            "gradient positive",
            [[-0.48074986] * 3],
            [[np.nan] * 3],
        ),
        loss="torch/TripletMarginLoss",
        cause="The default epsilon, 1e-6, is subnormal in float16, and its square is 0: for p above 2 the gradient where anchor and"
        " positive are equal is 0 / 0.",
        evidence="torch/csrc/autograd/FunctionsManual.cpp of PyTorch 2.13, norm_backward",
    ),
    Finding(
        id="torch-cosine-overflow",
        kind=BUG,
        measure=example_of(
            "torch-cosine-overflow",
            example(
                "CosineEmbeddingLoss",
                {"input1": [[3e10, 4e10]], "input2": [[1e10, 0.0]], "target": [1.0]},
                _NONE,
            ),
        ),
        loss="torch/CosineEmbeddingLoss",
        cause="One root is taken of the product of both squared norms: it overflows in float32 as soon as the product of the norms is above"
        " 1.8e19, although neither square does, and the cosine is 0 whatever the vectors are.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, cosine_embedding_loss",
        matches=lambda case: (
            case.loss == "torch/CosineEmbeddingLoss" and case.dtype == "float32" and bool(_lost_cosines(case).any())
        ),
        recorded=_cosines,
    ),
    Finding(
        id="torch-cosine-half",
        kind=LIMIT,
        measure=example_of(
            "torch-cosine-half",
            example(
                "CosineEmbeddingLoss",
                {"input1": [[0.0, 0.0], [300.0, 400.0]], "input2": [[1.0, 0.0], [300.0, 0.0]], "target": [1.0, 1.0]},
                _NONE,
                "float16",
                ("input1",),
            ),
        ),
        loss="torch/CosineEmbeddingLoss",
        cause="The 1e-12 that keeps the divisor above 0 is 0 in float16: a zero vector gives 0 / 0. Vectors longer than 256 have infinite"
        " squares, and infinity over infinity.",
        evidence=NATIVE + "Loss.cpp of PyTorch 2.13, cosine_embedding_loss",
        matches=lambda case: (
            case.loss == "torch/CosineEmbeddingLoss" and case.dtype == "float16" and bool(_lost_cosines(case).any())
        ),
        recorded=_cosines,
    ),
)

FINDINGS: tuple[Finding, ...] = (*_DOCUMENTATION, *_NATIVE)
