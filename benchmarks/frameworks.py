"""Each framework's part: its tensors, what competes on it, and how a value and a gradient are asked for in each of its modes.

A framework is imported when its class is made: one process measures one of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import gluon_losses, keras_losses, torch_losses
from benchmarks.spec import Spec

Call = Callable[[], Any]
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "MXNET_CPU_WORKER_NTHREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""The environment of a process that measures."""

EXACT = {"TF_ENABLE_ONEDNN_OPTS": "0"}
"""That of one that measures memory, besides: with oneDNN TensorFlow 2.21 keeps what was freed for later, and no call has a peak."""


class Framework:
    """What measuring needs to know of a framework.

    `compiled` names its modes besides ``eager``. Those in `slow` take seconds to compile: they run at these sizes only, forward with
    backward, native against polyloss.
    """

    name: str
    needs: tuple[str, ...] = ("keras",)
    """Modules of the contenders, besides the framework's own."""
    compiled: tuple[str, ...] = ()
    slow: Mapping[str, Sequence[str]] = MappingProxyType({})
    specs: tuple[Spec, ...]
    module: Any
    """The losses of polyloss that are measured."""
    probe: tuple[str, ...]
    """A loss of two tensors, and the operation at which the cost of dispatch ends: of its formula, or of what `operation_home` gives."""

    def operation_home(self, ops: Any) -> Any:
        """What has the operation of `probe`: the op set, unless a call that repeats goes past it."""
        return ops

    def tensor(self, array: np.ndarray) -> Any:
        """The array as a tensor, not to be differentiated."""
        raise NotImplementedError

    def numpy(self, tensor: Any) -> np.ndarray:
        """The values of a tensor."""
        return np.asarray(tensor)

    def contenders(self, spec: Spec) -> dict[str, Callable[..., Any]]:
        """The functions that compute this loss: ``native``, ``keras``, ``hand`` and ``polyloss``, of those that there are."""
        found = {"native": self.native(spec), "keras": self.by_keras(spec), "hand": self.by_hand(spec)}
        found["polyloss"] = getattr(self.module, spec.loss)(**spec.options)
        return {name: one for name, one in found.items() if one is not None}

    def native(self, spec: Spec) -> Callable[..., Any] | None:
        """The framework's own loss."""
        raise NotImplementedError

    def library(self, spec: Spec) -> str:
        """Whose the native loss is."""
        return self.name

    def by_keras(self, spec: Spec) -> Callable[..., Any] | None:
        """Keras's, where that is not the native one."""
        import keras

        return None if spec.keras is None else spec.keras(keras.losses)

    def by_hand(self, spec: Spec) -> Callable[..., Any] | None:
        """The composition."""
        return None if spec.hand is None else lambda *tensors: spec.hand(self.operations, *tensors)

    def calls(self, loss: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int], mode: str) -> dict[str, Call]:
        """What is timed: ``forward`` and ``both``, with backward. Each returns when its results are there."""
        raise NotImplementedError


class Torch(Framework):
    """PyTorch."""

    name = "torch"
    specs = torch_losses.SPECS
    compiled = ("inductor",)
    slow: Mapping[str, Sequence[str]] = MappingProxyType({"inductor": ("tiny", "medium")})
    probe = ("MSELoss", "mse_loss")

    def operation_home(self, ops: Any) -> Any:
        return self.operations._C._nn

    def __init__(self) -> None:
        os.environ["KERAS_BACKEND"] = "torch"
        import torch

        import polyloss.torch.nn

        torch.set_num_threads(1)
        torch._dynamo.config.recompile_limit = 1000  # one loss class makes many functions here
        (self.operations, self.module) = (torch, polyloss.torch.nn)

    def tensor(self, array: np.ndarray) -> Any:
        return self.operations.from_numpy(np.ascontiguousarray(array))

    def numpy(self, tensor: Any) -> np.ndarray:
        return self.value(tensor).numpy(force=True)

    def value(self, result: Any) -> Any:
        """The loss, of what a loss returns: one returns more."""
        return getattr(result, "loss", result)

    def contenders(self, spec: Spec) -> dict[str, Callable[..., Any]]:
        found = super().contenders(spec)
        found["polyloss"].load_state_dict(found["native"].state_dict())  # parameters, of those that hold some
        return found

    def native(self, spec: Spec) -> Callable[..., Any] | None:
        return getattr(self.operations.nn, spec.loss)(**spec.options)

    def calls(self, loss: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int], mode: str) -> dict[str, Call]:
        if mode == "inductor":
            loss = self.operations.compile(loss, fullgraph=True, dynamic=False)
        leaves = [one.detach().requires_grad_() if i in wrt else one for i, one in enumerate(inputs)]
        chosen = [*(leaves[i] for i in wrt), *getattr(loss, "parameters", list)()]

        def both() -> None:
            self.value(loss(*leaves)).backward()
            for one in chosen:
                one.grad = None  # the next call makes it anew: its memory is part of a call's

        return {"forward": lambda: loss(*inputs), "both": both}


class MXNet(Framework):
    """MXNet; each loss a block, hybridized in the mode of that name."""

    name = "mxnet"
    needs = ()
    specs = gluon_losses.SPECS
    compiled = ("hybridized",)
    probe = ("L2Loss", "squared_error")

    def __init__(self) -> None:
        from polyloss import dispatch

        dispatch.backend("mxnet")
        import mxnet

        import polyloss.mxnet.gluon.loss

        (self.mx, self.module) = (mxnet, polyloss.mxnet.gluon.loss)

        class Composition(mxnet.gluon.HybridBlock):
            """A composition by hand."""

            def __init__(self, function: Callable[..., Any]) -> None:
                super().__init__()
                self.function = function

            def hybrid_forward(self, F: Any, *tensors: Any) -> Any:
                return self.function(F, *tensors)

        self.composition = Composition

    def tensor(self, array: np.ndarray) -> Any:
        return self.mx.nd.array(array, dtype="float32")

    def numpy(self, tensor: Any) -> np.ndarray:
        return tensor.asnumpy()

    def native(self, spec: Spec) -> Callable[..., Any] | None:
        return getattr(self.mx.gluon.loss, spec.loss)(**spec.options)

    def by_keras(self, spec: Spec) -> Callable[..., Any] | None:
        return None

    def by_hand(self, spec: Spec) -> Callable[..., Any] | None:
        return None if spec.hand is None else self.composition(spec.hand)

    def calls(self, loss: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int], mode: str) -> dict[str, Call]:
        (mx, leaves) = (self.mx, [one.copy() for one in inputs])
        for i in wrt:
            leaves[i].attach_grad()
        if mode == "hybridized":
            loss.hybridize()

        def both() -> None:
            with mx.autograd.record():
                value = loss(*leaves)
            value.backward()
            mx.nd.waitall()

        return {"forward": lambda: loss(*inputs).wait_to_read(), "both": both}


class TensorFlow(Framework):
    """TensorFlow, where the native losses are those of Keras."""

    name = "tensorflow"
    specs = keras_losses.SPECS
    compiled = ("function", "xla")
    slow: Mapping[str, Sequence[str]] = MappingProxyType({"xla": ("tiny", "large")})
    probe = ("MeanSquaredError", "squared_error")

    def __init__(self) -> None:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import keras
        import tensorflow as tf

        import polyloss.keras.losses

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        (self.tf, self.own, self.module) = (tf, keras.losses, polyloss.keras.losses)
        self.operations = SimpleNamespace(
            mean=tf.reduce_mean,
            sum=tf.reduce_sum,
            max=tf.reduce_max,
            clip=tf.clip_by_value,
            log=tf.math.log,
            log1p=tf.math.log1p,
            softplus=tf.math.softplus,
            log_softmax=tf.nn.log_softmax,
            pick=lambda x, index: tf.gather(x, index, batch_dims=1),
            **{name: getattr(tf, name) for name in ("abs", "exp", "sqrt", "maximum", "where")},
        )

    def tensor(self, array: np.ndarray) -> Any:
        return self.tf.constant(array)

    def native(self, spec: Spec) -> Callable[..., Any] | None:
        return getattr(self.own, spec.loss)(**spec.options)

    def library(self, spec: Spec) -> str:
        return "keras"

    def by_keras(self, spec: Spec) -> Callable[..., Any] | None:
        return None

    def calls(self, loss: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int], mode: str) -> dict[str, Call]:
        def forward(*tensors: Any) -> Any:
            return loss(*tensors)

        def both(*tensors: Any) -> Any:
            chosen = [tensors[i] for i in wrt]
            with self.tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(chosen)
                value = loss(*tensors)
            return value, tape.gradient(value, chosen)

        if mode != "eager":
            (forward, both) = (
                self.tf.function(one, jit_compile=mode == "xla", autograph=False) for one in (forward, both)
            )
        return {"forward": lambda: forward(*inputs).numpy(), "both": lambda: both(*inputs)[0].numpy()}


class Jax(Framework):
    """JAX, where the native losses are those of optax, and of Keras where optax has none."""

    name = "jax"
    needs = ("keras", "optax")
    specs = keras_losses.SPECS
    compiled = ("jit",)
    probe = ("MeanSquaredError", "squared_error")

    def __init__(self) -> None:
        os.environ["KERAS_BACKEND"] = "jax"
        import jax
        import keras
        import optax

        import polyloss.keras.losses

        (self.jax, self.own, self.optax, self.module) = (jax, keras.losses, optax.losses, polyloss.keras.losses)
        self.operations = SimpleNamespace(
            softplus=jax.nn.softplus,
            log_softmax=jax.nn.log_softmax,
            pick=lambda x, index: jax.numpy.take_along_axis(x, index[:, None], 1)[:, 0],
            **{
                name: getattr(jax.numpy, name)
                for name in ["mean", "sum", "max", "clip", "log", "log1p", "abs", "exp", "sqrt", "maximum", "where"]
            },
        )

    def tensor(self, array: np.ndarray) -> Any:
        return self.jax.numpy.asarray(array)

    def native(self, spec: Spec) -> Callable[..., Any] | None:
        return self._of_keras(spec) if spec.native is None else spec.native(self.optax)

    def library(self, spec: Spec) -> str:
        return "keras" if spec.native is None else "optax"

    def by_keras(self, spec: Spec) -> Callable[..., Any] | None:
        return None if spec.native is None else self._of_keras(spec)

    def _of_keras(self, spec: Spec) -> Callable[..., Any]:
        return getattr(self.own, spec.loss)(**spec.options)

    def calls(self, loss: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int], mode: str) -> dict[str, Call]:
        def forward(*tensors: Any) -> Any:
            return loss(*tensors)

        (jax, both) = (self.jax, self.jax.value_and_grad(forward, argnums=tuple(wrt)))
        if mode == "jit":
            (forward, both) = (jax.jit(forward), jax.jit(both))
        return {
            "forward": lambda: jax.block_until_ready(forward(*inputs)),
            "both": lambda: jax.block_until_ready(both(*inputs)),
        }


FRAMEWORKS: dict[str, type[Framework]] = {kind.name: kind for kind in (Torch, Jax, TensorFlow, MXNet)}
