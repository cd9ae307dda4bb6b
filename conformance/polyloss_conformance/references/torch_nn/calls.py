"""How the losses of ``torch.nn`` are called that take something else than tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyloss_conformance.cases import Case

Call = Callable[[Any, Mapping[str, Any], Case, Mapping[str, Any]], Any]
"""``(torch, arguments of the constructor, case, tensors by name) -> value``."""


def _triplet_with_distance(torch: Any, config: Mapping[str, Any], case: Case, tensors: Mapping[str, Any]) -> Any:
    """The distance has a name in the case."""
    distances: dict[str | None, Any] = {
        None: None,
        "l1": lambda x, y: (x - y).abs().sum(-1),
        "squared": lambda x, y: (x - y).square().sum(-1),
        "largest": lambda x, y: (x - y).abs().amax(-1),
        "cosine": lambda x, y: 1 - torch.cosine_similarity(x, y, dim=-1),
        "pairwise-3": torch.nn.PairwiseDistance(p=3, eps=0.25),
        "elementwise": lambda x, y: (x - y).abs(),
    }
    named = {**config, "distance_function": distances[config.get("distance_function")]}
    return torch.nn.TripletMarginWithDistanceLoss(**named)(*tensors.values())


CALLS: dict[str, Call] = {"torch/TripletMarginWithDistanceLoss": _triplet_with_distance}
"""By loss id."""
