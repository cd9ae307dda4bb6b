"""Calls that repeat, on TensorFlow: one XLA program for the value and one for its gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import config

# tf.custom_gradient records through this too, and looks for variables at every call.
from tensorflow.python.eager import record
from tensorflow.python.framework import ops
from tensorflow.python.ops import control_flow_util, gradients_util

from polyloss.opset import Tensor

# AutoGraph, which a tf.function rewrites Python with unless told otherwise, has nothing to find here: no statement hangs on the value
# of a tensor. Its public decorator would have to stand on every function, before TensorFlow is imported.
config.CONVERSION_RULES += tuple(map(config.DoNotConvert, ("polyloss", "polyloss_backends")))

WITHIN = 1 << 14
"""Elements of a tensor, from which on a call of a loss within a `tf.function` is worth programs of its own."""


class CompiledCall:
    """A function of tensors that always have the same shapes and dtypes, compiled when it is called.

    The program of the gradients computes anew what it needs of the forward pass: XLA fuses that with the rest, and nothing has to be kept,
    where the gradient of a `tf.function` writes all that lies between to memory. A tape records that program as it does any `tf.function`,
    so there are higher derivatives.

    Within a `tf.function` the programs are its nodes, and take the place of as many passes over memory as the loss has operations.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._value: Any = None
        self._slopes: dict[tuple[int, ...], Any] = {}
        """By the places of the tensors of which gradients are wanted."""

    def __call__(self, *tensors: Tensor) -> Any:
        """``function(*tensors)``: a value and a flag, which no gradient is taken of."""
        within = not tf.executing_eagerly()
        if within and max(one.shape.num_elements() for one in tensors) < WITHIN:
            return self._function(*tensors)
        if self._value is None:
            # A program that nobody can run again is not asked for flags.
            self._value = _program(self._without_flag if within else self._function, tensors)
        if within and _multiplies(self._value.graph):
            return self._function(*tensors)
        with record.stop_recording():
            (value, flag) = self._value(*tensors)
        if _watched(tensors):
            self._record(tf.nest.flatten(value), tensors)
        return value, flag

    def _without_flag(self, *tensors: Tensor) -> tuple[Any, None]:
        return self._function(*tensors)[0], None

    def _record(self, values: Sequence[Tensor], tensors: Sequence[Tensor]) -> None:
        wanted = tuple(i for i, one in enumerate(tensors) if one.dtype.is_floating and _watched([one]))
        if wanted not in self._slopes:
            self._slopes[wanted] = _program(self._differentiated(len(tensors), wanted), [*tensors, *values])

        def backward(*upstream: Tensor) -> list[Tensor | None]:
            found = dict(zip(wanted, self._slopes[wanted](*tensors, *upstream), strict=True))
            return [found.get(i) for i in range(len(tensors))]

        record.record_operation("polyloss", values, list(tensors), backward)

    def _differentiated(self, count: int, wanted: Sequence[int]) -> Callable[..., Any]:
        """From `count` tensors and the upstream gradients to the gradients for the `wanted` tensors."""

        def slopes(*given: Tensor) -> Any:
            (tensors, upstream) = (given[:count], list(given[count:]))
            sources = [tensors[i] for i in wanted]
            with tf.GradientTape() as tape:
                tape.watch(sources)
                values = tf.nest.flatten(self._function(*tensors)[0])
            found = tape.gradient(values, sources, upstream)
            return [None if one is None else tf.convert_to_tensor(one) for one in found]  # IndexedSlices made dense

        return slopes


def _watched(tensors: Sequence[Tensor]) -> bool:
    """Whether a tape or a forward accumulator looks at one of them."""
    return bool(gradients_util.PossibleTapeGradientTypes(list(tensors)) != gradients_util.POSSIBLE_GRADIENT_TYPES_NONE)


def _multiplies(graph: Any) -> bool:
    """Whether there are products of matrices, which a program of gradients had better not compute anew; sums of rows do not count."""
    return any("MatMul" in node.type and node.outputs[0].shape[-1] != 1 for node in graph.get_operations())


def within_xla() -> bool:
    """Whether what is traced now is for XLA."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(ops.get_default_graph())


def programs_within() -> bool:
    """Whether a call in the graph that is traced now can be an XLA program of its own: on a CPU, and not yet within one."""
    if not ops.get_default_graph().building_function or within_xla():
        return False
    return all(one.device_type == "CPU" for one in tf.config.list_logical_devices())


def _program(function: Callable[..., Any], tensors: Sequence[Tensor]) -> Any:
    """`function` for the shapes and dtypes of `tensors`: by XLA on a CPU; what XLA needs for other devices may not be there."""
    forms = [tf.TensorSpec(one.shape, one.dtype) for one in tensors]
    on_cpu = not tf.executing_eagerly() or all("CPU" in one.device for one in tensors)
    return tf.function(function, autograph=False, jit_compile=on_cpu).get_concrete_function(*forms)
