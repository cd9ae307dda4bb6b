"""The ledger: every discrepancy is measured again, and is as recorded."""

import re

import pytest
from polyloss_conformance.deviations.zoo import FINDINGS
from polyloss_conformance.references.zoo import REFERENCES


@pytest.mark.parametrize("found", FINDINGS, ids=lambda found: found.id)
def test_holds(found):
    record = found.record()
    assert record["holds"], record["numbers"]
    assert record["loss"] in REFERENCES
    assert all(len(set(row.values())) == len(row) for row in record["numbers"]), "both sides print the same"


def test_ids_are_distinct():
    assert len({found.id for found in FINDINGS}) == len(FINDINGS)


def test_every_row_of_the_ledger_is_recorded():
    found = {match[1] for one in FINDINGS if (match := re.match(r"zoo-([LX]\d+)-", one.id))}
    assert found == {*(f"L{row}" for row in range(1, 38)), "X1", "X2", "X3"}


def test_a_module_without_its_forward_raises_in_pytorch_too():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the modules are its")

    class Loss(torch.nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="forward"):
        Loss()(torch.zeros(1))
