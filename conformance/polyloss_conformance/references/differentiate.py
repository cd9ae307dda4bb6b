"""Gradients of a reference, from its values alone: both one-sided slopes by finite differences at high precision.

With a step of 1e-45 of the argument and 100 digits, a slope is off by its relative curvature times 1e-45 and by 1e-55 of the
value: far below what any floating dtype resolves, also where an epsilon of 1e-12 makes the curvature 1e24. A value above 1e10
gets as many digits more as it has before the point, so that a small slope beside a huge term is still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp

from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case
from polyloss_conformance.references.exact import Number, exact, inputs_of, total
from polyloss_conformance.references.reference import Value

Loss = Callable[[], list[Number]]

DIGITS = 100
STEP = 45
"""Minus the decimal exponent of the step."""
MAGNITUDE = 30_000
"""Decimal digits before the point of the largest value that still has slopes."""


@dataclass(frozen=True)
class Slopes:
    """The gradient with respect to one input: its lower and upper end, element by element, as float64.

    Where the loss is smooth both are the same number. At a kink every value between them is a subgradient. NaN where there is no slope:
    the value, here or a step away, or the input or an upstream element is not finite, or the value is above
    ``10**MAGNITUDE``. An infinite element of the value takes the slopes of its own inputs only.
    """

    lower: Array
    upper: Array

    @property
    def smooth(self) -> Array:
        """Where both ends are the same number, up to one part in 1e12 or, about 0, the length of a step."""
        return np.isclose(self.lower, self.upper, rtol=1e-12, atol=1e-40)


def gradients(case: Case, upstream: Any) -> dict[str, Slopes]:
    """The gradients of the sum of `upstream` times the value of `case`, with respect to the inputs that it names in ``wrt``."""
    return slopes(dialects.reference(case).compute, inputs_of(case), case.config, case.call, upstream, case.wrt)


def slopes(
    value: Value,
    inputs: Mapping[str, Array],
    config: Mapping[str, Any],
    call: Mapping[str, Any],
    upstream: Any,
    wrt: Sequence[str],
) -> dict[str, Slopes]:
    """The slopes of ``sum(upstream * value)`` with respect to each element of each input in `wrt`.

    An element of the value whose upstream gradient is exactly 0 counts for nothing, even if it is not finite.
    """
    with mp.workdps(DIGITS):
        weights = list(exact(upstream).flat)
        moved = {name: exact(given).copy() for name, given in inputs.items()}

        def loss() -> list[Number]:
            return list(value(moved, config, call).flat)

        if not wrt:
            return {}
        centre = loss()
        if len(weights) != len(centre):
            raise ValueError(f"{len(weights)} upstream elements for {len(centre)} of the value")
        digits = max((_digits(x) for x in centre), default=0)
        if digits > MAGNITUDE:
            return {name: Slopes(*(np.full(moved[name].shape, np.nan) for _ in range(2))) for name in wrt}
        if digits > 10:
            with mp.workdps(DIGITS + digits):
                centre = loss()
                return {name: _slopes_of(moved[name], loss, centre, weights) for name in wrt}
        return {name: _slopes_of(moved[name], loss, centre, weights) for name in wrt}


def _digits(x: Number) -> int:
    """Decimal digits before the point."""
    return int(mp.mag(x) * 0.302) if mp.isfinite(x) and x != 0 else 0


def _slopes_of(array: Array, loss: Loss, centre: list[Number], weights: list[Number]) -> Slopes:
    lower, upper = np.empty(array.shape), np.empty(array.shape)
    endless = not all(mp.isfinite(x) for x in centre)
    for index in np.ndindex(array.shape):
        x = array[index]
        counting = _counting(array, index, loss, centre) if endless else [True] * len(centre)
        step = mp.mpf(10) ** -STEP * max(abs(x), 1)
        ends = []
        for signed in (-step, step):
            array[index] = x + signed
            # Differences before the sum: terms that do not move cancel exactly, and cost nothing.
            changes = [
                (weight, after - before)
                for weight, before, after, counts in zip(weights, centre, loss(), counting, strict=True)
                if weight != 0 and counts
            ]
            ends.append(float(total(weight * change for weight, change in changes if change != 0) / signed))
        array[index] = x
        lower[index], upper[index] = min(ends), max(ends)
        if any(end != end for end in ends) or not mp.isfinite(x):
            lower[index] = upper[index] = np.nan
    return Slopes(lower, upper)


def _counting(array: Array, index: tuple[int, ...], loss: Loss, centre: list[Number]) -> list[bool]:
    """Which elements of the value count: all but those that are infinite whatever this input is, which its NaN does not reach."""
    x, array[index] = array[index], mp.nan
    reached = [after != after for after in loss()]
    array[index] = x
    return [not mp.isinf(before) or depends for before, depends in zip(centre, reached, strict=True)]
