"""Readings of adapters: once each, and never an older over a newer one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.operations import RecordReading
from mimas.ngsi_ld.core.state import Applied, EntityState

ID = "urn:ngsi-ld:Building:1"


def record(state: EntityState | None, now: datetime, value: Any, observed_at: str | None) -> Applied:
    """A reading of the temperature."""
    instance = {"type": "Property", "value": value}
    if observed_at is not None:
        instance["observedAt"] = observed_at
    document = {"id": ID, "type": "Building", "temperature": instance}
    return apply(RecordReading(entity_id=ID, document=document), state, now)


def test_the_first_reading_creates_the_entity(later: datetime) -> None:
    """Created or updated, never blindly."""
    applied = record(None, later, 1, "2025-01-01T00:00:00Z")

    assert (
        applied.created and applied.state is not None and applied.state.document["temperature"]["value"] == 1
    )


def test_the_same_reading_has_the_same_name(later: datetime, state: EntityState) -> None:
    """The name is made of entity, attribute, dataset, observedAt and value, not of the state."""
    first = record(None, later, 1, "2025-01-03T00:00:00Z").history[0].instance_id
    second = record(state, later, 1, "2025-01-03T00:00:00Z").history[0].instance_id

    assert first == second == "urn:ngsi-ld:Instance:" + str(first)[-36:]


@pytest.mark.parametrize(
    ("value", "observed_at"),
    [(2, "2025-01-03T00:00:00Z"), (1, "2025-01-04T00:00:00Z"), (True, "2025-01-03T00:00:00Z")],
)
def test_another_reading_has_another_name(later: datetime, value: Any, observed_at: str) -> None:
    """Another value or another time is another reading."""
    names = {
        record(None, later, *each).history[0].instance_id
        for each in [(1, "2025-01-03T00:00:00Z"), (value, observed_at)]
    }

    assert len(names) == 2


def test_a_newer_reading_becomes_the_current_one(state: EntityState, later: datetime) -> None:
    """What the document does not name stays."""
    after = record(state, later, 30, "2025-01-01T01:00:00Z").state

    assert after is not None and after.document == {
        **state.document,
        "temperature": {"type": "Property", "value": 30, "observedAt": "2025-01-01T01:00:00Z"},
    }


@pytest.mark.parametrize("observed_at", ["2024-12-31T23:00:00Z", "2024-12-31T23:59:59.999Z"])
def test_a_late_reading_is_history_only(state: EntityState, later: datetime, observed_at: str) -> None:
    """An instance older than the stored one leaves the current value alone."""
    applied = record(state, later, 30, observed_at)

    assert applied.state is not None
    assert (applied.state.document, applied.state.modified_at, applied.change, len(applied.history)) == (
        state.document,
        state.modified_at,
        None,
        1,
    )


def test_a_reading_delivered_twice_changes_nothing(state: EntityState, later: datetime) -> None:
    """Its history entry carries the name of the first one, so the store keeps one row."""
    first = record(state, later, 30, "2025-01-01T01:00:00Z")
    second = record(first.state, later, 30, "2025-01-01T01:00:00Z")

    assert first.state is not None and second.state is not None
    assert (second.state.document, second.change, second.history[0].instance_id) == (
        first.state.document,
        None,
        first.history[0].instance_id,
    )


def test_an_equal_reading_without_a_time_is_nothing(later: datetime) -> None:
    """A static attribute repeated with every message fills no history."""
    first = record(None, later, 30, None)

    assert not record(first.state, later, 30, None).changed


def test_a_correction_replaces_the_value(state: EntityState, later: datetime) -> None:
    """Same time, other value: the later message wins."""
    after = record(state, later, 26, "2025-01-01T00:00:00Z").state

    assert after is not None and after.document["temperature"]["value"] == 26


def test_types_are_unioned(state: EntityState, later: datetime) -> None:
    """A reading adds types, it removes none."""
    document = {"id": ID, "type": "Device"}
    after = apply(RecordReading(entity_id=ID, document=document), state, later).state

    assert after is not None and after.document["type"] == ["Building", "Device"]
