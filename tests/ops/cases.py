"""The table: each operation's ordinary calls first, then its edges and kinks.

The first case of an operation stands for it where time is short: in half precision, and in slow compilers.
"""

from itertools import product

import numpy as np

from .check import HALF, Case

NAN, INF = float("nan"), float("inf")


def values(*shape, low=-2.0, high=2.0, stride=5**0.5 / 2 - 0.5):
    """Distinct values spread over an interval, none near 0 or another: differences of step 1e-3 meet no kink."""
    n = int(np.prod(shape))
    return (low + (high - low) * (np.arange(1, n + 1) * stride % 1)).reshape(shape)


def positive(*shape):
    return values(*shape, low=0.5, high=3.0, stride=2**0.5)


def floats(*rows):
    return np.array(rows, dtype=np.float64)


def ints(*rows, dtype="int32"):
    return np.array(rows, dtype=dtype)


CUBE = values(2, 3, 4)
GRID = values(2, 3)
OTHER = values(2, 3, stride=2**0.5)
SPECIAL = floats(NAN, INF, -INF, 1.5, -0.0, 0.0, -1.5, 2.0)
LARGE = floats(-1e4, -1e3, -300.0, -100.0, 100.0, 300.0, 1e3, 1e4)
NEAR = floats(-0.1, -1e-2, -1e-3, 1e-3, 1e-2, 0.1)
TAILS = floats(-60.0, -30.0, -20.0, -16.0, 16.0, 20.0, 30.0, 60.0)
EMPTY = np.zeros((0, 3))
POINT = np.array(0.75)
HALF_STEPS = floats(-2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.5)
COUNTS = ints([3, 1, 2], [-2, 0, 5])


def none(u):
    """No gradient: zero."""
    return (0.0,)


# --- layout and constants ---------------------------------------------------------------------------------------------------

LAYOUT = [
    Case("cast", (CUBE, "float32"), result="float32", dtypes=("float64", "float16", "bfloat16")),
    Case("cast", (CUBE, "float64"), result="float64"),
    Case("cast", (GRID, "float16"), result="float16"),
    Case("cast", (GRID, "bfloat16"), result="bfloat16"),
    Case("cast", (floats(-2.7, -0.6, 0.0, 0.6, 2.7), "int32"), label="toward zero", result="int32"),
    Case("cast", (COUNTS, "float32"), result="float32"),
    Case("cast", (COUNTS, "int64"), result="int64"),
    Case("widen", (GRID,), result="float32", dtypes=("float32", *HALF)),
    Case("widen", (GRID,), dtypes=("float64",)),
    Case("widen", (COUNTS,)),
    Case("cast_like", (GRID, OTHER)),
    Case("cast_like", (GRID, COUNTS), label="toward zero", result="int32"),
    Case("cast_like", (COUNTS, GRID)),
    Case("cast_like", (GRID, np.zeros(4, "float32")), label="narrowing", result="float32", dtypes=("float64",)),
    Case("cast_like", (GRID, np.zeros(4, "float16")), label="narrowing", result="float16"),
    Case("stop_gradient", (GRID,), grad=none),
    Case("undifferentiable", (GRID,), {"message": "of which a gradient is refused"}, wrt=()),
    Case("reshape", (CUBE, (4, -1))),
    Case("reshape", (CUBE, (24,))),
    Case("reshape", (POINT, (1, 1))),
    Case("reshape", (EMPTY, (3, 0))),
    Case("reshape", (COUNTS, (-1,))),
    Case("reshape_like", (CUBE, values(6, 4))),
    Case("reshape_like", (values(6), COUNTS)),
    Case("reshape_like", (COUNTS, values(6)), result="int32"),
    Case("reshape_like", (EMPTY, np.zeros((3, 0)))),
    Case("swapaxes", (CUBE, 0, 2)),
    Case("swapaxes", (CUBE,), {"dim1": -1, "dim2": -2}),
    Case("swapaxes", (CUBE,)),
    *(Case("expand_dims", (GRID,), {"axis": axis}) for axis in (1, 0, 2, -1, -3)),
    Case("expand_dims", (POINT,), {"axis": 0}),
    Case("expand_dims", (EMPTY,), {"axis": -1}),
    Case("expand_dims", (COUNTS,), {"axis": 1}),
    Case("broadcast_like", (values(1, 3, 1), CUBE)),
    Case("broadcast_like", (GRID, OTHER)),
    Case("broadcast_like", (ints([1, 2, 3]), GRID), result="int32"),
    Case("concat", (GRID, values(2, 1), OTHER)),
    Case("concat", (CUBE, values(2, 3, 1)), {"dim": -1}),
    Case("concat", (GRID,), {"dim": 0}),
    Case("concat", (EMPTY, GRID), {"dim": 0}),
    Case("concat", (COUNTS, COUNTS)),
    Case("stack", (GRID, OTHER)),
    Case("stack", (GRID, OTHER, positive(2, 3)), {"axis": 1}),
    Case("stack", (GRID, OTHER), {"axis": -1}),
    Case("stack", (POINT, POINT)),
    Case("slice_axis", (CUBE,), {"axis": 1, "begin": 1, "end": 3}),
    Case("slice_axis", (CUBE,), {"axis": -1, "begin": -3, "end": -1}),
    Case("slice_axis", (CUBE,), {"axis": 0, "begin": 1, "end": None}),
    Case("slice_axis", (CUBE,), {"axis": 2, "begin": 1, "end": 1}),
    Case("slice_axis", (EMPTY,), {"axis": 1, "begin": 0, "end": 2}),
    Case("slice_axis", (COUNTS,), {"axis": 1, "begin": -1, "end": None}),
    *(Case("flip", (CUBE,), {"axis": axis}) for axis in (1, 0, -1, -3)),
    Case("flip", (values(4),), {"axis": -1}),
    Case("flip", (EMPTY,), {"axis": 1}),
    Case("flip", (COUNTS,), {"axis": 0}),
    *(
        Case(op, (data,), label=label)
        for op in ("zeros_like", "ones_like")
        for data, label in ((GRID, ""), (EMPTY, ""), (POINT, ""), (COUNTS, ""), (SPECIAL, "of NaN and infinity"))
    ),
    Case("arange_like", (CUBE,), {"axis": 1}),
    Case("arange_like", (CUBE,), {"axis": -1}),
    Case("arange_like", (COUNTS,), {"axis": 1}),
    Case("arange_like", (EMPTY,), {"axis": 0}),
    Case("eye_like", (values(3, 3),)),
    Case("eye_like", (GRID,)),
]

# --- elementwise ------------------------------------------------------------------------------------------------------------

UNARY = ("abs", "sign", "square", "sqrt", "rsqrt", "exp", "log", "log1p", "arctan", "relu", "sigmoid", "softrelu")
LOGISTIC = 1 / (1 + np.exp(-TAILS))
EXCESS = 1 / (1 + np.exp(np.abs(TAILS)))

ELEMENTWISE = [
    *(Case(op, (positive(2, 3) if op in ("sqrt", "rsqrt", "log", "log1p") else GRID,)) for op in UNARY),
    *(Case(op, (POINT,)) for op in UNARY),
    *(Case(op, (EMPTY,)) for op in UNARY),
    *(Case(op, (SPECIAL,), label="special values", wrt=()) for op in UNARY),
    Case("abs", (HALF_STEPS,), label="kink", grad=lambda u: (u * np.sign(HALF_STEPS),)),
    Case("abs", (floats(-0.0, 0.0),), label="signed zero", wrt=(), signs=True),
    Case("abs", (COUNTS,)),
    Case("sign", (HALF_STEPS,), label="kink", grad=none),
    Case("sign", (COUNTS,)),
    Case("square", (HALF_STEPS,)),
    Case("square", (COUNTS,)),
    Case("sqrt", (floats(0.0, 4.0),), label="at 0", grad=lambda u: (u * [INF, 0.25],)),
    Case("sqrt", (floats(-0.0, 0.0),), label="signed zero", wrt=(), signs=True),
    Case("rsqrt", (floats(0.0, 4.0),), label="at 0", grad=lambda u: (u * [-INF, -1 / 16],)),
    Case("rsqrt", (floats(1e-12, 1e12),), relative=True, grad=lambda u: (u * [-5e17, -5e-19],)),
    Case("exp", (floats(-20.0, 20.0, 40.0),), relative=True, grad=lambda u: (u * np.exp([-20.0, 20.0, 40.0]),)),
    Case("exp", (LARGE,), label="overflow", wrt=()),
    Case("log", (floats(1e-30, 1e30),), relative=True, grad=lambda u: (u * [1e30, 1e-30],)),
    *(Case("power", (positive(2, 3), e)) for e in (2.5, 3, 1.0, 0.5)),
    *(
        Case("power", (floats(0.0, 4.0), e), label="at 0", grad=lambda u, slopes=slopes: (u * slopes,))
        for e, slopes in ((2.5, [0, 20.0]), (2, [0, 8.0]), (1.0, [1, 1]), (1.5, [0, 3.0]), (0.5, [INF, 0.25]))
    ),
    Case("log1p", (floats(-1e-7, 1e-10, 1e-30),), label="small", relative=True, wrt=()),
    Case("arctan", (LARGE,), label="large", grad=lambda u: (u / (1 + LARGE**2),)),
    Case("arctan", (floats(1e-10, -1e-20, 0.01),), label="small", relative=True, wrt=()),
    Case("relu", (HALF_STEPS,), label="kink", grad=lambda u: (u * (HALF_STEPS > 0),)),
    Case("relu", (COUNTS,)),
    Case("sigmoid", (LARGE,), label="large", grad=none),
    Case("sigmoid", (TAILS,), label="tails", relative=True, grad=lambda u: (u * LOGISTIC * LOGISTIC[::-1],)),
    Case("softrelu", (LARGE,), label="large", grad=lambda u: (u * (LARGE > 0),)),
    Case("softrelu", (TAILS,), label="tails", relative=True, grad=lambda u: (u * LOGISTIC,)),
    Case("softrelu", (floats(0.0, -0.0),), label="at 0", grad=lambda u: (u / 2,)),
    *(Case("Activation", (HALF_STEPS + 0.1,), {"act_type": kind}) for kind in ("relu", "sigmoid", "softrelu")),
    Case("clip", (CUBE, -1.0, 0.5)),
    Case("clip", (floats(-2.0, -1.0, 0.0, 0.5, 2.0), -1.0, 0.5), label="ends", grad=lambda u: (u * [0, 1, 1, 1, 0],)),
    Case("clip", (HALF_STEPS, 0.0, INF), label="ends", grad=lambda u: (u * (HALF_STEPS >= 0),)),
    Case("clip", (HALF_STEPS, -1, 1), label="ends", grad=lambda u: (u * (np.abs(HALF_STEPS) <= 1),)),
    Case("clip", (SPECIAL,), {"a_min": -1.0, "a_max": 2.0}, label="special values", wrt=()),
    Case("clip", (EMPTY, -1.0, 1.0)),
    Case("clip", (POINT, -1.0, 1.0)),
]


# --- two tensors ------------------------------------------------------------------------------------------------------------

ARITHMETIC = ("broadcast_add", "broadcast_sub", "broadcast_mul", "broadcast_div")
EXTREMES = ("broadcast_maximum", "broadcast_minimum")
COMPARISONS = ("broadcast_equal", "broadcast_greater")
(PAIR_A, PAIR_B) = (floats(*pair) for pair in zip(*product((NAN, INF, -INF, 0.0, 1.5), repeat=2), strict=True))


def infix_tensors(F, a, b):
    return -(a + b) * (a - b) / b


def infix_numbers(F, a):
    return (2 * a + 1) / (3 - a / 2.0) - 1.5 / (a - 5) * 0.5 + (1.0 - -a)


def infix_comparisons(F, a, b):
    above = F.where(a > b, a, b) + 2 * F.where(a >= 0.5, a, b)
    return above - F.where(a < 0, b, a) * F.where(a <= b, a, b)


def cast_of_comparison(F, a, b):
    return F.cast(a > b, "float32")


def comparison_with_number(F, a):
    return F.broadcast_greater(a, 0.5) + 2 * F.broadcast_equal(a, -1)


def negative(F, a):
    return -a


TWO = [
    *(Case(op, (GRID, positive(2, 3))) for op in (*ARITHMETIC, *EXTREMES, *COMPARISONS)),
    *(Case(op, (values(2, 1, 4), positive(3, 1))) for op in (*ARITHMETIC, *EXTREMES, *COMPARISONS)),
    *(Case(op, (values(4), CUBE + 3), label="of lower rank") for op in ("broadcast_sub", "broadcast_minimum")),
    *(Case(op, (CUBE, POINT)) for op in ("broadcast_mul", "broadcast_maximum", "broadcast_greater")),
    *(Case(op, (POINT, np.array(1.25))) for op in ("broadcast_add", "broadcast_minimum", "broadcast_equal")),
    *(Case(op, (EMPTY, values(1, 3))) for op in (*ARITHMETIC, *EXTREMES, *COMPARISONS)),
    *(
        Case(op, (PAIR_A, PAIR_B), label="special values", wrt=())
        for op in (*ARITHMETIC, *EXTREMES, *COMPARISONS, infix_comparisons)
    ),
    Case("broadcast_mul", (floats(-1.0, 1.0), floats(0.0, -0.0)), label="signed zero", wrt=(), signs=True),
    Case("broadcast_div", (floats(0.0, 0.0, 1.0), floats(-2.0, 2.0, -INF)), label="signed zero", wrt=(), signs=True),
    *(
        Case(op, (floats(1, 2, 0, 0, -1), floats(1, 3, 0, -0.0, -2)), label="ties", grad=grad)
        for op, grad in (
            ("broadcast_maximum", lambda u: (u * [1, 0, 1, 1, 1], u * [0, 1, 0, 0, 0])),
            ("broadcast_minimum", lambda u: (u * [1, 1, 1, 1, 0], u * [0, 0, 0, 0, 1])),
        )
    ),
    *(
        Case(op, (floats([1], [2]), floats(1, 2)), label="broadcast ties", grad=grad)
        for op, grad in (
            ("broadcast_maximum", lambda u: ([[u[0, 0]], [u[1, 0] + u[1, 1]]], [0, u[0, 1]])),
            ("broadcast_minimum", lambda u: ([[u[0, 0] + u[0, 1]], [u[1, 1]]], [u[1, 0], 0])),
        )
    ),
    *(Case(op, (HALF_STEPS, 0.5), grad=none) for op in COMPARISONS),
    *(Case(op, (floats(0.5, 0, 1), floats(0.5, -0.0, 2)), label="ties", grad=lambda u: (0, 0)) for op in COMPARISONS),
    *(Case(op, (COUNTS, 2)) for op in COMPARISONS),
    *(Case(op, (COUNTS, ints([1, 2, 3]))) for op in COMPARISONS),
    Case(infix_tensors, (GRID, positive(2, 3))),
    *(Case(infix_numbers, (data,)) for data in (GRID, POINT, EMPTY)),
    Case(infix_comparisons, (GRID, OTHER)),
    Case(cast_of_comparison, (GRID, OTHER), result="float32", wrt=()),
    Case(comparison_with_number, (HALF_STEPS,), grad=none),
    Case(negative, (floats(0.0, -0.0, 1.0, NAN, INF),), label="special values", wrt=(), signs=True),
]


# --- choice -----------------------------------------------------------------------------------------------------------------

CHOICE = ints([1, 0, 1], [0, 0, 1])


def where_negative(F, label, x):
    return F.where(label < 0, 0.0, x)


def where_sqrt(F, x):
    return F.where(x > 0, F.sqrt(F.where(x > 0, x, 1.0)), 0.0)


ONES = np.ones((1, 3000))  # in float16, 2048 + 1 is 2048

SELECT = [
    Case("where", (CHOICE.astype(float), GRID, OTHER), wrt=(1, 2)),
    *(Case("where", (CHOICE.astype(kind), GRID, OTHER)) for kind in ("int32", "uint8", "int64", "bool")),
    Case("where", (CHOICE, GRID, -1.5)),
    Case("where", (CHOICE, 2, GRID)),
    Case("where", (ints([1], [0]), GRID, values(1, 3))),
    Case("where", (ints(1, 0, 1), values(2, 1), GRID), label="of lower rank"),
    Case("where", (CHOICE, POINT, GRID)),
    Case("where", (CHOICE[:, :, None], values(2, 1, 4), 0.5)),
    Case("where", (CHOICE, COUNTS, -1)),
    Case("where", (EMPTY, EMPTY, 0.0), wrt=(1,)),
    Case(
        "where",
        (ints(1, 0, 1, 0), floats(NAN, NAN, 1, INF), floats(2, 3, -INF, NAN)),
        grad=lambda u: (u * [1, 0, 1, 0], u * [0, 1, 0, 1]),
    ),
    Case(where_negative, (COUNTS, GRID)),
    Case(where_sqrt, (floats(-1.0, 0.0, 4.0),), label="guarded input", grad=lambda u: (u * [0, 0, 0.25],)),
    *(
        Case("pick", (data, index), {"axis": axis, "keepdims": keepdims})
        for data, index, axis, keepdims in (
            (CUBE, ints([0, 3, 1], [2, 2, 0]), -1, False),
            (CUBE, ints([0, 3, 1], [2, 2, 0]), 2, True),
            (CUBE, ints([[0], [3], [1]], [[2], [2], [0]]), -1, False),
            (CUBE, ints([[0], [3], [1]], [[2], [2], [0]]), -1, True),
            (CUBE, ints([0, 2, 1, 0], [1, 1, 0, 2]), 1, False),
            (CUBE, ints([[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1]]), 0, True),
            (values(4), np.array(2, "int32"), 0, False),
            (EMPTY, np.zeros(0, "int32"), -1, False),
        )
    ),
    Case("pick", (GRID, floats(1, 2)), wrt=(0,)),
    Case("pick", (COUNTS, ints(1, 2))),
    *(
        Case("pick", (GRID, np.array([1, 2], kind)))
        for kind in ("int8", "uint8", "int64", "float32", "int16", "uint16", "uint32", "uint64", "float16")
    ),
    Case("pick", (GRID, ints(-1, 7)), label="clipped"),
    Case("pick", (GRID, ints(-(2**33) + 1, 2**33 + 1, dtype="int64")), label="clipped"),
    Case("pick", (GRID, ints(255, 1, dtype="uint8")), label="clipped"),
    *(
        Case("pick", (values(8, 3), np.array([1.9, -0.9, -5.0, 9.5, NAN, INF, -INF, large], kind)), label="odd indices")
        for kind, large in (("float32", 1e30), ("float16", 6e4))
    ),
    *(
        Case("take", (data, index))
        for data, index in (
            (CUBE, ints(1, 0, 1)),
            (values(4), ints([0, 3, 3], [1, 0, 3])),
            (GRID, ints([[1], [1]], [[0], [1]])),
            (values(3), np.zeros((0, 2), "int32")),
        )
    ),
    Case("take", (values(4), floats(1, 2)), wrt=(0,)),
    *(Case("take", (values(4), np.array([1, 3], kind))) for kind in ("int8", "uint8", "int64", "uint32", "float16")),
    Case("take", (values(4), ints(-1, 7)), label="clipped"),
    Case("take", (values(4), ints(-(2**33) + 1, 2**33 + 1, dtype="int64")), label="clipped"),
    Case("take", (values(4), np.array([1.9, -5.0, NAN, INF], "float32")), label="odd indices"),
    *(
        Case("dot", (lhs, rhs), {"transpose_a": a, "transpose_b": b})
        for lhs, rhs, a, b in (
            (GRID, values(3, 4), False, False),
            (values(3, 2), values(3, 4), True, False),
            (GRID, values(4, 3), False, True),
            (values(3, 2), values(4, 3), True, True),
        )
    ),
    *(
        Case("batch_dot", (lhs, rhs), {"transpose_a": a, "transpose_b": b})
        for lhs, rhs, a, b in (
            (CUBE, values(2, 4, 5, stride=2**0.5), False, False),
            (values(2, 4, 3), values(2, 4, 5), True, False),
            (CUBE, values(2, 5, 4), False, True),
            (values(2, 4, 3), values(2, 5, 4), True, True),
            (values(1, 3, 1), values(1, 1, 2), False, False),
            (np.zeros((0, 2, 3)), np.zeros((0, 3, 2)), False, False),
            (np.zeros((2, 2, 0)), np.zeros((2, 0, 2)), False, False),
        )
    ),
    Case("batch_dot", (ONES[None], ONES[None]), {"transpose_b": True}, label="many", wrt=(), dtypes=HALF),
    Case("pick", (floats([NAN, 1], [INF, 2]), ints(1, 1)), label="beside NaN", grad=lambda u: (u[:, None] * [0, 1],)),
    *(
        Case(
            "one_hot",
            (indices, 4),
            {"on_value": on, "off_value": off, "dtype": dtype},
            result=dtype,
        )
        for indices, on, off, dtype in (
            (ints([0, 3], [2, 1]), 1.0, 0.0, "float32"),
            (ints(0, 3), 0.9, 0.1, "float64"),
            (ints(0, 3), 1.0, 0.0, "float16"),
            (ints(0, 3), 1.0, 0.0, "bfloat16"),
            (ints(0, 3), 1, -1, "int32"),
        )
    ),
    Case("one_hot", (ints(0, 2), 3), result="float32"),
    Case("one_hot", (ints(-1, 4, 2**31 - 1, 1), 4), label="outside", result="float32"),
    Case(
        "one_hot",
        (ints(2**32 + 1, -(2**32) + 1, dtype="int64"), 4),
        label="outside",
        result="float32",
    ),
    Case("one_hot", (floats(1.9, -0.5, -1.0, 4.0, 1e10, INF), 4), label="odd indices", result="float32", wrt=()),
    *(
        Case("one_hot", (np.array([1, 0], kind), 3), result="float32")
        for kind in ("int8", "uint8", "int64", "float16", "int16", "uint16", "uint32", "uint64")
    ),
    Case("one_hot", (np.zeros((0, 2), "int32"), 3), result="float32"),
    Case("one_hot", (np.array(1, "int32"), 3), result="float32"),
]

# --- reductions -------------------------------------------------------------------------------------------------------------

AXES = [
    {"axis": 1},
    {},
    {"keepdims": True},
    {"axis": -1, "keepdims": True},
    {"axis": (0, -1)},
    {"axis": 1, "exclude": True},
    {"axis": (-1, 0), "exclude": True, "keepdims": True},
]
NO_AXES = [{"axis": ()}, {"axis": None, "exclude": True}, {"axis": (0, 1, 2), "exclude": True}]
REDUCTIONS = ("sum", "mean", "max", "min", "norm", "logsumexp")
TIES = floats([1, 1, 0], [2, 2, 2], [0, 1, 2])
SHARES = floats([1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3], [0, 0, 1])
ROWS = floats([NAN, 1, 2], [INF, 1, -2], [-INF, 1, 2], [-INF, -INF, -INF], [INF, -INF, 0])
(FAR, FAR_WEIGHTS) = (floats([-1e4, 0, 1e4], [1e4, 1e4, 0]), floats([0, 0, 1], [0.5, 0.5, 0]))

REDUCE = [
    *(Case(op, (CUBE,), how) for op in REDUCTIONS for how in AXES),
    *(Case(op, (CUBE,), how) for op in REDUCTIONS for how in NO_AXES),
    Case("sum", (CUBE,), {"axis": [2, 0]}),
    Case("sum", (CUBE,), {"axis": (), "exclude": True}),
    *(Case(op, (POINT,)) for op in REDUCTIONS),
    *(Case(op, (EMPTY,), {"axis": 1}) for op in REDUCTIONS if op != "mean"),
    *(Case(op, (EMPTY,), {"axis": 0}) for op in ("sum", "mean", "norm")),
    *(Case(op, (EMPTY,)) for op in ("sum", "mean", "norm")),
    Case("mean", (np.zeros((0, 2, 3)),), {"axis": 2}),
    *(Case(op, (ROWS,), {"axis": 1}, label="special values", wrt=()) for op in REDUCTIONS),
    *(Case(op, (COUNTS,), {"axis": 1}) for op in ("sum", "max", "min")),
    *(
        Case(op, (sign * TIES,), {"axis": 1}, label="ties", grad=lambda u: (SHARES * u[:, None],))
        for op, sign in (("max", 1), ("min", -1))
    ),
    *(
        Case(op, (sign * TIES,), label="ties", grad=lambda u: (u * (TIES == 2) / 4,))
        for op, sign in (("max", 1), ("min", -1))
    ),
    Case(
        "norm",
        (floats([0, 0], [3, 4]),),
        {"axis": 1},
        label="at 0",
        grad=lambda u: (u[:, None] * [[0, 0], [0.6, 0.8]],),
    ),
    Case("norm", (np.zeros((2, 2)),), {"keepdims": True}, label="at 0", grad=none),
    *(
        Case(
            "logsumexp",
            (LARGE,),
            {"axis": 0, "keepdims": keepdims},
            label="large",
            grad=lambda u: (u * (LARGE == 1e4),),
        )
        for keepdims in (False, True)
    ),
    Case("logsumexp", (floats(-1e4, -1e4),), label="large", grad=lambda u: (u / 2,)),
    *(Case(op, (CUBE,), {"axis": axis}) for op in ("softmax", "log_softmax") for axis in (1, -1, 0, -3)),
    *(Case(op, (CUBE,)) for op in ("softmax", "log_softmax")),
    *(Case(op, (EMPTY,)) for op in ("softmax", "log_softmax")),
    Case("softmax", (FAR,), label="large"),
    Case("log_softmax", (FAR,), label="large", grad=lambda u: (u - FAR_WEIGHTS * u.sum(1, keepdims=True),)),
    *(
        Case(op, (floats([-INF, 0, 1], [0, NAN, 1]),), label="special values", wrt=())
        for op in ("softmax", "log_softmax")
    ),
]

REDUCE += [
    *(Case("cumsum", (CUBE,), {"axis": axis}) for axis in (1, -1, 0, -3)),
    Case("cumsum", (CUBE,)),
    Case("cumsum", (values(4),)),
    Case("cumsum", (EMPTY,), {"axis": 0}),
    Case("cumsum", (COUNTS,), {"axis": 1}),
    Case("cumsum", (floats([1, NAN, 2], [INF, 1, -INF], [1, -INF, 2]),), label="special values", wrt=()),
    Case("cumsum", (ONES,), label="many", wrt=(), dtypes=HALF),
    Case("nuclear_norm", (GRID,)),
    *(Case("nuclear_norm", (data,)) for data in (values(3, 2), values(4, 4, stride=2**0.5), values(1, 3), EMPTY)),
    *(
        Case("nuclear_norm", (data,), label=label, grad=lambda u, slope=slope: (u * slope,))
        for data, label, slope in (
            (np.zeros((3, 3)), "of zeros", 0),
            (2 * np.eye(2, 3), "equal singular values", np.eye(2, 3)),
            (floats([3, 0, 0], [0, -0.5, 0], [0, 0, 0]), "singular", floats([1, 0, 0], [0, -1, 0], [0, 0, 0])),
            (np.outer([3.0, 4, 0], [0, 2, 0]), "rank 1", np.outer([0.6, 0.8, 0], [0, 1, 0])),
            (np.ones((4, 2)), "rank 1", np.full((4, 2), 8**-0.5)),
        )
    ),
    *(Case("nuclear_norm", (floats([1, x], [2, 3]),), label="special values", wrt=()) for x in (NAN, INF)),
    *(Case("nuclear_norm", (np.diag([x, 1.0, 1.0]),), label="special values", wrt=()) for x in (NAN, INF)),
]

# --- order ------------------------------------------------------------------------------------------------------------------

MANY_TIES = np.trunc(values(2, 40, low=-1.99, high=1.99))
ORDERS = [{"axis": axis, "is_ascend": up} for axis in (-1, 1, 0) for up in (True, False)]
UNORDERED = floats([1, NAN, INF, -INF, INF, NAN], [-0.0, 0.0, 1, 0.0, -0.0, NAN])


def ranks(F, data):
    return F.cast_like(F.argsort(F.argsort(data)), data)


ORDER = [
    Case("argsort", (CUBE,), result="int32"),
    *(Case("argsort", (CUBE,), how, result="int32") for how in ORDERS),
    *(Case("argsort", (MANY_TIES,), {"is_ascend": up}, label="ties", result="int32") for up in (True, False)),
    *(Case("argsort", (UNORDERED,), {"is_ascend": up}, label="special values", result="int32") for up in (True, False)),
    *(Case("argsort", (COUNTS,), {"axis": 1, "is_ascend": up}, result="int32") for up in (True, False)),
    Case("argsort", (ints(3, 0, 255, 0, dtype="uint8"),), {"is_ascend": False}, result="int32"),
    Case("argsort", (values(1),), result="int32"),
    Case("argsort", (EMPTY,), result="int32"),
    Case(ranks, (GRID,), grad=none),
    *(
        Case("gather_along", (data, indices), {"axis": axis})
        for data, indices, axis in (
            (CUBE, ints([[3, 0], [1, 1], [2, 0]], [[0, 0], [3, 1], [2, 2]]), -1),
            (CUBE, ints([[2, 1, 0, 0]], [[1, 1, 2, 2]]), 1),
            (CUBE, np.tile(ints([[1]], [[0]], [[1]]), (1, 3, 4)), 0),
            (values(4), ints(3, 3, 0), 0),
            (values(4, 1), ints([0, 0]).repeat(4, axis=0), 1),
            (GRID, np.zeros((2, 0), "int32"), -1),
            (EMPTY, np.zeros((0, 2), "int32"), -1),
        )
    ),
    Case("gather_along", (GRID, ints([1], [2]))),
    Case("gather_along", (GRID, floats([1, 0], [2, 2])), wrt=(0,)),
    Case("gather_along", (COUNTS, ints([1], [2]))),
    *(
        Case("gather_along", (values(1, 4), np.array([[1, 3]], kind)))
        for kind in ("int8", "uint8", "int64", "uint32", "float16")
    ),
    Case("gather_along", (GRID, ints([-1, 1], [7, 0])), label="clipped"),
    Case("gather_along", (values(1, 4), ints([-(2**33) + 1, 2**33 + 1], dtype="int64")), label="clipped"),
    Case("gather_along", (values(1, 4), np.array([[1.9, -0.9, -5, NAN, INF, -INF]], "float32")), label="odd indices"),
    Case(
        "gather_along",
        (values(1, 4), ints([2, 2, 2, 0])),
        label="repeated",
        grad=lambda u: ([[u[0, 3], 0, u[0, :3].sum(), 0]],),
    ),
    Case(
        "gather_along", (floats([NAN, 1], [INF, 2]), ints([1], [1])), label="beside NaN", grad=lambda u: (u * [0, 1],)
    ),
    Case("sort", (CUBE,)),
    *(Case("sort", (CUBE,), how) for how in ORDERS),
    Case("sort", (COUNTS,), {"axis": 0, "is_ascend": False}),
    Case("sort", (EMPTY,)),
    *(
        Case("sort", (floats(2, 0, 2, 1),), {"is_ascend": up}, label="ties", grad=lambda u, i=i: (u[i],))
        for up, i in ((True, [2, 0, 3, 1]), (False, [0, 3, 1, 2]))
    ),
    Case("sort", (floats(1, INF, -INF, 0),), label="special values", wrt=()),
]

# --- composites -------------------------------------------------------------------------------------------------------------

UNIT = values(2, 3, low=0.05, high=0.95)
FIVE = (values(5, 3), values(4, 3, stride=2**0.5), ints(0, 3, 1, 2, 9))
SCALE = floats(1, 0, 0.5, 2, 0.25)
LABELS = ints([1, 0, 3, 2], [0, 2, 1, 1])


def running_product(F, data, state):
    """Keeps the order of steps: ``s <- s x + 1``."""
    return F.scan(lambda item, s: s * item + 1.0, data, state)


def scan_of_rows(F, data, state):
    return F.scan(lambda item, s: F.broadcast_add(s, F.sum(item, axis=1, keepdims=True)), data, state)


def reduced_product(F, data, other, mean=False):
    """Five elements at a time, of six: a whole piece and a part of one."""
    return F.reshape(F.reduced(lambda x, y: F.exp(x) * y, data, other, mean=mean, elements=5), (1,))


def reduced_constant(F, data, other):
    """The first of the data has no influence."""
    return F.reshape(F.reduced(lambda x, y: F.square(y), data, other, elements=2), (1,))


def reduced_rows(F, data, column, label):
    """Two rows at a time, of three."""

    def function(x, c, y):
        return F.softmax_cross_entropy(F.broadcast_mul(x, c), y)

    return F.reshape(F.reduced(function, data, column, label, mean=True, samples=True, elements=5), (1,))


COMPOSED = [
    Case("squared_error", (GRID, OTHER)),
    Case("squared_error", (floats(1, 0, INF, NAN), floats(1, 0, 1, 1)), label="special values", wrt=()),
    Case("squared_error", (EMPTY, EMPTY)),
    Case("squared_error", (POINT, np.array(1.75))),
    Case("softrelu_excess", (GRID,)),
    Case("softrelu_excess", (LARGE,), label="large", grad=none),
    Case("softrelu_excess", (TAILS,), label="tails", relative=True, grad=lambda u: (-u * np.sign(TAILS) * EXCESS,)),
    Case("softrelu_excess", (floats(0.0, -0.0),), label="kink", grad=none),
    Case("softrelu_excess", (SPECIAL,), label="special values", wrt=()),
    Case("softrelu_excess", (EMPTY,)),
    Case("log_cosh", (GRID,)),
    Case("log_cosh", (NEAR,), label="near 0", relative=True, grad=lambda u: (u * np.tanh(NEAR),)),
    Case("log_cosh", (LARGE,), label="large", grad=lambda u: (u * np.tanh(LARGE),)),
    Case("log_cosh", (floats(0.0, -0.0),), label="bottom", grad=none),
    Case("log_cosh", (SPECIAL,), label="special values", wrt=()),
    Case("log_cosh", (EMPTY,)),
    Case("smooth_l1", (GRID,)),
    *(Case("smooth_l1", (GRID,), {"scalar": scalar}) for scalar in (2.0, 0.8, 1)),
    Case("smooth_l1", (floats(0, -1, 1, -0.5),), label="kink and knees", grad=lambda u: (u * [0, -1, 1, -0.5],)),
    Case("smooth_l1", (floats(-1e30, 1e30),), label="large", grad=lambda u: (u * [-1, 1],)),
    Case("smooth_l1", (SPECIAL,), label="special values", wrt=()),
    Case("smooth_l1", (EMPTY,)),
    Case("sigmoid_cross_entropy", (GRID, UNIT)),
    Case(
        "sigmoid_cross_entropy",
        (floats(0, 0, 0), floats(0, 0.25, 1)),
        label="at 0",
        grad=lambda u: (u * [0.5, 0.25, -0.5], 0),
    ),
    Case(
        "sigmoid_cross_entropy",
        (floats(-1e4, 1e4, -1e4, 1e4), floats(0, 1, 1, 0)),
        label="large",
        grad=lambda u: (u * [0, 0, -1, 1], u * [1e4, -1e4, 1e4, -1e4]),
    ),
    Case(
        "sigmoid_cross_entropy",
        (TAILS, np.zeros(8)),
        label="tails",
        wrt=(0,),
        relative=True,
        grad=lambda u: (u * LOGISTIC,),
    ),
    Case("sigmoid_cross_entropy", (floats(0.3, NAN), floats(NAN, 1.0)), label="special values", wrt=()),
    Case("sigmoid_cross_entropy", (EMPTY, EMPTY)),
    Case("softmax_cross_entropy", (CUBE, ints([0, 3, 1], [2, 2, 0]))),
    Case("softmax_cross_entropy", (CUBE, ints([0, 3, 1], [2, 2, 0])), {"keepdims": True}),
    Case("softmax_cross_entropy", (CUBE, ints([[0], [3], [1]], [[2], [2], [0]])), {"keepdims": True}),
    Case("softmax_cross_entropy", (CUBE, ints([[0], [3], [1]], [[2], [2], [0]]))),
    Case("softmax_cross_entropy", (CUBE, LABELS), {"axis": 1}),
    Case("softmax_cross_entropy", (CUBE, LABELS), {"axis": -2, "keepdims": True}),
    *(Case("softmax_cross_entropy", (GRID, np.array([2, 0], kind))) for kind in ("int64", "int8", "uint8", "float32")),
    Case("softmax_cross_entropy", (GRID, floats(2, 0)), wrt=(0,)),
    Case("softmax_cross_entropy", (values(5, 3), np.array([-4, 9, 1.9, -0.9, NAN], "float32")), label="odd indices"),
    Case("softmax_cross_entropy", (values(4), np.array(2, "int32"))),
    Case("softmax_cross_entropy", (EMPTY, np.zeros(0, "int32"))),
    Case(
        "softmax_cross_entropy",
        (FAR, ints(0, 2)),
        label="large",
        grad=lambda u: ((FAR_WEIGHTS - [[1, 0, 0], [0, 0, 1]]) * u[:, None],),
    ),
    *(
        Case("soft_label_cross_entropy", (CUBE, positive(2, 3, 4)), {"axis": axis, "keepdims": keepdims})
        for axis, keepdims in ((-1, False), (2, True), (1, False), (-2, True))
    ),
    Case("soft_label_cross_entropy", (values(4), positive(4))),
    Case("soft_label_cross_entropy", (EMPTY, EMPTY)),
    Case("soft_label_cross_entropy", (FAR, floats([1, 0, 0], [0, 0, 2])), label="large", wrt=()),
    Case(
        "soft_label_cross_entropy",
        (floats([NAN, 0, 1], [-1, 0, 1]), floats([0, 1, 0], [0, 1, NAN])),
        label="special values",
        wrt=(),
    ),
    Case("linear_cross_entropy", (*FIVE, None, None, 2)),
    Case("linear_cross_entropy", (*FIVE, values(4), None, 2), label="bias"),
    Case("linear_cross_entropy", (*FIVE, values(4), SCALE, 2), label="scaled", wrt=(0, 1, 3)),
    Case("linear_cross_entropy", (*FIVE, None, SCALE, 1), label="one by one", wrt=(0, 1)),
    Case("linear_cross_entropy", (*FIVE, None, SCALE), label="at once", wrt=(0, 1)),
    Case(
        "linear_cross_entropy",
        (floats([INF], [1], [2]), floats([1], [2]), ints(0, 0, 1), None, floats(0, 1, 2), 2),
        label="left out",
        wrt=(),
    ),
    Case("softmax_cross_entropy", (floats([-INF, 0, 1], [0, NAN, 1]), ints(1, 2)), label="special values", wrt=()),
]

SCANS = [
    Case(running_product, (values(3, 2), values(2))),
    Case(running_product, (values(1, 2), values(2))),
    Case(running_product, (np.zeros((0, 2)), values(2))),
    Case(scan_of_rows, (CUBE, positive(3, 1))),
]

# --- connectionist temporal classification: (T, N, C), (N, L) ---------------------------------------------------------------

LOGITS = values(4, 6, 3)
TARGETS = floats([0, 1, -1], [1, 1, -1], [0, 1, 0], [1, 1, 1], [-1, 0, 1], [-1, -1, -1])
FULL = ints([0, 1, 0], [1, 1, 0], [0, 1, 1], [1, 1, 1], [1, 0, 1], [0, 0, 1])


def ctc(*args, label):
    return Case("ctc_loss", (LOGITS, *args), label=label, wrt=(0,), dtypes=("float32",))


REDUCED = [
    Case(reduced_product, (GRID, OTHER)),
    Case(reduced_product, (GRID, OTHER), {"mean": True}, label="mean"),
    Case(reduced_product, (GRID, values(6, stride=2**0.5).reshape(2, 3)), wrt=(1,), label="of one"),
    Case(reduced_product, (EMPTY, EMPTY)),
    Case(reduced_constant, (GRID, OTHER)),
    Case(reduced_rows, (values(3, 2), values(3, 1), ints(0, 1, 1))),
    Case(reduced_product, (CUBE, CUBE), label="in many pieces"),
]
FUNCTIONS = {"scan": SCANS, "reduced": REDUCED}
"""The cases of operations that take a function: each is a function of its own."""

CTC = [
    Case("ctc_loss", (LOGITS, TARGETS), label="padded", wrt=(0,)),
    ctc(TARGETS.astype("int8"), label="padded"),
    ctc(np.zeros((6, 0)), label="no labels"),
    ctc(TARGETS[:, :1], label="one label"),
    ctc(FULL, ints(4, 3, 2, 1, 3, 4), label="lengths of data"),
    ctc(FULL, None, floats(1, 2, 3, 0, 2, 1), label="lengths of labels"),
    ctc(
        FULL.astype("int64"), ints(4, 0, 0, 1, 2, 3, dtype="int64"), ints(3, 0, 1, 1, 2, 2, dtype="uint8"), label="both"
    ),
    Case("ctc_loss", (LOGITS * 5e3, TARGETS), label="large", wrt=()),
]

WITHOUT = values(4, 6, 3)  # log probabilities of which some are of 0
WITHOUT[1, :, 0] = WITHOUT[[0, 2, 3], :, 1] = -np.inf

CTC += [
    Case("ctc_alignment", (LOGITS, TARGETS), label="padded", wrt=(0,)),
    Case("ctc_alignment", (LOGITS, FULL, ints(4, 3, 2, 1, 3, 4), ints(1, 2, 3, 0, 2, 1)), label="lengths", wrt=(0,)),
    Case(
        "ctc_alignment",
        (LOGITS, np.where(TARGETS < 0, -1.0, TARGETS + 1)),
        {"blank": 0},
        label="blank first",
        wrt=(0,),
        dtypes=("float32",),
    ),
    Case("ctc_alignment", (LOGITS, 2 * FULL), {"blank": 1}, label="blank amid", wrt=(0,), dtypes=("float32",)),
    Case("ctc_alignment", (WITHOUT, TARGETS), label="probabilities of 0", wrt=(0,)),
]

CASES = [*LAYOUT, *ELEMENTWISE, *TWO, *SELECT, *REDUCE, *ORDER, *COMPOSED, *SCANS, *REDUCED, *CTC]
