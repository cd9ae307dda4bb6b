"""Connectionist temporal classification by NumPy, on probabilities in place of their logarithms: all samples at once, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_FRAMES = 4
"""After how many the probabilities are scaled: less often than the largest and the smallest of them would need."""

_MOST = 2.0
"""Largest probability that is taken: 1, however it was rounded."""

_LEAST = 1e-200
"""Of the sum of a frame's products: what numbers too small for float64 add to it is below 1e-100 of it."""


def states(label: Array, blank: int) -> Array:
    """The classes (2L + 1, N) that an alignment goes through: blank, the first of the labels (N, L), blank, the second, and so on."""
    found = np.full((2 * label.shape[1] + 1, len(label)), blank)
    found[1::2] = label.T
    return found


def posteriors(power: Array, state: Array, frames: Array, lengths: Array) -> tuple[Array, Array] | None:
    """For each sample minus the logarithm of the sum of all alignments, and the share (T, 2L + 1, N) of each frame's states in that sum.

    `power` (T, N, C) holds probabilities in float64, `state` what `states` returns; `lengths`, from 1 on, count labels. The shares are
    of no use in frames beyond those of a sample. None if float64 does not hold it all, or there is no alignment.
    """
    (size, samples) = state.shape
    total = len(power)
    if power.max() > _MOST:
        return None
    rows = np.arange(samples)
    end = 2 * lengths + 1  # a state behind the last, where the way back begins, and waits for the last frame
    waits = np.arange(total)[:, None] >= frames
    emitted = power.reshape(total, -1).take(np.vstack([state, state[:1]]) + rows * power.shape[2], axis=1)
    emitted.transpose(0, 2, 1)[waits] = 0
    emitted[:, end, rows] = waits
    differs = state[3::2] != state[1:-2:2]

    # What has come to a state before it emits: from the same, from the one before, and past a blank from a label to a different one.
    sums = np.empty((total, size, samples))
    sums[0] = 0
    sums[0, :2] = 1
    reached = np.zeros((size + 2, samples))
    (two_back, one_back, here) = (reached[:-2], reached[1:-1], reached[2:])
    skips = np.zeros((size, samples))
    skips[3::2] = differs
    with np.errstate(all="ignore"):
        np.multiply(sums[0], emitted[0, :-1], out=here)
        for t in range(1, total):
            came = sums[t]
            np.multiply(skips, two_back, out=came)
            came += one_back
            came += here
            np.multiply(came, emitted[t, :-1], out=here)
            if t % _FRAMES == 0:
                here /= here.sum(axis=0)

        reached = np.zeros((size + 3, samples))
        reached[end, rows] = 1
        (here, one_on, two_on) = (reached[:-2], reached[1:-1], reached[2:])
        came = np.empty_like(here)
        skips = np.zeros_like(here)
        skips[1:-3:2] = differs
        skips[end - 2, rows] = 1
        logs = np.zeros(samples)
        for t in reversed(range(total)):
            np.multiply(skips, two_on, out=came)
            came += one_on
            came += here
            np.multiply(came, emitted[t], out=here)
            sums[t] *= here[:-1]
            if t % _FRAMES == 0:
                scale = here.sum(axis=0)
                here /= scale
                logs += np.log(scale)
        loss = -np.log(here[0] + here[1]) - logs

        mass = np.where(waits, 1.0, sums.sum(axis=1))
        if not mass.min() > _LEAST:
            return None
        sums /= mass[:, None]
    return loss, sums
