"""From references and outcome to a status."""

import numpy as np
import pytest
from polyloss_conformance import arrays
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.compare import Outcome, Output
from polyloss_conformance.judge import judge, without_gradients

CASE = Case("a case", "gluon/L2Loss", {}, {"pred": Input.of([1.0, 2.0], "float32")}, "float32", wrt=("pred",))


def outcome(value=(1.0, 2.0), gradient=(0.5, 0.25)):
    return Outcome(Output(np.array(value), "float32"), {"pred": Output(np.array(gradient), "float32")})


def said(value=(1.0, 2.0), gradient=(0.5, 0.25), **more):
    return {
        "value": arrays.write(value, "float32"),
        "gradients": {"pred": arrays.write(gradient, "float32")},
        **more,
    }


def judged(native=None, given=None, fused=None, **formula):
    references = {"formula": said(**formula)} | ({} if native is None else {"native": native})
    return judge(CASE, {"references": references}, given or outcome(), fused)


def test_both_references_agree():
    cell = judged(said())
    assert cell["status"] == "pass"
    assert [check[:2] for check in cell["checks"]] == [
        ["formula", "value"],
        ["formula", "gradient pred"],
        ["native", "value"],
        ["native", "gradient pred"],
    ]


@pytest.mark.parametrize("wrong", [{"value": (1.0, 2.1)}, {"gradient": (0.5, -0.25)}])
def test_a_difference_from_any_reference_fails(wrong):
    assert judged(**wrong)["status"] == "fail"
    assert judged(said(**wrong))["status"] == "fail"
    assert judged(said(), outcome(**wrong))["status"] == "fail"
    cell = judged(said(), fused=outcome(**wrong))
    assert cell["status"] == "fail"
    assert cell["worst"]["against"] == "fused"


def test_at_a_kink_the_native_library_says_which_slope():
    kink = {"upper": {"pred": arrays.write([0.5, 0.75], "float32")}}
    one_sided = outcome(gradient=(0.5, 0.75))
    record = {"references": {"formula": said(**kink)}}
    assert judge(CASE, record, one_sided)["status"] == "pass"
    assert judge(CASE, {"references": {"formula": said(**kink), "native": said()}}, one_sided)["status"] == "fail"


def test_with_a_finding_only_what_polyloss_follows_counts():
    off = (1.0, 3.0)
    formula = said(value=off, finding="a-bug", follows="formula")
    assert judged(formula) | {"checks": 0} == {
        "status": "deviation",
        "finding": "a-bug",
        "message": "as recorded in a-bug",
        "checks": 0,
    }
    assert judged(formula, outcome(value=off))["status"] == "fail"
    native = said(value=off, finding="a-habit", follows="native")
    assert judged(native)["status"] == "fail"
    assert judged(native, outcome(value=off))["status"] == "deviation"


def test_a_refusal_with_a_finding_leaves_the_formula():
    assert judged({"refused": "no", "finding": "a-limit", "follows": "formula"})["status"] == "deviation"


def test_references_that_disagree_or_have_no_answer_fail():
    cell = judged(said(disagrees="value is 12 ULP off"))
    assert cell["status"] == "fail"
    assert "no finding explains it: value is 12 ULP off" in cell["message"]
    cell = judge(CASE, {"references": {"formula": {"refused": "ValueError: shapes"}}}, outcome())
    assert cell["status"] == "fail"
    assert "ValueError: shapes" in cell["message"]


def test_without_gradients_values_still_count():
    record = without_gradients({"references": {"formula": said(), "native": said()}})
    value_only = Outcome(Output(np.array([1.0, 2.0]), "float32"))
    assert judge(CASE, record, value_only)["status"] == "pass"
    assert judge(CASE, record, Outcome(Output(np.array([1.0, 2.1]), "float32")))["status"] == "fail"
