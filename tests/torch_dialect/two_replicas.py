"""Losses of the table under TensorFlow's MirroredStrategy on two logical devices of one CPU: the parts of two pieces add up."""

import warnings

import numpy as np
import tensorflow as tf

import polyloss.torch.nn as pnn
from polyloss import parts

from .pieces import BATCH_AXIS, CUTS, WHOLE, pieces
from .table import FIRST


def main():
    warnings.simplefilter("ignore")
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * len(CUTS))
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for kind, (options, inputs) in FIRST.items():
        if kind in WHOLE or BATCH_AXIS.get(kind):
            continue
        cuts = [some for _, some in pieces(kind, options, inputs)]
        expected = getattr(pnn, kind)(**options)(*(tf.constant(value) for value in inputs))
        apart = parts(getattr(pnn, kind)(**options))
        columns = [
            strategy.experimental_distribute_values_from_function(
                lambda context, column=column: tf.constant(column[context.replica_id_in_sync_group])
            )
            for column in zip(*cuts, strict=True)
        ]
        (numerator, denominator) = strategy.run(apart, args=tuple(columns))
        total = [strategy.reduce(tf.distribute.ReduceOp.SUM, one, axis=None) for one in (numerator, denominator)]
        np.testing.assert_allclose(total[0] / total[1], expected, rtol=1e-12, err_msg=kind)
    print("losses agree")


if __name__ == "__main__":
    main()
