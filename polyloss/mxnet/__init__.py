"""Dialects of MXNet: `polyloss.mxnet.gluon`."""

from polyloss.mxnet import gluon as gluon
