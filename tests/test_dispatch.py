"""From tensors to op sets: what is loaded when, whose tensors are whose, and what a mixture is told."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from polyloss import dispatch
from polyloss.opset import COMPOSITES, OpSet

FRAMEWORKS = ("torch", "tensorflow", "jax", "mxnet")
ARRAY = np.ones(3, "float32")
installed = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.skipif(not find_spec(n), reason="not installed")) for n in FRAMEWORKS]
)


def python(code, path=None):
    """What a fresh interpreter prints, with `path` on its module search path."""
    if path:
        code = f"import sys; sys.path.insert(0, {str(path)!r})\n{dedent(code)}"
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def owner(*tensors):
    return dispatch.op_set("loss", ("pred", "label", "weight")[: len(tensors)], tensors)


def one(name):
    return dispatch.backend(name).from_numpy(ARRAY, "float32")


# --- what is loaded -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["polyloss", "polyloss.dispatch", "polyloss.mxnet.gluon.loss"])
def test_import_loads_no_framework_and_no_backend(module):
    loaded = python(f"import {module}, sys; print(*sorted(name.split('.')[0] for name in sys.modules))").split()
    assert not {*FRAMEWORKS, "keras", "polyloss_backends"} & {*loaded}


def test_a_call_loads_no_framework_that_the_program_has_not_imported():
    code = """
        import sys, numpy
        from polyloss import dispatch
        print(dispatch.op_set("loss", ["pred"], [numpy.ones(2)]).name)
        print(*sorted({name.split(".")[0] for name in sys.modules}))
    """
    (name, loaded) = python(code).splitlines()
    assert name == "numpy"
    assert not {*FRAMEWORKS} & {*loaded.split()}


def test_import_time(record_property, capsys):
    code = (
        "import time, numpy; t = time.perf_counter(); import polyloss.mxnet.gluon.loss; print(time.perf_counter() - t)"
    )
    milliseconds = 1e3 * min(float(python(code)) for _ in range(3))
    record_property("import_milliseconds", milliseconds)
    with capsys.disabled():
        print(f" [import after NumPy: {milliseconds:.0f} ms]", end="")


# --- whose tensors ------------------------------------------------------------------------------------------------------------


def test_registered():
    assert {"numpy", *FRAMEWORKS} <= {*dispatch.backend_names()}
    with pytest.raises(ValueError, match=r"'abacus'.*jax, mxnet, numpy"):
        dispatch.backend("abacus")


@installed
def test_owner(name):
    F = owner(one(name), one(name))
    assert F.name == name
    assert F is owner(None, 2, one(name))
    assert F is dispatch.backend(name).op_set(one(name))
    assert owner(ARRAY).name == "numpy"


@pytest.mark.parametrize("neutral", [None, True, 2, 0.5])
def test_numbers_and_none_are_neutral(neutral):
    assert owner(ARRAY, neutral) is owner(neutral, ARRAY) is owner(ARRAY)


def test_no_tensor_at_all():
    with pytest.raises(TypeError, match=r"loss: at least one .* pred is int, label is NoneType"):
        owner(1, None)
    with pytest.raises(TypeError, match="loss: at least one"):
        owner()


@installed
def test_a_mixture_names_each_argument_and_its_type(name):
    other = one(name)
    kind = f"{type(other).__module__}.{type(other).__qualname__}"
    with pytest.raises(TypeError) as caught:
        owner(other, ARRAY, 0.5)
    assert f"pred is {kind}" in str(caught.value)
    assert "label is numpy.ndarray" in str(caught.value)
    assert "weight" not in str(caught.value)


@installed
def test_a_mixture_with_a_numpy_number(name):
    with pytest.raises(TypeError, match=r"pred is .*, label is numpy.float64"):
        owner(one(name), np.float64(1.0))


@pytest.mark.parametrize(
    "thing", [[1.0, 2.0], (1.0,), "text", {1.0}, object(), np.ones], ids=lambda thing: type(thing).__name__
)
def test_what_no_backend_owns_is_refused(thing):
    for tensors in ((thing,), (ARRAY, thing)):
        name = "label" if len(tensors) > 1 else "pred"
        with pytest.raises(
            TypeError, match=f"loss: {name} is {type(thing).__qualname__}, which no backend .* accepted are"
        ):
            owner(*tensors)


# --- a third party's backend --------------------------------------------------------------------------------------------------

THIRD_PARTY = {
    "abacus.py": "class Beads: pass",
    "abacus_polyloss.py": """
        import abacus
        from polyloss.opset import Backend, OpSet

        def stub(abstract, **members):
            members |= {name: None for name in abstract.__abstractmethods__ if name not in members}
            return type("Abacus", (abstract,), members)()

        OPS = stub(OpSet, name="abacus")
        BACKEND = stub(Backend, op_set=lambda self, tensor: OPS if isinstance(tensor, abacus.Beads) else None)
    """,
    "abacus-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: abacus\nVersion: 1.0\n",
    "abacus-1.0.dist-info/entry_points.txt": "[polyloss.backends]\nabacus = abacus_polyloss:BACKEND\n",
}


def test_third_party_backend(tmp_path):
    for name, text in THIRD_PARTY.items():
        path = Path(tmp_path, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text))
    code = """
        import numpy
        from polyloss import dispatch

        assert "abacus" in dispatch.backend_names()
        assert dispatch.op_set("loss", ["pred"], [numpy.ones(2)]).name == "numpy"
        assert "abacus_polyloss" not in sys.modules
        dispatch.prepare()
        assert "abacus_polyloss" not in sys.modules
        import abacus
        dispatch.prepare()
        assert "abacus_polyloss" in sys.modules
        print(dispatch.op_set("loss", ["pred", "label"], [abacus.Beads(), abacus.Beads()]).name)
        try:
            dispatch.op_set("loss", ["pred", "label"], [abacus.Beads(), numpy.ones(2)])
        except TypeError as error:
            print(error)
    """
    (name, mixture) = python(code, tmp_path).splitlines()
    assert name == "abacus"
    assert "pred is abacus.Beads, label is numpy.ndarray" in mixture


# --- compositions in place of fused kernels -----------------------------------------------------------------------------------


@installed
def test_fused_switches_to_compositions_and_back(name):
    tensor = one(name)
    usual = owner(tensor)
    with dispatch.fused(False):
        plain = owner(tensor)
        assert all(getattr(type(plain), op) is getattr(OpSet, op) for op in COMPOSITES)
        with dispatch.fused(True):
            assert owner(tensor) is usual
        assert owner(tensor) is plain
    assert owner(tensor) is usual
    with pytest.raises(KeyError), dispatch.fused(False):
        raise KeyError
    assert owner(tensor) is usual


def test_some_framework_has_fused_kernels():
    (name, *_) = [name for name in FRAMEWORKS if find_spec(name)] or pytest.skip("no framework is installed")
    usual = owner(one(name))
    assert any(getattr(type(usual), op) is not getattr(OpSet, op) for op in COMPOSITES)
