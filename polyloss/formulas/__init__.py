"""The maths of each loss, once: pure functions on an op set, unreduced."""
