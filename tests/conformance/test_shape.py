"""The quick check of records never says yes where jsonschema says no, and says yes to what runs write."""

import copy
import random

import jsonschema
import pytest
from polyloss_conformance import results, shape

from tests.reports import synthetic

RECORDS = [record for run in (synthetic.everything(), synthetic.hostile()) for file in run.values() for record in file]
ODD = (None, True, 1, -0.5, "nan", "x", [], {}, [1, "x"], {"x": 1}, [None], float("nan"))


def places(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in members:
        yield from places(one, (*path, key))


def changed(record, path, new):
    made = copy.deepcopy(record)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    if new is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = new
    return made


def test_it_agrees_with_jsonschema_on_whatever_is_broken():
    rng = random.Random(0)
    refused = 0
    for record in {str(record): record for record in RECORDS}.values():
        kind = record["record"]
        assert results._FITS[kind](record)
        paths = [path for path in places(record) if path and path != ("record",)]
        for path in rng.sample(paths, min(25, len(paths))):
            for new in (..., *rng.sample(ODD, 4)):
                made = changed(record, path, new)
                valid = results._VALIDATORS[kind].is_valid(made)
                assert results._FITS[kind](made) == valid, (path, new)
                refused += not valid
    assert refused > 500


def test_what_does_not_fit_is_refused_with_the_words_of_jsonschema():
    with pytest.raises(jsonschema.ValidationError, match="'green' is not one of"):
        results.dump(synthetic.cell("torch", "a", status="green"))


def test_a_word_that_is_not_known_is_no_check_left_out():
    with pytest.raises(ValueError, match="minimum"):
        shape.compiled({"type": "number", "minimum": 0})
    with pytest.raises(ValueError, match="required"):
        shape.compiled({"required": ["a"]})
