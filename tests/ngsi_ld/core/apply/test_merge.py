"""Merge Entity (CIM 009 5.6.17, 5.5.12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.operations import MergeEntity
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:Building:1"
GPS = "urn:ngsi-ld:Dataset:gps"
NULL = "urn:ngsi-ld:null"
POINT = {"type": "Point", "coordinates": [14.1, 50.1]}


def merged(state: EntityState, now: datetime, fragment: Document, **options: Any) -> Document:
    """The document after a merge."""
    applied = apply(MergeEntity(entity_id=ID, fragment=fragment, **options), state, now)
    assert applied.state is not None
    return applied.state.document


@pytest.mark.parametrize(
    ("attribute", "fragment", "expected"),
    [
        pytest.param(
            "temperature",
            {"type": "Property", "value": 100, "observedAt": "2025-01-02T00:00:00Z"},
            {"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2025-01-02T00:00:00Z"},
            id="example 1: unitCode stays",
        ),
        pytest.param(
            "address",
            {"type": "Property", "value": {"street": "Krátká", "country": NULL}},
            {"type": "Property", "value": {"street": "Krátká", "city": "Kladno"}},
            id="example 2: into the value, a null removes",
        ),
        pytest.param(
            "address",
            {"type": "Property", "value": {"city": {"name": "Kladno", "old": NULL}}},
            {"type": "Property", "value": {"street": "Dlouhá", "city": {"name": "Kladno"}, "country": "CZ"}},
            id="nulls in new objects vanish",
        ),
        pytest.param(
            "address",
            {"type": "Property", "value": ["a"]},
            {"type": "Property", "value": ["a"]},
            id="arrays replace",
        ),
        pytest.param(
            "address",
            {"type": "Property", "value": {"@type": "Date", "@value": "2025-01-01"}},
            {"type": "Property", "value": {"@type": "Date", "@value": "2025-01-01"}},
            id="a typed value is one",
        ),
        pytest.param(
            "name",
            {"type": "LanguageProperty", "languageMap": {"en": NULL, "de": "Schule"}},
            {"type": "LanguageProperty", "languageMap": {"cs": "Škola", "de": "Schule"}},
            id="languages merge",
        ),
        pytest.param(
            "power",
            {
                "type": "Property",
                "accuracy": {"type": "Property", "unitCode": "P1"},
                "provider": {"type": "Relationship", "object": NULL},
            },
            {
                "type": "Property",
                "value": 7,
                "accuracy": {"type": "Property", "value": 0.1, "unitCode": "P1"},
            },
            id="into sub-attributes",
        ),
        pytest.param("temperature", {"type": "Property", "value": NULL}, None, id="null as value"),
        pytest.param("temperature", NULL, None, id="bare null"),
        pytest.param(
            "name", {"type": "LanguageProperty", "languageMap": {"@none": NULL}}, None, id="null language"
        ),
        pytest.param(
            "name",
            {"type": "LanguageProperty", "languageMap": {"cs": NULL, "en": NULL}},
            None,
            id="no language left",
        ),
        pytest.param("floors", NULL, None, id="null for what is not there"),
        pytest.param("floors", {"type": "Property", "value": 3}, {"type": "Property", "value": 3}, id="new"),
        pytest.param(
            "speed",
            {"type": "Property", "value": 5, "datasetId": "urn:ngsi-ld:Dataset:new"},
            [
                {"type": "Property", "value": 1},
                {"type": "Property", "value": 2, "datasetId": GPS},
                {"type": "Property", "value": 5, "datasetId": "urn:ngsi-ld:Dataset:new"},
            ],
            id="a new dataset is a new instance",
        ),
    ],
)
def test_a_merge_goes_to_any_depth(
    state: EntityState, later: datetime, attribute: str, fragment: Any, expected: Any
) -> None:
    """Members merge, nulls remove, arrays are replaced (5.5.12)."""
    assert merged(state, later, {attribute: fragment}).get(attribute) == expected


def test_types_are_added_and_scope_is_replaced(state: EntityState, later: datetime) -> None:
    """Types union, scope becomes that of the fragment (5.6.17)."""
    document = merged(state, later, {"type": "School", "scope": ["/A"]})

    assert (document["type"], document["scope"]) == (["Building", "School"], ["/A"])


def test_a_merge_never_changes_the_kind(state: EntityState, later: datetime) -> None:
    """Two kinds are never mixed in one attribute: 400."""
    with pytest.raises(BadRequestData):
        merged(state, later, {"power": {"type": "Relationship", "object": "urn:x:y"}})


@pytest.mark.parametrize(
    "fragment",
    [
        {"floors": {"unitCode": "C62"}},
        {"floors": {"type": "Property", "unitCode": "C62"}},
        {"power": {"method": {"observedAt": "2025-01-01T00:00:00Z"}}},
    ],
)
def test_a_part_of_nothing_is_refused(state: EntityState, later: datetime, fragment: Document) -> None:
    """What is added must be complete: a kind and a value (4.5)."""
    with pytest.raises(BadRequestData):
        merged(state, later, fragment)


@pytest.mark.parametrize(
    ("fragment", "observed_at"),
    [
        ({"temperature": {"type": "Property", "value": 1}}, "2025-06-01T00:00:00Z"),
        ({"temperature": {"type": "Property", "observedAt": "2025-07-01T00:00:00Z"}}, "2025-07-01T00:00:00Z"),
        ({"power": {"type": "Property", "value": 1}}, None),
        ({"floors": {"type": "Property", "value": 1}}, None),
    ],
)
def test_the_common_observed_at(
    state: EntityState, later: datetime, fragment: Document, observed_at: str | None
) -> None:
    """It goes to merged attributes that had one and whose fragment gives none (5.6.17)."""
    (name,) = fragment
    document = merged(state, later, fragment, observed_at="2025-06-01T00:00:00Z")

    assert document[name].get("observedAt") == observed_at


@pytest.mark.parametrize(
    ("stored", "value", "expected"),
    [
        ({"type": "Property", "value": 1}, 2, {"type": "Property", "value": 2}),
        ({"type": "Property", "value": {"a": 1}}, {"b": 2}, {"type": "Property", "value": {"a": 1, "b": 2}}),
        (
            {"type": "Relationship", "object": "urn:a:b"},
            "urn:c:d",
            {"type": "Relationship", "object": "urn:c:d"},
        ),
        (
            {"type": "GeoProperty", "value": {**POINT, "coordinates": [0, 0]}},
            POINT,
            {"type": "GeoProperty", "value": POINT},
        ),
        (
            {"type": "LanguageProperty", "languageMap": {"en": "a", "cs": "b"}},
            "c",
            {"type": "LanguageProperty", "languageMap": {"en": "c", "cs": "b"}},
        ),
        (
            {"type": "LanguageProperty", "languageMap": {"en": "a", "cs": "b"}},
            {"languageMap": {"cs": "c"}},
            {"type": "LanguageProperty", "languageMap": {"en": "a", "cs": "c"}},
        ),
        ({"type": "VocabProperty", "vocab": "a"}, {"vocab": "b"}, {"type": "VocabProperty", "vocab": "b"}),
        (
            {"type": "JsonProperty", "json": {"a": 1}},
            {"json": {"b": 2}},
            {"type": "JsonProperty", "json": {"a": 1, "b": 2}},
        ),
        ({"type": "ListProperty", "valueList": [1]}, [2, 3], {"type": "ListProperty", "valueList": [2, 3]}),
        (
            {"type": "ListRelationship", "objectList": [{"object": "urn:a:b"}]},
            ["urn:c:d"],
            {"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}]},
        ),
        (None, 2, {"type": "Property", "value": 2}),
        (None, POINT, {"type": "GeoProperty", "value": POINT}),
        (None, {"languageMap": {"en": "a"}}, {"type": "LanguageProperty", "languageMap": {"en": "a"}}),
        ({"type": "Property", "value": 1}, NULL, None),
        (
            {"type": "Property", "value": 1},
            {"dataset": {"@none": 2, GPS: 3}},
            [{"type": "Property", "value": 2}, {"type": "Property", "value": 3, "datasetId": GPS}],
        ),
    ],
)
def test_a_simplified_fragment_takes_the_stored_kind(
    created_at: datetime, later: datetime, stored: Document | None, value: Any, expected: Any
) -> None:
    """The type of a pre-existing attribute is preserved (5.6.17)."""
    document = {"id": ID, "type": "T", **({} if stored is None else {"a": stored})}
    state = EntityState(document, created_at, created_at)

    assert merged(state, later, {"a": value}, simplified=True, lang="en").get("a") == expected


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"type": "Relationship", "object": "urn:a:b"}, 7),
        ({"type": "GeoProperty", "value": POINT}, "here"),
        ({"type": "LanguageProperty", "languageMap": {"en": "a"}}, "b"),
        ({"type": "VocabProperty", "vocab": "a"}, 7),
        ({"type": "ListProperty", "valueList": [1]}, 2),
        ({"type": "Property", "value": 1}, {"languageMap": {"en": "a"}}),
    ],
)
def test_a_simplified_fragment_cannot_change_the_kind(
    created_at: datetime, later: datetime, stored: Document, value: Any
) -> None:
    """An attempt to change the kind is a 400 (6.5.3.4); a bare text needs the lang parameter."""
    state = EntityState({"id": ID, "type": "T", "a": stored}, created_at, created_at)

    with pytest.raises(BadRequestData):
        merged(state, later, {"a": value}, simplified=True)
