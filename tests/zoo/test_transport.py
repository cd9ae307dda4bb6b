"""Sinkhorn divergences under the conventions of three libraries, and what has to be true of every one."""

import numpy as np
import pytest

import polyloss.zoo as zoo

X = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]])
Y = np.array([[[0.5, 1.0], [2.0, 0.25], [1.0, 1.0]]])
LIBRARIES = {
    "POT, the cost": ({"epsilon": 0.1, "half": False, "sharp": True, "debias": False}, 1.4375011917),
    "POT, the divergence": ({"epsilon": 0.1, "half": False, "sharp": True}, 1.4311764344),
    "OTT": ({"epsilon": 0.1, "half": False}, 1.3938721123),
    "geomloss of blur 0.05": ({"epsilon": 0.05**2}, 0.7175947547),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_numbers_of_libraries(library):
    """Each stops when it thinks fit: with a plan that is not unique the potentials settle as 1 / n, so 4 digits are common to all."""
    (options, expected) = LIBRARIES[library]
    assert float(zoo.sinkhorn_divergence(X, Y, iterations=2000, **options)) == pytest.approx(expected, abs=2e-4)


def test_nothing_between_equal_sets():
    assert abs(float(zoo.sinkhorn_divergence(X, X[:, [2, 0, 1]], iterations=2000))) < 1e-9


def test_moving_a_set_costs_half_the_square_of_the_way():
    found = zoo.sinkhorn_divergence(X, X + np.array([0.3, -0.4]), epsilon=1.0)
    assert float(found) == pytest.approx(0.125, abs=1e-9)


def test_no_mass_is_no_point():
    weighed = zoo.sinkhorn_divergence(X, Y, np.array([[1.0, 0.0, 1.0]]), np.array([[2.0, 2.0, -1.0]]))
    assert float(weighed) == pytest.approx(float(zoo.sinkhorn_divergence(X[:, [0, 2]], Y[:, :2])), abs=1e-12)
