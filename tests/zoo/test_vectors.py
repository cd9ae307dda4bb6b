"""The numbers of others: every backend gives them, and so do the references that judge the backends."""

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.references.differentiate import slopes
from polyloss_conformance.references.exact import inputs_of
from polyloss_conformance.vectors import TOLERANCE, vectors

from polyloss.opset import UnsupportedError

VECTORS = pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.id)


@VECTORS
def test_reference(vector):
    case = vector.case()
    reference = dialects.reference(case)
    value = reference.value(inputs_of(case), case.config, case.call)
    assert vector.agrees(value), [float(x) for x in value.flat]
    ones = np.ones(value.shape)
    found = slopes(reference.compute, inputs_of(case), case.config, case.call, ones, case.wrt)
    for name, expected in vector.gradients.items():
        assert vector.agrees(found[name].lower, expected), (name, found[name].lower)


@VECTORS
def test_backend(vector, backend):
    case = vector.case()
    if reason := backend.refuses({name: given.values.shape for name, given in case.inputs.items()}, "float64"):
        pytest.skip(reason)
    (function, names) = dialects.of(case.loss).function(case)
    given = [
        backend.from_numpy(case.inputs[name].values, case.inputs[name].dtype) if name in case.inputs else None
        for name in names
    ]
    wrt = [names.index(name) for name in case.wrt] if backend.differentiable else []
    try:
        (value, gradients) = backend.value_and_grad(function, wrt)(given, None)
    except UnsupportedError as error:
        pytest.skip(str(error))
    assert vector.agrees(np.reshape(backend.to_numpy(value), np.shape(vector.expected)))
    for gradient, name in zip(gradients, case.wrt, strict=False):
        assert vector.agrees(backend.to_numpy(gradient), vector.gradients[name]), name


@VECTORS
def test_provenance(vector):
    assert vector.oracle
    assert vector.tolerance == TOLERANCE or vector.reason


def test_a_wrong_number_is_seen():
    for vector in vectors():
        expected = np.asarray(vector.expected, dtype=np.float64)
        moved = expected + 3 * vector.tolerance * np.maximum(np.abs(expected), 1.0)
        assert not vector.agrees(moved) or not np.isfinite(expected).any()
        assert not vector.agrees(expected[..., None])
