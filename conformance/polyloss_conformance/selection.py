"""Which cases a mode runs: every case where nothing is compiled, and a covering choice of them where each graph costs a compilation.

Compiling a *graph* (`Case.graph`) takes a tenth of a second to a second, and most of a run; further draws of values for it take next to
nothing. So a mode that compiles runs all cases of some graphs. They are chosen as in combinatorial testing: of each loss so many that
everything occurs which occurs in any of its graphs (`traits`). What is left out is only how these things combine otherwise; those
combinations run uncompiled. ``composed`` takes the choice too: there the others have run already, on fused kernels.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

from polyloss_conformance import dialects
from polyloss_conformance.cases import Case

EAGER = "eager"
COMPOSED = "composed"
"""The mode that is eager with all fused kernels off."""
UNCOMPILED = (EAGER, COMPOSED)
MANY = 12
TURNS = 3

Graph = tuple[Any, ...]


def planned(
    cases: Mapping[str, Case],
    mode: str,
    sampled: bool = False,
    quick: bool = False,
    every_graph: bool = False,
    by_operation: bool = False,
) -> list[Case]:
    """The cases of a mode, those that share a compiled function one after the other.

    A mode that takes seconds to compile (`sampled`) takes one graph a loss, and of tensors that are not contiguous none: some compile
    anew for those. Of more losses than `MANY` it takes those with a native library, and of the others those in the short run. The other
    modes take the graphs that `covering` chooses. In a quick run a mode that compiles takes one graph a loss too, and of more losses than
    `MANY` those whose turn it is: one in `TURNS`, in another mode others. With `every_graph` all modes take all.

    A mode that compiles each operation for its shapes and dtype as it comes (`by_operation`) takes no case that is the same as another with
    float64 in place of float32, unless a native library answers for its loss and it is chosen; eager, it takes all others of such losses.
    """
    ordered = list(dialects.iterate(cases.values()))
    if every_graph or (mode in UNCOMPILED and quick) or (mode == EAGER and not by_operation):
        return ordered
    losses = {case.loss for case in ordered}
    turns = quick and len(losses) > MANY
    passed_over: set[str] = set()
    if sampled and len(losses) > MANY:
        short = {case.loss for case in ordered if case.quick}
        passed_over = {loss for loss in losses - short if dialects.of(loss).native is None}
    (twice, native) = _answered_twice(ordered) if by_operation else (set(), set())
    left_out = twice - native
    of_loss: dict[str, dict[Graph, Case]] = {}
    for case in sorted(
        ordered, key=lambda case: case.dtype != "float32"
    ):  # of two that differ in the dtype alone, float32
        if (
            case.graph() in left_out
            or case.loss in passed_over
            or (turns and zlib.crc32(f"{mode} {case.loss}".encode()) % TURNS)
        ):
            continue
        of_loss.setdefault(case.loss, {}).setdefault(case.graph(), case)
    chosen = {
        graph
        for graphs in of_loss.values()
        for graph in (list(graphs)[:1] if sampled or quick else covering({g: traits(c) for g, c in graphs.items()}))
    }
    if by_operation and mode == EAGER:
        chosen |= native - twice
    return [case for case in ordered if case.graph() in chosen and not (sampled and _strided(case))]


def _answered_twice(cases: Sequence[Case]) -> tuple[set[Graph], set[Graph]]:
    """The graphs that are the same as another with float64 in place of float32, and those of losses with a native library."""
    single = {_but_for_dtypes(case) for case in cases if "float64" not in case.floats()}
    twice = {case.graph() for case in cases if "float64" in case.floats() and _but_for_dtypes(case) in single}
    return twice, {case.graph() for case in cases if dialects.of(case.loss).native is not None}


def _but_for_dtypes(case: Case) -> Graph:
    """What a compiled function depends on, save the dtypes."""
    (loss, config, call, shapes, wrt) = case.graph()
    return (loss, config, call, tuple((name, shape) for name, shape, _ in shapes), wrt)


def _strided(case: Case) -> bool:
    return any(given.strided for given in case.inputs.values())


def covering(having: Mapping[Graph, Collection[Hashable]]) -> list[Graph]:
    """Keys that together have all that any has: each the one that adds the most, of equals the first."""
    left: set[Hashable] = set().union(*having.values())
    chosen = []
    while left:
        best = max(having, key=lambda graph: len(left.intersection(having[graph])))
        chosen.append(best)
        left.difference_update(having[best])
    return chosen


def traits(case: Case) -> set[Hashable]:
    """What is to occur in a graph that is compiled, if it occurs in this one.

    Each option with its value, or that there is none; each two options whose values are words, True, False or None, which choose between
    formulas, with both values; which inputs are given, and the dtype and the rank of each; whether their shapes differ, and whether
    one is empty. Of a loss without a native library float16 stands for both half precisions.
    """
    if case.dtype == "bfloat16" and dialects.of(case.loss).native is None:
        return set()
    options = {**case.config, **{f"call {name}": given for name, given in case.call.items()}}
    switches = [
        (name, repr(given))
        for name, given in sorted(options.items())
        if name != "dtype" and (given is None or isinstance(given, (bool, str)))
    ]
    shapes = {given.values.shape for given in case.inputs.values()}
    return {
        *([] if options else ["defaults"]),
        *(("option", name, repr(given)) for name, given in options.items()),
        *combinations(switches, 2),
        ("dtype", case.dtype),
        ("inputs", tuple(case.inputs)),
        *(("dtype", name, given.dtype) for name, given in case.inputs.items()),
        *(("rank", name, given.values.ndim) for name, given in case.inputs.items()),
        ("shapes", len(shapes) > 1, any(0 in shape for shape in shapes)),
    }
