"""Classification by angles: the right class has to win by a margin. ArcFace, CosFace and SphereFace."""

from __future__ import annotations

import math
from functools import partial

from polyloss import checks
from polyloss.formulas import margin_softmax as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import item, opened
from polyloss.zoo.labels import Labels, numbered, unspoiled, weighed


def arcface(
    pred: Tensor,
    weight: Tensor,
    target: Tensor,
    *,
    scale: float = 64.0,
    margin: float = 0.5,
    monotone: bool = True,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Softmax cross entropy of cosines, with a margin added to the angle of the right class.

    .. math:: \ell = \operatorname{mean}_n\; -\log \frac{e^{s \cos(\theta_{n y_n} + m)}}
        {e^{s \cos(\theta_{n y_n} + m)} + \sum_{j \ne y_n} e^{s \cos \theta_{nj}}}, \quad
        \cos \theta_{nj} = \frac{x_n \cdot w_j}{|x_n| |w_j|}

    Use: embeddings for recognition among many identities: faces, products, speakers.

    Elsewhere: ``cos(angle + m)`` rises again from the angle ``pi - m`` on; with `monotone`, as in the authors' code and
    pytorch-metric-learning, ``cos - m sin m`` goes on from there, in place of the formula as printed. pytorch-metric-learning takes the
    margin in degrees and a class in a column. Code that takes the arc cosine has an infinite gradient where an embedding meets its class.

    Args:
        pred: embeddings (N, D), of any length.
        weight: a vector for each class, (C, D), of any length.
        target: class numbers of any integer dtype, (N,).
        scale: s, above 0.
        margin: m in radians, in [0, pi).
        monotone: go on with ``cos - m sin m`` where the angle exceeds ``pi - m``.
        ignore_index: the class number of samples that do not count.
        reduction: ``none`` (N,), ``mean`` over the samples that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`. A zero vector has cosine 0 with all classes and, having no angle, no margin; its gradient is 0.
        The gradient of the margin where an embedding meets its class is 0. An ignored sample costs 0 and passes no gradient; the mean
        over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019.

    >>> import numpy as np
    >>> print(arcface(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1]), scale=10.0).round(6))
    2.00113
    """
    name = "arcface"
    (F, x, classes, labels, dtype) = _opened(name, pred, weight, target, ignore_index)
    checks.positive(name, "scale", scale)
    if not 0 <= margin < math.pi:
        raise ValueError(f"{name}: margin={margin!r} is not in [0, pi)")
    harder = partial(formulas.added_angle, F, margin=margin, monotone=monotone)
    values = formulas.cosine_cross_entropy(F, x, classes, labels.number, harder, scale=scale)
    return weighed(F, name, values, labels, reduction, dtype)


def cosface(
    pred: Tensor,
    weight: Tensor,
    target: Tensor,
    *,
    scale: float = 64.0,
    margin: float = 0.35,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Softmax cross entropy of cosines, with a margin taken off the cosine of the right class.

    .. math:: \ell = \operatorname{mean}_n\; -\log \frac{e^{s (\cos \theta_{n y_n} - m)}}
        {e^{s (\cos \theta_{n y_n} - m)} + \sum_{j \ne y_n} e^{s \cos \theta_{nj}}}, \quad
        \cos \theta_{nj} = \frac{x_n \cdot w_j}{|x_n| |w_j|}

    Use: as `arcface`, with a loss that is simpler to follow; also called large margin cosine loss and AM-Softmax.

    Elsewhere: AM-Softmax is the same with s = 30. pytorch-metric-learning's ``CosFaceLoss`` holds a class in a column.

    Args:
        pred: embeddings (N, D), of any length.
        weight: a vector for each class, (C, D), of any length.
        target: class numbers of any integer dtype, (N,).
        scale: s, above 0.
        margin: m, at least 0.
        ignore_index: the class number of samples that do not count.
        reduction: ``none`` (N,), ``mean`` over the samples that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`. A zero vector has cosine 0 with all classes, and gradient 0. An ignored sample costs 0 and passes
        no gradient; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating.

    Source: Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018.

    >>> import numpy as np
    >>> print(cosface(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1]), scale=10.0).round(6))
    1.701413
    """
    name = "cosface"
    (F, x, classes, labels, dtype) = _opened(name, pred, weight, target, ignore_index)
    checks.positive(name, "scale", scale)
    checks.at_least(name, "margin", margin, 0.0)
    values = formulas.cosine_cross_entropy(F, x, classes, labels.number, lambda cos, sin: cos - margin, scale=scale)
    return weighed(F, name, values, labels, reduction, dtype)


def sphereface(
    pred: Tensor,
    weight: Tensor,
    target: Tensor,
    *,
    scale: float | None = None,
    margin: int = 4,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Softmax cross entropy of cosines, with the angle of the right class multiplied.

    .. math:: \ell = \operatorname{mean}_n\; -\log \frac{e^{s_n \psi(\theta_{n y_n})}}
        {e^{s_n \psi(\theta_{n y_n})} + \sum_{j \ne y_n} e^{s_n \cos \theta_{nj}}}, \quad s_n = |x_n|, \quad
        \psi(\theta) = (-1)^k \cos(m \theta) - 2 k, \quad k = \lfloor m \theta / \pi \rfloor

    Use: the first of the angular margins, to compare with; hard to train without blending in the plain softmax.

    Elsewhere: the length of the embedding is the scale, as in the paper; with `scale` every embedding counts as one of that
    length. pytorch-metric-learning's ``scale`` is a factor of the length. The authors' code blends the margin in as training goes on.

    Args:
        pred: embeddings (N, D).
        weight: a vector for each class, (C, D), of any length.
        target: class numbers of any integer dtype, (N,).
        scale: s for all samples, above 0, or None: the length of each embedding.
        margin: m, a whole number, at least 1.
        ignore_index: the class number of samples that do not count.
        reduction: ``none`` (N,), ``mean`` over the samples that count, or ``sum``.

    Returns:
        The loss in the dtype of `pred`. A zero vector has cosine 0 with all classes, and gradient 0. An ignored sample costs 0 and passes
        no gradient; the mean over nothing is 0.

    Raises:
        ValueError: the shapes do not fit, a class number or an option is out of range; where numbers cannot be read, one that is no class
            gives NaN.
        TypeError: the dtypes differ or are not floating, or the margin is no int.

    Source: Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR 2017.

    >>> import numpy as np
    >>> print(sphereface(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1])).round(6))
    7.216734
    """
    name = "sphereface"
    (F, x, classes, labels, dtype) = _opened(name, pred, weight, target, ignore_index)
    if scale is not None:
        checks.positive(name, "scale", scale)
    if not isinstance(margin, int):
        raise TypeError(f"{name}: margin is {margin!r}, a {type(margin).__name__}; it must be an int")
    checks.at_least(name, "margin", margin, 1)
    values = formulas.cosine_cross_entropy(
        F,
        x,
        classes,
        labels.number,
        lambda cos, sin: formulas.multiplied_angle(F, cos, margin=margin),
        scale=F.norm(x, axis=-1, keepdims=True) if scale is None else scale,
    )
    return weighed(F, name, values, labels, reduction, dtype)


ArcFace = item(arcface, name="ArcFace")
CosFace = item(cosface, name="CosFace")
SphereFace = item(sphereface, name="SphereFace")


def _opened(
    name: str, pred: Tensor, weight: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[OpSet, Tensor, Tensor, Labels, str | None]:
    """Embeddings in which nothing ignored is left, the vectors of the classes, and the class numbers."""
    (F, (x, classes, y), dtype) = opened(name, ("target",), pred=pred, weight=weight, target=target)
    given = F.shape(x)
    checks.shaped(F, name, "pred", x, [(None, None)], "a row for each embedding")
    width = None if given is None else given[1]
    checks.shaped(F, name, "weight", classes, [(None, width)], "a row for each class, as long as those of pred")
    if given is not None:
        checks.shaped(F, name, "target", y, [given[:1]], "a class for each row of pred")
    labels = numbered(F, name, x, y, axis=1, ignore_index=ignore_index, table=classes)
    return F, unspoiled(F, x, labels, axis=1), classes, labels, dtype
