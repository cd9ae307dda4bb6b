"""The references of the losses of class scores: numbers worked out by hand, and torch itself on random inputs."""

import itertools
import math
import zlib

import numpy as np
import pytest
from polyloss_conformance import reference_worker, stage
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.references.native_torch import run
from polyloss_conformance.references.torch_nn import REFERENCES

LOG2 = math.log(2)
NONE = {"reduction": "none"}
ROW = [[0.1, 0.2, 0.4, 0.8]]


@pytest.mark.parametrize(
    ("loss", "config", "inputs", "want"),
    [
        ("MultiMarginLoss", {}, {"input": ROW, "target": [3]}, 0.325),
        ("MultiMarginLoss", {}, {"input": [3.0, 1.0, 2.5], "target": 0}, 0.5 / 3),
        ("MultiMarginLoss", {"p": 2, **NONE}, {"input": [[0.0, 3.0], [0.0, 3.0]], "target": [0, 1]}, [8, 0]),
        (
            "MultiMarginLoss",
            {"weight": [2.0, 10.0], "margin": 4},
            {"input": [[0.0, 3.0], [0.0, 3.0]], "target": [0, 1]},
            (7 + 5) / 2,
        ),
        ("MultiLabelMarginLoss", {}, {"input": ROW, "target": [[3, 0, -1, 1]]}, 0.85),
        ("MultiLabelMarginLoss", {}, {"input": ROW, "target": [[-1, 0, 3, 1]]}, 0),
        ("MultiLabelMarginLoss", {}, {"input": ROW, "target": [[0, 1, 2, 3]]}, 0),
        ("MultiLabelMarginLoss", NONE, {"input": [0.0, 2.0], "target": [0, 0]}, 3),
        ("MultiLabelSoftMarginLoss", NONE, {"input": [[0.0, 0.0], [1e4, -1e4]], "target": [[1.0, 0.25], [0.0, 1.0]]}, [LOG2, 1e4]),
        ("MultiLabelSoftMarginLoss", {"weight": [1.0, 3.0]}, {"input": [0.0, 0.0], "target": [1.0, 0.0]}, 2 * LOG2),
        ("MultiLabelSoftMarginLoss", NONE, {"input": [0.0], "target": [[1.0, 1.0]]}, [LOG2, LOG2]),
    ],
)  # fmt: skip
def test_by_hand(loss, config, inputs, want):
    got = REFERENCES[f"torch/{loss}"].value(inputs, config, {})
    got = np.array([float(x) for x in got.flat]).reshape(got.shape)
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)


def make(loss, config, dtype, kind, **inputs):
    given = {name: Input.of(array, kind if name == "target" else dtype) for name, array in inputs.items()}
    name = f"torch/{loss} {dtype} {config} {np.shape(inputs['input'])}"
    return Case(name, f"torch/{loss}", config, given, dtype, {}, ("input",), zlib.crc32(name.encode()))


def spread():
    rng = np.random.default_rng(5)
    for (n, c), dtype, reduction in itertools.product(
        [(1, 2), (3, 4), (4, 3)], ("float64", "float32"), ("none", "mean")
    ):
        config = {"reduction": reduction}
        x, weight = rng.normal(size=(n, c)), list(rng.uniform(0.5, 2, c))
        one, several = rng.integers(0, c, n), rng.integers(-1, c, (n, c))
        for p in (1, 2):
            yield make("MultiMarginLoss", {**config, "p": p, "margin": 0.7}, dtype, "int64", input=x, target=one)
        yield make("MultiMarginLoss", {**config, "weight": weight}, dtype, "int64", input=x, target=one)
        yield make("MultiLabelMarginLoss", config, dtype, "int64", input=x, target=several)
        soft = {**config, "weight": weight}
        yield make("MultiLabelSoftMarginLoss", soft, dtype, dtype, input=x, target=rng.uniform(size=(n, c)))


def test_torch_agrees_on_a_spread():
    pytest.importorskip("torch")
    for case in spread():
        answer = reference_worker._called(run([case]))
        native = stage.combined(case, reference_worker.formula(case), {"native": answer})["references"]["native"]
        assert not {"refused", "disagrees", "finding"} & set(native), (case.id, native)
