"""What each mode runs: eager, everything; compiled, graphs that together have whatever any graph of the loss has."""

from importlib.util import find_spec

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.execute import Executor
from polyloss_conformance.reference_worker import formula
from polyloss_conformance.selection import covering, planned, traits

from polyloss import dispatch
from polyloss.torch.nn import base

DIALECTS = ["gluon", "torch", "keras", "zoo"]


def case(name="a", config=None, call=None, dtype="float32", **shapes):
    inputs = {key: Input.of(np.zeros(shape), dtype) for key, shape in (shapes or {"pred": (2, 3)}).items()}
    return Case(name, "zoo/Loss", config or {}, inputs, dtype, call or {})


def counted(dialect):
    """The cases all of whose traits are to be compiled: of a loss without a native library float16 stands for both half precisions."""
    cases = dialects.cases_of(dialect)
    return {name: case for name, case in cases.items() if dialect != "zoo" or case.dtype != "bfloat16"}


def all_traits(cases):
    found = {}
    for one in cases:
        found.setdefault(one.loss, set()).update(traits(one))
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_eager_runs_everything(dialect):
    cases = dialects.cases_of(dialect)
    assert {case.id for case in planned(cases, "eager")} == set(cases)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_composed_runs_what_compiled_modes_run_and_in_a_quick_run_everything(dialect):
    cases = dialects.cases_of(dialect)
    assert [case.id for case in planned(cases, "composed")] == [case.id for case in planned(cases, "jit")]
    quick = {name: case for name, case in cases.items() if case.quick}
    assert {case.id for case in planned(quick, "composed", quick=True)} == set(quick)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_eager_of_what_compiles_each_operation(dialect):
    """What ``composed`` has there, and against a native library every configuration, shape and kind of values."""

    def looks(cases):
        return {
            (case.loss, repr(case.config), repr(case.call), *((k, v.values.shape) for k, v in case.inputs.items()))
            for case in cases
        }

    cases = dialects.cases_of(dialect)
    chosen = planned(cases, "eager", by_operation=True)
    assert len(chosen) < len(cases)
    composed = planned(cases, "composed", by_operation=True)
    assert {case.id for case in composed} <= {case.id for case in chosen}
    if dialect == "zoo":
        assert composed == chosen
        of_options = [
            {(c.loss, k, repr(v)) for c in found for k, v in c.config.items()} for found in (chosen, cases.values())
        ]
        assert of_options[0] == of_options[1]
        single = looks(case for case in cases.values() if "float64" not in case.floats())
        assert not looks(case for case in chosen if "float64" in case.floats()) & single
    else:
        assert looks(chosen) == looks(cases.values())
        assert {case.id for case in cases.values() if "float64" not in case.floats()} <= {case.id for case in chosen}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_compiled_has_all_that_any_case_has(dialect):
    cases = dialects.cases_of(dialect)
    chosen = planned(cases, "jit")
    assert all_traits(chosen) == all_traits(counted(dialect).values())
    graphs = {case.graph() for case in chosen}
    assert {case.id for case in chosen} == {case.id for case in cases.values() if case.graph() in graphs}, "all draws"
    assert len(graphs) < 0.6 * len({case.graph() for case in cases.values()})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_value_of_every_option_is_compiled(dialect):
    """Said without `traits`, so that those are tested."""

    def options(cases):
        return {
            (case.loss, key, repr(given)) for case in cases for key, given in [*case.config.items(), *case.call.items()]
        }

    def dtypes(cases):
        return {(case.loss, case.dtype, name, given.dtype) for case in cases for name, given in case.inputs.items()}

    def ranks(cases):
        return {(case.loss, name, given.values.ndim) for case in cases for name, given in case.inputs.items()}

    cases = counted(dialect)
    chosen = planned(dialects.cases_of(dialect), "jit")
    assert options(chosen) == options(cases.values())
    assert ranks(chosen) == ranks(cases.values())
    assert {one[:2] for one in dtypes(chosen)} == {one[:2] for one in dtypes(cases.values())}
    assert {(one[0], *one[2:]) for one in dtypes(chosen)} == {(one[0], *one[2:]) for one in dtypes(cases.values())}
    assert {case.loss for case in chosen if not case.config} == {
        case.loss for case in cases.values() if not case.config
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_pair_of_switches_is_compiled(dialect):
    def pairs(cases):
        found = set()
        for case in cases:
            switches = {
                key: given for key, given in case.config.items() if isinstance(given, (bool, str)) and key != "dtype"
            }
            found |= {
                (case.loss, *one, *other) for one in switches.items() for other in switches.items() if one < other
            }
        return found

    cases = dialects.cases_of(dialect)
    assert pairs(planned(cases, "jit")) == pairs(cases.values())
    assert dialect == "gluon" or pairs(cases.values())


def test_the_choice_is_the_same_each_time_and_for_each_loss_alone():
    cases = dialects.cases_of("keras")
    chosen = [case.id for case in planned(cases, "jit")]
    assert chosen == [case.id for case in planned(dict(cases), "xla")]
    hinge = {key: case for key, case in cases.items() if case.loss == "keras/Hinge"}
    assert [case.id for case in planned(hinge, "jit")] == [key for key in chosen if key in hinge]


@pytest.mark.parametrize("how", ["sampled", "quick"])
def test_one_graph_a_loss(how):
    some = ("torch/L1Loss", "torch/CrossEntropyLoss", "torch/CTCLoss")
    cases = {key: case for key, case in dialects.cases_of("torch").items() if case.loss in some}
    chosen = planned(cases, "inductor", **{how: True})
    assert {case.loss for case in chosen} == {case.loss for case in cases.values()}
    assert len({case.graph() for case in chosen}) == len({case.loss for case in chosen})
    assert {case.dtype for case in chosen} == {"float32"}
    strided = [case.id for case in chosen if any(given.strided for given in case.inputs.values())]
    assert bool(strided) == (how == "quick")


def test_of_many_losses_without_a_native_library_those_of_the_short_run_are_sampled():
    cases = dialects.all_cases()
    chosen = {case.loss for case in planned(cases, "inductor", sampled=True)}
    short = {case.loss for case in cases.values() if case.quick}
    zoo = {case.loss for case in cases.values() if case.loss.startswith("zoo/")}
    assert chosen & zoo == short & zoo
    assert {case.loss for case in cases.values()} - chosen == zoo - short
    alone = {name: case for name, case in cases.items() if case.loss in sorted(zoo - short)[:3]}
    assert {case.loss for case in planned(alone, "inductor", sampled=True)} == {case.loss for case in alone.values()}


def test_of_many_losses_a_quick_run_compiles_some_in_each_mode():
    cases = dialects.cases_of("torch")
    losses = {case.loss for case in cases.values()}
    chosen = {mode: {case.loss for case in planned(cases, mode, quick=True)} for mode in ("aot_eager", "jit", "xla")}
    assert all(0 < len(found) < len(losses) / 2 for found in chosen.values())
    assert len({frozenset(found) for found in chosen.values()}) == 3
    assert {case.loss for case in planned(cases, "eager", quick=True)} == losses


@pytest.mark.parametrize("sampled", [True, False])
def test_every_graph(sampled):
    cases = dialects.cases_of("keras")
    assert {case.id for case in planned(cases, "jit", sampled, every_graph=True)} == set(cases)


def test_covering_takes_what_adds_most_and_of_equals_the_first():
    assert covering({("a",): {1, 2}, ("b",): {3, 4, 5}, ("c",): {1, 2, 5}, ("d",): {4}}) == [("b",), ("a",)]
    assert covering({("a",): {1}}) == [("a",)]
    assert covering({}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (case(config={"delta": 1.0}), case(config={"delta": 2.0})),
        (case(config={"delta": 1.0}), case()),
        (case(call={"beta": 1.0}), case(call={"beta": 2.0})),
        (case(call={"beta": 1.0}), case(config={"beta": 1.0})),
        (case(), case(dtype="float64")),
        (case(pred=(2, 3)), case(pred=(2,))),
        (case(pred=(2, 3), label=(2, 3)), case(pred=(2, 3), label=(1, 3))),
        (case(pred=(2, 3)), case(pred=(0, 3))),
        (case(pred=(2, 3)), case(pred=(2, 3), weight=(2, 3))),
    ],
)
def test_what_has_to_be_compiled_apart(one, other):
    assert traits(one) - traits(other)


def test_pairs_are_of_switches_only():
    def pairs(*configs):
        return [{trait for trait in traits(case(config=config)) if isinstance(trait[0], tuple)} for config in configs]

    (both, neither) = pairs({"full": True, "reduction": "sum"}, {"margin": 1.0, "p": 2})
    assert both == {(("full", "True"), ("reduction", "'sum'"))}
    assert not neither


# --- what is wrong where it is compiled ---------------------------------------------------------------------------------------

COMPILED = next(((name, mode) for name, mode in (("jax", "jit"), ("tensorflow", "function")) if find_spec(name)), None)


@pytest.mark.skipif(COMPILED is None, reason="no framework that compiles is installed")
@pytest.mark.parametrize(
    ("loss", "name", "wrong"),
    [
        ("gluon/HingeLoss", "relu", lambda f: lambda self, x: f(self, x) * 1.001),
        ("gluon/HuberLoss", "clip", lambda f: lambda self, x, low, high: f(self, x, low, high) * 1.001),
        (
            "keras/MeanSquaredError",
            "sum",
            lambda f: lambda self, x, axis=None, **k: f(self, x, axis, **k) + (axis is None),
        ),
    ],
)
def test_a_compiled_operation_that_is_wrong_is_caught(loss, name, wrong, monkeypatch):
    (framework, mode) = COMPILED
    backend = dispatch.backend(framework)
    kind = type(backend.op_set(backend.from_numpy(np.ones(1), "float32")))
    cases = planned({key: case for key, case in dialects.all_cases().items() if case.loss == loss}, mode)
    monkeypatch.setattr(kind, name, wrong(getattr(kind, name)))
    assert "fail" in statuses(backend, cases, mode)


@pytest.mark.filterwarnings("ignore:size_average and reduce")
@pytest.mark.skipif(COMPILED is None, reason="no framework that compiles is installed")
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_one_value_of_an_option_that_is_wrong_where_compiled_is_caught(reduction, monkeypatch):
    (framework, mode) = COMPILED
    backend = dispatch.backend(framework)
    (reduced, each) = (base.reduced, base.reduced_each)

    def wrong(F, terms, kind, *rest):
        value = reduced(F, terms, kind, *rest)
        return value * 1.001 if kind == reduction else value

    def each_wrong(F, formula, tensors, kind, *rest):
        value = each(F, formula, tensors, kind, *rest)
        return value * 1.001 if kind == reduction else value

    monkeypatch.setattr(base, "reduced", wrong)
    monkeypatch.setattr(base, "reduced_each", each_wrong)
    cases = planned(
        {key: case for key, case in dialects.all_cases().items() if case.loss == "torch/SoftMarginLoss"}, mode
    )
    assert "fail" in statuses(backend, cases, mode)


def statuses(backend, cases, mode):
    """Those of the first case of each graph, until one fails."""
    executor = Executor(backend)
    first = {case.graph(): case for case in reversed(cases)}
    found = set()
    for one in first.values():
        record = {"id": one.id, "references": {"formula": formula(one)}}
        found.add(executor.cell(one, mode, record)["status"])
        if "fail" in found:
            break
    return found
