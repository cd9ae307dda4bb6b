"""Data-parallel training whose loss and gradient are those of the whole batch: two processes, gloo, DistributedDataParallel.

Each process has a part of the batch, with its own ignored labels and class weights. DistributedDataParallel averages gradients over
processes: with the plain mean it gives the gradient of the mean of the means. The numerator over the denominator of *all* processes,
times the number of processes, makes of that average the sum, and so the gradient of the whole batch's loss.
"""

import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing
from torch.nn.parallel import DistributedDataParallel

import polyloss
import polyloss.torch.nn as nn

WORLD = 2


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs, and labels of which many are ignored, most of them in the first half."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (12,), generator=generator)
    labels[:5] = -100
    return inputs, labels


def network() -> torch.nn.Module:
    """The same in every process."""
    torch.manual_seed(1)
    return torch.nn.Linear(5, 4, dtype=torch.float64)


def gradient(model: torch.nn.Module) -> torch.Tensor:
    """The gradient of all parameters."""
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def worker(rank: int, meeting: str) -> None:
    """One process, with its part of the batch."""
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=WORLD)
    loss = nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0, 2.0, 8.0], dtype=torch.float64))
    (all_inputs, all_labels) = batch()
    (inputs, labels) = (all_inputs.chunk(WORLD)[rank], all_labels.chunk(WORLD)[rank])

    model = DistributedDataParallel(network())
    (numerator, denominator) = polyloss.parts(loss)(model(inputs), labels)
    dist.all_reduce(denominator)  # of all processes
    share = numerator / denominator
    (share * WORLD).backward()  # the average over processes of WORLD times a share is the sum of the shares
    total = share.detach()
    dist.all_reduce(total)

    mean = loss(model(inputs), labels).detach()
    dist.all_reduce(mean)
    if rank == 0:
        reference = network()
        whole = loss(reference(all_inputs), all_labels)
        whole.backward()
        print("loss of the whole batch", whole.item())
        print("mean of the means", mean.item() / WORLD)
        print("loss of two processes by parts", total.item())
        print("largest difference of the gradients", (gradient(model) - gradient(reference)).abs().max().item())
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    """Start the processes, which find each other by a file."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(worker, (f"{folder}/meeting",), WORLD)


if __name__ == "__main__":
    main()
