"""Bad calls of the losses of images, point sets and texts: at once, with the argument and what is accepted."""

import numpy as np
import pytest

import polyloss.zoo as zoo


def ones(*shape, dtype="float64"):
    return np.ones(shape, dtype)


IMAGE = ones(2, 1, 4, 4)
FEATURES = ones(2, 3, 2, 2)
SETS = ones(2, 3, 2)
REGIONS, WORDS, WHOLE = ones(2, 3, 2, 2), ones(2, 3, 4), ones(2, 5)

VALUE = [
    (zoo.ssim, (IMAGE, ones(2, 1, 4, 5)), {"window": 3}, "ssim: target has shape"),
    (zoo.ssim, (ones(4, 4), ones(4, 4)), {"window": 3}, "ssim: pred has shape .* accepted is"),
    (zoo.ssim, (IMAGE, IMAGE), {}, "ssim: window=11 does not fit"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 0}, "ssim: window=0 does not fit"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 2, "border": "reflect"}, "ssim: window=2 has no middle"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 3, "border": "same"}, "ssim: border='same' is not one of"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 3, "sigma": 0.0}, "ssim: sigma=0.0 must be above 0"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 3, "k2": 0.0}, "ssim: k2=0.0 must be above 0"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 3, "data_range": -1.0}, "ssim: data_range=-1.0 must be above 0"),
    (zoo.ssim, (IMAGE, IMAGE), {"window": 3, "reduction": "max"}, "ssim: reduction='max' is not one of"),
    (zoo.ms_ssim, (IMAGE, IMAGE), {"window": 3, "weights": (0.5, 0.5)}, "ms_ssim: .* smaller than window=3"),
    (zoo.ms_ssim, (IMAGE, IMAGE), {"window": 2, "weights": ()}, "ms_ssim: weights=.* is empty"),
    (zoo.ms_ssim, (IMAGE, IMAGE), {"window": 2, "weights": (0.5, 0.0)}, "ms_ssim: weights=0.0 must be above 0"),
    (zoo.perceptual, (FEATURES, ones(2, 3, 2, 1)), {}, "perceptual: target has shape"),
    (zoo.perceptual, ([FEATURES, IMAGE], [FEATURES, SETS]), {}, r"perceptual: target\[1\] has shape"),
    (zoo.perceptual, ([FEATURES], [FEATURES, FEATURES]), {}, "perceptual: pred has 1 layers, target 2"),
    (zoo.perceptual, ([], []), {}, "perceptual: pred has 0 layers"),
    (zoo.perceptual, (FEATURES, FEATURES), {"weights": (1.0, 2.0)}, "perceptual: .* weights 2"),
    (zoo.perceptual, (FEATURES, FEATURES), {"distance": "l3"}, "perceptual: distance='l3' is not one of"),
    (zoo.style, (FEATURES, ones(2, 4, 2, 2)), {}, "style: target has shape"),
    (zoo.style, (ones(3), ones(3)), {}, "style: pred has shape"),
    (zoo.style, (FEATURES, FEATURES), {"distance": "cos"}, "style: distance='cos' is not one of"),
    (zoo.chamfer, (ones(3, 2), ones(3, 2)), {}, "chamfer: x has shape"),
    (zoo.chamfer, (SETS, ones(2, 3, 3)), {}, "chamfer: y has shape"),
    (zoo.chamfer, (SETS, SETS, ones(2, 2)), {}, "chamfer: x_mask has shape"),
    (zoo.chamfer, (SETS, SETS), {"points": "max"}, "chamfer: points='max' is not one of"),
    (zoo.chamfer, (SETS, SETS), {"direction": "z"}, "chamfer: direction='z' is not one of"),
    (zoo.chamfer_template, (ones(3, 4), ones(3, 4)), {}, "chamfer_template: template has shape"),
    (zoo.chamfer_template, (ones(1, 3, 4), ones(1, 4, 3)), {}, "chamfer_template: image has shape"),
    (zoo.chamfer_template, (ones(1, 0, 4), ones(1, 0, 4)), {}, "chamfer_template: template has shape"),
    (zoo.chamfer_template, (ones(1, 3, 4), ones(1, 3, 4)), {"metric": "l2"}, "chamfer_template: metric='l2' is not"),
    (zoo.damsm, (), {}, "damsm: of the features only none came"),
    (zoo.damsm, (REGIONS,), {}, "damsm: of the features only regions came"),
    (zoo.damsm, (None, WORDS, WHOLE, WHOLE), {}, "damsm: of the features only words, image, sentence came"),
    (zoo.damsm, (REGIONS, ones(2, 2, 4)), {}, "damsm: words has shape"),
    (zoo.damsm, (ones(2, 3), WORDS), {}, "damsm: regions has shape"),
    (zoo.damsm, (REGIONS, ones(2, 3, 0)), {}, "damsm: words has shape"),
    (zoo.damsm, (None, None, WHOLE, ones(2, 4)), {}, "damsm: sentence has shape"),
    (zoo.damsm, (REGIONS, WORDS, ones(3, 5), ones(3, 5)), {}, "damsm: image has shape"),
    (zoo.damsm, (REGIONS, WORDS, None, None, ones(3)), {}, "damsm: lengths has shape"),
    (zoo.damsm, (REGIONS, WORDS), {"gammas": (5.0, 0.0, 10.0)}, "damsm: gammas=0.0 must be above 0"),
    (zoo.damsm, (REGIONS, WORDS), {"direction": "words"}, "damsm: direction='words' is not one of"),
]

TYPE = [
    (zoo.ssim, (IMAGE.astype("int64"), IMAGE), "ssim: pred has dtype int64"),
    (zoo.ms_ssim, (IMAGE, IMAGE.astype("float32")), "ms_ssim: target has dtype float32, but pred"),
    (
        zoo.perceptual,
        ([FEATURES, FEATURES], [FEATURES, FEATURES.astype("float32")]),
        r"perceptual: target\[1\] has dtype",
    ),
    (zoo.style, (FEATURES.astype("int32"), FEATURES), "style: pred has dtype int32"),
    (zoo.chamfer, (SETS, SETS.astype("float32")), "chamfer: y has dtype float32"),
    (zoo.chamfer_template, (SETS.astype("int64"), SETS), "chamfer_template: template has dtype int64"),
    (zoo.damsm, (REGIONS, WORDS, None, None, None, ones(2)), "damsm: label has dtype float64"),
]


@pytest.mark.parametrize(
    ("function", "tensors", "options", "message"), VALUE, ids=lambda one: one if isinstance(one, str) else ""
)
def test_values(function, tensors, options, message):
    with pytest.raises(ValueError, match=message):
        function(*tensors, **options)


@pytest.mark.parametrize(("function", "tensors", "message"), TYPE, ids=lambda one: one if isinstance(one, str) else "")
def test_types(function, tensors, message):
    with pytest.raises(TypeError, match=message):
        function(*tensors)
