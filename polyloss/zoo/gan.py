"""Losses of adversarial training: of the critic, of the generator, and on the critic's slope."""

from __future__ import annotations

from polyloss import checks
from polyloss.formulas import gan as formulas
from polyloss.opset import Tensor
from polyloss.zoo.base import item, opened, reduced

KINDS = ("wasserstein", "hinge", "least_squares", "logistic")


def critic(fake: Tensor, real: Tensor, *, kind: str = "wasserstein") -> Tensor:
    r"""The loss of the critic of a GAN, from its scores: high for real samples, low for generated ones.

    .. math:: \ell = \operatorname{mean}_n f(\tilde{x}_n) - \operatorname{mean}_m f(x_m)

    Use: train the critic of a Wasserstein GAN, with `gradient_penalty`, without which it has no bound; or with another `kind` that of
    another GAN. `generator` is the other player's.

    Elsewhere: minus this is the estimate of the distance that is plotted. The primal form, the least expected distance of all joint
    distributions, that texts print for this loss cannot be computed so; between samples of numbers `wasserstein_1d` is that distance.
    The article clips the critic's weights, which is no part of the loss. ``kind='least_squares'`` has the article's one half,
    MONAI's ``PatchAdversarialLoss`` has none, and applies an activation to the scores of the hinge.

    Args:
        fake: scores of generated samples, any shape.
        real: scores of real samples, any shape; there may be more or fewer of them.
        kind: ``wasserstein``; ``hinge``, :math:`\max(1 + f(\tilde{x}), 0) + \max(1 - f(x), 0)`; ``least_squares``,
            :math:`\tfrac{1}{2} f(\tilde{x})^2 + \tfrac{1}{2} (f(x) - 1)^2`; or ``logistic``, the classic one, for scores that are logits:
            :math:`\log(1 + e^{f(\tilde{x})}) + \log(1 + e^{-f(x)})`. Each is averaged over the samples.

    Returns:
        A number in the dtype of `fake`; the mean over nothing is 0. The gradient of a hinge at its kink is 0.

    Raises:
        ValueError: there is no such kind.
        TypeError: the dtypes differ or are not floating.

    Source: Arjovsky, Chintala and Bottou, Wasserstein GAN, ICML 2017; the hinge of Lim and Ye, Geometric GAN, 2017; Mao et al., Least
    Squares Generative Adversarial Networks, ICCV 2017; Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014.

    >>> import numpy as np
    >>> round(float(critic(np.array([0.2, -0.5, 1.0]), np.array([1.5, 0.3]))), 6)
    -0.666667
    """
    name = "critic"
    (F, (fake, real), dtype) = opened(name, fake=fake, real=real)
    checks.one_of(name, "kind", kind, KINDS)
    of_fake = reduced(F, name, formulas.of_fake(F, fake, kind=kind), "mean", None)
    return reduced(
        F, name, of_fake + reduced(F, name, formulas.of_real(F, real, kind=kind), "mean", None), "sum", dtype
    )


def generator(fake: Tensor, *, kind: str = "wasserstein", reduction: str = "mean") -> Tensor:
    r"""The loss of the generator of a GAN, from the critic's scores of what it made.

    .. math:: \ell = -\operatorname{mean}_n f(\tilde{x}_n)

    Use: train the generator against a `critic` of the same kind.

    Elsewhere: the minimax form of the classic GAN, :math:`-\log(1 + e^{f(\tilde{x})})`, has no slope where the critic is sure, and is
    hardly used: ``logistic`` is the non-saturating form. ``hinge`` has no hinge here: the generator's is that of ``wasserstein``.

    Args:
        fake: the critic's scores of generated samples, any shape.
        kind: ``wasserstein``; ``hinge``, the same; ``least_squares``, :math:`\tfrac{1}{2} (f(\tilde{x}) - 1)^2`; or ``logistic``, for
            scores that are logits: :math:`\log(1 + e^{-f(\tilde{x})})`.
        reduction: ``none`` (the shape of `fake`), ``mean`` or ``sum``.

    Returns:
        The loss in the dtype of `fake`; the mean over nothing is 0.

    Raises:
        ValueError: there is no such kind or reduction.
        TypeError: `fake` is not floating.

    Source: Arjovsky, Chintala and Bottou, Wasserstein GAN, ICML 2017; the others as in `critic`.

    >>> import numpy as np
    >>> round(float(generator(np.array([0.2, -0.5, 1.0]))), 6)
    -0.233333
    """
    name = "generator"
    (F, (fake,), dtype) = opened(name, fake=fake)
    checks.one_of(name, "kind", kind, KINDS)
    return reduced(F, name, formulas.of_generator(F, fake, kind=kind), reduction, dtype)


def gradient_penalty(
    gradient: Tensor, *, weight: float = 10.0, norm: float = 1.0, one_sided: bool = False, reduction: str = "mean"
) -> Tensor:
    r"""The penalty on a critic whose slope is not 1, from the gradients of its scores with respect to its inputs.

    .. math:: \ell = \operatorname{mean}_n\; \lambda\, (\lVert g_n \rVert_2 - c)^2, \quad g_n = \nabla_x f(\hat{x}_n)

    Use: add it to `critic`, at points drawn between real and generated samples: :math:`\hat{x} = \epsilon x + (1 - \epsilon) \tilde{x}`
    with a uniform :math:`\epsilon` for each sample. The gradients are the caller's, taken so that they can be differentiated again
    (``create_graph=True`` in PyTorch, a tape within a tape in TensorFlow).

    Elsewhere: R1 and R2 are ``norm=0.0, weight=gamma / 2`` at the real and the generated samples. WGAN-LP is ``one_sided=True``. Some
    code takes the norm over one axis of an image in place of all, or the mean of the gradients over the batch before the norm: both are
    other losses.

    Args:
        gradient: :math:`g`, (N, ...): the gradient of each sample's own score.
        weight: :math:`\lambda`, at least 0.
        norm: :math:`c`, the norm to have, at least 0.
        one_sided: whether norms below `norm` cost nothing.
        reduction: ``none`` (N,), ``mean`` or ``sum``.

    Returns:
        The penalty in the dtype of `gradient`; the mean over nothing is 0. The gradient where :math:`g_n = 0`, a kink, is 0.

    Raises:
        ValueError: `gradient` is a single number, `weight` or `norm` is below 0, or there is no such reduction.
        TypeError: `gradient` is not floating.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017; one-sided in Petzka et al., On the Regularization of
    Wasserstein GANs, ICLR 2018.

    >>> import numpy as np
    >>> gradient_penalty(np.array([[0.0, 1.0], [3.0, 4.0], [0.0, 0.0]]), reduction="none")
    array([  0., 160.,  10.])
    """
    name = "gradient_penalty"
    (F, (gradient,), dtype) = opened(name, gradient=gradient)
    checks.at_least(name, "weight", weight, 0.0)
    checks.at_least(name, "norm", norm, 0.0)
    if F.shape(gradient) == ():
        raise ValueError(f"{name}: gradient has shape (); accepted is (N, ...), the gradient of each sample")
    values = formulas.gradient_penalty(F, gradient, weight=weight, norm=norm, one_sided=one_sided)
    return reduced(F, name, values, reduction, dtype)


def relativistic_average(fake: Tensor, real: Tensor, *, kind: str = "logistic") -> Tensor:
    r"""The loss of a critic that says how much more real a sample is than the others are on average: RaGAN. Of the generator, turned round.

    .. math:: \ell = \operatorname{mean}_m \varphi\left(f(x_m) - \operatorname{mean}_n f(\tilde{x}_n)\right)
        + \operatorname{mean}_n \varphi\left(\operatorname{mean}_m f(x_m) - f(\tilde{x}_n)\right), \quad \varphi(d) = \log(1 + e^{-d})

    Use: as `critic` and `generator`, where the generator is to lower the scores of real samples too, which steadies training. The
    generator's loss is ``relativistic_average(real, fake)``.

    Elsewhere: RGAN, without the average, takes pairs of one real and one generated sample: `bradley_terry` of their scores.
    ``kind='least_squares'`` has the one half of `critic`; the article has none.

    Args:
        fake: scores of generated samples, any shape.
        real: scores of real samples, any shape; there may be more or fewer of them.
        kind: ``logistic``; ``hinge``, :math:`\varphi(d) = \max(1 - d, 0)`; or ``least_squares``,
            :math:`\varphi(d) = \tfrac{1}{2} (d - 1)^2`.

    Returns:
        A number in the dtype of `fake`; a mean over nothing is 0. The gradient of a hinge at its kink is 0.

    Raises:
        ValueError: there is no such kind.
        TypeError: the dtypes differ or are not floating.

    Source: Jolicoeur-Martineau, The relativistic discriminator: a key element missing from standard GAN, ICLR 2019.

    >>> import numpy as np
    >>> round(float(relativistic_average(np.array([0.2, -0.5, 1.0]), np.array([1.5, 0.3]))), 6)
    0.910305
    """
    name = "relativistic_average"
    (F, scores, dtype) = opened(name, fake=fake, real=real)
    checks.one_of(name, "kind", kind, KINDS[1:])
    (behind, ahead) = (F.reshape(each, (-1,)) for each in scores)
    (of_real, of_fake) = (
        reduced(F, name, each, "mean", None) for each in formulas.relativistic(F, ahead, behind, kind=kind)
    )
    return reduced(F, name, of_real + of_fake, "sum", dtype)


Critic = item(critic)
Generator = item(generator)
RelativisticAverage = item(relativistic_average)
GradientPenalty = item(gradient_penalty)
