"""Create, replace, upsert and delete (CIM 009 5.6.1, 5.6.6, 5.6.8, 5.6.18)."""

from __future__ import annotations

from datetime import datetime

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import AlreadyExists, ResourceNotFound
from mimas.ngsi_ld.core.operations import CreateEntity, DeleteEntity, ReplaceEntity, UpsertEntity
from mimas.ngsi_ld.core.query.type_selection import TypeSelection
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:Building:1"


def test_a_new_entity_needs_no_times(document: Document, created_at: datetime) -> None:
    """What is as old as its entity has no times of its own."""
    applied = apply(CreateEntity(entity_id=ID, document=document), None, created_at)

    assert (applied.state, applied.created) == (
        EntityState(document, created_at, created_at, {}, 1735689600000000),
        True,
    )


def test_create_writes_a_history_entry_for_each_instance_and_the_scope(
    document: Document, created_at: datetime
) -> None:
    """One entry per written attribute instance; scope is one too (4.5.6)."""
    applied = apply(CreateEntity(entity_id=ID, document=document), None, created_at)

    assert sorted((each.attribute, each.dataset_id) for each in applied.history) == [
        ("address", ""),
        ("name", ""),
        ("power", ""),
        ("scope", ""),
        ("speed", ""),
        ("speed", "urn:ngsi-ld:Dataset:gps"),
        ("temperature", ""),
    ]


def test_every_attribute_of_a_new_entity_was_created(document: Document, created_at: datetime) -> None:
    """The change of a create names every instance as created."""
    applied = apply(CreateEntity(entity_id=ID, document=document), None, created_at)

    assert applied.change is not None and set(applied.change.attributes.values()) == {"created"}


def test_create_refuses_what_is_there(state: EntityState, document: Document, later: datetime) -> None:
    """An entity with this id: AlreadyExists (5.6.1.4)."""
    with pytest.raises(AlreadyExists):
        apply(CreateEntity(entity_id=ID, document=document), state, later)


def test_replace_keeps_created_at(state: EntityState, later: datetime) -> None:
    """The content is replaced, createdAt stays (5.6.18)."""
    body = {"id": ID, "type": "School", "power": {"type": "Property", "value": 8}}
    after = apply(ReplaceEntity(entity_id=ID, document=body), state, later).state

    assert after == EntityState(
        body, state.created_at, later, {"power": {"": {"m": "2025-01-02T00:00:00Z"}}}, state.version + 1
    )


def test_replace_buries_what_is_gone(state: EntityState, later: datetime) -> None:
    """Attributes the body does not have leave tombstones."""
    body = {"id": ID, "type": "Building", "power": {"type": "Property", "value": 7}}
    history = apply(ReplaceEntity(entity_id=ID, document=body), state, later).history

    assert sorted((each.attribute, each.deleted_at is None) for each in history) == [
        ("address", False),
        ("name", False),
        ("power", True),
        ("scope", False),
        ("speed", False),
        ("speed", False),
        ("temperature", False),
    ]


def test_replace_names_the_effect_on_every_attribute(state: EntityState, later: datetime) -> None:
    """An equal instance is no change (5.8.6)."""
    body = {
        **{name: state.document[name] for name in ("id", "type", "scope", "name", "address")},
        "temperature": {"type": "Property", "value": 1},
        "speed": {"type": "Property", "value": 1},
        "floors": {"type": "Property", "value": 3},
    }
    change = apply(ReplaceEntity(entity_id=ID, document=body), state, later).change

    assert change is not None and change.attributes == {
        ("power", ""): "deleted",
        ("speed", "urn:ngsi-ld:Dataset:gps"): "deleted",
        ("temperature", ""): "updated",
        ("floors", ""): "created",
    }


def test_upsert_creates(document: Document, later: datetime) -> None:
    """Upsert of an unknown entity creates it (5.6.8)."""
    assert apply(UpsertEntity(entity_id=ID, document=document), None, later).created


def test_upsert_in_replace_mode_loses_attributes_and_types(state: EntityState, later: datetime) -> None:
    """Replace mode is Replace Entity (5.6.8, 4.16)."""
    body = {"id": ID, "type": "School"}
    after = apply(UpsertEntity(entity_id=ID, document=body), state, later).state

    assert after is not None and after.document == body


def test_upsert_in_update_mode_keeps_attributes_and_types(state: EntityState, later: datetime) -> None:
    """Update mode is Update Attributes (5.6.8)."""
    body = {"id": ID, "type": "School", "power": {"type": "Property", "value": 8}}
    after = apply(UpsertEntity(entity_id=ID, document=body, update=True), state, later).state

    assert after is not None and after.document == {
        **state.document,
        "type": ["Building", "School"],
        "power": {"type": "Property", "value": 8},
    }


def test_delete_leaves_nothing_but_the_last_state(state: EntityState, later: datetime) -> None:
    """The entity is gone; the change still holds what it was."""
    applied = apply(DeleteEntity(entity_id=ID), state, later)

    assert applied.state is None and applied.change is not None
    assert (applied.change.before, applied.change.after) == (state, None)


def test_delete_ends_the_history_of_every_attribute(state: EntityState, later: datetime) -> None:
    """Every instance gets a tombstone in the shape of its kind (4.5.7)."""
    history = apply(DeleteEntity(entity_id=ID), state, later).history
    tombstones = {
        (each.attribute, each.dataset_id): each.instance for each in history if each.deleted_at == later
    }

    assert (len(tombstones), tombstones["name", ""], tombstones["speed", "urn:ngsi-ld:Dataset:gps"]) == (
        7,
        {"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"}},
        {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:ngsi-ld:Dataset:gps"},
    )


@pytest.mark.parametrize("operation", [DeleteEntity(entity_id=ID), ReplaceEntity(entity_id=ID, document={})])
def test_what_needs_an_entity_says_when_there_is_none(operation: DeleteEntity, later: datetime) -> None:
    """ResourceNotFound for an unknown entity."""
    with pytest.raises(ResourceNotFound):
        apply(operation, None, later)


@pytest.mark.parametrize(
    ("alternatives", "found"),
    [
        ([{"Building"}], True),
        ([{"School"}, {"Building"}], True),
        ([{"School"}], False),
        ([{"Building", "School"}], False),
    ],
)
def test_a_type_selection_narrows_the_target(
    state: EntityState, later: datetime, alternatives: list[set[str]], found: bool
) -> None:
    """Another type is another target: 404."""
    selection = TypeSelection(tuple(frozenset(each) for each in alternatives))
    outcome: object
    try:
        outcome = apply(DeleteEntity(entity_id=ID, types=selection), state, later).state
    except ResourceNotFound:
        outcome = ResourceNotFound

    assert (outcome is None) is found
