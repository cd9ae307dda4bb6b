"""Cases, references, comparators and the runner that prove every backend against native losses and documented formulas."""
