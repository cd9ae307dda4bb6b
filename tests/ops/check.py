"""A case as data, and `problems`: what an op set gets wrong about it."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from polyloss.opset import Backend, OpSet

from .reference import Reference

HALF = ("float16", "bfloat16")
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
STEP = 1e-3
DIFFERENCES = 1e-10  # what central differences resolve at that step, for values and derivatives of order 1


@dataclass(frozen=True, eq=False)
class Case:
    """One call of an operation, ``F.op(*args, **kwargs)``, or of a function ``op(F, *args, **kwargs)``.

    A float64 array stands for a tensor of the dtype under test, another array for a tensor of its own dtype.
    """

    op: str | Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    wrt: tuple[int, ...] | None = None
    """The arguments to differentiate by; None: all of the dtype under test."""
    grad: Callable[[np.ndarray], tuple[Any, ...]] | None = None
    """From the upstream gradient to those of `wrt`, where differences cannot say: at kinks and infinities."""
    dtypes: tuple[str, ...] = ()
    """Those to test; none given: float32; for a case with a label float64 too; for the first of an operation all."""
    result: str | None = None
    """The dtype of the result; None: the one under test, or that of the first tensor if no argument has it."""
    factor: float = 8
    """The tolerance, absolute and relative, in units of the dtype's epsilon; twice that for gradients."""
    relative: bool = False
    """Whether small values too are held to full relative precision."""
    signs: bool = False
    """Whether the sign of a zero is compared."""

    @property
    def name(self) -> str:
        return self.op if isinstance(self.op, str) else self.op.__name__

    def __str__(self) -> str:
        parts = [_words(a) for a in self.args] + [f"{k}={_words(v)}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(parts)})" + (f" {self.label}" if self.label else "")

    def on(self, F: Any, args: list[Any]) -> Any:
        function = getattr(F, self.op) if isinstance(self.op, str) else lambda *a, **k: self.op(F, *a, **k)
        return function(*args, **self.kwargs)

    def exact(self, dtype: str) -> list[Any]:
        """The arguments as `dtype` holds them, in float64."""
        return [rounded(a, dtype) if _tested(a) else a for a in self.args]

    def result_dtype(self, dtype: str) -> str:
        arrays = [a for a in self.args if isinstance(a, np.ndarray)]
        return self.result or (dtype if any(map(_tested, arrays)) else arrays[0].dtype.name)

    def want(self, args: list[Any]) -> np.ndarray:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # mean of empty slice
            return np.asarray(self.on(Reference, args), dtype=np.float64)


def _tested(argument: Any) -> bool:
    return isinstance(argument, np.ndarray) and argument.dtype == np.float64


def _words(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return value.__name__ if callable(value) else repr(value)
    shape = "x".join(map(str, value.shape)) or "0-d"
    return shape if _tested(value) else f"{shape} {value.dtype}"


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """Float64 values, rounded to the nearest of `dtype`, ties to even."""
    array = np.asarray(array)
    if dtype != "bfloat16":
        with np.errstate(over="ignore", invalid="ignore"):
            return array.astype(dtype).astype(np.float64)
    bits = array.astype(np.float32).view(np.uint32)
    nearest = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return np.where(np.isfinite(array), nearest.astype(np.uint32).view(np.float32), array).astype(np.float64)


def derivative(
    function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, upstream: np.ndarray, step: float = STEP
) -> np.ndarray:
    """The gradient of ``sum(upstream * function(x))`` by fourth-order central differences; an infinite value has none."""
    slopes = np.zeros(at.shape)
    for i in np.ndindex(at.shape):
        for k, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = at.copy()
            moved[i] += k * step
            value = function(moved)
            slopes[i] += weight * np.sum(upstream * np.where(np.isfinite(value), value, 0.0)) / (12 * step)
    return slopes


def refusal(case: Case, backend: Backend, dtype: str) -> str | None:
    """Why a case cannot exist on a backend, by the backend's own account."""
    arrays = {f"argument {i}": a.shape for i, a in enumerate(case.args) if isinstance(a, np.ndarray)}
    shape = case.want(case.exact(dtype)).shape
    if shape:  # a full reduction has a form everywhere
        arrays["the result"] = shape
    for name in {dtype, case.result_dtype(dtype)} & set(EPS):
        if reason := backend.refuses(arrays, name):
            return reason
    return next((reason for a in case.args if (reason := lacks_dtype(a, backend))), None)


def lacks_dtype(argument: Any, backend: Backend) -> str | None:
    """Why an array that is not of the dtype under test cannot exist on a backend: not every one has every integer."""
    if not isinstance(argument, np.ndarray) or _tested(argument):
        return None
    try:
        backend.from_numpy(np.zeros(1, argument.dtype), argument.dtype.name)
    except Exception as error:
        return f"{backend.name} has no {argument.dtype}: {error}"
    return None


def run(
    case: Case,
    backend: Backend,
    dtype: str,
    mode: str = "eager",
    ops: Callable[[OpSet], OpSet] = lambda F: F,
    upstream: np.ndarray | None = None,
    wrt: tuple[int, ...] = (),
) -> tuple[Any, tuple[Any, ...]]:
    """The value and the gradients that a backend gives."""
    places = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray)]
    given = [case.args[i] for i in places]
    tensors = [backend.from_numpy(a, dtype if _tested(a) else a.dtype.name) for a in given]

    def function(*tensors: Any) -> Any:
        args = list(case.args)
        for i, tensor in zip(places, tensors, strict=True):
            args[i] = tensor
        F = backend.op_set(tensors[0])
        assert F is not None
        return case.on(ops(F), args)

    runner = backend.value_and_grad(function, [places.index(i) for i in wrt], mode)
    with np.errstate(all="ignore"):  # infix operators on NumPy arrays warn
        return runner(tensors, None if upstream is None else backend.from_numpy(upstream, case.result_dtype(dtype)))


def problems(
    case: Case, backend: Backend, dtype: str, mode: str = "eager", ops: Callable[[OpSet], OpSet] = lambda F: F
) -> list[str]:
    """What a backend gets wrong about a case: kind, shape, dtype, value, gradients; nothing is good news."""
    exact = case.exact(dtype)
    want = case.want(exact)
    result = case.result_dtype(dtype)
    wrt: tuple[int, ...] = ()
    if backend.differentiable and result in EPS:
        wrt = case.wrt if case.wrt is not None else tuple(i for i, a in enumerate(case.args) if _tested(a))
    rng = np.random.default_rng(crc32(str(case).encode()))
    upstream = rounded(rng.uniform(0.5, 1.5, want.shape) * rng.choice([-1, 1], want.shape), result) if wrt else None

    value, grads = run(case, backend, dtype, mode, ops, upstream, wrt)

    eps = max(EPS[dtype], EPS.get(result, 0.0))
    relative = case.factor * eps
    found = differences("value", backend, value, want, result, relative, 0.0 if case.relative else relative)
    if case.signs and not found and np.any((np.signbit(backend.to_numpy(value)) != np.signbit(want)) & (want == 0)):
        found.append(f"value: zeros have other signs than in {want}")
    if not wrt:
        return found
    assert upstream is not None
    if len(grads) != len(wrt):
        return [*found, f"{len(grads)} gradients instead of {len(wrt)}"]
    slopes = case.grad(upstream) if case.grad else [_slope(case, exact, i, upstream) for i in wrt]
    tolerance = 2 * relative + (0.0 if case.grad else DIFFERENCES)
    for i, grad, slope in zip(wrt, grads, slopes, strict=True):
        slope = np.broadcast_to(slope, case.args[i].shape)
        found += differences(f"gradient by argument {i}", backend, grad, slope, dtype, tolerance, tolerance)
    return found


def _slope(case: Case, exact: list[Any], i: int, upstream: np.ndarray) -> np.ndarray:
    def function(x: np.ndarray) -> np.ndarray:
        return case.want([*exact[:i], x, *exact[i + 1 :]]).reshape(upstream.shape)

    return derivative(function, exact[i], upstream)


def differences(
    what: str, backend: Backend, tensor: Any, want: np.ndarray, dtype: str, relative: float, absolute: float
) -> list[str]:
    """How `tensor` is not `want`: kind, then shape, then dtype, then NaN, infinity and values."""
    F = backend.op_set(tensor)
    if F is None:
        return [f"{what}: a {type(tensor)} is no tensor of {backend.name}"]
    array = backend.to_numpy(tensor)
    if array.shape == (1,) and want.shape == () and backend.refuses({"": ()}, dtype):  # legacy arrays of MXNet
        want = want.reshape(1)
    if array.shape != want.shape:
        return [f"{what}: shape {array.shape} instead of {want.shape}"]
    if F.dtype(tensor) != dtype:
        return [f"{what}: dtype {F.dtype(tensor)} instead of {dtype}"]
    got = array.astype(np.float64)
    want = rounded(want, dtype) if dtype in EPS else want
    wrong = ~np.isclose(got, want, rtol=relative, atol=absolute, equal_nan=True)
    if not wrong.any():
        return []
    with np.errstate(all="ignore"):
        ratio = np.abs(got - want)[wrong] / (absolute + relative * np.abs(want[wrong]))
    worst = np.where(np.isnan(ratio), np.inf, ratio).max()
    return [f"{what}: {got.tolist()} instead of {want.tolist()}, {worst:.3g} times the tolerance"]
