"""`keras` of Keras 3.15: `losses`, on the tensors of any backend."""

from __future__ import annotations

from polyloss.keras import losses as losses

__all__ = ["losses"]
