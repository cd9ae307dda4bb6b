"""Each operation of each backend against the reference: values, dtypes and gradients, by the table."""

import numpy as np
import pytest

from .cases import CASES, CTC, SCANS
from .check import EPS, problems, refusal

FIRST = list({case.name: case for case in reversed(CASES)}.values())

# What cannot be, and why: (backend, mode, case). Each is tried, and must still fail.
WAIVED = {("mxnet", "hybridize", str(case)): "a symbol has no size to loop over" for case in SCANS}
WAIVED |= {
    ("mxnet", "hybridize", str(case)): "a symbol's classes have no number" for case in CTC if "align" in case.name
}
if np.__version__ < "2":
    WAIVED["numpy", "eager", "infix_numbers(0-d)"] = "beside a 0-d array of NumPy 1, a Python number is a float64"


def dtypes(case):
    """The dtypes that a case is for: compiling each operation for each takes JAX most of the time of these tests."""
    return case.dtypes or (tuple(EPS) if case in FIRST else ("float32", "float64") if case.label else ("float32",))


def check(case, backend, dtype, mode="eager", **how):
    if reason := refusal(case, backend, dtype):
        pytest.skip(reason)
    reason = WAIVED.get((backend.name, mode, str(case)))
    try:
        found = problems(case, backend, dtype, mode, **how)
    except Exception as error:
        if reason is None:
            raise
        found = [str(error)]
    if reason and found:
        pytest.xfail(f"{reason}: {found[0]}")
    assert found == ([] if reason is None else ["the failure that is waived"])


@pytest.mark.parametrize(("case", "dtype"), [(case, dtype) for case in CASES for dtype in dtypes(case)], ids=str)
def test_op(backend, case, dtype):
    check(case, backend, dtype)
