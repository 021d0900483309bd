"""The shipped mappings for records with geometry fit their Smart Data Models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.adapters.mapping import load_mapping, shipped_mappings
from mimas.adapters.messages import Message
from mimas.ngsi_ld.models import check

NAMES = ("buildings-geodata", "parking-features", "ruian")
SAMPLES = [
    pytest.param(name, case["payload"], id=f"{name}: {case['name']}")
    for name in NAMES
    for case in load_mapping(shipped_mappings()[name]).declaration["tests"]
    if "expect" in case
]


@pytest.mark.parametrize(("name", "payload"), SAMPLES)
def test_what_becomes_of_the_samples_fits_its_model(name: str, payload: Any) -> None:
    """No attribute is missing, unknown or of another kind."""
    mapping = load_mapping(shipped_mappings()[name]).mapping
    mapped = mapping.map(Message(name, "test", b"", datetime(2100, 1, 1, tzinfo=UTC), record=payload))
    documents = [document for record in mapped.records for document in record.documents]
    findings = [each for document in documents for each in check(document, "reject")]

    assert documents != []
    # `license` is of the provenance: it stands beside what a model knows.
    assert [str(each) for each in findings if each.attribute != "license"] == []
