"""The native reference: the losses of ``torch.nn``, called as their users call them. PyTorch is imported when the first case runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case, Input
from polyloss_conformance.references.torch_nn.calls import CALLS

Result = dict[str, Any]
"""``{"value": array, "gradients": {name: array}, "dtypes": {name: dtype}}`` or ``{"refused": reason}``."""


def import_torch() -> Any:
    """PyTorch.

    Raises:
        ImportError: it is not installed.
    """
    import torch

    return torch


def run(cases: Iterable[Case]) -> Iterator[tuple[str, Result]]:
    """Run each case natively: its id, and the value with the gradients of ``sum(upstream * value)``, or the refusal."""
    torch = import_torch()
    for case in cases:
        try:
            with warnings.catch_warnings():  # of broadcasting, and of what 'mean' means in KLDivLoss
                warnings.simplefilter("ignore")
                yield case.id, _run_one(torch, case)
        except Exception as error:
            yield case.id, {"refused": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"}


def _run_one(torch: Any, case: Case) -> Result:
    tensors = {name: _tensor(torch, given) for name, given in case.inputs.items()}
    for name in case.wrt:
        tensors[name].requires_grad_()
    dtype = getattr(torch, case.dtype)
    config = {
        key: torch.tensor(given, dtype=dtype) if isinstance(given, list) else given
        for key, given in case.config.items()
    }
    special = CALLS.get(case.loss)
    if special is not None:
        value = special(torch, config, case, tensors)
    else:
        value = getattr(torch.nn, case.loss.removeprefix("torch/"))(**config)(*tensors.values(), **case.call)
    if case.wrt:
        value.backward(torch.tensor(case.upstream(tuple(value.shape)), dtype=value.dtype))
    slopes = {name: tensors[name].grad for name in case.wrt}
    # None is the gradient of what the value does not depend on, such as a cluster without a label.
    slopes = {name: torch.zeros_like(tensors[name]) if slope is None else slope for name, slope in slopes.items()}
    found = {"value": value.detach(), **slopes}
    return {
        "value": _array(found["value"]),
        "gradients": {name: _array(found[name]) for name in case.wrt},
        "dtypes": {name: str(tensor.dtype).removeprefix("torch.") for name, tensor in found.items()},
    }


def _tensor(torch: Any, given: Input) -> Any:
    tensor = torch.tensor(given.values, dtype=getattr(torch, given.dtype))
    if not given.strided or not tensor.ndim:
        return tensor
    wide = torch.zeros([2 * size for size in reversed(tensor.shape)], dtype=tensor.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in tensor.shape)].permute(*reversed(range(tensor.ndim)))
    return view.copy_(tensor)


def _array(tensor: Any) -> Array:
    """As NumPy; bfloat16, which NumPy lacks, as float32."""
    return np.asarray((tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy())
