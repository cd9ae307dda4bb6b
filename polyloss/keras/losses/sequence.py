"""Losses of sequences."""

from __future__ import annotations

from typing import Any

from polyloss import calls, checks
from polyloss.keras.losses import base
from polyloss.opset import OpSet, Tensor


def ctc(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Connectionist temporal classification, shape (N,), at least in float32 (`CTC`)."""
    loss = "ctc"
    (F, _, pred) = base.arguments(loss, y_true, y_pred)
    checks.shaped(F, loss, "y_pred", y_pred, [(None, None, None)], "logits (batch, frames, classes)")
    (batch, _, classes) = F.shape(y_pred) or (None, None, None)
    checks.shaped(F, loss, "y_true", y_true, [(batch, None)], "labels (batch, length)")
    label = F.cast_like(y_true, pred)
    wrong = _misplaced(F, label, classes)
    if calls.anywhere(F, label, lambda: wrong):
        raise ValueError(f"{loss}: y_true must hold class numbers in [1, {classes}), followed by zeros")
    frames = F.swapaxes(pred, 0, 1)
    # To the op set the blank is the last class.
    last = F.concat(
        F.slice_axis(frames, axis=2, begin=1, end=None), F.slice_axis(frames, axis=2, begin=0, end=1), dim=2
    )
    lengths = F.sum(1.0 - F.broadcast_equal(label, 0.0), axis=1)
    return F.where(F.sum(wrong, axis=1), float("nan"), F.ctc_loss(last, label - 1.0, None, lengths))


def _misplaced(F: OpSet, label: Tensor, classes: int | None) -> Tensor:
    """1 where a label is no class, or stands behind a 0."""
    outside = F.broadcast_greater(-label, 0.0)
    if classes is not None:
        outside = outside + F.broadcast_greater(label, float(classes - 1))
    (blank, width) = (F.broadcast_equal(label, 0.0), (F.shape(label) or (None, None))[1])
    if width is None or width < 2:
        return outside
    ends = F.slice_axis(blank, axis=1, begin=0, end=width - 1)
    begins = F.slice_axis(blank, axis=1, begin=1, end=width)
    behind = F.concat(F.zeros_like(F.slice_axis(blank, axis=1, begin=0, end=1)), ends * (1.0 - begins), dim=1)
    return outside + behind


class CTC(base.NamedLoss):
    r"""Connectionist temporal classification: :math:`\ell_i = -\log P(y_i \mid x_i)`, summed over all alignments; then the reduction.

    Args:
        reduction, name, dtype: see the module.

    Call: ``(y_true, y_pred, sample_weight=None)``: labels (N, L) in [1, C), padded with zeros, logits (N, T, C); see the module. Class 0 is
    the blank, and all T frames count. A label that needs more than T frames costs infinity and has gradient 0. (Keras on TensorFlow: about
    707, with a gradient, and costs beyond 700 come out smaller. For finite costs take reduction none, then a minimum.) The function `ctc`
    returns float32 for half precision. A mask weighs samples, of shape (N,) or (N, 1): of frames it is refused, as by Keras; see the
    module.

    Raises ValueError for other shapes; for labels outside [0, C), and zeros before a label, where values can be read: elsewhere the
    loss is NaN.

    Source: ``keras.losses.CTC``, Keras 3.15. Equal to ``torch.nn.CTCLoss`` of the log-softmax, with blank 0, and to
    ``mxnet.gluon.loss.CTCLoss`` with the blank as the last class.

    >>> import numpy as np
    >>> print(CTC()(np.array([[1, 0]]), np.zeros((1, 2, 3))).round(4))
    1.0986
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
