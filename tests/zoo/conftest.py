"""All of it in float64 on JAX as well."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _float64(float64_on_jax):
    return float64_on_jax
