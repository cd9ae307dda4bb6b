"""The backends that polyloss ships: NumPy, PyTorch, TensorFlow, JAX and MXNet."""
