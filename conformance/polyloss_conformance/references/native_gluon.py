"""The native reference: the losses of ``mxnet.gluon.loss``, called as their users call them.

MXNet is imported when the first case runs. A crash inside MXNet ends the process: whoever wants to survive it reads the results one by one
from another process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from polyloss_conformance.cases import Case

Result = dict[str, Any]
"""``{"value": array, "gradients": {name: array}}`` or ``{"refused": reason}``."""

SIGNATURES: dict[str, tuple[str, ...]] = {
    "SigmoidBinaryCrossEntropyLoss": ("pred", "label", "sample_weight", "pos_weight"),
    "SigmoidBCELoss": ("pred", "label", "sample_weight", "pos_weight"),
    "CTCLoss": ("pred", "label", "pred_lengths", "label_lengths", "sample_weight"),
    "TripletLoss": ("pred", "positive", "negative"),
    "PoissonNLLLoss": ("pred", "target", "sample_weight", "epsilon"),
    "CosineEmbeddingLoss": ("input1", "input2", "label", "sample_weight"),
    "SDMLLoss": ("x1", "x2"),
}
"""Arguments of the call in their order, where it is not ``pred, label, sample_weight``."""

ONLY_POLYLOSS = {"KLDivLoss": ("average",)}
"""Constructor arguments that 1.9.1 does not know."""


SPARSE = ("SoftmaxCrossEntropyLoss", "SoftmaxCELoss")
NO_CLASSES = "MXNet 1.9.1 ends the process by a segmentation fault when a label picks among no classes"
"""The one refusal that is not MXNet's own: the call is not made."""


def import_mxnet() -> Any:
    """MXNet, made to import under NumPy 1.24 and later.

    MXNet 1.9.1 says ``numpy.bool``, which NumPy 1.24 removed.

    Raises:
        ImportError: it is not installed, or it does not import here: NumPy 2 has no more of what it needs.
    """
    vars(np).setdefault("bool", bool)  # hasattr would warn
    try:
        import mxnet
    except (AttributeError, OSError) as error:
        raise ImportError(f"MXNet does not import: {error}") from error
    return mxnet


def run(cases: Iterable[Case]) -> Iterator[tuple[str, Result]]:
    """Run each case natively: its id, and the value with the gradients of ``sum(upstream * value)``, or the refusal."""
    mx = import_mxnet()
    for case in cases:
        try:
            yield case.id, _run_one(mx, case)
        except Exception as error:
            yield case.id, {"refused": f"{type(error).__name__}: {first_line(error)}"}


def first_line(error: BaseException) -> str:
    """The first line of a message that says what is wrong: MXNet prints its C++ traceback above it."""
    prefix = type(error).__name__ + ": "
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(("Traceback (most", 'File "'))]
    return said[0].removeprefix(prefix) if said else ""


def _run_one(mx: Any, case: Case) -> Result:
    name = case.loss.removeprefix("gluon/")
    if "bfloat16" in {case.dtype, *(given.dtype for given in case.inputs.values())}:
        return {"refused": "MXNet 1.9.1 has no bfloat16 arrays"}
    for key in ONLY_POLYLOSS.get(name, ()):
        if key in case.config:
            return {"refused": f"MXNet 1.9.1 has no argument {key!r} of {name}"}
    if name in SPARSE and case.config.get("sparse_label", True) and not _classes(case):
        return {"refused": NO_CLASSES}
    empty = any(given.values.size == 0 for given in case.inputs.values())
    # Only with NumPy's shape semantics does 0 stand for a size and not for "unknown".
    with mx.util.np_shape(True) if empty else contextlib.nullcontext():
        tensors = {key: mx.nd.array(given.values, dtype=given.dtype) for key, given in case.inputs.items()}
        for key in case.wrt:
            tensors[key].attach_grad()
        loss = getattr(mx.gluon.loss, name)(**case.config)
        with mx.autograd.record():
            value = loss(*_arguments(name, tensors, case))
        # An error in an operator reaches only whoever waits for its result, and nobody waits for an array of no elements: left alone,
        # it would be raised in a later case, and the backward pass over what failed can divide by zero and kill the process.
        mx.nd.waitall()
        if case.wrt:
            upstream = case.upstream(value.shape)
            value.backward(mx.nd.array(upstream, dtype=value.dtype))
        return {"value": value.asnumpy(), "gradients": {key: tensors[key].grad.asnumpy() for key in case.wrt}}


def _classes(case: Case) -> int:
    return int(case.inputs["pred"].values.shape[case.config.get("axis", -1)])


def _arguments(name: str, tensors: dict[str, Any], case: Case) -> list[Any]:
    given = {**tensors, **case.call}
    signature = SIGNATURES.get(name, ("pred", "label", "sample_weight"))
    if unknown := sorted(set(given) - set(signature)):
        raise TypeError(f"{name} takes no argument {unknown[0]!r}")
    last = max(signature.index(key) for key in given)
    return [given.get(key) for key in signature[: last + 1]]
