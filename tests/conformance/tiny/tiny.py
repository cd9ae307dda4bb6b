"""A backend, a dialect and a native library, as a third party would register them; all misbehave as TINY says (comma separated)."""

import os
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np
from polyloss_backends.numpy import NumpyBackend, NumpyOps
from polyloss_conformance.cases import Case, Input
from polyloss_conformance.dialects import Dialect
from polyloss_conformance.references.exact import each

from polyloss.variants import composed


def told(word):
    return word in os.environ.get("TINY", "").split(",")


class TinyBackend(NumpyBackend):
    name = "tiny"
    modes = ("eager", "other")
    _ops = composed(NumpyOps())

    def versions(self):
        return {"tiny": "2" if told("upgraded") else "1"}

    def refuses(self, shapes, dtype):
        return "no half numbers here" if dtype == "float16" else None


BACKEND = TinyBackend()


class Square:
    def __init__(self, number=0):
        self.number = number

    def hybrid_forward(self, F, pred, label):
        return np.square(pred - label)

    def __call__(self, pred, label):
        return self.hybrid_forward(None, pred, label)


class Kill(Square):
    def hybrid_forward(self, F, pred, label):
        if told("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        return np.square(pred - label)


class Hang(Square):
    def hybrid_forward(self, F, pred, label):
        if told("hang"):
            time.sleep(600)
        return np.square(pred - label)


class Wrong(Square):
    def hybrid_forward(self, F, pred, label):
        return np.square(pred - label) * (1.001 if told("wrong") else 1.0)


class Raise(Square):
    def hybrid_forward(self, F, pred, label):
        if told("raise"):
            raise RuntimeError("the framework says no")
        return np.square(pred - label)


def __getattr__(name):
    if name == "Absent" and not told("absent"):
        return Square
    raise AttributeError(name)


def cases():
    names = ["Square"] * 3 + ["Kill", "Hang", "Wrong", "Raise", "Absent"] + ["Square"] * 3
    found = [_case(f"tiny/{name}/{i}", name, i) for i, name in enumerate(names)]
    return [*found, _case("tiny/Square/half", "Square", 0, "float16")]


def _case(key, name, i, dtype="float32"):
    label = Input.of([1.0, 2.0 + i, 0.5], dtype)
    inputs = {"pred": Input.of([0.0, 2.0, 3.0], dtype), "label": label}
    return Case(key, f"tiny/{name}", {"number": i}, inputs, dtype, quick=i < 3)


@dataclass(frozen=True)
class Reference:
    name: str
    summary: str = "The square of the difference."
    documented: str = "(x - y)^2"
    computed: str = "(x - y)^2"
    source: str = "here"

    def compute(self, inputs, config, call):
        return each(lambda p, y: (p - y) ** 2, inputs["pred"], inputs["label"])

    def value(self, inputs, config, call):
        return self.compute(inputs, config, call)


REFERENCES = {f"tiny/{name}": Reference(name) for name in ("Square", "Kill", "Hang", "Wrong", "Raise", "Absent")}
__version__ = "1"


def load():
    if told("no-native"):
        raise ImportError("no library here")
    return sys.modules[__name__]


def native(given):
    for case in given:
        if told("native-kill") and case.id == "tiny/Square/1":
            os.kill(os.getpid(), signal.SIGKILL)
        value = np.square(case.inputs["pred"].values - case.inputs["label"].values)
        if told("native-off") and case.id == "tiny/Square/2":
            value = value + 1
        yield case.id, {"value": value.astype(case.dtype), "gradients": {}}


@dataclass(frozen=True)
class Finding:
    id: str = "one-too-many"
    follows: str = "formula"
    kind: str = "native bug"
    loss: str = "tiny/Square"
    cause: str = "It adds one."
    evidence: str = "here"

    def record(self):
        fields = {name: getattr(self, name) for name in ("id", "kind", "loss", "cause", "evidence")}
        numbers = [{"quantity": "2", "native": "3"}]
        return {"record": "finding", **fields, "numbers": numbers, "holds": not told("fixed")}


FINDINGS = (Finding(),)


def explain(case, result, value, gradients):
    explained = told("explained") and "value" in result and np.allclose(result["value"], value.astype(float) + 1)
    return "one-too-many" if explained else None


DIALECT = Dialect(
    "tiny",
    "tiny",
    "tiny",
    cases="tiny:cases",
    references="tiny:REFERENCES",
    native="tiny:native",
    native_backend="tiny",
    native_load="tiny:load",
    findings="tiny:FINDINGS",
    explain="tiny:explain",
)
