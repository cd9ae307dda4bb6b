"""The conformance mode in which every call is compiled as one that repeats."""

import warnings

import pytest
from polyloss_conformance import dialects
from polyloss_conformance.arrays import case_record
from polyloss_conformance.execute import CACHED, Executor, modes, sampled
from polyloss_conformance.reference_worker import formula

from polyloss import dispatch, repeats

from .conftest import ops


def record(case):
    return {**case_record(case), "references": {"formula": formula(case)}}


def test_conformance_has_the_mode(framework):
    assert modes(framework)[-1] == CACHED
    assert CACHED in sampled(framework)
    assert CACHED not in modes(dispatch.backend("numpy"))


def test_in_conformance_eager_compiles_nothing(framework, compiled):
    executor = Executor(framework)
    for case in list(dialects.cases_of("keras").values())[:6]:
        executor.cell(case, "eager", record(case))
    assert compiled == []


FIRST = {
    case.loss: case
    for dialect in ("keras", "gluon")
    for case in reversed(dialects.cases_of(dialect).values())
    if case.dtype == "float32" and not case.loss.endswith(("/Loss", "/LossFunctionWrapper"))  # the case's own function
}


@pytest.mark.parametrize("loss", FIRST)
def test_every_loss_is_compiled_and_conforms(framework, compiled, loss):
    case = FIRST[loss]
    found = Executor(framework).cell(case, CACHED, record(case))
    assert found["status"] in ("pass", "deviation"), found
    ready = [one for calls in repeats._known.values() for one in calls._compiled.values()]
    assert compiled
    assert None not in ready


def test_the_first_cell_of_a_process_is_compiled(framework, compiled, monkeypatch):
    monkeypatch.setattr(dispatch, "_owner", dict.fromkeys(dispatch.NEUTRAL))
    executor = Executor(framework)
    compiled.clear()
    case = FIRST["keras/LogCosh"]
    executor.cell(case, CACHED, record(case))
    assert compiled


@pytest.mark.parametrize(
    "wrong",
    {
        "value": lambda value: value * 1.001,
        "shape": lambda value: value[None],
    }.items(),
    ids=lambda one: one[0],
)
def test_a_wrong_compiled_call_is_caught(framework, monkeypatch, wrong):
    kind = type(ops(framework))
    original = kind.compiled

    def compiled(self, function):
        def spoiled(*tensors):
            (value, flag) = function(*tensors)
            return wrong[1](value), flag

        return original(self, spoiled)

    case = FIRST["keras/Huber"]
    executor = Executor(framework)
    assert executor.cell(case, CACHED, record(case))["status"] == "pass"
    repeats.forget()
    monkeypatch.setattr(kind, "compiled", compiled)
    assert executor.cell(case, CACHED, record(case))["status"] == "fail"
    assert executor.cell(case, "eager", record(case))["status"] == "pass"


def test_a_call_kept_for_another_loss_is_caught(framework, monkeypatch):
    """Were the configuration left out of what a call is known by."""
    monkeypatch.setattr(repeats, "_frozen", lambda value: None)
    cases = [case for case in dialects.cases_of("keras").values() if case.loss == "keras/Huber"]
    executor = Executor(framework)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {executor.cell(case, CACHED, record(case))["status"] for case in cases if case.dtype == "float32"}
    assert "fail" in found
