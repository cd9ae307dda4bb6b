"""References for the losses of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from mpmath import mp

from polyloss_conformance.cases import Array
from polyloss_conformance.references import ctc
from polyloss_conformance.references.exact import Number, constant, exp, log, mean, total
from polyloss_conformance.references.reference import Call, Config, Inputs
from polyloss_conformance.references.torch_nn.common import torch


def _lengths(name: str, inputs: Inputs, call: Call) -> list[int]:
    given = inputs[name].reshape(-1).tolist() if name in inputs else call[name]
    return [int(length) for length in given]


def _targets(inputs: Inputs, lengths: Sequence[int]) -> list[list[int]]:
    """The labelling of each sample, from padded rows or out of one row."""
    given = inputs["targets"]
    if given.ndim == 2:
        return [[int(label) for label in row[:length]] for row, length in zip(given, lengths, strict=True)]
    if sum(lengths) != given.size:
        raise ValueError("the target lengths do not add up to the number of targets")
    rest = [int(label) for label in given]
    found = []
    for length in lengths:
        (labels, rest) = (rest[:length], rest[length:])
        found.append(labels)
    return found


def _cost(rows: Sequence[Sequence[Number]], labels: Sequence[int], blank: int) -> Number:
    """Minus the log of the probability of `labels`; infinite, whatever the rows hold, where the frames do not suffice."""
    repeats = sum(a == b for a, b in pairwise(labels))
    if len(labels) + repeats > len(rows):
        return mp.inf
    return -log(ctc.by_recursion([[exp(x) for x in row] for row in rows], labels, blank))


def _continued(rows: Sequence[Sequence[Number]]) -> Number:
    """0 at the numbers that were given, with the slope exp(x) beside them: what torch adds to the slope of the value."""

    def term(x: Number) -> Number:
        given = constant(x)
        return mp.zero if mp.isinf(x) else exp(given) * (x - given)

    return total(term(x) for row in rows for x in row)


def _ctc(inputs: Inputs, config: Config, call: Call, printed: bool) -> Array:
    given, blank = inputs["log_probs"], config.get("blank", 0)
    samples = given[:, np.newaxis] if given.ndim == 2 else given
    (frames, lengths) = (_lengths(name, inputs, call) for name in ("input_lengths", "target_lengths"))
    losses = []
    for n, labels in enumerate(_targets(inputs, lengths)):
        rows = samples[: frames[n], n].tolist()
        if not all(0 <= label < samples.shape[2] for label in labels) or (printed and blank in labels):
            losses.append(mp.nan)
            continue
        cost = _cost(rows, labels, blank)
        if not mp.isinf(cost) and not printed:
            cost += _continued(rows)
        losses.append(mp.zero if mp.isinf(cost) and config.get("zero_infinity", False) else cost)
    match config.get("reduction", "mean"):
        case "none":
            return np.array(losses, dtype=object).reshape(samples.shape[1:2] if given.ndim == 3 else ())
        case "sum":
            return np.asarray(total(losses), dtype=object)
        case "mean":
            each = [loss / max(length, 1) for loss, length in zip(losses, lengths, strict=True)]
            return np.asarray(mean(each), dtype=object)
        case other:
            raise ValueError(f"reduction {other!r}")


def computed_ctc(inputs: Inputs, config: Config, call: Call) -> Array:
    """As torch's kernel has it, its gradient included; NaN, for undefined, where a target is no class."""
    return _ctc(inputs, config, call, printed=False)


def documented_ctc(inputs: Inputs, config: Config, call: Call) -> Array:
    """As it is printed: the value alone, and undefined too where a target is the blank."""
    return _ctc(inputs, config, call, printed=True)


REFERENCES = (
    torch(
        "CTCLoss",
        "The negative log likelihood of a labelling, over all its alignments with the frames: labels repeated, and blanks between them.",
        r"\text{loss} = -\ln p(\mathbf{l} \mid \mathbf{x}), \quad p(\mathbf{l} \mid \mathbf{x}) ="
        r" \sum_{\pi \in \mathcal{B}^{-1}(\mathbf{l})} \prod_{t=1}^{T} y^t_{\pi_t}",
        r"\ell = \operatorname{mean}_n \frac{l_n}{\max(1, |y_n|)},\ \sum_n l_n \text{ or } (l_n)_n \qquad"
        r" l_n = -\log \sum_{\pi \in \mathcal{B}^{-1}(y_n)} \exp \sum_{t < T_n} x_{t n \pi_t} \qquad"
        r" \frac{\partial l_n}{\partial x_{tnc}} = e^{x_{tnc}} - P(\pi_t = c \mid y_n)",
        computed_ctc,
        documented_ctc,
    ),
)
