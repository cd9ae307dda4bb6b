"""How the losses of `polyloss.torch.nn` are called that take something else than tensors alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from polyloss import dispatch
from polyloss.formulas.embedding import cosine_similarity
from polyloss.opset import OpSet
from polyloss.torch.nn import PairwiseDistance
from polyloss_conformance.cases import Case
from polyloss_conformance.dialects import constant


def _distance(formula: Callable[[OpSet, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A distance on the tensors of any framework."""
    return lambda x, y: formula(dispatch.op_set("distance", ("x", "y"), (x, y)), x, y)


_DISTANCES: dict[str, Callable[[Any, Any], Any]] = {
    "l1": _distance(lambda F, x, y: F.sum(F.abs(F.broadcast_sub(x, y)), axis=-1)),
    "squared": _distance(lambda F, x, y: F.sum(F.square(F.broadcast_sub(x, y)), axis=-1)),
    "largest": _distance(lambda F, x, y: F.max(F.abs(F.broadcast_sub(x, y)), axis=-1)),
    "cosine": _distance(lambda F, x, y: 1 - cosine_similarity(F, x, y, epsilon=1e-8)),
    "elementwise": _distance(lambda F, x, y: F.abs(F.broadcast_sub(x, y))),
}
"""By the names that cases give them."""


def _triplet_with_distance(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    config = dict(case.config)
    if (name := config.get("distance_function")) == "pairwise-3":
        config["distance_function"] = PairwiseDistance(p=3, eps=0.25)
    elif name is not None:
        config["distance_function"] = _DISTANCES[name]
    return kind(**config), list(case.inputs)


def _with_parameters(kind: Any, case: Case) -> tuple[Callable[..., Any], list[str]]:
    """Parameters are inputs, by their dotted names. ``of`` says what is looked at, ``rows`` the size of a chunk."""
    from polyloss.torch.nn import LinearCrossEntropyOptions

    config = {
        key: constant(given, case.dtype) for key, given in case.config.items() if key not in ("of", "rows", "cutoffs")
    }
    config |= {"cutoffs": case.config["cutoffs"]} if "cutoffs" in case.config else {}
    if "rows" in case.config:
        config["options"] = LinearCrossEntropyOptions(batch_chunk_size=case.config["rows"])
    loss = kind(**config, framework="torch" if "torch" in sys.modules else "numpy")
    names = list(case.inputs)
    of = case.config.get("of")

    def call(*tensors: Any) -> Any:
        given = dict(zip(names, tensors, strict=True))
        own = loss.with_parameters({name: tensor for name, tensor in given.items() if "." in name})
        rest = [tensor for name, tensor in given.items() if "." not in name]
        if of is None:
            return own(*rest)
        return own.log_prob(*rest) if of == "log_prob" else getattr(own(*rest), of)

    return call, names


CALLS: dict[str, Callable[[Any, Case], tuple[Callable[..., Any], list[str]]]] = {
    "torch/AdaptiveLogSoftmaxWithLoss": _with_parameters,
    "torch/LinearCrossEntropyLoss": _with_parameters,
    "torch/TripletMarginWithDistanceLoss": _triplet_with_distance,
}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
