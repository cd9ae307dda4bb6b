"""Every item of the zoo is held to an independent package, or it says why there is none."""

from importlib import import_module
from pathlib import Path

import polyloss.zoo as zoo

MODULES = [
    import_module(f".{file.stem}", __package__)
    for file in Path(__file__).parent.glob("test_*.py")
    if file.stem not in __name__
]
WITHOUT = {
    "asymmetric": "timm has it and imports torchvision, which is not here: a number of timm is among the frozen ones",
    "ciou": "torchvision, which is not here, and Keras, whose framework is one for the whole process: a number of Keras is frozen",
    "damsm": "no package: numbers of the authors' released code are among the frozen ones",
    "diou": "torchvision alone has it, which is not here: a number by hand is among the frozen ones",
    "distributional_ranking": "no package: a number of the authors' released code is among the frozen ones",
}
"""Items that no package here has, and why."""


def test_every_item_has_an_oracle_or_a_reason():
    items = {kind.function.__name__ for name in zoo.__all__ if hasattr(kind := getattr(zoo, name), "function")}
    held = {row.name for module in MODULES for row in module.ROWS}
    assert held | set(WITHOUT) == items
    assert not held & set(WITHOUT)


def test_another_tolerance_has_a_reason():
    rows = [row for module in MODULES for row in module.ROWS]
    assert all(row.reason or row.tolerance == 1e-9 for row in rows)
