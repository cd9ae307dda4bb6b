"""Losses that match texts and images."""

from __future__ import annotations

from polyloss import checks
from polyloss.formulas import text_image as formulas
from polyloss.opset import OpSet, Tensor
from polyloss.zoo.base import class_numbers, item, opened, reduced, shape_of

DIRECTIONS = ("both", "text", "image")


def damsm(
    regions: Tensor | None = None,
    words: Tensor | None = None,
    image: Tensor | None = None,
    sentence: Tensor | None = None,
    lengths: Tensor | None = None,
    label: Tensor | None = None,
    *,
    gammas: tuple[float, float, float] = (5.0, 5.0, 10.0),
    direction: str = "both",
    paper_exact: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""The deep attentional multimodal similarity: every image is to pick its text, and every text its image, by words and as a whole.

    .. math:: \ell = \operatorname{mean}_i\; \sum_{S \in \{R, \cos\}}
        -\log \frac{e^{\gamma_3 S_{ii}}}{\sum_j e^{\gamma_3 S_{ij}}} - \log \frac{e^{\gamma_3 S_{ii}}}{\sum_j e^{\gamma_3 S_{ji}}}, \quad
        R_{ij} = \tfrac{1}{\gamma_2} \log \sum_t e^{\gamma_2 \cos(c_t, e_t)}

    with :math:`c_t = \sum_r \operatorname{softmax}_r(\gamma_1 \bar{s}_{tr}) v_r`, what the word t of text j sees in image i, and
    :math:`\bar{s} = \operatorname{softmax}_t(e_t \cdot v_r)`. The cosine is that of whole image and whole text.

    Use: pretrain the encoders of a text-to-image model, and hold its generator to the text word by word.

    Elsewhere: the code that the authors released has no :math:`1 / \gamma_2` (``paper_exact=False``), which makes its
    :math:`\gamma_3` :math:`\gamma_2` times as large, and takes the mean over the batch, as here, where the paper has the sum. A figure of
    the formula sums over the words but the last: a slip.

    Args:
        regions: local features of the images (B, D, ...).
        words: features of the words (B, D, T). With `regions` and `words` None the words do not count.
        image: global features of the images (B, D').
        sentence: features of the texts (B, D'). With `image` and `sentence` None they do not count.
        lengths: how many of the words belong to the text (B,), in any real dtype; None: all. What the others hold does not matter.
        label: class numbers (B,) in any integer dtype: others of the same class are no rivals. None: all are.
        gammas: :math:`\gamma_1, \gamma_2, \gamma_3`, above 0: sharpness of the attention, of the choice of words, and of the match.
        direction: ``both``; ``text``, the image picks a text; ``image``, the text picks an image.
        paper_exact: whether R is divided by :math:`\gamma_2`.
        reduction: ``none`` (B,), ``mean`` over the batch, or ``sum``, as in the paper.

    Returns:
        The loss in the dtype of the features; the mean over nothing is 0. The zero vector has cosines and gradient 0, a text
        without words R = 0 with every image.

    Raises:
        ValueError: the shapes do not fit, only one of a pair is given or no pair, a gamma is not above 0, or there is no such option.
        TypeError: the dtypes differ or are not floating, or `label` has no integers.

    Source: Xu et al., AttnGAN: Fine-Grained Text to Image Generation with Attentional Generative Adversarial Networks, CVPR 2018.

    >>> import numpy as np
    >>> print(damsm(None, None, np.eye(2), np.eye(2), gammas=(5.0, 5.0, 1.0)).round(4))
    0.6265
    """
    loss = "damsm"
    parts = {"regions": regions, "words": words, "image": image, "sentence": sentence}
    given = {name: tensor for name, tensor in parts.items() if tensor is not None}
    if ("regions" in given) != ("words" in given) or ("image" in given) != ("sentence" in given) or not given:
        raise ValueError(
            f"{loss}: of the features only {', '.join(given) or 'none'} came; accepted are regions and words, image and sentence, or all"
        )
    checks.one_of(loss, "direction", direction, DIRECTIONS)
    for gamma in gammas:
        checks.positive(loss, "gammas", gamma)
    (F, wide, dtype) = opened(loss, exact=("lengths", "label"), **given, lengths=lengths, label=label)
    features = dict(zip(given, wide, strict=False))
    batch = (F.shape(wide[0]) or (None,))[0]
    for name, tensor in (("lengths", lengths), ("label", label)):
        if tensor is not None:
            checks.shaped(F, loss, name, tensor, [(batch,)], "one for each text")
    scores = []
    if "words" in features:
        by_words = _by_words(F, loss, features["regions"], features["words"], lengths, gammas, paper_exact)
        scores.append(by_words)
    if "image" in features:
        shape = F.shape(image) or (None, None)
        checks.shaped(F, loss, "image", image, [(batch, None)], "a vector for each image")
        checks.shaped(F, loss, "sentence", sentence, [(batch, shape[1])], "a vector of its length for each image")
        scores.append(formulas.sentence_scores(F, features["image"], features["sentence"]))
    rivals = None
    if label is not None:
        class_numbers(F, loss, "label", label)
        rivals = formulas.rivals(F, label, scores[0])
    total = None
    for each in scores:
        matches = gammas[2] * each
        for name, square in (("text", matches), ("image", F.swapaxes(matches, 0, 1))):
            if direction in ("both", name):
                part = formulas.matching(F, square, rivals)
                total = part if total is None else total + part
    return reduced(F, loss, total, reduction, dtype)


def _by_words(
    F: OpSet,
    loss: str,
    regions: Tensor,
    words: Tensor,
    lengths: Tensor | None,
    gammas: tuple[float, float, float],
    scaled: bool,
) -> Tensor:
    """`formulas.word_scores` of features (B, D, ...) and (B, D, T)."""
    (shape, text) = (shape_of(F, loss, "regions", regions), shape_of(F, loss, "words", words))
    if len(shape) < 3 or None in shape[1:] or 0 in shape[1:]:
        raise ValueError(
            f"{loss}: regions has shape {shape}; accepted is (B, D, ...), all sizes known and above 0 save that of the batch"
        )
    checks.shaped(
        F, loss, "words", words, [(shape[0], shape[1], None)], "as many texts, features as long as of regions"
    )
    if not text[2]:
        raise ValueError(f"{loss}: words has shape {text}; accepted is (B, D, T), T known and above 0")
    places = 1
    for each in shape[2:]:
        places *= each or 0
    depth = shape[1] or 0
    flat = F.reshape(regions, (-1, depth, places))
    counts = formulas.within(F, words, lengths)
    sizes = (depth, text[2], places)
    return formulas.word_scores(F, flat, words, counts, sizes=sizes, gammas=gammas[:2], scaled=scaled)


DAMSM = item(damsm, name="DAMSM")
