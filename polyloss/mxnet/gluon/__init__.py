"""Dialects of Gluon."""
