"""Retrieve Entity (clause 5.7.1) and the representations of an entity (clause 4.5)."""

from __future__ import annotations

from datetime import datetime

from ...verdicts import Failure
from .broker import (
    GEO_JSON,
    Broker,
    absent,
    equal,
    geo,
    instances,
    ngsi_ld,
    path_to,
    point,
    present,
    prop,
    refused,
    rel,
)

WRITE = {"write"}
SYSTEM = ("createdAt", "modifiedAt")


@ngsi_ld("5.7.1", "retrieve-by-id-alone", ("MIM1X-09", "MIM1-R1.2"))
def retrieve_by_id(broker: Broker) -> None:
    """An entity found by a query can be retrieved by its id alone, percent-encoded."""
    entity = broker.sample()
    found = broker.get(path_to(entity)).expect(200).json_object()
    equal(found.get("id"), entity["id"], "The id of what was retrieved")
    equal(found.get("type"), entity["type"], "The type of what was retrieved")


@ngsi_ld("5.7.1", "odd-ids-can-be-retrieved", "MIM1-R1.2", needs=WRITE)
def odd_ids(broker: Broker) -> None:
    """An entity whose id is a URL with query and fragment can be retrieved by it."""
    entity = broker.create(
        {"id": f"https://example.org/{broker.probe.unique()}/a?b=c&d=%20#e", "type": broker.type}
    )
    found = broker.get(path_to(entity)).expect(200, mend="Decode the id in the path once, and only once.")
    equal(found.json_object().get("id"), entity["id"], "The id of what was retrieved")


@ngsi_ld("5.7.1", "unknown-is-404", ("MIM1X-09", "MIM1-R1.2"))
def unknown(broker: Broker) -> None:
    """Retrieving an entity that does not exist answers 404 (ResourceNotFound)."""
    refused(broker.get(path_to(broker.new_id())), 404, error="ResourceNotFound")


@ngsi_ld("5.7.1", "id-must-be-a-uri", "MIM1X-09")
def id_must_be_a_uri(broker: Broker) -> None:
    """Retrieving by an id that is no URI answers 400 (BadRequestData)."""
    refused(broker.get(path_to(broker.probe.unique())), error="BadRequestData")


@ngsi_ld("5.7.1", "type-must-fit", "MIM1X-09", level="SHOULD")
def type_must_fit(broker: Broker) -> None:
    """Retrieving an entity with a `type` that it has not answers 404."""
    refused(broker.get(path_to(broker.sample()), {"type": broker.type}), 404)


@ngsi_ld("5.7.1", "no-asked-attribute-is-404", "MIM0-BP11-projection", level="SHOULD")
def no_asked_attribute(broker: Broker) -> None:
    """Retrieving an entity with `attrs`, none of which it has, answers 404."""
    refused(broker.get(path_to(broker.sample()), {"attrs": f"{broker.type}Attribute"}), 404)


@ngsi_ld("4.8", "no-system-times-unasked", "MIM1X-18")
def no_system_times(broker: Broker) -> None:
    """createdAt and modifiedAt do not come unless options=sysAttrs asks for them."""
    found = broker.get(path_to(broker.sample())).expect(200).json_object()
    for name in SYSTEM:
        absent(name, found, "The entity without options=sysAttrs")


@ngsi_ld("4.8", "system-times-when-asked", "MIM1X-18")
def system_times(broker: Broker) -> None:
    """With options=sysAttrs the entity and its attributes have createdAt and modifiedAt, in UTC with Z."""
    found = broker.get(path_to(broker.sample()), {"options": "sysAttrs"}).expect(200).json_object()
    inside = [each for name, value in found.items() if name[0] != "@" for each in instances(value)]
    for element in [found, *inside]:
        for name in SYSTEM:
            _is_utc(present(name, element, "What options=sysAttrs gives"), name)


def _is_utc(text: object, name: str) -> None:
    try:
        good = isinstance(text, str) and text.endswith("Z") and bool(datetime.fromisoformat(text))
    except ValueError:
        good = False
    if not good:
        raise Failure(f"{name} is {text!r}, no DateTime in UTC.", mend="Write times as 2026-01-31T12:00:00Z.")


@ngsi_ld("4.5.1", "normalized-by-default", "MIM1X-10")
def normalized_by_default(broker: Broker) -> None:
    """Without `format` each attribute is an object with its `type`."""
    found = broker.get(path_to(broker.sample())).expect(200).json_object()
    for name, value in found.items():
        if name not in ("id", "type", "scope", "@context"):
            for each in value if isinstance(value, list) else [value]:
                if not isinstance(each, dict) or "type" not in each:
                    raise Failure(
                        f"The attribute {name!r} comes as {str(each)[:100]}, which is not normalized."
                    )


@ngsi_ld("4.5.4", "key-values", "MIM1X-10")
def key_values(broker: Broker) -> None:
    """With options=keyValues Properties are their values and Relationships their objects."""
    entity = broker.sample()
    found = broker.get(path_to(entity), {"options": "keyValues"}).expect(200).json_object()
    whole = broker.get(path_to(entity)).expect(200).json_object()
    for name, attribute in whole.items():
        is_unchanged = attribute == entity.get(name)
        if is_unchanged and isinstance(attribute, dict) and attribute["type"] in ("Property", "Relationship"):
            value = attribute.get("value", attribute.get("object"))
            equal(found.get(name), value, f"{name!r} with options=keyValues")


@ngsi_ld("4.5.4", "simplified-of-each-kind", "MIM1X-10", needs=WRITE)
def simplified_of_each_kind(broker: Broker) -> None:
    """With options=keyValues Property, GeoProperty and Relationship are value, geometry and URI."""
    entity = broker.create(level=prop(1, unitCode="C62"), location=geo(point(14, 50)), near=rel("urn:x:y"))
    found = broker.stored(entity, {"options": "keyValues"})
    simple = {"level": 1, "location": point(14, 50), "near": "urn:x:y"}
    equal({each: found.get(each) for each in simple}, simple, "The simplified attributes")


@ngsi_ld("4.5.1", "concise-is-taken", "MIM1X-10", level="SHOULD", needs=WRITE)
def concise_is_taken(broker: Broker) -> None:
    """An entity sent in the concise form comes back normalized as the same."""
    entity = broker.create(level={"value": 5, "unitCode": "KWH"}, name="x", near={"object": "urn:x:y"})
    found = broker.stored(entity)
    equal(found.get("level"), prop(5, unitCode="KWH"), "The Property sent with its value and unitCode")
    equal(found.get("name"), prop("x"), "The Property sent as its bare value")
    equal(found.get("near"), rel("urn:x:y"), "The Relationship sent with its object")


@ngsi_ld("4.5.1", "concise-is-served", "MIM1X-10", level="SHOULD", needs=WRITE)
def concise_is_served(broker: Broker) -> None:
    """With options=concise attributes lose their `type`, and nothing else."""
    entity = broker.create(level=prop(5, unitCode="KWH"), name=prop("x"))
    found = broker.stored(entity, {"options": "concise"})
    equal(found.get("level"), {"value": 5, "unitCode": "KWH"}, "The concise form of a Property with a unit")
    equal(found.get("name"), "x", "The concise form of a Property that is only a value")


@ngsi_ld("4.5.16", "geojson-feature", ("MIM1X-05", "MIM1X-10"), level="SHOULD", needs=WRITE)
def geojson_feature(broker: Broker) -> None:
    """As application/geo+json an entity is a Feature with its location as geometry and its type inside."""
    entity = broker.create(location=geo(point(14, 50)), level=prop(1))
    found = broker.needed(broker.get(path_to(entity), accept=GEO_JSON)).json_object()
    equal((found.get("type"), found.get("id")), ("Feature", entity["id"]), "Type and id of the Feature")
    equal(found.get("geometry"), point(14, 50), "The geometry of the Feature")
    properties = found.get("properties", {})
    equal(properties.get("type"), entity["type"], "The type among the properties")
    present("level", properties, "The properties of the Feature")
