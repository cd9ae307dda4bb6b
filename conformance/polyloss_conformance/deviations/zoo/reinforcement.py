"""Discrepancies of the losses of predicted returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from polyloss_conformance import dialects
from polyloss_conformance.deviations.record import SOURCE, Example, Finding, Measurement, close, plain
from polyloss_conformance.deviations.zoo.common import LIST, discrepancy, example
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import inputs_of

_RATE = 0.5
_ONE_STEP = {"value": [0.5], "reward": [1.0], "discount": [0.9], "next_value": [1.0]}
_TWICE = {"value": [0.5, 0.5], "reward": [1.0, 2.0], "discount": [0.9, 0.0], "next_value": [1.0, 3.0]}
_TO_THE_END = {
    "value": [0.5, 1.0, -0.2],
    "reward": [1.0, 0.0, -1.0],
    "discount": [0.9, 0.9, 0.0],
    "next_value": [1.0, -0.2, 0.3],
}


def _by_gradient(inputs: Mapping[str, Sequence[float]]) -> float:
    """The first value after a step against the gradient of the loss's sum, of transitions that are all from one state."""
    case = Example(
        "TemporalDifference", inputs, {"reduction": "sum"}, dtype="float64", wrt=("value",), dialect="zoo"
    ).case()
    found = slopes(dialects.reference(case).compute, inputs_of(case), case.config, case.call, 1.0, case.wrt)
    return inputs["value"][0] - _RATE * float(np.sum(found["value"].lower))


def _by_table(inputs: Mapping[str, Sequence[float]]) -> float:
    """The same by the printed update, one transition after the other."""
    value = inputs["value"][0]
    for reward, discount, following in zip(
        *(inputs[name] for name in ("reward", "discount", "next_value")), strict=True
    ):
        value += _RATE * (reward + discount * following - value)
    return value


def _steps() -> Measurement:
    (table, gradient) = ([by(inputs) for inputs in (_ONE_STEP, _TWICE)] for by in (_by_table, _by_gradient))
    row = {
        "quantity": "value of a state after one of its transitions, and after two in one batch",
        "source": plain(table),
        "canonical": plain(gradient),
    }
    return Measurement([row], close(table, [1.2, 1.6]) and close(gradient, [1.2, 1.95]))


FINDINGS = (
    Finding(
        "zoo-L26-td-update",
        SOURCE,
        "zoo/TemporalDifference",
        "What stands there is the update of a table, v += alpha delta, and no loss. Half the square of delta is the loss with this step,"
        " its target held constant: the same for one transition. Of a batch in which a state occurs twice, the table takes the second step"
        " from where the first has led, the gradient both from one value.",
        LIST + "Temporal difference: the figure; Sutton 1988",
        _steps,
    ),
    discrepancy(
        "zoo-L26-td-terminal",
        "Nothing is said of the end of an episode, after which no value follows: with one discount for all steps the last target counts a"
        " state that is not there. Here every step has its discount, and the last has 0.",
        LIST + "Temporal difference: the figure",
        example("TemporalDifference", _TO_THE_END, {"kind": "error", "reduction": "none"}),
        lambda value, reward, discount, next_value: reward + 0.9 * next_value - value,
        ([1.4, -1.18, -0.53], [1.4, -1.18, -0.8]),
    ),
)
