"""The temporal evolution of an entity (CIM 009 4.5.6 to 4.5.9, 4.5.19)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.represent import (
    Aggregated,
    Bucket,
    Representation,
    TemporalEntity,
    TemporalRepresentation,
    represent_temporal,
)
from mimas.ngsi_ld.core.state import Document, HistoryEntry

THEN, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
AT, LATER = "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"
CORE = TermMap()
GPS = "urn:ngsi-ld:Dataset:gps"
NULL = "urn:ngsi-ld:null"


def entry(instance: Document, name: str = "a", **members: Any) -> HistoryEntry:
    """A row of the history, observed at the first moment."""
    facts = {"observed_at": THEN, "instance_id": "urn:i:1", "dataset_id": instance.get("datasetId", "")}
    return HistoryEntry(name, instance, NOW, THEN, **{**facts, **members})


def show(entries: list[HistoryEntry], name: str = "a", base: Representation | None = None, **how: Any) -> Any:
    """An attribute's evolution as it is shown."""
    entity = TemporalEntity("urn:a:b", "T", {name: entries})
    return represent_temporal(entity, TemporalRepresentation(base or Representation(), **how), CORE).get(name)


def test_an_instance_has_its_name_and_its_time() -> None:
    """An array also for one instance; instanceId and observedAt stand in it (4.5.7)."""
    instance = {"type": "Property", "value": 1, "observedAt": AT}

    assert show([entry(instance)]) == [{**instance, "instanceId": "urn:i:1"}]


def test_system_attributes() -> None:
    """createdAt and modifiedAt of instances and of the entity with sysAttrs (6.3.11)."""
    entity = TemporalEntity("urn:a:b", "T", {"a": [entry({"type": "Property", "value": 1})]}, {}, THEN, NOW)
    how = TemporalRepresentation(Representation(sys_attrs=True))

    assert represent_temporal(entity, how, CORE) == {
        "id": "urn:a:b",
        "type": "T",
        "a": [
            {
                "type": "Property",
                "value": 1,
                "observedAt": AT,
                "instanceId": "urn:i:1",
                "createdAt": AT,
                "modifiedAt": LATER,
            }
        ],
        "createdAt": AT,
        "modifiedAt": LATER,
    }


def test_the_asked_time_property_is_always_told() -> None:
    """An instance found by modifiedAt says when it was modified, also without sysAttrs."""
    (shown,) = show([entry({"type": "Property", "value": 1}, observed_at=None)], time_property="modifiedAt")

    assert shown == {"type": "Property", "value": 1, "instanceId": "urn:i:1", "modifiedAt": LATER}


def test_a_tombstone() -> None:
    """A deletion is an instance with a null and deletedAt (4.5.7)."""
    (shown,) = show([entry({"type": "Relationship", "object": NULL}, observed_at=None, deleted_at=NOW)])

    assert shown == {"type": "Relationship", "object": NULL, "instanceId": "urn:i:1", "deletedAt": LATER}


def test_a_scope_has_times_alone() -> None:
    """The temporal form of a scope is a Property without an instanceId (4.5.6)."""
    assert show([entry({"type": "Property", "value": "/A"}, "scope")], "scope") == [
        {"type": "Property", "value": "/A", "observedAt": AT}
    ]


def test_concise() -> None:
    """Concise instances stay objects: they have a time."""
    assert show([entry({"type": "Property", "value": 1, "observedAt": AT})], format="concise") == [
        {"value": 1, "observedAt": AT, "instanceId": "urn:i:1"}
    ]


@pytest.mark.parametrize(
    ("instance", "member", "value"),
    [
        ({"type": "Property", "value": 1}, "values", 1),
        ({"type": "GeoProperty", "value": {"type": "Point"}}, "values", {"type": "Point"}),
        ({"type": "Relationship", "object": ["urn:c:d"]}, "objects", ["urn:c:d"]),
        (
            {"type": "LanguageProperty", "languageMap": {"en": "a"}},
            "languageMaps",
            {"languageMap": {"en": "a"}},
        ),
        ({"type": "VocabProperty", "vocab": "a"}, "vocabs", {"vocab": "a"}),
        ({"type": "JsonProperty", "json": {"a": 1}}, "jsons", {"json": {"a": 1}}),
        ({"type": "ListProperty", "valueList": [1]}, "valueLists", [1]),
        ({"type": "ListRelationship", "objectList": [{"object": "urn:c:d"}]}, "objectLists", ["urn:c:d"]),
    ],
)
def test_temporal_values(instance: Document, member: str, value: Any) -> None:
    """Pairs of value and time under the plural of the value member (4.5.9)."""
    assert show([entry(instance)], format="temporalValues") == {
        "type": instance["type"],
        member: [[value, AT]],
    }


def test_temporal_values_by_dataset() -> None:
    """Instances of different datasets are apart."""
    entries = [
        entry({"type": "Property", "value": 1}),
        entry({"type": "Property", "value": 2, "datasetId": GPS}),
    ]

    assert show(entries, format="temporalValues") == [
        {"type": "Property", "values": [[1, AT]]},
        {"type": "Property", "values": [[2, AT]], "datasetId": GPS},
    ]


def test_temporal_values_in_one_language() -> None:
    """With lang a LanguageProperty is a Property with texts (4.15)."""
    entries = [entry({"type": "LanguageProperty", "languageMap": {"en": "a", "cs": "b"}})]

    assert show(entries, base=Representation(lang="cs"), format="temporalValues") == {
        "type": "Property",
        "values": [["b", AT]],
    }


def test_only_the_asked_datasets_and_members() -> None:
    """Attributes left without instances are not shown."""
    entries = [entry({"type": "Property", "value": 1})]

    assert (
        show(entries, base=Representation(dataset_ids=frozenset({GPS}))),
        show(entries, base=Representation(attrs=frozenset({"b"}))),
    ) == (None, None)


def test_aggregated_values() -> None:
    """Value, start and end of each bucket, by method (4.5.19)."""
    buckets = [Bucket(THEN, NOW, {"avg": 1.5, "max": 2})]
    entity = TemporalEntity("urn:a:b", "T", aggregates={"a": [Aggregated("Property", buckets)]})
    how = TemporalRepresentation(format="aggregatedValues")

    assert represent_temporal(entity, how, CORE)["a"] == {
        "type": "Property",
        "avg": [[1.5, AT, LATER]],
        "max": [[2, AT, LATER]],
    }
