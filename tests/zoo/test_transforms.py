"""Batches of calls and unknown batch sizes: ``vmap`` of JAX and PyTorch, and TensorFlow's functions of sizes not known."""

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.zoo_cases import cases

import polyloss.zoo as zoo
from polyloss import dispatch

CALLS = {}
for _case in cases():
    if _case.dtype == "float32" and all(one.values.size for one in _case.inputs.values()):
        CALLS.setdefault(_case.loss, _case)

EXCUSED: dict[tuple[str, str], str] = {
    (
        "test_tensorflow_of_unknown_size",
        "zoo/FIDFromMoments",
    ): "the first axis is that of the features, and each is a step",
}
"""By test and loss: why it cannot."""


@pytest.fixture(params=CALLS)
def call(request):
    """Function, arguments, and where the gradients are, of a loss's first case."""
    case = CALLS[request.param]
    name = request.function.__name__
    if reason := EXCUSED.get((name, case.loss)):
        pytest.skip(reason)
    (function, names) = dialects.of(case.loss).function(case)
    absent = [name for name in names if name not in case.inputs]
    given = [name for name in names if name in case.inputs]

    def of_tensors(*tensors):
        chosen = dict(zip(given, tensors, strict=True)) | dict.fromkeys(absent)
        return function(*(chosen[name] for name in names))

    wrt = [given.index(name) for name in case.wrt]
    return of_tensors, [case.inputs[name] for name in given], wrt, getattr(zoo, case.loss.removeprefix("zoo/"))


def tensors_of(framework, inputs, turn=0):
    """The inputs as tensors, turned along their first axis."""
    backend = dispatch.backend(framework)
    kinds = {"int64": "int32"} if framework == "jax" else {}
    return [
        backend.from_numpy(
            np.roll(one.values, turn, axis=0) if one.values.ndim else one.values, kinds.get(one.dtype, one.dtype)
        )
        for one in inputs
    ]


CLOSE = {"rtol": 2e-5, "atol": 2e-5}


def test_jax_vmap(call):
    jax = pytest.importorskip("jax")
    (function, inputs, wrt, kind) = call
    calls = [tensors_of("jax", inputs, turn) for turn in (0, 1)]
    stacked = [jax.numpy.stack(column) for column in zip(*calls, strict=True)]
    np.testing.assert_allclose(jax.vmap(function)(*stacked), np.stack([function(*one) for one in calls]), **CLOSE)
    if kind.differentiable and wrt:
        grad = jax.grad(lambda *tensors: jax.numpy.sum(function(*tensors)), argnums=wrt)
        for found, expected in zip(
            jax.vmap(grad)(*stacked), zip(*(grad(*one) for one in calls), strict=True), strict=True
        ):
            np.testing.assert_allclose(found, np.stack(expected), **CLOSE)


def test_torch_vmap(call):
    torch = pytest.importorskip("torch")
    (function, inputs, wrt, kind) = call
    calls = [tensors_of("torch", inputs, turn) for turn in (0, 1)]
    stacked = [torch.stack(column) for column in zip(*calls, strict=True)]
    torch.testing.assert_close(
        torch.func.vmap(function)(*stacked), torch.stack([function(*one) for one in calls]), **CLOSE
    )
    if kind.differentiable and wrt:
        grad = torch.func.grad(lambda *tensors: function(*tensors).sum(), argnums=tuple(wrt))
        for found, expected in zip(
            torch.func.vmap(grad)(*stacked), zip(*(grad(*one) for one in calls), strict=True), strict=True
        ):
            torch.testing.assert_close(found, torch.stack(expected), **CLOSE)


def test_tensorflow_of_unknown_size(call):
    tf = pytest.importorskip("tensorflow")
    (function, inputs, _, _) = call
    given = tensors_of("tensorflow", inputs)
    signature = [tf.TensorSpec([None, *one.shape[1:]] if one.shape.rank else [], one.dtype) for one in given]
    traced = tf.function(lambda *tensors: function(*tensors), input_signature=signature)
    np.testing.assert_allclose(traced(*given), function(*given), **CLOSE)
