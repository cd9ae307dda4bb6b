"""What every item of the zoo keeps: its class, its text, its case, its reference and its vector."""

import inspect

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.references.zoo import REFERENCES
from polyloss_conformance.vectors import vectors
from polyloss_conformance.zoo_cases import FAMILIES, cases

import polyloss.zoo as zoo
from polyloss.zoo import Item, Stateful

ITEMS = {
    name: kind
    for name in zoo.__all__
    if isinstance(kind := getattr(zoo, name), type) and issubclass(kind, Item) and kind not in (Item, Stateful)
}
SECTIONS = (".. math::", "\nUse: ", "\nElsewhere: ", "\nArgs:", "\nReturns:", "\nRaises:", "\nSource: ", "\n>>> ")


@pytest.mark.parametrize("name", ITEMS)
def test_class_and_function(name):
    kind = ITEMS[name]
    function = kind.function
    assert getattr(zoo, function.__name__) is function
    assert function.__name__.replace("_", "") == name.lower()
    functions = [function, kind.updating] if issubclass(kind, Stateful) else [function]
    parameters = [one for each in functions for one in inspect.signature(each).parameters.values()]
    held = [one for one in parameters if one.kind is one.KEYWORD_ONLY]
    assert list(inspect.signature(kind).parameters.values()) == held
    assert all(one.default is not one.empty for one in held), "an option has no default"
    assert kind().options == {one.name: one.default for one in held}
    assert repr(kind()).startswith(f"{name}(")
    with pytest.raises(TypeError, match=f"{name}: no option 'nonsense'; there are"):
        kind(nonsense=1)


@pytest.mark.parametrize("name", ITEMS)
def test_text(name):
    text = inspect.getdoc(ITEMS[name].function) or ""
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places, f"no {SECTIONS[places.index(-1)]!r}"
    assert places == sorted(places)


@pytest.mark.parametrize("name", ITEMS)
def test_proved(name):
    key = f"zoo/{name}"
    assert key in REFERENCES
    assert REFERENCES[key].paper
    assert any(case.loss == key for case in cases())
    assert any(vector.loss == key for vector in vectors())


def test_the_short_run_has_an_item_of_each_family():
    for family in FAMILIES:
        assert {plan.loss for plan in family.plans()} & {
            case.loss.removeprefix("zoo/") for case in cases() if case.quick
        }


def test_nothing_else_is_named():
    functions = {kind.function.__name__ for kind in ITEMS.values()}
    states = {
        one.__name__ for kind in ITEMS.values() if issubclass(kind, Stateful) for one in (kind.initial, kind.updating)
    }
    others = {name for name in zoo.__all__ if name not in ITEMS and name not in functions | states}
    assert others == {"Item", "Memory", "Stateful", "feature_moments", "merge_moments"}
    assert {key.removeprefix("zoo/") for key in REFERENCES} == set(ITEMS)
    assert {vector.loss for vector in vectors()} <= set(REFERENCES)


CALLS = {}
for _case in cases():
    if _case.dtype == "float64" and "empty" not in _case.id and all(one.values.size for one in _case.inputs.values()):
        CALLS.setdefault(_case.loss, _case)


@pytest.mark.parametrize("loss", CALLS)
def test_class_gives_what_the_function_gives(loss):
    case = CALLS[loss]
    kind = getattr(zoo, loss.removeprefix("zoo/"))
    (through, names) = dialects.of(loss).function(case)
    tensors = [case.inputs[name].values if name in case.inputs else None for name in names]
    if loss in dialects.resolve(dialects.of(loss).calls):
        pytest.skip("called in a way of its own, which its tests look at")
    given = {key: np.asarray(value) if isinstance(value, list) else value for key, value in case.config.items()}
    np.testing.assert_array_equal(through(*tensors), kind.function(*tensors, **given))
