"""What the tests of apply share: three moments and an entity."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.operations import CreateEntity
from mimas.ngsi_ld.core.state import Document, EntityState


@pytest.fixture
def document() -> Document:
    """An entity with a plain attribute, one with sub-attributes, and one with two instances."""
    return {
        "id": "urn:ngsi-ld:Building:1",
        "type": "Building",
        "scope": "/Kladno",
        "temperature": {
            "type": "Property",
            "value": 25,
            "unitCode": "CEL",
            "observedAt": "2025-01-01T00:00:00Z",
        },
        "power": {
            "type": "Property",
            "value": 7,
            "accuracy": {"type": "Property", "value": 0.1},
            "provider": {"type": "Relationship", "object": "urn:ngsi-ld:Org:1"},
        },
        "speed": [
            {"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:Dataset:gps"},
        ],
        "name": {"type": "LanguageProperty", "languageMap": {"cs": "Škola", "en": "School"}},
        "address": {"type": "Property", "value": {"street": "Dlouhá", "city": "Kladno", "country": "CZ"}},
    }


@pytest.fixture
def created_at() -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def later() -> datetime:
    return datetime(2025, 1, 2, tzinfo=UTC)


@pytest.fixture
def state(document: Document, created_at: datetime) -> EntityState:
    applied = apply(CreateEntity(entity_id=document["id"], document=document), None, created_at)
    assert applied.state is not None
    return applied.state
