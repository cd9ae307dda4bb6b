"""The ledger: every discrepancy is measured again, and is as recorded."""

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
