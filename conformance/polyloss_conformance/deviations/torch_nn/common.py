"""How the deviations of PyTorch are measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyloss_conformance.deviations.measure import printed_numbers
from polyloss_conformance.deviations.record import DOCUMENTATION, Example, Finding
from polyloss_conformance.references.reference import Value

MODULES = "torch/nn/modules/loss.py of PyTorch 2.13, class "
NATIVE = "aten/src/ATen/native/"


def example(
    loss: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    dtype: str = "float32",
    wrt: tuple[str, ...] = (),
) -> Example:
    """An example of a loss of ``torch.nn``."""
    return Example(loss, inputs, config or {}, dtype=dtype, wrt=wrt, dialect="torch")


def documented(
    identity: str,
    cause: str,
    where: str,
    example: Example,
    printed: Any,
    computed: Any,
    print_: Value | None = None,
) -> Finding:
    """A finding with both numbers of an example: what is printed (a formula, or `print_`) gives, and what the code."""

    measure = printed_numbers(example, printed, computed, print_)
    return Finding(identity, DOCUMENTATION, f"torch/{example.loss}", cause, MODULES + where, measure)
