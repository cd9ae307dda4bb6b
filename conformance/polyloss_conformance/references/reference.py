"""What a reference of a loss is, whatever its dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references.exact import DIGITS, exact

Inputs = Mapping[str, Array]
Config = Mapping[str, Any]
Call = Mapping[str, Any]
Value = Callable[[Inputs, Config, Call], Array]


@dataclass(frozen=True)
class Reference:
    """One loss: what is printed about it, what it computes, and both as functions."""

    name: str
    summary: str
    documented: str
    """LaTeX: the formula that the documentation prints."""
    computed: str
    """LaTeX: what the code computes."""
    compute: Value
    print_: Value | None = None
    """The printed formula, where it says something else than the code."""
    module: str = "mxnet.gluon.loss"
    release: str = "MXNet 1.9.1"
    paper: str = ""
    """What is the source, where that is no library."""

    @property
    def source(self) -> str:
        """Upstream name, version and document, or the paper."""
        return self.paper or f"{self.module}.{self.name}, {self.release}, docstring and code"

    def value(self, inputs: Mapping[str, Any], config: Mapping[str, Any], call: Mapping[str, Any]) -> Array:
        """What the code computes, in exact arithmetic and in the shape of its result.

        Args:
            inputs: object arrays of mpmath numbers, or anything that `exact` takes, by name; an optional one is absent.
            config: arguments of the constructor.
            call: arguments of the call that are numbers, or tuples of numbers.

        Raises:
            ValueError: the shapes do not fit.
        """
        with mp.workdps(max(mp.dps, DIGITS)):
            return self.compute({name: exact(given) for name, given in inputs.items()}, config, call)

    def documented_value(self, inputs: Mapping[str, Any], config: Mapping[str, Any], call: Mapping[str, Any]) -> Array:
        """The printed formula, taken literally; `value` where nothing else is printed."""
        with mp.workdps(max(mp.dps, DIGITS)):
            return (self.print_ or self.compute)({name: exact(given) for name, given in inputs.items()}, config, call)
