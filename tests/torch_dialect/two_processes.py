"""Every loss of the table on two processes: ``gloo`` adds up the parts of two pieces, ``dtensor`` calls the loss on a sharded tensor."""

import datetime
import os
import sys
import tempfile
import warnings

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing

import polyloss.torch.nn as pnn
from polyloss import parts

from .pieces import BATCH_AXIS, CUTS, ROWS, WHOLE, pieces
from .table import TABLE

UNSHARDED: dict[str, str] = dict.fromkeys(
    ("MultiMarginLoss", "MultiLabelMarginLoss"), "compares labels with a range, which torch makes as a plain tensor"
)
"""Losses that use an operation which DTensor does not know, and which."""


def tensors(inputs, wrt):
    return [torch.tensor(value, requires_grad=i in wrt) for i, value in enumerate(inputs)]


def whole(kind, options, inputs, wrt):
    given = tensors(inputs, wrt)
    value = getattr(pnn, kind)(**options)(*given)
    return value.detach(), torch.autograd.grad(value, [given[i] for i in wrt])


def gloo(rank):
    for kind, _, options, inputs, wrt in TABLE:
        if kind in WHOLE:
            continue
        (value, gradients) = whole(kind, options, inputs, wrt)
        (own, some) = list(pieces(kind, options, inputs))[rank]
        given = tensors(some, wrt)
        (numerator, denominator) = parts(getattr(pnn, kind)(**own))(*given)
        dist.all_reduce(denominator)
        share = numerator / denominator
        found = torch.autograd.grad(share, [given[i] for i in wrt])
        total = share.detach()
        dist.all_reduce(total)
        torch.testing.assert_close(total, value, rtol=1e-12, atol=1e-12)
        for i, ours, expected in zip(wrt, found, gradients, strict=True):
            axis = BATCH_AXIS.get(kind, {}).get(i, 0)
            shared = inputs[i].ndim <= axis or inputs[i].shape[axis] != ROWS
            if shared:
                dist.all_reduce(ours)
            else:
                expected = expected[(slice(None),) * axis + (CUTS[rank],)]
            torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)


def dtensor(rank):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (2,))
    for kind, _, options, inputs, wrt in TABLE:
        if kind in WHOLE or kind in UNSHARDED:
            continue
        (value, gradients) = whole(kind, options, inputs, wrt)
        given = []
        for i, one in enumerate(inputs):
            axis = BATCH_AXIS.get(kind, {}).get(i, 0)
            sharded = one.ndim > axis and one.shape[axis] == ROWS
            placement = Shard(axis) if sharded else Replicate()
            given.append(distribute_tensor(torch.tensor(one), mesh, [placement]).requires_grad_(i in wrt))
        constants = {
            name: distribute_tensor(torch.tensor(v), mesh, [Replicate()]) if isinstance(v, np.ndarray) else v
            for name, v in options.items()
        }
        try:
            found = getattr(pnn, kind)(**constants)(*given)
            slopes = torch.autograd.grad(found, [given[i] for i in wrt])
            torch.testing.assert_close(found.detach().full_tensor(), value, rtol=1e-12, atol=1e-12)
            for ours, expected in zip(slopes, gradients, strict=True):
                torch.testing.assert_close(ours.full_tensor(), expected, rtol=1e-12, atol=1e-12)
        except Exception as error:
            raise RuntimeError(f"{kind} {options}") from error


def worker(rank, meeting, name):
    warnings.simplefilter("ignore")
    dist.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",  # a port that was free may be taken by now
        rank=rank,
        world_size=2,
        timeout=datetime.timedelta(seconds=60),
    )
    {"gloo": gloo, "dtensor": dtensor}[name](rank)
    dist.barrier()
    if rank == 0:
        print("losses agree", flush=True)
    dist.destroy_process_group()
    # DTensor's caches keep the mesh, and the mesh gloo's threads, beyond that: where one of them runs while Python ends, it aborts.
    os._exit(0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(worker, (f"{folder}/meeting", sys.argv[1]), 2)
