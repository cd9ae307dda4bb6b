"""`keras.losses` of Keras 3.15, on the tensors of any backend; the same names, arguments, defaults and semantics.

A loss is a function ``f(y_true, y_pred, ...)``, which reduces an axis or none, and a class, whose call ``(y_true, y_pred,
sample_weight=None)`` reduces the rest. Tensors of one call belong to one framework; lists and other nested structures are refused with a
TypeError. A wrong call raises ValueError or TypeError that names the loss and the argument, whatever Keras raises.

*Functions* compute in the dtype of y_pred, a floating one, to which y_true is converted. Integer labels are never rounded.

*Classes* compute in `dtype`: a name, a Keras policy (its compute dtype), or None for ``keras.config.floatx()``, float32 without Keras.
y_true and y_pred are converted to it, whatever they were, and the result has it. With float16 and bfloat16 predictions are rounded to it;
labels stay exact, the loss is computed in float32 and rounded once.

*Ranks*: where those of y_true and y_pred differ by 1 and the larger one ends in an axis of size 1, that axis goes, or the other of rank 1
gets one: (N, 1) and (N,) make (N, 1). So do the loss and its weights. MXNet's symbols have no ranks: there the shapes must be equal, or
the graph raises. Functions do so too; Keras's broadcast (N,) against (N, 1) to (N, N): for that pass ``y_true[None, :]``.

*Weights*: `sample_weight` is a number or a tensor, converted to the dtype of the loss, that broadcasts with the unreduced loss as NumPy
does: from the right, so that (N,) against (N, T) weighs the T, or raises ValueError. Nothing is written into it; where there is a mask,
Keras on PyTorch multiplies it in place.

*Masks*: a mask that a Keras layer has left on y_pred (``_keras_mask``), and that of `ignore_class` and of `Circle`, are weights 0 and 1;
the means divide by the number of ones, not of all elements. The mask has to broadcast as a weight does: take off one that does not,
``del y_pred._keras_mask``.

*Reductions*: ``sum_over_batch_size`` and ``mean`` divide the weighted sum by the number of elements of the unreduced loss, not by the
weights; ``mean_with_sample_weight`` divides by the sum of the weights as given, before they broadcast, also where the loss has no axes
(Keras does not: for that ``sum``). A divisor of 0 makes the loss 0, and so does an empty batch (Keras: shape (0,), as here with ``none``).
``none`` and None leave the loss as it is. Inside a ``tf.distribute`` strategy a mean is divided by the number of replicas.

*Keras itself*: where a loss differs from Keras's on TensorFlow, its page says so, and what to pass for Keras's numbers if there is a use
for them. In all of them labels are not rounded (round them first, ``y_true.astype("float16")``), half precision does not overflow on the
way, ``dtype`` is kept in the config, and float64 is computed in float64 on every backend.

A loss made after Keras was imported is also a ``keras.losses.Loss``, on Keras's TensorFlow, JAX and PyTorch backends: it goes into
``model.compile(loss=...)``. For ``load_model`` of a model saved with one, import this module after Keras, or call `get` before.
"""

from __future__ import annotations

from polyloss import dispatch
from polyloss.keras.losses import saving
from polyloss.keras.losses.base import Loss, LossFunctionWrapper
from polyloss.keras.losses.hinge import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from polyloss.keras.losses.probabilistic import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from polyloss.keras.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from polyloss.keras.losses.saving import deserialize, get, serialize
from polyloss.keras.losses.segmentation import Dice, Tversky, dice, tversky
from polyloss.keras.losses.sequence import CTC, ctc
from polyloss.keras.losses.similarity import Circle, circle

__all__ = [
    "BCE", "CTC", "KLD", "MAE", "MAPE", "MSE", "MSLE", "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice",
    "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss", "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "bce",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity", "ctc", "deserialize", "dice", "get",
    "hinge", "huber", "kl_divergence", "kld", "kullback_leibler_divergence", "log_cosh", "logcosh", "mae", "mape",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle",
    "poisson", "serialize", "sparse_categorical_crossentropy", "squared_hinge", "tversky",
]  # fmt: skip

bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error

saving.OBJECTS.update({name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")})
dispatch.prepare()
saving.register()
