"""Peak memory and time of a linear layer with cross entropy over a large vocabulary, forward and backward.

    python benchmarks/linear_cross_entropy.py [--quick] [--json] [-o FILE] [--backend NAME ...] [--sizes TOKENS HIDDEN VOCABULARY]

Contenders: polyloss.torch.nn.LinearCrossEntropyLoss; the framework's own linear layer and cross entropy, which hold all logits; and on
PyTorch its own LinearCrossEntropyLoss(options=LinearCrossEntropyOptions()). TensorFlow runs eagerly and as a tf.function, JAX under jit.
Each contender has a process of its own with one thread. The steps of a backend's contenders take turns, so that what else the machine does
falls on all alike; time is the median processor time of a step (`time.process_time`) after the first, which compiles, and memory the
largest resident size above that after imports, inputs and parameters. The ratios are to the linear layer + cross entropy.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

CONTENDERS = {
    "torch": ("composed", "polyloss", "native"),
    "jax": ("composed", "polyloss"),
    "tensorflow": ("composed", "polyloss"),
    "tensorflow-eager": ("composed", "polyloss"),
    "mxnet": ("composed", "polyloss"),
}
WORDS = {"polyloss": "polyloss", "composed": "linear layer + cross entropy", "native": "torch's LinearCrossEntropyLoss"}
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


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """The resident size of this process now, in MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def serve(backend: str, contender: str, sizes: tuple[int, int, int]) -> None:
    """One contender in this process: a step for each line of the input, then its seconds and the peak so far."""
    (framework, _, eager) = backend.partition("-")
    step = globals()[f"on_{framework}"](contender, sizes, *([True] if eager else []))
    before = resident()
    for _ in sys.stdin:
        start = time.process_time()
        step()
        print(json.dumps({"seconds": time.process_time() - start, "megabytes": max(peak() - before, 0.0)}), flush=True)


def started(backend: str, contender: str, sizes: tuple[int, int, int]) -> subprocess.Popen[str]:
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
    command = [sys.executable, __file__, "--serve", backend, contender, *map(str, sizes)]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def measured(backend: str, sizes: tuple[int, int, int], steps: int) -> list[dict[str, Any]]:
    """The contenders of one backend, in turns."""
    processes = {contender: started(backend, contender, sizes) for contender in CONTENDERS[backend]}
    found: dict[str, list[dict[str, float]]] = {contender: [] for contender in processes}
    for _ in range(steps + 1):
        for contender, process in processes.items():
            print("step", file=process.stdin, flush=True)
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                sys.exit(f"{backend}, {WORDS[contender]}: ended with status {process.wait()}")
            found[contender].append(json.loads(line))
    for process in processes.values():
        process.communicate()
    figures = [
        {"seconds": statistics.median(run["seconds"] for run in runs[1:]), "megabytes": runs[-1]["megabytes"]}
        for runs in found.values()
    ]
    return [
        {"backend": backend, "contender": contender, **figure}
        | {f"{key}_ratio": value / figures[0][key] for key, value in figure.items()}
        for contender, figure in zip(found, figures, strict=True)
    ]


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    with open("/proc/cpuinfo") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    packages = ("torch", "jax", "tensorflow", "tensorflow-cpu", "mxnet", "numpy")
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages if _installed(name)},
    }


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="{} tokens, hidden {}, vocabulary {}".format(*QUICK))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-o", "--output", help="write the JSON to this file as well")
    parser.add_argument("--backend", action="append", choices=sorted(CONTENDERS))
    parser.add_argument("--sizes", nargs=3, type=int, metavar=("TOKENS", "HIDDEN", "VOCABULARY"))
    parser.add_argument("--steps", type=int, default=3, help="measured steps of each contender")
    parser.add_argument("--serve", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        (backend, contender, *numbers) = given.serve
        serve(backend, contender, (int(numbers[0]), int(numbers[1]), int(numbers[2])))
        return
    sizes = tuple(given.sizes) if given.sizes else QUICK if given.quick else FULL
    names = [name for name in given.backend or CONTENDERS if find_spec(name.partition("-")[0])]
    if not given.json:
        print("{} tokens, hidden {}, vocabulary {}, float32, forward and backward".format(*sizes))
        print(f"{'backend':<18}{'contender':<33}{'seconds':>8}{'ratio':>7}{'MB':>7}{'ratio':>7}")
    rows = []
    for name in names:
        for row in measured(name, sizes, given.steps):
            rows.append(row)
            if not given.json:
                print(
                    f"{name:<18}{WORDS[row['contender']]:<33}{row['seconds']:>8.2f}{row['seconds_ratio']:>7.2f}"
                    f"{row['megabytes']:>7.0f}{row['megabytes_ratio']:>7.2f}",
                    flush=True,
                )
    result = {"tokens": sizes[0], "hidden": sizes[1], "vocabulary": sizes[2], "machine": machine(), "rows": rows}
    if given.json:
        print(json.dumps(result, indent=1))
    if given.output:
        with open(given.output, "w") as file:
            file.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
