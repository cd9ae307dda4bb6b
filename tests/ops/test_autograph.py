"""A `tf.function` as people write it, with AutoGraph: what polyloss does in it runs as it is, and nothing is said about it."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys

import numpy as np
import polyloss.mxnet.gluon.loss as gloss
import polyloss.torch.nn as nn
import polyloss.torch.nn.functional as functional
import polyloss.zoo as zoo
import tensorflow as tf
from polyloss.keras import losses

rewritten = set()


class Absolute(gloss.Loss):
    def hybrid_forward(self, F, pred, label):
        frame = sys._getframe()
        while frame is not None:
            if "autograph_generated" in frame.f_code.co_filename:
                rewritten.add(frame.f_code.co_name)
            frame = frame.f_back
        return F.mean(F.abs(label - pred), axis=0, exclude=True)


def step(pred, label):
    return {call}


pred, label = tf.constant([[0.5, 2.0], [1.0, -1.0]]), tf.constant([[1.0, 0.0], [0.0, 1.0]])
value = tf.function(step)(pred, label)
assert rewritten <= {{"tf__step"}}, rewritten
np.testing.assert_allclose(value, step(pred, label), rtol=1e-6)
"""
CALLS = {
    "function": "functional.cross_entropy(pred, label) + zoo.quantile(pred, label, q=0.3)",
    "object": "nn.CrossEntropyLoss()(pred, label) + losses.MeanSquaredError()(label, pred) + zoo.Quantile(q=0.3)(pred, label)",
    "own": "Absolute(None, 0)(pred, label)",
}
"""The first call of polyloss in a process."""


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_loss_is_left_as_it_is(call, tmp_path):
    pytest.importorskip("tensorflow")
    program = tmp_path / "program.py"  # AutoGraph reads the source of the caller
    program.write_text(PROGRAM.format(call=call))
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "AutoGraph" not in run.stderr
