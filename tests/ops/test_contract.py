"""What holds of op sets and backends as such: signatures, tensors there and back, runners, axes, compositions, errors."""

import inspect
import sys
from copy import copy
from typing import get_origin

import numpy as np
import pytest

from polyloss.opset import COMPOSITES, INTEGERS, Backend, OpSet, reduced_axes
from polyloss.variants import composed

from .cases import COUNTS, CUBE, EMPTY, GRID, INF, NAN, values
from .check import EPS, Case, rounded, run


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


FIELDS = {"name", "index_dtypes", "graphs", "compiles"}


def signature(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def op_set_classes(backend):
    module = sys.modules[type(backend).__module__]
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and get_origin(kind) is None  # on Python 3.10 tuple[int, ...] is an instance of type, and no class
        and issubclass(kind, OpSet)
        and kind is not OpSet
    ]


def tensor(backend, array=GRID, dtype="float32"):
    return backend.from_numpy(array, dtype)


def ops(backend):
    return backend.op_set(tensor(backend))


# --- signatures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(public(OpSet) - FIELDS))
def test_signature_of_op(backend, name):
    for kind in op_set_classes(backend):
        assert signature(getattr(kind, name)) == signature(getattr(OpSet, name)), kind


def test_op_sets_are_the_contract_and_no_more(backend):
    found = op_set_classes(backend)
    assert type(ops(backend)) in found
    for kind in found:
        assert public(kind) == public(OpSet), kind
        assert kind.name == backend.name
    assert not type(ops(backend)).__abstractmethods__


def test_signatures_of_backend(backend):
    assert public(type(backend)) == public(Backend) | {"name", "dtypes", "modes"}
    for name in {name for name in public(Backend) if callable(getattr(Backend, name))}:
        assert signature(getattr(type(backend), name)) == signature(getattr(Backend, name)), name


# --- tensors there and back -------------------------------------------------------------------------------------------------


def test_description(backend):
    assert backend.modes[0] == "eager"
    assert set(backend.dtypes) <= set(EPS)
    assert "float32" in backend.dtypes
    versions = backend.versions()
    assert versions
    assert all(isinstance(part, str) and part for item in versions.items() for part in item)


@pytest.mark.parametrize("dtype", EPS)
def test_there_and_back(backend, dtype):
    if reason := backend.refuses({"data": (7,)}, dtype):
        pytest.skip(reason)
    # beyond the precision of every dtype, ties between two neighbours of bfloat16 and float16, what overflows float16 and no number
    array = np.array([1 / 3, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-11, 7e4, -INF, NAN])
    with np.errstate(over="ignore"):
        there = tensor(backend, array, dtype)
    F = backend.op_set(there)
    assert F.dtype(there) == dtype
    assert F.shape(there) == (7,)
    back = backend.to_numpy(there)
    assert back.dtype == ("float32" if dtype == "bfloat16" else dtype)
    np.testing.assert_array_equal(back.astype(float), rounded(array, dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_integers_there_and_back(backend, dtype):
    array = np.array([[0, 1, 100], [127, 2, 3]], dtype)
    there = tensor(backend, array, dtype)
    assert backend.op_set(there).dtype(there) == dtype
    back = backend.to_numpy(there)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


def test_layout_of_the_array_does_not_matter(backend):
    array = CUBE.astype("float32")
    for view in (array.T, array[:, ::2], array[::-1]):
        np.testing.assert_array_equal(backend.to_numpy(tensor(backend, view)), view)


def test_from_numpy_takes_no_hold_of_the_array(backend):
    array = GRID.astype("float32")
    there = tensor(backend, array)
    before = backend.to_numpy(there).copy()
    if backend.name != "numpy":
        array[:] = 0
    np.testing.assert_array_equal(backend.to_numpy(there), before)


def test_owns_its_tensors_only(backend):
    assert ops(backend) is ops(backend)
    foreign = [object(), "text", [1.0], (1.0,), None]
    foreign += [GRID] if backend.name != "numpy" else []
    assert [backend.op_set(thing) for thing in foreign] == [None] * len(foreign)


def test_kinds_known_in_advance_are_those_it_owns(backend):
    for kind, F in backend.kinds().items():
        assert type(F) in op_set_classes(backend), kind
    assert backend.kinds().get(type(tensor(backend)), ops(backend)) is ops(backend)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_shape_and_dtype(backend, dtype):
    one = tensor(backend, np.ones((2, 3, 1)), dtype)
    F = backend.op_set(one)
    assert F.shape(one) == (2, 3, 1)
    assert type(F.shape(one)) is tuple
    assert F.dtype(one) == dtype
    assert F.dtype(F.cast(one, "float16")) == "float16"


def test_values_can_be_read(backend):
    one = tensor(backend)
    assert backend.op_set(one).readable(one) is True


def test_values_of_a_compiled_function_cannot_be_read(backend):
    seen = []

    def function(x):
        F = backend.op_set(x)
        seen.append(F.readable(x))
        return F.sum(x)

    for mode in [mode for mode in backend.modes if mode not in ("eager", "np", "graph")]:
        backend.value_and_grad(function, [0], mode)([tensor(backend)], None)
        assert seen[-1] is False, mode


def test_a_gradient_is_refused(backend):
    def function(x):
        F = backend.op_set(x)
        return F.undifferentiable(F.sum(F.square(x)), "a rank has no slope")

    expected = np.array([np.square(GRID).sum()])
    for mode in [mode for mode in backend.modes if mode != "inductor"]:
        (value, _) = backend.value_and_grad(function, [], mode)([tensor(backend)], None)
        np.testing.assert_allclose(backend.to_numpy(value).reshape(1), expected, rtol=1e-6)
        if not backend.differentiable or mode == "hybridize":
            continue
        with pytest.raises(Exception, match=r"a rank has no slope|CustomFunctionBwd"):
            backend.to_numpy(backend.value_and_grad(function, [0], mode)([tensor(backend)], None)[1][0])


def test_dtype_of_a_result(backend):
    for dtype in backend.dtypes:
        one = tensor(backend, GRID, dtype)
        assert backend.op_set(one).autocast_dtype(one) == dtype


def test_replicas(backend):
    assert ops(backend).replicas() == 1
    if backend.name == "tensorflow":
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
            assert ops(backend).replicas() == 1


def test_index_dtypes(backend):
    F = ops(backend)
    assert "int64" in F.index_dtypes
    assert set(F.index_dtypes) <= set(INTEGERS)


def test_size(backend):
    F = ops(backend)
    one = tensor(backend, CUBE)
    assert [F.size(one), F.size(one, axis=1), F.size(one, axis=(0, -1)), F.size(one, axis=-1, exclude=True)] == [
        24,
        3,
        8,
        6,
    ]
    assert F.size(one, axis=None, exclude=True) == 1
    assert type(F.size(one)) is int
    with pytest.raises(ValueError, match="axis 3"):
        F.size(one, axis=3)


def test_size_of_unknown_shape(backend):
    F = copy(ops(backend))
    F.__class__ = type("Shapeless", (type(F),), {"shape": lambda self, data: None})
    size = F.size(tensor(backend, CUBE), axis=1)
    np.testing.assert_array_equal(backend.to_numpy(size), np.full((2, 1, 4), 3))


# --- running ----------------------------------------------------------------------------------------------------------------


def affine(backend):
    def function(x, nothing, y, idle):
        assert nothing is None
        F = backend.op_set(x)
        return F.broadcast_mul(x, y) + 2 * x

    return function


def test_runner(backend):
    runner = backend.value_and_grad(affine(backend), [2, 0, 3])
    for scale in (1.0, -3.0):
        (x, y, upstream) = (scale * GRID, values(1, 3) + scale, scale * GRID[::-1] + 1)
        given = [tensor(backend, x), None, tensor(backend, y), tensor(backend, np.ones(4))]
        for u in (upstream, None):
            (value, grads) = runner(given, None if u is None else tensor(backend, u))
            np.testing.assert_allclose(backend.to_numpy(value), x * y + 2 * x, rtol=1e-5)
            u = np.ones((2, 3)) if u is None else u
            want = [(u * x).sum(0, keepdims=True), u * (y + 2), np.zeros(4)] if backend.differentiable else []
            assert len(grads) == len(want)
            for got, expected in zip(grads, want, strict=True):
                np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=1e-5, atol=1e-5)


def test_runner_refuses_an_unknown_mode(backend):
    with pytest.raises(ValueError, match="upside-down"):
        backend.value_and_grad(affine(backend), [0], mode="upside-down")


def test_refuses_a_dtype_it_does_not_have(backend):
    assert "float8" in backend.refuses({"data": (2,)}, "float8")
    assert backend.refuses({"data": (2, 3)}, "float32") is None


# --- the contract's own parts -----------------------------------------------------------------------------------------------


def test_composites_are_all_that_is_not_abstract():
    concrete = {
        name for name in public(OpSet) - FIELDS if not getattr(getattr(OpSet, name), "__isabstractmethod__", False)
    }
    frameworks = {"autocast_dtype", "compiled", "graph", "repeatable", "replicas", "signature", "traced"}
    assert concrete == {*COMPOSITES, *frameworks, "Activation", "extremes"}


@pytest.mark.parametrize(("axis", "keepdims"), [(None, False), (None, True), ((0, 2), False), ((1, 2), True)])
def test_a_large_sum(backend, axis, keepdims):
    """A backend may add it up in parts."""
    array = np.random.default_rng(0).random((4, 64, 300))
    expected = array.sum(axis, keepdims=keepdims)
    run = backend.value_and_grad(
        lambda x: ops(backend).sum(x, axis=axis, keepdims=keepdims), [0] * backend.differentiable
    )
    (value, slopes) = run([tensor(backend, array)], None)
    np.testing.assert_allclose(backend.to_numpy(value).reshape(expected.shape), expected, rtol=1e-5)
    for slope in slopes:
        np.testing.assert_array_equal(backend.to_numpy(slope), np.ones(array.shape))


LARGE = np.random.default_rng(0).normal(size=(40, 300))
EXPONENTS = np.exp(LARGE)
SHARES = EXPONENTS / EXPONENTS.sum(1, keepdims=True)
FIRST = np.eye(300)[np.zeros(40, int)]


@pytest.mark.parametrize(
    ("function", "expected", "slope"),
    [
        (lambda F, x: F.mean(x, axis=1), LARGE.mean(1), np.full(LARGE.shape, 1 / 300)),
        (lambda F, x: F.max(x, axis=1), LARGE.max(1), LARGE.max(1, keepdims=True) == LARGE),
        (lambda F, x: F.sum(F.log_softmax(x), axis=1), np.log(SHARES).sum(1), 1 - 300 * SHARES),
        (lambda F, x: F.pick(x, F.sum(F.zeros_like(x), axis=1)), LARGE[:, 0], FIRST),
        (
            lambda F, x: F.softmax_cross_entropy(x, F.sum(F.zeros_like(x), axis=1)),
            -np.log(SHARES[:, 0]),
            SHARES - FIRST,
        ),
        (
            lambda F, x: F.sum(F.broadcast_div(F.exp(x), F.sum(F.exp(x), axis=1, keepdims=True)) * x, axis=1),
            (SHARES * LARGE).sum(1),
            SHARES * (1 + LARGE - (SHARES * LARGE).sum(1, keepdims=True)),
        ),
    ],
    ids=["mean", "max", "log_softmax", "pick", "softmax_cross_entropy", "broadcast_div"],
)
def test_large_rows(backend, function, expected, slope):
    """As a large sum, so what is made of one."""
    (value, *slopes) = run_large(backend, function)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)
    for one in slopes:
        np.testing.assert_allclose(one, slope, rtol=1e-4, atol=1e-5)


def run_large(backend, function):
    run = backend.value_and_grad(lambda x: function(ops(backend), x), [0] * backend.differentiable)
    (value, slopes) = run([tensor(backend, LARGE)], None)
    return [backend.to_numpy(one) for one in (value, *slopes)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_extremes(backend, dtype):
    given = tensor(backend, np.array([[3, 1], [7, 2]], dtype), dtype)
    found = backend.op_set(given).extremes(given)
    assert found == (1, 7)
    assert [type(one) for one in found] == [float, float]


def test_extremes_with_nan(backend):
    given = tensor(backend, np.array([3.0, NAN, 1.0]))
    assert np.isnan(backend.op_set(given).extremes(given)).all()


def test_composed_takes_replacements_off(backend):
    F = ops(backend)
    plain = composed(F)
    assert composed(F) is plain
    assert composed(plain) is plain
    assert isinstance(plain, type(F))
    assert vars(plain) == vars(F)
    replaced = [name for name in COMPOSITES if getattr(type(F), name) is not getattr(OpSet, name)]
    assert (plain is F) == (not replaced)
    for name in public(OpSet) - FIELDS:
        source = OpSet if name in COMPOSITES else type(F)
        assert getattr(type(plain), name) is getattr(source, name)


@pytest.mark.parametrize(
    ("axis", "ndim", "exclude", "want"),
    [
        (None, 3, False, (0, 1, 2)),
        (None, 3, True, ()),
        (None, 0, False, ()),
        (1, 3, False, (1,)),
        (-1, 3, False, (2,)),
        (-1, 3, True, (0, 1)),
        ((-1, 0), 3, False, (0, 2)),
        ([2, 0], 3, True, (1,)),
        ((), 3, False, ()),
        ((), 3, True, (0, 1, 2)),
        ((0, 1, 2), 3, True, ()),
    ],
)
def test_reduced_axes(axis, ndim, exclude, want):
    assert reduced_axes(axis, ndim, exclude) == want


@pytest.mark.parametrize(("axis", "ndim"), [(3, 3), (-4, 3), (0, 0), ((0, 5), 2)])
def test_reduced_axes_out_of_range(axis, ndim):
    with pytest.raises(ValueError, match="out of range for a tensor of rank"):
        reduced_axes(axis, ndim)


# --- errors -----------------------------------------------------------------------------------------------------------------

WRONG_AXIS = [
    *(
        Case(op, (CUBE,), {"axis": axis})
        for op in ("sum", "mean", "max", "min", "norm", "logsumexp")
        for axis in (3, (0, -4))
    ),
    Case("sum", (CUBE,), {"axis": 3, "exclude": True}),
    *(Case(op, (CUBE,), {"axis": axis}) for op in ("softmax", "log_softmax") for axis in (3, -4)),
    *(Case(op, (CUBE,), {"axis": axis}) for op in ("argsort", "sort", "cumsum", "flip") for axis in (3, -4)),
    *(Case("gather_along", (CUBE, CUBE), {"axis": axis}) for axis in (3, -4)),
    *(Case(op, (CUBE, COUNTS), {"axis": 3}) for op in ("pick", "softmax_cross_entropy")),
    Case("swapaxes", (CUBE, 0, 3)),
    Case("expand_dims", (CUBE, 4)),
    Case("concat", (GRID, GRID), {"dim": 2}),
    Case("stack", (GRID, GRID), {"axis": 3}),
    Case("slice_axis", (GRID,), {"axis": 2, "begin": 0, "end": 1}),
    Case("arange_like", (GRID,), {"axis": -3}),
]
WRONG = [
    Case("reshape_like", (CUBE, GRID)),
    Case("broadcast_add", (GRID, values(2))),
    Case("Activation", (GRID, "tanh")),
    Case("gather_along", (GRID, COUNTS[:1])),
    Case("gather_along", (GRID, COUNTS[0])),
    Case("batch_dot", (CUBE, CUBE)),
    Case("max", (EMPTY,), {"axis": 0}),
    Case("min", (EMPTY,)),
]


@pytest.mark.parametrize("case", WRONG_AXIS + WRONG, ids=str)
def test_errors(backend, case):
    if reason := backend.refuses(
        {str(i): a.shape for i, a in enumerate(case.args) if isinstance(a, np.ndarray)}, "float32"
    ):
        pytest.skip(reason)
    with pytest.raises(Exception, match="(?i)axis|axes|dim" if case in WRONG_AXIS else None) as caught:
        backend.to_numpy(run(case, backend, "float32")[0])
    owner = caught.type.__module__.split(".")[0]
    assert issubclass(caught.type, ValueError | IndexError | RuntimeError | TypeError) or owner == backend.name
