"""The status of a cell whose loss declares what it does not support."""

import pytest
from polyloss_conformance import dialects
from polyloss_conformance.execute import Executor
from polyloss_conformance.reference_worker import formula

from polyloss import dispatch


@pytest.mark.parametrize("mode", ["eager", "composed", "aot_eager"])
def test_declared_unsupported(mode):
    """Also where a compiler wraps the error of the loss in its own."""
    pytest.importorskip("torch")
    case = dialects.cases_of("torch")["torch/NLLLoss/int32-3x4-weight/float32/ordinary"]
    record = {"id": case.id, "references": {"formula": formula(case)}}
    cell = Executor(dispatch.backend("torch")).cell(case, mode, record)
    assert cell["status"] == "unsupported"
    assert "target has dtype int32; accepted are class numbers in int64, uint8" in cell["message"]
