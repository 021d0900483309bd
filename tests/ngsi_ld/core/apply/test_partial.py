"""Partial Attribute update (CIM 009 5.6.4, 5.5.8)."""

from __future__ import annotations

from datetime import datetime

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import BadRequestData, ResourceNotFound
from mimas.ngsi_ld.core.operations import PartialUpdate
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:Building:1"
GPS = "urn:ngsi-ld:Dataset:gps"
NULL = "urn:ngsi-ld:null"


@pytest.mark.parametrize(
    ("attribute", "fragment", "expected"),
    [
        pytest.param(
            "temperature",
            {"type": "Property", "value": 100, "observedAt": "2025-01-02T00:00:00Z"},
            {"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2025-01-02T00:00:00Z"},
            id="example 1 of 5.5.8: unitCode stays",
        ),
        pytest.param(
            "temperature",
            {"unitCode": NULL},
            {"type": "Property", "value": 25, "observedAt": "2025-01-01T00:00:00Z"},
            id="a null removes a member",
        ),
        pytest.param(
            "power",
            {"accuracy": NULL},
            {
                "type": "Property",
                "value": 7,
                "provider": {"type": "Relationship", "object": "urn:ngsi-ld:Org:1"},
            },
            id="a null removes a sub-attribute",
        ),
        pytest.param(
            "power",
            {
                "accuracy": {"type": "Property", "value": NULL},
                "provider": {"type": "Relationship", "object": NULL},
            },
            {"type": "Property", "value": 7},
            id="a null as value removes a sub-attribute",
        ),
        pytest.param(
            "power",
            {"accuracy": {"type": "Property", "value": {"a": 1}}},
            {
                "type": "Property",
                "value": 7,
                "accuracy": {"type": "Property", "value": {"a": 1}},
                "provider": {"type": "Relationship", "object": "urn:ngsi-ld:Org:1"},
            },
            id="a sub-attribute is replaced as a whole",
        ),
        pytest.param(
            "address",
            {"value": {"street": "Krátká"}},
            {"type": "Property", "value": {"street": "Krátká"}},
            id="a value is replaced as a whole",
        ),
        pytest.param(
            "name",
            {"languageMap": {"de": "Schule"}},
            {"type": "LanguageProperty", "languageMap": {"de": "Schule"}},
            id="a languageMap is replaced as a whole",
        ),
    ],
)
def test_only_the_given_members_change(
    state: EntityState, later: datetime, attribute: str, fragment: Document, expected: Document
) -> None:
    """First-level members are replaced, the others stay (5.5.8)."""
    after = apply(PartialUpdate(entity_id=ID, attribute=attribute, fragment=fragment), state, later).state

    assert after is not None and after.document == {**state.document, attribute: expected}


def test_only_the_addressed_instance_changes(state: EntityState, later: datetime) -> None:
    """datasetId in the fragment names the instance (4.5.5)."""
    fragment = {"value": 3, "datasetId": GPS}
    after = apply(PartialUpdate(entity_id=ID, attribute="speed", fragment=fragment), state, later).state

    assert after is not None and after.document["speed"] == [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 3, "datasetId": GPS},
    ]


def test_sub_attributes_left_alone_keep_their_times(state: EntityState, later: datetime) -> None:
    """Only what is written is modified."""
    fragment = {"accuracy": {"type": "Property", "value": 0.2}}
    after = apply(PartialUpdate(entity_id=ID, attribute="power", fragment=fragment), state, later).state
    now = "2025-01-02T00:00:00Z"

    assert after is not None and after.times["power"][""] == {"m": now, "s": {"accuracy": {"": {"m": now}}}}


@pytest.mark.parametrize(
    ("attribute", "fragment", "left"),
    [
        ("power", {"value": NULL}, None),
        ("name", {"languageMap": {"@none": NULL}}, None),
        ("speed", {"value": NULL, "datasetId": GPS}, {"type": "Property", "value": 1}),
    ],
)
def test_a_null_as_value_deletes_the_instance(
    state: EntityState, later: datetime, attribute: str, fragment: Document, left: Document | None
) -> None:
    """As 4.5.2.2 and 5.5.8 have it; 5.6.4.1 says that this operation cannot."""
    after = apply(PartialUpdate(entity_id=ID, attribute=attribute, fragment=fragment), state, later).state

    assert after is not None and after.document.get(attribute) == left


@pytest.mark.parametrize(
    ("attribute", "fragment", "error"),
    [
        ("floors", {"value": 1}, ResourceNotFound),
        ("power", {"value": 1, "datasetId": GPS}, ResourceNotFound),
        ("scope", {"value": "/A"}, BadRequestData),
        ("power", {"type": "Relationship", "object": "urn:x:y"}, BadRequestData),
        ("power", {"object": "urn:x:y"}, BadRequestData),
        ("power", {"method": {"unitCode": "CEL"}}, BadRequestData),
    ],
)
def test_what_a_partial_update_cannot_do(
    state: EntityState, later: datetime, attribute: str, fragment: Document, error: type[Exception]
) -> None:
    """Create an instance, change its kind, add a part of a sub-attribute (5.6.4)."""
    with pytest.raises(error):
        apply(PartialUpdate(entity_id=ID, attribute=attribute, fragment=fragment), state, later)
