"""The table on MXNet's graphs of known shapes (`OpSet.graph`): as they are for small tensors, and as they are for large ones."""

from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest

from polyloss import dispatch
from polyloss.opset import UnsupportedError

from ..conftest import chosen_backends
from .cases import CASES
from .check import run
from .test_ops import check

pytestmark = pytest.mark.skipif(
    "mxnet" not in chosen_backends() or not find_spec("mxnet"), reason="MXNet is not under test: these are its graphs"
)
FIRST_OF_LARGE = {
    "small": {},
    "large": {"LARGE": 1},
    "unlikely": {"LARGE": 1, "VAST": 1},
    "huge": {"LARGE": 1, "HUGE": 1, "VAST": 1},
}


@pytest.fixture(scope="module")
def graphs():
    """MXNet, with every function as a graph; `made` counts them."""
    mxnet = dispatch.backend("mxnet")

    class Graphs(type(mxnet)):
        (within, made) = (None, 0)

        def op_set(self, tensor):
            return self.within or super().op_set(tensor)

        def value_and_grad(self, function, wrt, mode="eager"):
            def through(arguments, upstream):
                call = None
                with suppress(UnsupportedError):  # those are called as they are
                    call = super(Graphs, self).op_set(arguments[0]).graph(traced, arguments)
                self.made += call is not None
                return super(Graphs, self).value_and_grad(call or function, wrt)(arguments, upstream)

            def traced(F, *symbols):
                self.within = F
                try:
                    return function(*symbols)
                finally:
                    self.within = None

            return through

    return Graphs()


@pytest.mark.parametrize(
    ("case", "size"),
    [
        (case, size)
        for case in CASES
        for size in FIRST_OF_LARGE
        if "VAST" not in FIRST_OF_LARGE[size] or "_cross_entropy" in case.name
    ],
    ids=str,
)
def test_op(graphs, case, size, monkeypatch):
    from polyloss_backends import mxnet_graph, mxnet_logistic

    monkeypatch.setattr(mxnet_logistic, "BLOCK", 2)
    for name, elements in FIRST_OF_LARGE[size].items():
        monkeypatch.setattr(mxnet_graph, name, elements)
    check(case, graphs, case.dtypes[-1] if case.dtypes else "float32")


def test_graphs_are_made(graphs):
    before = graphs.made
    case = next(case for case in CASES if case.name == "softmax_cross_entropy")
    (value, _) = run(case, graphs, "float32")
    assert graphs.made == before + 1
    np.testing.assert_allclose(value.asnumpy(), case.want(case.exact("float32")), rtol=1e-6)
