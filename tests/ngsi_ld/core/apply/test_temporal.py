"""Temporal provision on one store (CIM 009 5.6.11, 5.6.12, 4.5.6)."""

from __future__ import annotations

from datetime import datetime

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.operations import AppendTemporal, UpsertTemporal
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:Building:1"


def reading(value: int, hour: int, **members: str) -> Document:
    """A temperature observed on the first day."""
    return {"type": "Property", "value": value, "observedAt": f"2025-01-01T{hour:02}:00:00Z", **members}


def test_a_new_evolution_makes_an_entity_of_its_newest_instances(later: datetime) -> None:
    """Current and temporal state are one write."""
    document = {"id": ID, "type": "Building", "temperature": [reading(1, 1), reading(3, 3), reading(2, 2)]}
    applied = apply(UpsertTemporal(entity_id=ID, document=document), None, later)

    assert applied.created and applied.state is not None
    assert (applied.state.document["temperature"], len(applied.history)) == (reading(3, 3), 3)


def test_every_dataset_has_its_newest_instance(later: datetime) -> None:
    """Instances of one dataset never hide those of another (4.5.5)."""
    gps = "urn:ngsi-ld:Dataset:gps"
    instances = [reading(1, 1), reading(2, 2, datasetId=gps), reading(3, 1, datasetId=gps)]
    document = {"id": ID, "type": "Building", "temperature": instances}
    state = apply(UpsertTemporal(entity_id=ID, document=document), None, later).state

    assert state is not None and state.document["temperature"] == instances[:2]


@pytest.mark.parametrize(("hour", "current"), [(1, 30), (0, 30)])
def test_a_newer_instance_becomes_the_current_one(
    state: EntityState, later: datetime, hour: int, current: int
) -> None:
    """An instance that is not older than the current one takes its place."""
    fragment = {"temperature": [reading(30, hour)]}
    after = apply(AppendTemporal(entity_id=ID, fragment=fragment), state, later).state

    assert after is not None and after.document["temperature"]["value"] == current


def test_an_older_instance_is_history_only(state: EntityState, later: datetime) -> None:
    """Adding to the past leaves the present alone."""
    old = {"type": "Property", "value": 3, "observedAt": "2020-01-01T00:00:00Z"}
    applied = apply(AppendTemporal(entity_id=ID, fragment={"temperature": [old]}), state, later)

    assert applied.state is not None
    assert (applied.state.document, [each.instance for each in applied.history]) == (state.document, [old])


def test_upsert_adds_to_what_is_there_and_unions_types(state: EntityState, later: datetime) -> None:
    """The instances are added, types are unioned, nothing is created (5.6.11)."""
    document = {"id": ID, "type": "School", "temperature": [reading(30, 1)]}
    applied = apply(UpsertTemporal(entity_id=ID, document=document), state, later)

    assert applied.state is not None
    assert (applied.created, applied.state.document["type"]) == (False, ["Building", "School"])


@pytest.mark.parametrize(
    ("scope", "current"),
    [
        ("/A", "/A"),
        (["/A", "/B"], ["/A", "/B"]),
        (
            [
                {"type": "Property", "value": "/A", "observedAt": "2025-01-01T02:00:00Z"},
                {"type": "Property", "value": "/B", "observedAt": "2025-01-01T01:00:00Z"},
            ],
            "/A",
        ),
    ],
)
def test_a_scope_is_plain_or_a_property_over_time(later: datetime, scope: object, current: object) -> None:
    """Both forms are accepted; the newest value is the current one (4.5.6)."""
    document = {"id": ID, "type": "Building", "scope": scope}
    state = apply(UpsertTemporal(entity_id=ID, document=document), None, later).state

    assert state is not None and state.document["scope"] == current


def test_append_needs_an_entity(later: datetime) -> None:
    """Unknown entity: ResourceNotFound (5.6.12)."""
    with pytest.raises(ResourceNotFound):
        apply(AppendTemporal(entity_id=ID, fragment={}), None, later)
