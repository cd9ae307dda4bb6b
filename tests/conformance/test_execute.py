"""What a cell says: the composed mode is held to the fused kernels, which run once; a loss may declare what it does not support."""

from importlib.util import find_spec

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.arrays import case_record
from polyloss_conformance.execute import NOTHING_FUSED, Calls, Executor
from polyloss_conformance.reference_worker import formula
from polyloss_conformance.selection import COMPOSED

from polyloss import dispatch
from polyloss.opset import OpSet
from polyloss.variants import composed

CASES = [name for name in dialects.cases_of("gluon") if name.startswith("gluon/SoftmaxCrossEntropyLoss/")][:2]


@pytest.fixture
def executor(monkeypatch):
    pytest.importorskip("torch")
    executor = Executor(dispatch.backend("torch"))
    executor.ran = []
    run = executor.run

    def counted(case, mode, expected):
        executor.ran.append((case.id, dispatch.variant_in_use is not composed))
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
    outcome = executor._eager.outcome
    outcome.value.values[...] = np.nextafter(outcome.value.values, 0) * 1.01
    found = cell(executor, first, COMPOSED)
    assert found["status"] == "fail"
    assert "against fused" in found["message"]


UNFUSED = "gluon/HingeLoss/2x3/float32/ordinary"


@pytest.mark.parametrize("before", [True, False])
def test_without_a_fused_kernel_there_is_one_computation(executor, before):
    if before:
        cell(executor, UNFUSED, "eager")
    found = cell(executor, UNFUSED, COMPOSED)
    assert executor.ran == [(UNFUSED, True)]
    assert found["status"] == "pass"
    assert found["message"] == NOTHING_FUSED
    assert {check[0] for check in found["checks"]} == {"formula"}


def test_a_deviation_without_a_fused_kernel_keeps_its_words(executor, monkeypatch):
    monkeypatch.setattr(
        "polyloss_conformance.execute.judge", lambda *given: {"status": "deviation", "message": "as so"}
    )
    assert cell(executor, UNFUSED, COMPOSED)["message"] == f"as so; {NOTHING_FUSED}"


def test_a_fused_kernel_counts_whoever_calls_it(executor):
    """A composition too: that of CTC runs on `scan`, which the backend has replaced."""
    calls = Calls()
    make = executor._backend.from_numpy
    watched = calls._watch(executor._backend.op_set(make(np.ones(1), "float32")))
    OpSet.softmax_cross_entropy(watched, make(np.ones((2, 3)), "float32"), make(np.ones(2), "float32"))
    assert not calls.any
    OpSet.ctc_loss(watched, make(np.ones((2, 1, 3)), "float32"), make(np.ones((1, 1)), "float32"))
    assert calls.any


@pytest.mark.parametrize(
    "loss", ["gluon/SoftmaxCrossEntropyLoss", "gluon/L2Loss", "torch/SmoothL1Loss", "keras/KLDivergence"]
)
def test_whatever_composed_does_not_run_is_the_same_on_compositions(executor, loss):
    """Of each loss one case, whole: if it is not run again, running it again gives the same bits."""
    (case, *_) = [case for case in dialects.all_cases().values() if case.loss == loss and case.dtype == "float32"]
    record = {**case_record(case), "references": {"formula": formula(case)}}
    executor.cell(case, "eager", record)
    outcome = executor._eager.outcome
    if executor._eager.any_fused:
        assert "message" not in executor.cell(case, COMPOSED, record)
        return
    with dispatch.fused(False):
        again = executor.run(case, "eager", outcome.value.values.shape)
    assert np.array_equal(again.value.values, outcome.value.values, equal_nan=True)


def test_a_fused_kernel_that_is_wrong_is_caught_by_its_composition(executor):
    ops = executor._backend.op_set(executor._backend.from_numpy(np.ones(1), "float32"))
    right = type(ops).softmax_cross_entropy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ops), "softmax_cross_entropy", lambda self, *a, **k: right(self, *a, **k) * 1.001)
        cell(executor, CASES[0], "eager")
        found = cell(executor, CASES[0], COMPOSED)
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
