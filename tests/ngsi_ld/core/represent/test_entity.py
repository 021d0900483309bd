"""One entity in the formats of CIM 009 4.5, with names, members and instances as asked."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.represent import Format, Representation, represent_entity
from mimas.ngsi_ld.core.state import Document, EntityState

THEN, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
GPS = "urn:ngsi-ld:Dataset:gps"
POINT = {"type": "Point", "coordinates": [14.1, 50.1]}
CORE = TermMap()
USER = TermMap(
    {"heat": "https://example.org/heat", "Big": "https://example.org/Big"},
    {},
    {"https://example.org/heat": "heat", "https://example.org/Big": "Big"},
)


def show(attributes: Document, terms: TermMap = CORE, **how: Any) -> Document:
    """The attributes of an entity as they are shown."""
    state = EntityState({"id": "urn:a:b", "type": "T", **attributes}, THEN, NOW)
    shown = represent_entity(state, Representation(**how), terms)
    return {name: value for name, value in shown.items() if name not in ("id", "type")}


@pytest.mark.parametrize(
    ("instance", "concise", "simplified"),
    [
        pytest.param({"type": "Property", "value": 1}, 1, 1, id="bare value"),
        pytest.param({"type": "Property", "value": [1, 2]}, [1, 2], [1, 2], id="bare array"),
        pytest.param({"type": "Property", "value": {"a": 1}}, {"a": 1}, {"a": 1}, id="bare object"),
        pytest.param(
            {"type": "Property", "value": {"type": "x"}},
            {"value": {"type": "x"}},
            {"type": "x"},
            id="has a type",
        ),
        pytest.param(
            {"type": "Property", "value": {"object": "x"}},
            {"value": {"object": "x"}},
            {"object": "x"},
            id="telling",
        ),
        pytest.param(
            {"type": "Property", "value": [{"a": 1}]},
            {"value": [{"a": 1}]},
            [{"a": 1}],
            id="array of objects",
        ),
        pytest.param(
            {"type": "Property", "value": POINT},
            {"type": "Property", "value": POINT},
            POINT,
            id="no GeoProperty",
        ),
        pytest.param({"type": "GeoProperty", "value": POINT}, POINT, POINT, id="geometry"),
        pytest.param(
            {"type": "Property", "value": 1, "unitCode": "CEL"},
            {"value": 1, "unitCode": "CEL"},
            1,
            id="with a unit",
        ),
        pytest.param(
            {"type": "Property", "value": 1, "sub": {"type": "Property", "value": 2}},
            {"value": 1, "sub": 2},
            1,
            id="with a sub-attribute",
        ),
        pytest.param(
            {"type": "Relationship", "object": "urn:c:d"}, {"object": "urn:c:d"}, "urn:c:d", id="Relationship"
        ),
        pytest.param(
            {"type": "LanguageProperty", "languageMap": {"en": "a"}},
            {"languageMap": {"en": "a"}},
            {"languageMap": {"en": "a"}},
            id="LanguageProperty",
        ),
        pytest.param(
            {"type": "VocabProperty", "vocab": "a"}, {"vocab": "a"}, {"vocab": "a"}, id="VocabProperty"
        ),
        pytest.param(
            {"type": "JsonProperty", "json": {"a": 1}},
            {"json": {"a": 1}},
            {"json": {"a": 1}},
            id="JsonProperty",
        ),
        pytest.param(
            {"type": "ListProperty", "valueList": [1, 2]}, {"valueList": [1, 2]}, [1, 2], id="ListProperty"
        ),
        pytest.param(
            {"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}]},
            {"objectList": ["urn:c:d"]},
            ["urn:c:d"],
            id="ListRelationship",
        ),
    ],
)
def test_formats(instance: Document, concise: Any, simplified: Any) -> None:
    """Concise loses nothing (4.5.2.3), simplified keeps the value (4.5.4)."""
    shown = [show({"a": instance}, format=each)["a"] for each in ("normalized", "concise", "simplified")]

    assert shown == [instance, concise, simplified]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "normalized",
            [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": GPS}],
        ),
        ("concise", [{"value": 1}, {"value": 2, "datasetId": GPS}]),
        ("simplified", {"dataset": {"@none": 1, GPS: 2}}),
    ],
)
def test_several_instances(form: str, expected: Any) -> None:
    """An array of instances, or values by datasetId (4.5.5, 4.5.4)."""
    instances = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": GPS}]

    assert show({"a": instances}, format=form)["a"] == expected


@pytest.mark.parametrize(
    ("dataset_ids", "expected"),
    [
        ({"@none"}, {"a": 1, "b": 3}),
        ({GPS}, {"a": 2}),
        ({"@none", GPS}, {"a": {"dataset": {"@none": 1, GPS: 2}}, "b": 3}),
        ({"urn:none:such"}, {}),
    ],
)
def test_only_the_asked_datasets(dataset_ids: set[str], expected: Document) -> None:
    """Attributes left with no instance are dropped (4.5.5)."""
    instances = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": GPS}]
    attributes = {"a": instances, "b": {"type": "Property", "value": 3}}

    assert show(attributes, format="simplified", dataset_ids=frozenset(dataset_ids)) == expected


@pytest.mark.parametrize(
    ("how", "members"),
    [
        ({}, {"id", "type", "scope", "a", "b"}),
        ({"pick": frozenset({"a"})}, {"a"}),
        ({"pick": frozenset({"id", "scope", "b"})}, {"id", "scope", "b"}),
        ({"omit": frozenset({"a", "type"})}, {"id", "scope", "b"}),
        ({"attrs": frozenset({"a", "c"})}, {"id", "type", "scope", "a"}),
    ],
)
def test_projection(how: dict[str, Any], members: set[str]) -> None:
    """pick keeps, omit drops, attrs keeps beside id, type and scope (4.21)."""
    one = {"type": "Property", "value": 1}
    state = EntityState({"id": "urn:a:b", "type": "T", "scope": "/A", "a": one, "b": one}, THEN, NOW)

    assert set(represent_entity(state, Representation(**how), CORE)) == members


def test_system_attributes_at_every_level() -> None:
    """createdAt and modifiedAt of entity, attribute and sub-attribute; expiresAt beside them (6.3.11)."""
    sub = {"type": "Property", "value": 2}
    document = {
        "id": "urn:a:b",
        "type": "T",
        "expiresAt": "2030-01-01T00:00:00Z",
        "old": {"type": "Property", "value": 1, "expiresAt": "2029-01-01T00:00:00Z", "sub": sub},
        "new": {"type": "Property", "value": 1},
    }
    now = "2025-01-02T00:00:00Z"
    times = {"old": {"": {"m": now, "s": {"sub": {"": {"c": now}}}}}, "new": {"": {"c": now}}}
    shown = represent_entity(EntityState(document, THEN, NOW, times), Representation(sys_attrs=True), CORE)
    then = "2025-01-01T00:00:00Z"

    assert shown == {
        **document,
        "old": {
            "type": "Property",
            "value": 1,
            "expiresAt": "2029-01-01T00:00:00Z",
            "sub": {**sub, "createdAt": now, "modifiedAt": now},
            "createdAt": then,
            "modifiedAt": now,
        },
        "new": {"type": "Property", "value": 1, "createdAt": now, "modifiedAt": now},
        "createdAt": then,
        "modifiedAt": now,
    }


@pytest.mark.parametrize("terms", [CORE, USER])
@pytest.mark.parametrize("form", ["normalized", "concise", "simplified"])
def test_expires_at_needs_sys_attrs(terms: TermMap, form: str) -> None:
    """expiresAt is a system attribute (4.22)."""
    instance = {"type": "Property", "value": 1, "expiresAt": "2030-01-01T00:00:00Z"}
    attributes = {
        "expiresAt": "2030-01-01T00:00:00Z",
        "a": {**instance, "sub": instance, "subs": [instance, {**instance, "datasetId": GPS}]},
        "b": [instance, {**instance, "datasetId": GPS}],
    }

    assert "expiresAt" not in str(show(attributes, terms, format=form))


def test_names_are_those_of_the_context() -> None:
    """Attributes, sub-attributes, types and coerced values are compacted; values are left alone (5.5.7)."""
    document = {
        "id": "urn:a:b",
        "type": ["https://example.org/Big", "T"],
        "https://example.org/heat": {
            "type": "Property",
            "value": {"https://example.org/heat": 1},
            "https://example.org/heat": {"type": "VocabProperty", "vocab": ["https://example.org/Big"]},
        },
        "owner": {"type": "Relationship", "object": "urn:c:d", "objectType": "https://example.org/Big"},
    }

    assert represent_entity(EntityState(document, THEN, NOW), Representation(), USER) == {
        "id": "urn:a:b",
        "type": ["Big", "T"],
        "heat": {
            "type": "Property",
            "value": {"https://example.org/heat": 1},
            "heat": {"type": "VocabProperty", "vocab": ["Big"]},
        },
        "owner": {
            "type": "Relationship",
            "object": "urn:c:d",
            "objectType": "Big",
        },
    }


def test_a_language_property_in_one_language() -> None:
    """It becomes a Property that says which language it is in (4.15)."""
    name = {
        "type": "LanguageProperty",
        "languageMap": {"en": "School", "cs": "Škola"},
        "observedAt": "2025-01-01T00:00:00Z",
    }
    shown = [
        show({"a": name}, format=each, lang="cs")["a"] for each in ("normalized", "concise", "simplified")
    ]

    assert shown == [
        {"type": "Property", "value": "Škola", "lang": "cs", "observedAt": "2025-01-01T00:00:00Z"},
        {"value": "Škola", "lang": "cs", "observedAt": "2025-01-01T00:00:00Z"},
        "Škola",
    ]


@pytest.mark.parametrize("terms", [CORE, USER])
@pytest.mark.parametrize("sys_attrs", [False, True])
@pytest.mark.parametrize("form", ["normalized", "concise", "simplified"])
def test_showing_changes_nothing(terms: TermMap, sys_attrs: bool, form: Format) -> None:
    """A state is shared: what is shown of it is made beside it."""
    document = {
        "id": "urn:a:b",
        "type": "T",
        "a": {"type": "Property", "value": 1, "sub": {"type": "Property", "value": 2}},
        "b": [{"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}], "datasetId": GPS}],
    }
    before = copy.deepcopy(document)
    shown = represent_entity(
        EntityState(document, THEN, NOW), Representation(format=form, sys_attrs=sys_attrs), terms
    )
    shown["@context"] = "https://example.org"

    assert document == before
