from typing import Any

import pytest
from polyloss_conformance.references.native_gluon import import_mxnet


@pytest.fixture(scope="session")
def mxnet() -> Any:
    try:
        return import_mxnet()
    except ImportError as error:
        pytest.skip(str(error))
