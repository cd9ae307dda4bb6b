"""What the losses of boxes and the Lovasz losses refuse."""

import numpy as np
import pytest

import polyloss.zoo as zoo

X = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 2.0, 3.0]])
LOSSES = (zoo.iou, zoo.giou, zoo.diou, zoo.ciou)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_boxes_that_do_not_fit(loss):
    name = loss.__name__
    with pytest.raises(ValueError, match=rf"{name}: target has shape \(4,\), but pred has \(2, 4\)"):
        loss(X, X[0])
    with pytest.raises(ValueError, match=rf"{name}: pred has shape \(2, 3\); accepted is \(..., 4\)"):
        loss(X[:, :3], X[:, :3])
    with pytest.raises(TypeError, match=f"{name}: target has dtype float32, but pred has float64"):
        loss(X, X.astype("float32"))
    with pytest.raises(ValueError, match=f"{name}: form='tlbr' is not one of 'xyxy', 'cxcywh', 'ltrb'"):
        loss(X, X, form="tlbr")
    with pytest.raises(ValueError, match=f"{name}: reduction='all' is not one of 'none', 'mean', 'sum'"):
        loss(X, X, reduction="all")


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_forms_agree(loss):
    (pred, target) = (X, X[::-1] + 0.25)
    (middle, size) = (
        ((one[:, :2] + one[:, 2:]) / 2 for one in (pred, target)),
        (one[:, 2:] - one[:, :2] for one in (pred, target)),
    )
    sizes = [np.concatenate(pair, axis=1) for pair in zip(middle, size, strict=True)]
    point = np.array([1.0, 1.5])
    sides = [np.concatenate([point - one[:, :2], one[:, 2:] - point], axis=1) for one in (pred, target)]
    expected = loss(pred, target, reduction="none")
    np.testing.assert_allclose(loss(*sizes, form="cxcywh", reduction="none"), expected)
    np.testing.assert_allclose(loss(*sides, form="ltrb", reduction="none"), expected)
    np.testing.assert_allclose(loss(pred[0], target[0]), expected[0])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_a_perfect_box_has_no_gradient(loss, backend):
    if not backend.differentiable:
        pytest.skip(f"{backend.name} has no gradients")
    boxes = [backend.from_numpy(X, "float64") for _ in range(2)]
    (value, gradients) = backend.value_and_grad(loss, (0, 1))(boxes, None)
    assert backend.to_numpy(value) == 0
    for gradient in gradients:
        np.testing.assert_array_equal(backend.to_numpy(gradient), 0)


NUMBERS = {
    "kind": (lambda: zoo.iou(X, X, kind="square"), "iou: kind='square' is not one of 'linear', 'log'"),
    "smooth": (lambda: zoo.iou(X, X, smooth=(0, -1)), "iou: smooth=-1 is not between 0 and inf"),
    "eps": (lambda: zoo.iou(X, X, eps=0), "iou: eps=0 is not between 0 and inf"),
    "labels": (lambda: zoo.lovasz_softmax(X, X), r"lovasz_softmax: target has shape \(2, 4\); accepted is \(2,\)"),
    "no classes": (lambda: zoo.lovasz_softmax(X[0], X[0]), "lovasz_softmax: class axis=1 is not an axis of pred"),
    "masks": (lambda: zoo.lovasz_hinge(X, X[:1]), r"lovasz_hinge: target has shape \(1, 4\); accepted is \(2, 4\)"),
    "reduction": (lambda: zoo.lovasz_hinge(X, X, reduction="all"), "lovasz_hinge: reduction='all' is not one of"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    (call, message) = NUMBERS[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_class_numbers_of_any_dtype():
    scores = np.random.default_rng(0).normal(size=(2, 3, 4))
    labels = np.array([[0, 1, 2, 1], [2, 2, 0, 0]])
    expected = zoo.lovasz_softmax(scores, labels)
    for dtype in ("uint8", "int32", "float32"):
        assert zoo.lovasz_softmax(scores, labels.astype(dtype)) == expected
