"""Lovasz losses: the Jaccard index of a set of wrong pixels, extended to pixels that are wrong by some amount."""

from __future__ import annotations

from polyloss.opset import OpSet, Tensor


def lovasz_jaccard(F: OpSet, errors: Tensor, truth: Tensor) -> Tensor:
    """The Lovasz extension of the Jaccard loss at `errors`, from 0 on, over the last axis; `truth` is 1 for the pixels of the class.

    With the errors from the largest on, ``sum_i e_i (J_i - J_(i-1))``, where ``J_i = 1 - (T - t_i) / (T + f_i)`` is the Jaccard loss if
    the first i pixels were wrong: T pixels are of the class, t_i of the first i are and f_i are not. Constant weights give the slope;
    equal errors are taken in the order in which they stand.
    """
    order = F.argsort(F.stop_gradient(errors), axis=-1, is_ascend=False)
    (sorted_errors, sorted_truth) = (F.gather_along(one, order, axis=-1) for one in (errors, truth))
    positive = F.sum(truth, axis=-1, keepdims=True)
    left = F.broadcast_sub(positive, F.cumsum(sorted_truth, axis=-1))
    union = F.broadcast_add(positive, F.cumsum(1 - sorted_truth, axis=-1))
    loss = 1 - left / union
    before = F.concat(F.zeros_like(positive), F.slice_axis(loss, axis=-1, begin=0, end=-1), dim=-1)
    return F.sum(sorted_errors * F.stop_gradient(loss - before), axis=-1)
