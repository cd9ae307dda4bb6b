"""The cases of the losses of sequences.

A graph of the recursion takes a second to compile, and its cases next to nothing: few layouts, of one size, and many draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array
from polyloss_conformance.planning import ALL, FULL, Layout, Plan, Rng, Shape, Values, cycle
from polyloss_conformance.torch_cases.common import SINGLE, plan

NONE = {"reduction": "none"}
ZERO = {"zero_infinity": True}

Scores = Callable[[Rng, Shape], Array]


def _normalised(logits: Array) -> Array:
    top = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axis=-1, keepdims=True)))


def _random(rng: Rng, shape: Shape) -> Array:
    return _normalised(rng.normal(size=shape) * 1.5)


def _uniform(rng: Rng, shape: Shape) -> Array:
    return _normalised(np.zeros(shape))


def _unnormalised(rng: Rng, shape: Shape) -> Array:
    return rng.normal(size=shape)


def _certain(rng: Rng, shape: Shape) -> Array:
    return _normalised(20.0 * (rng.uniform(size=shape) > 0.7))


def _extreme(rng: Rng, shape: Shape) -> Array:
    return _normalised(cycle(shape, [1e4, -1e4, 0.0, 1e3, -20.0, 5.0, 1e4]))


def _none_of_1(rng: Rng, shape: Shape) -> Array:
    """Class 1 never, and another one not in the first frame."""
    scores = _random(rng, shape)
    scores[..., 1] = -np.inf
    scores[0, ..., 2] = -np.inf
    return scores


@dataclass(frozen=True)
class _Draw:
    """What a call is given: scores, and by sample the labels (by number among the classes that are not the blank) and both lengths."""

    scores: Scores = _random
    labels: Sequence[Sequence[int]] = ((0, 1, 2), (2, 0, 1))
    frames: Sequence[int] = (4, 4)
    count: Sequence[int] = (3, 2)
    blank_at: int | None = None
    """A place at which the label is the blank."""
    rubbish: bool = False
    """Whether what is beyond the lengths is no class, and no probability."""

    def __call__(self, rng: Rng, shapes: Mapping[str, Shape], config: Mapping[str, Any]) -> Values:
        shape, targets = shapes["log_probs"], shapes["targets"]
        batch, blank = shape[1] if len(shape) == 3 else 1, int(config.get("blank", 0))
        classes = [c for c in range(shape[-1]) if c != blank]
        frames = [min(self.frames[n % 2], shape[0]) for n in range(batch)]
        count = [self.count[n % 2] for n in range(batch)]
        if len(targets) == 1:  # the last sample takes the rest
            count = [*(min(length, targets[0]) for length in count[:-1]), 0]
            count[-1] = targets[0] - sum(count)
        rows = [[classes[self.labels[n % 2][i % 3] % len(classes)] for i in range(4)] for n in range(batch)]
        for row in rows:
            if self.blank_at is not None:
                row[self.blank_at] = blank
        values: Values = {"log_probs": self.scores(rng, shape), "input_lengths": frames}
        if len(targets) == 1:
            values["targets"] = [label for n in range(batch) for label in rows[n][: count[n]]]
        else:
            count = [min(length, targets[1]) for length in count]
            values["targets"] = np.array([row[: targets[1]] for row in rows]).reshape(targets)
        values["target_lengths"] = count
        if self.rubbish:
            for n in range(batch):
                values["log_probs"].reshape(shape[0], batch, -1)[frames[n] :, n] = 1e3
                if len(targets) == 2:
                    values["targets"][n, count[n] :] = 99 - 109 * (n % 2)
        for name in ("input_lengths", "target_lengths"):
            values[name] = np.resize(values[name], shapes.get(name, (batch,)))
        return values


DRAWS = {
    "ordinary": _Draw(),
    "ordinary-2": _Draw(labels=((1, 0, 2), (0, 2, 1)), count=(2, 3)),
    "ordinary-3": _Draw(labels=((2, 1, 0), (1, 2, 0)), count=(1, 1)),
    "ordinary-4": _Draw(labels=((0, 1, 0), (2, 0, 2))),
    "ordinary-5": _Draw(labels=((1, 2, 1), (0, 1, 0)), frames=(4, 3), count=(2, 2)),
    "prefix": _Draw(frames=(3, 2), count=(2, 1)),
    "repeats": _Draw(labels=((0, 0, 1), (1, 1, 0)), count=(3, 2)),
    "short": _Draw(count=(1, 3)),
    "no-labels": _Draw(frames=(4, 3), count=(0, 2)),
    "nothing": _Draw(frames=(0, 4), count=(0, 3)),
    "exact-fit": _Draw(labels=((0, 0, 1), (0, 1, 1)), frames=(4, 3), count=(3, 2)),
    "impossible": _Draw(labels=((0, 0, 0), (0, 1, 2)), frames=(4, 4), count=(3, 2)),
    "no-frames": _Draw(frames=(4, 0), count=(2, 1)),
    "all-impossible": _Draw(labels=((1, 1, 0), (2, 2, 2)), frames=(2, 2), count=(2, 3)),
    "uniform": _Draw(_uniform),
    "unnormalised": _Draw(_unnormalised, frames=(4, 3)),
    "certain": _Draw(_certain),
    "extreme": _Draw(_extreme),
    "blank-as-label": _Draw(blank_at=1),
    "rubbish-beyond": _Draw(frames=(3, 4), count=(2, 1), rubbish=True),
}
_ANY_LENGTHS = (
    "ordinary",
    "ordinary-2",
    "ordinary-3",
    "ordinary-4",
    "repeats",
    "uniform",
    "unnormalised",
    "certain",
    "extreme",
    "blank-as-label",
)
_CONCATENATED = tuple(name for name in DRAWS if name not in ("nothing", "no-frames"))
_UNSIGNED = tuple(name for name in DRAWS if name != "rubbish-beyond")
_ONE = tuple(name for name in _CONCATENATED if name != "no-labels")


def _layouts() -> Iterable[Layout]:
    lengths: dict[str, Shape] = {"input_lengths": (2,), "target_lengths": (2,)}
    padded: dict[str, Shape] = {"log_probs": (4, 2, 4), "targets": (2, 3), **lengths}
    joined: dict[str, Shape] = {**padded, "targets": (4,)}
    one: dict[str, Shape] = {"log_probs": (4, 4), "targets": (2,), "input_lengths": (), "target_lengths": ()}

    def without(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        return {name: shape for name, shape in shapes.items() if not name.endswith("lengths")}

    def tuples(*lengths: Sequence[int]) -> dict[str, Any]:
        return dict(zip(("input_lengths", "target_lengths"), map(tuple, lengths), strict=True))

    integers: Any = {"label_dtype": "int64"}
    yield Layout("padded", padded, dtypes=ALL, **integers, quick=True)
    yield Layout("padded-none", padded, NONE, dtypes=SINGLE, **integers, quick=True)
    yield Layout("padded-sum", padded, {"reduction": "sum"}, dtypes=SINGLE, **integers)
    yield Layout("zero_infinity", padded, ZERO, dtypes=SINGLE, **integers)
    yield Layout("zero_infinity-none", padded, {**ZERO, **NONE}, dtypes=("float64",), **integers)
    yield Layout("blank=2-none", padded, {"blank": 2, **NONE}, dtypes=SINGLE, label_dtype="int32")
    yield Layout("blank=3", padded, {"blank": 3}, dtypes=("float64",), draws=_UNSIGNED, label_dtype="uint8")
    yield Layout("strided", padded, dtypes=SINGLE, strided=True, draws=_ANY_LENGTHS, **integers)
    yield Layout("joined", joined, dtypes=SINGLE, draws=_CONCATENATED, **integers, quick=True)
    yield Layout("joined-none", joined, {"blank": 1, **NONE}, dtypes=SINGLE, draws=_CONCATENATED, label_dtype="int32")
    full = tuples((4, 4), (3, 2))
    yield Layout("padded-tuples", without(padded), {}, full, SINGLE, "int64", draws=_ANY_LENGTHS, quick=True)
    apart = tuples((4, 3), (1, 3))
    yield Layout("joined-tuples-none", without(joined), NONE, apart, SINGLE, "int64", draws=_ANY_LENGTHS)
    narrow = tuples((3, 2), (1, 0))
    yield Layout("padded-tuples-narrow", without(padded), ZERO, narrow, SINGLE, "int64", draws=_ANY_LENGTHS)
    yield Layout("one-none", one, {**NONE, "blank": 2}, dtypes=SINGLE, draws=_ONE, **integers)
    yield Layout("one-tuples", without(one), {}, tuples((4,), (2,)), SINGLE, "int64", draws=_ANY_LENGTHS)
    yield Layout("width=0-none", {**padded, "targets": (2, 0)}, NONE, dtypes=SINGLE, draws=("no-labels",), **integers)
    frame: dict[str, Shape] = {"log_probs": (1, 1, 2), "targets": (1, 1), "input_lengths": (1,), "target_lengths": (1,)}
    yield Layout("1x1x2", frame, dtypes=SINGLE, draws=("ordinary", "no-labels", "unnormalised"), **integers)


_EXACT = ("targets", "input_lengths", "target_lengths")


def plans() -> Iterable[Plan]:
    """One of each loss, and one of values alone."""
    yield plan("CTCLoss", tuple(_layouts()), DRAWS, ("log_probs",), {"extreme": 1e4, "certain": 20.0}, _EXACT)
    # With respect to a logarithm of 0 a finite difference says nothing: values alone.
    shapes: dict[str, Shape] = {
        "log_probs": (4, 2, 4), "targets": (2, 3), "input_lengths": (2,), "target_lengths": (2,),
    }  # fmt: skip
    zeros = {
        "possible": _Draw(_none_of_1, labels=((1, 2, 1), (1, 2, 0)), count=(3, 2)),
        "impossible": _Draw(_none_of_1, labels=((1, 2, 0), (0, 1, 2)), count=(2, 2)),
    }
    layouts = (
        Layout("zeros-none", shapes, NONE, dtypes=FULL, label_dtype="int64"),
        Layout("zeros-zero_infinity", shapes, ZERO, dtypes=SINGLE, label_dtype="int64"),
    )
    yield plan("CTCLoss", layouts, zeros, (), exact=_EXACT)
