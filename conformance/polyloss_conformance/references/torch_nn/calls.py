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


def _with_parameters(torch: Any, config: Mapping[str, Any], case: Case, tensors: Mapping[str, Any]) -> Any:
    """Parameters are inputs, by their dotted names. ``of`` says what is looked at, ``rows`` the size of a chunk."""
    arguments = {key: given for key, given in config.items() if key not in ("of", "rows", "cutoffs")}
    arguments |= {"cutoffs": case.config["cutoffs"]} if "cutoffs" in config else {}
    if "rows" in config:
        arguments["options"] = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=config["rows"])
    loss = getattr(torch.nn, case.loss.removeprefix("torch/"))(**arguments)
    own = {name: tensor for name, tensor in tensors.items() if "." in name}
    rest = [tensor for name, tensor in tensors.items() if "." not in name]
    of = config.get("of")
    if of == "log_prob":
        for name, tensor in own.items():
            owner, _, kind = name.rpartition(".")
            layer = loss.get_submodule(owner)
            delattr(layer, kind)  # a parameter, which would not give way to a tensor
            setattr(layer, kind, tensor)
        return loss.log_prob(*rest)
    value = torch.func.functional_call(loss, own, tuple(rest))
    return value if of is None else getattr(value, of)


CALLS: dict[str, Call] = {
    "torch/AdaptiveLogSoftmaxWithLoss": _with_parameters,
    "torch/LinearCrossEntropyLoss": _with_parameters,
    "torch/TripletMarginWithDistanceLoss": _triplet_with_distance,
}
"""By loss id."""
