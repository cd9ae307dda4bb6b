"""Losses on the overlap of regions and boxes, by MONAI and kornia."""

import pytest

from .judge import SEEDS, Row, held


def masks(rng):
    return {"pred": rng.uniform(size=(2, 3, 4, 4)), "target": (rng.uniform(size=(2, 3, 4, 4)) < 0.4).astype(float)}


def scores(rng):
    return {**masks(rng), "pred": rng.normal(size=(2, 3, 4, 4))}


def one_hot(rng):
    import numpy as np

    target = np.moveaxis(np.eye(3)[rng.integers(0, 3, (2, 4, 4))], -1, 1)
    return {"pred": rng.normal(size=(2, 3, 4, 4)), "target": np.ascontiguousarray(target)}


def labels(rng):
    return {"pred": rng.normal(size=(1, 3, 4, 4)), "target": rng.integers(0, 3, (1, 4, 4))}


def binary(rng):
    return {"pred": rng.normal(size=(2, 4, 4)), "target": rng.integers(0, 2, (2, 4, 4))}


def boxes(rng):
    import numpy as np

    return {
        name: np.concatenate([near := rng.uniform(size=(6, 2)), near + rng.uniform(0.2, 1.0, (6, 2))], axis=1)
        for name in ("pred", "target")
    }


def monai(name, **options):
    def oracle(pred, target):
        from monai import losses

        return getattr(losses, name)(**options)(pred, target)

    return oracle


def kornia(name):
    def oracle(pred, target):
        from kornia import losses

        return getattr(losses, name)(pred, target)

    return oracle


def kornia_hinge(pred, target):
    return kornia("lovasz_hinge_loss")(pred[:, None], target)


def focal_tversky(pred, target):
    """The paper's exponent of each class and sample; MONAI has the index."""
    return monai("TverskyLoss", alpha=0.3, beta=0.7, reduction="none")(pred, target).pow(1 / 2.0).mean()


def by_shapely(pred, target):
    import shapely

    (ours, theirs) = (shapely.box(*corners.T) for corners in (pred, target))
    return shapely.area(shapely.intersection(ours, theirs)) / shapely.area(shapely.union(ours, theirs))


def sides(rng):
    return {name: rng.uniform(0.2, 2.0, (6, 4)) for name in ("pred", "target")}


def log_overlap(pred, target):
    """The distances from a point to the sides left, top, right, bottom as corners."""
    import numpy as np

    corners = (np.concatenate([-sides[:, :2], sides[:, 2:]], axis=1) for sides in (pred, target))
    return -np.log(by_shapely(*corners)).mean()


SMOOTH = {"smooth": 1e-5}
ROWS = [
    Row("dice", masks, monai("DiceLoss"), ("monai",), SMOOTH, ("target",)),
    Row("dice", masks, monai("DiceLoss", batch=True), ("monai",), {**SMOOTH, "batch": True}, ("target",)),
    Row("dice", masks, monai("DiceLoss", squared_pred=True), ("monai",), {**SMOOTH, "squared": True}, ("target",)),
    Row("dice", scores, monai("DiceLoss", sigmoid=True), ("monai",), {**SMOOTH, "activation": "sigmoid"}, ("target",)),
    Row("jaccard", masks, monai("DiceLoss", jaccard=True), ("monai",), {"smooth": 5e-6}, ("target",)),
    Row("generalized_dice", masks, monai("GeneralizedDiceLoss"), ("monai",), SMOOTH, ("target",)),
    Row("tversky", masks, monai("TverskyLoss", alpha=0.3, beta=0.7), ("monai",), SMOOTH, ("target",)),
    Row("focal_tversky", masks, focal_tversky, ("monai",), {**SMOOTH, "gamma": 2.0}, ("target",)),
    Row("iou", boxes, lambda **both: 1 - by_shapely(**both).mean(), ("shapely",), framework="numpy"),
    Row("iou", sides, log_overlap, ("shapely",), {"form": "ltrb", "kind": "log"}, framework="numpy"),
    Row("dice_ce", one_hot, monai("DiceCELoss", softmax=True), ("monai",), SMOOTH, ("target",)),
    Row("lovasz_softmax", labels, kornia("lovasz_softmax_loss"), ("kornia",)),
    Row("lovasz_hinge", binary, kornia_hinge, ("kornia",)),
    Row(
        "giou",
        boxes,
        monai("BoxGIoULoss"),
        ("monai",),
        fixed=("target",),
        tolerance=1e-6,
        reason="MONAI computes in float32",
    ),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
