"""The loss modules of `polyloss.torch.nn`, by family."""
