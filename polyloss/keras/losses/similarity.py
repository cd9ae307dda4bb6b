"""Losses on embeddings that are compared with one another."""

from __future__ import annotations

from typing import Any

from polyloss import checks
from polyloss.formulas import embedding
from polyloss.keras.losses import base
from polyloss.opset import INTEGERS, OpSet, Tensor


def circle(
    y_true: Tensor,
    y_pred: Tensor,
    ref_labels: Tensor | None = None,
    ref_embeddings: Tensor | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
    *,
    fixed_weights: bool = True,
) -> Tensor:
    """Circle loss, shape (N,), of embeddings (N, D) against one another or (M, D) of reference (`Circle`)."""
    options = (ref_labels, ref_embeddings, remove_diagonal, gamma, margin)
    (values, mask) = _circle(y_true, y_pred, *options, fixed_weights=fixed_weights)
    return base.carry_mask(values, mask)


def _circle(
    y_true: Tensor,
    y_pred: Tensor,
    ref_labels: Tensor | None = None,
    ref_embeddings: Tensor | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
    *,
    fixed_weights: bool = True,
) -> tuple[Tensor, Tensor]:
    """The loss, and 1 where it is above 0."""
    loss = "circle"
    if (ref_labels is None) != (ref_embeddings is None):
        raise ValueError(f"{loss}: ref_labels and ref_embeddings belong together; one of them is None")
    for name, value in (("gamma", gamma), ("margin", margin)):
        checks.number(loss, name, value)
    base.owner(loss, y_true, y_pred, ref_labels=ref_labels, ref_embeddings=ref_embeddings)
    (F, _, pred) = base.arguments(loss, y_true, y_pred)
    checks.shaped(F, loss, "y_pred", y_pred, [(None, None)], "embeddings in rows")
    (reference, others, name) = (pred, y_true, "y_true")
    if ref_labels is not None:
        checks.floating(F, loss, "ref_embeddings", ref_embeddings)
        (reference, others, name) = (F.cast_like(F.widen(ref_embeddings), pred), ref_labels, "ref_labels")
        checks.shaped(
            F,
            loss,
            "ref_embeddings",
            reference,
            [(None, (F.shape(pred) or (None, None))[1])],
            "rows like those of y_pred",
        )
    row = _labels(F, loss, "y_true", y_true, pred)
    if (F.shape(pred) or (None,))[0] == 0:  # no row has a farthest partner
        nothing = F.sum(pred, axis=1)
        return F.cast_like(nothing, y_pred), F.stop_gradient(nothing)
    column = F.swapaxes(_labels(F, loss, name, others, reference), 0, 1)
    same = F.cast_like(F.broadcast_equal(row, F.cast_like(column, row)), pred)
    positive = same * (1.0 - F.eye_like(same)) if remove_diagonal else same
    values = embedding.circle(
        F, pred, reference, positive, 1.0 - same, gamma=gamma, margin=margin, fixed_weights=fixed_weights
    )
    above = F.broadcast_greater(F.stop_gradient(values), 0.0)
    return F.cast_like(values, y_pred), above


base.MASKING[circle] = _circle


def _labels(F: OpSet, loss: str, name: str, label: Tensor, rows: Tensor) -> Tensor:
    """Labels as a column of integers, one for each of `rows`."""
    count = (F.shape(rows) or (None,))[0]
    checks.shaped(F, loss, name, label, [(count,), (count, 1)], "a label for each row")
    whole = label if F.dtype(label) in INTEGERS else F.cast(label, "int32")
    return F.reshape(whole, (-1, 1))


class Circle(base.NamedLoss):
    r"""Circle loss of embeddings of length 1, each row against the others.

    :math:`\ell_i = \log[1 + \sum_p e^{\gamma a_{ip} (d_{ip} - m)} \sum_n e^{\gamma a_{in} (1 - m - d_{in})}]` with the cosine distance
    :math:`d_{ij} = \max(0, 1 - x_i \cdot x_j)`, p over the rows of the same label and n over those of another, and the weights
    :math:`a_{ip} = m + d_{ip}` and :math:`a_{in} = \max(0, 1 + m - d_{in})`.

    Args:
        gamma, margin: see the formula.
        remove_diagonal: whether a row is no partner of itself.
        reduction, name, dtype: see the module. A mean divides by the number of rows whose loss is above 0.
        fixed_weights: whether the weights are constants for the gradient, as in the paper. Keras differentiates them too: False gives
            its gradients. Values do not depend on it. (Not an argument of Keras; only False is kept in the config.)

    Call: ``(y_true, y_pred, sample_weight=None)``: integer labels (N,) or (N, 1), exact (Keras rounds them to its dtype), embeddings (N,
    D). The unreduced loss has shape (N,), 0 for a row that has no other of its label or none of another; there the gradient is 0. The
    function `circle` also takes ``ref_labels`` and ``ref_embeddings`` (M, D) to compare with, in place of the others in the batch.

    Raises ValueError for other shapes.

    Source: ``keras.losses.Circle``, Keras 3.15; Sun et al. 2020, https://arxiv.org/abs/2002.10857.

    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> print(Circle(gamma=2.0)(np.array([0, 0, 1]), x).round(4))
    0.915
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
        *,
        fixed_weights: bool = True,
    ) -> None:
        options: dict[str, Any] = {} if fixed_weights else {"fixed_weights": False}
        super().__init__(
            circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal, **options
        )
