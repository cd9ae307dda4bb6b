"""The table on other paths of each backend: its compilers and symbols, and default compositions in place of fused kernels."""

import numpy as np

from polyloss import dispatch
from polyloss.opset import COMPOSITES, OpSet
from polyloss.variants import composed

from ..conftest import chosen_backends
from .cases import CASES, FUNCTIONS
from .test_ops import FIRST, check

FEW = [case for case in FIRST if case.name in ("pick", "log_softmax", "where", "squared_error")]
TIME_FOR = {"hybridize": CASES, "np": CASES, "jit": FIRST, "function": FIRST, "aot_eager": FEW}  # else one


def replaced(F, case):
    name = next((op for op, cases in FUNCTIONS.items() if case in cases), case.name)
    return name in COMPOSITES and getattr(type(F), name) is not getattr(OpSet, name)


def variants(name):
    backend = dispatch.backend(name)
    for mode in backend.modes[1:]:
        for case in TIME_FOR.get(mode, FEW[:1]):
            yield f"{name}-{mode}-{case}", backend, case, {"mode": mode}
    F = backend.op_set(backend.from_numpy(np.zeros(1), "float32"))
    mode = "jit" if "jit" in backend.modes else "eager"  # JAX compiles a whole in the time of a few of its operations
    for case in CASES if mode == "eager" else FIRST:
        if replaced(F, case):
            yield f"{name}-composed-{case}", backend, case, {"ops": composed, "mode": mode}


def pytest_generate_tests(metafunc):
    given = [one for name in chosen_backends() for one in variants(name)]
    metafunc.parametrize(("chosen", "case", "how"), [one[1:] for one in given], ids=[one[0] for one in given])


def test_variant(chosen, case, how):
    check(case, chosen, case.dtypes[-1] if case.dtypes else "float32", **how)
