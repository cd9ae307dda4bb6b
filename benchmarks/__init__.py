"""Time and memory of the losses against what a user would take instead: `python -m benchmarks --help`."""
