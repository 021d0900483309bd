"""Append, update, replace and delete attributes, purge (CIM 009 5.6.2, 5.6.3, 5.6.5, 5.6.19, 5.6.21)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import BadRequestData, ResourceNotFound
from mimas.ngsi_ld.core.operations import (
    AppendAttributes,
    DeleteAttribute,
    PurgeAttributes,
    ReplaceAttribute,
    UpdateAttributes,
)
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:Building:1"
GPS = "urn:ngsi-ld:Dataset:gps"
NULL = "urn:ngsi-ld:null"
ONE: Document = {"type": "Property", "value": 1}


def after(operation: Any, state: EntityState, now: datetime) -> Document:
    """The document after an operation."""
    applied = apply(operation, state, now)
    assert applied.state is not None
    return applied.state.document


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param({"floors": ONE}, {"floors": ONE}, id="absent: added"),
        pytest.param({"power": ONE}, {"power": ONE}, id="present: replaced as a whole"),
        pytest.param({"type": ["School", "Building"]}, {"type": ["Building", "School"]}, id="types: unioned"),
        pytest.param({"scope": ["/A", "/B"]}, {"scope": ["/A", "/B"]}, id="scope: replaced"),
        pytest.param(
            {"power": {**ONE, "datasetId": GPS}},
            {"power": [None, {**ONE, "datasetId": GPS}]},
            id="another dataset: another instance",
        ),
        pytest.param(
            {"speed": {**ONE, "datasetId": GPS}}, {"speed": [None, {**ONE, "datasetId": GPS}]}, id="a dataset"
        ),
        pytest.param(
            {"expiresAt": "2030-01-01T00:00:00Z"}, {"expiresAt": "2030-01-01T00:00:00Z"}, id="expiresAt"
        ),
    ],
)
def test_append(state: EntityState, later: datetime, fragment: Document, expected: Document) -> None:
    """Each instance is added or takes the place of the one of its dataset (5.6.3)."""
    for name, value in expected.items():
        if isinstance(value, list) and value[0] is None:
            before = state.document[name]
            value[0] = before[0] if isinstance(before, list) else before

    assert after(AppendAttributes(entity_id=ID, fragment=fragment), state, later) == {
        **state.document,
        **expected,
    }


def test_append_without_overwrite_leaves_what_is_there(state: EntityState, later: datetime) -> None:
    """Present instances stay and are told as not updated (5.6.3)."""
    fragment = {"power": ONE, "floors": ONE}
    applied = apply(AppendAttributes(entity_id=ID, fragment=fragment, overwrite=False), state, later)

    assert applied.state is not None
    assert (applied.state.document, applied.updated, list(applied.not_updated)) == (
        {**state.document, "floors": ONE},
        ["floors"],
        ["power"],
    )


def test_append_without_overwrite_adds_scopes(state: EntityState, later: datetime) -> None:
    """Scopes that are not there yet are appended (5.6.3)."""
    operation = AppendAttributes(entity_id=ID, fragment={"scope": ["/Kladno", "/B"]}, overwrite=False)

    assert after(operation, state, later)["scope"] == ["/Kladno", "/B"]


def test_nothing_appended_is_nothing_to_write(state: EntityState, later: datetime) -> None:
    """When every instance was there already the entity stays as it is."""
    applied = apply(AppendAttributes(entity_id=ID, fragment={"power": ONE}, overwrite=False), state, later)

    assert not applied.changed


def test_a_replaced_attribute_keeps_created_at(state: EntityState, later: datetime) -> None:
    """createdAt of a replaced attribute remains unchanged, modifiedAt is now (5.6.3)."""
    applied = apply(
        AppendAttributes(entity_id=ID, fragment={"temperature": ONE, "floors": ONE}), state, later
    )

    assert applied.state is not None and applied.state.times == {
        "temperature": {"": {"m": "2025-01-02T00:00:00Z"}},
        "floors": {"": {"c": "2025-01-02T00:00:00Z"}},
    }


def test_sub_attributes_have_times_of_their_own(state: EntityState, later: datetime) -> None:
    """A replaced sub-attribute is modified, a new one created."""
    power = {**ONE, "accuracy": ONE, "method": {**ONE, "source": ONE}}
    applied = apply(AppendAttributes(entity_id=ID, fragment={"power": power}), state, later)
    now = "2025-01-02T00:00:00Z"

    assert applied.state is not None and applied.state.times["power"][""] == {
        "m": now,
        "s": {"accuracy": {"": {"m": now}}, "method": {"": {"c": now, "s": {"source": {"": {"c": now}}}}}},
    }


def test_an_equal_value_is_written_but_is_no_change(state: EntityState, later: datetime) -> None:
    """modifiedAt and the history follow every write; subscriptions see different values only (5.8.6)."""
    fragment = {"power": state.document["power"]}
    applied = apply(AppendAttributes(entity_id=ID, fragment=fragment), state, later)

    assert applied.state is not None and applied.change is not None
    assert (applied.state.modified_at, len(applied.history), applied.change.attributes) == (later, 1, {})


def test_true_is_not_one(state: EntityState, later: datetime) -> None:
    """Booleans and numbers are different values."""
    speed = {"type": "Property", "value": True}
    change = apply(AppendAttributes(entity_id=ID, fragment={"speed": speed}), state, later).change

    assert change is not None and change.attributes == {("speed", ""): "updated"}


def test_expires_at_alone_makes_no_history(state: EntityState, later: datetime) -> None:
    """Changing expiresAt alone appends no history (4.22)."""
    power = {**state.document["power"], "expiresAt": "2030-01-01T00:00:00Z"}

    assert apply(AppendAttributes(entity_id=ID, fragment={"power": power}), state, later).history == []


@pytest.mark.parametrize(
    ("fragment", "gone", "expected"),
    [
        pytest.param({"power": ONE}, [], {"power": ONE}, id="replaced as a whole"),
        pytest.param({"floors": ONE}, [], {"floors": ONE}, id="absent: appended"),
        pytest.param({"power": NULL}, ["power"], {}, id="bare null"),
        pytest.param({"power": {"type": "Property", "value": NULL}}, ["power"], {}, id="null as value"),
        pytest.param(
            {"name": {"type": "LanguageProperty", "languageMap": {"@none": NULL}}},
            ["name"],
            {},
            id="languageMap",
        ),
        pytest.param({"floors": NULL}, [], {}, id="null for what is not there"),
        pytest.param(
            {"speed": {"value": NULL, "datasetId": GPS}}, [], {"speed": ONE}, id="null for a dataset"
        ),
        pytest.param(
            {"speed": NULL}, [], {"speed": {"type": "Property", "value": 2, "datasetId": GPS}}, id="default"
        ),
        pytest.param({"scope": "/B"}, [], {"scope": "/B"}, id="scope that is there"),
        pytest.param({"scope": NULL}, ["scope"], {}, id="scope null"),
        pytest.param({"type": "School"}, [], {"type": ["Building", "School"]}, id="types"),
    ],
)
def test_update(
    state: EntityState, later: datetime, fragment: Document, gone: list[str], expected: Document
) -> None:
    """Instances are replaced as a whole or appended, a null deletes (5.6.2)."""
    kept = {name: value for name, value in state.document.items() if name not in gone}

    assert after(UpdateAttributes(entity_id=ID, fragment=fragment), state, later) == {**kept, **expected}


def test_update_ignores_a_scope_where_none_is(state: EntityState, later: datetime) -> None:
    """Scope is replaced only if the entity has one, and the answer says so (5.6.2)."""
    bare = after(DeleteAttribute(entity_id=ID, attribute="scope"), state, later)
    without = EntityState(bare, state.created_at, later)
    applied = apply(UpdateAttributes(entity_id=ID, fragment={"scope": "/B"}), without, later)

    assert (applied.changed, list(applied.not_updated)) == (False, ["scope"])


def test_a_scope_change_is_history_with_observed_at(state: EntityState, later: datetime) -> None:
    """observedAt of a scope is a copy of its modifiedAt (4.5.6)."""
    (entry,) = apply(UpdateAttributes(entity_id=ID, fragment={"scope": "/B"}), state, later).history

    assert (entry.attribute, entry.instance, entry.observed_at) == (
        "scope",
        {"type": "Property", "value": "/B"},
        later,
    )


def test_replace_attribute(state: EntityState, later: datetime) -> None:
    """Exactly the addressed instance is replaced (5.6.19)."""
    instance = {"type": "Property", "value": 9, "datasetId": GPS}

    assert after(ReplaceAttribute(entity_id=ID, attribute="speed", instance=instance), state, later)[
        "speed"
    ] == [
        ONE,
        instance,
    ]


@pytest.mark.parametrize(
    ("attribute", "instance", "error"),
    [
        ("floors", ONE, ResourceNotFound),
        ("power", {**ONE, "datasetId": GPS}, ResourceNotFound),
        ("scope", ONE, BadRequestData),
    ],
)
def test_replace_attribute_refuses(
    state: EntityState, later: datetime, attribute: str, instance: Document, error: type[Exception]
) -> None:
    """What is not there cannot be replaced, and scope is not an attribute (5.6.19)."""
    with pytest.raises(error):
        apply(ReplaceAttribute(entity_id=ID, attribute=attribute, instance=instance), state, later)


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        pytest.param(DeleteAttribute(entity_id=ID, attribute="power"), None, id="default"),
        pytest.param(DeleteAttribute(entity_id=ID, attribute="speed", dataset_id=GPS), ONE, id="a dataset"),
        pytest.param(DeleteAttribute(entity_id=ID, attribute="speed", delete_all=True), None, id="all"),
        pytest.param(DeleteAttribute(entity_id=ID, attribute="scope"), None, id="scope"),
    ],
)
def test_delete_attribute(
    state: EntityState, later: datetime, operation: DeleteAttribute, left: Document | None
) -> None:
    """The default instance, one dataset's, or all of them; scope too (5.6.5)."""
    assert after(operation, state, later).get(operation.attribute) == left


@pytest.mark.parametrize(
    "operation",
    [
        DeleteAttribute(entity_id=ID, attribute="floors"),
        DeleteAttribute(entity_id=ID, attribute="floors", delete_all=True),
        DeleteAttribute(entity_id=ID, attribute="power", dataset_id=GPS),
    ],
)
def test_delete_attribute_needs_one(state: EntityState, later: datetime, operation: DeleteAttribute) -> None:
    """ResourceNotFound when the addressed instance is not there (5.6.5)."""
    with pytest.raises(ResourceNotFound):
        apply(operation, state, later)


def test_a_deleted_attribute_takes_its_times_along(state: EntityState, later: datetime) -> None:
    """An attribute that comes back is new."""
    first = apply(AppendAttributes(entity_id=ID, fragment={"floors": ONE}), state, later).state
    second = apply(DeleteAttribute(entity_id=ID, attribute="floors"), first, later).state

    assert second is not None and second.times == {}


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (
            PurgeAttributes(entity_id=ID, drop=frozenset({"power", "speed"})),
            {"temperature", "name", "address", "scope"},
        ),
        (
            PurgeAttributes(entity_id=ID, drop=frozenset({"scope"})),
            {"temperature", "power", "speed", "name", "address"},
        ),
        (PurgeAttributes(entity_id=ID, keep=frozenset({"power"})), {"power", "scope"}),
    ],
)
def test_purge(state: EntityState, later: datetime, operation: PurgeAttributes, left: set[str]) -> None:
    """`drop` deletes these attributes, `keep` all others (5.6.21)."""
    assert set(after(operation, state, later)) == {"id", "type", *left}


def test_purge_of_nothing_is_nothing_to_write(state: EntityState, later: datetime) -> None:
    """An entity without these attributes stays as it is."""
    assert not apply(PurgeAttributes(entity_id=ID, drop=frozenset({"floors"})), state, later).changed
