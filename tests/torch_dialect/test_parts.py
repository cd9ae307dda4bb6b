"""A mean taken apart: what the pieces of a batch give adds up to the whole, however the batch is cut."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import polyloss.torch.nn as pnn
import polyloss.torch.nn.functional as pF
from polyloss import dispatch, parts

from .pieces import BATCH_AXIS, ROWS, WHOLE, pieces
from .table import IDS, TABLE

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ROOT = Path(__file__).parents[2]


def converted(backend, value):
    return backend.from_numpy(value, "float32" if value.dtype.kind == "f" else str(value.dtype))


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax", "tensorflow", "mxnet"])
@pytest.mark.parametrize(("kind", "function", "options", "inputs", "wrt"), TABLE, ids=IDS)
def test_pieces_add_up(kind, function, options, inputs, wrt, framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    if kind in WHOLE:
        pytest.skip(WHOLE[kind])
    backend = dispatch.backend(framework)
    for reduction in ("mean", "batchmean") if kind == "KLDivLoss" else ("mean",):
        whole = getattr(pnn, kind)(**options, reduction=reduction)
        given = [converted(backend, value) for value in inputs]
        split = []
        for more, some in pieces(kind, options, inputs):
            loss = parts(getattr(pnn, kind)(**more, reduction=reduction))
            by_function = parts(getattr(pF, function))
            arguments = [converted(backend, value) for value in some]
            (numerator, denominator) = loss(*arguments)
            constants = {name: converted(backend, v) if isinstance(v, np.ndarray) else v for name, v in more.items()}
            np.testing.assert_array_equal(
                backend.to_numpy(by_function(*arguments, **constants, reduction=reduction)[0]),
                backend.to_numpy(numerator),
            )
            split.append((loss, arguments, backend.to_numpy(numerator), backend.to_numpy(denominator)))
        total = sum(denominator for *_, denominator in split)
        expected = backend.to_numpy(whole(*given))
        close = {"rtol": 2e-5, "atol": 2e-5}
        np.testing.assert_allclose(sum(numerator for *_, numerator, _ in split) / total, expected, **close)
        if not backend.differentiable:
            continue
        (_, whole_gradients) = backend.value_and_grad(whole, wrt)(given, None)
        of_pieces = []
        for loss, arguments, *_ in split:
            numerator = lambda *tensors, loss=loss: loss(*tensors)[0]  # noqa: E731
            (_, found) = backend.value_and_grad(numerator, wrt)(arguments, None)
            of_pieces.append([backend.to_numpy(one) / total for one in found])
        for place, i in enumerate(wrt):
            axis = BATCH_AXIS.get(kind, {}).get(i, 0)
            columns = [found[place] for found in of_pieces]
            shared = inputs[i].ndim <= axis or inputs[i].shape[axis] != ROWS
            found = sum(columns) if shared else np.concatenate(columns, axis)
            np.testing.assert_allclose(found, backend.to_numpy(whole_gradients[place]), **close)


@pytest.mark.parametrize("kind", list(dict.fromkeys(kind for kind, *_ in TABLE)))
def test_denominator_has_no_gradient(kind):
    torch = pytest.importorskip("torch")
    (options, inputs) = next((row[2], row[3]) for row in TABLE if row[0] == kind)
    given = [torch.tensor(value, requires_grad=value.dtype.kind == "f") for value in inputs]
    (numerator, denominator) = parts(getattr(pnn, kind)(**options))(*given)
    assert numerator.requires_grad
    assert not denominator.requires_grad
    assert numerator.shape == denominator.shape == ()


def test_halves_are_kept_wide():
    torch = pytest.importorskip("torch")
    half = torch.full((70_000,), 2.0, dtype=torch.float16)
    (numerator, denominator) = parts(pnn.L1Loss())(half, half * 0)
    assert (numerator.item(), denominator.item()) == (140_000, 70_000)


def test_what_has_no_parts():
    x = np.ones(3)
    for reduction in ("none", "sum", "total"):
        with pytest.raises(
            ValueError, match=f"parts: L1Loss has reduction='{reduction}'; accepted are 'mean', 'batchmean'"
        ):
            parts(pnn.L1Loss(reduction=reduction))
        with pytest.raises(ValueError, match=f"parts: l1_loss is asked for reduction='{reduction}'"):
            parts(pF.l1_loss)(x, x, reduction=reduction)
    with pytest.raises(ValueError, match="l1_loss: reduction"):
        parts(pF.l1_loss)(x, x, reduction="batchmean")
    for flags in ({"size_average": False}, {"reduce": False}):
        with pytest.raises(ValueError, match="parts: l1_loss is given size_average or reduce"):
            parts(pF.l1_loss)(x, x, **flags)
    for loss in (pnn.L1Loss, np.mean, "l1_loss", None):
        with pytest.raises(TypeError, match=r"parts: .* cannot be taken apart"):
            parts(loss)
    loss = pnn.L1Loss()
    parts(loss)
    assert loss.reduction == "mean"  # the loss itself stays whole


def run(*command, timeout=300):
    """What a program prints, in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "framework"), [("accumulate", "torch"), ("data_parallel_torch", "torch"), ("data_parallel_jax", "jax")]
)
def test_example(name, framework):
    if find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    lines = dict(line.rsplit(None, 1) for line in run(ROOT / "examples" / f"{name}.py").splitlines())
    whole = float(lines.pop("loss of the whole batch"))
    mean = float(lines.pop("mean of the means"))
    assert abs(mean - whole) > 0.01 * abs(whole)  # else the example would show nothing
    for what, number in lines.items():
        if what.startswith("largest difference"):
            assert float(number) < 1e-6, what
        else:
            assert float(number) == pytest.approx(whole, rel=1e-6), what
    assert len(lines) >= 2


@pytest.mark.parametrize("kind", ["gloo", "dtensor"])
def test_two_processes(kind):
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    assert "losses agree" in run("-m", "torch_dialect.two_processes", kind)


def test_four_devices():
    if find_spec("jax") is None:
        pytest.skip("JAX is not installed")
    assert "losses agree" in run("-m", "torch_dialect.four_devices")


def test_two_replicas():
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    assert "losses agree" in run("-m", "torch_dialect.two_replicas")
