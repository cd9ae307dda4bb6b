"""Dialects of PyTorch: `polyloss.torch.nn` and `polyloss.torch.nn.functional`."""

from polyloss.torch import nn as nn
