"""Run by test_fit.py in a process of its own for each backend of Keras: train, save and load with polyloss's losses and with Keras's."""

import os
import sys

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed: it is what is compared with")

import polyloss.keras.losses as pl  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)).astype("float32")
WEIGHT = RNG.uniform(0.1, 2, size=24).astype("float32")
CLASSES = RNG.integers(0, 3, size=24)


def model(outputs, activation):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(outputs, activation)])


def history(loss, outputs, activation, y, **fit):
    net = model(outputs, activation)
    net.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    found = net.fit(X, y, batch_size=7, epochs=2, verbose=0, shuffle=False, **fit).history
    return net, found["loss"]


def losses():
    real = RNG.normal(size=(24, 2)).astype("float32")
    one_hot = np.eye(3, dtype="float32")[CLASSES]
    ignored = np.where(CLASSES == 1, -1, CLASSES)
    yield "MeanAbsoluteError", {"reduction": "sum"}, 2, None, real, {"sample_weight": WEIGHT}
    yield "Huber", {"delta": 0.5, "reduction": "mean_with_sample_weight"}, 2, None, real, {"sample_weight": WEIGHT}
    yield "BinaryCrossentropy", {}, 1, "sigmoid", (CLASSES > 0).astype("int64"), {}
    yield "BinaryFocalCrossentropy", {"from_logits": True}, 1, None, (CLASSES > 0).astype("float32"), {}
    yield (
        "CategoricalCrossentropy",
        {"label_smoothing": 0.1},
        3,
        "softmax",
        one_hot,
        {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    )
    yield "SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": -1}, 3, None, ignored, {}
    yield "Dice", {}, 3, "softmax", one_hot, {}
    yield "Circle", {"gamma": 4.0, "fixed_weights": False}, 3, None, CLASSES, {}


def main(folder):
    backend = keras.backend.backend()
    for kind, options, outputs, activation, y, fit in losses():
        native = {name: value for name, value in options.items() if name != "fixed_weights"}
        loss = getattr(pl, kind)(**options)
        assert isinstance(loss, keras.losses.Loss)
        net, ours = history(loss, outputs, activation, y, **fit)
        _, theirs = history(getattr(keras.losses, kind)(**native), outputs, activation, y, **fit)
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-6, err_msg=kind)
        path = os.path.join(folder, f"{backend}-{kind}.keras")
        net.save(path)
        again = keras.saving.load_model(path)
        assert type(again.loss) is type(loss), kind
        assert again.loss.get_config() == loss.get_config(), kind
        np.testing.assert_allclose(again.evaluate(X, y, verbose=0), net.evaluate(X, y, verbose=0), rtol=1e-5)
    for name in ("mean_squared_error", "circle"):
        y = CLASSES if name == "circle" else X[:, :2]
        net, ours = history(getattr(pl, name), 2, None, y)
        net.save(os.path.join(folder, f"{backend}-function.keras"))
        assert keras.saving.load_model(os.path.join(folder, f"{backend}-function.keras")).loss is getattr(pl, name)
        if name != "circle":  # whose gradient is not Keras's
            np.testing.assert_allclose(ours, history(name, 2, None, y)[1], rtol=1e-5)
    masked()
    several()
    print("done", backend)


def masked():
    """A mask that a layer leaves on the predictions."""
    x = RNG.normal(size=(6, 4, 3)).astype("float32")
    x[::2, 2:] = 0
    found = []
    for home in (pl, keras.losses):
        keras.utils.set_random_seed(2)
        net = keras.Sequential(
            [keras.Input((4, 3)), keras.layers.Masking(), keras.layers.LSTM(2, return_sequences=True)]
        )
        net.compile(optimizer="sgd", loss=home.MeanSquaredError())
        found.append(net.fit(x, x[..., :2], epochs=2, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(*found, rtol=1e-5)


def several():
    """Two outputs, each with a loss of its own; a metric, and mixed precision."""
    found = []
    for home in (pl, keras.losses):
        keras.utils.set_random_seed(3)
        given = keras.Input((5,))
        outputs = {name: keras.layers.Dense(1, name=name)(given) for name in ("a", "b")}
        net = keras.Model(given, outputs)
        net.compile(
            optimizer="sgd",
            loss={"a": home.Huber(), "b": home.LogCosh()},
            loss_weights={"a": 1.0, "b": 0.5},
            metrics={"a": [keras.metrics.MeanMetricWrapper(home.mean_absolute_error, name="m")]},
        )
        y = {"a": X[:, :1], "b": X[:, 1:2]}
        found.append(net.fit(X, y, epochs=2, verbose=0, shuffle=False).history)
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-5)


if __name__ == "__main__":
    main(sys.argv[1])
