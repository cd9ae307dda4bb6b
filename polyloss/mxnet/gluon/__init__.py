"""Dialects of Gluon: `polyloss.mxnet.gluon.loss`."""

from polyloss.mxnet.gluon import loss as loss
