"""The backends under test: those that POLYLOSS_BACKENDS names (comma separated), else all whose framework is installed."""

import os
from contextlib import suppress
from importlib.util import find_spec

import pytest

from polyloss import dispatch


def chosen_backends():
    named = os.environ.get("POLYLOSS_BACKENDS")
    return sorted(named.split(",")) if named else [name for name in sorted(dispatch.backend_names()) if find_spec(name)]


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", chosen_backends(), indirect=True, scope="session")


@pytest.fixture(scope="session")
def backend(request):
    yield dispatch.backend(request.param)
    if request.param == "mxnet":
        import mxnet

        with suppress(mxnet.MXNetError):  # errors that tests have provoked in its queue
            mxnet.nd.waitall()


@pytest.fixture(scope="module")
def float64_on_jax():
    """JAX computes in float64 where it is asked to."""
    if "jax" not in chosen_backends():
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)
