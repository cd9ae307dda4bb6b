"""Deliberately wrong losses with parameters must be caught by their cases."""

import pytest

from polyloss.formulas import adaptive
from polyloss.torch.nn.functional import linear_cross_entropy

from .test_sabotage import FRAMEWORK, function, judged, op, op_set, without
