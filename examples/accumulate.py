"""Gradient accumulation whose gradient is that of the whole batch, though its pieces count differently.

Labels are ignored and classes weighted, so the mean over a micro-batch divides by what happens to be in it: a mean of such means weighs
a label by its neighbours. The denominator depends on the labels alone, and they are known before the first forward pass.
"""

import torch

import polyloss
import polyloss.torch.nn as nn

torch.manual_seed(0)
generator = torch.Generator().manual_seed(0)
inputs = torch.randn(12, 5, generator=generator, dtype=torch.float64)
labels = torch.randint(4, (12,), generator=generator)
labels[:3] = -100  # ignored, all of them in the first micro-batch
model = torch.nn.Linear(5, 4, dtype=torch.float64)
loss = nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0, 2.0, 8.0], dtype=torch.float64))


def gradient() -> torch.Tensor:
    """The gradient of all parameters, which is then cleared."""
    found = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
    model.zero_grad()
    return found


whole = loss(model(inputs), labels)
whole.backward()
expected = gradient()

micro_batches = list(zip(inputs.split(4), labels.split(4), strict=True))
denominator = sum(polyloss.parts(loss)(torch.zeros(len(y), 4, dtype=torch.float64), y)[1] for _, y in micro_batches)
accumulated = 0.0
for x, y in micro_batches:
    (numerator, _) = polyloss.parts(loss)(model(x), y)
    (numerator / denominator).backward()
    accumulated += (numerator / denominator).item()
difference = (gradient() - expected).abs().max()

naive = sum(loss(model(x), y).item() for x, y in micro_batches) / len(micro_batches)
print("loss of the whole batch", whole.item())
print("mean of the means", naive)
print("loss of the micro-batches by parts", accumulated)
print("largest difference of the gradients", difference.item())
