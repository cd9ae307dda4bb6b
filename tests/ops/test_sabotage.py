"""The table can fail: operations broken on purpose are caught, each in its own cases."""

import math

import numpy as np
import pytest

from polyloss import dispatch
from polyloss.opset import OpSet

from ..conftest import chosen_backends
from .cases import CASES, FUNCTIONS
from .check import differences, problems, refusal

NUMPY = dispatch.backend("numpy")
FRAMEWORK = next((name for name in ("torch", "tensorflow", "mxnet") if name in chosen_backends()), None)  # JAX is slow
NO_TENSOR = {
    "name",
    "shape",
    "dtype",
    "size",
    "autocast_dtype",
    "index_dtypes",
    "readable",
    "replicas",
    "extremes",
    "traced",
}
NO_TENSOR |= {"compiled", "compiles", "graph", "graphs", "kernel", "repeatable", "signature"}  # tests/speed, test_graph
OPS = sorted({name for name in dir(OpSet) if not name.startswith("_")} - NO_TENSOR)
CONSTANT = {"stop_gradient", "zeros_like", "ones_like", "eye_like", "sign", "broadcast_equal", "broadcast_greater"}
OTHER_SHAPE = {"arange_like", "one_hot", "argsort", "undifferentiable"}  # constant too, or no gradient at all
SCALAR = {"nuclear_norm"}  # has no result of another shape

needs_gradients = pytest.mark.skipif(FRAMEWORK is None, reason="no chosen backend differentiates operations one by one")


def caught(backend, op, broken, what=""):
    """Whether a case of `op` says that (a value or a gradient) is wrong once ``broken(F, ...)`` stands in its place."""

    def sabotaged(F):
        result = object.__new__(type("Sabotaged", (type(F),), {op: lambda self, *a, **k: broken(F, *a, **k)}))
        result.__dict__.update(F.__dict__)
        return result

    cases = FUNCTIONS.get(op) or [case for case in CASES if case.op == op]
    return any(
        problem.startswith(what)
        for case in cases
        for dtype in case.dtypes or ("float32", "float64")
        if not refusal(case, backend, dtype) and (op in SCALAR or not has_scalars(case, dtype))
        for problem in problems(case, backend, dtype, ops=sabotaged)
    )


def has_scalars(case, dtype):
    """Beside a 0-d array of NumPy 1 a Python number is a float64: what is written here would fail for that alone."""
    return () in [case.want(case.exact(dtype)).shape, *(a.shape for a in case.args if isinstance(a, np.ndarray))]


def then(op, change):
    return lambda F, *args, **kwargs: change(F, getattr(F, op)(*args, **kwargs), args)


@pytest.mark.parametrize("op", OPS)
def test_each_value_is_checked(op):
    assert caught(NUMPY, op, then(op, lambda F, result, args: F.broadcast_add(result, F.ones_like(result))))


@pytest.mark.parametrize("op", OPS)
def test_each_dtype_is_checked(op):
    assert caught(NUMPY, op, then(op, lambda F, result, args: F.cast(result, "float16")))


@needs_gradients
@pytest.mark.parametrize("op", sorted({*OPS} - OTHER_SHAPE - CONSTANT))
def test_each_gradient_is_checked(op):
    assert caught(
        dispatch.backend(FRAMEWORK), op, then(op, lambda F, result, args: F.stop_gradient(result)), "gradient"
    )


@needs_gradients
@pytest.mark.parametrize("op", sorted(CONSTANT))
def test_each_absent_gradient_is_checked(op):
    def leak(F, result, args):
        return F.broadcast_add(result, F.broadcast_sub(args[0], F.stop_gradient(args[0])))

    assert caught(dispatch.backend(FRAMEWORK), op, then(op, leak), "gradient")


def test_nothing_is_caught_where_nothing_is_broken():
    assert not any(caught(NUMPY, op, then(op, lambda F, result, args: result)) for op in OPS)


@pytest.mark.parametrize(
    "got",
    [[[1.0, 0.0, np.inf]], [1.0, 0.0], [1.0, 0.0, np.nan], [1.0, 0.0, -np.inf], [1.0, 0.0, 1e38], [1.0, 1e-5, np.inf]],
    ids=str,
)
def test_differences(got):
    want = np.array([1.0, 0.0, np.inf])
    assert differences("value", NUMPY, want.astype("float32"), want, "float32", 1e-6, 1e-6) == []
    assert differences("value", NUMPY, np.array(got, "float32"), want, "float32", 1e-6, 1e-6)


def test_differences_of_kind_and_dtype():
    want = np.ones(2)
    assert "no tensor" in differences("value", NUMPY, [1.0, 1.0], want, "float32", 1, 1)[0]
    assert "dtype" in differences("value", NUMPY, want, want, "float32", 1, 1)[0]


# --- likely mistakes --------------------------------------------------------------------------------------------------------


def without_nan(F, x, number):
    return F.where(F.broadcast_equal(x, x), x, number)


def arithmetic_where(F, condition, x, y):
    if isinstance(x, int | float) or isinstance(y, int | float):
        return F.where(condition, x, y)
    chosen = F.cast(condition, F.dtype(x))
    return F.broadcast_add(F.broadcast_mul(chosen, x), F.broadcast_mul(1 - chosen, y))


def wrapping_pick(F, x, index, axis=-1, keepdims=False):
    return F.pick(x, F.where(index < 0, index + F.shape(x)[axis], index), axis, keepdims)


def half_sums(F, x, axis=-1):
    return np.cumsum(x, axis, dtype=x.dtype)


def ascending_reversed(F, x, axis=-1, is_ascend=True):
    return F.argsort(x, axis) if is_ascend else F.flip(F.argsort(x, axis), axis)


def ctc_where_infinite_is_0(F, *args):
    cost = F.ctc_loss(*args)
    return F.where(cost < float("inf"), cost, 0.0)


VALUE = [
    ("sum", "no exclude", lambda F, x, axis=None, keepdims=False, exclude=False: F.sum(x, axis, keepdims)),
    ("sum", "no keepdims", lambda F, x, axis=None, keepdims=False, exclude=False: F.sum(x, axis, False, exclude)),
    ("mean", "over all", lambda F, x, *a, **k: F.sum(x, *a, **k) / F.size(x)),
    ("max", "drops NaN", lambda F, x, *a, **k: F.max(without_nan(F, x, float("-inf")), *a, **k)),
    ("min", "drops NaN", lambda F, x, *a, **k: F.min(without_nan(F, x, float("inf")), *a, **k)),
    ("relu", "drops NaN", lambda F, x: F.where(x > 0, x, 0.0)),
    ("softmax", "other axis", lambda F, x, axis=-1: F.softmax(x, axis - 1)),
    ("softmax", "unshifted", lambda F, x, axis=-1: F.broadcast_div(F.exp(x), F.sum(F.exp(x), axis, keepdims=True))),
    ("log_softmax", "other axis", lambda F, x, axis=-1: F.log_softmax(x, axis - 1)),
    ("log_softmax", "by the quotient", lambda F, x, axis=-1: F.log(F.softmax(x, axis))),
    ("logsumexp", "unshifted", lambda F, x, *a, **k: F.log(F.sum(F.exp(x), *a, **k))),
    ("pick", "unclipped", wrapping_pick),
    ("pick", "rounds", lambda F, x, index, *a, **k: F.pick(x, index + 0.5, *a, **k)),
    ("take", "rounds", lambda F, x, index: F.take(x, index + 0.5)),
    ("dot", "of sizes", lambda F, x, y, **transposed: F.dot(F.abs(x), y, **transposed)),
    ("batch_dot", "of sizes", lambda F, x, y, **transposed: F.batch_dot(F.abs(x), y, **transposed)),
    ("cumsum", "in half precision", half_sums),
    ("cumsum", "from the end", lambda F, x, axis=-1: F.flip(F.cumsum(F.flip(x, axis), axis), axis)),
    ("flip", "other axis", lambda F, x, axis: F.flip(x, axis - 1)),
    ("rsqrt", "of sizes", lambda F, x: F.rsqrt(F.abs(x))),
    ("arctan", "by the sine", lambda F, x: F.arctan(x / F.sqrt(1 + F.square(x)))),
    ("nuclear_norm", "Frobenius", lambda F, x: F.norm(x)),
    ("nuclear_norm", "trace", lambda F, x: F.abs(F.sum(x * F.eye_like(x)))),
    ("argsort", "ties reversed", ascending_reversed),
    ("argsort", "NaN lowest", lambda F, x, *a, **k: F.argsort(without_nan(F, x, -np.inf), *a, **k)),
    ("argsort", "always ascending", lambda F, x, axis=-1, is_ascend=True: F.argsort(x, axis)),
    ("gather_along", "rounds", lambda F, x, i, axis=-1: F.gather_along(x, i + 0.5, axis)),
    ("gather_along", "wraps", lambda F, x, i, axis=-1: F.gather_along(x, np.where(i < 0, i + x.shape[axis], i), axis)),
    ("sort", "always ascending", lambda F, x, axis=-1, is_ascend=True: F.sort(x, axis)),
    ("power", "squares", lambda F, x, e: F.square(x)),
    ("one_hot", "clipped", lambda F, i, depth, *a, **k: F.one_hot(F.clip(i, 0, depth - 1), depth, *a, **k)),
    ("softrelu", "overflows", lambda F, x: F.log1p(F.exp(x))),
    ("softrelu", "no tail", lambda F, x: F.log(1 + F.exp(-F.abs(x))) + F.relu(x)),
    ("softrelu", "linear above 20", lambda F, x: F.where(x > 16, x, F.softrelu(x))),
    ("sigmoid", "overflows", lambda F, x: F.exp(x) / (1 + F.exp(x))),
    ("sigmoid", "no tail", lambda F, x: 1 - F.sigmoid(-x)),
    ("log1p", "no small values", lambda F, x: F.log(1 + x)),
    ("cast", "rounds", lambda F, x, dtype: F.cast(x + 0.5, dtype)),
    ("where", "is arithmetic", arithmetic_where),
    ("broadcast_maximum", "drops NaN", lambda F, a, b: F.where(F.broadcast_greater(a, b), a, b)),
    ("broadcast_greater", "or equal", lambda F, a, b: 1 - F.broadcast_greater(b, a) if np.shape(b) else F.ones_like(a)),
    ("softrelu_excess", "no tail", lambda F, x: F.log(1 + F.exp(-F.abs(x)))),
    ("log_cosh", "overflows", lambda F, x: F.log(0.5 * (F.exp(x) + F.exp(-x)))),
    ("log_cosh", "cancels", lambda F, x: F.softrelu(2.0 * x) - x - math.log(2)),
    ("smooth_l1", "other knee", lambda F, x, scalar=1.0: F.smooth_l1(x, scalar**2)),
    ("reduced", "never a mean", lambda F, f, *a, mean=False, **k: F.reduced(f, *a, **k)),
    (
        "softmax_cross_entropy",
        "no keepdims",
        lambda F, x, i, axis=-1, keepdims=False: F.softmax_cross_entropy(x, i, axis),
    ),
    ("soft_label_cross_entropy", "last axis", lambda F, x, y, axis=-1, **k: F.soft_label_cross_entropy(x, y, **k)),
    ("ctc_loss", "possible", ctc_where_infinite_is_0),
    ("ctc_loss", "all labels", lambda F, x, label, frames=None, width=None: F.ctc_loss(x, label, frames)),
    ("ctc_alignment", "normalised", lambda F, x, *a, **k: F.ctc_alignment(F.log_softmax(x), *a, **k)),
    ("ctc_alignment", "blank last", lambda F, x, *a, blank=-1: F.ctc_alignment(x, *a)),
    ("ctc_alignment", "possible", lambda F, x, *a, **k: F.relu(F.ctc_alignment(F.clip(x, -1e9, 1e9), *a, **k))),
    ("ctc_loss", "all frames", lambda F, x, label, frames=None, width=None: F.ctc_loss(x, label, None, width)),
]


@pytest.mark.parametrize(("op", "mistake", "broken"), VALUE)
def test_mistakes_in_values_are_caught(op, mistake, broken):
    assert caught(NUMPY, op, broken)


def slope_1_at_0(F, x):
    return F.where(x < 0, -x, x)


def clip_inside(F, x, a_min, a_max):
    raised = F.where(x <= a_min, a_min, x)
    return F.where(raised >= a_max, a_max, raised)


def max_with_full_ties(F, x, axis=None, keepdims=False, exclude=False):
    top = F.stop_gradient(F.max(x, axis, True, exclude))
    slopes = F.sum(F.broadcast_equal(x, top) * (x - F.stop_gradient(x)), axis, keepdims, exclude)
    return F.stop_gradient(F.max(x, axis, keepdims, exclude)) + slopes


def larger_half(F, a, b):
    return 0.5 * (F.broadcast_add(a, b) + F.abs(F.broadcast_sub(a, b)))


def singular_values_near_0(F, x):
    return F.nuclear_norm(x + 1e-20 * F.eye_like(x))


GRADIENT = [
    ("nuclear_norm", "not 0 at 0", singular_values_near_0),
    ("abs", "1 at 0", slope_1_at_0),
    ("relu", "1 at 0", lambda F, x: F.where(x < 0, 0.0, x)),
    ("clip", "0 at the ends", clip_inside),
    ("max", "all to each tie", max_with_full_ties),
    ("min", "all to each tie", lambda F, x, *a, **k: -max_with_full_ties(F, -x, *a, **k)),
    ("norm", "NaN at 0", lambda F, x, *a, **k: F.sqrt(F.sum(F.square(x), *a, **k))),
    ("broadcast_maximum", "ties halved", larger_half),
    ("broadcast_maximum", "ties to the second", lambda F, a, b: F.broadcast_maximum(b, a)),
    ("broadcast_minimum", "ties to the second", lambda F, a, b: F.broadcast_minimum(b, a)),
    ("softrelu", "0 at 0", lambda F, x: F.relu(x) + F.log1p(F.exp(-F.abs(x)))),
    ("log_cosh", "1 more", lambda F, x: F.log_cosh(x) + (x - F.stop_gradient(x))),
    ("softrelu_excess", "-1/2 at 0", lambda F, x: F.softrelu(x) - F.clip(x, 0.0, float("inf"))),
    ("sigmoid_cross_entropy", "0 at 0", lambda F, x, t: F.relu(x) - x * t + F.log1p(F.exp(-F.abs(x)))),
    (
        "softmax_cross_entropy",
        "by the quotient",
        lambda F, x, i, axis=-1, keepdims=False: -F.log(F.pick(F.softmax(x, axis), i, axis, keepdims)),
    ),
    ("stop_gradient", "passes it", lambda F, x: x),
]


@needs_gradients
@pytest.mark.parametrize(("op", "mistake", "broken"), GRADIENT)
def test_mistakes_in_gradients_are_caught(op, mistake, broken):
    assert caught(dispatch.backend(FRAMEWORK), op, broken, "gradient")
