"""What each mode runs: everything uncompiled; compiled, no float64 graph whose float32 twin runs, save one a loss."""

import pytest
from polyloss_conformance import dialects
from polyloss_conformance.runner import planned


def layout(case):
    """What a compiler sees of a case, but for its dtype."""
    config = {key: given for key, given in case.config.items() if key != "dtype"}
    return case.loss, str(config), str(case.call), str([given.values.shape for given in case.inputs.values()])


@pytest.mark.parametrize("dialect", ["gluon", "torch", "keras"])
def test_compiled_modes(dialect):
    cases = dialects.cases_of(dialect)
    assert {case.id for case in planned(cases, "eager", False, False)} == set(cases)
    run = planned(cases, "jit", False, False)
    left_out = set(cases) - {case.id for case in run}
    assert {cases[name].dtype for name in left_out} == {"float64"}
    kept = [layout(case) for case in run if case.dtype == "float32"]
    assert all(layout(cases[name]) in kept for name in left_out)
    assert {case.loss for case in run if case.dtype == "float64"} == {
        case.loss for case in cases.values() if case.dtype == "float64"
    }
