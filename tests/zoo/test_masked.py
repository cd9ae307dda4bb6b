"""Distances of all pairs and reductions under a mask, on every backend: values and gradients against loops, and nothing leaks."""

import math

import numpy as np
import pytest

from polyloss.formulas import masked
from polyloss.opset import LOG_ZERO

NAN = float("nan")
X = np.array([[1.0, 0.0, 0.5], [0.8, 0.3, 0.4], [1.0, 0.0, 0.5]])
Y = np.array([[0.0, 1.0, 0.2], [1.0, 0.0, 0.5]])
DATA = np.array([[1.0, NAN, 3.0, 3.0], [2.0, -1.0, 5.0, NAN], [NAN, NAN, NAN, NAN]])
MASK = np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def run(backend, function, *arrays, wrt=(0,)):
    """Value and gradients, as arrays, of a formula."""
    tensors = [backend.from_numpy(one, "float64") for one in arrays]

    def of_tensors(*given):
        return function(backend.op_set(given[0]), *given)

    (value, gradients) = backend.value_and_grad(of_tensors, list(wrt) if backend.differentiable else [])(tensors, None)
    return backend.to_numpy(value), [backend.to_numpy(one) for one in gradients]


def per_row(function, empty):
    """`function` of the list of marked elements of each row."""
    rows = [[x for x, marked in zip(*row, strict=True) if marked] for row in zip(DATA, MASK, strict=True)]
    return [function(row) if row else empty for row in rows]


REDUCTIONS = {
    "count": (masked.masked_count, len, 0.0, np.zeros((3, 4))),
    "mean": (masked.masked_mean, np.mean, 0.0, [[1 / 3, 0, 1 / 3, 1 / 3], [0.5, 0.5, 0, 0], [0] * 4]),
    "max": (masked.masked_max, max, 0.0, [[0, 0, 0.5, 0.5], [1, 0, 0, 0], [0] * 4]),
    "min": (masked.masked_min, min, 0.0, [[1, 0, 0, 0], [0, 1, 0, 0], [0] * 4]),
    "logsumexp": (
        masked.masked_logsumexp,
        lambda row: math.log(sum(map(math.exp, row))),
        LOG_ZERO,
        [
            [math.exp(x) / (math.exp(1) + 2 * math.exp(3)) if x else 0 for x in (1, 0, 3, 3)],
            [math.exp(x) / (math.exp(2) + math.exp(-1)) if x else 0 for x in (2, -1, 0, 0)],
            [0] * 4,
        ],
    ),
}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduction(backend, name, keepdims):
    (function, of_row, empty, slopes) = REDUCTIONS[name]
    (value, gradients) = run(
        backend, lambda F, data, mask: function(F, data, mask > 0, axis=1, keepdims=keepdims), DATA, MASK
    )
    expected = np.array(per_row(of_row, empty))
    np.testing.assert_allclose(value, expected[:, None] if keepdims else expected, rtol=1e-13)
    for gradient in gradients:
        np.testing.assert_allclose(gradient, slopes, rtol=1e-13, atol=1e-15)


def test_empty_value(backend):
    for function in (masked.masked_max, masked.masked_min):
        (value, _) = run(backend, lambda F, x, m, f=function: f(F, x, m > 0, axis=1, empty=7.0), DATA, MASK)
        assert value[2] == 7.0


def test_over_all_elements(backend):
    (value, _) = run(backend, lambda F, data, mask: masked.masked_max(F, data, mask > 0), DATA, MASK)
    assert float(value.reshape(())) == 3.0


@pytest.mark.parametrize(
    ("name", "empty"), [("count", 0.0), ("mean", 0.0), ("max", 0.0), ("min", 0.0), ("logsumexp", LOG_ZERO)]
)
def test_axis_of_size_zero(backend, name, empty):
    if reason := backend.refuses({"x": (2, 0)}, "float64"):
        pytest.skip(reason)
    (value, _) = run(backend, lambda F, x: REDUCTIONS[name][0](F, x, x > 0, axis=1), np.zeros((2, 0)), wrt=())
    np.testing.assert_array_equal(value, [empty, empty])


def test_softmax(backend):
    upstream = np.array([[1.0, 2.0, 3.0, 4.0]])
    (value, gradients) = run(
        backend,
        lambda F, data, mask: F.broadcast_mul(
            masked.masked_softmax(F, data, mask > 0, axis=1),
            F.broadcast_add(F.zeros_like(mask), F.expand_dims(F.arange_like(mask, axis=1) + 1.0, axis=0)),
        ),
        DATA,
        MASK,
    )
    expected = np.zeros((3, 4))
    for row, (data, mask) in enumerate(zip(DATA, MASK, strict=True)):
        total = sum(math.exp(x) for x, marked in zip(data, mask, strict=True) if marked)
        for place in np.flatnonzero(mask):
            expected[row, place] = math.exp(data[place]) / total
    np.testing.assert_allclose(value, expected * upstream, rtol=1e-13)
    slopes = expected * (upstream - (expected * upstream).sum(1, keepdims=True))
    for gradient in gradients:
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)


SQUARED = np.array([[sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for y in Y] for x in X])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (masked.pairwise_squared_distance, SQUARED),
        (lambda F, x, y: masked.pairwise_squared_distance(F, x, y, expanded=True), SQUARED),
        (masked.pairwise_distance, np.sqrt(SQUARED)),
    ],
    ids=["squared", "expanded", "distance"],
)
def test_distances(backend, function, expected):
    (value, gradients) = run(backend, function, X, Y, wrt=(0, 1))
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-15)
    gaps = X[:, None] - Y[None]
    slopes = 2 * gaps if expected is SQUARED else gaps / np.where(expected, expected, 1.0)[..., None]
    for gradient, due in zip(gradients, (slopes.sum(1), -slopes.sum(0)), strict=False):
        np.testing.assert_allclose(gradient, due, rtol=1e-12, atol=1e-15)


def test_distances_of_batches(backend):
    (value, _) = run(backend, masked.pairwise_squared_distance, np.stack([X, 2 * X]), np.stack([Y, 2 * Y]), wrt=())
    np.testing.assert_allclose(value, np.stack([SQUARED, 4 * SQUARED]), rtol=1e-12)


def test_expanded_is_never_negative(backend):
    far = np.array([[1000.1, 1000.2, 1000.3]])
    near = far + 1e-9
    (value, _) = run(
        backend, lambda F, x, y: masked.pairwise_squared_distance(F, x, y, expanded=True), far, near, wrt=()
    )
    assert value >= 0
    (value, _) = run(backend, masked.pairwise_squared_distance, far, near, wrt=())
    np.testing.assert_allclose(value, [[3e-18]], rtol=1e-3)
