"""Running a case on a backend."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import platformdirs

from polyloss import dispatch, repeats
from polyloss.opset import Backend, OpSet, UnsupportedError
from polyloss.variants import composed, replaced, varied
from polyloss_conformance import dialects
from polyloss_conformance.cases import Array, Case, Input
from polyloss_conformance.compare import Outcome, Output
from polyloss_conformance.judge import judge, without_gradients
from polyloss_conformance.results import Record
from polyloss_conformance.selection import COMPOSED

CACHED = "cached"
"""The mode that is eager with each call compiled at once, as one that repeats is. In ``eager`` none is."""

NOTHING_FUSED = "no fused kernel is called, so this is the outcome of eager"
"""What a cell of the mode ``composed`` says that is not a computation of its own."""

SETTINGS = {
    "JAX_ENABLE_X64": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "JAX_COMPILATION_CACHE_DIR": platformdirs.user_cache_dir("polyloss-jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""Environment of a worker: float64 on JAX, quiet, one thread each, since several workers run side by side, and what JAX compiles is kept.

JAX looks a program up by all of its operations, its own version, XLA's flags and the processor's features: what a formula became anew is
compiled anew. PyTorch's inductor does likewise of itself. TensorFlow, which could, leaves the processor out.
"""


def settle() -> None:
    """Set what has to be set before a framework is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def modes(backend: Backend) -> list[str]:
    """The modes of a backend: ``composed`` among them where it replaces a composite operation, ``cached`` where calls are compiled."""
    ops = backend.op_set(backend.from_numpy(np.zeros(1), "float32"))
    extra = [COMPOSED] if ops is not None and composed(ops) is not ops else []
    return [backend.modes[0], *extra, *backend.modes[1:], *([CACHED] if ops is not None and ops.compiles else [])]


def sampled(backend: Backend) -> list[str]:
    """The modes of a backend in which one case a loss is run."""
    return [mode for mode in modes(backend) if mode in (*backend.sampled, CACHED)]


class Calls:
    """Whether a loss calls an operation that its backend has replaced: where it does not, taking the replacements off changes nothing."""

    def __init__(self) -> None:
        self.any = False
        self._watched: dict[OpSet, OpSet] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Within the context, calls of replaced operations set `any`, which is False at its beginning."""
        self.any = False
        with dispatch.through(self._watch):
            yield

    def _watch(self, ops: OpSet) -> OpSet:
        if ops not in self._watched:
            noting = {name: self._noting(type(ops), name) for name in replaced(ops)}
            self._watched[ops] = varied(ops, "Watched", noting) if noting else ops
        return self._watched[ops]

    def _noting(self, kind: type[OpSet], name: str) -> Callable[..., Any]:
        def method(ops: OpSet, *args: Any, **kwargs: Any) -> Any:
            self.any = True
            return getattr(kind, name)(ops, *args, **kwargs)

        return method


@dataclass
class _Eager:
    """What came of the case that ran eagerly last, with fused kernels."""

    case: str
    outcome: Outcome
    any_fused: bool
    """Whether it called any."""
    fields: Record
    """Of its cell."""


class Executor:
    """Runs cases on one backend; a compiled function is kept for as long as cases that share it come one after the other."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._key: tuple[Any, ...] | None = None
        self._runner: Callable[..., Any] | None = None
        self._eager: _Eager | None = None
        self._fused = Calls()
        self._has_0d = backend.refuses({"a result": ()}, "float32") is None
        # From now on the types of its tensors are known, without which no call counts as one that repeats: those of a gradient are others.
        wrt = [0] if backend.differentiable else []
        backend.value_and_grad(self._square, wrt)([backend.from_numpy(np.zeros(1), "float32")], None)

    @staticmethod
    def _square(tensor: Any) -> Any:
        return dispatch.op_set("conformance", ("a tensor",), (tensor,)).square(tensor)

    def cell(self, case: Case, mode: str, reference: Record) -> Record:
        """The fields of the cell of a case in a mode, judged by the case's record. No exception leaves this."""
        start = time.perf_counter()
        try:
            fields = self._judged(case, mode, reference)
        except UnsupportedError as error:
            fields = {"status": "unsupported", "message": str(error)}
        except (Exception, SystemExit) as error:  # whatever a framework raises is this cell's result
            fields = {"status": "error", "message": f"{type(error).__name__}: {error}"[:1000]}
            if mode not in (self._backend.modes[0], COMPOSED) and (
                reason := self._declared(case) or dialects.of(case.loss).uncompiled(case, mode)
            ):
                fields = {"status": "unsupported", "message": reason}
        return {**fields, "seconds": round(time.perf_counter() - start, 4)}

    def _declared(self, case: Case) -> str | None:
        """What the loss itself says it does not support: a compiler wraps that in an error of its own."""
        try:
            function, names = dialects.of(case.loss).function(case)
            function(*(self._tensor(case.inputs[name]) if name in case.inputs else None for name in names))
        except UnsupportedError as error:
            return str(error)
        except Exception:
            return None
        return None

    def _judged(self, case: Case, mode: str, reference: Record) -> Record:
        dialect = dialects.of(case.loss)
        if not dialect.has(case):
            return {"status": "missing", "message": f"{dialect.module} has no {case.loss.partition('/')[2]}"}
        shapes = {name: given.values.shape for name, given in case.inputs.items()}
        for dtype in sorted(case.floats()):
            if reason := self._backend.refuses(shapes, dtype):
                return {"status": "unsupported", "message": reason}
        if not self._backend.differentiable:
            reference = without_gradients(reference)
        formula = reference["references"]["formula"]
        if "refused" in formula:
            return judge(case, reference, Outcome(Output(np.zeros(0), case.dtype)))
        expected = tuple(formula["value"]["shape"])
        eager = self._backend.modes[0]
        if mode not in (eager, COMPOSED):
            self._eager = None
            return judge(case, reference, self.run(case, mode, expected))
        if mode == eager or self._eager is None or self._eager.case != case.id:
            self._eager = None
            with self._fused.noted():
                outcome = self.run(case, eager, expected)
            self._eager = _Eager(case.id, outcome, self._fused.any, judge(case, reference, outcome))
        before = self._eager
        if mode == eager:
            return before.fields
        if before.any_fused:
            with dispatch.fused(False):
                return judge(case, reference, self.run(case, eager, expected), before.outcome)
        words = [before.fields["message"]] if "message" in before.fields else []
        return {**before.fields, "message": "; ".join([*words, NOTHING_FUSED])}

    def run(self, case: Case, mode: str, expected: tuple[int, ...]) -> Outcome:
        """Value and gradients, the upstream gradient being that of a value of shape `expected`."""
        function, names = dialects.of(case.loss).function(case)
        wrt = [names.index(name) for name in case.wrt] if self._backend.differentiable else []
        runner = self._compiled(case, mode, function, wrt)
        given = [self._tensor(case.inputs[name]) if name in case.inputs else None for name in names]
        upstream = self._backend.from_numpy(case.upstream(expected if self._has_0d else expected or (1,)), case.dtype)
        try:
            with repeats.from_the_first() if mode == CACHED else nullcontext():
                value, gradients = runner(given, upstream)
        except Exception:
            other = self._of_other_shape(runner, given, expected)
            if other is None:
                raise
            return Outcome(other)
        return Outcome(
            self._output(value, expected),
            {
                name: self._output(gradient, case.inputs[name].values.shape)
                for name, gradient in zip(case.wrt, gradients, strict=False)
            },
        )

    def _compiled(self, case: Case, mode: str, function: Callable[..., Any], wrt: list[int]) -> Callable[..., Any]:
        # An eager runner is made anew: fused or composed is decided when it is called.
        key = None if mode == self._backend.modes[0] else (mode, case.graph())
        if self._runner is None or key is None or key != self._key:
            self._runner = None
            way = self._backend.modes[0] if mode == CACHED else mode
            (self._key, self._runner) = (key, self._backend.value_and_grad(function, wrt, way))
        return self._runner

    def _of_other_shape(self, runner: Any, given: list[Any], expected: tuple[int, ...]) -> Output | None:
        """The value, if its shape is what made an upstream gradient of shape `expected` fail."""
        try:
            output = self._output(runner(given, None)[0], expected)
        except Exception:
            return None
        return output if output.values.shape != expected else None

    def _tensor(self, given: Input) -> Any:
        return self._backend.from_numpy(strided(given.values) if given.strided else given.values, given.dtype)

    def _output(self, tensor: Any, expected: tuple[int, ...]) -> Output:
        ops = self._backend.op_set(tensor)
        if ops is None:
            kind = type(tensor)
            return Output(np.zeros(0), "", f"a {kind.__module__}.{kind.__qualname__}")
        values = np.asarray(self._backend.to_numpy(tensor))
        if expected == () and not self._has_0d and values.shape == (1,):
            values = values.reshape(())
        return Output(values, ops.dtype(tensor) or str(values.dtype))


def strided(values: Array) -> Array:
    """The same values, not contiguous in memory: transposed, and with gaps."""
    if not values.ndim:
        return values
    wide = np.zeros([2 * size for size in reversed(values.shape)], values.dtype)
    view: Array = wide[tuple(slice(None, None, 2) for _ in values.shape)].T
    view[...] = values
    return view


def describe(name: str) -> Mapping[str, Any]:
    """What a run has to know of a backend in this interpreter.

    Raises:
        ImportError: its framework cannot be imported.
    """
    backend = dispatch.backend(name)
    versions = {"numpy": np.__version__, **backend.versions()}
    return {
        "versions": versions,
        "modes": modes(backend),
        "sampled": sampled(backend),
        "by_operation": list(backend.by_operation),
    }
