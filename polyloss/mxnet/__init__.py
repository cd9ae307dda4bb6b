"""Dialects of MXNet."""
