"""Data-parallel training on a JAX mesh whose loss and gradient are those of the whole batch: four devices of one CPU.

Two ways. Under `jax.jit` the arrays are sharded and the loss is written as for one device: the compiler sums over devices, and the
mean divides by the whole batch's denominator. Under `jax.shard_map` each device sees its own rows: there the parts are summed by hand.
"""

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import polyloss
import polyloss.torch.nn as nn

try:
    from jax import shard_map
except ImportError:  # before JAX 0.6
    from jax.experimental.shard_map import shard_map

mesh = Mesh(np.array(jax.devices()), ("batch",))
rows = PartitionSpec("batch")
everywhere = PartitionSpec()

rng = np.random.default_rng(0)
inputs = jnp.asarray(rng.normal(size=(16, 5)), "float32")
labels = rng.integers(0, 4, 16)
labels[:6] = -100  # ignored, all of them on the first two devices
labels[3] = 1
labels = jnp.asarray(labels)
matrix = jnp.asarray(rng.normal(size=(5, 4)), "float32")
loss = nn.CrossEntropyLoss(weight=jnp.asarray([0.5, 1.0, 2.0, 8.0]))


def whole(matrix: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """The loss of a batch."""
    return loss(inputs @ matrix, labels)


def by_parts(matrix: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """The loss of the whole batch, from one device's rows."""
    (numerator, denominator) = polyloss.parts(loss)(inputs @ matrix, labels)
    return jax.lax.psum(numerator, "batch") / jax.lax.psum(denominator, "batch")


def mean_of_means(matrix: jax.Array, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """What is not wanted."""
    return jax.lax.pmean(loss(inputs @ matrix, labels), "batch")


def on_mesh(function):
    """`function` of one device's rows, on all devices."""
    return jax.jit(shard_map(function, mesh=mesh, in_specs=(everywhere, rows, rows), out_specs=everywhere))


expected, slope = jax.value_and_grad(whole)(matrix, inputs, labels)
(inputs, labels) = (jax.device_put(one, NamedSharding(mesh, rows)) for one in (inputs, labels))
sharded, by_jit = jax.jit(jax.value_and_grad(whole))(matrix, inputs, labels)
summed, by_psum = jax.value_and_grad(on_mesh(by_parts))(matrix, inputs, labels)

print("loss of the whole batch", expected)
print("mean of the means", on_mesh(mean_of_means)(matrix, inputs, labels))
print("loss of sharded arrays under jit", sharded)
print("loss by parts under shard_map", summed)
print("largest difference of the gradients under jit", abs(by_jit - slope).max())
print("largest difference of the gradients by parts", abs(by_psum - slope).max())
