"""How the inputs of the table are cut into pieces of a batch, of different sizes."""

import numpy as np

ROWS = 4
CUTS = (slice(0, 1), slice(1, 4))
BATCH_AXIS: dict[str, dict[int, int]] = {}
"""Where the batch is not the first axis of an input: class to input to axis."""
WHOLE: dict[str, str] = {"CTCLoss": "it has a batch of two: test_ctc.py takes it apart"}
"""Losses whose batch cannot be cut like that, and why."""


def cut(value, piece, axis):
    """A piece of a batch; what has no axis of that size is shared."""
    if not isinstance(value, np.ndarray) or value.ndim <= axis or value.shape[axis] != ROWS:
        return value
    return value[(slice(None),) * axis + (piece,)]


def pieces(kind, options, inputs):
    """The loss of each piece and its inputs; constants of the loss that go by rows are cut too."""
    axes = BATCH_AXIS.get(kind, {})
    for piece in CUTS:
        yield (
            {name: cut(value, piece, 0) for name, value in options.items()},
            [cut(value, piece, axes.get(i, 0)) for i, value in enumerate(inputs)],
        )
