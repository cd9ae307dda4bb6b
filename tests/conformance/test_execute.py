"""What a cell says: the composed mode is held to the fused kernels, which run once; a loss may declare what it does not support."""

from importlib.util import find_spec

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.arrays import case_record
from polyloss_conformance.execute import COMPOSED, Executor
from polyloss_conformance.reference_worker import formula

from polyloss import dispatch

CASES = [name for name in dialects.cases_of("gluon") if name.startswith("gluon/SoftmaxCrossEntropyLoss/")][:2]


@pytest.fixture
def executor(monkeypatch):
    pytest.importorskip("torch")
    executor = Executor(dispatch.backend("torch"))
    executor.ran = []
    run = executor.run

    def counted(case, mode, expected):
        executor.ran.append((case.id, dispatch._fused))
        return run(case, mode, expected)

    monkeypatch.setattr(executor, "run", counted)
    return executor


def cell(executor, name, mode):
    case = dialects.cases_named([name])[name]
    return executor.cell(case, mode, {**case_record(case), "references": {"formula": formula(case)}})


def test_after_eager_the_fused_kernels_do_not_run_again(executor):
    (first, _) = CASES
    cell(executor, first, "eager")
    found = cell(executor, first, COMPOSED)
    assert executor.ran == [(first, True), (first, False)]
    assert found["status"] == "pass"
    assert {check[0] for check in found["checks"]} == {"formula", "fused"}


@pytest.mark.parametrize("before", [None, "other", "other mode"])
def test_without_the_same_case_they_run(executor, before):
    (first, other) = CASES
    if before is not None:
        cell(executor, first if before == "other" else other, "eager")
        if before == "other mode":
            cell(executor, other, "aot_eager")
    executor.ran.clear()
    assert cell(executor, other, COMPOSED)["status"] == "pass"
    assert executor.ran == [(other, True), (other, False)]


def test_a_composition_that_differs_from_the_fused_kernels_fails(executor):
    (first, _) = CASES
    cell(executor, first, "eager")
    (_, outcome) = executor._eager
    outcome.value.values[...] = np.nextafter(outcome.value.values, 0) * 1.01
    found = cell(executor, first, COMPOSED)
    assert found["status"] == "fail"
    assert "against fused" in found["message"]


@pytest.mark.parametrize("mode", ["eager", "composed", "aot_eager"])
def test_declared_unsupported(mode):
    """Also where a compiler wraps the error of the loss in its own."""
    pytest.importorskip("torch")
    case = dialects.cases_of("torch")["torch/NLLLoss/int32-3x4-weight/float32/ordinary"]
    record = {"id": case.id, "references": {"formula": formula(case)}}
    cell = Executor(dispatch.backend("torch")).cell(case, mode, record)
    assert cell["status"] == "unsupported"
    assert "target has dtype int32; accepted are class numbers in int64, uint8" in cell["message"]


def test_symbols_of_other_ranks_are_unsupported_where_they_raise():
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")
    cases = dialects.cases_of("keras")
    executor = Executor(dispatch.backend("mxnet"))
    for name, status in {"2-2x1-none": "unsupported", "2x3-sw=2-mean": "pass"}.items():
        case = cases[f"keras/MeanSquaredError/{name}/float32/ordinary"]
        found = executor.cell(case, "hybridize", {"id": case.id, "references": {"formula": formula(case)}})
        assert found["status"] == status, found


def test_another_error_of_symbols_is_one(monkeypatch):
    """Though tensors differ in shape, where the loss has no ranks to match."""
    if find_spec("mxnet") is None:
        pytest.skip("MXNet is not installed")

    def broken(*given):
        raise RuntimeError("a bug")

    case = dialects.cases_of("keras")["keras/MeanSquaredError/2x3-sw=2-mean/float32/ordinary"]
    executor = Executor(dispatch.backend("mxnet"))
    monkeypatch.setattr(type(executor._backend), "value_and_grad", broken)
    found = executor.cell(case, "hybridize", {"id": case.id, "references": {"formula": formula(case)}})
    assert (found["status"], found["message"]) == ("error", "RuntimeError: a bug")
