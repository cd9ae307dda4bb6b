"""Distances of point sets and of templates, by SciPy and PyTorch."""

import numpy as np
import pytest

from .judge import SEEDS, Row, held


def sets(rng):
    return {"x": rng.normal(size=(2, 5, 3)), "y": rng.normal(size=(2, 4, 3))}


def maps(rng):
    return {"template": rng.uniform(size=(2, 5, 6)), "image": (rng.uniform(size=(2, 5, 6)) < 0.2).astype(int)}


def nearest(x, y):
    import torch

    squares = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()
    return (squares.amin(dim=2).sum(dim=1) + squares.amin(dim=1).sum(dim=1)).mean()


def by_scipy(power, total):
    def oracle(x, y):
        from scipy.spatial import KDTree

        ways = [(KDTree(b).query(a)[0], KDTree(a).query(b)[0]) for a, b in zip(x, y, strict=True)]
        return np.mean([total(there**power) + total(back**power) for there, back in ways])

    return oracle


def transformed(name, **options):
    def oracle(template, image):
        from scipy import ndimage

        away = [getattr(ndimage, name)(each == 0, **options) for each in image]
        return np.mean([np.average(distance, weights=t) for distance, t in zip(away, template, strict=True)])

    return oracle


CHAMFER = "chamfer_template"
TABLE = "distance_transform_cdt"
SQUARE = {"metric": "chessboard"}
ROWS = [
    Row("chamfer", sets, nearest, ("torch",)),
    Row("chamfer", sets, by_scipy(2, np.sum), ("scipy",), framework="numpy"),
    Row("chamfer", sets, by_scipy(1, np.mean), ("scipy",), {"squared": False, "points": "mean"}, framework="numpy"),
    Row(CHAMFER, maps, transformed("distance_transform_edt"), ("scipy",), framework="numpy"),
    Row(CHAMFER, maps, transformed(TABLE, metric="chessboard"), ("scipy",), SQUARE, framework="numpy"),
    Row(CHAMFER, maps, transformed(TABLE, metric="taxicab"), ("scipy",), {"metric": "cityblock"}, framework="numpy"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_agrees(row, seed):
    held(row, seed)
