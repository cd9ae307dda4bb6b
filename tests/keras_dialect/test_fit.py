"""In real Keras: a model trains to the history of Keras's own losses, and is saved and loaded, on three of Keras's backends."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


def run(arguments, backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    found = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-4000:]
    return found.stdout


@pytest.mark.parametrize("on", ["tensorflow", "jax", "torch"])
def test_fit(on, tmp_path):
    if find_spec(on) is None:
        pytest.skip(f"{on} is not installed")
    assert f"done {on}" in run([str(Path(__file__).with_name("fit.py")), str(tmp_path)], on)


STRATEGY = """
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np, polyloss.keras.losses as pl
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    t, p = tf.constant([[1.0, 2.0]]), tf.constant([[2.0, 4.0]])
    for reduction, wanted in (("mean", 1.25), ("sum", 2.5), ("mean_with_sample_weight", 1.25)):
        ours, theirs = (float(home.MeanSquaredError(reduction=reduction)(t, p)) for home in (pl, keras.losses))
        assert ours == theirs == wanted, (reduction, ours, theirs)
    assert float(pl.Dice()(t / 2, p / 4)) == float(pl.Dice(reduction=None)(t / 2, p / 4)) / 2
"""


def test_strategy():
    """A mean is divided by the number of replicas; Keras leaves a loss of shape () as it is."""
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    run(["-c", STRATEGY], "tensorflow")


ORDER = """
import sys
import polyloss.keras.losses as pl
assert "keras" not in sys.modules
before = pl.Huber()
import keras
assert not isinstance(before, keras.losses.Loss) and isinstance(pl.Huber(), keras.losses.Loss)
assert isinstance(pl.get("Dice"), keras.losses.Loss)
dictionary = pl.serialize(pl.Circle())
assert type(keras.losses.deserialize(dictionary)).__module__.startswith("polyloss")
assert keras.losses.deserialize(pl.serialize(pl.mae)) is pl.mae
"""


def test_order_of_imports():
    run(["-c", ORDER], "numpy")
