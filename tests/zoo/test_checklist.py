"""What may go wrong at the edges, and that every item which it concerns has a case of it on all backends."""

import inspect
from itertools import combinations

import numpy as np
import pytest
from polyloss_conformance import dialects
from polyloss_conformance.cases import Input
from polyloss_conformance.zoo_cases import cases

import polyloss.zoo as zoo
from polyloss.opset import INTEGERS, UnsupportedError

CASES = {}
for _case in cases():
    CASES.setdefault(_case.loss.removeprefix("zoo/"), []).append(_case)
LABELS = ("target", "label", "action", "truth")


def options(name):
    """The names of all arguments of an item."""
    return set(inspect.signature(getattr(zoo, name).function).parameters)


def numbers(case):
    """The floating inputs as float64 arrays, by name."""
    arrays = {name: np.asarray(given.values, np.float64) for name, given in case.inputs.items()}
    return {name: array for name, array in arrays.items() if "float" in case.inputs[name].dtype and array.size}


def labels(case):
    return [np.asarray(given.values) for name, given in case.inputs.items() if name in LABELS and given.values.size]


def empty(case):
    return any(given.values.size == 0 for given in case.inputs.values())


def extreme(dtype):
    def shows(case):
        largest = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in numbers(case).values()]
        return case.dtype == dtype and max(largest, default=0.0) > 9e3

    return shows


def hidden(case):
    """What does not count is NaN."""
    return any(np.isnan(array).any() for array in numbers(case).values())


def ignored(case):
    number = case.config.get("ignore_index", -1)
    return any((array == number).all() for array in labels(case))


def one_class(case):
    return any(array.size > 1 and (array == array.flat[0]).all() for array in labels(case))


def all_classes(case):
    """No two rows belong together."""
    return any(len(np.unique(array)) == array.size > 1 for array in labels(case))


def equal_vectors(case):
    arrays = [array for array in numbers(case).values() if array.ndim > 1]
    if any(a.shape == b.shape and (a == b).all(axis=-1).any() for a, b in combinations(arrays, 2)):
        return True
    sets = [row for array in arrays for row in array.reshape(-1, array.shape[-1])]
    return any(len(a) == len(b) and (a == b).all() for a, b in combinations(sets, 2))


def certain(case):
    """Probabilities of exactly 0 and 1."""
    pred = numbers(case).get("pred", numbers(case).get("predictions"))
    return pred is not None and {0.0, 1.0} <= set(pred.flat) and pred.min() >= 0 and pred.max() <= 1


def impossible(case):
    """A distribution that leaves out a class."""
    pair = numbers(case)
    return "pred" in pair and (pair["pred"] == 0).any() and (pair["pred"] >= 0).all()


def no_positives(case):
    return "target" in case.inputs and case.inputs["target"].values.size > 0 and not case.inputs["target"].values.any()


def empty_mask(case):
    """A map of a class that neither the target nor the prediction has."""
    if case.config.get("activation", "none") != "none" or not {"pred", "target"} <= set(case.inputs):
        return False
    (pred, target) = (np.asarray(case.inputs[name].values, np.float64) for name in ("pred", "target"))
    maps = [each.reshape(*each.shape[:2], -1) for each in (pred, target)]
    return any(
        not (p.any() or t.any()) for p, t in zip(*(each.reshape(-1, each.shape[-1]) for each in maps), strict=True)
    )


def corners(case):
    boxes = [case.inputs[name].values.astype(np.float64).reshape(-1, 4) for name in ("pred", "target")]
    return (
        boxes
        if case.config.get("form", "xyxy") == "xyxy"
        else [np.concatenate([-b[:, :2], b[:, 2:]], 1) for b in boxes]
    )


def sizes(box):
    return box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]


def no_area(case):
    return any((np.multiply(*sizes(box)) == 0).any() for box in corners(case))


def apart(case):
    (a, b) = corners(case)
    common = np.concatenate([np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])], axis=1)
    return (np.minimum(*sizes(common)) < 0).any()


def ties(case):
    return any(len(np.unique(array)) < array.size for array in numbers(case).values())


REGIONS = {"Dice", "Jaccard", "GeneralizedDice", "Tversky", "FocalTversky"}
BOXES = {"IoU", "GIoU", "DIoU", "CIoU"}
MINED = {"BatchHardTriplet", "BatchHardQuadruplet", "Circle", "SupCon"}
VECTORS = MINED | {
    "Triplet",
    "Quadruplet",
    "Contrastive",
    "Siamese",
    "Verification",
    "InfoNCE",
    "NTXent",
    "CLIP",
    "DAMSM",
}
POINTS = {"Chamfer", "SinkhornDivergence", "Center", "OIM", "Perceptual", "Style", "SSIM", "MSSSIM", "FID"}
SORTED = {"RPrecision", "TextImageRPrecision", "Wasserstein1d", "LovaszSoftmax", "LovaszHinge", "QLearning", "Chamfer"}
EVERYTHING = set(CASES)
HIDING = {"ignore_index", "mask", "x_mask", "logit_length", "x_weight", "lengths"}
IGNORING = {name for name in CASES if "ignore_index" in options(name)}
BOUNDED = {
    **dict.fromkeys(REGIONS, "takes probabilities; its cases with scores have 1e4 in float32"),
    **dict.fromkeys(("KLDivergence", "JSDivergence"), "takes probabilities"),
    "ORPO": "takes log probabilities, of which 100 is beyond any",
    "Verification": "squares its vectors: of 1e4 the head's terms are 1e8, and nothing but rounding is left of their difference",
    "Chamfer": "squares its distances: 1e4 overflows float16",
    "SinkhornDivergence": "squares its distances: 1e4 overflows float16",
    "Perceptual": "squares its features: 1e4 overflows float16",
    "Style": "takes the features to the fourth power",
    "ChamferTemplate": "takes weights, and distances of pixels",
    "FID": "a metric of features near 1",
    "FIDFromMoments": "a metric of moments near 1",
    "EditDistance": "takes class numbers",
    "RPrecision": "looks at the order of scores alone",
    "TextImageRPrecision": "looks at directions alone",
    "InceptionScore": "takes probabilities",
    "DAMSM": "looks at directions, and at products in an exponent of which 1e4 leaves one word",
}
CHECKLIST = {
    "a batch of nothing": (
        empty,
        EVERYTHING
        - {"FID", "FIDFromMoments", "InceptionScore"},  # no mean of nothing: they raise, tests/zoo/test_errors
    ),
    "float16": (lambda case: case.dtype == "float16", EVERYTHING - {"FIDFromMoments", "EditDistance"}),
    "bfloat16": (lambda case: case.dtype == "bfloat16", EVERYTHING - {"FIDFromMoments", "EditDistance"}),
    "1e4 in float32": (extreme("float32"), EVERYTHING - set(BOUNDED)),
    "1e4 in float16": (extreme("float16"), EVERYTHING - set(BOUNDED)),
    "NaN in what does not count": (hidden, {name for name in CASES if options(name) & HIDING}),
    "all ignored": (ignored, IGNORING | {"Center", "OIM", "DistributionalRanking"}),
    "one class": (one_class, MINED | {"LovaszSoftmax", "Center", "OIM"}),
    "no positives": (all_classes, MINED),
    "no positive labels": (no_positives, {"Focal", "Asymmetric", "LovaszHinge"}),
    "equal vectors": (equal_vectors, VECTORS | POINTS),
    "probabilities of 0 and 1": (certain, REGIONS | {"BinaryCrossEntropy", "CrossEntropy", "InceptionScore"}),
    "probabilities of 0": (impossible, {"KLDivergence", "JSDivergence"}),
    "boxes without area": (no_area, BOXES),
    "boxes apart": (apart, BOXES),
    "empty masks": (empty_mask, REGIONS),
    "ties": (ties, SORTED),
}
"""By the name of an edge: whether a case shows it, and the items which it concerns."""
PAIRS = [(edge, name) for edge, (_, concerned) in CHECKLIST.items() for name in sorted(concerned)]


@pytest.mark.parametrize(("edge", "name"), PAIRS, ids=lambda one: one.replace(" ", "-"))
def test_has_a_case(edge, name):
    (shows, _) = CHECKLIST[edge]
    assert any(shows(case) for case in CASES[name])


def test_nothing_is_excused_that_has_a_case():
    for name, reason in BOUNDED.items():
        assert reason
        assert not (any(map(extreme("float32"), CASES[name])) and any(map(extreme("float16"), CASES[name]))), name


CLASSED = {}
for _name, _found in CASES.items():
    for _case in _found:
        if any(given.dtype == "int64" for given in _case.inputs.values()) and not empty(_case):
            CLASSED.setdefault(_name, _case)


@pytest.mark.parametrize("name", CLASSED)
def test_class_numbers_of_any_integer_dtype(name, backend):
    """The same value as of int64, in the dtype of the scores; a framework that has no such arrays says so."""
    case = CLASSED[name]
    (function, names) = dialects.of(case.loss).function(case)
    whole = {key for key, given in case.inputs.items() if given.dtype == "int64"}

    def call(kind):
        given = {key: Input.of(one.values, kind if key in whole else one.dtype) for key, one in case.inputs.items()}
        tensors = [backend.from_numpy(given[key].values, given[key].dtype) if key in given else None for key in names]
        return backend.to_numpy(function(*tensors))

    (due, taken) = (call("int64"), set())
    for dtype in INTEGERS:
        if dtype.startswith("u") and any((case.inputs[key].values < 0).any() for key in whole):
            continue  # what does not count is marked by a number below 0
        try:
            found = call(dtype)
        except UnsupportedError:
            continue
        assert found.dtype == due.dtype
        np.testing.assert_array_equal(found, due, err_msg=dtype)
        taken.add(dtype)
    assert {"int64", "int32", "int8"} <= taken
