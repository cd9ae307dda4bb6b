"""Peak memory and time of a linear layer with cross entropy over a large vocabulary, forward and backward.

    python -m benchmarks.linear_cross_entropy [--quick] [--json] [-o FILE] [--backend NAME ...] [--sizes TOKENS HIDDEN VOCABULARY]

Contenders: polyloss.torch.nn.LinearCrossEntropyLoss; the framework's own linear layer and cross entropy, which hold all logits; and on
PyTorch its own LinearCrossEntropyLoss(options=LinearCrossEntropyOptions()). TensorFlow runs eagerly and as a tf.function, JAX under jit.
Time and memory are measured as `python -m benchmarks` does (`measure.py`), in a process for each, the contenders of a backend in turns:
the median CPU time of a step, and its peak above inputs and parameters. The ratios are to the linear layer + cross entropy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.frameworks import EXACT, ONE_THREAD
from benchmarks.measure import exact, in_turns, peak
from benchmarks.record import machine, now

CONTENDERS = {
    "torch": ("composed", "polyloss", "native"),
    "jax": ("composed", "polyloss"),
    "tensorflow": ("composed", "polyloss"),
    "tensorflow-eager": ("composed", "polyloss"),
    "mxnet": ("composed", "polyloss"),
}
WORDS = {"polyloss": "polyloss", "composed": "linear layer + cross entropy", "native": "torch's LinearCrossEntropyLoss"}
UNITS = ("seconds", "megabytes")
FULL = (2048, 256, 65536)
QUICK = (2048, 64, 16384)


def data(sizes: tuple[int, int, int]) -> tuple[Any, Any, Any]:
    """Input, weight and classes."""
    (tokens, hidden, vocabulary) = sizes
    rng = np.random.default_rng(0)
    x = rng.standard_normal((tokens, hidden), dtype=np.float32)
    w = rng.standard_normal((vocabulary, hidden), dtype=np.float32) * hidden**-0.5
    return x, w, rng.integers(0, vocabulary, tokens)


def on_torch(contender: str, sizes: tuple[int, int, int]) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    (x, w, y) = map(torch.from_numpy, data(sizes))
    x.requires_grad_()
    if contender == "composed":
        layer = torch.nn.Linear(sizes[1], sizes[2], bias=False)
        layer.weight.data = w
        parameters = [x, layer.weight]
        cross_entropy = torch.nn.CrossEntropyLoss()

        def composed(x: Any, y: Any) -> Any:
            return cross_entropy(layer(x), y)

        loss: Any = composed
    else:
        import polyloss.torch.nn as pnn

        if contender == "native":
            loss = torch.nn.LinearCrossEntropyLoss(*sizes[1:], options=torch.nn.LinearCrossEntropyOptions())
        else:
            loss = pnn.LinearCrossEntropyLoss(*sizes[1:])
        loss.linear.weight.data = w
        parameters = [x, loss.linear.weight]

    def step() -> None:
        loss(x, y).backward()
        for one in parameters:
            one.grad = None  # the next step makes it anew: its memory is part of a step's

    return step


def on_jax(contender: str, sizes: tuple[int, int, int]) -> Callable[[], Any]:
    import jax

    import polyloss.torch.nn as pnn

    (x, w, y) = map(jax.numpy.asarray, data(sizes))
    loss = pnn.LinearCrossEntropyLoss(1, 1, framework="jax")

    def value(x: Any, w: Any) -> Any:
        if contender == "polyloss":
            return loss.with_parameters({"linear.weight": w})(x, y)
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(x @ w.T), y[:, None], 1).mean()

    both = jax.jit(jax.value_and_grad(value, argnums=(0, 1)))
    return lambda: jax.block_until_ready(both(x, w))


def on_tensorflow(contender: str, sizes: tuple[int, int, int], eager: bool = False) -> Callable[[], Any]:
    import tensorflow as tf

    import polyloss.torch.nn as pnn

    (x, w, y) = map(tf.constant, data(sizes))
    weight = tf.Variable(w)
    del w
    loss = pnn.LinearCrossEntropyLoss(1, 1, framework="tensorflow").with_parameters({"linear.weight": weight})

    def value() -> Any:
        if contender == "polyloss":
            return loss(x, y)
        logits = tf.matmul(x, weight, transpose_b=True)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))

    def gradients() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = value()
        return found, tape.gradient(found, [x, weight])

    step = gradients if eager else tf.function(gradients)
    return lambda: step()[0].numpy() and None


def on_mxnet(contender: str, sizes: tuple[int, int, int]) -> Callable[[], Any]:
    import polyloss.torch.nn as pnn
    from polyloss import dispatch

    dispatch.backend("mxnet")
    import mxnet as mx

    (x, w, y) = (mx.nd.array(one, dtype=one.dtype) for one in data(sizes))
    for one in (x, w):
        one.attach_grad()
    loss = pnn.LinearCrossEntropyLoss(1, 1, framework="mxnet").with_parameters({"linear.weight": w})
    cross_entropy = mx.gluon.loss.SoftmaxCrossEntropyLoss()

    def step() -> None:
        with mx.autograd.record():
            found = (
                loss(x, y) if contender == "polyloss" else cross_entropy(mx.nd.dot(x, w, transpose_b=True), y).mean()
            )
        found.backward()
        mx.nd.waitall()

    return step


def measured(backend: str, sizes: tuple[int, int, int], unit: str) -> dict[str, Any]:
    """The seconds or the megabytes of each contender of one backend, in this process."""
    if unit == "megabytes":
        os.environ.update(EXACT)
        exact()
    (framework, _, eager) = backend.partition("-")
    steps = {
        contender: globals()[f"on_{framework}"](contender, sizes, *([True] if eager else []))
        for contender in CONTENDERS[backend]
    }
    if unit == "seconds":
        return in_turns(steps, 0)  # the least number of turns: a step takes seconds
    return {name: peak(step) for name, step in steps.items()}


def elsewhere(backend: str, sizes: tuple[int, int, int]) -> list[dict[str, Any]]:
    """The contenders of one backend, `measured` in processes of their own on one thread."""
    figures: dict[str, dict[str, float]] = {}
    for unit in UNITS:
        command = [sys.executable, "-m", "benchmarks.linear_cross_entropy", "--child", backend, unit]
        command += ["--sizes", *map(str, sizes)]
        found = subprocess.run(
            command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=False
        )
        if found.returncode:
            sys.exit(f"{backend}: ended with status {found.returncode}")
        figures[unit] = json.loads(found.stdout.splitlines()[-1])  # a framework may print before that
    return [
        {"backend": backend, "contender": contender}
        | {unit: figures[unit][contender] for unit in UNITS}
        | {f"{unit}_ratio": figures[unit][contender] / figures[unit]["composed"] for unit in UNITS}
        for contender in CONTENDERS[backend]
    ]


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="{} tokens, hidden {}, vocabulary {}".format(*QUICK))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-o", "--output", help="write the JSON to this file as well")
    parser.add_argument("--backend", action="append", choices=sorted(CONTENDERS))
    parser.add_argument("--sizes", nargs=3, type=int, metavar=("TOKENS", "HIDDEN", "VOCABULARY"))
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = tuple(given.sizes) if given.sizes else QUICK if given.quick else FULL
    if given.child:
        print(json.dumps(measured(given.child[0], sizes, given.child[1])))
        return
    names = [name for name in given.backend or CONTENDERS if find_spec(name.partition("-")[0])]
    if not given.json:
        print("{} tokens, hidden {}, vocabulary {}, float32, forward and backward".format(*sizes))
        print(f"{'backend':<18}{'contender':<33}{'seconds':>8}{'ratio':>7}{'MB':>7}{'ratio':>7}")
    rows = []
    for name in names:
        for row in elsewhere(name, sizes):
            rows.append(row)
            if not given.json:
                print(
                    f"{name:<18}{WORDS[row['contender']]:<33}{row['seconds']:>8.2f}{row['seconds_ratio']:>7.2f}"
                    f"{row['megabytes']:>7.0f}{row['megabytes_ratio']:>7.2f}",
                    flush=True,
                )
    result = dict(zip(("tokens", "hidden", "vocabulary"), sizes, strict=True))
    result |= {"date": now(), "machine": machine(), "rows": rows}
    if given.json:
        print(json.dumps(result, indent=1))
    if given.output:
        with open(given.output, "w") as file:
            file.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
