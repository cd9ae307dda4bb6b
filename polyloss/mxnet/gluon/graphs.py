"""A loss on MXNet arrays that is called again with the same shapes: one graph in place of its operations one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from polyloss.dispatch import NEUTRAL
from polyloss.opset import OpSet, Tensor

LIMIT = 16
"""For how many combinations of shapes and dtypes a loss keeps graphs; the oldest goes first."""

Call = Callable[..., Tensor]


class Graphs(dict[Any, Any]):
    """What a loss has learned of the calls it had, by op set, shapes, dtypes and numbers: that there was one, then how to repeat it.

    A copy of a loss, and what is unpickled, starts anew: a graph cannot be copied.
    """

    def __reduce__(self) -> tuple[type[Graphs], tuple[()]]:
        return (Graphs, ())

    def run(self, loss: Any, F: OpSet, arguments: Sequence[Any], plain: Call, formula: Call) -> Tensor:
        """``plain(loss, *arguments)``, or from the second such call on ``formula(loss, F, *arguments)`` as a graph, which is the same.

        A shape that comes once makes none. Where there can be no graph, or it fails, the plain call says why.
        """
        key = (F, *[x if type(x) in NEUTRAL else (x.shape, x.dtype) for x in arguments])
        repeat = self.get(key)
        if repeat is None:
            value = plain(loss, *arguments)
            if len(self) >= LIMIT:
                del self[next(iter(self))]
            self[key] = ()
            return value
        if repeat == ():
            repeat = self[key] = _graph(loss, F, arguments, formula) or partial(plain, loss)
        try:
            return repeat(*arguments)
        except Exception:  # arrays on two devices, say: whatever it is, the plain call tells
            return plain(loss, *arguments)


def _graph(loss: Any, F: OpSet, arguments: Sequence[Any], formula: Call) -> Call | None:
    try:
        return F.graph(partial(formula, loss), arguments, loss._flags if loss._active else ())
    except Exception:  # what the formula finds missing in a graph, in words of its own
        return None
