"""Every comparator is seen to fail, and to pass what it should."""

import math

import numpy as np
import pytest
from polyloss_conformance import compare, tolerances
from polyloss_conformance.cases import Case, Input, epsilon
from polyloss_conformance.compare import Expected, Outcome, Output, Reference

PRED = Input.of([[0.5, -1.0], [2.0, 3.0]], "float32")


def case(dtype="float32", loss="gluon/L2Loss", magnitude=1.0):
    return Case("a case", loss, {}, {"pred": PRED}, dtype, wrt=("pred",), magnitude=magnitude)


def checks(actual, expected, *, dtype="float32", gradient=False, **fields):
    """The comparisons of one array with what it should be, in place of the value or of the gradient."""
    given = actual if isinstance(actual, Output) else Output(np.asarray(actual, np.float64), dtype)
    due = expected if isinstance(expected, Expected) else Expected(np.asarray(expected, np.float64), dtype)
    fine = Output(np.zeros(2), dtype)
    (outcome, reference) = (Outcome(given), Reference("formula", due))
    if gradient:
        outcome = Outcome(fine, {"pred": given})
        reference = Reference("formula", Expected(np.zeros(2), dtype), {"pred": due})
    return compare.compare(case(dtype, **fields), outcome, reference)


def passes(*arguments, **fields):
    return all(check.passes for check in checks(*arguments, **fields))


RIGHT = np.array([0.75, -2.5, 0.0, 4096.0])


@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_what_is_right_passes(dtype, gradient):
    assert passes(RIGHT, RIGHT, dtype=dtype, gradient=gradient)
    assert passes(RIGHT * (1 + 3 * epsilon(dtype)), RIGHT, dtype=dtype, gradient=gradient)


@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize(
    ("wrong", "index"),
    [
        (-RIGHT, None),
        (RIGHT * 1.001, 3),
        (np.add(RIGHT, [0, 1e-3, 0, 0]), 1),
        (np.add(RIGHT, [0, 0, 1e-3, 0]), 2),  # where it should be 0
        (RIGHT[::-1].copy(), None),
        (np.where(RIGHT > 0, RIGHT, np.nan), 1),
        (np.where(RIGHT > 0, RIGHT, np.inf), 1),
    ],
    ids=["sign", "0.1 %", "one element", "zero", "order", "NaN", "infinity"],
)
def test_what_is_wrong_fails_and_names_the_element(wrong, index, gradient):
    found = checks(wrong, RIGHT, gradient=gradient)[-1]
    assert not found.passes
    assert found.what == ("gradient pred" if gradient else "value")
    if index is not None:
        assert found.index == (index,)
    assert found.expected == RIGHT[found.index]
    assert f"limit {found.limit:g}" in str(found)


@pytest.mark.parametrize(
    ("given", "what", "words"),
    [
        (Output(np.zeros(0), "", "a builtins.tuple"), "kind", "expected tensor, got a builtins.tuple"),
        (Output(RIGHT[:, None], "float32"), "shape", "expected (4,), got (4, 1)"),
        (Output(RIGHT[:1], "float32"), "shape", "expected (4,), got (1,)"),
        (Output(np.array(0.75), "float32"), "shape", "expected (4,), got ()"),
        (Output(RIGHT, "float64"), "dtype", "expected float32, got float64"),
    ],
)
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
def test_kind_shape_and_dtype_come_first(given, what, words, gradient):
    found = checks(given, RIGHT, gradient=gradient)[-1]
    assert not found.passes
    assert found.what == ("gradient pred " if gradient else "") + what
    assert words in str(found)
    assert math.isinf(found.ulp)


def test_a_gradient_that_is_not_there_fails():
    reference = Reference("formula", Expected(RIGHT, "float32"), {"pred": Expected(RIGHT, "float32")})
    found = compare.compare(case(), Outcome(Output(RIGHT, "float32")), reference)
    assert [check.passes for check in found] == [True, False]


@pytest.mark.parametrize(
    ("actual", "expected", "same"),
    [
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        (1.0, np.nan, False),
        (np.inf, np.nan, False),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (3e38, np.inf, False),
        (np.inf, 3e38, False),
        (np.inf, 1e39, True),  # no float32
        (-np.inf, 1e39, False),
        (1e-45, 0.0, True),
        (0.0, 1.1e-38, True),  # a subnormal, flushed
    ],
)
def test_what_is_not_an_ordinary_number(actual, expected, same):
    assert passes([1.0, actual], [1.0, expected]) == same


def test_a_flushed_subnormal_counts_at_most_1_ulp_however_small_the_magnitude():
    errors = compare.ulps(np.array([0.0, 0.0]), Expected(np.array([1.17e-38, 1e-36]), "float32"), magnitude=0.0)
    assert errors[0] <= 1
    assert errors[1] > 8


def test_signed_zeros_differ_on_demand(monkeypatch):
    assert passes([-0.0], [0.0])
    monkeypatch.setattr(tolerances, "EXCEPTIONS", {"gluon/L2Loss": tolerances.Limits(signed_zeros=True)})
    assert not passes([-0.0], [0.0])
    assert passes([-0.0], [-0.0])


def test_at_a_kink_any_slope_between_the_one_sided_ones_will_do():
    kink = Expected(np.array([-1.0, 2.0]), "float32", upper=np.array([1.0, 2.0]), loose=True)
    for slope, inside in (
        (-1.0, True),
        (0.0, True),
        (1.0, True),
        (1.0 + 4 * epsilon("float32"), True),
        (1.01, False),
        (-1.01, False),
    ):
        assert passes([slope, 2.0], kink, gradient=True) == inside
    assert not passes([0.0, 2.01], kink, gradient=True)
    assert not passes([np.nan, 2.0], kink, gradient=True)
    (_, outside) = checks([1.5, 2.0], kink, gradient=True)
    assert (outside.index, outside.expected, outside.actual) == ((0,), 1.0, 1.5)


def test_where_the_formula_knows_no_slope_nothing_is_claimed():
    unknown = Expected(np.array([np.nan, np.nan]), "float32", loose=True)
    assert [check.what for check in checks([1.0, 2.0], unknown, gradient=True)] == ["value"]
    half = Expected(np.array([np.nan, 2.0]), "float32", loose=True)
    assert passes([np.nan, 2.0], half, gradient=True)
    assert not passes([0.0, 2.5], half, gradient=True)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_ulps_are_those_of_the_dtype(dtype):
    one = Expected(np.array([1.0]), dtype)
    assert compare.ulps(np.array([1 + epsilon(dtype)]), one) == 1
    assert compare.ulps(np.array([1 - epsilon(dtype) / 2]), one) == 0.5
    assert compare.ulps(np.array([1 + epsilon(dtype)]), one, magnitude=1000.0) == pytest.approx(0.001)


def test_the_error_of_float64_is_exact_below_half_an_ulp():
    (third, rest) = (1 / 3, 1.850371707708594e-17)  # 1/3 is their sum
    expected = Expected(np.array([third]), "float64", low=np.array([rest]))
    assert compare.ulps(np.array([third]), expected)[0] == pytest.approx(rest / epsilon("float64"))
    next_one = np.nextafter(third, 1)
    assert compare.ulps(np.array([next_one]), expected)[0] == pytest.approx(
        (next_one - third - rest) / epsilon("float64")
    )


def test_an_empty_result_is_compared():
    assert passes(np.zeros((0,)), np.zeros((0,)))
    assert not passes(np.zeros((0, 2)), np.zeros((0,)))


def test_native_comparisons_have_the_limits_of_the_native_library():
    loss = "gluon/SoftmaxCrossEntropyLoss"
    off = np.array([1 + 50 * epsilon("float32")])
    assert not passes(off, [1.0], loss=loss)
    for reference, native, due in (("native", False, True), ("formula", True, True), ("fused", False, False)):
        (check,) = compare.compare(
            case(loss=loss),
            Outcome(Output(off, "float32")),
            Reference(reference, Expected(np.ones(1), "float32")),
            native,
        )
        assert check.passes == due


def test_every_exception_has_a_reason_and_a_loss():
    from polyloss_conformance import dialects

    known = {case.loss for case in dialects.all_cases().values()} | {"gluon/SoftmaxCELoss"}
    for loss, limits in tolerances.EXCEPTIONS.items():
        assert limits.reason
        assert loss in known


def test_the_worst_check_is_a_failing_one_first():
    def check(ulp, limit):
        return compare.Check("formula", "value", ulp, limit)

    assert compare.worst([]) is None
    assert compare.worst([check(0.0, 8.0)]) is None
    assert compare.worst([check(50.0, 100.0), check(9.0, 8.0), check(1.0, 8.0)]) == check(9.0, 8.0)
