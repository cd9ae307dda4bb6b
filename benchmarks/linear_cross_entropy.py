"""Peak memory and time of a linear layer with cross entropy over a large vocabulary, forward and backward.

    python benchmarks/linear_cross_entropy.py [--quick] [--json] [--backend NAME ...] [--rounds N]

Contenders: polyloss.torch.nn.LinearCrossEntropyLoss; the framework's own linear layer and cross entropy, which hold all logits; and on
PyTorch its own LinearCrossEntropyLoss(options=LinearCrossEntropyOptions()). Each runs in a process of its own, in turns; the figures are
medians over the rounds. Memory is the largest resident size above that after imports, inputs and parameters; time that of the steps after
the first, which compiles.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

CONTENDERS = {
    "torch": ("polyloss", "composed", "native"),
    "jax": ("polyloss", "composed"),
    "tensorflow": ("polyloss", "composed"),
    "mxnet": ("polyloss", "composed"),
}
WORDS = {"polyloss": "polyloss", "composed": "linear layer + cross entropy", "native": "torch's LinearCrossEntropyLoss"}
STEPS = 3


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

        def loss(x: Any, y: Any) -> Any:
            return cross_entropy(layer(x), y)
    else:
        import polyloss.torch.nn as pnn

        if contender == "native":
            loss = torch.nn.LinearCrossEntropyLoss(*sizes[1:], options=torch.nn.LinearCrossEntropyOptions())
        else:
            loss = pnn.LinearCrossEntropyLoss(*sizes[1:])
        loss.linear.weight.data = w
        parameters = [x, loss.linear.weight]

    def step() -> None:
        for one in parameters:
            one.grad = None
        loss(x, y).backward()

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


def on_tensorflow(contender: str, sizes: tuple[int, int, int]) -> Callable[[], Any]:
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

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = value()
        return tape.gradient(found, [x, weight])

    return lambda: [one.numpy() for one in step()[:1]]


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


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """The resident size of this process now, in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def measure(backend: str, contender: str, sizes: tuple[int, int, int]) -> dict[str, float]:
    """One contender in this process."""
    step = globals()[f"on_{backend}"](contender, sizes)
    before = resident()
    step()
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return {"seconds": min(seconds), "megabytes": max(peak() - before, 0.0)}


def child(backend: str, contender: str, sizes: tuple[int, int, int]) -> dict[str, float]:
    """One contender in a process of its own, on one thread."""
    single = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    environment = {**os.environ, **dict.fromkeys(single, "1"), "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    command = [sys.executable, __file__, "--child", backend, contender, *map(str, sizes)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="a quarter of the tokens and an eighth of the vocabulary, one round"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--backend", action="append", choices=sorted(CONTENDERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        (backend, contender, *sizes) = given.child
        print(json.dumps(measure(backend, contender, tuple(map(int, sizes)))))  # type: ignore[arg-type]  # three of them
        return
    sizes = (512, 256, 8192) if given.quick else (2048, 256, 65536)
    backends = [name for name in given.backend or CONTENDERS if find_spec(name)]
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(1 if given.quick else given.rounds):
        for backend in backends:
            for contender in CONTENDERS[backend]:
                found.setdefault((backend, contender), []).append(child(backend, contender, sizes))
    rows = [
        {"backend": b, "contender": c, **{key: statistics.median(one[key] for one in runs) for key in runs[0]}}
        for (b, c), runs in found.items()
    ]
    if given.json:
        print(json.dumps({"tokens": sizes[0], "hidden": sizes[1], "vocabulary": sizes[2], "rows": rows}, indent=1))
        return
    print("{} tokens, hidden {}, vocabulary {}, float32, forward and backward".format(*sizes))
    print(f"{'backend':<12}{'contender':<34}{'seconds':>9}{'MB':>8}")
    for row in rows:
        print(f"{row['backend']:<12}{WORDS[row['contender']]:<34}{row['seconds']:>9.2f}{row['megabytes']:>8.0f}")


if __name__ == "__main__":
    main()
