"""The moments of features: gathered batch by batch on every backend they are those of all features at once."""

import numpy as np
import pytest

import polyloss.zoo as zoo

FEATURES = np.random.default_rng(0).normal(size=(9, 3)) + np.array([0.0, 100.0, -5.0])


def gathered(backend, batches, dtype="float64"):
    state = None
    for batch in batches:
        new = zoo.feature_moments(backend.from_numpy(batch, dtype))
        state = new if state is None else zoo.merge_moments(state, new)
    return state


def as_arrays(backend, state):
    return {key: backend.to_numpy(one) for key, one in state.items()}


@pytest.mark.parametrize("cuts", [[], [4], [1, 2, 7]])
def test_batches(backend, cuts):
    state = as_arrays(backend, gathered(backend, np.split(FEATURES, cuts)))
    assert state["count"].tolist() == [9]
    np.testing.assert_allclose(state["mean"], FEATURES.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(state["scatter"] / 8, np.cov(FEATURES.T), rtol=1e-11, atol=1e-12)


def test_no_features_are_where_to_begin(backend):
    if reason := backend.refuses({"x": (0, 3)}, "float64"):
        pytest.skip(reason)
    batches = [FEATURES[:0], FEATURES[:4], FEATURES[4:], FEATURES[:0]]
    state = as_arrays(backend, gathered(backend, batches))
    np.testing.assert_allclose(state["scatter"] / 8, np.cov(FEATURES.T), rtol=1e-11, atol=1e-12)
    empty = as_arrays(backend, gathered(backend, [FEATURES[:0], FEATURES[:0]]))
    assert all((one == 0).all() for one in empty.values())


def test_states_are_not_changed(backend):
    (one, two) = (zoo.feature_moments(backend.from_numpy(part, "float64")) for part in (FEATURES[:4], FEATURES[4:]))
    before = as_arrays(backend, one)
    zoo.merge_moments(one, two)
    after = as_arrays(backend, one)
    assert all((before[key] == after[key]).all() for key in before)


def test_a_small_spread_beside_a_large_mean(backend):
    """Sums of squares would have no digit of the spread left in float32."""
    far = (np.arange(8.0)[:, None] * [1.0, 0.5] + 4096.0).astype("float32")
    state = as_arrays(backend, gathered(backend, np.split(far, 4), "float32"))
    np.testing.assert_allclose(state["scatter"] / 7, np.cov(far.T.astype("float64")), rtol=1e-4)


def test_distance_of_moments_is_that_of_samples(backend):
    real = FEATURES[:6] * 1.25 + 0.5
    (x, y) = (gathered(backend, np.split(one, [3])) for one in (FEATURES, real))
    moments = [part for state, count in ((x, 9), (y, 6)) for part in (state["mean"], state["scatter"] / (count - 1))]
    (found, due) = (
        backend.to_numpy(one).reshape(())
        for one in (
            zoo.fid_from_moments(*moments),
            zoo.fid(*(backend.from_numpy(one, "float64") for one in (FEATURES, real))),
        )
    )
    np.testing.assert_allclose(found, due, rtol=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0), (2, 1)])
def test_what_is_not_finite_is_not_hidden(backend, bad, place):
    covariance = np.eye(3)
    covariance[place] = bad
    given = (backend.from_numpy(one, "float64") for one in (np.zeros(3), covariance, np.zeros(3), np.eye(3)))
    assert not np.isfinite(backend.to_numpy(zoo.fid_from_moments(*given))).any()
    features = FEATURES.copy()
    features[1, 1] = bad
    assert np.isnan(
        backend.to_numpy(zoo.fid(*(backend.from_numpy(one, "float64") for one in (features, FEATURES))))
    ).all()
