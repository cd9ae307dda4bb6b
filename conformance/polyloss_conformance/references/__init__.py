"""Independent references: what a loss has to give, from no line of code that polyloss shares."""
