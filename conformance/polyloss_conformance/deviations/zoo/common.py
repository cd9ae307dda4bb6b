"""How the discrepancies of the zoo are measured: both forms are computed now, and have to give the recorded numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyloss_conformance import dialects
from polyloss_conformance.deviations.record import SOURCE, Example, Finding, Measurement, close, plain
from polyloss_conformance.references.exact import inputs_of

LIST = "Ingrid725/Loss-function-summary (README), section "
"""The list of losses that the zoo covers; its formulas are pictures."""


def example(
    loss: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    dtypes: Mapping[str, str] | None = None,
) -> Example:
    """An example of an item of the zoo, in float64."""
    return Example(loss, inputs, config or {}, dtype="float64", dtypes=dtypes or {}, dialect="zoo")


def discrepancy(
    identity: str,
    cause: str,
    evidence: str,
    example: Example,
    said: Callable[..., Any],
    numbers: tuple[Any, Any],
    by: str = "source",
) -> Finding:
    """A finding with the numbers of an example: what `said`, called with the inputs as float64 arrays by name, gives (or raises), and
    what the canonical definition gives. `numbers` are both as recorded; of what raises, the beginning of ``Type: message``.
    """

    def measure() -> Measurement:
        case = example.case()
        canonical = dialects.reference(case).value(inputs_of(case), case.config, case.call)
        (recorded, right) = numbers
        try:
            found = said(**{name: given.values for name, given in case.inputs.items()})
        except Exception as error:  # a source that cannot run is one kind of discrepancy
            words = f"{type(error).__name__}: {error}"[:200]
            holds = isinstance(recorded, str) and words.startswith(recorded) and close(canonical, right)
            return Measurement([{"quantity": str(example), by: words, "canonical": plain(canonical)}], holds)
        holds = not isinstance(recorded, str) and close(found, recorded) and close(canonical, right)
        differ = not close(found, canonical)
        return Measurement(
            [{"quantity": str(example), by: plain(found), "canonical": plain(canonical)}], holds and differ
        )

    return Finding(identity, SOURCE, f"zoo/{example.loss}", cause, evidence, measure)


class _Module:
    """Calls its `forward`, as PyTorch's modules do."""

    def __call__(self, *tensors: Any) -> Any:
        return self.forward(*tensors)

    def forward(self, *tensors: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward")


def beside_its_class(**inputs: Any) -> Any:
    """What a loss gives whose `forward` is written one indentation short: the call finds that of the base class."""

    class Loss(_Module):
        """Without a method."""

    def forward(self: Loss, *tensors: Any) -> Any:
        return tensors

    return Loss()(*inputs.values())
