"""Entities in notifications (CIM 009 5.8.6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.operations import DeleteAttribute, DeleteEntity, Operation, UpdateAttributes
from mimas.ngsi_ld.core.represent import Representation, represent_change, represent_deletion
from mimas.ngsi_ld.core.state import Change, Document, EntityState

THEN, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
CORE = TermMap()
NULL, GPS = "urn:ngsi-ld:null", "urn:ngsi-ld:Dataset:gps"
BEFORE: Document = {
    "id": "urn:a:b",
    "type": "T",
    "power": {"type": "Property", "value": 7},
    "name": {"type": "LanguageProperty", "languageMap": {"en": "School"}},
    "speed": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": GPS}],
}


def change(operation: Operation) -> Change:
    """What an operation changes."""
    made = apply(operation, EntityState(BEFORE, THEN, THEN), NOW).change
    assert made is not None
    return made


def updated(fragment: Document, how: dict[str, Any] | None = None, **options: Any) -> Document:
    """The entity after an update, as notified."""
    made = change(UpdateAttributes(entity_id="urn:a:b", fragment=fragment))
    return represent_change(made, Representation(**(how or {})), CORE, **options)


@pytest.mark.parametrize(
    ("how", "options", "expected"),
    [
        pytest.param({}, {"bare_null": True}, NULL, id="bare by 5.8.6"),
        pytest.param({"format": "concise"}, {}, NULL, id="bare, concise"),
        pytest.param({"format": "simplified"}, {}, NULL, id="bare, simplified"),
        pytest.param({}, {}, {"type": "Property", "value": NULL}, id="an object by 5.5.4"),
        pytest.param(
            {},
            {"show_changes": True},
            {"type": "Property", "value": NULL, "previousValue": 7},
            id="showChanges",
        ),
        pytest.param(
            {"format": "concise"},
            {"show_changes": True},
            {"value": NULL, "previousValue": 7},
            id="showChanges, concise",
        ),
        pytest.param(
            {"sys_attrs": True},
            {},
            {
                "type": "Property",
                "value": NULL,
                "createdAt": "2025-01-01T00:00:00Z",
                "modifiedAt": "2025-01-01T00:00:00Z",
                "deletedAt": "2025-01-02T00:00:00Z",
            },
            id="sysAttrs",
        ),
    ],
)
def test_a_deleted_attribute(how: dict[str, Any], options: dict[str, Any], expected: Any) -> None:
    """The bare null, or an object where more has to be told (5.8.6)."""
    assert updated({"power": NULL}, how, **options)["power"] == expected


def test_a_deleted_instance_names_its_dataset() -> None:
    """A datasetId needs the object form; the instances that are left stand beside it."""
    assert updated({"speed": {"value": NULL, "datasetId": GPS}})["speed"] == [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": NULL, "datasetId": GPS},
    ]


@pytest.mark.parametrize(
    ("fragment", "how", "expected"),
    [
        ({"value": NULL, "datasetId": GPS}, {}, {"dataset": {"@none": 1, GPS: NULL}}),
        ({"value": NULL}, {}, {"dataset": {GPS: 2, "@none": NULL}}),
        ({"value": NULL}, {"dataset_ids": frozenset({GPS})}, 2),
        ({"value": NULL, "datasetId": GPS}, {"dataset_ids": frozenset({GPS})}, NULL),
    ],
)
def test_a_deleted_instance_simplified(fragment: Document, how: dict[str, Any], expected: Any) -> None:
    """It stands as a null under its dataset, beside what is left (4.5.4)."""
    assert updated({"speed": fragment}, {"format": "simplified"} | how)["speed"] == expected


def test_an_attribute_without_any_instance_left_is_one_null() -> None:
    """When all its instances are deleted no dataset has to be told apart."""
    gone = change(DeleteAttribute(entity_id="urn:a:b", attribute="speed", delete_all=True))

    assert represent_change(gone, Representation(), CORE)["speed"] == {
        "type": "Property",
        "value": NULL,
    }


def test_a_deleted_language_property() -> None:
    """Its null is a languageMap with `@none` (5.8.6)."""
    assert updated({"name": NULL}, show_changes=True)["name"] == {
        "type": "LanguageProperty",
        "languageMap": {"@none": NULL},
        "previousLanguageMap": {"en": "School"},
    }


@pytest.mark.parametrize(
    ("fragment", "form", "expected"),
    [
        (
            {"power": {"type": "Property", "value": 8}},
            "normalized",
            {"type": "Property", "value": 8, "previousValue": 7},
        ),
        ({"power": {"type": "Property", "value": 8}}, "concise", {"value": 8, "previousValue": 7}),
        ({"power": {"type": "Property", "value": 7}}, "normalized", {"type": "Property", "value": 7}),
    ],
)
def test_previous_values(fragment: Document, form: str, expected: Document) -> None:
    """showChanges tells what was there where something changed."""
    assert updated(fragment, {"format": form}, show_changes=True)["power"] == expected


def test_no_previous_value_of_what_is_new() -> None:
    """Never for creations."""
    floors = {"type": "Property", "value": 3}

    assert updated({"floors": floors}, show_changes=True)["floors"] == floors


def test_deleted_attributes_follow_the_projection() -> None:
    """What is not asked for is not told, deleted or not."""
    assert updated({"power": NULL}, {"pick": frozenset({"id"})}) == {"id": "urn:a:b"}


def deleted(how: dict[str, Any], **options: Any) -> Document:
    """The entity after its deletion, as notified."""
    return represent_deletion(
        change(DeleteEntity(entity_id="urn:a:b")), Representation(**how), CORE, NOW, **options
    )


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ({}, {}),
        ({"sys_attrs": True}, {"createdAt": "2025-01-01T00:00:00Z", "modifiedAt": "2025-01-01T00:00:00Z"}),
    ],
)
def test_a_deleted_entity(how: dict[str, Any], more: Document) -> None:
    """deletedAt alone, createdAt and modifiedAt with sysAttrs (5.8.6)."""
    assert deleted(how) == {"id": "urn:a:b", "type": "T", "deletedAt": "2025-01-02T00:00:00Z", **more}


def test_a_deleted_entity_with_its_changes() -> None:
    """showChanges tells every attribute as a null with what it was."""
    assert deleted({}, show_changes=True) == {
        "id": "urn:a:b",
        "type": "T",
        "deletedAt": "2025-01-02T00:00:00Z",
        "power": {"type": "Property", "value": NULL, "previousValue": 7},
        "name": {
            "type": "LanguageProperty",
            "languageMap": {"@none": NULL},
            "previousLanguageMap": {"en": "School"},
        },
        "speed": [
            {"type": "Property", "value": NULL, "previousValue": 1},
            {"type": "Property", "value": NULL, "datasetId": GPS, "previousValue": 2},
        ],
    }
