"""Every loss of the table on a JAX mesh of four devices of one CPU: sharded arrays under jit, and parts under shard_map."""

import os
import warnings

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import polyloss.torch.nn as pnn
from polyloss import parts

from .pieces import BATCH_AXIS, ROWS, WHOLE
from .table import TABLE

try:
    from jax import shard_map
except ImportError:  # before JAX 0.6
    from jax.experimental.shard_map import shard_map


def main():
    warnings.simplefilter("ignore")
    mesh = Mesh(np.array(jax.devices()), ("batch",))
    assert mesh.size == ROWS
    close = {"rtol": 2e-5, "atol": 2e-5}
    for kind, _, options, inputs, wrt in TABLE:
        if kind in WHOLE:
            continue
        given = [jnp.asarray(one, "float32" if one.dtype.kind == "f" else one.dtype) for one in inputs]
        loss = getattr(pnn, kind)(**options)
        (expected, slopes) = jax.value_and_grad(loss, wrt)(*given)
        specs = []
        for i, one in enumerate(given):
            axis = BATCH_AXIS.get(kind, {}).get(i, 0)
            sharded = one.ndim > axis and one.shape[axis] == ROWS
            specs.append(PartitionSpec(*[None] * axis, "batch") if sharded else PartitionSpec())
        placed = [jax.device_put(one, NamedSharding(mesh, spec)) for one, spec in zip(given, specs, strict=True)]
        (value, found) = jax.jit(jax.value_and_grad(loss, wrt))(*placed)
        np.testing.assert_allclose(value, expected, **close, err_msg=kind)
        for ours, due in zip(found, slopes, strict=True):
            np.testing.assert_allclose(ours, due, **close, err_msg=kind)
        if any(np.ndim(value) and np.shape(value)[0] == ROWS for value in options.values()):
            continue  # a constant that goes by rows would have to be a sharded argument

        def total(*rows, loss=loss):
            (numerator, denominator) = parts(loss)(*rows)
            return jax.lax.psum(numerator, "batch") / jax.lax.psum(denominator, "batch")

        whole = jax.jit(shard_map(total, mesh=mesh, in_specs=tuple(specs), out_specs=PartitionSpec()))
        (value, found) = jax.value_and_grad(whole, wrt)(*placed)
        np.testing.assert_allclose(value, expected, **close, err_msg=kind)
        for ours, due in zip(found, slopes, strict=True):
            np.testing.assert_allclose(ours, due, **close, err_msg=kind)
    print("losses agree")


if __name__ == "__main__":
    main()
