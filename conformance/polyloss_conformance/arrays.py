"""Arrays as the results schema writes them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from polyloss_conformance.cases import Array, Case
from polyloss_conformance.results import Record, encode


def write(values: Any, dtype: str) -> Record:
    """The record of an array; every float64 survives it."""
    array = np.asarray(values, dtype=np.float64)
    flat = array.reshape(-1).tolist()
    return {
        "dtype": dtype,
        "shape": list(array.shape),
        "values": flat if np.isfinite(array).all() else [encode(x) for x in flat],
    }


def read(record: Record) -> Array:
    """The values of an array's record, as float64."""
    return np.array([float(x) for x in record["values"]], dtype=np.float64).reshape(record["shape"])


def case_record(case: Case) -> Record:
    """The record of a case, without what its references say."""
    return {
        "record": "case",
        "id": case.id,
        "loss": case.loss,
        "config": plain(case.config),
        "dtype": case.dtype,
        "call": plain(case.call),
        "inputs": {name: write(given.values, given.dtype) for name, given in case.inputs.items()},
        "digest": digest(case),
        "references": {},
    }


def plain(values: Any) -> Any:
    """`values` as JSON can hold them."""
    if isinstance(values, float):
        return encode(values)
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    return values if isinstance(values, str | int | None) else {str(key): plain(value) for key, value in values.items()}


def digest(case: Case) -> str:
    """A fingerprint of everything that makes up a case."""
    parts = [
        case.id,
        case.dtype,
        json.dumps([plain(case.config), plain(case.call), list(case.wrt), case.seed, case.magnitude]),
        *(f"{name} {i.dtype} {i.values.shape} {i.strided} {i.values.tolist()}" for name, i in case.inputs.items()),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
