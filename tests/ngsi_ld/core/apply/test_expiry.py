"""Transient entities, attributes and sub-attributes (CIM 009 4.22)."""

from __future__ import annotations

from datetime import datetime

import pytest

from mimas.ngsi_ld.core.apply import apply, drop_expired, earliest_expiry
from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.operations import CreateEntity, DeleteEntity
from mimas.ngsi_ld.core.state import Document, EntityState

PAST, FUTURE = "2025-01-01T12:00:00Z", "2025-01-03T00:00:00Z"
ONE: Document = {"type": "Property", "value": 1}


@pytest.mark.parametrize(
    ("attributes", "left"),
    [
        ({"a": ONE}, {"a": ONE}),
        ({"a": {**ONE, "expiresAt": PAST}, "b": ONE}, {"b": ONE}),
        ({"a": {**ONE, "expiresAt": FUTURE}}, {"a": {**ONE, "expiresAt": FUTURE}}),
        ({"a": {**ONE, "sub": {**ONE, "expiresAt": PAST}}}, {"a": ONE}),
        (
            {"a": {**ONE, "sub": [ONE, {**ONE, "datasetId": "urn:d:1", "expiresAt": PAST}]}},
            {"a": {**ONE, "sub": ONE}},
        ),
        ({"a": [ONE, {**ONE, "datasetId": "urn:d:1", "expiresAt": PAST}]}, {"a": ONE}),
        (
            {"a": {"type": "Property", "value": {"expiresAt": PAST}}},
            {"a": {"type": "Property", "value": {"expiresAt": PAST}}},
        ),
    ],
)
def test_expired_parts_are_gone(
    created_at: datetime, later: datetime, attributes: Document, left: Document
) -> None:
    """Instances and sub-attributes go when their time is over; values are not looked into."""
    state = drop_expired(
        EntityState({"id": "urn:a:b", "type": "T", **attributes}, created_at, created_at), later
    )

    assert state is not None and state.document == {"id": "urn:a:b", "type": "T", **left}


def test_an_expired_entity_is_gone(created_at: datetime, later: datetime) -> None:
    """expiresAt of the entity ends all of it."""
    state = EntityState({"id": "urn:a:b", "type": "T", "expiresAt": PAST}, created_at, created_at)

    assert drop_expired(state, later) is None


def test_a_state_with_nothing_expired_is_itself(state: EntityState, later: datetime) -> None:
    """No copy is made for the common case."""
    assert drop_expired(state, later) is state


def test_the_earliest_expiry_is_found_at_any_depth() -> None:
    """Entity, attribute or sub-attribute, whatever comes first."""
    sub = {**ONE, "sub": {**ONE, "expiresAt": PAST}}
    document = {"id": "urn:a:b", "type": "T", "expiresAt": FUTURE, "a": sub}

    assert earliest_expiry(document) == datetime.fromisoformat(PAST)


def test_an_expired_entity_cannot_be_written_to(created_at: datetime, later: datetime) -> None:
    """What has expired is not there, also before it is reaped."""
    state = EntityState({"id": "urn:a:b", "type": "T", "expiresAt": PAST}, created_at, created_at)

    with pytest.raises(ResourceNotFound):
        apply(DeleteEntity(entity_id="urn:a:b"), state, later)


def test_an_expired_entity_can_be_created_anew(created_at: datetime, later: datetime) -> None:
    """The version goes on from that of the row that is still there."""
    state = EntityState({"id": "urn:a:b", "type": "T", "expiresAt": PAST}, created_at, created_at, {}, 7)
    document = {"id": "urn:a:b", "type": "T"}
    applied = apply(CreateEntity(entity_id="urn:a:b", document=document), state, later)

    assert applied.created and applied.state == EntityState(document, later, later, {}, 8)
