"""The dialects that conformance knows, and what each brings: cases, references, a native library.

Modules are named, not imported: whoever lists dialects loads nothing. A dialect of a third party registers a `Dialect` by entry point in
the group ``polyloss.dialects``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from polyloss_conformance.cases import Case

GROUP = "polyloss.dialects"

NATIVE = "native"
"""The reference that is the native library; on another backend, ``native on jax``."""


@dataclass(frozen=True)
class Elsewhere:
    """Another backend on which the native library of a dialect runs."""

    backend: str
    environment: Mapping[str, str]
    """What has the library take this backend, in a process of its own."""
    unasked: Callable[[Case], str | None] = lambda case: None
    """Why it is not asked about a case there, or None where it is."""


@dataclass(frozen=True)
class Dialect:
    """One upstream's losses, and where what judges them is found (``module:attribute``)."""

    name: str
    """The part of a loss's id before the slash."""
    upstream: str
    """What it is the dialect of, for people."""
    module: str
    """The module whose attributes are the losses."""
    cases: str
    """``() -> Sequence[Case]``."""
    references: str
    """Loss id to a record with ``compute``, ``value`` and what the page shows."""
    slopes: str = "polyloss_conformance.references.differentiate:slopes"
    """Lower and upper gradients from values alone."""
    native: str | None = None
    """``Iterable[Case] -> Iterator[(case id, result)]``: the native library."""
    native_backend: str = ""
    """The backend in whose environment the native library is found."""
    native_load: str | None = None
    """Imports the native library and returns it."""
    native_environment: Mapping[str, str] = field(default_factory=dict)
    """Of the process in which it is asked."""
    elsewhere: Sequence[Elsewhere] = ()
    """On which other backends it is asked too."""
    findings: str | None = None
    """The findings: each has an ``id``, what it ``follows`` and a ``record()``, which measures it."""
    explain: str | None = None
    """``(case, native result, value, gradients) -> finding id | None``; with ``elsewhere``, the name of the backend is a fifth argument,
    empty for its own."""
    method: str = "hybrid_forward"
    """Whose parameters are the tensors of a call, after `leading` others."""
    leading: int = 2
    calls: str | None = None
    """Loss id to ``(its class, case) -> (function of the tensors, their names)``, for losses that are not called with tensors alone."""
    unasked: Callable[[Case], str | None] = lambda case: None
    """Why the native library is not asked about a case, or None where it is."""
    uncompiled: Callable[[Case, str], str | None] = lambda case, mode: None
    """Why a mode that raises on a case does not support it, or None where it should."""

    def known_findings(self) -> dict[str, Any]:
        """The findings by id."""
        return {} if self.findings is None else {finding.id: finding for finding in resolve(self.findings)}

    def places(self) -> Iterator[tuple[str, Elsewhere]]:
        """The names of the native references, and where the library, if there is one, is asked; findings are measured at the first."""
        yield NATIVE, Elsewhere(self.native_backend, self.native_environment, self.unasked)
        for place in self.elsewhere:
            yield f"{NATIVE} on {place.backend}", place

    def ask(self, case: Case) -> dict[str, Any]:
        """What the native library says of `case`, asked in this process.

        Raises:
            ImportError: it is not here.
            ValueError: there is none.
        """
        if self.native is None:
            raise ValueError(f"{self.name} has no native library")
        result: dict[str, Any] = next(iter(resolve(self.native)([case])))[1]
        return result

    def losses(self) -> Any:
        """The module of the losses."""
        return import_module(self.module)

    def has(self, case: Case) -> bool:
        """Whether the loss of `case` exists."""
        return hasattr(self.losses(), case.loss.removeprefix(self.name + "/"))

    def function(self, case: Case) -> tuple[Callable[..., Any], list[str]]:
        """The loss of `case` as a function of its tensors, and the names of these: None stands for one that is absent."""
        kind = getattr(self.losses(), case.loss.removeprefix(self.name + "/"))
        special = {} if self.calls is None else resolve(self.calls)
        if case.loss in special:
            function: tuple[Callable[..., Any], list[str]] = special[case.loss](kind, case)
            return function
        loss = kind(**{key: constant(given, case.dtype) for key, given in case.config.items()})
        parameters = list(inspect.signature(getattr(kind, self.method)).parameters)[self.leading :]
        last = max(parameters.index(name) for name in case.inputs)

        def call(*tensors: Any) -> Any:
            return loss(*tensors, **case.call)

        return call, parameters[: last + 1]


def constant(given: Any, dtype: str) -> Any:
    """A list of numbers as the array that a user would give; NumPy has no bfloat16, float32 holds its numbers."""
    return np.asarray(given, "float32" if dtype == "bfloat16" else dtype) if isinstance(given, list) else given


def resolve(path: str) -> Any:
    """The object that ``module:attribute`` names."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


def reference(case: Case) -> Any:
    """The reference of the loss of `case`.

    Raises:
        KeyError: there is none.
    """
    return resolve(of(case.loss).references)[case.loss]


def _gluon_unasked(case: Case) -> str | None:
    if "bfloat16" in {case.dtype, *(given.dtype for given in case.inputs.values())}:
        return "MXNet 1.9.1 has no bfloat16 arrays"
    return "MXNet 1.9.1 has no argument 'average'" if "average" in case.config else None


def _keras_uncompiled(case: Case, mode: str) -> str | None:
    """The loss cannot raise this itself: when the graph is made nothing has a shape, and when it runs it is MXNet's."""
    if mode == "hybridize" and resolve("polyloss_conformance.keras_calls:needs_ranks")(case):
        return "Keras matches ranks by shapes, which MXNet's symbols do not have: the graph takes tensors of one shape"
    return None


@cache
def _half_graphs() -> set[tuple[Any, ...]]:
    """Of each Keras loss and half precision, what is compiled first."""
    first: dict[tuple[str, str], tuple[Any, ...]] = {}
    for case in cases_of("keras").values():
        first.setdefault((case.loss, case.dtype), case.graph())
    return {graph for (_, dtype), graph in first.items() if dtype in ("float16", "bfloat16")}


def _unasked_on_jax(case: Case) -> str | None:
    """All of float32 is asked. Each graph has to be compiled, which takes longer than all other references of it."""
    if case.dtype == "float64":
        return "JAX computes float64 in float32, unless JAX_ENABLE_X64 is set"
    if case.dtype != "float32" and case.graph() not in _half_graphs():
        return "of half precision JAX is asked about one graph a loss"
    return None


_REFERENCES = "polyloss_conformance.references."

BUILT_IN = (
    Dialect(
        "gluon",
        "mxnet.gluon.loss, MXNet 1.9.1",
        "polyloss.mxnet.gluon.loss",
        cases="polyloss_conformance.gluon_cases:cases",
        references=_REFERENCES + "gluon:REFERENCES",
        native=_REFERENCES + "native_gluon:run",
        native_backend="mxnet",
        native_load=_REFERENCES + "native_gluon:import_mxnet",
        findings="polyloss_conformance.deviations:FINDINGS",
        explain="polyloss_conformance.deviations:explain",
        unasked=_gluon_unasked,
    ),
    Dialect(
        "torch",
        "torch.nn, PyTorch 2.13",
        "polyloss.torch.nn",
        cases="polyloss_conformance.torch_cases:cases",
        references=_REFERENCES + "torch_nn:REFERENCES",
        native=_REFERENCES + "native_torch:run",
        native_backend="torch",
        native_load=_REFERENCES + "native_torch:import_torch",
        native_environment={"OMP_NUM_THREADS": "1"},  # OpenMP's threads wait by spinning: nine tenths of the time
        findings="polyloss_conformance.deviations.torch_nn:FINDINGS",
        explain="polyloss_conformance.deviations.torch_nn:explain",
        method="forward",
        leading=1,
        calls="polyloss_conformance.torch_calls:CALLS",
    ),
    Dialect(
        "keras",
        "keras.losses, Keras 3.15",
        "polyloss.keras.losses",
        cases="polyloss_conformance.keras_cases:cases",
        references=_REFERENCES + "keras:REFERENCES",
        native=_REFERENCES + "native_keras:run",
        native_backend="tensorflow",
        native_load=_REFERENCES + "native_keras:load",
        native_environment={"KERAS_BACKEND": "tensorflow"},
        elsewhere=(
            Elsewhere("torch", {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}),
            Elsewhere("jax", {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "0"}, _unasked_on_jax),
        ),
        findings="polyloss_conformance.deviations.keras:FINDINGS",
        explain="polyloss_conformance.deviations.keras:explain",
        calls="polyloss_conformance.keras_calls:CALLS",
        uncompiled=_keras_uncompiled,
    ),
    Dialect(
        "zoo",
        "the literature",
        "polyloss.zoo",
        cases="polyloss_conformance.zoo_cases:cases",
        references=_REFERENCES + "zoo:REFERENCES",
        findings="polyloss_conformance.deviations.zoo:FINDINGS",
        method="forward",
        leading=1,
        calls="polyloss_conformance.zoo_calls:CALLS",
    ),
)


@cache
def dialects() -> Mapping[str, Dialect]:
    """All dialects by name."""
    found = {dialect.name: dialect for dialect in BUILT_IN}
    for entry in entry_points(group=GROUP):
        dialect: Dialect = entry.load()
        found[dialect.name] = dialect
    return found


def of(loss: str) -> Dialect:
    """The dialect of a loss id.

    Raises:
        KeyError: no dialect has this name.
    """
    return dialects()[loss.partition("/")[0]]


@cache
def cases_of(dialect: str) -> Mapping[str, Case]:
    """The cases of a dialect by id, in their order.

    Raises:
        ValueError: two cases have one id, or an id does not begin with the name of the dialect.
    """
    found: dict[str, Case] = {}
    for case in resolve(dialects()[dialect].cases)():
        if found.setdefault(case.id, case) is not case:
            raise ValueError(f"two cases have the id {case.id!r}")
        if not case.id.startswith(dialect + "/"):
            raise ValueError(f"the id {case.id!r} of a case of {dialect} does not begin with {dialect}/")
    return found


def all_cases() -> dict[str, Case]:
    """The cases of all dialects by id, in their order."""
    return {key: case for name in dialects() for key, case in cases_of(name).items()}


def cases_named(ids: Iterable[str]) -> dict[str, Case]:
    """The cases with these ids."""
    return {key: cases_of(key.partition("/")[0])[key] for key in ids}


def select(only_dialects: Iterable[str] = (), losses: Iterable[str] = (), quick: bool = False) -> dict[str, Case]:
    """The cases of these dialects and losses (``gluon/L2Loss`` or ``L2Loss``); none given: of all.

    Raises:
        ValueError: a dialect or a loss does not exist or has no case.
    """
    names = list(dict.fromkeys(only_dialects)) or list(dialects())
    for name in names:
        if name not in dialects():
            raise ValueError(f"no dialect {name!r}; there are {', '.join(dialects())}")
    chosen = {key: case for name in names for key, case in cases_of(name).items()}
    wanted = set(losses)
    known = {case.loss for case in chosen.values()}
    if unknown := sorted(wanted - known - {loss.partition("/")[2] for loss in known}):
        raise ValueError(f"no case of loss {unknown[0]!r}; there are cases of {', '.join(sorted(known))}")
    if wanted:
        chosen = {key: case for key, case in chosen.items() if wanted & {case.loss, case.loss.partition("/")[2]}}
    return {key: case for key, case in chosen.items() if case.quick} if quick else chosen


def iterate(cases: Iterable[Case]) -> Iterator[Case]:
    """The cases, those that share a compiled function one after the other."""
    groups: dict[tuple[Any, ...], list[Case]] = {}
    for case in cases:
        groups.setdefault(case.graph(), []).append(case)
    for group in groups.values():
        yield from group
