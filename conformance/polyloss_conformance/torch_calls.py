"""How the losses of `polyloss.torch.nn` are called that take something else than tensors alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from polyloss_conformance.cases import Case
from polyloss_conformance.dialects import constant


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
}
"""By loss id: from its class and a case to a function of the tensors, and their names in the order in which it takes them."""
