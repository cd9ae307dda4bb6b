"""The mean of a loss taken apart, for what is computed batch by batch or on several devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

PARTS = "parts"
"""The reduction with which `parts` calls a loss: numerator and denominator of its mean, not divided."""

SPLIT = {"mean": PARTS, "batchmean": f"{PARTS} of batchmean"}
"""The reductions that can be taken apart, and their names then."""


def parts(loss: Any) -> Callable[..., Any]:
    r"""The numerator and the denominator of `loss`, apart: ``parts(loss)(*args)`` gives ``(n, d)`` with ``loss(*args)`` equal to ``n / d``.

    A mean over a batch is not the mean of the means over its pieces where these hold different numbers of terms, as with ignored labels
    or class weights. Numerators and denominators add up: :math:`\ell = \sum_k n_k / \sum_k d_k` over the pieces k, whatever their sizes,
    and so does the gradient of :math:`n_k / D` once the whole denominator :math:`D = \sum_k d_k` is known. It depends on labels and
    weights only, and has no gradient.

    Args:
        loss: a loss of `polyloss.torch.nn` whose reduction is ``mean`` or ``batchmean``, or a function of
            `polyloss.torch.nn.functional`, which takes its `reduction` at the call: one of these two.

    Returns:
        A loss that takes the same arguments and returns two tensors of shape (), in float32 where the loss is of half precision.

    Raises:
        ValueError: there is another reduction: a sum adds up as it is, and what is not reduced has no denominator.
        TypeError: it is not one of these losses.

    >>> import numpy as np
    >>> import polyloss.torch.nn as nn
    >>> x, y = np.array([1.0, 2.0, 6.0]), np.zeros(3)
    >>> pieces = [parts(nn.L1Loss())(x[piece], y[piece]) for piece in (slice(0, 1), slice(1, 3))]
    >>> (numerator, denominator) = (sum(column) for column in zip(*pieces))
    >>> print(numerator / denominator, nn.L1Loss()(x, y))
    3.0 3.0
    """
    split = getattr(loss, "__parts__", None)
    if split is not None and not isinstance(loss, type):
        taken_apart: Callable[..., Any] = split()
        return taken_apart
    if str(getattr(loss, "__module__", "")).startswith("polyloss.torch.nn.functional"):
        return partial(_apart, loss)
    raise TypeError(
        f"parts: {loss!r} cannot be taken apart; accepted are losses of polyloss.torch.nn and functions of polyloss.torch.nn.functional"
    )


def _apart(loss: Callable[..., Any], *args: Any, reduction: str = "mean", **kwargs: Any) -> Any:
    """The parts of a call of a function."""
    if reduction not in SPLIT:
        raise ValueError(refusal(f"{loss.__name__} is asked for", reduction))
    both = loss(*args, reduction=SPLIT[reduction], **kwargs)
    if not isinstance(both, tuple):
        raise ValueError(f"parts: {loss.__name__} is given size_average or reduce; accepted is reduction")
    return both


def refusal(who: str, reduction: str) -> str:
    """What is wrong with a reduction."""
    return f"parts: {who} reduction={reduction!r}; accepted are {', '.join(map(repr, SPLIT))}: a sum adds up as it is"
