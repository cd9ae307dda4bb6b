"""Losses as data: configs, names, copies; what Keras writes, polyloss reads, and the other way round."""

import copy
import inspect
import json
import pickle
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import polyloss.keras.losses as pl

CLASSES = sorted(
    name for name in pl.__all__ if inspect.isclass(getattr(pl, name)) and name not in ("Loss", "LossFunctionWrapper")
)
FUNCTIONS = sorted(
    {getattr(pl, name).__name__ for name in pl.__all__ if inspect.isfunction(getattr(pl, name))}
    - {"get", "serialize", "deserialize"}
)
CHANGED = {
    "delta": 2.5, "axis": 0, "from_logits": True, "label_smoothing": 0.25, "alpha": 0.75, "beta": 0.1, "gamma": 3.0, "q": 0.7,
    "apply_class_balancing": True, "ignore_class": 4, "margin": 0.2, "remove_diagonal": False, "fixed_weights": False,
    "reduction": "sum", "name": "mine", "dtype": "float64",
}  # fmt: skip


def options_of(kind):
    return [name for name in inspect.signature(kind.__init__).parameters if name != "self"]


@pytest.mark.parametrize("name", CLASSES)
def test_round_trip(name):
    kind = getattr(pl, name)
    changed = {option: CHANGED[option] for option in options_of(kind)}
    for options in ({}, changed):
        loss = kind(**options)
        config = json.loads(json.dumps(loss.get_config()))
        assert {**config, **options} == config
        again = (
            kind.from_config(config),
            pl.deserialize(pl.serialize(loss)),
            pl.get(pl.serialize(loss)),
            copy.deepcopy(loss),
        )
        for other in (*again, copy.copy(loss), pickle.loads(pickle.dumps(loss))):
            assert isinstance(other, kind)
            assert (other.get_config(), other.dtype) == (loss.get_config(), loss.dtype)
            assert repr(other) == repr(loss)
            assert type(other) is type(loss)
        assert repr(loss).startswith(f"{name}(")
        for option in options:
            if option not in ("dtype", "fixed_weights"):
                assert getattr(loss, option) == options[option]


def test_wrapper():
    loss = pl.LossFunctionWrapper(pl.huber, delta=2.0, reduction="sum", dtype="float64")
    for other in (
        pl.LossFunctionWrapper.from_config(loss.get_config()),
        pl.deserialize(json.loads(json.dumps(pl.serialize(loss)))),
    ):
        assert other(np.zeros(1), np.array([3.0])) == loss(np.zeros(1), np.array([3.0])) == pytest.approx(4)
    first, second = (pl.LossFunctionWrapper(pl.huber).name for _ in range(2))
    assert first.startswith("loss_function_wrapper")
    assert first != second

    def mine(y_true, y_pred, power):
        return (y_true - y_pred) ** power

    loss = pl.LossFunctionWrapper(mine, power=2, dtype="float16")
    found = loss(np.array([1, 2]), np.array([2.0, 4.0]))
    assert (found, found.dtype) == (2.5, "float16")


def test_get():
    assert pl.get(None) is None
    for name in CLASSES:
        assert type(pl.get(name)).__name__ == type(pl.get(getattr(pl, name))).__name__ == name
    for name in FUNCTIONS:
        assert pl.get(name) is getattr(pl, name)
    aliases = {
        "mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
        "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence", "bce": "binary_crossentropy",
    }  # fmt: skip
    for short, name in aliases.items():
        assert (
            pl.get(short)
            is pl.get(short.upper())
            is getattr(pl, short)
            is getattr(pl, short.upper())
            is getattr(pl, name)
        )
    assert pl.logcosh is pl.log_cosh
    assert pl.kullback_leibler_divergence is pl.kl_divergence
    loss = pl.Huber()
    assert pl.get(loss) is loss
    assert pl.get({"class_name": "Huber", "config": {"delta": 2.0}}).delta == 2
    assert pl.deserialize("mse") is pl.mean_squared_error
    assert pl.deserialize({"class_name": "function", "config": "huber"}) is pl.huber
    assert pl.deserialize({"class_name": "Mine", "config": {}}, custom_objects={"Mine": pl.Dice}).name == "dice"
    for wrong in ("nothing", 3, {"class_name": "Nothing"}, {"config": {}}):
        with pytest.raises(ValueError, match=r"get|deserialize"):
            pl.get(wrong)


def test_subclass():
    class Mine(pl.Loss):
        def __init__(self, scale, **kwargs):
            super().__init__(**kwargs)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * abs(y_true - y_pred)

        def get_config(self):
            return {**super().get_config(), "scale": self.scale}

    loss = Mine(2.0, reduction="sum")
    assert loss(np.array([1, 2]), np.array([2, 4])) == 6
    assert loss.name.startswith("mine")
    assert pl.deserialize(pl.serialize(loss), custom_objects={"Mine": Mine}).get_config() == loss.get_config()
    with pytest.raises(NotImplementedError, match="Loss must define call"):
        pl.Loss()(np.zeros(1), np.zeros(1))


def test_like_keras():
    """Names, defaults and configs are Keras's, save what its configs lose."""
    keras = pytest.importorskip("keras")
    theirs = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert theirs <= set(pl.__all__)
    legacy = {
        name
        for name in dir(getattr(find_spec("tensorflow") and __import__("tensorflow").keras, "losses", keras.losses))
        if name[0] != "_"
    }
    assert legacy - set(pl.__all__) <= {"Reduction"}
    lost = {"CosineSimilarity": {"axis"}, "Huber": {"delta"}, "SparseCategoricalCrossentropy": {"axis"}}
    for name in CLASSES:
        ours, native = getattr(pl, name), getattr(keras.losses, name)
        mine, other = inspect.signature(ours.__init__).parameters, inspect.signature(native.__init__).parameters
        assert [p for p in mine if p != "fixed_weights"] == list(other), name
        assert [mine[p].default for p in other] == [p.default for p in other.values()], name
        assert isinstance(ours(), keras.losses.Loss)
        config = {k: v for k, v in ours().get_config().items() if k not in lost.get(name, ())}
        assert config == native().get_config(), name
        assert keras.losses.serialize(ours()) == pl.serialize(ours())
        assert type(keras.losses.deserialize(pl.serialize(ours()))) is type(ours())
        assert type(pl.deserialize(keras.losses.serialize(native()))) is type(ours())
        assert keras.losses.get(ours()).name == native().name
    for name in FUNCTIONS:
        ours, native = (
            inspect.signature(getattr(pl, name)).parameters,
            inspect.signature(getattr(keras.losses, name)).parameters,
        )
        assert [p for p in ours if p != "fixed_weights"] == list(native), name
        assert [ours[p].default for p in native] == [p.default for p in native.values()], name
        assert keras.losses.serialize(getattr(pl, name)) == pl.serialize(getattr(pl, name))
        assert keras.losses.deserialize(pl.serialize(getattr(pl, name))) is getattr(pl, name)
        assert pl.deserialize(keras.losses.serialize(getattr(keras.losses, name))) is getattr(pl, name)
    policy = keras.DTypePolicy("mixed_bfloat16")
    assert (pl.Huber(dtype=policy).dtype, pl.Huber(dtype=policy).get_config()["dtype"]) == (
        "bfloat16",
        "mixed_bfloat16",
    )


def test_registered_names():
    """A decorated subclass keeps its registration."""
    keras = pytest.importorskip("keras")

    @keras.saving.register_keras_serializable(package="me")
    class Twice(pl.MeanSquaredError):
        pass

    found = keras.losses.serialize(Twice(reduction="sum"))
    assert found["registered_name"] == pl.serialize(Twice())["registered_name"] == "me>Twice"
    assert isinstance(keras.losses.deserialize(found), Twice)
    assert isinstance(pl.deserialize(found), Twice)


def test_without_keras():
    """Nothing is imported, and everything but the tensors of others works."""
    code = """
import sys, json, copy, numpy as np
import polyloss.keras.losses as pl
assert not {"keras", "tensorflow", "torch", "jax"} & set(sys.modules)
loss = pl.Huber(delta=2.0)
assert type(loss) is pl.Huber and loss(np.zeros((1, 1)), np.array([[3.0]])) == 4
assert pl.get(json.loads(json.dumps(pl.serialize(loss)))).delta == 2
assert copy.copy(loss).delta == 2 and loss.dtype == "float32"
assert pl.serialize(pl.huber)["config"] == "polyloss>huber"
assert not {"keras", "tensorflow", "torch", "jax"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
